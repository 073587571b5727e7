// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../include/arm_cca_rmi.h"
#include "../include/rmi_abi.h"
#include "batch.h"
#include "coverage.h"
#include "donor.h"
#include "gpt.h"
#include "granule.h"
#include "progress.h"
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
	/* an undo failed: a step may be there of which nobody knows whether it holds still */
	bool doubtful;
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
	at = kvmalloc_array(room, sizeof(*at), GFP_KERNEL | __GFP_NOWARN);
	if (!at)
		return -ENOMEM;
	if (steps->nr)
		memcpy(at, steps->at, steps->nr * sizeof(*at));
	kvfree(steps->at);
	steps->at = at;
	steps->room = room;
	return 0;
}

/* One that is there already has been undone, whatever the RMM said */
static void step_add(struct record *r, struct steps *steps, u64 at)
{
	unsigned int i;

	for (i = 0; r->doubtful && i < steps->nr; i++) {
		if (!((steps->at[i] ^ at) & ~TRACKING_STEP_STATE)) {
			steps->at[i] = at;
			return;
		}
	}
	steps->at[steps->nr++] = at;
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
	to->doubtful = from->doubtful;
	return rc;
}

/* Undo ----------------------------------------------------------------------------------------- */

static struct span region_of_step(u64 step)
{
	return tracking_region(step & ~TRACKING_STEP_STATE);
}

/* An RMM that fails may have done it all the same: what is known of it has to be asked again */
static bool unset_tracked(struct record *r, unsigned int i)
{
	const struct span region = region_of_step(r->tracked.at[i]);
	const bool undone = !tracking_unset(r->tracked.at[i]);

	ranges_remove(&r->fine, region.start, region.end);
	if (undone)
		step_remove(&r->tracked, i);
	r->doubtful |= !undone;
	return undone;
}

static bool destroy_created(struct record *r, unsigned int i)
{
	const u64 par = r->created.at[i];
	const bool undone = !gpt_destroy(par);

	ranges_remove(&r->tables, par, par + rmm_session()->l0gpt_size);
	if (undone)
		step_remove(&r->created, i);
	r->doubtful |= !undone;
	return undone;
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

/* Make --------------------------------------------------------------------------------------- */

/* What is made for all RAM that lacks it: level 1 tables, FINE regions */
struct making {
	const char *what;
	/* May be NULL: tell who pays how much is missing */
	void (*announce)(const struct record *r, const struct ranges *ram);
	/* The jobs for the next memory at or after *at that lacks it, as many as @most */
	unsigned int (*next)(const struct record *r, const struct ranges *ram, u64 *at,
			     struct job *job, unsigned int most);
	void (*run)(struct job *job, const struct places *places);
	int (*note)(struct record *r, const struct job *job);
	bool (*may_run_at_once)(const struct record *r);
};

static unsigned int next_tables(const struct record *r, const struct ranges *ram, u64 *at,
				struct job *job, unsigned int most)
{
	const u64 size = rmm_session()->l0gpt_size;
	struct span gap;
	unsigned int n;

	for (n = 0; n < most && ranges_missing(ram, &r->tables, *at, size, &gap); n++) {
		job[n] = (struct job){ .at = gap.start,
				       .nid = donor_node(gap.start, gap.start + size) };
		*at = gap.start + size;
	}
	return n;
}

static void create_table(struct job *job, const struct places *places)
{
	bool created;

	job->rc = gpt_create(job->at, places, &created, &job->why);
	job->done = created;
}

static int note_table(struct record *r, const struct job *job)
{
	if (job->done)
		step_add(r, &r->created, job->at);
	return job->rc ? 0 : ranges_add(&r->tables, job->at,
					job->at + rmm_session()->l0gpt_size);
}

/*
 * One whose own memory doesn't suffice for its table, while no other PAR has one yet, must wait for
 * another
 */
static bool have_table(const struct record *r)
{
	return r->tables.nr;
}

static const struct making tables = {
	.what = "made level 1 tables for",
	.next = next_tables,
	.run = create_table,
	.note = note_table,
	.may_run_at_once = have_table,
};

static unsigned int next_regions(const struct record *r, const struct ranges *payable, u64 *at,
				 struct job *job, unsigned int most)
{
	struct span gap, part;
	unsigned int n;

	for (n = 0; n < most && ranges_missing(payable, &r->fine, *at, PAGE_SIZE, &gap); n++) {
		const struct span region = tracking_region(gap.start);

		ranges_next(payable, gap.start, gap.end, &part);
		job[n] = (struct job){ .at = gap.start,
				       .before = part.owner,
				       .nid = donor_node(region.start, region.end) };
		*at = region.end;
	}
	return n;
}

static void announce_regions(const struct record *r, const struct ranges *payable)
{
	struct span gap;
	unsigned int n;
	u64 at = 0;

	for (n = 0; ranges_missing(payable, &r->fine, at, PAGE_SIZE, &gap); n++) {
		at = tracking_region(gap.start).end;
		cond_resched();
	}
	tracking_announce(n);
}

static void set_region(struct job *job, const struct places *places)
{
	job->rc = tracking_set_fine(job->at, job->before, places, &job->done, &job->why);
}

static int note_region(struct record *r, const struct job *job)
{
	const struct span region = region_of_step(job->done);

	if (job->done)
		step_add(r, &r->tracked, job->done);
	return job->rc ? 0 : ranges_add(&r->fine, region.start, region.end);
}

/* The first ones show how large regions are, where the RMM can tell */
static bool know_regions(const struct record *r)
{
	return rmm_session()->region_size_seen;
}

static const struct making regions = {
	.what = "covered",
	.announce = announce_regions,
	.next = next_regions,
	.run = set_region,
	.note = note_region,
	.may_run_at_once = know_regions,
};

/*
 * In the order of their addresses, so that the outcome doesn't depend on who was faster. Returns an
 * error that ends it all, and not for want of memory alone, which may be had later.
 */
static int note_batch(struct record *r, const struct making *m, const struct batch *b,
		      unsigned int *made, struct verdict *why)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < b->nr; i++) {
		const struct job *job = &b->job[i];

		if (m->note(r, job))
			rc = rc ?: no_room(why);
		*made += !job->rc;
		if (job->rc && !rc) {
			*why = job->why;
			rc = job->rc == -ENOMEM ? 0 : job->rc;
		}
	}
	return rc;
}

