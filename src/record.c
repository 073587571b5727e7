// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pagebits.h"
#include "proved.h"
#include "record.h"
#include "region.h"
#include "rmm.h"
#include "walk.h"

/* Taken under cover_lock; protects all that follows from readers who don't hold that one */
static DEFINE_MUTEX(record_lock);
static struct record record;
/* How the last load ended, or the last return from hibernation */
static struct verdict loaded = { .reason = REASON_UNFINISHED, .detail = "the module is loading" };
/* An undo failed: a step may be there of which nobody knows whether it holds still */
static bool doubtful;
static struct ranges missed;		/* memory that went online without cover */
static struct verdict missed_why;
static struct cpumask without_rme;	/* online CPUs that have no RME */

/**
 * record_view() - the record itself
 *
 * Context: any; under cover_lock.
 * Return: never NULL.
 */
const struct record *record_view(void)
{
	return &record;
}

/* What is learnt and made ---------------------------------------------------------------------- */

static void replace(struct ranges *old, struct ranges *new)
{
	swap(*old, *new);
	ranges_clear(new);
}

/**
 * record_learn() - a survey has ended
 * @tables: what is known now, consumed; the same for
 * @fine: and
 * @payable: these
 *
 * Context: may sleep; under cover_lock.
 */
void record_learn(struct ranges *tables, struct ranges *fine, struct ranges *payable)
{
	mutex_lock(&record_lock);
	replace(&record.tables, tables);
	replace(&record.fine, fine);
	replace(&record.payable, payable);
	mutex_unlock(&record_lock);
}

/* Making one thing may make others on the way, for the chunk that pays for it */
#define SPARE	4

/**
 * record_reserve() - make room for a few steps more: what can't be remembered can't be undone
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0 or -ENOMEM.
 */
int record_reserve(void)
{
	const unsigned int room = 2 * record.nr + SPARE;
	struct step *made, *old = record.made;

	if (record.nr + SPARE <= record.room)
		return 0;
	made = kvmalloc_array(room, sizeof(*made), GFP_KERNEL | __GFP_NOWARN);
	if (!made)
		return -ENOMEM;
	if (record.nr)
		memcpy(made, old, record.nr * sizeof(*made));
	mutex_lock(&record_lock);
	record.made = made;
	record.room = room;
	mutex_unlock(&record_lock);
	kvfree(old);
	return 0;
}

/**
 * record_span() - what a step made
 * @step: the step
 *
 * Context: any; under cover_lock.
 * Return: the PAR, or the region.
 */
struct span record_span(const struct step *step)
{
	if (step->kind == LEDGER_REGION)
		return region_at(step->base);
	return (struct span){ .start = step->base,
			      .end = step->base + rmm_session()->l0gpt_size };
}

/**
 * record_made() - a table or region was made
 * @step: which
 *
 * Context: may sleep; under cover_lock, after record_reserve().
 */
void record_made(const struct step *step)
{
	const struct span span = record_span(step);
	unsigned int i;

	mutex_lock(&record_lock);
	ranges_keep(step->kind == LEDGER_TABLE ? &record.tables : &record.fine, span);
	if (step->kind == LEDGER_REGION)
		ranges_remove(&record.payable, span.start, span.end);
	/* One that is there already has been undone, whatever the RMM said */
	for (i = 0; doubtful && i < record.nr; i++)
		if (record.made[i].kind == step->kind && record.made[i].base == step->base)
			break;
	if (!doubtful || i == record.nr)
		i = record.nr++;
	record.made[i] = *step;
	mutex_unlock(&record_lock);
}

/**
 * record_has_table() - a PAR turned out to have a table of the platform's
 * @par: physical address of the PAR
 *
 * Context: may sleep; under cover_lock.
 */
void record_has_table(u64 par)
{
	const u64 end = par + rmm_session()->l0gpt_size;

	mutex_lock(&record_lock);
	ranges_keep(&record.tables, (struct span){ .start = par, .end = end });
	mutex_unlock(&record_lock);
}

