// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "../include/rmi_abi.h"
#include "exchange.h"
#include "explain.h"
#include "gpt.h"
#include "rmm.h"
#include "sro.h"
#include "walk.h"

static int no_table(u64 start, u64 end, const char *what, struct verdict *why)
{
	return verdict_set(why, REASON_NO_GPT, "%#llx-%#llx %s", start, end, what);
}

/* What is learnt, and of which memory */
struct survey {
	const struct ranges *ram;
	struct ranges *tables, *reserved, without;
};

static int no_room(const struct survey *s, struct verdict *why)
{
	return verdict_set(why, REASON_NO_MEMORY, "record of %u ranges",
			   s->tables->nr + s->without.nr + 1);
}

/*
 * Some RMMs look at the first granule of a PAR alone: where that is no RAM, it reads reserved
 * although there may be DRAM in it, and a table for that. @gap is RAM in PARs that read so.
 */
static int note_reserved(struct survey *s, struct span gap, struct verdict *why)
{
	const u64 size = rmm_session()->l0gpt_size;
	struct span part;
	int rc = 0;
	u64 par;

	for (par = gap.start; !rc && par < gap.end; par += size) {
		if (ranges_next(s->ram, par, par + PAGE_SIZE, &part))
			return no_table(gap.start, gap.end, "reserved", why);
		rc = ranges_add(s->reserved, par, par + size) ?:
		     ranges_add(s->tables, par, par + size);
	}
	return rc;
}

/*
 * One question about [gap.start, end) and its answer: the PARs of it go into tables, or into those
 * without one; *next is set to where that ends. Only the PARs of gap are known to matter. It calls
 * itself once at the most, as no RAM that is asked about lies above pa_end.
 */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int survey_next(struct survey *s, struct span gap, u64 end, u64 *next, struct verdict *why)
{
	const u64 size = rmm_session()->l0gpt_size, base = gap.start;
	struct rmi_regs r = { .x = { RMI_GPT_INFO, base, end } };
	struct payer nothing = {};
	int rc;

	rc = sro_run(&r, &nothing, walk_ms());
	if (rc)
		return explain_answer(RMI_GPT_INFO, base, rc, &r, why);
	if (RMI_RESULT_STATUS(r.x[0]) == RMI_ERROR_INPUT && end >= rmm_session()->pa_end) {
		/*
		 * Some RMMs don't speak of the last PAR. Ask about the others; of this one only
		 * CREATE can tell, or, where that may not be issued, its tracking.
		 */
		if (end - base > size)
			return survey_next(s, gap, end - size, next, why);
		*next = end;
		if (!rmm_is_kernels())
			return 0;
		rc = ranges_add(s->tables, base, end);
		return rc ? no_room(s, why) : 0;
	}
	if (RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)
		return explain_answer(RMI_GPT_INFO, base, 0, &r, why);
	if (r.x[1] <= base || r.x[1] > end || !IS_ALIGNED(r.x[1], size))
		return verdict_set(why, REASON_BAD_ANSWER, "%s %#llx-%#llx: out_top %#llx",
				   rmi_name(RMI_GPT_INFO), base, end, r.x[1]);
	*next = r.x[1];
	switch (r.x[2]) {
	case RMI_PAR_PLATFORM:
	case RMI_PAR_HOST_CREATED:
		rc = ranges_add(s->tables, base, r.x[1]);
		break;
	case RMI_PAR_HOST_NOT_CREATED:
		rc = ranges_add(&s->without, base, r.x[1]);
		break;
	case RMI_PAR_RESERVED:
		gap.end = *next = min(r.x[1], gap.end);
		rc = note_reserved(s, gap, why);
		if (rc && rc != -ENOMEM)
			return rc;
		break;
	default:
		return verdict_set(why, REASON_BAD_ANSWER, "%s %#llx: state %llu",
				   rmi_name(RMI_GPT_INFO), base, r.x[2]);
	}
	return rc ? no_room(s, why) : 0;
}

