// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../include/rmi_abi.h"
#include "exchange.h"
#include "orphan.h"
#include "sro.h"
#include "transfer.h"

/* An operation may pause after each granule that it works on, and a few times besides */
#define TURNS(granules)	(4 * (granules) + 1024)

/*
 * Granules that an operation may work on: of a region, all of them; of a PAR, those of its table,
 * of which half a byte for each of its own makes less than this; for the RMM as a whole or a Realm,
 * what it may want
 */
static u64 work(const struct payer *payer)
{
	switch (payer->kind) {
	case LEDGER_TABLE:
		return PHYS_PFN(payer->size / PAGE_SIZE);
	case LEDGER_RMM:
	case LEDGER_REALM:
		return PHYS_PFN(SZ_64M);
	default:
		return PHYS_PFN(payer->size);
	}
}

static LIST_HEAD(unfinished);		/* under cover_lock */

static int turn(struct op *op, struct rmi_regs *r, struct payer *payer)
{
	switch (RMI_RESULT_MEM_REQ(r->x[0])) {
	case RMI_MEM_REQ_DONATE:
		return transfer_donate(op, r, payer);
	case RMI_MEM_REQ_RECLAIM:
		return transfer_reclaim(op, r, payer);
	default:	/* nothing, or something that there isn't */
		return transfer_go_on(op, r);
	}
}

static int cancel(struct op *op, struct rmi_regs *r)
{
	int rc;

	if (op->cancelled || !RMI_RESULT_CAN_CANCEL(op->answer.x[0]))
		return -EBUSY;
	*r = (struct rmi_regs){ .x = { RMI_OP_CANCEL, op->handle } };
	rc = rmi_call(r, rmi_timeout_ms());
	/* An RMM that was BUSY all the time doesn't know of it */
	op->cancelled = !rc;
	/* An operation that has pages gives them back first: this isn't its end */
	if (!rc && op->lent && !orphan_may_be(op) && RMI_RESULT_STATUS(r->x[0]) != RMI_SUCCESS &&
	    RMI_RESULT_STATUS(r->x[0]) != RMI_INCOMPLETE)
		return rmi_latch("%s %#llx can be cancelled, and can't: status %llu",
				 rmi_name(op->command.x[0]), op->command.x[1],
				 RMI_RESULT_STATUS(r->x[0]));
	return rc;
}

/* From the answer INCOMPLETE in @r to one that isn't */
static int finish(struct op *op, struct rmi_regs *r, struct payer *payer)
{
	u64 turns;
	int rc = 0, result = 0;

	for (turns = TURNS(work(payer)); turns; turns--) {
		if (RMI_RESULT_STATUS(r->x[0]) != RMI_INCOMPLETE)
			return result;
		op->answer = *r;
		if (payer->stop && READ_ONCE(*payer->stop))
			break;
		rc = turn(op, r, payer);
		if (rc == -ENOSPC) {
			result = rc;
			rc = cancel(op, r);
		}
		if (rc)
			break;
	}
	return rc == -ENOMEM || rc == -EPROTO ? rc : -EBUSY;
}

static void park(struct op *op)
{
	/* One that nobody is going to talk about any more needn't keep the module */
	if (!op->parked && !rmi_latched(NULL)) {
		__module_get(THIS_MODULE);
		op->parked = true;
	}
	list_add_tail(&op->node, &unfinished);
}

/* Said once, however often it is tried again */
static void leave_unfinished(struct op *op)
{
	if (!op->said)
		pr_warn("%s %#llx remains unfinished in the RMM\n", rmi_name(op->command.x[0]),
			op->command.x[1]);
	op->said = true;
	park(op);
}

static void let_go(struct op *op)
{
	if (op->parked)
		module_put(THIS_MODULE);
	kfree(op);
}

