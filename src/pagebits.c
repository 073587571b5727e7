// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of a consumer's own is in one of four states, by the bits "out" and "changing":
 *
 *   0 0  Linux's
 *   1 0  delegated
 *   1 1  a command is under way, or was left unfinished: as dangerous as delegated
 *   0 1  an unfinished command turned out to have undelegated it, and its consumer doesn't know yet
 *
 * A page in either of the last two can't be claimed for a delegation. Beside these, "usable" says
 * that it is covered, for those who can't wait for the record's lock.
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
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "index.h"
#include "pagebits.h"

#define SECTION_BYTES	(PAGES_PER_SECTION * PAGE_SIZE)
#define MAP_LONGS	BITS_TO_LONGS(PAGES_PER_SECTION)

/* The bitmaps of each section that a consumer was ever told to be usable */
static DEFINE_XARRAY(sections);
enum { OUT, CHANGING, USABLE, NR_MAPS };

/* Protects sections; has claims of those who may sleep come one after the other */
static DEFINE_MUTEX(sections_lock);
/* Over the index's alone; protects the bits and what follows; held over a few sections at most */
static DEFINE_SPINLOCK(bits_lock);
static u64 pages_out;			/* as many bits "out" are set */

/* The bits of the pages from start to the end of its section, or to @end if that comes first */
struct part {
	unsigned long *out, *changing, *usable;	/* NULL: there are none */
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
		part.out = bits + OUT * MAP_LONGS;
		part.changing = bits + CHANGING * MAP_LONGS;
		part.usable = bits + USABLE * MAP_LONGS;
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
 * Context: may sleep, allocates; takes sections_lock.
 * Return: 0 or -ENOMEM.
 */
int pagebits_prepare(u64 start, u64 end)
{
	u64 i;
	int rc = 0;

	mutex_lock(&sections_lock);
	for (i = start / SECTION_BYTES; !rc && i <= (end - 1) / SECTION_BYTES; i++) {
		unsigned long *bits;

		if (xa_load(&sections, i))
			continue;
		bits = kvcalloc(NR_MAPS * MAP_LONGS, sizeof(*bits), GFP_KERNEL | __GFP_NOWARN);
		rc = bits ? xa_err(xa_store(&sections, i, bits, GFP_KERNEL)) : -ENOMEM;
		if (rc)
			kvfree(bits);
	}
	mutex_unlock(&sections_lock);
	return rc ?: index_prepare(start, end);
}

static void set_usable(u64 start, u64 end, bool is)
{
	const struct part part = part_of(start, end);

	spin_lock(&bits_lock);
	set(part.usable, &part, is);
	spin_unlock(&bits_lock);
	cond_resched();
}

/**
 * pagebits_usable() - memory is covered
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; pagebits_prepare() made room for it
 *
 * Context: may sleep; takes bits_lock.
 */
void pagebits_usable(u64 start, u64 end)
{
	for (; start < end; start = part_of(start, end).end)
		set_usable(start, end, true);
}

/**
 * pagebits_unusable() - memory may not be covered any more
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start; whether it has bits or not
 *
 * Context: may sleep; takes bits_lock.
 */
void pagebits_unusable(u64 start, u64 end)
{
	unsigned long *bits, i;

	xa_for_each(&sections, i, bits) {
		const u64 from = max_t(u64, start, i * SECTION_BYTES);

		if (from < min_t(u64, end, (i + 1) * SECTION_BYTES))
			set_usable(from, end, false);
	}
}

/* Under bits_lock */
static bool is_free_to(const struct part *part, bool out)
{
	return part->out && all_are(part->out, part, out) && all_are(part->changing, part, false);
}

/* A crash kernel must not read what may be out */
static void set_index(const struct part *part, bool out)
{
	index_set(part->end - PFN_PHYS(part->nr), part->end, out);
}

static void claim(const struct part *part, bool out)
{
	set(part->out, part, true);
	set(part->changing, part, true);
	if (!out) {
		pages_out += part->nr;
		set_index(part, true);
	}
}

/* Bits that say more than these two are never mixed in one call */
static void settle(u64 start, u64 end, bool out, bool changing)
{
	struct part part;

	for (; start < end; start = part.end) {
		part = part_of(start, end);
		spin_lock(&bits_lock);
		set(part.out, &part, out);
		set(part.changing, &part, changing);
		if (!out) {
			pages_out -= part.nr;
			set_index(&part, false);
		}
		spin_unlock(&bits_lock);
	}
}

/**
 * pagebits_claim() - a command is going to be issued for a consumer's pages
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 * @out: they are delegated now; else they are Linux's
 *
 * All or nothing. They count as delegated until pagebits_settle().
 *
 * Context: may sleep; takes sections_lock, bits_lock.
 * Return: false if a page of it isn't in the state that @out says.
 */
bool pagebits_claim(u64 start, u64 end, bool out)
{
	struct part part;
	bool all = true;
	u64 at;

	mutex_lock(&sections_lock);
	for (at = start; all && at < end; at = part.end) {
		part = part_of(at, end);
		spin_lock(&bits_lock);
		all = is_free_to(&part, out);
		spin_unlock(&bits_lock);
	}
	for (at = start; all && at < end; at = all ? part.end : at) {
		part = part_of(at, end);
		spin_lock(&bits_lock);
		/* Unless one who may not sleep has come in between */
		all = is_free_to(&part, out);
		if (all)
			claim(&part, out);
		spin_unlock(&bits_lock);
		if (!all)
			settle(start, at, out, false);
	}
	mutex_unlock(&sections_lock);
	return all;
}

/**
 * pagebits_claim_atomic() - the same for a delegation, by one who may not sleep
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start; a few sections at the most
 *
 * Context: any but interrupts; takes bits_lock.
 * Return: 0; -ENXIO if a page of it isn't usable; -EAGAIN if a command for one is under way, or it
 * came back without its consumer's knowing; -EEXIST if one is delegated.
 */
int pagebits_claim_atomic(u64 start, u64 end)
{
	struct part part;
	int rc = 0;
	u64 at;

	spin_lock(&bits_lock);
	for (at = start; rc != -ENXIO && at < end; at = part.end) {
		part = part_of(at, end);
		if (!part.usable || !all_are(part.usable, &part, true))
			rc = -ENXIO;
		else if (!all_are(part.changing, &part, false))
			rc = -EAGAIN;
		else if (!rc && !all_are(part.out, &part, false))
			rc = -EEXIST;
	}
	for (at = start; !rc && at < end; at = part.end) {
		part = part_of(at, end);
		claim(&part, false);
	}
	spin_unlock(&bits_lock);
	return rc;
}

/**
 * pagebits_settle() - what came of a command for pages that pagebits_claim() claimed
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; may be @start
 * @out: they are delegated
 *
 * Context: any but interrupts; takes bits_lock.
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

enum page_state {
	LINUXS,
	DELEGATED,
	UNDER_WAY,
	CAME_BACK,	/* and its consumer doesn't know */
};

