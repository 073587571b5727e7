// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/numa.h>
#include <linux/page-flags.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "compat.h"
#include "donor.h"
#include "granule.h"
#include "trace.h"

/*
 * Pages that the buddy allocator gave and that lie in the wrong place are held until the right ones
 * are found
 */
#define MAX_MISSES	32

/* bytes: so much is taken at once where less is wanted */
#define CHUNK		SZ_512K

/*
 * bytes: so much is kept delegated while others are going to want it, which is about what they are
 * lent while the next chunk is cleared
 */
#define ENOUGH_READY	SZ_1M

/* As many pageblocks must be in what is to pay for itself */
#define SELF_BLOCKS	64

/*
 * How many places are tried in vain before it is believed that there is no memory; each may take
 * milliseconds
 */
#define MAX_PLACES	1024

/* ... where there is another way, and it is taken for good after so many */
#define MAX_BRIEF	16
#define MAX_ALL_BRIEF	256

/* No warning: what can't be had is said by who asked. No OOM killer: nobody should die for this. */
#define DONOR_GFP	(GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

/* a leaf, but for the allocator's own locks; protects what follows */
static DEFINE_MUTEX(donor_lock);
/*
 * Pages that are with the RMM or about to be, by owner: what regions were lent, and what PARs were.
 * Each grows at its end, most of the time.
 */
static struct ranges out[2];
static struct ranges lost;		/* pages that never come back */
/* pages that are delegated, and lent for nothing yet, until donor_clear_stock() */
static struct ranges ready;
static u64 due;				/* bytes: see donor_announce() */
/* pages that we have and lend to nobody yet, until donor_clear_stock() */
static struct ranges stock;
/* places tried in vain since one wasn't, or donor_clear_stock() */
static atomic_t failures = ATOMIC_INIT(0);
static struct span avoided;		/* memory that is going offline */
static struct span expected;		/* memory that is going online */

/* Taken before donor_lock, and held while pages are delegated for many: others wait for these */
static DEFINE_MUTEX(ready_lock);

/* Placement ------------------------------------------------------------------------------------ */

static bool lies_in(const struct ranges *set, u64 start, u64 end)
{
	struct span gap;

	return set && !ranges_gap(set, start, end, &gap);
}

/* Where pages may lie besides the payer's own memory, for those that aren't delegated */
static const struct ranges *elsewhere(const struct payer *payer, unsigned int how)
{
	if (how & DONOR_DELEGATED)
		return payer->far;
	return how & DONOR_BRIEFLY ? NULL : payer->near;
}

static bool is_place(const struct payer *payer, unsigned int how, u64 start, u64 end)
{
	if (!(how & DONOR_DELEGATED) && start >= payer->self.start && end <= payer->self.end)
		return true;
	return lies_in(elsewhere(payer, how), start, end);
}

static bool is_avoided(u64 start, u64 end)
{
	return start < avoided.end && end > avoided.start;
}

static bool is_boot_memory(u64 start)
{
	return early_section(__pfn_to_section(PHYS_PFN(start)));
}

/* All of it that is memory at all, and some of it is */
static bool was_there_at_boot(u64 start, u64 end)
{
	unsigned long pfn = PHYS_PFN(start);
	bool boot = false;

	for (; pfn < PHYS_PFN(end); pfn = ALIGN(pfn + 1, PAGES_PER_SECTION)) {
		if (!pfn_valid(pfn))
			continue;
		if (!is_boot_memory(PFN_PHYS(pfn)))
			return false;
		boot = true;
	}
	return boot;
}

/**
 * donor_pays_for_itself() - should memory pay for itself rather than with delegated pages?
 * @start: physical address of a PAR or tracking region
 * @end: physical address, exclusive
 *
 * That takes fewer commands, but whole pageblocks, each of which is isolated and cleared. These are
 * 2 MB in a region of 1 GB where pages have 4 KB; of 16 KB pages a region is no larger than one.
 * Memory that can be taken out of the machine is rather left free to go.
 *
 * Context: any.
 * Return: true if so.
 */
bool donor_pays_for_itself(u64 start, u64 end)
{
	return was_there_at_boot(start, end) &&
	       (end - start) / PAGE_SIZE >= SELF_BLOCKS * pageblock_nr_pages;
}

static void free_run(u64 start, u64 end)
{
	unsigned long pfn;

	for (pfn = PHYS_PFN(start); pfn < PHYS_PFN(end); pfn++)
		__free_page(pfn_to_page(pfn));
}

