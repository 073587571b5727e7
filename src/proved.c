// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/spinlock.h>

#include "proved.h"

static DEFINE_SPINLOCK(proved_lock);	/* a leaf; protects both */
static enum cca_rmi_proved proved;
static u64 current_proof = 1;		/* a proof that began before it was counted up is void */

/**
 * proved_set() - see cca_rmi_set_proved()
 * @proof: as there
 * @outcome: as there
 *
 * Context: any but interrupts; takes proved_lock.
 * Return: as there.
 */
u64 proved_set(u64 proof, enum cca_rmi_proved outcome)
{
	u64 now;

	spin_lock(&proved_lock);
	now = current_proof;
	if (proof == now)
		WRITE_ONCE(proved, outcome);
	spin_unlock(&proved_lock);
	return now;
}

/**
 * proved_forget() - what was proved was so of another RMM, or in another state of it
 *
 * Context: any but interrupts; takes proved_lock.
 */
void proved_forget(void)
{
	spin_lock(&proved_lock);
	current_proof++;
	WRITE_ONCE(proved, CCA_RMI_PROVED_NEVER);
	spin_unlock(&proved_lock);
}

/**
 * proved_word() - what a proof came to, as sysfs shows it
 *
 * Context: any.
 * Return: a constant word.
 */
const char *proved_word(void)
{
	static const char * const words[] = {
		[CCA_RMI_PROVED_NEVER] = "never",
		[CCA_RMI_PROVED_PASSED] = "passed",
		[CCA_RMI_PROVED_FAILED] = "failed",
	};

	return words[READ_ONCE(proved)];
}