/**
 * record_has_no_tables() - what was believed to have a table hasn't, or nobody knows
 * @pars: PARs
 *
 * Context: may sleep; under cover_lock.
 */
void record_has_no_tables(const struct ranges *pars)
{
	unsigned int i;

	mutex_lock(&record_lock);
	for (i = 0; i < pars->nr; i++) {
		ranges_remove(&record.tables, pars->at[i].start, pars->at[i].end);
		pagebits_unusable(pars->at[i].start, pars->at[i].end);
	}
	mutex_unlock(&record_lock);
}

static void forget_facts(const struct step *step)
{
	const struct span span = record_span(step);

	ranges_remove(step->kind == LEDGER_TABLE ? &record.tables : &record.fine, span.start,
		      span.end);
	pagebits_unusable(span.start, span.end);
}

/**
 * record_keeps() - the RMM doesn't undo a step, not now
 * @i: its index
 * @lent: bytes that it keeps
 *
 * An RMM that fails may have done it all the same: what is known of it has to be asked again.
 *
 * Context: may sleep; under cover_lock.
 */
void record_keeps(unsigned int i, u64 lent)
{
	mutex_lock(&record_lock);
	record.made[i].lent = lent;
	doubtful = true;
	forget_facts(&record.made[i]);
	mutex_unlock(&record_lock);
}

/**
 * record_undone() - a step was undone
 * @i: its index; those behind it move up
 *
 * Context: may sleep; under cover_lock.
 */
void record_undone(unsigned int i)
{
	mutex_lock(&record_lock);
	forget_facts(&record.made[i]);
	record.nr--;
	memmove(&record.made[i], &record.made[i + 1], (record.nr - i) * sizeof(*record.made));
	mutex_unlock(&record_lock);
}

/**
 * record_online() - Linux uses memory that is covered, or can be
 * @ram: the memory
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0 or -ENOMEM, then nothing has changed.
 */
int record_online(const struct ranges *ram)
{
	struct ranges next = {};
	unsigned int i;
	int rc = ranges_copy(&next, &record.online);

	for (i = 0; !rc && i < ram->nr; i++)
		rc = ranges_add(&next, ram->at[i].start, ram->at[i].end);
	if (rc) {
		ranges_clear(&next);
		return rc;
	}
	mutex_lock(&record_lock);
	replace(&record.online, &next);
	for (i = 0; i < ram->nr; i++)
		ranges_remove(&missed, ram->at[i].start, ram->at[i].end);
	mutex_unlock(&record_lock);
	return 0;
}

/**
 * record_offline() - Linux doesn't use memory any more
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 *
 * Context: may sleep; under cover_lock.
 */
void record_offline(u64 start, u64 end)
{
	mutex_lock(&record_lock);
	ranges_remove(&record.online, start, end);
	ranges_remove(&missed, start, end);
	pagebits_unusable(start, end);
	mutex_unlock(&record_lock);
}

/**
 * record_forget() - all that is known may be about another RMM
 *
 * Context: may sleep; under cover_lock.
 */
void record_forget(void)
{
	mutex_lock(&record_lock);
	ranges_clear(&record.online);
	ranges_clear(&record.fine);
	ranges_clear(&record.tables);
	ranges_clear(&record.payable);
	ranges_clear(&missed);
	pagebits_unusable(0, U64_MAX);
	kvfree(record.made);
	record.made = NULL;
	record.nr = 0;
	record.room = 0;
	doubtful = false;
	mutex_unlock(&record_lock);
}

/* Questions of those who must not wait for commands -------------------------------------------- */

/**
 * record_is_online() - is all of [@start, @end) memory that Linux uses?
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned
 *
 * Context: may sleep; takes record_lock.
 * Return: true if so.
 */
bool record_is_online(u64 start, u64 end)
{
	bool is;

	mutex_lock(&record_lock);
	is = ranges_has(&record.online, start, end);
	mutex_unlock(&record_lock);
	return is;
}

/**
 * record_is_covered() - is all of [@start, @end) online, tracked FINE, and in PARs with a table?
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned
 *
 * Context: may sleep; takes record_lock.
 * Return: true if so.
 */
