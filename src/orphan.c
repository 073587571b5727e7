// SPDX-License-Identifier: GPL-2.0-only
/*
 * A live update of the RMM keeps what is tracked how, and no handle. So the handle of an operation
 * that was under way is dead, and may be another operation's. What became of the tracking region or
 * level 1 table that it was about, the RMM can be asked; and page by page, what of the memory that
 * was lent for it is this kernel's again.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include "../include/rmi_abi.h"
#include "exchange.h"
#include "orphan.h"
#include "rmm.h"

/* Of one PAR */
#define MAX_TURNS	1024

enum fate {
	UNKNOWN,	/* or still changing */
	NOT_TOLD,	/* the RMM can't be asked; it says so when it gets the command again */
	AS_BEFORE,
	DONE,
};

/**
 * orphan_may_be() - may there have been a live update since an operation began?
 * @op: the operation
 *
 * Context: any.
 * Return: true if so.
 */
bool orphan_may_be(const struct op *op)
{
	return op->pauses != rmi_pauses();
}

/**
 * orphan_is() - the RMM refused a donation: doesn't it know the operation any more?
 * @op: the operation
 *
 * It takes an empty donation for one that it knows.
 * Specification: DEN0137, RMI_OP_MEM_DONATE.
 *
 * Context: may sleep; under cover_lock.
 * Return: true if so; false if it knows it, or there was no live update.
 */
bool orphan_is(struct op *op)
{
	struct rmi_regs r = { .x = { RMI_OP_MEM_DONATE, op->handle } };
	const unsigned int pauses = rmi_pauses();

	if (!orphan_may_be(op) || rmi_call(&r, rmi_timeout_ms()))
		return false;
	if (RMI_RESULT_STATUS(r.x[0]) == RMI_ERROR_INPUT)
		return true;
	op->pauses = pauses;
	return false;
}

/* Holes say nothing: a region may begin with one */
static enum fate ask_region(const struct rmi_regs *command, const struct payer *payer)
{
	const u64 end = payer->base + payer->size;
	u64 at = payer->base;

	while (at < end) {
		struct rmi_regs r = { .x = { RMI_GRANULE_TRACKING_GET, at, end } };

		if (rmi_call(&r, rmi_timeout_ms()) || RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)
			return UNKNOWN;
		switch (r.x[2]) {
		case RMI_TRACKING_FINE:
			return command->x[3] == RMI_TRACKING_FINE ? DONE : AS_BEFORE;
		case RMI_TRACKING_COARSE:
			return command->x[3] == RMI_TRACKING_FINE ? AS_BEFORE : DONE;
		case RMI_TRACKING_NONE:
		case RMI_TRACKING_RESERVED:
			break;
		default:
			return UNKNOWN;
		}
		if (r.x[3] && (r.x[3] <= at || !PAGE_ALIGNED(r.x[3])))
			return UNKNOWN;
		at = r.x[3] ?: end;
	}
	/* All of it is NONE */
	return command->x[3] == RMI_TRACKING_FINE ? AS_BEFORE : DONE;
}

/* A question may be an operation, which wants no memory */
static int ask_through(struct rmi_regs *r)
{
	int rc = rmi_call(r, rmi_timeout_ms());
	const u64 handle = r->x[1];
	unsigned int turns;

	for (turns = 0; !rc && turns < MAX_TURNS && RMI_RESULT_STATUS(r->x[0]) == RMI_INCOMPLETE;
	     turns++) {
		*r = (struct rmi_regs){ .x = { RMI_OP_CONTINUE, handle, RMI_OP_CONTINUE_GO } };
		rc = rmi_call(r, rmi_timeout_ms());
	}
	return rc;
}

static enum fate ask_table(const struct rmi_regs *command, const struct payer *payer)
{
	struct rmi_regs r = { .x = { RMI_GPT_INFO, payer->base, payer->base + payer->size } };
	const bool creates = command->x[0] == RMI_GPT_L1_CREATE;
	const int rc = ask_through(&r);

	if (rc == -EOPNOTSUPP)	/* before beta 3 */
		return NOT_TOLD;
	if (rc || RMI_RESULT_STATUS(r.x[0]) != RMI_SUCCESS)
		return UNKNOWN;
	switch (r.x[2]) {
	case RMI_PAR_HOST_CREATED:
		return creates ? DONE : AS_BEFORE;
	case RMI_PAR_HOST_NOT_CREATED:
		return creates ? AS_BEFORE : DONE;
	default:
		return UNKNOWN;
	}
}

static enum fate ask_rmm(const struct rmi_regs *command)
{
	const int is_active = rmm_ask_state();

	if (is_active == -ETIMEDOUT)
		return UNKNOWN;
	if (is_active < 0)
		return NOT_TOLD;
	return is_active == (command->x[0] == RMI_RMM_ACTIVATE) ? DONE : AS_BEFORE;
}

static enum fate ask(const struct rmi_regs *command, const struct payer *payer)
{
	switch (payer->kind) {
	case LEDGER_REGION:
		return ask_region(command, payer);
	case LEDGER_TABLE:
		return ask_table(command, payer);
	default:
		return ask_rmm(command);
	}
}

/**
 * orphan_settle() - what became of an operation whose handle is dead?
 * @op: the operation
 * @regs: set to what the command would have been answered
 * @payer: as for sro_run()
 *
 * Pages that it has no use for any more are held, ready or lost afterwards.
 * Specification: DEN0137, RMI_GRANULE_TRACKING_GET, RMI_GPT_INFO, RMI_RMM_STATE_GET.
 *
 * Context: may sleep; under cover_lock.
 * Return: 0 if it is done; -ETIMEDOUT if all is as before, and the command is to be begun anew;
 * -EBUSY if the RMM doesn't say.
 */
int orphan_settle(struct op *op, struct rmi_regs *regs, const struct payer *payer)
{
	const enum fate fate = ask(&op->command, payer);
	const bool makes = payer->limit, done = fate == DONE;

	op->orphan = true;
	if (fate == UNKNOWN)
		return -EBUSY;
	pr_info("%s %#llx was ended by an update of the RMM: it is %s\n",
		rmi_name(op->command.x[0]), op->command.x[1],
		done ? "done" : "begun anew");
	if (makes != done) {
		exchange_recover_lent(payer->kind, payer->base, fate != NOT_TOLD);
		op->lent = 0;
	}
	if (!done)
		return -ETIMEDOUT;
	*regs = (struct rmi_regs){ .x = { RMI_SUCCESS } };
	return 0;
}
