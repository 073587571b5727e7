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

/*
 * Replace what a set has of [span.start, span.end): by span, or by nothing. What the old spans have
 * outside of it stays; one of the same kind and payee that overlaps or touches becomes one with
 * span.
 */
static int replace(struct ranges *set, struct span span, bool put, gfp_t gfp)
{
	const u64 start = span.start, end = span.end;
	const unsigned int first = find(set, start);
	struct span piece[3];
	unsigned int last, nr = 0;
	bool right = false;

	if (grow(set, set->nr + 2, gfp))
		return -ENOMEM;
	for (last = first; last < set->nr && set->at[last].start <= end; last++) {
		const struct span s = set->at[last];

		if (put && s.kind == span.kind && s.payee == span.payee) {
			span.start = min(span.start, s.start);
			span.end = max(span.end, s.end);
			continue;
		}
		if (s.start < start) {
			piece[nr] = s;
			piece[nr++].end = min(s.end, start);
		}
		if (s.end > end) {
			piece[2] = s;
			piece[2].start = max(s.start, end);
			right = true;
		}
	}
	if (put)
		piece[nr++] = span;
	if (right)
		piece[nr++] = piece[2];
	memmove(&set->at[first + nr], &set->at[last], (set->nr - last) * sizeof(*set->at));
	memcpy(&set->at[first], piece, nr * sizeof(*piece));
	set->nr += nr - (last - first);
	return 0;
}

/**
 * ranges_put() - put a span into a set, in place of what the set had there
 * @set: the set; unchanged on error
 * @span: end more than start
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int ranges_put(struct ranges *set, struct span span)
{
	struct span *last = set->nr ? &set->at[set->nr - 1] : NULL;

	/* Walks go upwards: an answer for each region of a large host comes this way */
	if (last && last->end == span.start && last->kind == span.kind &&
	    last->payee == span.payee) {
		last->end = span.end;
		return 0;
	}
	return replace(set, span, true, GFP_KERNEL);
}

/**
 * ranges_keep() - put a span into a set, come what may
 * @set: the set
 * @span: end more than start
 *
 * Can't fail, as ranges_remove().
 *
 * Context: may sleep.
 */
void ranges_keep(struct ranges *set, struct span span)
{
	replace(set, span, true, GFP_KERNEL | __GFP_NOFAIL);
}

/**
 * ranges_add() - put [@start, @end) into a set without kinds and payees
 * @set: the set; unchanged on error
 * @start: first address
 * @end: exclusive, more than @start
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int ranges_add(struct ranges *set, u64 start, u64 end)
{
	return ranges_put(set, (struct span){ .start = start, .end = end });
}

/**
 * ranges_copy() - make an empty set equal to another one
 * @to: the set; still empty on error
 * @from: the other one
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int ranges_copy(struct ranges *to, const struct ranges *from)
{
	if (grow(to, from->nr, GFP_KERNEL))
		return -ENOMEM;
	if (from->nr)
		memcpy(to->at, from->at, from->nr * sizeof(*from->at));
	to->nr = from->nr;
	return 0;
}

/**
 * ranges_remove() - take [@start, @end) out of a set, as far as it is there
 * @set: the set
 * @start: first address
 * @end: exclusive, at least @start
 *
 * Can't fail: those who take something out of a set have no way back. The split of a span needs a
 * few bytes at the most.
 *
 * Context: may sleep.
 */
void ranges_remove(struct ranges *set, u64 start, u64 end)
{
	struct span part;

	if (ranges_next(set, start, end, &part))
		replace(set, (struct span){ .start = start, .end = end }, false,
			GFP_KERNEL | __GFP_NOFAIL);
}

/**
 * ranges_next() - the first part of [@start, @end) that is in a set
 * @set: the set
 * @start: first address
 * @end: exclusive
 * @part: where to put that part, with its kind and payee
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
	*part = set->at[i];
	part->start = max(start, part->start);
	part->end = min(end, part->end);
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
	*gap = (struct span){ .start = start,
			      .end = i < set->nr ? min(end, set->at[i].start) : end };
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
 * ranges_still_missing() - ranges_missing() for a walk upwards, which mostly asks about one part
 * @set: as there
 * @known: as there; since the last call nothing was added at or above @from
 * @from: as there; 0 begins a new walk
 * @unit: as there
 * @gap: the part that was missing at the last call; set to the next one
 *
 * Context: any.
 * Return: false if there is no such part.
 */
bool ranges_still_missing(const struct ranges *set, const struct ranges *known, u64 from, u64 unit,
			  struct span *gap)
{
	if (!from || from >= gap->end)
		return ranges_missing(set, known, from, unit, gap);
	gap->start = from;
	return true;
}

/**
 * ranges_has() - is all of [@start, @end) in a set?
 * @set: the set
 * @start: first address
 * @end: exclusive
 *
 * Context: any.
 * Return: true if so.
 */
bool ranges_has(const struct ranges *set, u64 start, u64 end)
{
	struct span gap;

	return !ranges_gap(set, start, end, &gap);
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
