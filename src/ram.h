/* SPDX-License-Identifier: GPL-2.0-only */
/* Which physical memory is RAM that Linux hands out. */
#ifndef RAM_H
#define RAM_H

#include "ranges.h"

struct page;

int ram_collect(struct ranges *ram, bool movable);
bool ram_is_movable(const struct page *page);
bool ram_is_left_out(const struct ranges *set, u64 start, u64 end);

#endif
