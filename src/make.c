// SPDX-License-Identifier: GPL-2.0-only
/* Tables and regions are made, and stock is taken for what the RMM wants for that. */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "../include/rmi_abi.h"
#include "chunk.h"
#include "explain.h"
#include "gpt.h"
#include "make.h"
#include "record.h"
#include "region.h"
#include "rmm.h"
#include "walk.h"

/* So many chunks in a row are taken at the most that bring an object no further */
#define MAX_VAIN	16

/* Objects of this transaction that are still to be made, under cover_lock */
static struct {
	u64 tables, regions;
} due;

static struct places places(void)
{
	return (struct places){ &record_view()->tables, &record_view()->fine };
}

static int no_room(struct verdict *why)
{
	return verdict_set(why, REASON_NO_MEMORY, "the module's own record");
}

/* All that Linux uses, as far as is known: in it there is memory for stock */
static const struct ranges *all_memory(const struct ranges *ram)
{
	return record_view()->online.nr ? &record_view()->online : ram;
}

static u64 due_bytes(void)
{
	return due.tables * gpt_price() + due.regions * region_price();
}

/* Tables --------------------------------------------------------------------------------------- */

/* NOLINTBEGIN(misc-no-recursion): a chunk's own PAR and region come first, but not theirs */

static int make_table(u64 par, const struct ranges *ram, unsigned int depth, struct verdict *why);

static bool has_table(u64 par)
{
	return ranges_has(&record_view()->tables, par, par + rmm_session()->l0gpt_size);
}

/*
 * A chunk whose own PAR can't have a table is of no use, and held until the end. Where the RMM
 * leaves that unfinished, it has been waited for already, which isn't worth repeating for other
 * chunks.
 */
static int stock_for_table(const struct payer *payer, const struct ranges *ram, unsigned int depth)
{
	const u64 wanted = payer->wanted.pages * PAGE_SIZE, block = payer->wanted.block * PAGE_SIZE;
	struct verdict unused;
	struct span chunk;
	u64 par;

	if (pool_stock(chunk_node(payer->base, payer->base + payer->size),
		       max(wanted, due_bytes()), block,
		       rmm_session()->region_size, all_memory(ram), &chunk))
		return -ENOMEM;
	par = ALIGN_DOWN(chunk.end - 1, payer->size);
	if (par != payer->base && !has_table(par) && !depth)
		return make_table(par, ram, depth + 1, &unused) == -EBUSY ? -EBUSY : 0;
	return 0;
}

static int make_table(u64 par, const struct ranges *ram, unsigned int depth, struct verdict *why)
{
	const struct places from = places();
	struct payer payer = gpt_payer(par, &from);
	struct step step = { .kind = LEDGER_TABLE, .base = par };
	unsigned int vain;
	bool created;
	int rc;

	/* What we couldn't remember we couldn't undo */
	if (record_reserve())
		return no_room(why);
	for (vain = 0;; vain++) {
		rc = gpt_create(&payer, &created, why);
		if (rc != -ENOMEM)
			break;
		rc = vain < MAX_VAIN ? stock_for_table(&payer, ram, depth) : -ENOMEM;
		if (!rc)
			continue;
		if (rc == -EBUSY || gpt_give_up(&payer, &created))
			return verdict_set(why, REASON_UNFINISHED, "%s %#llx",
					   rmi_name(RMI_GPT_L1_CREATE), par);
		rc = created ? 0 : -ENOMEM;
		break;
	}
	if (created) {
		step.lent = payer.lent;
		record_made(&step);
		due.tables -= min(due.tables, 1ULL);
	} else if (!rc) {
		record_has_table(par);
	}
	return rc == -ENOSPC ? -ENOMEM : rc;
}

/**
 * make_tables() - have a level 1 table made for each PAR that lacks one
 * @ram: memory whose PARs are meant; also where large pieces of memory may be looked for
 * @why: set on error
 *
 * Context: may sleep, allocates; under cover_lock, in a walk.
 * Return: 0 or the negative error number of @why.
 */
int make_tables(const struct ranges *ram, struct verdict *why)
{
	const u64 size = rmm_session()->l0gpt_size;
	struct span gap;
	u64 at;
	int rc;

	due.tables = 0;
	for (at = 0; ranges_missing(ram, &record_view()->tables, at, size, &gap); at = gap.end)
		due.tables += ALIGN(gap.end - gap.start, size) / size;
	do {
		for (at = 0;
		     !walk_is_over() && ranges_missing(ram, &record_view()->tables, at, size, &gap);
		     at = gap.start + size) {
			rc = make_table(gap.start, ram, 0, why);
			walk_note(rc);
			if (rc && rc != -ETIMEDOUT && rc != -EBUSY)
				return rc;
			rc = walk_tick("made level 1 tables for", ram, gap.start, why);
			if (rc)
				return rc;
		}
	} while (walk_again());
	return walk_end(why);
}

