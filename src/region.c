// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "../include/rmi_abi.h"
#include "exchange.h"
#include "explain.h"
#include "region.h"
#include "rmm.h"
#include "walk.h"

static const char * const categories[] = {
	[RMI_MEM_CATEGORY_CONVENTIONAL]	= "conventional",
	[RMI_MEM_CATEGORY_DEV_NCOH]	= "device-non-coherent",
	[RMI_MEM_CATEGORY_DEV_COH]	= "device-coherent",
	[RMI_MEM_CATEGORY_NONE]		= "no category",
};

static const struct {
	const char *word;
	enum reason reason;
} states[] = {
	[RMI_TRACKING_RESERVED]		= { "reserved", REASON_NOT_TRACKED },
	[RMI_TRACKING_NONE]		= { "none", REASON_NOT_TRACKED },
	[RMI_TRACKING_FINE]		= { "fine", REASON_OK },
	[RMI_TRACKING_COARSE]		= { "coarse", REASON_NOT_FINE },
	[RMI_TRACKING_INTERMEDIATE]	= { "intermediate", REASON_NOT_FINE },
};

/* An answer that has been checked */
struct answer {
	u64 end, category, state;
};

/* What the RMM said of a range: is that what a host can use? */
static int judge(u64 start, u64 end, u64 category, u64 state, struct verdict *why)
{
	if (states[state].reason == REASON_OK && category == RMI_MEM_CATEGORY_CONVENTIONAL)
		return 0;
	if (states[state].reason == REASON_NOT_TRACKED)
		return verdict_set(why, REASON_NOT_TRACKED, "%#llx-%#llx %s", start, end,
				   states[state].word);
	if (category != RMI_MEM_CATEGORY_CONVENTIONAL)
		return verdict_set(why, REASON_NOT_CONVENTIONAL, "%#llx-%#llx %s", start, end,
				   categories[category]);
	return verdict_set(why, states[state].reason, "%#llx-%#llx %s", start, end,
			   states[state].word);
}

/*
 * Is it something that the host may change? Beta 3 has a category of its own for memory that isn't
 * tracked.
 */
static bool is_payable(const struct answer *a)
{
	switch (a->state) {
	case RMI_TRACKING_NONE:
		return a->category == RMI_MEM_CATEGORY_CONVENTIONAL ||
		       a->category == RMI_MEM_CATEGORY_NONE;
	case RMI_TRACKING_COARSE:
		return a->category == RMI_MEM_CATEGORY_CONVENTIONAL;
	default:
		return false;
	}
}

static int ask(u64 base, u64 top, struct rmi_regs *r)
{
	*r = (struct rmi_regs){ .x = { RMI_GRANULE_TRACKING_GET, base, top } };
	return rmi_call(r, walk_ms());
}

/*
 * Beta 1 to the letter takes the base of a tracking region and nothing else; the public RMM of
 * mid-2026 looks at the granule at the base, which for a whole region may lie outside of the DRAM
 * that starts in it. So ask about the memory itself first.
 */
static int ask_old(u64 base, u64 top, struct rmi_regs *r)
{
	const u64 region = rmm_session()->region_size;
	const u64 region_base = ALIGN_DOWN(base, region);
	int rc;

	rc = ask(base, top, r);
	if (rc || RMI_RESULT_STATUS(r->x[0]) != RMI_ERROR_INPUT || base == region_base)
		return rc;
	rc = ask(region_base, region_base + region, r);
	if (!rc && RMI_RESULT_STATUS(r->x[0]) == RMI_SUCCESS && r->x[3] > top)
		r->x[3] = top;
	return rc;
}

