// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory is taken in chunks, so that what is lent lies in few places. A host whose every gigabyte
 * had lent pages in it would have no huge pages of 1 GB any more: so chunks come from a gigabyte
 * that has one already, as long as it has memory.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/numa.h>
#include <linux/page-flags.h>
#include <linux/pfn.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "compat.h"
#include "chunk.h"
#include "ledger.h"

/* No physical address */
#define NOWHERE		(~0ULL)

#define CHUNK_MIN	SZ_512K
#define CHUNK_MAX	SZ_4M

/*
 * Pages from the wrong place are held until the right ones are found, so many of them at the most
 */
#define MAX_MISSES	32

/*
 * So many places are tried by alloc_contig_range() until chunk_forget(); each may take milliseconds
 */
#define MAX_PLACES	256

/* No warning: what can't be had is said by who asked. No reclaim for long: this isn't worth it. */
#define POOL_GFP	(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY)

/* All that follows is protected by cover_lock, under which alone this file is called */
static unsigned int places_tried;
static bool fresh;			/* a chunk was taken since chunk_settle() */
static struct span avoided;		/* memory that is going offline */
static struct span expected;		/* memory that is going online */
static const struct ranges *within;	/* what alone will do; NULL: any memory */

/* What the host keeps, so that a load neither swaps nor meets the OOM killer; in pages */
static bool leaves_reserve(u64 pages)
{
	const u64 reserve = min_t(u64, totalram_pages() / 32, SZ_256M / PAGE_SIZE);
	const long available = si_mem_available();

	return available > 0 && available >= pages + reserve;
}

static bool is_avoided(u64 start, u64 end)
{
	return start < avoided.end && end > avoided.start;
}

static bool is_boot_memory(u64 start)
{
	return early_section(__pfn_to_section(PHYS_PFN(start)));
}

/* Which chunk will do */
struct wish {
	int nid;
	bool local, boot;	/* of this node alone; boot memory alone */
	u64 bytes;
};

static bool is_wished(const struct wish *w, u64 start)
{
	return !is_avoided(start, start + w->bytes) &&
	       (!within || ranges_has(within, start, start + w->bytes)) &&
	       (!w->boot || is_boot_memory(start)) &&
	       (!w->local || w->nid == NUMA_NO_NODE || w->nid == pfn_to_nid(PHYS_PFN(start)));
}

static u64 from_buddy(const struct wish *w)
{
	const unsigned int order = get_order(w->bytes);
	const gfp_t gfp = POOL_GFP | (w->local && w->nid != NUMA_NO_NODE ? __GFP_THISNODE : 0);
	u64 miss[MAX_MISSES], found = NOWHERE;
	unsigned int misses = 0;

	while (found == NOWHERE && misses < MAX_MISSES) {
		struct page *page = alloc_pages_node(w->nid, gfp, order);

		if (!page)
			break;
		split_page(page, order);
		if (is_wished(w, page_to_phys(page)))
			found = page_to_phys(page);
		else
			miss[misses++] = page_to_phys(page);
	}
	while (misses--)
		ledger_decline(miss[misses], miss[misses] + w->bytes);
	return found;
}

/*
 * alloc_contig_range() wants them all of one zone, and looks at whole pageblocks. Of a subsection
 * all is online, or nothing. Of a movable zone, which is there to be taken out, we want nothing.
 */
static bool is_candidate(unsigned long pfn, unsigned long end)
{
	const struct zone *zone = NULL;
	struct page *page = NULL;

	for (; pfn < end; pfn++, page++) {
		if (!zone || IS_ALIGNED(pfn, PAGES_PER_SUBSECTION))
			page = pfn_to_online_page(pfn);
		if (!page || (zone && page_zone(page) != zone) || PageReserved(page) ||
		    is_zone_movable_page(page))
			return false;
		zone = page_zone(page);
	}
	return true;
}

/* [at, at + bytes), whole pageblocks */
static bool take_place(const struct wish *w, u64 at)
{
	const unsigned long pfn = PHYS_PFN(at), end = PHYS_PFN(at + w->bytes);
	struct span part;

	if (!pfn_to_online_page(pfn) || !is_wished(w, at) ||
	    ledger_next(at, at + w->bytes, &part) || !is_candidate(pfn, end))
		return false;
	places_tried++;
	cond_resched();
	return !compat_alloc_contig_range(pfn, end, GFP_KERNEL | __GFP_NOWARN);
}