/* Regions -------------------------------------------------------------------------------------- */

static int make_region(u64 base, unsigned int before, const struct ranges *ram, unsigned int depth,
		       struct verdict *why);

/* The part of a region that is RAM which can be made FINE; its kind is the region's state */
static bool is_payable(const struct span *region, struct span *part)
{
	return ranges_next(&record_view()->payable, region->start, region->end, part);
}

/* @within: what alone will do, or NULL */
static int stock_chunk(const struct payer *payer, const struct ranges *within,
		       const struct ranges *ram, unsigned int depth)
{
	const u64 par_size = rmm_session()->l0gpt_size;
	struct span chunk, region, part;
	struct verdict unused;
	u64 par;
	int rc;

	chunk_within(within);
	rc = pool_stock(chunk_node(payer->base, payer->base + payer->size), due_bytes(), 0,
			payer->size, all_memory(ram), &chunk);
	chunk_within(NULL);
	if (rc)
		return rc;
	par = ALIGN_DOWN(chunk.start, par_size);
	region = region_at(chunk.start);
	if (!has_table(par) && make_table(par, ram, 1, &unused) == -EBUSY)
		return -EBUSY;
	/* The survey found it to be payable, or it has been undone since */
	if (!is_payable(&region, &part))
		part.kind = RMI_TRACKING_COARSE;
	if (region.start != payer->base && !depth &&
	    !ranges_has(&record_view()->fine, chunk.start, chunk.end)) {
		rc = make_region(region.start, part.kind, ram, depth + 1, &unused);
		return rc == -ETIMEDOUT || rc == -EBUSY ? rc : 0;
	}
	return 0;
}

/* Which memory pages of a state can lie in, of a region and of those that are FINE; NULL: either */
static const struct ranges *only(unsigned int state, const struct ranges *own)
{
	const struct ranges *fine = &record_view()->fine;

	if (state == RMI_MEM_UNDELEGATED || (state == RMI_MEM_CONDITIONAL && !fine->nr))
		return own;
	return state == RMI_MEM_DELEGATED && fine->nr ? fine : NULL;
}

/* Have as much in stock as a region wants: delegated pages, or undelegated ones of its own */
static int stock_for_region(const struct payer *payer, u64 bytes, unsigned int state,
			    const struct ranges *ram, unsigned int depth)
{
	const struct record *r = record_view();
	struct span self = { .start = payer->base, .end = payer->base + payer->size };
	const struct ranges own = { .at = &self, .nr = 1 };
	u64 before = U64_MAX;
	unsigned int vain = 0;
	int rc;

	for (;;) {
		const u64 ready = pool_in_hand(&r->fine, LEDGER_READY);
		u64 lacks = bytes;

		if (state != RMI_MEM_UNDELEGATED)
			lacks -= min(lacks, ready);
		if (state != RMI_MEM_DELEGATED)
			lacks -= min(lacks, pool_in_hand(&own, LEDGER_HELD));
		if (!lacks)
			return 0;
		if (state != RMI_MEM_UNDELEGATED && pool_in_hand(&r->fine, LEDGER_HELD)) {
			const u64 more = due.regions * region_price();

			rc = pool_delegate(&r->fine, max(lacks, more - min(more, ready)),
					   walk_ms());
			/* Of those that the RMM refuses, there are others */
			if (rc && (rc != -EIO || vain++ == MAX_VAIN))
				return rc;
			continue;
		}
		vain = lacks < before ? 0 : vain + 1;
		before = lacks;
		if (vain == MAX_VAIN)
			return -ENOMEM;
		/* Where the allocator gave what doesn't help, it may give nothing else by itself */
		rc = stock_chunk(payer, vain ? only(state, &own) : NULL, ram, depth);
		if (rc)
			return rc;
	}
}

/*
 * Begin, or go on; as long as there is stock for what the RMM asks for. Where it has refused pages,
 * or wants some next to each other, there must be more in stock than it asks for.
 */
