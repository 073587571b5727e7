// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the whole works. Memory is covered in one transaction, all or nothing, under cover_lock:
 *
 * 1. Survey: which PARs have a level 1 table, and what memory is FINE, or can be made so?
 * 2. Tables, for the PARs that lack one. They come first: without a table no granule of a PAR can
 *    change hands on its own, and metadata is lent granule by granule.
 * 3. Regions that aren't FINE are made so. What no answer says is tried then (probe.c).
 * 4. The memory is in the record as online. If anything failed, what was made is undone instead.
 * Where this kernel's own driver has the RMM, 2 and 3 are left out.
 *
 * Where the RMM wants memory for 2 and 3, it is lent pages of the stock (pool.c). A change to FINE
 * can't be cancelled, so there must be stock for it before it begins: a chunk of memory is taken;
 * its own PAR gets a table and its own region becomes FINE, both paid with undelegated pages of the
 * chunk, since a page that describes its own region must be undelegated; then the rest of the chunk
 * can be delegated, which is what other regions are paid with. An operation that still runs short
 * is left as it is, more is taken into stock, and it is gone on with.
 *
 * What the RMM left unfinished is gone on with first in the next transaction, and once a second.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "chunk.h"
#include "cover.h"
#include "gpt.h"
#include "make.h"
#include "parked.h"
#include "probe.h"
#include "ram.h"
#include "record.h"
#include "region.h"
#include "rmm.h"
#include "sro.h"
#include "undo.h"
#include "update.h"
#include "walk.h"

/*
 * One transaction at a time; held over commands. Taken with the memory hotplug locks and the
 * notifier chain's held (see events.c): nothing that needs one of those may be waited for under it.
 */
static DEFINE_MUTEX(cover_lock);

/* From a load that succeeded to the end: memory is covered before it goes online, or refused */
static bool guarding;			/* under cover_lock */

/* Pay for what is used, or only when a consumer wants to use it */
static bool lazy;

static int cover_set(const char *val, const struct kernel_param *kp)
{
	const bool is_lazy = sysfs_streq(val, "lazy");

	if (!is_lazy && !sysfs_streq(val, "eager"))
		return -EINVAL;
	lazy = is_lazy;
	return 0;
}

static int cover_get(char *buf, const struct kernel_param *kp)
{
	return sprintf(buf, "%s\n", lazy ? "lazy" : "eager");
}

static const struct kernel_param_ops cover_ops = {
	.set = cover_set,
	.get = cover_get,
};
module_param_cb(cover, &cover_ops, NULL, 0400);
MODULE_PARM_DESC(cover,
		 "eager (default): pay the RMM for all memory at once; lazy: when it is delegated");

static int no_room(struct verdict *why)
{
	return verdict_set(why, REASON_NO_MEMORY, "the module's own record");
}

static void retry(struct work_struct *unused);
static DECLARE_DELAYED_WORK(retrying, retry);

static bool is_ready(enum ledger_kind kind)
{
	return kind == LEDGER_READY;
}

/* What the RMM could not do now it may do in a second. Nobody asks one that makes no sense. */
static void try_later(void)
{
	if (!rmi_latched(NULL) && (parked_any() || ledger_bytes(is_ready)))
		schedule_delayed_work(&retrying, HZ);
}

/* One transaction ------------------------------------------------------------------------------ */

/* The RMM speaks of no memory behind this, and we don't ask it */
static int check_ends(const struct ranges *ram, struct verdict *why)
{
	const u64 pa_end = rmm_session()->pa_end;
	const struct span *last = ram->nr ? &ram->at[ram->nr - 1] : NULL;

	if (!last || last->end <= pa_end)
		return 0;
	return verdict_set(why, REASON_NOT_TRACKED,
			   "%#llx-%#llx beyond the RMM's address space of %#llx",
			   max(last->start, pa_end), last->end, pa_end);
}

static int survey(const struct ranges *ram, bool pay, struct ranges *reserved, struct verdict *why)
{
	struct ranges tables = {}, fine = {}, payable = {};
	int rc;

	if (ranges_copy(&tables, &record_view()->tables) ||
	    ranges_copy(&fine, &record_view()->fine) ||
	    ranges_copy(&payable, &record_view()->payable)) {
		ranges_clear(&tables);
		ranges_clear(&fine);
		ranges_clear(&payable);
		return no_room(why);
	}
	rc = gpt_survey(ram, &tables, reserved, why);
	if (!rc)
		rc = region_survey(ram, pay, &fine, &payable, why);
	record_learn(&tables, &fine, &payable);
	return rc;
}

