// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel has add_range() and subtract_range() in lib/range.c, but exports neither to modules.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "ranges.h"

/*
 * The first span that ends at or after addr: the only one that can hold it, touch it from below, or
 * follow it
 */
static unsigned int find(const struct ranges *set, u64 addr)
{
	unsigned int lo = 0, hi = set->nr;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (set->at[mid].end < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int grow(struct ranges *set, unsigned int room, gfp_t gfp)
{
	struct span *at;

	if (room <= set->room)
		return 0;
	room = max(room, 2 * set->room);
	at = kvmalloc_array(room, sizeof(*at), gfp | __GFP_NOWARN);
	if (!at)
		return -ENOMEM;
	if (set->nr)
		memcpy(at, set->at, set->nr * sizeof(*at));
	kvfree(set->at);
	set->at = at;
	set->room = room;
	return 0;
}

/* Replace old spans from index i on by new ones; there must be room */
static void splice(struct ranges *set, unsigned int i, unsigned int old, unsigned int new)
{
	if (new == old)
		return;
	memmove(&set->at[i + new], &set->at[i + old], (set->nr - i - old) * sizeof(*set->at));
	set->nr += new - old;
}

static int add(struct ranges *set, u64 start, u64 end, u64 owner, gfp_t gfp)
{
	unsigned int first, last;
	int rc;

	/* Walks go upwards: an answer for each region of a large host comes this way */
	if (set->nr && set->at[set->nr - 1].end == start &&
	    set->at[set->nr - 1].owner == owner) {
		set->at[set->nr - 1].end = end;
		return 0;
	}
	rc = grow(set, set->nr + 1, gfp);
	if (rc)
		return rc;
	first = find(set, start);
	if (first < set->nr && set->at[first].end == start && set->at[first].owner != owner)
		first++;
	for (last = first; last < set->nr && set->at[last].start <= end; last++) {
		if (set->at[last].start == end && set->at[last].owner != owner)
			break;
		start = min(start, set->at[last].start);
		end = max(end, set->at[last].end);
	}
	splice(set, first, last - first, 1);
	set->at[first] = (struct span){ start, end, owner };
	return 0;
}

/**
 * ranges_add_owned() - put [@start, @end) into a set
 * @set: the set; unchanged on error
 * @start: first address
 * @end: exclusive, more than @start
 * @owner: of the range; nothing in it belongs to another
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int ranges_add_owned(struct ranges *set, u64 start, u64 end, u64 owner)
{
	return add(set, start, end, owner, GFP_KERNEL);
}

/**
 * ranges_add() - put [@start, @end) into a set of things that nobody owns, as far as it isn't there
 * @set: the set; unchanged on error
 * @start: first address
 * @end: exclusive, more than @start
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM, as ranges_add_owned().
 */
int ranges_add(struct ranges *set, u64 start, u64 end)
{
	return ranges_add_owned(set, start, end, 0);
}

/**
 * ranges_keep() - put [@start, @end) into a set of things that nobody owns, come what may
 * @set: the set
 * @start: first address
 * @end: exclusive, more than @start
 *
 * Can't fail, as ranges_remove().
 *
 * Context: may sleep.
 */
void ranges_keep(struct ranges *set, u64 start, u64 end)
{
	add(set, start, end, 0, GFP_KERNEL | __GFP_NOFAIL);
}

/**
 * ranges_remove() - take [@start, @end) out of a set, as far as it is there
 * @set: the set
 * @start: first address
 * @end: exclusive, more than @start
 *
 * Can't fail: those who take something out of a set have no way back. The split of a range needs a
 * few bytes at the most.
 *
 * Context: may sleep.
 */
void ranges_remove(struct ranges *set, u64 start, u64 end)
{
	unsigned int first = find(set, start), last, keep = 0;
	struct span rest[2];

	if (first == set->nr)
		return;
	grow(set, set->nr + 1, GFP_KERNEL | __GFP_NOFAIL);
	for (last = first; last < set->nr && set->at[last].start < end; last++) {
		const struct span s = set->at[last];

		if (s.start < start)
			rest[keep++] = (struct span){ s.start, min(s.end, start), s.owner };
		if (s.end > end)
			rest[keep++] = (struct span){ end, s.end, s.owner };
	}
	splice(set, first, last - first, keep);
	memcpy(&set->at[first], rest, keep * sizeof(*rest));
}

/**
 * ranges_next() - the first part of [@start, @end) that is in a set
 * @set: the set
 * @start: first address
 * @end: exclusive
 * @part: where to put that part, with its owner
 *
 * Context: any.
 * Return: false if there is no such part.
 */
bool ranges_next(const struct ranges *set, u64 start, u64 end, struct span *part)
{
	unsigned int i = find(set, start);

	if (i < set->nr && set->at[i].end == start)
		i++;
	if (start >= end || i == set->nr || set->at[i].start >= end)
		return false;
	*part = (struct span){ max(start, set->at[i].start), min(end, set->at[i].end),
			       set->at[i].owner };
	return true;
}

/**
 * ranges_gap() - the first part of [@start, @end) that isn't in a set
 * @set: the set
 * @start: first address
 * @end: exclusive
 * @gap: where to put that part
 *
 * Context: any.
 * Return: false if there is no such part.
 */
bool ranges_gap(const struct ranges *set, u64 start, u64 end, struct span *gap)
{
	unsigned int i = find(set, start);

	while (i < set->nr && set->at[i].start <= start)
		start = set->at[i++].end;
	if (start >= end)
		return false;
	*gap = (struct span){ start, i < set->nr ? min(end, set->at[i].start) : end, 0 };
	return true;
}

/**
 * ranges_missing() - the first part of a set at or after @from that isn't in another one
 * @set: the set, each range of which counts as reaching from multiple to multiple of @unit
 * @known: the other one
 * @from: an address, aligned to @unit
 * @unit: a power of two
 * @gap: where to put that part
 *
 * Context: any.
 * Return: false if there is no such part.
 */
bool ranges_missing(const struct ranges *set, const struct ranges *known, u64 from, u64 unit,
		    struct span *gap)
{
	struct span part;

	for (; ranges_next(set, from, U64_MAX, &part); from = ALIGN(part.end, unit))
		if (ranges_gap(known, ALIGN_DOWN(part.start, unit), ALIGN(part.end, unit), gap))
			return true;
	return false;
}

/**
 * ranges_bytes() - how much is in a set
 * @set: the set
 *
 * Context: any.
 * Return: bytes.
 */
u64 ranges_bytes(const struct ranges *set)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		sum += set->at[i].end - set->at[i].start;
	return sum;
}

/**
 * ranges_clear() - empty a set and free its memory
 * @set: the set
 *
 * Context: may sleep.
 */
void ranges_clear(struct ranges *set)
{
	kvfree(set->at);
	*set = (struct ranges){};
}
