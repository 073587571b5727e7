// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cpumask.h>
#include <linux/smp.h>
#include <asm/sysreg.h>

#include "cpus.h"

/**
 * cpu_has_rme() - has this CPU the Realm Management Extension?
 *
 * The kernel's own, sanitised copy of this register has no RME field.
 *
 * Context: any, preemption disabled.
 * Return: true if so.
 */
bool cpu_has_rme(void)
{
	return read_sysreg_s(SYS_ID_AA64PFR0_EL1) & GENMASK_ULL(55, 52);
}

static void check_cpu(void *info)
{
	atomic_t *without = info;

	if (!cpu_has_rme())
		atomic_inc(without);
}

/**
 * cpus_check() - have all CPUs that are online the Realm Management Extension?
 * @why: set on error
 *
 * Context: may sleep.
 * Return: 0, or the negative error number of @why.
 */
int cpus_check(struct verdict *why)
{
	atomic_t without = ATOMIC_INIT(0);

	on_each_cpu(check_cpu, &without, 1);
	if (!atomic_read(&without))
		return 0;
	return verdict_set(why, REASON_NO_RME, "%d of %u CPUs without FEAT_RME",
			   atomic_read(&without), num_online_cpus());
}