static int pay_for_region(struct payer *payer, unsigned int before, const struct ranges *ram,
			  unsigned int depth, struct verdict *why)
{
	u64 lent = payer->lent;
	unsigned int vain = 0;
	bool anew;
	int rc;

	for (;;) {
		rc = region_make_fine(payer, before, why);
		anew = rc == -EAGAIN;
		if (rc != -ENOMEM && !anew)
			return rc;
		vain = payer->lent == lent && !anew ? vain + 1 : 1;
		lent = payer->lent;
		if (vain > MAX_VAIN)
			return -ENOMEM;
		rc = stock_for_region(payer, anew ? region_price() :
						    vain * payer->wanted.pages * PAGE_SIZE,
				      anew ? RMI_MEM_CONDITIONAL : payer->wanted.state, ram, depth);
		if (rc)
			return rc == -ENOMEM ? rc : explain_delegation(payer->base, rc, why);
	}
}

/* It has begun: it is gone on with, by the same command, and says what it wants */
static bool is_unfinished(u64 base, u64 *category)
{
	struct rmi_regs command;
	unsigned int i;

	for (i = 0; sro_unfinished(i, &command); i++)
		if (command.x[0] == RMI_GRANULE_TRACKING_SET && command.x[1] == base &&
		    command.x[3] == RMI_TRACKING_FINE) {
			*category = command.x[2];
			return true;
		}
	return false;
}

static int make_region(u64 base, unsigned int before, const struct ranges *ram, unsigned int depth,
		       struct verdict *why)
{
	const struct places from = places();
	struct payer payer = region_payer(base, &from);
	struct step step = { .kind = LEDGER_REGION, .base = base, .before = before };
	bool fine;
	int rc = 0;

	if (record_reserve())
		return no_room(why);
	/* What is wanted isn't known before it begins, but for the price */
	if (!is_unfinished(base, &payer.category))
		rc = stock_for_region(&payer, region_price(), RMI_MEM_CONDITIONAL, ram, depth);
	if (rc == -ENOMEM)
		return verdict_set(why, REASON_NO_MEMORY,
				   "%#llx-%#llx: %llu bytes wanted for tracking it", base,
				   base + payer.size, region_price());
	if (rc)
		return explain_delegation(base, rc, why);
	/* The stocking may have made it FINE, since a chunk lay in it */
	if (ranges_has(&record_view()->fine, base, base + payer.size))
		return 0;
	rc = pay_for_region(&payer, before, ram, depth, why);
	fine = !rc;
	if (rc == -ENOMEM) {
		if (region_give_up(&payer, &fine))
			return verdict_set(why, REASON_UNFINISHED, "%s %#llx",
					   rmi_name(RMI_GRANULE_TRACKING_SET), base);
		rc = fine ? 0 : -ENOMEM;
	}
	if (fine) {
		step.lent = payer.lent;
		step.category = payer.category;
		record_made(&step);
		due.regions -= min(due.regions, 1ULL);
	}
	return rc == -ENOSPC ? -ENOMEM : rc;
}

/* NOLINTEND(misc-no-recursion) */

/**
 * make_regions() - have each region that isn't FINE made so
 * @ram: memory whose regions are meant; a survey found all of it to be FINE or payable
 * @why: set on error
 *
 * Context: may sleep, allocates; under cover_lock, in a walk.
 * Return: 0 or the negative error number of @why.
 */
int make_regions(const struct ranges *ram, struct verdict *why)
{
	const struct record *r = record_view();
	struct span gap, part, region;
	u64 at;
	int rc;

	due.regions = 0;
	for (at = 0; ranges_missing(ram, &r->fine, at, PAGE_SIZE, &gap); at = region.end) {
		region = region_at(gap.start);
		due.regions++;
	}
	do {
		for (at = 0; !walk_is_over() && ranges_missing(ram, &r->fine, at, PAGE_SIZE, &gap);
		     at = region.end) {
			region = region_at(gap.start);
			/* The survey found it, or it has been undone since */
			if (!is_payable(&region, &part))
				part.kind = RMI_TRACKING_COARSE;
			rc = make_region(region.start, part.kind, ram, 0, why);
			walk_note(rc);
			if (rc && rc != -ETIMEDOUT && rc != -EBUSY)
				return rc;
			rc = walk_tick("covered", ram, region.end, why);
			if (rc)
				return rc;
		}
	} while (walk_again());
	return walk_end(why);
}

/**
 * make_resume() - go on with an operation that makes something and could not be finished
 * @command: what began it
 * @ram: as for make_tables()
 *
 * Context: may sleep, allocates; under cover_lock, in a walk.
 */
void make_resume(const struct rmi_regs *command, const struct ranges *ram)
{
	struct span region, part = { .kind = RMI_TRACKING_COARSE };
	struct verdict unused;

	if (command->x[0] == RMI_GPT_L1_CREATE) {
		make_table(command->x[1], ram, 0, &unused);
		return;
	}
	region = region_at(command->x[1]);
	is_payable(&region, &part);
	make_region(region.start, part.kind, ram, 0, &unused);
}