/* All that is left of a pass over ram; what was missed for want of memory is in why */
static int make_pass(struct record *r, const struct making *m, const struct ranges *ram,
		     bool untracked, struct job *job, unsigned int *made, struct verdict *why)
{
	struct batch b = { .run = m->run,
			   .places = { .tables = &r->tables, .fine = &r->fine,
				       .untracked = untracked },
			   .job = job };
	u64 at = 0;
	int rc = 0;

	if (m->announce && m->may_run_at_once(r))
		m->announce(r, ram);
	while (!rc) {
		b.nr = m->next(r, ram, &at, job, m->may_run_at_once(r) ? BATCH_JOBS : 1);
		if (!b.nr)
			break;
		/* What we couldn't remember we couldn't undo */
		if (step_reserve(&r->created, b.nr) || step_reserve(&r->tracked, b.nr))
			return no_room(why);
		batch_run(&b);
		rc = note_batch(r, m, &b, made, why);
		if (!rc)
			rc = progress_tick(m->what, ram, at, why);
	}
	return rc;
}

/* As long as there is progress: what could not be paid for may be, from what has been made since */
static int make_all(struct record *r, const struct making *m, const struct ranges *ram,
		    bool untracked, struct verdict *why)
{
	struct job *job = kvcalloc(BATCH_JOBS, sizeof(*job), GFP_KERNEL | __GFP_NOWARN);
	unsigned int made;
	bool missing;
	int rc;

	if (!job)
		return no_room(why);
	do {
		u64 at = 0;

		made = 0;
		rc = make_pass(r, m, ram, untracked, job, &made, why);
		missing = !rc && m->next(r, ram, &at, job, 1);
	} while (missing && made);
	kvfree(job);
	return missing ? -ENOMEM : rc;
}

/*
 * The first table has nothing but its own PAR to lie in: rather one that the allocator gives from.
 * Where that fails for want of memory, make_all() finds another, or says so.
 */
static int create_first_table(struct record *r, const struct ranges *ram, bool untracked,
			      struct verdict *why)
{
	const struct places places = { .tables = &r->tables, .fine = &r->fine,
				       .untracked = untracked };
	const u64 size = rmm_session()->l0gpt_size;
	struct job job = { .at = ALIGN_DOWN(donor_stock(size / PAGE_SIZE), size) };
	struct span part;