/* For later; without memory to write it down, nothing is kept */
static void keep(u64 start, u64 end)
{
	int rc;

	mutex_lock(&donor_lock);
	rc = ranges_add(&stock, start, end);
	mutex_unlock(&donor_lock);
	if (rc)
		free_run(start, end);
}

/* What isn't wanted now is kept */
static struct page *take_block(const struct payer *payer, unsigned int how, u64 pages,
			       unsigned int order, unsigned int most, bool boot)
{
	struct page *miss[MAX_MISSES], *page = NULL;
	unsigned int misses = 0;

	while (misses < most) {
		u64 start, end;

		page = alloc_pages_node(payer->nid, DONOR_GFP, order);
		if (!page)
			break;
		start = page_to_phys(page);
		end = start + (PAGE_SIZE << order);
		if (is_place(payer, how, start, end) && !is_avoided(start, end) &&
		    (!boot || is_boot_memory(start)))
			break;
		miss[misses++] = page;
		page = NULL;
	}
	while (misses)
		__free_pages(miss[--misses], order);
	if (!page)
		return NULL;
	split_page(page, order);
	if (pages < 1ULL << order)
		keep(page_to_phys(page + pages), page_to_phys(page) + (PAGE_SIZE << order));
	return page;
}

/*
 * Single pages come from all over memory, larger blocks from where much is free: there the next
 * one lies as well
 */
static struct page *from_buddy(const struct payer *payer, unsigned int how, u64 pages, bool boot)
{
	const unsigned int order = get_order(pages * PAGE_SIZE), large = get_order(CHUNK);
	struct page *page = NULL;

	if (how & DONOR_BRIEFLY)
		return take_block(payer, how, pages, order, 1, boot);
	if (order < large)
		page = take_block(payer, how, pages, large, 1, boot);
	return page ?: take_block(payer, how, pages, order, MAX_MISSES, boot);
}

/*
 * alloc_contig_range() wants them all of one zone, and looks at whole pageblocks. Of a subsection
 * all is online, or nothing.
 */
static bool is_candidate(unsigned long pfn, unsigned long end)
{
	const struct zone *zone = NULL;
	struct page *page = NULL;

	for (; pfn < end; pfn++, page++) {
		if (!zone || IS_ALIGNED(pfn, PAGES_PER_SUBSECTION))
			page = pfn_to_online_page(pfn);
		if (!page || (zone && page_zone(page) != zone) || PageReserved(page))
			return false;
		zone = page_zone(page);
	}
	return true;
}

/*
 * Whole pageblocks are taken. What isn't wanted now is kept: where little memory is FINE so far,
 * there is no other to be had, and the allocator wouldn't give these very pages again.
 */
static struct page *take_place(unsigned long pfn, unsigned long pages)
{
	const unsigned long end = ALIGN(pfn + pages, pageblock_nr_pages);

	if (!is_candidate(pfn, end) ||
	    compat_alloc_contig_range(pfn, end, GFP_KERNEL | __GFP_NOWARN))
		return NULL;
	if (pfn + pages < end)
		keep(PFN_PHYS(pfn + pages), PFN_PHYS(end));
	return pfn_to_page(pfn);
}

static bool fits(const struct payer *payer, unsigned int how, u64 size, struct span s,
		 struct span *found)
{
	const u64 start = how & DONOR_EXACTLY ? ALIGN(s.start, roundup_pow_of_two(size)) : s.start;

	if (start >= s.end || s.end - start < size ||
	    !is_place(payer, how, start, start + size))
		return false;
	*found = (struct span){ start, start + size, 0 };
	return true;
}

static bool is_local(const struct payer *payer, u64 start)
{
	return payer->nid == NUMA_NO_NODE || payer->nid == pfn_to_nid(PHYS_PFN(start));
}

static bool find_in_stock(const struct payer *payer, unsigned int how, u64 size, bool local,
			  struct span *found)
{
	struct span s;
	unsigned int i;
	u64 at;

	/* There may be some of each region in it */
	for (at = payer->self.start; ranges_next(&stock, at, payer->self.end, &s); at = s.end)
		if (fits(payer, how, size, s, found))
			return true;
	for (i = 0; elsewhere(payer, how) && i < stock.nr; i++)
		if ((!local || is_local(payer, stock.at[i].start)) &&
		    fits(payer, how, size, stock.at[i], found))
			return true;
	return false;
}

static struct page *from_stock(const struct payer *payer, unsigned int how, u64 pages, bool local)
{
	struct page *page = NULL;
	struct span found;