/* An operation has ended: what it says of the memory must be what the ledger says */
static int close_books(struct op *op, const struct rmi_regs *r, const struct payer *payer)
{
	const bool success = RMI_RESULT_STATUS(r->x[0]) == RMI_SUCCESS;
	struct span part;
	unsigned int i;
	u64 at;

	/*
	 * The RMM may hold these pages: its answer to DONATE did not say, or said that it didn't
	 * take them. If the operation failed as a whole, the RMM has given everything back, so they
	 * are ours. Otherwise count them as lent.
	 */
	for (i = 0; !success && i < op->nr_unsure; i++) {
		const struct run *run = &op->unsure[i];

		for (at = run->start; ledger_find(payer->kind, at, run_end(run), &part);
		     at = part.end) {
			if (part.payee == payer->base) {
				pool_give(part.start, part.end, run->delegated);
				op->lent -= min(op->lent, part.end - part.start);
			}
		}
	}
	/* It may have kept the one page that it failed for */
	if (!success && payer->kind == LEDGER_REGION && payer->offered && op->lent == PAGE_SIZE) {
		for (at = 0; ledger_find(LEDGER_REGION, at, U64_MAX, &part); at = part.end)
			if (part.payee == payer->base)
				exchange_lose(part.start, part.end);
		op->lent = 0;
	}
	/* One that makes something keeps nothing if it fails, one that undoes it if it succeeds */
	if (op->lent && success == !payer->limit)
		return rmi_latch("%s %#llx ended with %llu, and keeps %llu bytes",
				 rmi_name(op->command.x[0]), op->command.x[1],
				 RMI_RESULT_STATUS(r->x[0]), op->lent);
	return 0;
}

/*
 * Does an answer say that the RMM doesn't know the handle? It may as well say that the operation
 * has failed for a page that it was offered, and then nothing is out any more.
 */
static bool is_orphan(const struct op *op, const struct rmi_regs *r, const struct payer *payer)
{
	if (op->orphan)
		return true;
	return orphan_may_be(op) && RMI_RESULT_STATUS(r->x[0]) == RMI_ERROR_INPUT &&
	       (op->lent || payer->kind != LEDGER_REGION || !payer->offered);
}

/* Consumes op, unless it remains unfinished */
static int see_to_end(struct op *op, struct rmi_regs *r, struct payer *payer)
{
	int rc = op->orphan ? 0 : finish(op, r, payer);

	if ((!rc || rc == -ENOSPC) && is_orphan(op, r, payer))
		rc = orphan_settle(op, r, payer);
	payer->lent = op->lent;
	if (rc == -ETIMEDOUT) {
		let_go(op);
		return rc;
	}
	if (rc && rc != -ENOSPC) {
		if (rc == -EBUSY)
			leave_unfinished(op);
		else
			park(op);
		return rc;
	}
	if (close_books(op, r, payer))
		rc = -EPROTO;
	else if (rc == -ENOSPC && op->lent)
		rc = 0;		/* too late to be cancelled */
	else if (!rc && op->realm && op->cancelled && !op->lent)
		rc = -ENOSPC;	/* whatever status that ends with */
	payer->lent = op->lent;
	let_go(op);
	return rc;
}

static struct op *find_unfinished(const struct rmi_regs *command)
{
	struct op *op, *next;

	list_for_each_entry_safe(op, next, &unfinished, node) {
		if (!memcmp(&op->command, command, sizeof(*command))) {
			list_del(&op->node);
			return op;
		}
	}
	return NULL;
}

/**
 * sro_run() - issue a command that may turn into a stateful operation, and see it to its end
 * @r: function id and arguments; set to the command's final answer (on error: to the last answer
 * there was)
 * @payer: what memory the RMM may be lent for it, and of what it may come back
 * @ms: for how long the command is repeated if it is BUSY or BLOCKED; once it has begun, timeout_ms
 *
 * If the command was begun earlier and could not be ended, that operation is gone on with. An
 * operation that ends BLOCKED has been given up by the RMM: the command is to be begun anew later,
 * and no call goes to its handle any more.
 * Specification: DEN0137, "Stateful RMI operations", RMI_OP_*.
 *
 * Context: may sleep; under cover_lock.
 * Return: 0 with a final answer of any status but BLOCKED; -EOPNOTSUPP as rmi_call(); -ETIMEDOUT if
 * it was BUSY or BLOCKED; -ENOMEM if the stock lacks @payer->wanted: the operation is unfinished,
 * and to be gone on with or cancelled; -ENOSPC if the RMM wanted what can't be right, or refused
 * all that it was offered, and has been given nothing; -EBUSY if the operation is unfinished for
 * another reason; -EPROTO if the RMM makes no sense.
 */
