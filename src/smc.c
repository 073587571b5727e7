// SPDX-License-Identifier: GPL-2.0-only
#include <linux/arm-smccc.h>
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/time64.h>
#include <linux/timex.h>
#include <asm/arch_timer.h>

#include "../include/rmi_abi.h"
#include "smc.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/*
 * An operation on so many granules, or moving so many pages, may pause after each of them. One that
 * hasn't ended by then is not going to.
 */
#define MIN_STEPS	(1U << 10)
#define MAX_STEPS	(1U << 18)

/*
 * One that is BUSY at each step ends sooner, in multiples of timeout_ms or of a second: others may
 * be waiting for the locks held here
 */
#define MAX_TIMEOUTS	30ULL

/*
 * A limit that no operator needs to exceed, so that a slip of the finger can't make a load hang for
 * weeks
 */
#define TIMEOUT_MAX_MS	600000

static unsigned int timeout_ms = 1000;

/* Its mode asks for user 0 alone, who in a container may be anybody. A load is allowed already. */
static int timeout_set(const char *val, const struct kernel_param *kp)
{
	if (!capable(CAP_SYS_ADMIN) && !capable(CAP_SYS_MODULE))
		return -EPERM;
	return param_set_uint_minmax(val, kp, 0, TIMEOUT_MAX_MS);
}

static const struct kernel_param_ops timeout_ops = {
	.set = timeout_set,
	.get = param_get_uint,
};
module_param_cb(timeout_ms, &timeout_ops, &timeout_ms, 0600);
MODULE_PARM_DESC(timeout_ms,
		 "for how many ms a command is repeated that is answered BUSY or BLOCKED (1000)");

/* Those of which there are many come first: they are looked for with each command */
static const struct {
	u32 fid;
	const char *name;
} names[] = {
	{ RMI_GRANULE_TRACKING_GET, "RMI_GRANULE_TRACKING_GET" },
	{ RMI_GPT_INFO, "RMI_GPT_INFO" },
	{ RMI_GPT_L1_CREATE, "RMI_GPT_L1_CREATE" },
	{ RMI_GRANULE_TRACKING_SET, "RMI_GRANULE_TRACKING_SET" },
	{ RMI_OP_MEM_DONATE, "RMI_OP_MEM_DONATE" },
	{ RMI_OP_MEM_RECLAIM, "RMI_OP_MEM_RECLAIM" },
	{ RMI_OP_CONTINUE, "RMI_OP_CONTINUE" },
	{ RMI_GPT_L1_DESTROY, "RMI_GPT_L1_DESTROY" },
	{ RMI_GRANULE_RANGE_DELEGATE, "RMI_GRANULE_RANGE_DELEGATE" },
	{ RMI_GRANULE_RANGE_UNDELEGATE, "RMI_GRANULE_RANGE_UNDELEGATE" },
	{ RMI_OP_CANCEL, "RMI_OP_CANCEL" },
	{ RMI_VERSION, "RMI_VERSION" },
	{ RMI_FEATURES, "RMI_FEATURES" },
	{ RMI_RMM_CONFIG_SET, "RMI_RMM_CONFIG_SET" },
	{ RMI_RMM_CONFIG_GET, "RMI_RMM_CONFIG_GET" },
	{ RMI_RMM_ACTIVATE, "RMI_RMM_ACTIVATE" },
	{ RMI_RMM_DEACTIVATE, "RMI_RMM_DEACTIVATE" },
};

static unsigned int index_of(u64 fid)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names) && names[i].fid != fid; i++)
		;
	return i;
}

static const char *name_of(unsigned int i)
{
	return i < ARRAY_SIZE(names) ? names[i].name : "unknown command";
}

/**
 * rmi_name() - a command's name, for messages
 * @fid: function id
 *
 * Context: any.
 * Return: a constant string; "unknown command" for one that the module never issues.
 */
const char *rmi_name(u64 fid)
{
	return name_of(index_of(fid));
}

/*
 * The last one is for all that have no name. In ticks of the counter, which is the quickest clock.
 */
static struct {
	atomic64_t count, retries, failures;
	atomic64_t ticks, least, most;
} tallies[ARRAY_SIZE(names) + 1];

