/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of physical addresses: read first, sorted then, asked afterwards. */
#ifndef TOOLS_EXTENTS_H
#define TOOLS_EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct extent {
	uint64_t start, end;	/* end is exclusive */
};

struct extents {
	struct extent *at;
	size_t nr, room;
};

void extents_add(struct extents *set, uint64_t start, uint64_t end);

/* In the order of addresses, joined where they touch or overlap */
void extents_sort(struct extents *set);

/* Is all of [start, end) in a set that is sorted? */
bool extents_have(const struct extents *set, uint64_t start, uint64_t end);

void extents_clear(struct extents *set);

#endif
