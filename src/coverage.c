// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "../include/arm_cca_rmi.h"
#include "../include/rmi_abi.h"
#include "coverage.h"
#include "donor.h"
#include "gpt.h"
#include "granule.h"
#include "ram.h"
#include "ranges.h"
#include "rmm.h"
#include "sro.h"
#include "tracking.h"

/*
 * Taken with the memory hotplug locks and the notifier chain's held (see hotplug.c): nothing that
 * needs one of those may be waited for under it.
 */
static DEFINE_MUTEX(coverage_lock);

/*
 * What was done, in this order, to be undone from the end: a region may hold the metadata of those
 * that came after it
 */
struct steps {
	u64 *at;
	unsigned int nr, room;
};

struct record {
	struct ranges online;	/* memory that Linux uses now */
	/* known to be conventional and tracked FINE; stays so while it is offline */
	struct ranges fine;
	struct ranges tables;	/* PARs known to have a level 1 table */
	struct steps created;	/* PARs that have it from us */
	struct steps tracked;	/* regions that are FINE by us, as tracking_unset() takes them */
};

static struct record record;	/* protected by coverage_lock */
/* likewise: nothing is lent from here to the next coverage_ensure_ram() */
static bool released;

/* Lists ---------------------------------------------------------------------------------------- */

static int step_reserve(struct steps *steps, unsigned int more)
{
	const unsigned int room = max(steps->nr + more, 2 * steps->nr);
	u64 *at;

	if (steps->nr + more <= steps->room)
		return 0;
	at = kvmalloc_array(room, sizeof(*at), GFP_KERNEL);
	if (!at)
		return -ENOMEM;
	if (steps->nr)
		memcpy(at, steps->at, steps->nr * sizeof(*at));
	kvfree(steps->at);
	steps->at = at;
	steps->room = room;
	return 0;
}

static void step_remove(struct steps *steps, unsigned int i)
{
	steps->nr--;
	memmove(&steps->at[i], &steps->at[i + 1], (steps->nr - i) * sizeof(*steps->at));
}

static void steps_clear(struct steps *steps)
{
	kvfree(steps->at);
	*steps = (struct steps){};
}

static void record_clear(struct record *r)
{
	ranges_clear(&r->online);
	ranges_clear(&r->fine);
	ranges_clear(&r->tables);
	steps_clear(&r->created);
	steps_clear(&r->tracked);
}

static int no_room(struct verdict *why)
{
	return verdict_set(why, REASON_NO_MEMORY, "the module's own record");
}

static int copy_ranges(struct ranges *to, const struct ranges *from)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < from->nr; i++)
		rc = ranges_add(to, from->at[i].start, from->at[i].end);
	return rc;
}

static int copy_steps(struct steps *to, const struct steps *from)
{
	int rc = step_reserve(to, from->nr);

	if (rc || !from->nr)
		return rc;
	memcpy(to->at, from->at, from->nr * sizeof(*to->at));
	to->nr = from->nr;
	return 0;
}

static int record_copy(struct record *to, const struct record *from)
{
	int rc = copy_ranges(&to->online, &from->online);

	if (!rc)
		rc = copy_ranges(&to->fine, &from->fine);
	if (!rc)
		rc = copy_ranges(&to->tables, &from->tables);
	if (!rc)
		rc = copy_steps(&to->created, &from->created);
	if (!rc)
		rc = copy_steps(&to->tracked, &from->tracked);
	return rc;
}

/* Undo ----------------------------------------------------------------------------------------- */

static bool unset_tracked(struct record *r, unsigned int i)
{
	const u64 step = r->tracked.at[i];
	const struct span region = tracking_region(step & ~TRACKING_STEP_STATE);

	if (tracking_unset(step))
		return false;
	ranges_remove(&r->fine, region.start, region.end);
	step_remove(&r->tracked, i);
	return true;
}

static bool destroy_created(struct record *r, unsigned int i)
{
	const u64 par = r->created.at[i];

	if (gpt_destroy(par))
		return false;
	ranges_remove(&r->tables, par, par + rmm_session()->l0gpt_size);
	step_remove(&r->created, i);
	return true;
}

