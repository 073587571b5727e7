// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/printk.h>

#include "coverage.h"
#include "gpt.h"
#include "ram.h"
#include "ranges.h"
#include "rmm.h"
#include "tracking.h"

/*
 * Taken with the memory hotplug locks and the notifier chain's held (see hotplug.c): nothing that needs one of those may
 * be waited for under it.
 */
static DEFINE_MUTEX(coverage_lock);

struct record {
	struct ranges online;	/* covered memory that Linux uses now */
	struct ranges fine;	/* known to be conventional and tracked FINE; stays so while it is offline */
	struct ranges tables;	/* PARs known to have a level 1 table */
	struct ranges created;	/* the ones among them that have it from us */
};

static struct record record;	/* protected by coverage_lock */

static void record_clear(struct record *r)
{
	ranges_clear(&r->online);
	ranges_clear(&r->fine);
	ranges_clear(&r->tables);
	ranges_clear(&r->created);
}

static int add(struct ranges *set, u64 start, u64 end, struct verdict *why)
{
	if (!ranges_add(set, start, end))
		return 0;
	return verdict_set(why, REASON_NO_MEMORY, "record of %u ranges", set->nr + 1);
}

static int add_all(struct ranges *set, const struct ranges *more, struct verdict *why)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < more->nr; i++)
		rc = add(set, more->at[i].start, more->at[i].end, why);
	return rc;
}

static int record_copy(struct record *to, const struct record *from, struct verdict *why)
{
	int rc = add_all(&to->online, &from->online, why);

	if (!rc)
		rc = add_all(&to->fine, &from->fine, why);
	if (!rc)
		rc = add_all(&to->tables, &from->tables, why);
	if (!rc)
		rc = add_all(&to->created, &from->created, why);
	return rc;
}

/* Downwards, the reverse of how they were made */
static void destroy_tables(const struct ranges *created)
{
	unsigned int i = created->nr;
	u64 kept = 0;

	while (i--)
		kept += gpt_destroy(created->at[i].start, created->at[i].end);
	if (kept)
		pr_warn("the RMM keeps %llu level 1 tables\n", kept);
}

static int ensure_tables(struct record *r, u64 start, u64 end, struct ranges *created, struct verdict *why)
{
	const u64 par_size = rmm_session()->l0gpt_size;
	struct span gap;
	int rc = 0;

	start = ALIGN_DOWN(start, par_size);
	end = ALIGN(end, par_size);
	while (!rc && ranges_gap(&r->tables, start, end, &gap)) {
		rc = gpt_ensure(gap.start, gap.end, created, why);
		if (!rc)
			rc = add(&r->tables, gap.start, gap.end, why);
	}
	return rc;
}

static int ensure_tracking(struct record *r, u64 start, u64 end, struct verdict *why)
{
	struct span gap;
	int rc = 0;

	while (!rc && ranges_gap(&r->fine, start, end, &gap)) {
		rc = tracking_check(gap.start, gap.end, why);
		if (!rc)
			rc = add(&r->fine, gap.start, gap.end, why);
	}
	return rc;
}

/* In this order: a granule can't change hands on its own in a PAR without table */
static int ensure_range(struct record *r, u64 start, u64 end, struct ranges *created, struct verdict *why)
{
	int rc = ensure_tables(r, start, end, created, why);

	if (!rc)
		rc = ensure_tracking(r, start, end, why);
	if (!rc)
		rc = add(&r->online, start, end, why);
	return rc;
}

/*
 * Memory that is online or goes there. All work is done on a copy of the record, which takes its place at the end:
 * so a call that fails has nothing to put right in it.
 */
static int ensure(const struct ranges *ram, struct verdict *why)
{
	struct ranges created = {};
	struct record next = {};
	unsigned int i;
	int rc;

	rc = record_copy(&next, &record, why);
	for (i = 0; !rc && i < ram->nr; i++)
		rc = ensure_range(&next, ram->at[i].start, ram->at[i].end, &created, why);
	if (!rc)
		rc = add_all(&next.created, &created, why);
	if (rc) {
		destroy_tables(&created);
		record_clear(&next);
	} else {
		record_clear(&record);
		record = next;
	}
	ranges_clear(&created);
	return rc;
}

/**
 * coverage_ensure_ram() - cover all memory that is online
 * @why: set on error
 *
 * All or nothing. The memory notifier must be registered already: what goes online or offline meanwhile is seen there,
 * and waits for this to end.
 *
 * Context: may sleep; takes coverage_lock.
 * Return: 0 or the negative error number of @why, as gpt_ensure() and tracking_check().
 */
int coverage_ensure_ram(struct verdict *why)
{
	struct ranges ram = {};
	int rc;

	mutex_lock(&coverage_lock);
	rc = ram_collect(&ram);
	if (rc)
		verdict_set(why, REASON_NO_MEMORY, "list of memory ranges");
	else
		rc = ensure(&ram, why);
	mutex_unlock(&coverage_lock);
	ranges_clear(&ram);
	return rc;
}

/**
 * coverage_ensure() - cover memory that goes online
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 * @why: set on error
 *
 * All or nothing. No command is issued for what is known to be covered.
 *
 * Context: may sleep; takes coverage_lock.
 * Return: 0 or the negative error number of @why, as gpt_ensure() and tracking_check().
 */
int coverage_ensure(u64 start, u64 end, struct verdict *why)
{
	struct span span = { start, end };
	const struct ranges ram = { .at = &span, .nr = 1 };
	int rc;

	mutex_lock(&coverage_lock);
	rc = ensure(&ram, why);
	mutex_unlock(&coverage_lock);
	return rc;
}

/**
 * coverage_prepare_forget() - make sure that one coverage_forget() can't fail
 *
 * Context: may sleep; takes coverage_lock.
 * Return: 0 or -ENOMEM.
 */
int coverage_prepare_forget(void)
{
	int rc;

	mutex_lock(&coverage_lock);
	rc = ranges_reserve(&record.online);
	mutex_unlock(&coverage_lock);
	return rc;
}

/**
 * coverage_forget() - memory went offline, or didn't go online after all
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 *
 * What the RMM does for it remains: it costs nothing, and the memory may come back. Follows a coverage_prepare_forget()
 * or a coverage_ensure() of the same range.
 *
 * Context: may sleep; takes coverage_lock.
 */
void coverage_forget(u64 start, u64 end)
{
	mutex_lock(&coverage_lock);
	ranges_remove(&record.online, start, end);
	mutex_unlock(&coverage_lock);
}

/**
 * coverage_release() - undo all that was done, and forget what is known
 *
 * Context: may sleep; takes coverage_lock. The memory notifier isn't registered any more.
 */
void coverage_release(void)
{
	mutex_lock(&coverage_lock);
	destroy_tables(&record.created);
	record_clear(&record);
	mutex_unlock(&coverage_lock);
}

/**
 * coverage_bytes() - how much memory is online and covered
 *
 * Context: may sleep; takes coverage_lock.
 * Return: bytes.
 */
u64 coverage_bytes(void)
{
	u64 bytes;

	mutex_lock(&coverage_lock);
	bytes = ranges_bytes(&record.online);
	mutex_unlock(&coverage_lock);
	return bytes;
}