	if (!ranges_next(ram, job.at, job.at + size, &part))
		return 0;
	if (step_reserve(&r->created, 1))
		return no_room(why);
	create_table(&job, &places);
	if (job.rc)
		*why = job.why;
	if (note_table(r, &job))
		return no_room(why);
	return job.rc == -ENOMEM ? 0 : job.rc;
}

static int set_first(struct record *r, u64 ram, u64 before, struct verdict *why)
{
	const struct places places = { .tables = &r->tables, .fine = &r->fine };
	struct job job = { .at = ram, .before = before };

	if (step_reserve(&r->tracked, 1))
		return no_room(why);
	set_region(&job, &places);
	if (job.rc)
		*why = job.why;
	return note_region(r, &job) ? no_room(why) : job.rc;
}

/* So many regions are tried as the first one */
#define MAX_FIRST 256

/*
 * The first region pays for itself, so it must have pages to spare: rather the one that the
 * allocator gives from than the one that holds the kernel. And as long as it is the only one, it
 * pays for those that come next: a batch of them, of which each takes a page at least.
 */
static int set_first_fine(struct record *r, const struct ranges *payable, struct verdict *why)
{
	const u64 at = donor_stock(max_t(u64, rmm_session()->region_size / 1024,
					 BATCH_JOBS * PAGE_SIZE));
	unsigned int i, tries = 0;
	struct span part;
	int rc = -ENOMEM;

	if (ranges_next(payable, at, at + PAGE_SIZE, &part))
		rc = set_first(r, part.start, part.owner, why);
	for (i = 0; i < payable->nr; i++) {
		u64 ram = payable->at[i].start;

		for (; rc == -ENOMEM && ram < payable->at[i].end && tries++ < MAX_FIRST;
		     ram = tracking_region(ram).end)
			rc = set_first(r, ram, payable->at[i].owner, why);
	}
	return rc;
}

/*
 * All questions come before anything is done. Tables come first: without one, no granule of a PAR
 * can change hands on its own.
 */
static int look_and_make(struct record *r, const struct ranges *ram, bool pay, struct verdict *why)
{
	struct ranges payable = {};
	int rc;

	rc = gpt_survey(ram, &r->tables, why);
	if (!rc)
		rc = tracking_survey(ram, pay, &r->fine, &payable, why);
	if (!rc && pay && !r->tables.nr)
		rc = create_first_table(r, ram, payable.nr, why);
	if (!rc && pay)
		rc = make_all(r, &tables, ram, payable.nr, why);
	if (!rc && pay && payable.nr && !r->fine.nr)
		rc = set_first_fine(r, &payable, why);
	if (!rc && pay && payable.nr)
		rc = make_all(r, &regions, &payable, true, why);
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

/* Done after all: what it began with is in the record */
static void note_resumed(struct record *r, const struct rmi_regs *command)
{
	const u64 addr = command->x[1];
	unsigned int i;

	switch (command->x[0]) {
	case RMI_GPT_L1_CREATE:
		step_add(r, &r->created, addr);
		break;
	case RMI_GPT_L1_DESTROY:
		for (i = 0; i < r->created.nr; i++)
			if (r->created.at[i] == addr)
				step_remove(&r->created, i);
		break;
	case RMI_GRANULE_TRACKING_SET:
		if (command->x[3] == RMI_TRACKING_FINE) {
			step_add(r, &r->tracked, addr | RMI_TRACKING_COARSE);
			break;
		}
		for (i = 0; i < r->tracked.nr; i++)
			if ((r->tracked.at[i] & ~TRACKING_STEP_STATE) == addr)
				step_remove(&r->tracked, i);
		break;
	}
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
		if (RMI_RESULT_STATUS(answer.x[0]) == RMI_SUCCESS)
			note_resumed(r, &command);
	}
	return 0;
}

/*
 * Cover memory that is online or goes there. The work is done on a copy of the record. A call that
 * fails undoes what it did; what the RMM doesn't undo, and what was learnt, stays in the record.
 * With interruptible, a signal that ends this process makes it fail.
 */