/*
 * What came after the first so many: regions before tables, since a table is needed to move the
 * pages of the metadata. To some RMMs the pages of a table look like any others, and keep a region
 * from leaving FINE: so try again after that.
 */
static void undo(struct record *r, unsigned int tracked, unsigned int created)
{
	unsigned int i, done;

	do {
		done = 0;
		for (i = r->tracked.nr; i-- > tracked;)
			done += unset_tracked(r, i);
		for (i = r->created.nr; i-- > created;)
			done += destroy_created(r, i);
	} while (done && (r->tracked.nr > tracked || r->created.nr > created));
}

/*
 * An operation that is to be resumed needs PARs with tables, and regions that are FINE, to be paid
 * from
 */
static void undo_unless_parked(struct record *r, unsigned int tracked, unsigned int created)
{
	struct rmi_regs command;

	if (!sro_parked(&command))
		undo(r, tracked, created);
}

/* Tables --------------------------------------------------------------------------------------- */

/* PARs without a table, and what became of them */
struct batch {
	struct places places;
	unsigned int nr;
	atomic_t next;
	struct job {
		u64 par;
		int rc;
		bool created;
		struct verdict why;
	} *job;
};

struct worker {
	struct work_struct work;
	struct batch *batch;
};

/* unbound; from coverage_open() to coverage_close() */
static struct workqueue_struct *workers;

static void create_next(struct batch *b)
{
	unsigned int i;

	while ((i = atomic_inc_return(&b->next) - 1) < b->nr) {
		struct job *j = &b->job[i];

		j->rc = gpt_create(j->par, &b->places, &j->created, &j->why);
	}
}

static void create_work(struct work_struct *work)
{
	create_next(container_of(work, struct worker, work)->batch);
}

/*
 * This CPU and, where there is work for them, others. Tables of different PARs don't depend on each
 * other.
 */
static void create_batch(struct batch *b, struct worker *helper, unsigned int helpers)
{
	unsigned int i;

	for (i = 0; i < helpers; i++) {
		helper[i].batch = b;
		INIT_WORK(&helper[i].work, create_work);
		queue_work(workers, &helper[i].work);
	}
	create_next(b);
	for (i = 0; i < helpers; i++)
		flush_work(&helper[i].work);
}

/*
 * The PARs of these ranges that aren't known to have a table; returns their number, 0 as well if
 * there is no memory
 */
static unsigned int collect_jobs(const struct record *r, const struct ranges *ram, struct job *job)
{
	const u64 size = rmm_session()->l0gpt_size;
	unsigned int i, n = 0;
	u64 done = 0;

	for (i = 0; i < ram->nr; i++) {
		u64 at = max(done, ALIGN_DOWN(ram->at[i].start, size));
		struct span gap;

		done = ALIGN(ram->at[i].end, size);
		for (; ranges_gap(&r->tables, at, done, &gap); at = gap.start + size, n++)
			if (job)
				job[n].par = gap.start;
	}
	return n;
}

/*
 * In the order of their addresses, so that the outcome doesn't depend on who was faster. Returns
 * how many were missed.
 */
static int note_jobs(struct record *r, const struct batch *b, unsigned int *missed,
		     struct verdict *why)
{
	unsigned int i;
	int rc = 0;

	*missed = 0;
	for (i = 0; i < b->nr; i++) {
		const struct job *j = &b->job[i];

		if (j->created)
			r->created.at[r->created.nr++] = j->par;
		if (!j->rc && ranges_add(&r->tables, j->par, j->par + rmm_session()->l0gpt_size) &&
		    !rc)
			rc = no_room(why);
		*missed += j->rc == -ENOMEM;
		if (j->rc && (!rc || (rc == -ENOMEM && j->rc != -ENOMEM))) {
			rc = j->rc;
			*why = j->why;
		}
	}
	return rc;
}

/* At most so many tables are made at once */
#define MAX_HELPERS 15

static int create_some(struct record *r, const struct ranges *ram, bool one, unsigned int *missed,
		       struct verdict *why)
{
	struct batch b = { .places = { .tables = &r->tables, .fine = &r->fine } };
	struct worker *helper;
	unsigned int helpers;
	int rc;

