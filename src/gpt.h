/* SPDX-License-Identifier: GPL-2.0-only */
/* Granule protection tables: does each PAR have a level 1 table? */
#ifndef GPT_H
#define GPT_H

#include "ranges.h"
#include "verdict.h"

int gpt_ensure(u64 start, u64 end, struct ranges *created, struct verdict *why);
u64 gpt_destroy(u64 start, u64 end);

#endif
