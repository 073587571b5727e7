/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set of addresses as sorted spans. Ends are exclusive. Spans don't overlap, and touch only where
 * their kinds or payees differ; in a set that needs neither, both are 0.
 */
#ifndef RANGES_H
#define RANGES_H

#include <linux/types.h>

struct span {
	u64 start, end;
	unsigned int kind;
	u64 payee;
};

/* All zero is the empty set. The caller locks. */
struct ranges {
	struct span *at;
	unsigned int nr, room;
};

int ranges_put(struct ranges *set, struct span span);
void ranges_keep(struct ranges *set, struct span span);
int ranges_add(struct ranges *set, u64 start, u64 end);
int ranges_copy(struct ranges *to, const struct ranges *from);
void ranges_remove(struct ranges *set, u64 start, u64 end);
bool ranges_next(const struct ranges *set, u64 start, u64 end, struct span *part);
bool ranges_gap(const struct ranges *set, u64 start, u64 end, struct span *gap);
bool ranges_missing(const struct ranges *set, const struct ranges *known, u64 from, u64 unit,
		    struct span *gap);
bool ranges_still_missing(const struct ranges *set, const struct ranges *known, u64 from, u64 unit,
			  struct span *gap);
bool ranges_has(const struct ranges *set, u64 start, u64 end);
u64 ranges_bytes(const struct ranges *set);
void ranges_clear(struct ranges *set);

#endif