	b.nr = collect_jobs(r, ram, NULL);
	if (!b.nr)
		return 0;
	helpers = min3(b.nr - 1, num_online_cpus() - 1, (unsigned int)MAX_HELPERS);
	b.job = kvcalloc(b.nr, sizeof(*b.job), GFP_KERNEL);
	helper = kvcalloc(helpers + 1, sizeof(*helper), GFP_KERNEL);
	/* A table that we couldn't remember we couldn't destroy */
	if (!b.job || !helper || step_reserve(&r->created, b.nr)) {
		rc = no_room(why);
	} else {
		collect_jobs(r, ram, b.job);
		if (one)
			b.nr = 1;
		create_batch(&b, helper, one ? 0 : helpers);
		rc = note_jobs(r, &b, missed, why);
	}
	kvfree(helper);
	kvfree(b.job);
	return rc;
}

/*
 * Each PAR of these ranges that isn't known to have a table. One whose own memory doesn't suffice
 * for its table, while no other has one yet, must wait for another; so the first is made alone, and
 * what was missed is tried again while there is progress.
 */
static int create_tables(struct record *r, const struct ranges *ram, struct verdict *why)
{
	unsigned int missed = 0, before;
	int rc = 0;

	if (!r->tables.nr)
		rc = create_some(r, ram, true, &missed, why);
	if (rc && rc != -ENOMEM)
		return rc;
	before = UINT_MAX;
	do {
		before = missed ?: before;
		rc = create_some(r, ram, false, &missed, why);
	} while (rc == -ENOMEM && missed && missed < before);
	return rc;
}

static int ensure_tables(struct record *r, const struct ranges *ram, bool pay, struct verdict *why)
{
	const u64 size = rmm_session()->l0gpt_size;
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < ram->nr; i++) {
		u64 at = ALIGN_DOWN(ram->at[i].start, size);
		const u64 end = ALIGN(ram->at[i].end, size);
		struct span gap;

		for (; !rc && ranges_gap(&r->tables, at, end, &gap); at = gap.end)
			rc = gpt_survey(gap.start, gap.end, &r->tables, why);
	}
	return rc || !pay ? rc : create_tables(r, ram, why);
}

/* Tracking ------------------------------------------------------------------------------------- */

static int set_fine(struct record *r, u64 ram, u64 before, struct verdict *why)
{
	const struct places places = { .tables = &r->tables, .fine = &r->fine };
	u64 step;
	int rc;

	if (step_reserve(&r->tracked, 1))
		return no_room(why);
	rc = tracking_set_fine(ram, before, &places, &r->fine, &step, why);
	if (step)
		r->tracked.at[r->tracked.nr++] = step;
	return rc;
}

/* So many regions are tried as the first one */
#define MAX_FIRST 256

/*
 * The first region pays for itself, so it must have pages to spare: rather the one that the
 * allocator gives from than the one that holds the kernel.
 */
static int set_first_fine(struct record *r, const struct ranges *payable, struct verdict *why)
{
	const u64 at = donor_probe();
	unsigned int i, tries = 0;
	struct span part;
	int rc = -ENOMEM;

	if (ranges_next(payable, at, at + PAGE_SIZE, &part))
		rc = set_fine(r, part.start, part.owner, why);
	for (i = 0; i < payable->nr; i++) {
		u64 ram = payable->at[i].start;

		for (; rc == -ENOMEM && ram < payable->at[i].end && tries++ < MAX_FIRST;
		     ram = tracking_region(ram).end)
			rc = set_fine(r, ram, payable->at[i].owner, why);
	}
	return rc;
}

/* Until the region that was found to be too large for one step is through */
static int set_part_fine(struct record *r, struct span part, struct verdict *why)
{
	struct span gap;
	int rc = 0;

	while (!rc && ranges_gap(&r->fine, part.start, part.end, &gap))
		rc = set_fine(r, gap.start, part.owner, why);
	return rc;
}

static int ensure_tracking(struct record *r, const struct ranges *ram, bool pay,
			   struct verdict *why)
{
	struct ranges payable = {};
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < ram->nr; i++) {
		u64 at = ram->at[i].start;
		struct span gap;

		for (; !rc && ranges_gap(&r->fine, at, ram->at[i].end, &gap); at = gap.end)
			rc = tracking_survey(gap.start, gap.end, &r->fine, &payable, why);
	}
	if (!pay)
		goto out;
	if (!rc && payable.nr && !r->fine.nr)
		rc = set_first_fine(r, &payable, why);
	for (i = 0; !rc && i < payable.nr; i++)
		rc = set_part_fine(r, payable.at[i], why);
