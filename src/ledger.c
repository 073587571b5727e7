// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel reads a few bytes past the end of a string, into the next page, and counts on an
 * exception fixup that a granule protection fault doesn't get (load_unaligned_zeropad()). So the
 * page before one that is out must not be Linux's. Two functions decide that, under ledger_lock:
 * may_go_out() and free_end().
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/page-flags.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "index.h"
#include "ledger.h"

static DEFINE_MUTEX(ledger_lock);	/* a leaf; protects the set */
static struct ranges ledger;

static const char * const words[LEDGER_KINDS] = {
	[LEDGER_HELD] = "held",
	[LEDGER_OPEN] = "open",
	[LEDGER_READY] = "ready",
	[LEDGER_CHANGING] = "changing",
	[LEDGER_TABLE] = "table",
	[LEDGER_REGION] = "region",
	[LEDGER_RMM] = "rmm",
	[LEDGER_TAKEN] = "taken",
	[LEDGER_REALM] = "realm",
	[LEDGER_LOST] = "lost",
};

/**
 * ledger_word() - a kind of pages, in a word
 * @kind: the kind
 *
 * Context: any.
 * Return: a constant word.
 */
const char *ledger_word(enum ledger_kind kind)
{
	return words[kind];
}

/**
 * ledger_is_out() - does the RMM have such pages, or may it?
 * @kind: the kind
 *
 * Context: any.
 * Return: true if so.
 */
bool ledger_is_out(enum ledger_kind kind)
{
	return kind >= LEDGER_READY;
}

/**
 * ledger_is_loan() - are such pages lent to the RMM, or on their way there or back?
 * @kind: the kind
 *
 * Context: any.
 * Return: true if so; false for what is a consumer's, and for what is lost.
 */
bool ledger_is_loan(enum ledger_kind kind)
{
	return ledger_is_out(kind) && !ledger_is_consumers(kind) && kind != LEDGER_LOST;
}

/**
 * ledger_is_consumers() - has a consumer such pages, or a Realm of its?
 * @kind: the kind
 *
 * Context: any.
 * Return: true if so.
 */
bool ledger_is_consumers(enum ledger_kind kind)
{
	return kind == LEDGER_TAKEN || kind == LEDGER_REALM;
}

/* The two rules; ledger_lock is held ----------------------------------------------------------- */

static bool may_go_out(u64 start)
{
	struct span before;

	return start && ranges_next(&ledger, start - PAGE_SIZE, start, &before);
}

/* How much of a held span may be freed: its last page guards the page behind it if that is out */
static u64 free_end(const struct span *held)
{
	struct span behind;

	if (ranges_next(&ledger, held->end, held->end + PAGE_SIZE, &behind) &&
	    ledger_is_out(behind.kind))
		return held->end - PAGE_SIZE;
	return held->end;
}

/* Pages come and go ---------------------------------------------------------------------------- */

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

static void free_pages_of(u64 start, u64 end)
{
	unsigned long pfn;

	for (pfn = PHYS_PFN(start); pfn < PHYS_PFN(end); pfn++)
		__free_page(pfn_to_page(pfn));
}

static int put(u64 start, u64 end, enum ledger_kind kind, u64 payee)
{
	return ranges_put(&ledger, (struct span){ start, end, kind, payee });
}

/**
 * ledger_keep() - write down what happened to pages that are in the ledger
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; may be @start
 * @kind: what they are now
 * @payee: for which
 *
 * Can't fail: for what has happened already.
 *
 * Context: may sleep; takes ledger_lock.
 */
void ledger_keep(u64 start, u64 end, enum ledger_kind kind, u64 payee)
{
	if (start == end)
		return;
	mutex_lock(&ledger_lock);
	ranges_keep(&ledger, (struct span){ start, end, kind, payee });
	mutex_unlock(&ledger_lock);
}

/**
 * ledger_enter() - hold pages that the allocator gave
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; single pages, each with a reference of its own
 *
 * On error they are freed again.
 *
 * Context: may sleep, allocates; takes ledger_lock.
 * Return: 0 or -ENOMEM.
 */
int ledger_enter(u64 start, u64 end)
{
	int rc;

	rc = index_prepare(start, end);
	if (!rc) {
		mutex_lock(&ledger_lock);
		rc = put(start, end, LEDGER_HELD, 0);
		mutex_unlock(&ledger_lock);
	}
	if (rc) {
		free_pages_of(start, end);
		return rc;
	}
	index_set(start, end, true);
	mark(start, end, true);
	return 0;
}

/**
 * ledger_decline() - give back what the allocator gave and nobody wants
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; as for ledger_enter()
 *
 * Context: may sleep.
 */
void ledger_decline(u64 start, u64 end)
{
	free_pages_of(start, end);
}

/**
 * ledger_free_held() - give all held pages that guard nothing back to the allocator
 *
 * Context: may sleep; takes ledger_lock.
 */
void ledger_free_held(void)
{
	struct span held;
	u64 at = 0, end;

	for (;; at = held.end) {
		mutex_lock(&ledger_lock);
		do {
			if (!ranges_next(&ledger, at, U64_MAX, &held)) {
				mutex_unlock(&ledger_lock);
				return;
			}
			at = held.end;
		} while (held.kind != LEDGER_HELD);
		end = free_end(&held);
		if (held.start < end)
			ranges_remove(&ledger, held.start, end);
		mutex_unlock(&ledger_lock);
		mark(held.start, end, false);
		if (held.start < end)
			index_set(held.start, end, false);
		free_pages_of(held.start, end);
		cond_resched();
	}
}