/* At multiples of @align in [start, end), with @before bytes more before it */
static u64 from_places(const struct wish *w, u64 start, u64 end, u64 align, u64 before)
{
	u64 at;

	for (at = ALIGN(start + before, align);
	     at + w->bytes - before <= end && places_tried < MAX_PLACES; at += align) {
		cond_resched();
		if (take_place(w, at - before))
			return at - before;
	}
	return NOWHERE;
}

/* A gigabyte that has a chunk has no huge page any more, so it may as well have the next one */
static u64 from_homes(const struct wish *w)
{
	const u64 block = pageblock_nr_pages * PAGE_SIZE;
	struct wish whole = *w;
	struct span part;
	u64 at = 0, found = NOWHERE;

	whole.bytes = ALIGN(w->bytes, block);
	for (; found == NOWHERE && places_tried < MAX_PLACES && ledger_next(at, U64_MAX, &part);
	     at = ALIGN(part.start + 1, SZ_1G))
		found = from_places(&whole, ALIGN_DOWN(part.start, SZ_1G),
				    ALIGN(part.start + 1, SZ_1G), block, 0);
	return found;
}

static bool has_home(int nid)
{
	struct span part;
	u64 at;

	for (at = 0; ledger_next(at, U64_MAX, &part); at = ALIGN(part.start + 1, SZ_1G))
		if (nid == NUMA_NO_NODE || nid == pfn_to_nid(PHYS_PFN(part.start)))
			return true;
	return false;
}

static bool is_at_home(u64 start)
{
	const u64 home = ALIGN_DOWN(start, SZ_1G);
	struct span part;

	return ledger_next(home, home + SZ_1G, &part);
}

static int enter(u64 start, u64 bytes, struct span *chunk)
{
	*chunk = (struct span){ .start = start, .end = start + bytes };
	fresh = true;
	return ledger_enter(start, start + bytes);
}

/* Whole pageblocks of this memory, wherever */
static u64 from_ram(const struct wish *w, const struct ranges *ram)
{
	const u64 block = pageblock_nr_pages * PAGE_SIZE;
	struct wish whole = *w;
	unsigned int i;
	u64 found = NOWHERE;

	whole.bytes = ALIGN(w->bytes, block);
	for (i = 0; found == NOWHERE && i < ram->nr; i++)
		found = from_places(&whole, ram->at[i].start, ram->at[i].end, block, 0);
	return found;
}

/*
 * What the buddy allocator gives lies where it likes: rather beside what we have. It may have
 * nothing but hot-added memory to give, where boot memory could be moved.
 */
static int take_chunk(const struct wish *w, const struct ranges *ram, struct span *chunk)
{
	const u64 block = pageblock_nr_pages * PAGE_SIZE;
	u64 start = from_buddy(w), home = NOWHERE;

	if (start == NOWHERE || (block <= CHUNK_MAX && !is_at_home(start) && has_home(w->nid)))
		home = from_homes(w);
	if (home == NOWHERE && start == NOWHERE)
		home = from_ram(w, within ?: ram);
	if (home == NOWHERE)
		return start == NOWHERE ? -ENOMEM : enter(start, w->bytes, chunk);
	if (start != NOWHERE)
		ledger_decline(start, start + w->bytes);
	return enter(home, ALIGN(w->bytes, block), chunk);
}

/*
 * More than the buddy allocator has in one piece, and whole pageblocks before it, of which the last
 * page is the guard
 */
static int take_large(const struct wish *w, u64 block, const struct ranges *ram,
		      struct span *chunk)
{
	const u64 guard = pageblock_nr_pages * PAGE_SIZE;
	struct wish whole = *w;
	unsigned int i;
	u64 start = NOWHERE;

	whole.bytes = block + guard;
	for (i = 0; start == NOWHERE && i < ram->nr; i++)
		start = from_places(&whole, ram->at[i].start, ram->at[i].end, block, guard);
	return start == NOWHERE ? -ENOMEM : enter(start, whole.bytes, chunk);
}