out:
	ranges_clear(&payable);
	return rc;
}

/* The whole ------------------------------------------------------------------------------------ */

static bool is_covered(const struct record *r, u64 start, u64 end)
{
	const u64 size = rmm_session()->l0gpt_size;
	struct span gap;

	return !ranges_gap(&r->online, start, end, &gap) &&
	       !ranges_gap(&r->fine, start, end, &gap) &&
	       !ranges_gap(&r->tables, ALIGN_DOWN(start, size), ALIGN(end, size), &gap);
}

static bool all_covered(const struct record *r)
{
	unsigned int i;

	for (i = 0; i < r->online.nr; i++)
		if (!is_covered(r, r->online.at[i].start, r->online.at[i].end))
			return false;
	return true;
}

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

/* What could not be finished earlier holds up all that is new, and must be known of to be undone */
static int resume_parked(struct record *r, struct verdict *why)
{
	const struct places places = { .tables = &r->tables, .fine = &r->fine };
	struct rmi_regs command, answer;
	struct payer payer = {};
	int rc;

	while (sro_parked(&command)) {
		const u64 addr = command.x[1];
		const bool ours = command.x[0] == RMI_GPT_L1_CREATE ||
				  (command.x[0] == RMI_GRANULE_TRACKING_SET &&
				   command.x[3] == RMI_TRACKING_FINE);

		if (step_reserve(&r->tracked, 1) || step_reserve(&r->created, 1))
			return no_room(why);
		if (command.x[0] == RMI_GPT_L1_CREATE)
			gpt_payer(addr, &places, &payer);
		else if (ours)
			tracking_payer(addr, &places, &payer);
		rc = sro_resume(&answer, &payer);
		if (rc)
			return rmm_explain(command.x[0], addr, rc, &answer, why);
		if (!ours || RMI_RESULT_STATUS(answer.x[0]) != RMI_SUCCESS)
			continue;
		if (command.x[0] == RMI_GPT_L1_CREATE)
			r->created.at[r->created.nr++] = addr;
		else
			r->tracked.at[r->tracked.nr++] = addr | RMI_TRACKING_COARSE;
	}
	return 0;
}

/*
 * Cover memory that is online or goes there. The work is done on a copy of the record. Tables come
 * first: without one, no granule of a PAR can change hands on its own. A call that fails undoes
 * what it did; what the RMM doesn't undo, and what was learnt, stays in the record.
 */
static int ensure(const struct ranges *ram, bool pay, struct verdict *why)
{
	struct record next = {};
	int rc;

	rc = check_ends(ram, why);
	if (rc)
		return rc;
	if (record_copy(&next, &record) || copy_ranges(&next.online, ram)) {
		record_clear(&next);
		return no_room(why);
	}
	rc = resume_parked(&next, why);
	if (!rc)
		rc = ensure_tables(&next, ram, pay, why);
	if (!rc)
		rc = ensure_tracking(&next, ram, pay, why);
	if (rc) {
		undo_unless_parked(&next, record.tracked.nr, record.created.nr);
		swap(next.online, record.online);
	}
	swap(next, record);
	record_clear(&next);
	donor_clear_stock();
	return rc;
}

/* Pay for what is used, or only when a consumer wants to use it */
static bool lazy;