static int ask_checked(u64 base, u64 end, struct answer *a, struct verdict *why)
{
	const struct rmm_session *rmm = rmm_session();
	struct rmi_regs r;
	u64 top = end;
	int rc;

	if (rmm->has_gpt_info) {
		rc = ask(base, top, &r);
	} else {
		/*
		 * Answers of old RMMs hold for one region at the most, however much was asked about
		 */
		top = min(end, ALIGN_DOWN(base, rmm->region_size) + rmm->region_size);
		rc = ask_old(base, top, &r);
	}
	if (rc || RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)
		return explain_answer(RMI_GRANULE_TRACKING_GET, base, rc, &r, why);
	if (!r.x[3] && !rmm->has_gpt_info)
		r.x[3] = top;	/* beta 1 has no such output */
	if (r.x[3] <= base || r.x[3] > top || !IS_ALIGNED(r.x[3], PAGE_SIZE))
		return verdict_set(why, REASON_BAD_ANSWER, "%s %#llx-%#llx: out_top %#llx",
				   rmi_name(RMI_GRANULE_TRACKING_GET), base, top, r.x[3]);
	if (r.x[1] >= ARRAY_SIZE(categories) || r.x[2] >= ARRAY_SIZE(states))
		return verdict_set(why, REASON_BAD_ANSWER, "%s %#llx: category %llu, state %llu",
				   rmi_name(RMI_GRANULE_TRACKING_GET), base, r.x[1], r.x[2]);
	*a = (struct answer){ .end = r.x[3], .category = r.x[1], .state = r.x[2] };
	return 0;
}

/**
 * region_at() - the tracking region of an address
 * @addr: physical address
 *
 * Context: any.
 * Return: its range.
 */
struct span region_at(u64 addr)
{
	const u64 size = rmm_session()->region_size, base = ALIGN_DOWN(addr, size);

	return (struct span){ .start = base, .end = min(base + size, rmm_session()->pa_end) };
}

/* May what is payable be paid for, as far as is known? */
static bool can_be_had(const struct answer *a, bool pay)
{
	if (rmm_is_kernels())
		return false;
	return pay || rmm_session()->has_gpt_info || a->state != RMI_TRACKING_NONE;
}

/* What an answer means for the RAM that it speaks of, of which gap is the first part */
static int note_answer(const struct ranges *ram, struct span gap, bool payable_counts,
		       const struct answer *a, struct ranges *fine, struct ranges *payable,
		       struct verdict *why)
{
	struct span part;
	u64 at;
	int rc;

	if (payable_counts && is_payable(a)) {
		for (rc = 0, at = gap.start; !rc && ranges_next(ram, at, a->end, &part);
		     at = part.end) {
			part.kind = a->state;
			rc = ranges_put(payable, part);
		}
	} else {
		rc = judge(gap.start, min(gap.end, a->end), a->category, a->state, why);
		if (rc)
			return rc;
		rc = ranges_add(fine, gap.start, a->end);
	}
	return rc ? verdict_set(why, REASON_NO_MEMORY, "record of %u ranges",
				fine->nr + payable->nr + 1) : 0;
}

/**
 * region_survey() - how is RAM tracked?
 * @ram: the RAM, not empty, page aligned, in the RMM's address space
 * @pay: what is payable is going to be paid for
 * @fine: gets what is conventional and FINE added, with the holes that the RMM says that of;
 * nothing is asked about what is there already
 * @payable: likewise for RAM that the host can make so; its kind is its state
 * @why: set on error; names the first part that is neither
 *
 * Nothing is payable where the RMM is the kernel's. To an RMM that has no GPT_INFO, NONE is also
 * what isn't its DRAM at all, which shows when it is to be paid for; where it isn't, that is none
 * that the host can make FINE.
 * Each question spans all that is left, holes as well, and the rest of the last region: an answer
 * may, and its end is where the next one begins. At most two commands a granule are issued, were
 * the RMM to answer in that detail.
 * Specification: DEN0137, RMI_GRANULE_TRACKING_GET.
 *
 * Context: may sleep; under cover_lock.
 * Return: 0; -ENXIO if there is a part that no host can use; -ENOMEM; -ETIMEDOUT, -EIO or -EPROTO
 * if the RMM doesn't say.
 */
int region_survey(const struct ranges *ram, bool pay, struct ranges *fine, struct ranges *payable,
		  struct verdict *why)
{
	const u64 end = region_at(ram->at[ram->nr - 1].end - 1).end;
	struct answer a = {};
	struct span gap, known;
	u64 at;
	int rc;