/**
 * chunk_take() - take a chunk of memory from the allocator
 * @nid: node that it is rather to be of, or NUMA_NO_NODE
 * @bytes: as much is due; the chunk has 512 KB to 4 MB
 * @block: bytes that must lie next to each other, aligned to their size, a power of two; 0: no
 * matter
 * @most: bytes of a tracking region, which a chunk never exceeds unless @block does
 * @ram: where to look for what the buddy allocator doesn't have
 * @chunk: set to it; all of it is LEDGER_HELD
 *
 * Boot memory comes before locality: what was hot-added is to be free to go.
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0 or -ENOMEM.
 */
int chunk_take(int nid, u64 bytes, u64 block, u64 most, const struct ranges *ram,
	       struct span *chunk)
{
	const u64 largest = MAX_ORDER_NR_PAGES * PAGE_SIZE;
	/* A guard before it makes the block the second half at the least */
	const bool large = 2 * block > largest;
	struct wish w = { .nid = nid };
	int i, rc = -ENOMEM;

	bytes = clamp_t(u64, bytes + PAGE_SIZE, CHUNK_MIN, CHUNK_MAX);
	bytes = max(min3(roundup_pow_of_two(bytes), most, largest), 2 * block);
	for (; rc; bytes /= 2) {
		if (bytes < max_t(u64, 2 * block, 2 * PAGE_SIZE))
			break;
		for (i = 0; rc && i < 4; i++) {
			w.boot = i < 2;
			w.local = !(i & 1);
			w.bytes = bytes;
			if (!leaves_reserve(PHYS_PFN(large ? block : bytes)))
				break;
			rc = large ? take_large(&w, block, ram, chunk) :
				     take_chunk(&w, ram, chunk);
		}
		if (large)
			break;
	}
	return rc;
}

/**
 * chunk_avoid() - take nothing from [@start, @end), until told of another range
 * @start: physical address
 * @end: physical address, exclusive; as @start for no such range
 *
 * Context: any; under cover_lock.
 */
void chunk_avoid(u64 start, u64 end)
{
	avoided = (struct span){ .start = start, .end = end };
}

/**
 * chunk_within() - take chunks from these ranges alone, until told otherwise
 * @ranges: the ranges; NULL for any memory
 *
 * Context: any; under cover_lock.
 */
void chunk_within(const struct ranges *ranges)
{
	within = ranges;
}

/**
 * chunk_expect() - [@start, @end) is going online, until told of another range
 * @start: physical address
 * @end: physical address, exclusive; as @start for no such range
 *
 * Context: any; under cover_lock.
 */
void chunk_expect(u64 start, u64 end)
{
	expected = (struct span){ .start = start, .end = end };
}

/**
 * chunk_expected() - is memory going online?
 * @start: physical address
 * @end: physical address, exclusive
 * @part: set to what of [@start, @end) is
 *
 * Context: any; under cover_lock.
 * Return: false if none of it is.
 */
bool chunk_expected(u64 start, u64 end, struct span *part)
{
	*part = (struct span){ .start = max(start, expected.start), .end = min(end, expected.end) };
	return part->start < part->end;
}

/**
 * chunk_node() - the NUMA node of memory
 * @start: physical address
 * @end: physical address, exclusive
 *
 * Memory that never was online hasn't got one: its part of the memory map isn't initialised.
 *
 * Context: any; under cover_lock.
 * Return: of the first section in [@start, @end) that is online, or that chunk_expect() told of;
 * NUMA_NO_NODE if there is none.
 */
int chunk_node(u64 start, u64 end)
{
	struct span part;
	unsigned long pfn;

	for (pfn = PFN_UP(start); pfn < PHYS_PFN(end); pfn = ALIGN(pfn + 1, PAGES_PER_SECTION))
		if (pfn_to_online_page(pfn))
			return pfn_to_nid(pfn);
	return chunk_expected(start, end, &part) ? pfn_to_nid(PHYS_PFN(part.start)) : NUMA_NO_NODE;
}

/**
 * chunk_forget() - places where nothing was to be had may be tried again
 *
 * Context: any; under cover_lock.
 */
void chunk_forget(void)
{
	places_tried = 0;
}

/**
 * chunk_settle() - before pages of a chunk leave Linux
 *
 * Nobody may be left then who reads them by mistake: SLUB's lockless fast path reads an object that
 * may have been freed, with its page.
 *
 * Context: may sleep; under cover_lock.
 */
void chunk_settle(void)
{
	if (fresh)
		synchronize_rcu_tasks();
	fresh = false;
}
