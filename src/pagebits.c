// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of a consumer's own is in one of four states, by the bits "out" and "changing":
 *
 *   0 0  Linux's
 *   1 0  delegated
 *   1 1  a command is under way, or was left unfinished: as dangerous as delegated
 *   0 1  an unfinished command turned out to have undelegated it, and its consumer doesn't know yet
 *
 * A page in either of the last two can't be claimed for a delegation.
 */
#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "index.h"
#include "pagebits.h"

#define SECTION_BYTES	(PAGES_PER_SECTION * PAGE_SIZE)

/* Both bitmaps of each section that a consumer was ever told to be usable: out, then changing */
static DEFINE_XARRAY(sections);
/*
 * Over index_lock alone; protects the bits and what follows. Consumers' ranges may be large: others
 * run meanwhile.
 */
static DEFINE_MUTEX(bits_lock);
static u64 pages_out;			/* as many bits "out" are set */

/* The bits of the pages from start to the end of its section, or to @end if that comes first */
struct part {
	unsigned long *out, *changing;	/* NULL: there are none */
	unsigned int first, nr;
	u64 end;
};

static struct part part_of(u64 start, u64 end)
{
	unsigned long *bits = xa_load(&sections, start / SECTION_BYTES);
	struct part part = {
		.first = start % SECTION_BYTES / PAGE_SIZE,
		.end = min(end, ALIGN(start + 1, SECTION_BYTES)),
	};

	part.nr = PHYS_PFN(part.end - start);
	if (bits) {
		part.out = bits;
		part.changing = bits + BITS_TO_LONGS(PAGES_PER_SECTION);
	}
	return part;
}

/* Are all bits of the part as @value says? */
static bool all_are(const unsigned long *bits, const struct part *part, bool value)
{
	const unsigned int end = part->first + part->nr;

	return (value ? find_next_zero_bit(bits, end, part->first) :
			find_next_bit(bits, end, part->first)) >= end;
}

static void set(unsigned long *bits, const struct part *part, bool value)
{
	if (value)
		bitmap_set(bits, part->first, part->nr);
	else
		bitmap_clear(bits, part->first, part->nr);
}

/**
 * pagebits_prepare() - make room for the bits of [@start, @end), so that delegating never allocates
 * @start: physical address
 * @end: physical address, exclusive, more than @start
 *
 * Context: may sleep, allocates; takes bits_lock.
 * Return: 0 or -ENOMEM.
 */
int pagebits_prepare(u64 start, u64 end)
{
	u64 i;
	int rc = 0;

	mutex_lock(&bits_lock);
	for (i = start / SECTION_BYTES; !rc && i <= (end - 1) / SECTION_BYTES; i++) {
		unsigned long *bits;

		if (xa_load(&sections, i))
			continue;
		bits = kvcalloc(2 * BITS_TO_LONGS(PAGES_PER_SECTION), sizeof(*bits),
				GFP_KERNEL | __GFP_NOWARN);
		rc = bits ? xa_err(xa_store(&sections, i, bits, GFP_KERNEL)) : -ENOMEM;
		if (rc)
			kvfree(bits);
	}
	mutex_unlock(&bits_lock);
	return rc ?: index_prepare(start, end);
}

/**
 * pagebits_claim() - a command is going to be issued for a consumer's pages
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 * @out: they are delegated now; else they are Linux's
 *
 * All or nothing. They count as delegated until pagebits_settle().
 *
 * Context: may sleep; takes bits_lock.
 * Return: false if a page of it isn't in the state that @out says.
 */
bool pagebits_claim(u64 start, u64 end, bool out)
{
	struct part part;
	bool all = true;
	u64 at;

	mutex_lock(&bits_lock);
	for (at = start; all && at < end; at = part.end) {
		part = part_of(at, end);
		all = part.out && all_are(part.out, &part, out) &&
		      all_are(part.changing, &part, false);
	}
	for (at = start; all && at < end; at = part.end) {
		part = part_of(at, end);
		set(part.out, &part, true);
		set(part.changing, &part, true);
	}
	if (all && !out) {
		pages_out += PHYS_PFN(end - start);
		index_set(start, end, true);
	}
	mutex_unlock(&bits_lock);
	return all;
}

/* Bits that say more than these two are never mixed in one call */
static void settle(u64 start, u64 end, bool out, bool changing)
{
	struct part part;

	mutex_lock(&bits_lock);
	if (!out)
		index_set(start, end, false);
	for (; start < end; start = part.end) {
		part = part_of(start, end);
		set(part.out, &part, out);
		set(part.changing, &part, changing);
		if (!out)
			pages_out -= part.nr;
	}
	mutex_unlock(&bits_lock);
}

