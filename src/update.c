// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware may be updated while the host runs (Arm's Live Firmware Activation), the RMM with it.
 * The new one takes over the state, and what is tracked how. Nobody tells the host, but all its
 * CPUs are held meanwhile: so after a pause the RMM is asked once more who it is.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "../include/rmi_abi.h"
#include "proved.h"
#include "rmm.h"
#include "smc.h"
#include "update.h"

/* Under cover_lock, but for the question whether there was a pause since */
static unsigned int looked_at;	/* so many pauses */
static bool away;		/* the RMM that there is now can't be used */

/**
 * update_is_to_be_looked_at() - was there a pause since the RMM was last asked who it is?
 *
 * Context: any.
 * Return: true if so.
 */
bool update_is_to_be_looked_at(void)
{
	return READ_ONCE(looked_at) != rmi_pauses();
}

/* What the module has built upon must be as it was */
static int compare(const struct rmm_session *now, const struct rmm_session *before,
		   struct verdict *why)
{
	if (now->l0gpt_size == before->l0gpt_size && now->pa_end == before->pa_end)
		return 0;
	return verdict_set(why, REASON_BAD_ANSWER, "RMI_FEATURES 1 was %#llx, and is %#llx",
			   before->features[1], now->features[1]);
}

static void announce(const struct rmm_session *now, const struct rmm_session *before)
{
	if (now->newest != before->newest ||
	    memcmp(now->features, before->features, sizeof(now->features)))
		pr_info("the RMM was updated: RMI %u.%u of up to %u.%u, features %#llx %#llx\n",
			RMI_REVISION_MAJOR(now->revision), RMI_REVISION_MINOR(now->revision),
			RMI_REVISION_MAJOR(now->newest), RMI_REVISION_MINOR(now->newest),
			now->features[0], now->features[1]);
}

/**
 * update_check() - if there was a pause, ask the RMM again who it is
 * @why: set if one that can't be used has come
 *
 * One that is still BUSY is asked next time.
 * Specification: DEN0137, RMI_VERSION, RMI_FEATURES; DEN0147, Live Firmware Activation.
 *
 * Context: may sleep; under cover_lock, with an RMM that is active or was so.
 * Return: true if what update_took_rmm_away() says has changed.
 */
bool update_check(struct verdict *why)
{
	const unsigned int pauses = rmi_pauses();
	const struct rmm_session before = *rmm_session();
	const bool was_away = away;
	struct rmm_session now = before;
	int rc;

	if (!update_is_to_be_looked_at())
		return false;
	rc = rmm_ask(&now, why);
	if (rc == -ETIMEDOUT || rc == -EPROTO)
		return false;
	WRITE_ONCE(looked_at, pauses);
	proved_forget();
	away = rc || compare(&now, &before, why);
	if (away) {
		now = before;
		now.state = RMM_STATE_UNKNOWN;
		pr_err("the RMM was updated while in use: %s (%s)\n", verdict_word(why->reason),
		       why->detail);
	} else {
		now.state = RMM_STATE_ACTIVE;
		announce(&now, &before);
	}
	rmm_learn(&now);
	return away != was_away;
}

/**
 * update_took_rmm_away() - is the RMM that there is now none that can be used?
 *
 * Context: any; under cover_lock.
 * Return: true if so.
 */
bool update_took_rmm_away(void)
{
	return away;
}

/**
 * update_forget() - what was learnt is about another session
 *
 * Context: any; under cover_lock, before the first command.
 */
void update_forget(void)
{
	away = false;
	WRITE_ONCE(looked_at, rmi_pauses());
}