/* Under bits_lock */
static enum page_state state_of(const struct part *page)
{
	const bool changing = page->out && all_are(page->changing, page, true);

	if (page->out && all_are(page->out, page, true))
		return changing ? UNDER_WAY : DELEGATED;
	return changing ? CAME_BACK : LINUXS;
}

/* The state of a page, in which one that came back may be told of, or be kept to be told of */
static enum page_state look(u64 page, bool tell, bool keep)
{
	const struct part part = part_of(page, page + PAGE_SIZE);
	enum page_state state;

	spin_lock(&bits_lock);
	state = state_of(&part);
	if (state == CAME_BACK && tell)
		set(part.changing, &part, false);
	else if (state == LINUXS && keep)
		set(part.changing, &part, true);
	spin_unlock(&bits_lock);
	cond_resched();
	return state;
}

/* The next page; behind sections that have no bits, since nothing of them was ever delegated */
static u64 next_page(u64 page, u64 end)
{
	const struct part part = part_of(page, end);

	return part.out ? page + PAGE_SIZE : part.end;
}

/**
 * pagebits_withhold() - a consumer is told that a range is not all its own again
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start; a consumer's
 *
 * It can't know which pages are, and will ask for all of them: those are kept for
 * pagebits_next_run().
 *
 * Context: may sleep; takes bits_lock.
 */
void pagebits_withhold(u64 start, u64 end)
{
	for (; start < end; start += PAGE_SIZE)
		look(start, false, true);
}

/**
 * pagebits_check() - may a consumer ask for [@start, @end) back?
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned
 *
 * Context: may sleep; takes bits_lock.
 * Return: 0 if some page is delegated, or came back without its knowing, and the others are
 * Linux's; -EBUSY if a command for one is under way or unfinished; -EINVAL if all are Linux's.
 */
int pagebits_check(u64 start, u64 end)
{
	enum page_state state;
	int rc = -EINVAL;

	for (; rc != -EBUSY && start < end; start = next_page(start, end)) {
		state = look(start, false, false);
		if (state == UNDER_WAY)
			rc = -EBUSY;
		else if (state != LINUXS)
			rc = 0;
	}
	return rc;
}

/**
 * pagebits_next_run() - the first pages of [*@at, @end) that are delegated
 * @at: set to where they begin; what lies before is Linux's, or came back while its consumer didn't
 * know, and is Linux's now
 * @end: physical address, exclusive, page aligned
 *
 * Context: may sleep; takes bits_lock.
 * Return: where they end; *@at if there are none.
 */
u64 pagebits_next_run(u64 *at, u64 end)
{
	enum page_state state;
	u64 top;

	while (*at < end) {
		state = look(*at, true, false);
		if (state == DELEGATED || state == UNDER_WAY)
			break;
		*at = next_page(*at, end);
	}
	for (top = *at; top < end && look(top, false, false) == DELEGATED;)
		top += PAGE_SIZE;
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

	for (; !any && start < end; start = part.end) {
		part = part_of(start, end);
		spin_lock(&bits_lock);
		any = part.out && !all_are(part.out, &part, false);
		spin_unlock(&bits_lock);
	}
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

	spin_lock(&bits_lock);
	bytes = pages_out * PAGE_SIZE;
	spin_unlock(&bits_lock);
	return bytes;
}

/**
 * pagebits_close() - forget all bits
 *
 * Context: may sleep; module unload, no consumer is left.
 */
void pagebits_close(void)
{
	unsigned long *bits, i;

	xa_for_each(&sections, i, bits)
		kvfree(bits);
	xa_destroy(&sections);
}
