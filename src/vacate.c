// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>

#include "chunk.h"
#include "cover.h"
#include "ledger.h"
#include "pagebits.h"
#include "pool.h"
#include "record.h"
#include "undo.h"
#include "vacate.h"
#include "walk.h"

/* All that is online, but for [start, end) */
static int cover_rest(u64 start, u64 end, struct verdict *why)
{
	struct ranges rest = {};
	int rc;

	if (ranges_copy(&rest, &record_view()->online)) {
		rc = verdict_set(why, REASON_NO_MEMORY, "the module's own record");
	} else {
		ranges_remove(&rest, start, end);
		rc = cover_ranges(&rest, cover_pays_at_once(), false, why);
	}
	ranges_clear(&rest);
	return rc;
}

static int stays(const struct span *part, const char *whose, struct verdict *why)
{
	verdict_set(why, REASON_REFUSED, "%#llx-%#llx stays with %s", part->start, part->end,
		    whose);
	return -EBUSY;
}

/**
 * vacate_range() - memory is going offline: take back the pages in it that are lent
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 * @why: set on error
 *
 * What they paid for is paid for anew, from elsewhere, as far as it is for memory that stays; with
 * cover=lazy, when a consumer wants that. Followed by cover_forget(), or by vacate_cancel() if the
 * memory stays after all.
 *
 * Context: may sleep; takes cover_lock.
 * Return: 0; -EBUSY if a consumer has a page of it, or the RMM doesn't give one back; or the
 * negative error number of @why if they can't be replaced.
 */
int vacate_range(u64 start, u64 end, struct verdict *why)
{
	struct span part = { .start = start, .end = end };
	int rc = 0;

	/* The kernel would move what lies there, and not survive reading it */
	if (pagebits_any(start, end))
		return stays(&part, "a consumer", why);
	cover_lock_all();
	if (ledger_find(LEDGER_TAKEN, start, end, &part) ||
	    ledger_find(LEDGER_REALM, start, end, &part)) {
		rc = stays(&part, "a consumer", why);
	} else if (ledger_next(start, end, &part) && !walk_is_released()) {
		undo_paid_from(start, end);
		pool_drain();	/* or it would be paid with the same pages again */
		chunk_avoid(start, end);
		rc = cover_rest(start, end, why);
		chunk_avoid(0, 0);
		if (!rc && ledger_next(start, end, &part))
			rc = stays(&part, "the RMM", why);
	}
	cover_unlock_all();
	return rc;
}

/* What was paid from a block that was to go lacks its cover, wherever it is */
static void note_missing(const struct ranges *known, const struct verdict *why)
{
	struct span gap;
	u64 at;

	for (at = 0; ranges_missing(&record_view()->online, known, at, PAGE_SIZE, &gap);
	     at = gap.end)
		record_missed(gap.start, gap.end, why);
}

/**
 * vacate_cancel() - memory that was going offline stays: cover what vacate_range() uncovered
 * @why: set on error
 *
 * Context: may sleep; takes cover_lock.
 * Return: 0 or the negative error number of @why.
 */
int vacate_cancel(struct verdict *why)
{
	const struct record *r = record_view();
	bool all = true;
	unsigned int i;
	int rc = 0;

	cover_lock_all();
	/* Most often nothing was vacated: an offline that somebody else refused at once */
	for (i = 0; i < r->online.nr; i++)
		all &= record_is_covered(r->online.at[i].start, r->online.at[i].end);
	if (!all && cover_pays_at_once() && !walk_is_released()) {
		rc = cover_rest(0, 0, why);
		if (rc) {
			note_missing(&r->tables, why);
			note_missing(&r->fine, why);
		}
	}
	cover_unlock_all();
	return rc;
}