static int ensure(const struct ranges *ram, bool pay, bool interruptible, struct verdict *why)
{
	struct record next = {};
	int rc;

	progress_begin(interruptible);
	rc = check_ends(ram, why);
	if (rc)
		return rc;
	if (record_copy(&next, &record) || copy_ranges(&next.online, ram)) {
		record_clear(&next);
		return no_room(why);
	}
	rc = resume_parked(&next, why);
	if (!rc && ram->nr)
		rc = look_and_make(&next, ram, pay, why);
	donor_clear_stock();	/* first, as no region with delegated pages can be undone */
	if (rc) {
		undo_unless_parked(&next, record.tracked.nr, record.created.nr);
		swap(next.online, record.online);
	}
	swap(next, record);
	record_clear(&next);
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
	return batch_open();
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
	/* It may be another RMM than the one that this was said by */
	if (!record.tracked.nr && !record.created.nr) {
		ranges_clear(&record.fine);
		ranges_clear(&record.tables);
	}
	rc = ram_collect(&ram) ? no_room(why) : ensure(&ram, !lazy, true, why);
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
	if (!released && !is_covered(&record, start, end)) {
		donor_expect(start, end);
		rc = ensure(&ram, !lazy, true, why);
		donor_expect(0, 0);
	}
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
		const struct span region = region_of_step(r->tracked.at[i]);

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
		rc = ensure(&rest, !lazy, false, why);
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
	if (!released && !all_covered(&record)) {
		rc = copy_ranges(&all, &record.online) ? no_room(why) : 0;
		if (!rc)
			rc = ensure(&all, !lazy, false, why);
	}
	mutex_unlock(&coverage_lock);
	ranges_clear(&all);
	return rc;
}

/**
 * coverage_release() - undo all that was done
 * @for_good: don't keep what an operation that could not be finished would need to go on
 *
 * What the platform did by itself stays in the record for people to look at, until the next
 * coverage_ensure_ram().
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
	}
	ranges_clear(&record.online);
	donor_clear_stock();
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
	batch_close();
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

/* Regions and PARs of the steps, in the order of their addresses */
static int collect_steps(struct ranges *regions, struct ranges *pars)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < record.tracked.nr; i++) {
		const struct span region = region_of_step(record.tracked.at[i]);

		rc = ranges_add(regions, region.start, region.end);
	}
	for (i = 0; !rc && i < record.created.nr; i++)
		rc = ranges_add(pars, record.created.at[i],
				record.created.at[i] + rmm_session()->l0gpt_size);
	return rc;
}

/**
 * coverage_walk() - show the record
 * @see: called for each range of it, with a word for what is known of that; under coverage_lock
 * @arg: for @see
 *
 * Context: may sleep, allocates; takes coverage_lock.
 * Return: 0 or -ENOMEM.
 */
int coverage_walk(void (*see)(void *arg, const char *what, const struct span *span), void *arg)
{
	struct ranges regions = {}, pars = {};
	const struct {
		const char *what;
		const struct ranges *set;
	} all[] = {
		{ "online", &record.online },
		{ "fine", &record.fine },
		{ "fine-host", &regions },
		{ "table", &record.tables },
		{ "table-host", &pars },
	};
	unsigned int i, j;
	int rc;

	mutex_lock(&coverage_lock);
	rc = collect_steps(&regions, &pars);
	for (i = 0; !rc && i < ARRAY_SIZE(all); i++)
		for (j = 0; j < all[i].set->nr; j++)
			see(arg, all[i].what, &all[i].set->at[j]);
	mutex_unlock(&coverage_lock);
	ranges_clear(&regions);
	ranges_clear(&pars);
	return rc;
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
		rc = ranges_add(&ram, start, end) ?: ensure(&ram, true, false, &why);
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
	u64 reached, from, gone;
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
	/* Where the RMM just refused, it did nothing, and others may have these pages there */
	gone = granule_recover(phys, rc == -EPROTO ? phys + size : reached, false, NULL, NULL);
	if (gone) {
		pr_err_ratelimited("%llu KB stay delegated after a delegation that failed\n",
				   gone / SZ_1K);
		return -ENOTRECOVERABLE;
	}
	return rc == -EOPNOTSUPP ? -EIO : rc;
}
EXPORT_SYMBOL_GPL(cca_rmi_delegate_range);
