// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "../include/rmi_abi.h"
#include "progress.h"
#include "rmm.h"
#include "sro.h"
#include "tracking.h"

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
	return rmi_call(r);
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
		return rmm_explain(RMI_GRANULE_TRACKING_GET, base, rc, &r, why);
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
 * tracking_region() - the tracking region of an address, as far as is known
 * @addr: physical address
 *
 * Context: any.
 * Return: its range.
 */
struct span tracking_region(u64 addr)
{
	const u64 size = rmm_session()->region_size, base = ALIGN_DOWN(addr, size);

	return (struct span){ base, min(base + size, rmm_session()->pa_end), 0 };
}

/* What an answer means for the RAM that it speaks of, of which gap is the first part */
static int note_answer(const struct ranges *ram, struct span gap, bool can_be_had,
		       const struct answer *a, struct ranges *fine, struct ranges *payable,
		       struct verdict *why)
{
	struct span part;
	u64 at;
	int rc;

	if (can_be_had && is_payable(a)) {
		for (rc = 0, at = gap.start; !rc && ranges_next(ram, at, a->end, &part);
		     at = part.end)
			rc = ranges_add_owned(payable, part.start, part.end, a->state);
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
 * tracking_survey() - how is RAM tracked?
 * @ram: the RAM, not empty, page aligned, in the RMM's address space
 * @pay: what is payable is going to be paid for
 * @fine: gets what is conventional and FINE added, with the holes that the RMM says that of;
 * nothing is asked about what is there already
 * @payable: gets the RAM added that the host can make so; its owner is its state
 * @why: set on error; names the first part that is neither
 *
 * To an RMM that has no GPT_INFO, NONE is also what isn't its DRAM at all, which shows when it is
 * to be paid for; where it isn't, that is none that the host can make FINE.
 * Each question spans all that is left, holes as well, and the rest of the last region: an answer
 * may, and its end is where the next one begins. At most two commands a granule are issued, were
 * the RMM to answer in that detail.
 * Specification: DEN0137, RMI_GRANULE_TRACKING_GET.
 *
 * Context: may sleep. Any lock may be held that allows for that.
 * Return: 0; -ENXIO if there is a part that no host can use; -ENOMEM; -ETIMEDOUT, -EIO or -EPROTO
 * if the RMM doesn't say.
 */
int tracking_survey(const struct ranges *ram, bool pay, struct ranges *fine,
		    struct ranges *payable, struct verdict *why)
{
	const u64 end = tracking_region(ram->at[ram->nr - 1].end - 1).end;
	struct answer a = {};
	struct span gap;
	int rc = 0;

	while (!rc && ranges_missing(ram, fine, a.end, PAGE_SIZE, &gap)) {
		rc = ask_checked(gap.start, end, &a, why);
		if (!rc)
			rc = note_answer(ram, gap, pay || rmm_session()->has_gpt_info ||
					 a.state != RMI_TRACKING_NONE, &a, fine, payable, why);
		if (!rc)
			rc = progress_tick("asked about the tracking of", ram, a.end, why);
	}
	return rc;
}

/* What the last region cost, which the next one will as well; in bytes */
static u64 price;

/**
 * tracking_payer() - what may be lent for the metadata of a tracking region
 * @base: of the region
 * @places: memory that is tracked FINE, if there is any
 * @payer: set; as long as @places
 *
 * A few bytes for each granule: a 64th of the region is several times that.
 *
 * Context: any.
 */
void tracking_payer(u64 base, const struct places *places, struct payer *payer)
{
	const struct span region = tracking_region(base);

	*payer = (struct payer){
		.owner = region.start,
		.nid = donor_node(region.start, region.end),
		.limit = max_t(u64, (region.end - region.start) / 64, 4 * PAGE_SIZE),
		.self = region,
		.far = places->fine,
		.self_first = donor_pays_for_itself(region.start, region.end),
		.price = READ_ONCE(price),
	};
}

/**
 * tracking_announce() - regions are going to be made FINE, by as many tracking_set_fine()
 * @regions: how many
 *
 * Context: may sleep.
 */
void tracking_announce(unsigned int regions)
{
	donor_announce(regions * READ_ONCE(price));
}

/* Without places, nothing is lent */
static int set(u64 base, u64 state, const struct places *places, struct rmi_regs *r, u64 *wanted)
{
	struct payer payer = { .owner = base, .self = tracking_region(base) };

	if (places)
		tracking_payer(base, places, &payer);
	*r = (struct rmi_regs){ .x = { RMI_GRANULE_TRACKING_SET, base,
				       RMI_MEM_CATEGORY_CONVENTIONAL, state } };
	return sro_run(r, &payer, wanted);
}

static bool is_fine(const struct answer *a)
{
	return a->state == RMI_TRACKING_FINE && a->category == RMI_MEM_CATEGORY_CONVENTIONAL;
}

/**
 * tracking_unset() - undo a tracking_set_fine(): the metadata comes back
 * @step: what that gave
 *
 * The RMM refuses while granules of the region are delegated, or it holds the metadata of others.
 * Specification: DEN0137, RMI_GRANULE_TRACKING_SET.
 *
 * Context: may sleep. Any lock may be held that allows for that.
 * Return: 0 or -EBUSY if the RMM keeps the region as it is.
 */
int tracking_unset(u64 step)
{
	const u64 base = step & ~TRACKING_STEP_STATE, before = step & TRACKING_STEP_STATE;
	struct rmi_regs r;

	if (!set(base, before, NULL, &r, NULL) && RMI_RESULT_STATUS(r.x[0]) == RMI_SUCCESS)
		return 0;
	/* It may not be of one kind any more, or be so now */
	if (!set(base, before == RMI_TRACKING_COARSE ? RMI_TRACKING_NONE : RMI_TRACKING_COARSE,
		 NULL, &r, NULL) &&
	    RMI_RESULT_STATUS(r.x[0]) == RMI_SUCCESS)
		return 0;
	return -EBUSY;
}

/* All that were heard of */
static const u64 sizes[] = { SZ_2M, SZ_32M, SZ_512M, SZ_1G, 64ULL * SZ_1G, 4096ULL * SZ_1G };

static bool is_size(u64 size)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (sizes[i] == size)
			return true;
	return false;
}

/*
 * Is ram FINE now? Beta 1 to the letter, which knows the bases of regions alone, is asked about
 * that of the size that was known before: if it knows that one, ram's region isn't larger.
 */
static bool has_become_fine(u64 ram, u64 known, u64 tried)
{
	struct answer a = {};
	struct verdict why;
	int rc;

	rmm_set_region_size(known);
	rc = ask_checked(ram, ram + PAGE_SIZE, &a, &why);
	rmm_set_region_size(tried);
	return !rc && is_fine(&a);
}

/*
 * Is the base of this size that of ram's region? Only ram itself being FINE afterwards tells. A
 * wrong guess that the RMM doesn't undo is left as a step.
 */
static int try_size(u64 ram, u64 size, const struct places *places, struct rmi_regs *r, u64 *wanted,
		    bool *right, u64 *left)
{
	const u64 base = ALIGN_DOWN(ram, size), known = rmm_session()->region_size;
	struct verdict why;
	struct answer a;
	int rc;

	*right = false;
	/* One that is FINE can't be it, as ram isn't; one that can't be made so isn't, either */
	if (ask_checked(base, base + PAGE_SIZE, &a, &why) || !is_payable(&a))
		return 0;
	rmm_set_region_size(size);
	rc = set(base, RMI_TRACKING_FINE, places, r, wanted);
	if (rc || RMI_RESULT_STATUS(r->x[0]) != RMI_SUCCESS)
		return rc;
	*right = has_become_fine(ram, known, size);
	if (!*right && tracking_unset(base | a.state))
		*left = base | a.state;
	return 0;
}

/*
 * Regions are of one size, which the configuration's code doesn't tell. A base that is refused may
 * not be one: look for that of a larger region.
 */
static int set_region_of(u64 ram, const struct places *places, struct rmi_regs *r, u64 *wanted,
			 u64 *left)
{
	const u64 known = rmm_session()->region_size;
	struct rmi_regs first;
	bool right = false;
	unsigned int i;
	int rc;

	rc = set(ALIGN_DOWN(ram, known), RMI_TRACKING_FINE, places, r, wanted);
	if (rc || RMI_RESULT_STATUS(r->x[0]) != RMI_ERROR_INPUT || rmm_session()->region_size_seen)
		return rc;
	first = *r;
	for (i = 0; i < ARRAY_SIZE(sizes) && !rc && !right && !*left; i++) {
		if (sizes[i] <= known || ALIGN_DOWN(ram, sizes[i]) == ALIGN_DOWN(ram, known))
			continue;
		rmm_set_region_size(known);
		rc = try_size(ram, sizes[i], places, r, wanted, &right, left);
	}
	if (right)
		return 0;
	rmm_set_region_size(known);
	*r = first;
	return rc;
}

/*
 * How far FINE goes from the region's base tells its size, if that is less than was thought; an
 * answer alone doesn't, as it may stop early. Old RMMs can't tell.
 */
static int learn_size(u64 ram, struct verdict *why)
{
	const struct span region = tracking_region(ram);
	struct answer a = {};
	u64 at;
	int rc;

	if (rmm_session()->region_size_seen || !rmm_session()->has_gpt_info)
		return 0;
	for (at = region.start; at < region.end; at = a.end) {
		rc = ask_checked(at, region.end, &a, why);
		if (rc)
			return rc;
		if (!is_fine(&a))
			break;
	}
	if (at == region.start)
		return verdict_set(why, REASON_BAD_ANSWER,
				   "%s %#llx: state %llu after FINE was set",
				   rmi_name(RMI_GRANULE_TRACKING_GET), region.start, a.state);
	if (at < region.end && is_size(at - region.start))
		rmm_set_region_size(at - region.start);
	rmm_see_region_size();
	return 0;
}

/**
 * tracking_set_fine() - have the region of an address tracked FINE, and pay for that
 * @ram: physical address that tracking_survey() found to be payable
 * @before: its state
 * @places: memory that pages for it may come from
 * @step: set to the region, and what tracking_unset() undoes it with; 0 if there is nothing to undo
 * @why: set on error
 *
 * On an RMM whose regions are smaller than was thought, it is the region at the base of the one
 * that was thought of, which needn't hold @ram: call again while it doesn't. May run for different
 * regions at once when the size of a region has been seen.
 * Specification: DEN0137, RMI_GRANULE_TRACKING_SET.
 *
 * Context: may sleep, allocates. Any lock may be held that allows for that.
 * Return: 0; -ENXIO if the RMM refuses; -ENOMEM; -ETIMEDOUT, -EIO or -EPROTO if the RMM doesn't
 * say.
 */
int tracking_set_fine(u64 ram, u64 before, const struct places *places, u64 *step,
		      struct verdict *why)
{
	const struct span region = tracking_region(ram);
	struct rmi_regs r;
	u64 wanted = 0;
	int rc;

	*step = 0;
	rc = set_region_of(ram, places, &r, &wanted, step);
	if (rc == -ENOMEM)
		return verdict_set(why, REASON_NO_MEMORY,
				   "%#llx-%#llx %s: %llu bytes wanted for tracking it",
				   region.start, region.end, states[before].word, wanted);
	if (rc == -EOPNOTSUPP || (!rc && RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS &&
				  RMI_RESULT_STATUS(r.x[0]) != RMI_ERROR_GLOBAL))
		return verdict_set(
			why, before == RMI_TRACKING_NONE ? REASON_NOT_TRACKED : REASON_NOT_FINE,
			"%#llx-%#llx %s", region.start, region.end, states[before].word);
	if (rc || RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)
		return rmm_explain(RMI_GRANULE_TRACKING_SET, region.start, rc, &r, why);
	WRITE_ONCE(price, wanted);
	*step = tracking_region(ram).start | before;
	return learn_size(ram, why);
}