	mutex_lock(&donor_lock);
	if (find_in_stock(payer, how, pages * PAGE_SIZE, local, &found)) {
		ranges_remove(&stock, found.start, found.end);
		page = pfn_to_page(PHYS_PFN(found.start));
	}
	mutex_unlock(&donor_lock);
	return page;
}

static struct page *from_span(const struct span *span, u64 pages, bool boot, bool briefly)
{
	const u64 align = PAGE_SIZE * max_t(u64, roundup_pow_of_two(pages), pageblock_nr_pages);
	unsigned int tries = 0;
	u64 at;

	for (at = ALIGN(span->start, align); at < span->end && span->end - at >= align;
	     at += align) {
		struct page *page;

		/* Holes are large, and cost nothing to step over */
		if (!pfn_to_online_page(PHYS_PFN(at)) || is_avoided(at, at + align) ||
		    (boot && !is_boot_memory(at)))
			continue;
		if (briefly && (tries++ == MAX_BRIEF || atomic_read(&failures) > MAX_ALL_BRIEF))
			return NULL;
		if (atomic_inc_return(&failures) > MAX_PLACES)
			return NULL;
		cond_resched();
		page = take_place(PHYS_PFN(at), pages);
		if (page) {
			atomic_set(&failures, 0);
			return page;
		}
	}
	return NULL;
}

static struct page *from_places(const struct payer *payer, unsigned int how, u64 pages, bool boot)
{
	const struct ranges *where = elsewhere(payer, how);
	struct page *page = NULL;
	unsigned int i;

	/*
	 * What is there has to move elsewhere. Where that can't be, the kernel says so with a
	 * backtrace.
	 */
	if (si_mem_available() < (long)pages)
		return NULL;
	if (!(how & DONOR_DELEGATED))
		page = from_span(&payer->self, pages, boot, how & DONOR_BRIEFLY);
	for (i = 0; !page && where && i < where->nr; i++)
		page = from_span(&where->at[i], pages, boot, false);
	return page;
}

/*
 * Rather from boot memory, and rather from the buddy allocator, if only a part of what is wanted.
 * Places are taken by whole pageblocks, so that they are asked for once, whatever the size.
 */
static struct page *find_pages(const struct payer *payer, unsigned int how, u64 *pages)
{
	const u64 wanted = *pages;
	struct page *page = NULL;
	int boot;

	for (boot = 1; !page && boot >= 0; boot--) {
		for (*pages = wanted; !page && *pages; *pages /= 2) {
			page = from_stock(payer, how, *pages, true);
			if (!page && *pages <= MAX_ORDER_NR_PAGES)
				page = from_buddy(payer, how, *pages, boot);
			if (!page)
				page = from_stock(payer, how, *pages, false);
			if (page || how & (DONOR_EXACTLY | DONOR_BRIEFLY))
				break;
		}
		if (page)
			break;
		*pages = wanted;
		page = from_places(payer, how, wanted, boot);
	}
	return page;
}

/* The ledger ----------------------------------------------------------------------------------- */

/*
 * Dump, /proc/kcore, hibernation and migration leave such pages alone. They would read others, and
 * the kernel doesn't survive that.
 */
static void mark(u64 start, u64 end, bool offline)
{
	unsigned long pfn;

	page_offline_begin();
	for (pfn = PHYS_PFN(start); pfn < PHYS_PFN(end); pfn++) {
		if (offline)
			__SetPageOffline(pfn_to_page(pfn));
		else
			__ClearPageOffline(pfn_to_page(pfn));
	}
	page_offline_end();
}

static struct ranges *lent_for(u64 owner)
{
	return &out[owner & DONOR_TABLE];
}

static void strike_off(u64 start, u64 end)
{
	ranges_remove(&out[0], start, end);
	ranges_remove(&out[1], start, end);
	ranges_remove(&ready, start, end);
}

static void lose(u64 start, u64 end)
{
	struct span part;

	mutex_lock(&donor_lock);
	if (ranges_next(&out[0], start, end, &part) || ranges_next(&out[1], start, end, &part) ||
	    ranges_next(&ready, start, end, &part))
		trace_rmi_memory("lose", start, end, donor_kind(part.owner),
				 donor_base(part.owner));
	ranges_keep(&lost, start, end);
	strike_off(start, end);
	mutex_unlock(&donor_lock);
}

/* They are ours: strike them off, and give them to the allocator */
static void repossess(u64 start, u64 end)
{
	mark(start, end, false);
	mutex_lock(&donor_lock);
	strike_off(start, end);
	mutex_unlock(&donor_lock);
	free_run(start, end);
}