bool record_is_covered(u64 start, u64 end)
{
	bool is;

	mutex_lock(&record_lock);
	is = ranges_has(&record.online, start, end) && ranges_has(&record.fine, start, end) &&
	     ranges_has(&record.tables, start, end);
	mutex_unlock(&record_lock);
	return is;
}

/**
 * record_bytes() - how much memory is covered
 *
 * Context: may sleep; takes record_lock.
 * Return: bytes.
 */
u64 record_bytes(void)
{
	struct span online, fine, both;
	u64 bytes = 0, at, in;
	unsigned int i;

	mutex_lock(&record_lock);
	for (i = 0; i < record.online.nr; i++) {
		online = record.online.at[i];
		for (at = online.start; ranges_next(&record.fine, at, online.end, &fine);
		     at = fine.end)
			for (in = fine.start; ranges_next(&record.tables, in, fine.end, &both);
			     in = both.end)
				bytes += both.end - both.start;
	}
	mutex_unlock(&record_lock);
	return bytes;
}

/**
 * record_is_paid() - does the RMM want this host's memory for its tracking?
 *
 * Context: may sleep; takes record_lock.
 * Return: true if it has some for a tracking region, or will have with cover=lazy.
 */
bool record_is_paid(void)
{
	unsigned int i;
	bool is;

	mutex_lock(&record_lock);
	is = record.payable.nr;
	for (i = 0; !is && i < record.nr; i++)
		is = record.made[i].kind == LEDGER_REGION;
	mutex_unlock(&record_lock);
	return is;
}

/* The verdict ---------------------------------------------------------------------------------- */

/* What is wrong for all comes first; it recovers when what was wrong is gone */
static void judge(struct verdict *v)
{
	char what[RMI_LATCH_SIZE];

	if (walk_is_released())
		verdict_set(v, REASON_RELEASED, "%s", "");
	else if (rmi_latched(what))
		verdict_set(v, REASON_BAD_ANSWER, "%s", what);
	else if (loaded.reason != REASON_OK)
		*v = loaded;
	else if (!cpumask_empty(&without_rme))
		verdict_set(v, REASON_NO_RME, "CPU %u came online without FEAT_RME",
			    cpumask_first(&without_rme));
	else if (missed.nr)
		*v = missed_why;
	else
		verdict_set(v, REASON_OK, "%s", "");
}

/**
 * record_publish() - make the verdict on all that is known the one that sysfs tells
 *
 * Context: may sleep; takes record_lock.
 */
void record_publish(void)
{
	struct verdict v;

	mutex_lock(&record_lock);
	judge(&v);
	if (v.reason != REASON_OK)
		proved_forget();
	verdict_publish(&v);
	mutex_unlock(&record_lock);
}

/**
 * record_set_verdict() - a load has ended, or a return from hibernation
 * @why: how; REASON_OK if all memory is covered
 *
 * Context: may sleep; under cover_lock; takes record_lock.
 */
void record_set_verdict(const struct verdict *why)
{
	mutex_lock(&record_lock);
	loaded = *why;
	mutex_unlock(&record_lock);
	record_publish();
}

/**
 * record_missed() - memory is online without cover
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 * @why: why that is
 *
 * Context: may sleep; takes record_lock.
 */
void record_missed(u64 start, u64 end, const struct verdict *why)
{
	mutex_lock(&record_lock);
	ranges_keep(&missed, (struct span){ .start = start, .end = end });
	missed_why = *why;
	mutex_unlock(&record_lock);
	record_publish();
}

/**
 * record_set_cpu() - a CPU came online, or goes offline
 * @cpu: its number
 * @has_rme: nothing is wrong with it, or nothing any more
 *
 * Context: may sleep; takes record_lock.
 */
void record_set_cpu(unsigned int cpu, bool has_rme)
{
	mutex_lock(&record_lock);
	if (has_rme)
		cpumask_clear_cpu(cpu, &without_rme);
	else
		cpumask_set_cpu(cpu, &without_rme);
	mutex_unlock(&record_lock);
	record_publish();
}
