// SPDX-License-Identifier: GPL-2.0-only
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/printk.h>

#include "../include/rmi_abi.h"
#include "sro.h"

/*
 * An operation that pauses after each granule of 1 GB at 4 KB, or of the largest level 1 table, has ended by then. One
 * that hasn't is not going to.
 */
#define MAX_STEPS	(1U << 18)

static int remains(const struct rmi_regs *command, u64 x0, int err)
{
	pr_warn_once("%s %#llx remains unfinished in the RMM (answer %#llx)\n",
		     rmi_name(command->x[0]), command->x[1], x0);
	return err;
}

/* From the answer INCOMPLETE in regs to one that isn't */
static int finish(const struct rmi_regs *command, struct rmi_regs *regs)
{
	const u64 handle = regs->x[1];	/* no later answer has it */
	bool cancelled = false;
	unsigned int steps;
	int rc, result = 0;

	for (steps = 0; RMI_RESULT_STATUS(regs->x[0]) == RMI_INCOMPLETE; steps++) {
		const u64 x0 = regs->x[0];
		int give_up = 0;

		if (RMI_RESULT_MEM_REQ(x0) == RMI_MEM_REQ_DONATE)
			give_up = -ENOMEM;
		else if (RMI_RESULT_MEM_REQ(x0) != RMI_MEM_REQ_NONE || steps >= MAX_STEPS)
			give_up = -EPROTO;	/* nothing was lent that could come back; or no end is in sight */
		if (give_up && (cancelled || !RMI_RESULT_CAN_CANCEL(x0)))
			return remains(command, x0, -EBUSY);
		if (give_up) {
			cancelled = true;
			result = give_up;
			steps = 0;
		}
		*regs = (struct rmi_regs){ .x = { give_up ? RMI_OP_CANCEL : RMI_OP_CONTINUE, handle } };
		rc = rmi_call(regs);
		if (rc)
			return remains(command, regs->x[0], rc);
	}
	return result;
}

/**
 * sro_run() - issue a command that may turn into a stateful operation, and see it to its end
 * @regs: function id and arguments; set to the command's final answer (on error: to the last answer there was)
 *
 * This version of the module lends no memory: an operation that asks for some is cancelled. One that can't be cancelled
 * stays where it is, which is said once; the RMM keeps what it is about from other operations then. An operation that
 * ends BLOCKED has been given up by the RMM: the command starts anew, for as long as a BUSY one would be repeated.
 * Specification: DEN0137, "Stateful RMI operations".
 *
 * Context: may sleep; the caller may hold mutexes.
 * Return: 0 with a final answer of any other status; -EOPNOTSUPP and -ETIMEDOUT as rmi_call(); -ENOMEM if the RMM asked
 * for memory and got none; -EBUSY if an operation remains unfinished; -EPROTO if the RMM's answers made no sense.
 */
int sro_run(struct rmi_regs *regs)
{
	const struct rmi_regs command = *regs;
	ktime_t deadline = ktime_add_ms(ktime_get(), rmi_timeout_ms());
	int rc;

	for (;;) {
		rc = rmi_call(regs);
		if (!rc && RMI_RESULT_STATUS(regs->x[0]) == RMI_INCOMPLETE)
			rc = finish(&command, regs);
		if (rc || RMI_RESULT_STATUS(regs->x[0]) != RMI_BLOCKED)
			return rc;
		if (ktime_after(ktime_get(), deadline))
			return -ETIMEDOUT;
		usleep_range(20, 100);
		*regs = command;
	}
}