/**
 * cover_ranges() - cover memory that is online or goes there
 * @ram: the memory
 * @pay: have made what it lacks; else only see that it can be had
 * @killable: a signal that ends this process ends it
 * @why: set on error
 *
 * All or nothing, but for what the RMM doesn't undo. Where the RMM is the kernel's, nothing is
 * made: memory is covered already, or it can't be had.
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0 or the negative error number of @why.
 */
int cover_ranges(const struct ranges *ram, bool pay, bool killable, struct verdict *why)
{
	struct ranges reserved = {};
	unsigned int mark;
	int rc = check_ends(ram, why) ?: parked_clear(ram, why);

	if (rc)
		return rc;
	mark = record_view()->nr;
	walk_open(killable ? WALK_MAKE_KILLABLE : WALK_MAKE, rmi_timeout_ms());
	if (ram->nr)
		rc = survey(ram, pay, &reserved, why);
	if (!rc && rmm_is_kernels())
		rc = gpt_check(ram, &record_view()->tables, why);
	else if (!rc && pay)
		rc = make_tables(ram, why) ?: make_regions(ram, why);
	else if (!rc && ram->nr)
		rc = probe_table(ram, why);
	if (!rc)
		rc = probe_reserved(ram, &reserved, why);
	if (!rc && record_online(ram))
		rc = no_room(why);
	if (rc) {
		record_has_no_tables(&reserved);
		undo_to(mark, rmi_timeout_ms());
	}
	ranges_clear(&reserved);
	pool_drain();
	return rc;
}

/**
 * cover_pays_at_once() - is memory paid for when it goes online?
 *
 * Context: any.
 * Return: false if it is when a consumer wants it (cover=lazy).
 */
bool cover_pays_at_once(void)
{
	return !lazy;
}

/**
 * cover_lock_all() - begin a transaction of one's own
 *
 * Context: may sleep; takes cover_lock, which is free of it again with cover_unlock_all().
 */
void cover_lock_all(void)
{
	mutex_lock(&cover_lock);
}

/* The life of the module ----------------------------------------------------------------------- */

static int start(bool fresh, bool killable, struct verdict *why)
{
	struct ranges ram = {};
	int rc = 0;

	if (walk_is_released())
		rc = verdict_set(why, REASON_RELEASED, "%s", "");
	if (!rc && fresh) {
		record_forget();
		update_forget();
		rc = rmm_open(why);
	}
	if (!rc)
		rc = ram_collect(&ram, !rmm_is_kernels()) ?
		     no_room(why) : cover_ranges(&ram, !lazy, killable, why);
	ranges_clear(&ram);
	guarding = !rc;
	if (rc && !parked_any())
		rmm_close();
	if (!rc)
		verdict_set(why, REASON_OK, "%s", "");
	record_set_verdict(why);
	return rc;
}

/* After a pause it may be another RMM that answers, or the one again that there was before */
static void look_again(void)
{
	struct verdict why;

	if (walk_is_released() || !(guarding || update_took_rmm_away()) || !update_check(&why))
		return;
	guarding = false;
	if (update_took_rmm_away())
		record_set_verdict(&why);
	else
		start(false, false, &why);
}

/**
 * cover_unlock_all() - end it, and publish the verdict on what is known now
 *
 * Context: may sleep.
 */
void cover_unlock_all(void)
{
	look_again();
	try_later();
	record_publish();
	mutex_unlock(&cover_lock);
}

/**
 * cover_start() - find the RMM, and cover all memory that is online
 * @fresh: it may be another RMM, or another session, than before
 * @killable: a signal that ends this process ends it
 * @why: set
 *
 * All or nothing. The memory notifier must be registered already: what goes online or offline
 * meanwhile is seen there, and waits for this to end. The verdict is published.
 *
 * Context: may sleep; takes cover_lock.
 * Return: 0 or the negative error number of @why.
 */
int cover_start(bool fresh, bool killable, struct verdict *why)
{
	int rc;

	mutex_lock(&cover_lock);
	rc = start(fresh, killable, why);
	cover_unlock_all();
	return rc;
}

/* Once a second while something is unfinished; a load that failed for that is tried again */
static void retry(struct work_struct *unused)
{
	struct verdict v;

	if (!mutex_trylock(&cover_lock)) {
		schedule_delayed_work(&retrying, HZ);
		return;
	}
	parked_resume();
	pool_drain();
	verdict_published(&v);
	if (v.reason == REASON_UNFINISHED && !guarding && !parked_any() && !walk_is_released() &&
	    rmm_session()->state == RMM_STATE_ACTIVE)
		start(false, false, &v);
	cover_unlock_all();
}

/**
 * cover_may_lend() - may anything be lent?
 *
 * A return from hibernation takes back the release before the RMM is there again.
 *
 * Context: any; under cover_lock.
 * Return: false if no load succeeded, or everything is released.
 */