static u64 ticks_to_ns(u64 ticks)
{
	/* Firmware that sets none is unfit for much else */
	const u32 frequency = arch_timer_get_cntfrq();

	return frequency ? mul_u64_u32_div(ticks, NSEC_PER_SEC, frequency) : 0;
}

/* Of several CPUs at once, too; 0 is none yet */
static void note_least(atomic64_t *least, s64 ticks)
{
	s64 before = atomic64_read(least);

	while (!before || ticks < before)
		if (atomic64_try_cmpxchg(least, &before, ticks))
			break;
}

static void note_most(atomic64_t *most, s64 ticks)
{
	s64 before = atomic64_read(most);

	while (ticks > before)
		if (atomic64_try_cmpxchg(most, &before, ticks))
			break;
}

static void count(unsigned int i, unsigned int retries, bool failed, s64 ticks)
{
	atomic64_inc(&tallies[i].count);
	atomic64_add(ticks, &tallies[i].ticks);
	note_least(&tallies[i].least, ticks);
	note_most(&tallies[i].most, ticks);
	if (retries)
		atomic64_add(retries, &tallies[i].retries);
	if (failed)
		atomic64_inc(&tallies[i].failures);
}

/**
 * rmi_tally() - what commands cost so far
 * @i: which kind of command, from 0 on
 * @name: set to its name
 * @tally: set
 *
 * Context: any.
 * Return: false if there is no such kind.
 */
bool rmi_tally(unsigned int i, const char **name, struct rmi_tally *tally)
{
	if (i >= ARRAY_SIZE(tallies))
		return false;
	*name = name_of(i);
	*tally = (struct rmi_tally){
		.count = atomic64_read(&tallies[i].count),
		.retries = atomic64_read(&tallies[i].retries),
		.failures = atomic64_read(&tallies[i].failures),
		.ns = ticks_to_ns(atomic64_read(&tallies[i].ticks)),
		.min_ns = ticks_to_ns(atomic64_read(&tallies[i].least)),
		.max_ns = ticks_to_ns(atomic64_read(&tallies[i].most)),
	};
	return true;
}

/*
 * BLOCKED can be an operation's last word, and handles are used again: repeating one of these calls
 * would be wrong
 */
static bool is_operation(u64 fid)
{
	return fid == RMI_OP_CONTINUE || fid == RMI_OP_MEM_DONATE || fid == RMI_OP_MEM_RECLAIM ||
	       fid == RMI_OP_CANCEL;
}

static bool try_later(u64 fid, u64 x0)
{
	switch (RMI_RESULT_STATUS(x0)) {
	case RMI_BUSY:
		return true;
	case RMI_BLOCKED:
		return !is_operation(fid);
	default:
		return false;
	}
}

/* An EL3 without RMM may answer in W0 alone, whose -1 isn't one of X0 */
static bool not_supported(u64 x0)
{
	return (u32)x0 == (u32)SMCCC_RET_NOT_SUPPORTED ||
	       RMI_RESULT_STATUS(x0) == RMI_ERROR_NOT_SUPPORTED;
}

/* Returns for how many ticks of the counter */
static u64 call_once(const struct rmi_regs *in, struct rmi_regs *out)
{
	struct arm_smccc_1_2_regs r = {
		.a0 = in->x[0], .a1 = in->x[1], .a2 = in->x[2], .a3 = in->x[3], .a4 = in->x[4],
	};
	const u64 start = get_cycles();

	arm_smccc_1_2_smc(&r, &r);
	*out = (struct rmi_regs){ .x = { r.a0, r.a1, r.a2, r.a3, r.a4 } };
	return get_cycles() - start;
}

/* 0; -EAGAIN if the command is to be repeated; -EOPNOTSUPP */
static int call_for(const struct rmi_regs *command, struct rmi_regs *answer, u64 *ticks)
{
	*ticks += call_once(command, answer);
	if (not_supported(answer->x[0]))
		return -EOPNOTSUPP;
	return try_later(command->x[0], answer->x[0]) ? -EAGAIN : 0;
}

static bool is_failure(u64 x0)
{
	return RMI_RESULT_STATUS(x0) != RMI_SUCCESS && RMI_RESULT_STATUS(x0) != RMI_INCOMPLETE;
}

