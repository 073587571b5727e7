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
	int rc;

	for (*reached = start; *reached < end; *reached = r->x[1]) {
		*r = (struct rmi_regs){ .x = { fid, *reached, end } };
		rc = rmi_call(r);
		if (!rc && RMI_RESULT_STATUS(r->x[0]) == RMI_INCOMPLETE)
			rc = rmi_continue(r->x[1], r);
		if (rc)
			return rc;
		/* One that has begun, and wants memory, may do anything with these granules */
		if (RMI_RESULT_STATUS(r->x[0]) == RMI_INCOMPLETE)
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
 * @reached: set to how far it came, also on error; after -EPROTO or -ETIMEDOUT what lies behind is
 * uncertain
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