/**
 * gpt_survey() - which PARs that hold RAM have a level 1 table?
 * @ram: the RAM, not empty
 * @tables: gets the PARs added that are known to have one; nothing is asked about those that are
 * there already
 * @reserved: gets those of @tables added of which that is in doubt, see probe_reserved()
 * @why: set on error
 *
 * Each question spans all that is left, holes as well: an answer may, and its end is where the next
 * one begins. An RMM older than beta 3 doesn't say: of those only gpt_create() can tell.
 * Specification: DEN0137, RMI_GPT_INFO.
 *
 * Context: may sleep. Any lock may be held that allows for that.
 * Return: 0; -ENXIO if there is a PAR that can't have one; -ENOMEM; -ETIMEDOUT, -EIO or -EPROTO if
 * the RMM doesn't say.
 */
int gpt_survey(const struct ranges *ram, struct ranges *tables, struct ranges *reserved,
	       struct verdict *why)
{
	const u64 size = rmm_session()->l0gpt_size, end = ALIGN(ram->at[ram->nr - 1].end, size);
	struct survey s = { .ram = ram, .tables = tables, .reserved = reserved };
	struct span gap, known;
	u64 at;
	int rc = 0;

	if (!rmm_session()->has_gpt_info)
		return 0;
	do {
		for (at = 0; !rc && ranges_still_missing(ram, tables, at, size, &gap);) {
			/* What a pass before this one was told */
			if (s.without.nr && ranges_next(&s.without, gap.start, gap.end, &known) &&
			    known.start == gap.start) {
				at = known.end;
				continue;
			}
			rc = survey_next(&s, gap, end, &at, why);
			walk_note(rc);
			if (rc == -ETIMEDOUT || rc == -EBUSY) {
				at = gap.start + size;
				rc = 0;
			}
			if (!rc)
				rc = walk_tick("looked for level 1 tables of", ram, at, why);
		}
	} while (!rc && walk_again());
	ranges_clear(&s.without);
	return rc ?: walk_end(why);
}

/**
 * gpt_check() - has each PAR that holds RAM a level 1 table, where none may be made?
 * @ram: the RAM
 * @tables: the PARs that are known to have one
 * @why: set on error
 *
 * Context: any; under cover_lock.
 * Return: 0; -ENXIO if there is a PAR without.
 */
int gpt_check(const struct ranges *ram, const struct ranges *tables, struct verdict *why)
{
	struct span gap;

	if (!ranges_missing(ram, tables, 0, rmm_session()->l0gpt_size, &gap))
		return 0;
	return no_table(gap.start, gap.end, "has no level 1 table", why);
}

/* Bytes that a table took, as far as is known */
static u64 price;

/**
 * gpt_price() - how much memory the next level 1 table will want
 *
 * Context: any; under cover_lock.
 * Return: bytes; 0 if the RMM hasn't asked for any yet.
 */
u64 gpt_price(void)
{
	return price;
}

/**
 * gpt_payer() - what may be lent for the level 1 table of a PAR
 * @par: physical address of the PAR
 * @places: PARs that have a table, and memory that is tracked FINE
 *
 * A table has half a byte for each granule; twice that is more than any RMM may want.
 *
 * Context: any.
 * Return: that; valid as long as @places.
 */
struct payer gpt_payer(u64 par, const struct places *places)
{
	const u64 size = rmm_session()->l0gpt_size;

	return (struct payer){
		.kind = LEDGER_TABLE,
		.base = par,
		.size = size,
		.limit = max_t(u64, size / PAGE_SIZE, PAGE_SIZE),
		.places = *places,
	};
}

/* An RMM that could be asked, and has said that there is none, should know better by now */
static int has_table(u64 par, struct verdict *why)
{
	const u64 end = par + rmm_session()->l0gpt_size;
	struct span self = { .start = par, .end = end }, gap;
	const struct ranges ram = { .at = &self, .nr = 1 };
	struct ranges tables = {};
	struct survey s = { .ram = &ram, .tables = &tables };
	u64 next;
	int rc;

	/* Of the last PAR, some don't speak */
	if (!rmm_session()->has_gpt_info || end >= rmm_session()->pa_end)
		return 0;
	rc = survey_next(&s, self, end, &next, why);
	if (!rc && ranges_gap(&tables, par, end, &gap))
		rc = verdict_set(why, REASON_BAD_ANSWER, "%s %#llx: there is a table, and isn't",
				 rmi_name(RMI_GPT_L1_CREATE), par);
	ranges_clear(&tables);
	ranges_clear(&s.without);
	return rc;
}

