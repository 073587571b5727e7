/* SPDX-License-Identifier: GPL-2.0-only */
/* A walk over memory that takes long: say how far it is, and end it if told to. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "ranges.h"
#include "verdict.h"

void progress_begin(bool interruptible);
int progress_tick(const char *what, const struct ranges *ram, u64 at, struct verdict *why);

#endif