	do {
		for (at = 0; ranges_still_missing(ram, fine, at, PAGE_SIZE, &gap);) {
			if (payable->nr &&
			    ranges_next(payable, gap.start, gap.start + PAGE_SIZE, &known)) {
				ranges_next(payable, gap.start, gap.end, &known);
				at = known.end;
				continue;
			}
			rc = ask_checked(gap.start, end, &a, why);
			at = rc ? region_at(gap.start).end : a.end;
			walk_note(rc);
			if (!rc)
				rc = note_answer(ram, gap, can_be_had(&a, pay), &a, fine, payable,
						 why);
			if (rc && rc != -ETIMEDOUT)
				return rc;
			rc = walk_tick("asked about the tracking of", ram, at, why);
			if (rc)
				return rc;
		}
	} while (walk_again());
	return walk_end(why);
}

/* Bytes that the last region cost, which the next one will as well; NOT_SEEN: none was made yet */
#define NOT_SEEN	(~0ULL)
static u64 price = NOT_SEEN;

/**
 * region_price() - how much memory the next region will want
 *
 * Metadata takes a few bytes for each granule. Before the RMM has asked for any, four are assumed.
 *
 * Context: any; under cover_lock.
 * Return: bytes.
 */
u64 region_price(void)
{
	const u64 granules = PHYS_PFN(rmm_session()->region_size);

	return price == NOT_SEEN ? max_t(u64, 4 * granules, PAGE_SIZE) : price;
}

/**
 * region_payer() - what may be lent for the metadata of a tracking region
 * @base: of the region
 * @places: memory that is tracked FINE, if there is any
 *
 * A few bytes for each granule: a 64th of the region is several times that.
 *
 * Context: any.
 * Return: that; valid as long as @places.
 */
struct payer region_payer(u64 base, const struct places *places)
{
	const struct span region = region_at(base);

	return (struct payer){
		.kind = LEDGER_REGION,
		.base = region.start,
		.size = region.end - region.start,
		.limit = max_t(u64, (region.end - region.start) / 64, 4 * PAGE_SIZE),
		.places = *places,
	};
}

static struct rmi_regs tracking_set(u64 base, u64 category, u64 state)
{
	return (struct rmi_regs){ .x = { RMI_GRANULE_TRACKING_SET, base, category, state } };
}

/*
 * The RMM wants to hear of the memory at a region's base, which may be a device's although there is
 * DRAM behind it; where the base is a hole, of what comes first. Returns false if that is known.
 */
static bool learn_category(struct payer *payer)
{
	const u64 end = payer->base + payer->size;
	struct answer a = { .end = payer->base, .category = RMI_MEM_CATEGORY_NONE };
	struct verdict unused;

	while (rmm_session()->has_gpt_info && a.category == RMI_MEM_CATEGORY_NONE && a.end < end)
		if (ask_checked(a.end, end, &a, &unused))
			return false;
	if (a.category == RMI_MEM_CATEGORY_NONE || a.category == payer->category)
		return false;
	payer->category = a.category;
	return true;
}

/* So many pages may be refused for one region before it is believed that all are */
#define MAX_REFUSED	16

/*
 * The RMM has ended the change for a page that it refuses for good, and given all back. Others may
 * do: returns -EAGAIN for a new try with those, or, where it didn't tell which page it was, with
 * fewer at a time until one remains.
 */
static int set_refused_aside(struct payer *payer, struct verdict *why)
{
	int rc;

	if (!payer->suspect) {
		payer->most = payer->offered / 2;
		return -EAGAIN;
	}
	pool_set_aside(payer->suspect, payer->suspect + PAGE_SIZE);
	payer->most = 0;
	rc = verdict_set(why, REASON_REFUSED, "%s for %#llx: %#llx, and %u other pages",
			 rmi_name(RMI_OP_MEM_DONATE), payer->base, payer->suspect, payer->refused);
	return ++payer->refused < MAX_REFUSED ? -EAGAIN : rc;
}

/**
 * region_make_fine() - have a region tracked FINE, and pay for that
 * @payer: of region_payer(); lent and wanted are set
 * @before: its state, as region_survey() found it
 * @why: set on error
 *
 * Specification: DEN0137, RMI_GRANULE_TRACKING_SET.
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0; -ENXIO if the RMM refuses; -EAGAIN if it refuses a page: that is set aside, and the
 * change is to begin anew; -ENOMEM if the stock lacks @payer->wanted, with -ENOSPC in place of it
 * if that can't be helped; -ETIMEDOUT, -EBUSY, -EIO or -EPROTO if the RMM doesn't say.
 */