/**
 * ledger_lend() - pages in hand go out
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start; all of it is held, or ready
 * @kind: what for: one that is out
 * @payee: for which
 *
 * Context: may sleep, allocates; takes ledger_lock.
 * Return: 0; -EPERM if the page before them is Linux's; -ENOMEM.
 */
int ledger_lend(u64 start, u64 end, enum ledger_kind kind, u64 payee)
{
	int rc;

	mutex_lock(&ledger_lock);
	rc = may_go_out(start) ? put(start, end, kind, payee) : -EPERM;
	mutex_unlock(&ledger_lock);
	return rc;
}

/**
 * ledger_is_lent() - is all of [@start, @end) lent, and for the same thing?
 * @start: physical address
 * @end: physical address, exclusive, more than @start
 * @kind: what for
 * @payee: for which
 *
 * Context: may sleep; takes ledger_lock.
 * Return: true if so.
 */
bool ledger_is_lent(u64 start, u64 end, enum ledger_kind kind, u64 payee)
{
	struct span part;
	bool is;

	mutex_lock(&ledger_lock);
	/* Neighbours of one kind and payee are one span */
	is = ranges_next(&ledger, start, end, &part) && part.start == start && part.end == end &&
	     part.kind == kind && part.payee == payee;
	mutex_unlock(&ledger_lock);
	return is;
}

/**
 * ledger_set() - have pages in hand count as another kind
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned
 * @from: what is of another kind stays so
 * @to: as much out as @from
 *
 * Can't fail: pages that nobody could count any more would be nobody's.
 *
 * Context: may sleep; takes ledger_lock.
 */
void ledger_set(u64 start, u64 end, enum ledger_kind from, enum ledger_kind to)
{
	struct span part;

	mutex_lock(&ledger_lock);
	for (; ranges_next(&ledger, start, end, &part); start = part.end)
		if (part.kind == from)
			ranges_keep(&ledger, (struct span){ part.start, part.end, to, 0 });
	mutex_unlock(&ledger_lock);
}

/* Looking -------------------------------------------------------------------------------------- */

/**
 * ledger_next() - the first part of [@start, @end) that is in the ledger
 * @start: physical address
 * @end: physical address, exclusive
 * @part: where to put it
 *
 * Context: may sleep; takes ledger_lock.
 * Return: false if there is no such part.
 */
bool ledger_next(u64 start, u64 end, struct span *part)
{
	bool found;

	mutex_lock(&ledger_lock);
	found = ranges_next(&ledger, start, end, part);
	mutex_unlock(&ledger_lock);
	return found;
}

/**
 * ledger_find() - the first part of [@start, @end) that is of a kind
 * @kind: the kind
 * @start: physical address
 * @end: physical address, exclusive
 * @part: where to put it
 *
 * Context: may sleep; takes ledger_lock.
 * Return: false if there is no such part.
 */
bool ledger_find(enum ledger_kind kind, u64 start, u64 end, struct span *part)
{
	bool found;

	mutex_lock(&ledger_lock);
	do {
		found = ranges_next(&ledger, start, end, part);
		start = part->end;
	} while (found && part->kind != kind);
	mutex_unlock(&ledger_lock);
	return found;
}

/**
 * ledger_has_marked() - is a page of [@start, @end) marked as offline, as all of the ledger are?
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; memory that is online
 *
 * For those who can't wait for the ledger's lock.
 *
 * Context: any.
 * Return: true if so; it may be somebody else's, too, who doesn't want it touched either.
 */
bool ledger_has_marked(u64 start, u64 end)
{
	unsigned long pfn;

	for (pfn = PHYS_PFN(start); pfn < PHYS_PFN(end); pfn++)
		if (PageOffline(pfn_to_page(pfn)))
			return true;
	return false;
}

/**
 * ledger_bytes() - how much is in the ledger
 * @counts: does a kind count?
 *
 * Context: may sleep; takes ledger_lock.
 * Return: bytes.
 */
u64 ledger_bytes(bool (*counts)(enum ledger_kind kind))
{
	unsigned int i;
	u64 sum = 0;

	mutex_lock(&ledger_lock);
	for (i = 0; i < ledger.nr; i++)
		if (counts(ledger.at[i].kind))
			sum += ledger.at[i].end - ledger.at[i].start;
	mutex_unlock(&ledger_lock);
	return sum;
}

/**
 * ledger_walk() - show the ledger
 * @see: called for each span, under ledger_lock
 * @arg: for @see
 *
 * Context: may sleep; takes ledger_lock.
 */
void ledger_walk(void (*see)(void *arg, const struct span *span), void *arg)
{
	unsigned int i;

	mutex_lock(&ledger_lock);
	for (i = 0; i < ledger.nr; i++)
		see(arg, &ledger.at[i]);
	mutex_unlock(&ledger_lock);
}

/**
 * ledger_close() - forget the ledger; what is out remains so, with its guards, marked as offline
 * pages, until reboot
 *
 * Context: may sleep; module unload, nothing else runs.
 */
void ledger_close(void)
{
	const u64 left = ledger_bytes(ledger_is_out);

	if (left) {
		pr_err("%llu KB of memory remain with the RMM until reboot, %llu KB guard them\n",
		       left / SZ_1K, (ranges_bytes(&ledger) - left) / SZ_1K);
		pr_err("don't kexec: another kernel would use them, and die of it\n");
	}
	ranges_clear(&ledger);
}