bool cover_may_lend(void)
{
	return guarding && !walk_is_released();
}

/**
 * cover_ensure() - cover memory that goes online
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 * @movable: it is what ram_is_movable() says that of
 * @why: set on error
 *
 * All or nothing. No command is issued for what is known to be covered. Where no load succeeded, or
 * everything is released, nothing is refused; nor is movable memory where the RMM is the kernel's,
 * whose driver leaves that out.
 *
 * Context: may sleep; takes cover_lock.
 * Return: 0 or the negative error number of @why.
 */
int cover_ensure(u64 start, u64 end, bool movable, struct verdict *why)
{
	struct span span = { .start = start, .end = end };
	const struct ranges ram = { .at = &span, .nr = 1 };
	int rc = 0;

	mutex_lock(&cover_lock);
	if (cover_may_lend() && !(movable && rmm_is_kernels()) &&
	    !record_is_covered(start, end)) {
		chunk_expect(start, end);
		rc = cover_ranges(&ram, !lazy, true, why);
		chunk_expect(0, 0);
	}
	cover_unlock_all();
	return rc;
}

/**
 * cover_ensure_paid() - see that memory that is online can be delegated
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 * @why: set on error
 *
 * Who asks about what is covered waits for no command of others.
 *
 * Context: may sleep; takes cover_lock if it isn't covered.
 * Return: 0; -EINVAL if it isn't online; -ENXIO if it is left out; -ESHUTDOWN after a release; or
 * the negative error number of @why.
 */
int cover_ensure_paid(u64 start, u64 end, struct verdict *why)
{
	struct span span = { .start = start, .end = end };
	const struct ranges ram = { .at = &span, .nr = 1 };
	int rc = 0;

	if (record_is_covered(start, end))
		return 0;
	mutex_lock(&cover_lock);
	if (!cover_may_lend())
		rc = -ESHUTDOWN;
	else if (!record_is_online(start, end))
		rc = rmm_is_kernels() && ram_is_left_out(&record_view()->online, start, end) ?
		     -ENXIO : -EINVAL;
	else if (!record_is_covered(start, end))
		rc = cover_ranges(&ram, true, false, why);
	cover_unlock_all();
	return rc;
}

/**
 * cover_forget() - memory went offline, or didn't go online after all
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 *
 * Where it was the last of a tracking region or PAR that we made, that is undone. What the RMM does
 * by itself remains: it costs nothing, and the memory may come back.
 *
 * Context: may sleep; takes cover_lock.
 */
void cover_forget(u64 start, u64 end)
{
	mutex_lock(&cover_lock);
	record_offline(start, end);
	undo_unused();
	pool_drain();
	cover_unlock_all();
}

/* What activation was lent comes back by deactivation */
static bool is_loan_but_for_rmm(enum ledger_kind kind)
{
	return ledger_is_loan(kind) && kind != LEDGER_RMM;
}

/**
 * cover_stop() - undo all that was done; walk_set_released() came before
 * @patience_ms: for how long nothing may come back
 *
 * What the platform did by itself stays in the record for people to look at.
 *
 * Context: may sleep; takes cover_lock.
 * Return: 0; -EBUSY if the RMM keeps something.
 */
int cover_stop(unsigned int patience_ms)
{
	const unsigned long give_up = jiffies + msecs_to_jiffies(patience_ms);
	int rc = 0;

	mutex_lock(&cover_lock);
	guarding = false;
	parked_undo_all(patience_ms);
	while (pool_drain() == -ETIMEDOUT && time_before(jiffies, give_up))
		usleep_range(1000, 2000);
	record_offline(0, U64_MAX);
	if (!record_view()->nr && !parked_any() && !sro_unfinished_realm(NULL) &&
	    !ledger_bytes(is_loan_but_for_rmm))
		rmm_close();
	if (record_view()->nr || parked_any() || ledger_bytes(ledger_is_loan)) {
		pr_warn("the RMM keeps %llu KB, and %u tracking regions and level 1 tables\n",
			ledger_bytes(ledger_is_loan) / SZ_1K, record_view()->nr);
		rc = -EBUSY;
	}
	cover_unlock_all();
	return rc;
}

/**
 * cover_retry_later() - a command for pages of a consumer's own could not be ended
 *
 * Context: any; a consumer keeps this module from being unloaded.
 */
void cover_retry_later(void)
{
	schedule_delayed_work(&retrying, HZ);
}

/**
 * cover_quiesce() - nothing that is unfinished is tried again by itself
 *
 * Context: may sleep; none of this module's locks held.
 */
void cover_quiesce(void)
{
	cancel_delayed_work_sync(&retrying);
}
