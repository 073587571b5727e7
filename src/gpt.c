// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "../include/rmi_abi.h"
#include "gpt.h"
#include "rmm.h"
#include "sro.h"

static int no_table(u64 start, u64 end, const char *what, struct verdict *why)
{
	return verdict_set(why, REASON_NO_GPT, "%#llx-%#llx %s", start, end, what);
}

/* Try to create; an RMM that has no GPT_INFO says in this way, too, that there is a table */
static int create(u64 par, struct ranges *created, struct verdict *why)
{
	struct rmi_regs r = { .x = { RMI_GPT_L1_CREATE, par } };
	const u64 end = par + rmm_session()->l0gpt_size;
	int rc;

	rc = ranges_reserve(created);	/* a table that we couldn't remember we couldn't destroy */
	if (rc)
		return verdict_set(why, REASON_NO_MEMORY, "record of a level 1 table");
	rc = sro_run(&r);
	if (rc == -ENOMEM)
		return no_table(par, end, "has no level 1 table, the RMM wants memory for it", why);
	if (rc)
		return rmm_explain(RMI_GPT_L1_CREATE, par, rc, &r, why);
	switch (RMI_RESULT_STATUS(r.x[0])) {
	case RMI_SUCCESS:
		return ranges_add(created, par, end);
	case RMI_ERROR_GPT:
		return 0;
	case RMI_ERROR_GLOBAL:
		return no_table(par, end, "can't have a level 1 table", why);
	case RMI_ERROR_INPUT:
		return no_table(par, end, "isn't known to the RMM", why);
	default:
		return rmm_explain(RMI_GPT_L1_CREATE, par, 0, &r, why);
	}
}

static int create_all(u64 start, u64 end, struct ranges *created, struct verdict *why)
{
	u64 par;
	int rc = 0;

	for (par = start; !rc && par < end; par += rmm_session()->l0gpt_size)
		rc = create(par, created, why);
	return rc;
}

/* One question and what its answer asks for; *start moves on to where the answer ends */
static int ensure_next(u64 *start, u64 end, struct ranges *created, struct verdict *why)
{
	const u64 size = rmm_session()->l0gpt_size, base = *start;
	struct rmi_regs r = { .x = { RMI_GPT_INFO, base, end } };
	u64 out_top;
	int rc;

	rc = sro_run(&r);
	if (rc)
		return rmm_explain(RMI_GPT_INFO, base, rc, &r, why);
	if (RMI_RESULT_STATUS(r.x[0]) == RMI_ERROR_INPUT && end >= rmm_session()->pa_end) {
		/* Some RMMs don't speak of the last PAR. Ask about the others; of this one only CREATE can tell. */
		if (end - base > size)
			return ensure_next(start, end - size, created, why);
		*start = end;
		return create(base, created, why);
	}
	if (RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)
		return rmm_explain(RMI_GPT_INFO, base, 0, &r, why);
	out_top = r.x[1];
	if (out_top <= base || out_top > end || !IS_ALIGNED(out_top, size))
		return verdict_set(why, REASON_BAD_ANSWER, "%s %#llx-%#llx: out_top %#llx",
				   rmi_name(RMI_GPT_INFO), base, end, out_top);
	*start = out_top;
	switch (r.x[2]) {
	case RMI_PAR_PLATFORM:
	case RMI_PAR_HOST_CREATED:
		return 0;
	case RMI_PAR_HOST_NOT_CREATED:
		return create_all(base, out_top, created, why);
	case RMI_PAR_RESERVED:
		return no_table(base, out_top, "reserved", why);
	default:
		return verdict_set(why, REASON_BAD_ANSWER, "%s %#llx: state %llu", rmi_name(RMI_GPT_INFO), base, r.x[2]);
	}
}

/**
 * gpt_ensure() - see that each PAR in [@start, @end) has a level 1 table
 * @start: physical address, aligned to the size of a PAR
 * @end: physical address, exclusive, so aligned, more than @start
 * @created: gets the PARs whose tables were made here, also on error: gpt_destroy() undoes that
 * @why: set on error
 *
 * Specification: DEN0137, RMI_GPT_INFO (beta 3), RMI_GPT_L1_CREATE.
 *
 * Context: may sleep. Any lock may be held that allows for that.
 * Return: 0; -ENXIO if there is a PAR that has none and can't have one; -ENOMEM; -ETIMEDOUT, -EIO or -EPROTO if the
 * RMM doesn't say.
 */
int gpt_ensure(u64 start, u64 end, struct ranges *created, struct verdict *why)
{
	int rc = 0;

	if (!rmm_session()->has_gpt_info)
		return create_all(start, end, created, why);
	while (!rc && start < end)
		rc = ensure_next(&start, end, created, why);
	return rc;
}

/**
 * gpt_destroy() - take back level 1 tables that gpt_ensure() made, the last one first
 * @start: physical address of a PAR
 * @end: physical address, exclusive, of a PAR's end
 *
 * A table that the RMM keeps, since there are granules of Realms in its PAR, does no harm.
 * Specification: DEN0137, RMI_GPT_L1_DESTROY.
 *
 * Context: may sleep. Any lock may be held that allows for that.
 * Return: how many tables the RMM kept.
 */
u64 gpt_destroy(u64 start, u64 end)
{
	const u64 size = rmm_session()->l0gpt_size;
	u64 par, kept = 0;

	for (par = end; par > start; par -= size) {
		struct rmi_regs r = { .x = { RMI_GPT_L1_DESTROY, par - size } };

		kept += sro_run(&r) || RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS;
	}
	return kept;
}
