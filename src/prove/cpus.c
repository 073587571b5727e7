// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched/isolation.h>
#include <linux/string.h>

#include "cpus.h"

/* Whoever isolated a CPU doesn't want anything else to run there, nor interrupts */
static bool is_default(unsigned int cpu)
{
	return !cpu_is_isolated(cpu);
}

/**
 * prove_cpus_parse() - which CPUs does a request name?
 * @list: as sysfs has them, or "all": those that are online, but for isolated ones
 * @cpus: set
 *
 * Context: any.
 * Return: 0; -EINVAL if it is no list, or one of them isn't online, or there is none.
 */
int prove_cpus_parse(const char *list, struct cpumask *cpus)
{
	unsigned int cpu;

	if (!strcmp(list, "all")) {
		for_each_online_cpu(cpu)
			if (is_default(cpu))
				cpumask_set_cpu(cpu, cpus);
	} else if (cpulist_parse(list, cpus)) {
		return -EINVAL;
	}
	return cpumask_empty(cpus) || !cpumask_subset(cpus, cpu_online_mask) ? -EINVAL : 0;
}

/**
 * prove_cpus_are_all() - are these all CPUs that "all" stands for?
 * @cpus: which
 *
 * Context: any.
 * Return: true if so.
 */
bool prove_cpus_are_all(const struct cpumask *cpus)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (is_default(cpu) && !cpumask_test_cpu(cpu, cpus))
			return false;
	return true;
}

/**
 * prove_cpus_left_out() - which are isolated, and have no part in it?
 * @cpus: those that have
 * @text: set to their numbers, a blank before each, as far as they fit
 * @size: bytes of it, more than 0
 *
 * Context: any.
 */
void prove_cpus_left_out(const struct cpumask *cpus, char *text, size_t size)
{
	unsigned int cpu;
	size_t used = 0;

	*text = '\0';
	for_each_online_cpu(cpu)
		if (!is_default(cpu) && !cpumask_test_cpu(cpu, cpus))
			used += scnprintf(text + used, size - used, " %u", cpu);
}
