// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>

#include "../include/rmi_abi.h"
#include "granule.h"

/* Both commands make progress from the base, as far as they care to */
static int change(u64 fid, u64 start, u64 end, u64 *reached, struct rmi_regs *r)
{
	struct rmi_budget budget;
	int rc;

	rmi_budget_open(&budget, PHYS_PFN(end - start));
	for (*reached = start; *reached < end; *reached = r->x[1]) {
		*r = (struct rmi_regs){ .x = { fid, *reached, end } };
		rc = rmi_call(r);
		if (rc)
			return rc;
		/* One that has begun, and doesn't come to its end, may do anything with these */
		if (RMI_RESULT_STATUS(r->x[0]) == RMI_INCOMPLETE &&
		    (rmi_continue(r->x[1], r, &budget) ||
		     RMI_RESULT_STATUS(r->x[0]) != RMI_SUCCESS))
			return -EPROTO;
		if (RMI_RESULT_STATUS(r->x[0]) != RMI_SUCCESS)
			return -EIO;
		if (r->x[1] <= *reached || r->x[1] > end || !IS_ALIGNED(r->x[1], PAGE_SIZE))
			return -EPROTO;
	}
	return 0;
}

/**
 * granule_delegate() - give [@start, @end) to the Realm world: this kernel may not touch it any
 * more
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned
 * @reached: set to how far it came, also on error; after -EPROTO what lies behind is uncertain
 * @refusal: set to the last answer
 *
 * Specification: DEN0137, RMI_GRANULE_RANGE_DELEGATE.
 *
 * Context: may sleep. Any lock may be held that allows for that.
 * Return: 0; -EIO with another status than success in @refusal; -EOPNOTSUPP, -ETIMEDOUT, -EPROTO.
 */
int granule_delegate(u64 start, u64 end, u64 *reached, struct rmi_regs *refusal)
{
	return change(RMI_GRANULE_RANGE_DELEGATE, start, end, reached, refusal);
}

/**
 * granule_undelegate() - take [@start, @end) back; its contents are lost
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned
 * @reached: set to how far it came, also on error
 * @refusal: set to the last answer
 *
 * Specification: DEN0137, RMI_GRANULE_RANGE_UNDELEGATE.
 *
 * Context: may sleep. Any lock may be held that allows for that.
 * Return: as granule_delegate().
 */
int granule_undelegate(u64 start, u64 end, u64 *reached, struct rmi_regs *refusal)
{
	return change(RMI_GRANULE_RANGE_UNDELEGATE, start, end, reached, refusal);
}

/**
 * granule_recover() - take [@start, @end) back, granule by granule where it must be
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned
 * @refused: nobody else has them, and a command to delegate them was refused: granules of which the
 * RMM says that they can't be undelegated, either, are this kernel's
 * @back: called for each part that is this kernel's again; may be NULL
 * @gone: called for each part that isn't, or may not be; may be NULL
 *
 * One granule that doesn't come back needn't keep those behind it; an RMM that makes no sense or
 * doesn't answer does.
 * Specification: DEN0137, RMI_GRANULE_RANGE_UNDELEGATE.
 *
 * Context: may sleep. Any lock may be held that allows for that and for the callbacks.
 * Return: bytes that are gone.
 */
u64 granule_recover(u64 start, u64 end, bool refused, void (*back)(u64 start, u64 end),
		    void (*gone)(u64 start, u64 end))
{
	struct rmi_regs refusal;
	u64 sum = 0, reached;
	int rc;

	for (; start < end; start = reached) {
		rc = granule_undelegate(start, end, &reached, &refusal);
		if (rc == -EIO && refused)
			reached += PAGE_SIZE;
		if (back && start < reached)
			back(start, reached);
		if (!rc || (rc == -EIO && refused))
			continue;
		start = reached;
		reached = rc == -EIO ? start + PAGE_SIZE : end;
		sum += reached - start;
		if (gone)
			gone(start, reached);
	}
	return sum;
}
