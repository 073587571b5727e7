/* SPDX-License-Identifier: GPL-2.0-only */
/* Which physical memory is RAM that Linux hands out. */
#ifndef RAM_H
#define RAM_H

#include "ranges.h"

int ram_collect(struct ranges *ram);

#endif
