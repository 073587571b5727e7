/* SPDX-License-Identifier: GPL-2.0-only */
/* On which CPUs a proof runs. */
#ifndef PROVE_CPUS_H
#define PROVE_CPUS_H

#include <linux/cpumask.h>

int prove_cpus_parse(const char *list, struct cpumask *cpus);
bool prove_cpus_are_all(const struct cpumask *cpus);
void prove_cpus_left_out(const struct cpumask *cpus, char *text, size_t size);

#endif
