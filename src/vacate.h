/* SPDX-License-Identifier: GPL-2.0-only */
/* A block of memory goes offline: what is lent there is replaced from elsewhere. */
#ifndef VACATE_H
#define VACATE_H

#include "verdict.h"

int vacate_range(u64 start, u64 end, struct verdict *why);
int vacate_cancel(struct verdict *why);

#endif