int sro_run(struct rmi_regs *r, struct payer *payer, unsigned int ms)
{
	const struct rmi_regs command = *r;
	struct op *op = find_unfinished(&command);
	int rc;

	if (op) {
		*r = op->answer;
	} else {
		const unsigned int pauses = rmi_pauses();

		rc = rmi_call_for(payer->kind == LEDGER_REALM ? RMI_FOR_CONSUMER : RMI_FOR_US, r,
				  ms);
		if (rc || RMI_RESULT_STATUS(r->x[0]) != RMI_INCOMPLETE)
			return rc;
		/* The RMM has begun already: there is no way back without memory for this */
		op = kzalloc(sizeof(*op), GFP_KERNEL | __GFP_NOFAIL);
		op->command = command;
		op->realm = payer->kind == LEDGER_REALM;
		op->lent = payer->lent;
		op->pauses = pauses;
		op->handle = r->x[1];	/* no later answer has it */
	}
	rc = see_to_end(op, r, payer);
	return rc ?: RMI_RESULT_STATUS(r->x[0]) == RMI_BLOCKED ? -ETIMEDOUT : 0;
}

/**
 * sro_cancel() - there is no memory for an unfinished operation: have the RMM give it up
 * @r: the command's function id and arguments; set to its final answer
 * @payer: as for sro_run()
 *
 * Specification: DEN0137, RMI_OP_CANCEL.
 *
 * Context: may sleep; under cover_lock.
 * Return: 0 if it has ended: with @payer->lent bytes it was too late, and what it was to make is
 * made; -ENOENT if there is no such operation; -EBUSY if it is unfinished; -EPROTO.
 */
int sro_cancel(struct rmi_regs *r, struct payer *payer)
{
	struct op *op = find_unfinished(r);
	int rc;

	if (!op)
		return -ENOENT;
	rc = cancel(op, r);
	if (!rc) {
		rc = see_to_end(op, r, payer);
		return rc == -ENOSPC ? 0 : rc;
	}
	leave_unfinished(op);
	return rc == -EPROTO ? rc : -EBUSY;
}

static bool find_command(unsigned int i, bool realm, struct rmi_regs *command)
{
	struct op *op, *next;

	list_for_each_entry_safe(op, next, &unfinished, node) {
		if (op->realm == realm && !i--) {
			if (command)
				*command = op->command;
			return true;
		}
	}
	return false;
}

/**
 * sro_unfinished() - which operations could not be ended, but for consumers'?
 * @i: count from 0
 * @command: set to what began the @i-th
 *
 * Context: any; under cover_lock.
 * Return: false if there are no more.
 */
bool sro_unfinished(unsigned int i, struct rmi_regs *command)
{
	return find_command(i, false, command);
}

/**
 * sro_unfinished_realm() - which operation is one that a consumer is to go on with?
 * @command: set to what began it; may be NULL
 *
 * Context: any; under cover_lock.
 * Return: false if there is none.
 */
bool sro_unfinished_realm(struct rmi_regs *command)
{
	return find_command(0, true, command);
}

/**
 * sro_forget() - the RMM that began operations is gone, and they with it
 *
 * Context: may sleep; under cover_lock, or at module unload.
 */
void sro_forget(void)
{
	struct op *op, *next;

	list_for_each_entry_safe(op, next, &unfinished, node) {
		list_del(&op->node);
		let_go(op);
	}
}