static int cover_set(const char *val, const struct kernel_param *kp)
{
	if (sysfs_streq(val, "eager"))
		lazy = false;
	else if (sysfs_streq(val, "lazy"))
		lazy = true;
	else
		return -EINVAL;
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

/**
 * coverage_open() - before anything else in this file
 *
 * Context: may sleep; module load, none of the kernel's hotplug locks held.
 * Return: 0 or -ENOMEM.
 */
int coverage_open(void)
{
	released = false;
	workers = alloc_workqueue("cca_rmi", WQ_UNBOUND, 0);
	return workers ? 0 : -ENOMEM;
}

/**
 * coverage_ensure_ram() - cover all memory that is online, and publish that Realms are available
 * @why: set on error
 *
 * All or nothing. The memory notifier must be registered already: what goes online or offline
 * meanwhile is seen there, and waits for this to end, so that a verdict from there comes later than
 * the one from here.
 *
 * Context: may sleep; takes coverage_lock.
 * Return: 0 or the negative error number of @why, as gpt_create() and tracking_set_fine().
 */
int coverage_ensure_ram(struct verdict *why)
{
	const struct verdict ok = { .reason = REASON_OK };
	struct ranges ram = {};
	int rc;

	mutex_lock(&coverage_lock);
	released = false;
	rc = ram_collect(&ram) ? no_room(why) : ensure(&ram, !lazy, why);
	if (!rc)
		verdict_publish(&ok);
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
 * All or nothing. No command is issued for what is known to be covered, nor after
 * coverage_release(): memory that goes online then is part of the next coverage_ensure_ram().
 *
 * Context: may sleep; takes coverage_lock.
 * Return: 0 or the negative error number of @why, as gpt_create() and tracking_set_fine().
 */
int coverage_ensure(u64 start, u64 end, struct verdict *why)
{
	struct span span = { start, end };
	const struct ranges ram = { .at = &span, .nr = 1 };
	int rc = 0;

	mutex_lock(&coverage_lock);
	if (!released && !is_covered(&record, start, end))
		rc = ensure(&ram, !lazy, why);
	mutex_unlock(&coverage_lock);
	return rc;
}

static bool in_use(const struct ranges *online, struct span where)
{
	struct span part;

	return ranges_next(online, where.start, where.end, &part);
}

/* Does it hold pages that were lent for something else? */
static bool holds_others(struct span where, u64 owner)
{
	struct span part;
	u64 at;

	for (at = where.start; donor_next(at, where.end, &part); at = part.end)
		if (part.owner != owner)
			return true;
	return false;
}

/* What was made for memory of which nothing is online any more */
static void release_unused(struct record *r)
{
	unsigned int i;

	for (i = r->tracked.nr; i-- > 0;) {
		const struct span region = tracking_region(r->tracked.at[i] & ~TRACKING_STEP_STATE);

		if (!in_use(&r->online, region) && !holds_others(region, region.start))
			unset_tracked(r, i);
	}
	for (i = r->created.nr; i-- > 0;) {
		const u64 par = r->created.at[i];
		const struct span span = { par, par + rmm_session()->l0gpt_size };

		if (!in_use(&r->online, span) && !holds_others(span, par | DONOR_TABLE))
			destroy_created(r, i);
	}
}

/**
 * coverage_forget() - memory went offline, or didn't go online after all
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 *
 * Where it was the last of a tracking region or PAR that we made, that is undone. What the RMM does
 * by itself remains: it costs nothing, and the memory may come back.
 *
 * Context: may sleep; takes coverage_lock.
 */
void coverage_forget(u64 start, u64 end)
{
	mutex_lock(&coverage_lock);
	ranges_remove(&record.online, start, end);
	release_unused(&record);
	mutex_unlock(&coverage_lock);
}

static bool is_paid_from(u64 owner, struct span where)
{
	struct span part;
	u64 at;

	for (at = where.start; donor_next(at, where.end, &part); at = part.end)
		if (part.owner == owner)
			return true;
	return false;
}

/*
 * Everything that pages in a range were lent for. Where others lodge in that, these have to leave
 * first: only what was made later can, so that with @all everything goes that was made since.
 */
static void release_payees(struct record *r, struct span where, bool all)
{
	unsigned int i, first;

	for (first = 0; first < r->tracked.nr; first++)
		if (is_paid_from(r->tracked.at[first] & ~TRACKING_STEP_STATE, where))
			break;
	for (i = r->tracked.nr; i-- > first;)
		if (all || is_paid_from(r->tracked.at[i] & ~TRACKING_STEP_STATE, where))
			unset_tracked(r, i);
	for (first = 0; first < r->created.nr; first++)
		if (is_paid_from(r->created.at[first] | DONOR_TABLE, where))
			break;
	for (i = r->created.nr; i-- > first;)
		if (all || is_paid_from(r->created.at[i] | DONOR_TABLE, where))
			destroy_created(r, i);
}

/**
 * coverage_vacate() - memory is going offline: take back the pages in it that are lent
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 * @why: set on error
 *
 * What they paid for is paid for anew, from elsewhere, as far as it is for memory that stays; with
 * cover=lazy, when a consumer wants that. Followed by coverage_forget(), or by coverage_stay() if
 * the memory stays after all.
 *
 * Context: may sleep; takes coverage_lock.
 * Return: 0; -EBUSY if the RMM doesn't give them back; or the negative error number of @why if they
 * can't be replaced.
 */
int coverage_vacate(u64 start, u64 end, struct verdict *why)
{
	const struct span where = { start, end };
	struct ranges rest = {};
	struct span part;
	int rc = 0;

	mutex_lock(&coverage_lock);
	if (!donor_next(start, end, &part))
		goto out;
	release_payees(&record, where, false);
	if (donor_next(start, end, &part))
		release_payees(&record, where, true);
	donor_avoid(start, end);
	if (copy_ranges(&rest, &record.online)) {
		rc = no_room(why);
	} else {
		ranges_remove(&rest, start, end);
		rc = ensure(&rest, !lazy, why);
	}
	donor_avoid(0, 0);
	ranges_clear(&rest);
	if (!rc && donor_next(start, end, &part)) {
		verdict_set(why, REASON_REFUSED, "%#llx-%#llx stays with the RMM", part.start,
			    part.end);
		rc = -EBUSY;
	}
out:
	mutex_unlock(&coverage_lock);
	return rc;
}

/**
 * coverage_stay() - memory that was going offline stays: cover what coverage_vacate() uncovered
 * @why: set on error
 *
 * Context: may sleep; takes coverage_lock.
 * Return: 0 or the negative error number of @why.
 */
int coverage_stay(struct verdict *why)
{
	struct ranges all = {};
	int rc = 0;

	mutex_lock(&coverage_lock);
	/* Most often nothing was vacated: an offline that somebody else refused at once */
	if (!released && !all_covered(&record))
		rc = copy_ranges(&all, &record.online) ? no_room(why) : ensure(&all, !lazy, why);
	mutex_unlock(&coverage_lock);
	ranges_clear(&all);
	return rc;
}

/**
 * coverage_release() - undo all that was done, and forget what is known
 * @for_good: don't keep what an operation that could not be finished would need to go on
 *
 * Context: may sleep; takes coverage_lock.
 * Return: 0; -EBUSY if the RMM keeps something, which then stays in the record.
 */
int coverage_release(bool for_good)
{
	struct rmi_regs command;
	struct verdict why;
	int rc = 0;

	mutex_lock(&coverage_lock);
	released = true;
	resume_parked(&record, &why);
	undo_unless_parked(&record, 0, 0);
	if (for_good && sro_parked(&command)) {
		/* There is no later: take what can be had, which may be what it needs to end */
		undo(&record, 0, 0);
		resume_parked(&record, &why);
		undo(&record, 0, 0);
	}
	if (record.tracked.nr || record.created.nr || sro_parked(&command)) {
		pr_warn("the RMM keeps %u tracking regions and %u level 1 tables as they are\n",
			record.tracked.nr, record.created.nr);
		rc = -EBUSY;
	} else {
		record_clear(&record);
	}
	ranges_clear(&record.online);
	mutex_unlock(&coverage_lock);
	return rc;
}

/**
 * coverage_close() - undo coverage_open(), and forget the record
 *
 * Context: may sleep; module unload, after coverage_release().
 */
void coverage_close(void)
{
	record_clear(&record);
	destroy_workqueue(workers);
}

/**
 * coverage_bytes() - how much memory is online, tracked FINE and has level 1 tables
 *
 * Context: may sleep; takes coverage_lock.
 * Return: bytes.
 */
u64 coverage_bytes(void)
{
	struct span online, fine, both;
	u64 bytes = 0, at, in;
	unsigned int i;

	mutex_lock(&coverage_lock);
	for (i = 0; i < record.online.nr; i++) {
		online = record.online.at[i];
		for (at = online.start; ranges_next(&record.fine, at, online.end, &fine);
		     at = fine.end)
			for (in = fine.start; ranges_next(&record.tables, in, fine.end, &both);
			     in = both.end)
				bytes += both.end - both.start;
	}
	mutex_unlock(&coverage_lock);
	return bytes;
}

/* For consumers -------------------------------------------------------------------------------- */

static bool is_range(phys_addr_t phys, size_t size)
{
	return size && PAGE_ALIGNED(phys) && PAGE_ALIGNED(size) && phys + size > phys;
}

static int add_online(struct ranges *ram, struct span where)
{
	struct span part;
	int rc = 0;
	u64 at;

	for (at = where.start; !rc && ranges_next(&record.online, at, where.end, &part);
	     at = part.end)
		rc = ranges_add(ram, part.start, part.end);
	return rc;
}

/*
 * What the record says of the region and PAR of doubtful is wrong, the RMM said so: all in them is
 * looked at again
 */
static int doubt(u64 doubtful, struct ranges *ram)
{
	const u64 size = rmm_session()->l0gpt_size, base = ALIGN_DOWN(doubtful, size);
	const struct span region = tracking_region(doubtful), par = { base, base + size, 0 };

	ranges_remove(&record.fine, region.start, region.end);
	ranges_remove(&record.tables, par.start, par.end);
	return add_online(ram, region) ?: add_online(ram, par);
}

static int ensure_for_consumer(u64 start, u64 end, const u64 *doubtful)
{
	struct verdict why = { .reason = REASON_OK };
	struct ranges ram = {};
	struct span gap;
	int rc = 0;

	if (!cca_rmi_is_available())
		return -ENODEV;
	mutex_lock(&coverage_lock);
	if (released)
		rc = -ENODEV;
	else if (ranges_gap(&record.online, start, end, &gap))
		rc = -EINVAL;
	else if (doubtful)
		rc = doubt(*doubtful, &ram);
	if (!rc && !is_covered(&record, start, end))
		rc = ranges_add(&ram, start, end) ?: ensure(&ram, true, &why);
	mutex_unlock(&coverage_lock);
	ranges_clear(&ram);
	return rc;
}

int cca_rmi_ensure_range(phys_addr_t phys, size_t size)
{
	return is_range(phys, size) ? ensure_for_consumer(phys, phys + size, NULL) : -EINVAL;
}
EXPORT_SYMBOL_GPL(cca_rmi_ensure_range);

/*
 * A range that can't be taken back whole is left to the caller, who is told how much of it is
 * delegated still
 */
int cca_rmi_undelegate_range(phys_addr_t phys, size_t size, size_t *done)
{
	struct rmi_regs refusal;
	u64 reached = phys;
	int rc;

	*done = 0;
	if (!is_range(phys, size))
		return -EINVAL;
	rc = granule_undelegate(phys, phys + size, &reached, &refusal);
	*done = reached - phys;
	return rc == -EOPNOTSUPP ? -EIO : rc;
}
EXPORT_SYMBOL_GPL(cca_rmi_undelegate_range);

static bool lacks_cover(int rc, const struct rmi_regs *refusal)
{
	return rc == -EIO && (RMI_RESULT_STATUS(refusal->x[0]) == RMI_ERROR_TRACKING ||
			      RMI_RESULT_STATUS(refusal->x[0]) == RMI_ERROR_GPT);
}

int cca_rmi_delegate_range(phys_addr_t phys, size_t size)
{
	struct rmi_regs refusal;
	u64 reached, from;
	size_t back;
	int rc;

	rc = cca_rmi_ensure_range(phys, size);
	if (rc)
		return rc;
	rc = granule_delegate(phys, phys + size, &reached, &refusal);
	if (lacks_cover(rc, &refusal)) {
		from = reached;
		rc = ensure_for_consumer(from, phys + size, &from);
		if (!rc)
			rc = granule_delegate(from, phys + size, &reached, &refusal);
	}
	if (!rc)
		return 0;
	if (reached > phys && cca_rmi_undelegate_range(phys, reached - phys, &back))
		pr_err("%llu KB stay delegated after a delegation that failed\n",
		       (reached - phys - back) / SZ_1K);
	return rc == -EOPNOTSUPP ? -EIO : rc;
}
EXPORT_SYMBOL_GPL(cca_rmi_delegate_range);