int region_make_fine(struct payer *payer, unsigned int before, struct verdict *why)
{
	const u64 base = payer->base, end = base + payer->size;
	struct rmi_regs r = tracking_set(base, payer->category, RMI_TRACKING_FINE);
	int rc = sro_run(&r, payer, walk_ms());

	/* An operation that asked for pages was about the right thing */
	if (!rc && RMI_RESULT_STATUS(r.x[0]) == RMI_ERROR_INPUT && !payer->wanted.pages &&
	    learn_category(payer)) {
		r = tracking_set(base, payer->category, RMI_TRACKING_FINE);
		rc = sro_run(&r, payer, walk_ms());
	}
	if (rc == -ENOMEM || rc == -ENOSPC) {
		verdict_set(why, REASON_NO_MEMORY,
			    "%#llx-%#llx %s: %llu bytes wanted for tracking it", base, end,
			    states[before].word, payer->wanted.pages * PAGE_SIZE);
		return rc;
	}
	if (!rc && RMI_RESULT_STATUS(r.x[0]) == RMI_ERROR_INPUT && payer->offered)
		return set_refused_aside(payer, why);
	if (rc == -EOPNOTSUPP || (!rc && RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS &&
				  RMI_RESULT_STATUS(r.x[0]) != RMI_ERROR_GLOBAL)) {
		rc = verdict_set(
			why, before == RMI_TRACKING_NONE ? REASON_NOT_TRACKED : REASON_NOT_FINE,
			"%#llx-%#llx %s", base, end, states[before].word);
		explain_where(r.x[0], why);
		return rc;
	}
	if (rc || RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)
		return explain_answer(RMI_GRANULE_TRACKING_SET, base, rc, &r, why);
	price = payer->lent;
	return 0;
}

/**
 * region_give_up() - there is no memory for a change that region_make_fine() began
 * @payer: as there
 * @fine: set: is the region FINE after all?
 *
 * Context: may sleep; under cover_lock.
 * Return: 0 if there is nothing unfinished any more; -EBUSY, since many RMMs can't cancel this;
 * -EPROTO.
 */
int region_give_up(struct payer *payer, bool *fine)
{
	struct rmi_regs r = tracking_set(payer->base, payer->category, RMI_TRACKING_FINE);
	int rc = sro_cancel(&r, payer);

	*fine = !rc && payer->lent;
	return rc == -ENOENT ? 0 : rc;
}

static int leave_fine(u64 base, u64 category, u64 state, u64 *lent)
{
	const struct span region = region_at(base);
	struct payer payer = { .kind = LEDGER_REGION, .base = base,
			       .size = region.end - region.start, .lent = *lent };
	struct rmi_regs r = tracking_set(base, category, state);
	int rc = sro_run(&r, &payer, walk_ms());

	*lent = payer.lent;
	if (rc == -ENOSPC || rc == -EOPNOTSUPP)
		return -EIO;
	return rc ?: RMI_RESULT_STATUS(r.x[0]) == RMI_SUCCESS ? 0 : -EIO;
}

/**
 * region_undo() - undo a region_make_fine(): the metadata comes back
 * @base: of the region
 * @before: the state that it had
 * @category: of the memory at its base
 * @lent: bytes that were lent for it; set to what still is
 *
 * The RMM refuses while granules of the region are delegated, or it holds the metadata of others.
 * Specification: DEN0137, RMI_GRANULE_TRACKING_SET.
 *
 * Context: may sleep; under cover_lock.
 * Return: 0; -EIO if the RMM keeps the region as it is; -ETIMEDOUT, -EBUSY or -EPROTO as sro_run().
 */
int region_undo(u64 base, unsigned int before, u64 category, u64 *lent)
{
	int rc;

	rc = exchange_undelegate(base, region_at(base).end, walk_ms());
	if (rc)
		return rc;
	rc = leave_fine(base, category, before, lent);
	/* It may not be of one kind any more, or be so now */
	if (rc == -EIO)
		rc = leave_fine(base, category, before == RMI_TRACKING_COARSE ?
				RMI_TRACKING_NONE : RMI_TRACKING_COARSE, lent);
	return rc;
}
