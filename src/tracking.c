// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "../include/rmi_abi.h"
#include "rmm.h"
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

/* What the RMM said of a range: is that what a host can use? */
static int judge(u64 start, u64 end, u64 category, u64 state, struct verdict *why)
{
	if (category >= ARRAY_SIZE(categories) || state >= ARRAY_SIZE(states))
		return verdict_set(why, REASON_BAD_ANSWER, "%s %#llx: category %llu, state %llu",
				   rmi_name(RMI_GRANULE_TRACKING_GET), start, category, state);
	if (states[state].reason == REASON_NOT_TRACKED)
		return verdict_set(why, REASON_NOT_TRACKED, "%#llx-%#llx %s", start, end, states[state].word);
	if (category != RMI_MEM_CATEGORY_CONVENTIONAL)
		return verdict_set(why, REASON_NOT_CONVENTIONAL, "%#llx-%#llx %s", start, end, categories[category]);
	if (states[state].reason != REASON_OK)
		return verdict_set(why, states[state].reason, "%#llx-%#llx %s", start, end, states[state].word);
	return 0;
}

static int ask(u64 base, u64 top, struct rmi_regs *r)
{
	*r = (struct rmi_regs){ .x = { RMI_GRANULE_TRACKING_GET, base, top } };
	return rmi_call(r);
}

/*
 * Beta 1 to the letter takes the base of a tracking region and nothing else; the public RMM of mid-2026 looks at the
 * granule at the base, which for a whole region may lie outside of the DRAM that starts in it. So ask about the memory
 * itself first.
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

/* One question and its answer; *start moves on to where the answer ends */
static int check_next(u64 *start, u64 end, struct verdict *why)
{
	const struct rmm_session *rmm = rmm_session();
	const u64 base = *start;
	struct rmi_regs r;
	u64 top = end;
	int rc;

	if (rmm->has_gpt_info) {
		rc = ask(base, top, &r);
	} else {
		/* Answers of old RMMs hold for one region at the most, however much was asked about */
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
	*start = r.x[3];
	return judge(base, r.x[3], r.x[1], r.x[2], why);
}

/**
 * tracking_check() - is [@start, @end) conventional memory that is tracked FINE?
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 * @why: set on error; names the first part that isn't
 *
 * At most one command a granule is issued, were the RMM to answer in that detail.
 * Specification: DEN0137, RMI_GRANULE_TRACKING_GET.
 *
 * Context: may sleep. Any lock may be held that allows for that.
 * Return: 0; -ENXIO if not; -ETIMEDOUT, -EIO or -EPROTO if the RMM doesn't say.
 */
int tracking_check(u64 start, u64 end, struct verdict *why)
{
	int rc;

	if (end > rmm_session()->pa_end)
		return verdict_set(why, REASON_NOT_TRACKED, "%#llx-%#llx beyond the RMM's address space of %#llx",
				   start, end, rmm_session()->pa_end);
	do {
		rc = check_next(&start, end, why);
	} while (!rc && start < end);
	return rc;
}