/* What granule_recover() can't have back never reaches the allocator */
static int undelegate(u64 start, u64 end, bool refused)
{
	const u64 gone = granule_recover(start, end, refused, repossess, lose);

	if (!gone)
		return 0;
	pr_err_ratelimited("%llu KB are lost until reboot: the RMM doesn't undelegate them\n",
			   gone / SZ_1K);
	return -EIO;
}

/**
 * donor_stock() - have memory ready where the allocator has some to spare
 * @bytes: so much in one piece, or a little more, if it can be had; else the largest piece that can
 *
 * It is what a donor_take() that can use it gets first, until donor_clear_stock().
 *
 * Context: may sleep, allocates; takes donor_lock.
 * Return: physical address of that piece, which is boot memory; 0 if there is nothing.
 */
u64 donor_stock(u64 bytes)
{
	int order = get_order(clamp_t(u64, bytes, CHUNK, MAX_ORDER_NR_PAGES * PAGE_SIZE));

	for (; order >= 0; order--) {
		struct page *page = alloc_pages_node(NUMA_NO_NODE, DONOR_GFP, order);
		const u64 at = page ? page_to_phys(page) : 0;

		if (!page)
			continue;
		if (is_boot_memory(at)) {
			split_page(page, order);
			keep(at, at + (PAGE_SIZE << order));
			return at;
		}
		__free_pages(page, order);
	}
	return 0;
}

/**
 * donor_announce() - some will want delegated pages, a few each
 * @bytes: how much they will want in all
 *
 * What one of them gets delegated is then for the others as well, until donor_clear_stock().
 *
 * Context: may sleep; takes donor_lock.
 */
void donor_announce(u64 bytes)
{
	mutex_lock(&donor_lock);
	due = bytes - min(bytes, ranges_bytes(&ready));
	mutex_unlock(&donor_lock);
}

/**
 * donor_node() - the NUMA node of memory
 * @start: physical address
 * @end: physical address, exclusive
 *
 * Memory that never was online hasn't got one: its part of the memory map isn't initialised.
 *
 * Context: any.
 * Return: of the first section in [@start, @end) that is online, or that donor_expect() told of;
 * NUMA_NO_NODE if there is none.
 */
int donor_node(u64 start, u64 end)
{
	unsigned long pfn;

	for (pfn = PFN_UP(start); pfn < PHYS_PFN(end); pfn = ALIGN(pfn + 1, PAGES_PER_SECTION))
		if (pfn_to_online_page(pfn))
			return pfn_to_nid(pfn);
	if (start < expected.end && end > expected.start)
		return pfn_to_nid(PHYS_PFN(max(start, expected.start)));
	return NUMA_NO_NODE;
}

static int take(const struct payer *payer, u64 pages, unsigned int how, u64 owner, struct run *run)
{
	const bool delegated = how & DONOR_DELEGATED;
	struct rmi_regs refusal;
	struct page *page;
	u64 end, reached;
	int rc;

	page = find_pages(payer, how, &pages);
	if (!page)
		return -ENOMEM;
	*run = (struct run){ .start = page_to_phys(page), .pages = pages, .delegated = delegated };
	end = run->start + pages * PAGE_SIZE;

	mutex_lock(&donor_lock);
	rc = ranges_add_owned(lent_for(owner), run->start, end, owner);
	mutex_unlock(&donor_lock);
	if (rc) {
		free_run(run->start, end);
		return -ENOMEM;
	}
	mark(run->start, end, true);
	if (!delegated)
		return 0;
	rc = granule_delegate(run->start, end, &reached, &refusal);
	if (!rc)
		return 0;
	undelegate(run->start, reached, false);
	undelegate(reached, end, rc != -EPROTO);
	return -EIO;
}

static int take_from_ready(const struct payer *payer, u64 pages, bool local, struct run *run)
{
	int rc = -ENOMEM;
	unsigned int i;

	mutex_lock(&donor_lock);
	for (i = 0; rc && i < ready.nr; i++) {
		const struct span s = ready.at[i];
		u64 end;

		if ((local && !is_local(payer, s.start)) || !lies_in(payer->far, s.start, s.end))
			continue;
		pages = min(pages, rounddown_pow_of_two((s.end - s.start) / PAGE_SIZE));
		end = s.start + pages * PAGE_SIZE;
		rc = ranges_add_owned(lent_for(payer->owner), s.start, end, payer->owner);
		if (!rc)
			ranges_remove(&ready, s.start, end);
		*run = (struct run){ .start = s.start, .pages = pages, .delegated = true };
	}
	mutex_unlock(&donor_lock);
	return rc;
}

