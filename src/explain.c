// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../include/rmi_abi.h"
#include "explain.h"

/**
 * explain_where() - say what an answer is about, if it tells
 * @x0: of the answer
 * @why: gets level and address added, of errors with which the public RMM of autumn 2026 gives them
 *
 * Context: any.
 */
void explain_where(u64 x0, struct verdict *why)
{
	const size_t length = strlen(why->detail);

	switch (RMI_RESULT_STATUS(x0)) {
	case RMI_ERROR_TRACKING:
	case RMI_ERROR_GPT:
	case RMI_ERROR_DPT:
	case RMI_ERROR_GLOBAL:
		if (x0 >> RMI_RESULT_LEVEL_SHIFT)
			snprintf(why->detail + length, sizeof(why->detail) - length,
				 ", level %llu at %#llx", RMI_RESULT_LEVEL(x0), RMI_RESULT_PA(x0));
	}
}

/**
 * explain_answer() - the verdict on a command that was neither done nor refused for a reason that
 * its caller knows
 * @fid: the command
 * @addr: its first argument
 * @rc: what rmi_call() or sro_run() returned, 0 included
 * @answer: the answer
 * @why: set
 *
 * Context: any.
 * Return: the negative error number of the verdict.
 */
int explain_answer(u64 fid, u64 addr, int rc, const struct rmi_regs *answer, struct verdict *why)
{
	const char *name = rmi_name(fid);
	int err;

	switch (rc) {
	case -ETIMEDOUT:
		if (RMI_RESULT_STATUS(answer->x[0]) == RMI_BLOCKED)
			return verdict_set(why, REASON_BLOCKED, "%s %#llx: BLOCKED for %u ms", name,
					   addr, rmi_timeout_ms());
		return verdict_set(why, REASON_NO_ANSWER, "%s %#llx: BUSY for %u ms", name, addr,
				   rmi_timeout_ms());
	case -EOPNOTSUPP:
		return verdict_set(why, REASON_REFUSED, "%s: not supported", name);
	case -EBUSY:
		return verdict_set(why, REASON_UNFINISHED, "%s %#llx", name, addr);
	case -EPROTO:
		return verdict_set(why, REASON_BAD_ANSWER, "%s %#llx doesn't end", name, addr);
	case -EPERM:
		return verdict_set(why, REASON_REFUSED, "%s %#llx: the kernel's driver has the RMM",
				   name, addr);
	default:
		err = verdict_set(why, REASON_REFUSED, "%s %#llx: status %llu", name, addr,
				  RMI_RESULT_STATUS(answer->x[0]));
		explain_where(answer->x[0], why);
		return err;
	}
}

/**
 * explain_delegation() - the verdict on a delegation that failed
 * @addr: what was to be made with it
 * @rc: of exchange_delegate() or exchange_try()
 * @why: set, unless @rc is about this kernel alone
 *
 * Context: any.
 * Return: @rc.
 */
int explain_delegation(u64 addr, int rc, struct verdict *why)
{
	const char *name = rmi_name(RMI_GRANULE_RANGE_DELEGATE);

	if (rc == -ETIMEDOUT)
		verdict_set(why, REASON_NO_ANSWER, "%s for %#llx: BUSY or BLOCKED for %u ms", name,
			    addr, rmi_timeout_ms());
	else if (rc == -EBUSY || rc == -EIO || rc == -EPROTO)
		verdict_set(why, rc == -EBUSY ? REASON_UNFINISHED :
				 rc == -EIO   ? REASON_REFUSED : REASON_BAD_ANSWER,
			    "%s for %#llx", name, addr);
	return rc;
}