/**
 * pagebits_settle() - what came of a command for pages that pagebits_claim() claimed
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; may be @start
 * @out: they are delegated
 *
 * Context: may sleep; takes bits_lock.
 */
void pagebits_settle(u64 start, u64 end, bool out)
{
	settle(start, end, out, false);
}

/**
 * pagebits_abandon() - what came of a command that its consumer was told to be unfinished
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; may be @start
 * @out: they are delegated
 *
 * Pages that aren't are kept for pagebits_next_run().
 *
 * Context: may sleep; takes bits_lock.
 */
void pagebits_abandon(u64 start, u64 end, bool out)
{
	settle(start, end, out, !out);
}

static bool is_out(u64 page)
{
	const struct part part = part_of(page, page + PAGE_SIZE);

	return part.out && all_are(part.out, &part, true);
}

static bool is_changing(u64 page)
{
	const struct part part = part_of(page, page + PAGE_SIZE);

	return part.out && all_are(part.changing, &part, true);
}

/**
 * pagebits_withhold() - a consumer is told that a range is not all its own again
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 *
 * It can't know which pages are, and will ask for all of them: those are kept for
 * pagebits_next_run().
 *
 * Context: may sleep; takes bits_lock.
 */
void pagebits_withhold(u64 start, u64 end)
{
	struct part part;

	mutex_lock(&bits_lock);
	for (; start < end; start += PAGE_SIZE) {
		part = part_of(start, start + PAGE_SIZE);
		if (!is_out(start))
			set(part.changing, &part, true);
		cond_resched();
	}
	mutex_unlock(&bits_lock);
}

/**
 * pagebits_check() - may a consumer ask for [@start, @end) back?
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned
 *
 * Context: may sleep; takes bits_lock.
 * Return: 0 if each page is delegated, or came back without its knowing; -EBUSY if a command for
 * one is under way or unfinished; -EINVAL if one was never delegated.
 */
int pagebits_check(u64 start, u64 end)
{
	int rc = 0;

	mutex_lock(&bits_lock);
	for (; rc != -EINVAL && start < end; start += PAGE_SIZE) {
		if (is_out(start) && is_changing(start))
			rc = -EBUSY;
		else if (is_out(start) == is_changing(start))
			rc = -EINVAL;
		cond_resched();
	}
	mutex_unlock(&bits_lock);
	return rc;
}

/**
 * pagebits_next_run() - the first pages of [*@at, @end) that are delegated
 * @at: set to where they begin; what lies before came back while its consumer didn't know, and is
 * Linux's now
 * @end: physical address, exclusive, page aligned
 *
 * Context: may sleep; takes bits_lock.
 * Return: where they end; *@at if there are none.
 */
u64 pagebits_next_run(u64 *at, u64 end)
{
	struct part part;
	u64 top;

	mutex_lock(&bits_lock);
	for (; *at < end && !is_out(*at) && is_changing(*at); *at += PAGE_SIZE) {
		part = part_of(*at, *at + PAGE_SIZE);
		set(part.changing, &part, false);
		cond_resched();
	}
	for (top = *at; top < end && is_out(top) && !is_changing(top); top += PAGE_SIZE)
		cond_resched();
	mutex_unlock(&bits_lock);
	return top;
}

/**
 * pagebits_any() - is a page of [@start, @end) delegated or changing?
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned
 *
 * Context: may sleep; takes bits_lock.
 * Return: true if so.
 */
bool pagebits_any(u64 start, u64 end)
{
	struct part part;
	bool any = false;

	mutex_lock(&bits_lock);
	for (; !any && start < end; start = part.end) {
		part = part_of(start, end);
		any = part.out && !all_are(part.out, &part, false);
	}
	mutex_unlock(&bits_lock);
	return any;
}

/**
 * pagebits_bytes() - how much of consumers' own is delegated or changing
 *
 * Context: may sleep; takes bits_lock.
 * Return: bytes.
 */
u64 pagebits_bytes(void)
{
	u64 bytes;

	mutex_lock(&bits_lock);
	bytes = pages_out * PAGE_SIZE;
	mutex_unlock(&bits_lock);
	return bytes;
}

/**
 * pagebits_close() - forget all bits
 *
 * Context: may sleep; module unload, no consumer is left.
 */
void pagebits_close(void)
{
	unsigned long *bits;
	unsigned long i;

	xa_for_each(&sections, i, bits)
		kvfree(bits);
	xa_destroy(&sections);
}