/*
 * One command delegates many as well as few: those that are due, if these aren't too many. Others
 * may have them when all are delegated, and not before.
 */
static int make_ready(const struct payer *payer, u64 pages)
{
	struct run run;
	u64 end;
	int rc;

	mutex_lock(&donor_lock);
	pages = max(pages, min_t(u64, due, CHUNK) / PAGE_SIZE);
	mutex_unlock(&donor_lock);
	rc = pages ? take(payer, pages, DONOR_DELEGATED, DONOR_READY, &run) : 0;
	if (rc || !pages)
		return rc;
	end = run.start + run.pages * PAGE_SIZE;
	mutex_lock(&donor_lock);
	rc = ranges_add_owned(&ready, run.start, end, DONOR_READY);
	if (!rc) {
		ranges_remove(lent_for(DONOR_READY), run.start, end);
		due -= min(due, end - run.start);
	}
	mutex_unlock(&donor_lock);
	if (rc)
		donor_take_back(run.start, end, true);
	return rc;
}

static bool is_getting_low(void)
{
	bool low;

	mutex_lock(&donor_lock);
	low = due && ranges_bytes(&ready) < ENOUGH_READY;
	mutex_unlock(&donor_lock);
	return low;
}

/* Memory is cleared before one gets it, which takes a while: so let nobody wait for that in vain */
static int take_delegated(const struct payer *payer, u64 pages, struct run *run)
{
	int rc = take_from_ready(payer, pages, true, run);

	if (!rc) {
		if (is_getting_low() && mutex_trylock(&ready_lock)) {
			make_ready(payer, 0);
			mutex_unlock(&ready_lock);
		}
		return 0;
	}
	mutex_lock(&ready_lock);
	rc = take_from_ready(payer, pages, true, run);
	if (rc)
		rc = make_ready(payer, pages) ?: take_from_ready(payer, pages, false, run);
	mutex_unlock(&ready_lock);
	return rc;
}

/**
 * donor_take() - take pages out of Linux's hands, to be lent to the RMM
 * @payer: for whom, and from where
 * @pages: how many; as many as that, or else a power of two that is less
 * @how: DONOR_*
 * @run: set to what was taken
 *
 * They are in the ledger, as being out, until donor_take_back().
 *
 * Context: may sleep, allocates; takes donor_lock.
 * Return: 0; -ENOMEM if they can't be had; -EIO if they can't be delegated.
 */
int donor_take(const struct payer *payer, u64 pages, unsigned int how, struct run *run)
{
	if (!(how & DONOR_EXACTLY))
		pages = min_t(u64, rounddown_pow_of_two(pages), MAX_ORDER_NR_PAGES);
	if (how == DONOR_DELEGATED && pages < CHUNK / PAGE_SIZE)
		return take_delegated(payer, pages, run);
	return take(payer, pages, how, payer->owner, run);
}

/**
 * donor_take_back() - the RMM gave pages back, or didn't take them
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; all of it is in the ledger
 * @delegated: they have to be undelegated first
 *
 * What can't be undelegated is lost until reboot, and never reaches the allocator.
 *
 * Context: may sleep; takes donor_lock.
 * Return: 0 or -EIO if something was lost.
 */
int donor_take_back(u64 start, u64 end, bool delegated)
{
	if (delegated)
		return undelegate(start, end, false);
	if (start < end)
		repossess(start, end);
	return 0;
}

/**
 * donor_has() - is all of [@start, @end) lent, and for the same thing?
 * @start: physical address
 * @end: physical address, exclusive, more than @start
 * @owner: that thing, as in struct payer
 *
 * Context: may sleep; takes donor_lock.
 * Return: true if so.
 */
bool donor_has(u64 start, u64 end, u64 owner)
{
	struct span part;
	bool has;

	mutex_lock(&donor_lock);
	/* Neighbours of one owner are one range */
	has = ranges_next(lent_for(owner), start, end, &part) && part.start == start &&
	      part.end == end && part.owner == owner;
	mutex_unlock(&donor_lock);
	return has;
}

/**
 * donor_next() - the first part of [@start, @end) that is lent
 * @start: physical address
 * @end: physical address, exclusive
 * @part: where to put it, with its owner
 *
 * Context: may sleep; takes donor_lock.
 * Return: false if there is no such part.
 */