/**
 * gpt_create() - see that a PAR has a level 1 table, and pay for it
 * @payer: of gpt_payer(); lent and wanted are set
 * @created: set: was there none before?
 * @why: set on error
 *
 * An RMM that has no RMI_GPT_INFO says in this way, too, that there is a table.
 * Specification: DEN0137, RMI_GPT_L1_CREATE.
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0; -ENXIO if it can't have one; -ENOMEM if the stock lacks @payer->wanted, with -ENOSPC
 * in place of it if that can't be helped; -ETIMEDOUT, -EBUSY, -EIO or -EPROTO if the RMM doesn't
 * say.
 */
int gpt_create(struct payer *payer, bool *created, struct verdict *why)
{
	const u64 par = payer->base, end = par + payer->size;
	struct rmi_regs r = { .x = { RMI_GPT_L1_CREATE, par } };
	int rc;

	*created = false;
	rc = sro_run(&r, payer, walk_ms());
	if (rc == -ENOMEM || rc == -ENOSPC) {
		verdict_set(why, REASON_NO_MEMORY,
			    "%#llx-%#llx has no level 1 table, %llu bytes wanted for it", par, end,
			    payer->wanted.pages * PAGE_SIZE);
		return rc;
	}
	if (rc)
		return explain_answer(RMI_GPT_L1_CREATE, par, rc, &r, why);
	switch (RMI_RESULT_STATUS(r.x[0])) {
	case RMI_SUCCESS:
		*created = true;
		price = payer->lent;
		return 0;
	case RMI_ERROR_GPT:
		return has_table(par, why);
	case RMI_ERROR_GLOBAL:
		/*
		 * Of the last PAR, some RMMs of beta 3 don't speak: this may be the firmware's
		 * table. Tracking will tell.
		 */
		if (rmm_session()->has_gpt_info && end >= rmm_session()->pa_end)
			return 0;
		rc = no_table(par, end, "can't have a level 1 table", why);
		explain_where(r.x[0], why);
		return rc;
	case RMI_ERROR_INPUT:
		return no_table(par, end, "isn't known to the RMM", why);
	default:
		return explain_answer(RMI_GPT_L1_CREATE, par, 0, &r, why);
	}
}

/**
 * gpt_give_up() - there is no memory for a table that gpt_create() began
 * @payer: as there
 * @created: set: is there a table after all?
 *
 * Context: may sleep; under cover_lock.
 * Return: 0 if there is nothing unfinished any more; -EBUSY; -EPROTO.
 */
int gpt_give_up(struct payer *payer, bool *created)
{
	struct rmi_regs r = { .x = { RMI_GPT_L1_CREATE, payer->base } };
	int rc = sro_cancel(&r, payer);

	*created = !rc && payer->lent;
	return rc == -ENOENT ? 0 : rc;
}

/**
 * gpt_destroy() - take back the level 1 table that gpt_create() made
 * @par: physical address of the PAR
 * @lent: bytes that were lent for it; set to what still is
 *
 * The RMM refuses while granules of the PAR are delegated.
 * Specification: DEN0137, RMI_GPT_L1_DESTROY.
 *
 * Context: may sleep; under cover_lock.
 * Return: 0; -EIO if the RMM keeps the table; -ETIMEDOUT, -EBUSY or -EPROTO as sro_run().
 */
int gpt_destroy(u64 par, u64 *lent)
{
	struct payer payer = { .kind = LEDGER_TABLE, .base = par,
			       .size = rmm_session()->l0gpt_size, .lent = *lent };
	struct rmi_regs r = { .x = { RMI_GPT_L1_DESTROY, par } };
	int rc;

	rc = exchange_undelegate(par, par + payer.size, walk_ms());
	if (rc)
		return rc;
	rc = sro_run(&r, &payer, walk_ms());
	*lent = payer.lent;
	if (rc == -ENOSPC || rc == -EOPNOTSUPP)
		return -EIO;
	return rc ?: RMI_RESULT_STATUS(r.x[0]) == RMI_SUCCESS ? 0 : -EIO;
}
