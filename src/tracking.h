/* SPDX-License-Identifier: GPL-2.0-only */
/* Granule tracking: does the RMM follow single granules of this memory? */
#ifndef TRACKING_H
#define TRACKING_H

#include "verdict.h"

int tracking_check(u64 start, u64 end, struct verdict *why);

#endif
