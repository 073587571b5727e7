/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of what is covered: online memory that Realms can be given. */
#ifndef COVERAGE_H
#define COVERAGE_H

#include <linux/types.h>

#include "ranges.h"
#include "verdict.h"

int coverage_open(void);
int coverage_ensure_ram(struct verdict *why);
int coverage_ensure(u64 start, u64 end, struct verdict *why);
void coverage_forget(u64 start, u64 end);
int coverage_vacate(u64 start, u64 end, struct verdict *why);
int coverage_stay(struct verdict *why);
int coverage_release(bool for_good);
void coverage_close(void);
u64 coverage_bytes(void);
int coverage_walk(void (*see)(void *arg, const char *what, const struct span *span), void *arg);

#endif
