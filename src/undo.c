// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>

#include "../include/rmi_abi.h"
#include "exchange.h"
#include "gpt.h"
#include "record.h"
#include "region.h"
#include "rmm.h"
#include "undo.h"
#include "walk.h"

static bool is_for(const struct span *part, const struct step *step)
{
	return part->kind == step->kind && part->payee == step->base;
}

/* An operation for a region can't end without the table of its PAR */
static bool has_unfinished(const struct span *par)
{
	struct rmi_regs command;
	unsigned int i;

	for (i = 0; sro_unfinished(i, &command); i++)
		if (command.x[0] == RMI_GRANULE_TRACKING_SET && command.x[1] < par->end &&
		    region_at(command.x[1]).end > par->start)
			return true;
	return false;
}

/*
 * Does what a step made hold pages that must come back first? A region can't leave FINE while it
 * has others' metadata, and a table must be homogeneous but for its own memory.
 */
static bool holds_others(const struct step *step)
{
	const struct span where = record_span(step);
	struct span part;
	u64 at;

	if (step->kind == LEDGER_TABLE && has_unfinished(&where))
		return true;
	for (at = where.start; ledger_next(at, where.end, &part); at = part.end)
		if ((part.kind == LEDGER_REGION ||
		     (part.kind == LEDGER_TABLE && step->kind == LEDGER_TABLE)) &&
		    !is_for(&part, step))
			return true;
	return false;
}

/* Returns true if it is done */
static bool undo_step(unsigned int i)
{
	struct step step = record_view()->made[i];
	int rc;

	if (step.kind == LEDGER_REGION)
		rc = region_undo(step.base, step.before, step.category, &step.lent);
	else
		rc = gpt_destroy(step.base, &step.lent);
	if (rc)
		record_keeps(i, step.lent);
	else
		record_undone(i);
	/* A refusal is an answer; there is another try as long as anything else moves */
	if (rc != -EIO)
		walk_note(rc);
	return !rc;
}

/* Of one kind, from the last one on. Returns how many are done. */
static unsigned int undo_pass(enum ledger_kind kind, unsigned int mark)
{
	const struct record *r = record_view();
	unsigned int i, done = 0;

	for (i = r->nr; i-- > mark && !walk_is_over();)
		if (r->made[i].kind == kind && !holds_others(&r->made[i]))
			done += undo_step(i);
	return done;
}

/**
 * undo_to() - undo what was made, but for the first steps of the record
 * @mark: so many steps stay
 * @patience_ms: for how long nothing may come back
 *
 * Regions before tables, since a table is needed to move the pages of the metadata. To some RMMs
 * the pages of a table look like any others, and keep a region from leaving FINE: so both are tried
 * again as long as something comes back.
 *
 * Context: may sleep; under cover_lock.
 */
void undo_to(unsigned int mark, unsigned int patience_ms)
{
	unsigned int done;
	bool again;

	walk_open(WALK_UNDO, patience_ms);
	do {
		if (exchange_unfinished())
			exchange_resume();
		done = undo_pass(LEDGER_REGION, mark) + undo_pass(LEDGER_TABLE, mark);
		again = walk_again();
	} while (record_view()->nr > mark && (done || again) && !walk_is_over());
}

/**
 * undo_unused() - undo what was made for memory of which nothing is online any more
 *
 * Context: may sleep; under cover_lock.
 */
void undo_unused(void)
{
	static const enum ledger_kind kinds[] = { LEDGER_REGION, LEDGER_TABLE };
	const struct record *r = record_view();
	struct span where, part;
	unsigned int i, k;

	walk_open(WALK_UNDO, rmi_timeout_ms());
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (i = r->nr; i-- > 0;) {
			where = record_span(&r->made[i]);
			if (r->made[i].kind == kinds[k] && !holds_others(&r->made[i]) &&
			    !ranges_next(&r->online, where.start, where.end, &part))
				undo_step(i);
		}
	}
}

static bool is_paid_from(const struct step *step, u64 start, u64 end)
{
	struct span part;

	for (; ledger_next(start, end, &part); start = part.end)
		if (is_for(&part, step))
			return true;
	return false;
}

/*
 * Where others lodge in what a page in the range was lent for, these have to leave first: only what
 * was made later can, so that with @all everything goes that was made since.
 */
static void undo_payees(enum ledger_kind kind, u64 start, u64 end, bool all)
{
	const struct record *r = record_view();
	unsigned int i, first;

	for (first = 0; first < r->nr; first++)
		if (r->made[first].kind == kind && is_paid_from(&r->made[first], start, end))
			break;
	for (i = r->nr; i-- > first;)
		if (r->made[i].kind == kind && !holds_others(&r->made[i]) &&
		    (all || is_paid_from(&r->made[i], start, end)))
			undo_step(i);
}

/**
 * undo_paid_from() - undo everything that pages in [@start, @end) were lent for
 * @start: physical address
 * @end: physical address, exclusive
 *
 * Context: may sleep; under cover_lock.
 */
void undo_paid_from(u64 start, u64 end)
{
	int all;

	walk_open(WALK_UNDO, rmi_timeout_ms());
	for (all = 0; all < 2; all++) {
		undo_payees(LEDGER_REGION, start, end, all);
		undo_payees(LEDGER_TABLE, start, end, all);
	}
}

static unsigned int find_step(enum ledger_kind kind, u64 base)
{
	const struct record *r = record_view();
	unsigned int i;

	for (i = 0; i < r->nr; i++)
		if (r->made[i].kind == kind && r->made[i].base == base)
			break;
	return i;
}

/**
 * undo_resume() - go on with an operation that undoes something and could not be finished
 * @command: what began it
 *
 * Context: may sleep; under cover_lock.
 * Return: 0 if it has ended; -EBUSY; -EPROTO.
 */
int undo_resume(const struct rmi_regs *command)
{
	const bool table = command->x[0] == RMI_GPT_L1_DESTROY;
	const u64 base = command->x[0] == RMI_RMM_DEACTIVATE ? 0 : command->x[1];
	struct payer payer = { .kind = table ? LEDGER_TABLE : LEDGER_REGION, .base = base };
	struct rmi_regs r = *command;
	unsigned int i;
	int rc;

	if (command->x[0] == RMI_RMM_DEACTIVATE) {
		rmm_close();
		return 0;
	}
	payer.size = table ? rmm_session()->l0gpt_size : rmm_session()->region_size;
	rc = sro_run(&r, &payer, 0);
	i = find_step(payer.kind, base);
	if (i == record_view()->nr)
		return rc;
	if (!rc && RMI_RESULT_STATUS(r.x[0]) == RMI_SUCCESS)
		record_undone(i);
	else
		record_keeps(i, payer.lent);
	return rc;
}
