/* SPDX-License-Identifier: GPL-2.0-only */
/* Which CPUs have the Realm Management Extension. */
#ifndef CPUS_H
#define CPUS_H

#include <linux/types.h>

#include "verdict.h"

bool cpu_has_rme(void);
int cpus_check(struct verdict *why);

#endif
