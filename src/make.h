/* SPDX-License-Identifier: GPL-2.0-only */
/* Level 1 tables and FINE regions, for memory that lacks them. */
#ifndef MAKE_H
#define MAKE_H

#include "ranges.h"
#include "smc.h"
#include "verdict.h"

int make_tables(const struct ranges *ram, struct verdict *why);
int make_regions(const struct ranges *ram, struct verdict *why);
void make_resume(const struct rmi_regs *command, const struct ranges *ram);

#endif