bool donor_next(u64 start, u64 end, struct span *part)
{
	struct span table;
	bool found;

	mutex_lock(&donor_lock);
	found = ranges_next(&out[0], start, end, part);
	if (ranges_next(&out[1], start, found ? part->start : end, &table)) {
		*part = table;
		found = true;
	}
	mutex_unlock(&donor_lock);
	return found;
}

/**
 * donor_clear_stock() - nothing more is going to be taken for now: free what was kept for that
 *
 * Context: may sleep; takes donor_lock. No donor_take() runs at the same time.
 */
void donor_clear_stock(void)
{
	unsigned int i;

	while (ready.nr)
		donor_take_back(ready.at[0].start, ready.at[0].end, true);
	ranges_clear(&ready);
	mutex_lock(&donor_lock);
	for (i = 0; i < stock.nr; i++) {
		free_run(stock.at[i].start, stock.at[i].end);
		cond_resched();
	}
	ranges_clear(&stock);
	atomic_set(&failures, 0);
	due = 0;
	mutex_unlock(&donor_lock);
}

/**
 * donor_avoid() - take no pages from [@start, @end), until told of another range
 * @start: physical address
 * @end: physical address, exclusive; as @start for no such range
 *
 * Context: any; no donor_take() runs at the same time.
 */
void donor_avoid(u64 start, u64 end)
{
	avoided = (struct span){ start, end };
}

/**
 * donor_expect() - [@start, @end) is going online, until told of another range
 * @start: physical address
 * @end: physical address, exclusive; as @start for no such range
 *
 * Context: any; no donor_take() runs at the same time.
 */
void donor_expect(u64 start, u64 end)
{
	expected = (struct span){ start, end };
}

/**
 * donor_bytes_out() - how much is lent
 *
 * Context: may sleep; takes donor_lock.
 * Return: bytes.
 */
u64 donor_bytes_out(void)
{
	u64 bytes;

	mutex_lock(&donor_lock);
	bytes = ranges_bytes(&out[0]) + ranges_bytes(&out[1]) + ranges_bytes(&ready);
	mutex_unlock(&donor_lock);
	return bytes;
}

/**
 * donor_bytes_lost() - how much will not come back until reboot
 *
 * Context: may sleep; takes donor_lock.
 * Return: bytes.
 */
u64 donor_bytes_lost(void)
{
	u64 bytes;

	mutex_lock(&donor_lock);
	bytes = ranges_bytes(&lost);
	mutex_unlock(&donor_lock);
	return bytes;
}

/**
 * donor_walk() - show the ledger
 * @see: called for each range that is out, with its owner, and for each that is lost; under
 * donor_lock
 * @arg: for @see
 *
 * Context: may sleep; takes donor_lock.
 */
void donor_walk(void (*see)(void *arg, const struct span *span, bool lost), void *arg)
{
	unsigned int i, j;

	mutex_lock(&donor_lock);
	for (i = 0; i < ARRAY_SIZE(out); i++)
		for (j = 0; j < out[i].nr; j++)
			see(arg, &out[i].at[j], false);
	for (j = 0; j < ready.nr; j++)
		see(arg, &ready.at[j], false);
	for (j = 0; j < lost.nr; j++)
		see(arg, &lost.at[j], true);
	mutex_unlock(&donor_lock);
}

/**
 * donor_kind() - what pages were lent for, in a word
 * @owner: as in struct payer
 *
 * Context: any.
 * Return: a constant word.
 */
const char *donor_kind(u64 owner)
{
	if (owner == DONOR_RMM)
		return "rmm";
	if (owner == DONOR_READY)
		return "ready";
	return owner & DONOR_TABLE ? "table" : "region";
}

/**
 * donor_base() - where that lies
 * @owner: as in struct payer
 *
 * Context: any.
 * Return: physical address of the PAR or tracking region; 0 for neither.
 */
u64 donor_base(u64 owner)
{
	return owner >= DONOR_READY ? 0 : owner & ~DONOR_TABLE;
}

/**
 * donor_close() - forget the ledger; what is out or lost remains so, marked as offline pages, until
 * reboot
 *
 * Context: may sleep; module unload, nothing else runs.
 */
void donor_close(void)
{
	const u64 left = donor_bytes_out() + donor_bytes_lost();

	donor_clear_stock();
	if (left)
		pr_err("%llu KB of memory remain with the RMM until reboot\n", left / SZ_1K);
	ranges_clear(&out[0]);
	ranges_clear(&out[1]);
	ranges_clear(&lost);
}
