// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <stdlib.h>

#include "extents.h"
#include "file.h"

void extents_add(struct extents *set, uint64_t start, uint64_t end)
{
	const size_t room = set->room ? 2 * set->room : 16;

	if (set->nr == set->room) {
		struct extent *at = reallocarray(set->at, room, sizeof(*at));

		if (!at)
			err(EXIT_TROUBLE, "%zu ranges of memory", room);
		set->at = at;
		set->room = room;
	}
	set->at[set->nr++] = (struct extent){ start, end };
}

static int by_start(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

void extents_sort(struct extents *set)
{
	size_t i, last = 0;

	if (!set->nr)
		return;
	qsort(set->at, set->nr, sizeof(*set->at), by_start);
	for (i = 1; i < set->nr; i++) {
		if (set->at[i].start > set->at[last].end)
			set->at[++last] = set->at[i];
		else if (set->at[i].end > set->at[last].end)
			set->at[last].end = set->at[i].end;
	}
	set->nr = last + 1;
}

bool extents_have(const struct extents *set, uint64_t start, uint64_t end)
{
	size_t lo = 0, hi = set->nr;

	/* The last that starts at or before start is the only one that can have it */
	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;

		if (set->at[mid].start <= start)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && end <= set->at[lo - 1].end;
}

void extents_clear(struct extents *set)
{
	free(set->at);
	*set = (struct extents){ 0 };
}