/**
 * rmi_call() - issue one command; repeat it for a bounded time while the RMM says BUSY, or BLOCKED
 * to a new command
 * @regs: function id and arguments; set to the answer, also on -ETIMEDOUT
 *
 * Nothing in the answer but the status has been looked at. The module parameter timeout_ms is the
 * bound; each repetition lets others run first. Specification: DEN0137, "RMI commands" and "Command
 * return codes".
 *
 * Context: may sleep; the caller may hold mutexes.
 * Return: 0 with an answer of any other status; -EOPNOTSUPP if nobody knows the command, the rest
 * of the answer then means nothing; -ETIMEDOUT if the time was up.
 */
int rmi_call(struct rmi_regs *regs)
{
	const struct rmi_regs command = *regs;
	const unsigned int i = index_of(command.x[0]);
	unsigned int retries = 0;
	ktime_t deadline = 0;
	u64 ticks = 0;
	int rc;

	cond_resched();
	while ((rc = call_for(&command, regs, &ticks)) == -EAGAIN) {
		if (!deadline) {
			deadline = ktime_add_ms(ktime_get(), rmi_timeout_ms());
		} else if (ktime_after(ktime_get(), deadline)) {
			rc = -ETIMEDOUT;
			break;
		}
		usleep_range(20, 100);
		cond_resched();
		retries++;
	}
	count(i, retries, is_failure(regs->x[0]), ticks);
	if (trace_rmi_command_enabled())
		trace_rmi_command(name_of(i), &command, regs, retries, ticks_to_ns(ticks));
	return rc;
}

/**
 * rmi_budget_open() - a stateful operation begins
 * @budget: set
 * @granules: how many it works on, or moves
 *
 * Context: any.
 */
void rmi_budget_open(struct rmi_budget *budget, u64 granules)
{
	const u64 ms = max_t(u64, rmi_timeout_ms(), MSEC_PER_SEC);

	budget->deadline = ktime_add_ms(ktime_get(), MAX_TIMEOUTS * ms);
	budget->steps = clamp_t(u64, granules, MIN_STEPS, MAX_STEPS);
}

/**
 * rmi_budget_spend() - may the operation go on by one more step?
 * @budget: its budget
 *
 * Context: any.
 * Return: false if it has had all that it gets.
 */
bool rmi_budget_spend(struct rmi_budget *budget)
{
	if (!budget->steps || ktime_after(ktime_get(), budget->deadline))
		return false;
	budget->steps--;
	return true;
}

/**
 * rmi_continue() - give a stateful operation all the time that it wants
 * @handle: the operation's
 * @regs: its last answer; set to the first one that is final or about memory
 * @budget: the operation's
 *
 * Specification: DEN0137, RMI_OP_CONTINUE.
 *
 * Context: may sleep; the caller may hold mutexes.
 * Return: 0; -EOPNOTSUPP or -ETIMEDOUT as rmi_call(); -EPROTO if there was no end to it.
 */
int rmi_continue(u64 handle, struct rmi_regs *regs, struct rmi_budget *budget)
{
	int rc;

	while (RMI_RESULT_STATUS(regs->x[0]) == RMI_INCOMPLETE &&
	       RMI_RESULT_MEM_REQ(regs->x[0]) == RMI_MEM_REQ_NONE) {
		if (!rmi_budget_spend(budget))
			return -EPROTO;
		*regs = (struct rmi_regs){ .x = { RMI_OP_CONTINUE, handle, RMI_OP_CONTINUE_GO } };
		rc = rmi_call(regs);
		if (rc)
			return rc;
	}
	return 0;
}

/**
 * rmi_can_call() - do this kernel's SMCs go to the firmware itself?
 *
 * A guest's conduit is HVC, and on old firmware it is none at all: an SMC might then be undefined.
 *
 * Context: any.
 * Return: true if so.
 */
bool rmi_can_call(void)
{
	return arm_smccc_1_1_get_conduit() == SMCCC_CONDUIT_SMC;
}

/**
 * rmi_call_count() - SMCs issued since the module was loaded, repetitions included
 *
 * Context: any.
 * Return: their number.
 */
u64 rmi_call_count(void)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tallies); i++)
		sum += atomic64_read(&tallies[i].count) + atomic64_read(&tallies[i].retries);
	return sum;
}

/**
 * rmi_timeout_ms() - how long a command is repeated
 *
 * Context: any.
 * Return: milliseconds.
 */
unsigned int rmi_timeout_ms(void)
{
	return READ_ONCE(timeout_ms);
}
