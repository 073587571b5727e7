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
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/time64.h>
#include <linux/timex.h>
#include <asm/arch_timer.h>

#include "../include/rmi_abi.h"
#include "latch.h"
#include "names.h"
#include "proved.h"
#include "smc.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

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

/*
 * The last one is for all that have no name. In ticks of the counter, which is the quickest clock.
 */
static struct {
	atomic64_t count, retries, failures;
	atomic64_t ticks, least, most;
	bool known;		/* this session's RMM has done it */
} tallies[NR_NAMES + 1];

/* Another has the RMM, who must not find it changed */
static bool only_look;

/*
 * Longer than most commands take, and no longer than the RMM can be updated in while the host runs
 */
#define PAUSE_MS	100

static atomic_t pauses;
static atomic64_t busy_since;		/* in ns; 0: the last answer wasn't BUSY */

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
	*name = name_at(i);
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

/* While the RMM works, its CPU takes no interrupt: who wonders about that is told of it, once */
static void note_length(unsigned int i, const struct rmi_regs *command, u64 ticks)
{
	const u32 second = arch_timer_get_cntfrq();

	note_most(&tallies[i].most, ticks);
	if (second && ticks > second / (MSEC_PER_SEC / PAUSE_MS))
		atomic_inc(&pauses);
	if (second && ticks > second)
		pr_warn_once("%s %#llx took %llu ms, in which its CPU took no interrupt\n",
			     name_at(i), command->x[1], ticks_to_ns(ticks) / NSEC_PER_MSEC);
}

/* For how long was it BUSY, command after command? That shows when it isn't any more. */
static void note_busy(bool busy)
{
	s64 since = atomic64_read(&busy_since);

	if (busy == !!since || !atomic64_try_cmpxchg(&busy_since, &since, busy ? ktime_get() : 0))
		return;
	if (!busy && ktime_get() - since > PAUSE_MS * NSEC_PER_MSEC)
		atomic_inc(&pauses);
}

/* Returns for how many ticks of the counter */
static u64 call_once(const struct rmi_regs *in, struct rmi_regs *out)
{
	struct arm_smccc_1_2_regs r = {
		.a0 = in->x[0], .a1 = in->x[1], .a2 = in->x[2], .a3 = in->x[3], .a4 = in->x[4],
		.a5 = in->x[5],
	};
	const u64 start = get_cycles();

	arm_smccc_1_2_smc(&r, &r);
	*out = (struct rmi_regs){ .x = { r.a0, r.a1, r.a2, r.a3, r.a4, r.a5 } };
	return get_cycles() - start;
}

static bool is_failure(u64 x0)
{
	return RMI_RESULT_STATUS(x0) != RMI_SUCCESS && RMI_RESULT_STATUS(x0) != RMI_INCOMPLETE;
}

/* 0; -EAGAIN if the command is to be repeated; -EOPNOTSUPP */
static int call_for(unsigned int i, const struct rmi_regs *command, struct rmi_regs *answer,
		    u64 *ticks)
{
	const u64 once = call_once(command, answer);

	*ticks += once;
	note_length(i, command, once);
	if (not_supported(answer->x[0])) {
		/* An RMM that is being updated may say so of a command that it knows */
		note_busy(READ_ONCE(tallies[i].known));
		return READ_ONCE(tallies[i].known) ? -EAGAIN : -EOPNOTSUPP;
	}
	note_busy(RMI_RESULT_STATUS(answer->x[0]) == RMI_BUSY);
	if (!is_failure(answer->x[0]))
		WRITE_ONCE(tallies[i].known, true);
	return try_later(command->x[0], answer->x[0]) ? -EAGAIN : 0;
}

/*
 * Does a command leave the RMM as it is, or go on with an operation? That was begun by this module,
 * since nobody else's handle is known here.
 */
static bool only_looks(u64 fid)
{
	switch (fid) {
	case RMI_VERSION:
	case RMI_FEATURES:
	case RMI_RMM_CONFIG_GET:
	case RMI_RMM_STATE_GET:
	case RMI_GRANULE_TRACKING_GET:
	case RMI_GPT_INFO:
	case RMI_OP_CONTINUE:
	case RMI_OP_MEM_RECLAIM:
	case RMI_OP_CANCEL:
		return true;
	default:
		return false;
	}
}

/* Does one change consumers' pages and Realms alone, which are theirs whoever has the RMM? */
static bool is_consumers(u64 fid)
{
	switch (fid) {
	case RMI_GRANULE_RANGE_DELEGATE:
	case RMI_GRANULE_RANGE_UNDELEGATE:
	case RMI_OP_MEM_DONATE:
		return true;
	default:
		return rmi_is_of_realms(fid);
	}
}

static bool is_allowed(enum rmi_caller caller, u64 fid)
{
	return !READ_ONCE(only_look) || only_looks(fid) ||
	       (caller != RMI_FOR_US && is_consumers(fid));
}

/* Who may not sleep repeats a command so often, a microsecond apart */
#define ATOMIC_TRIES	64

/* Before a command is repeated; returns false if it is not to be */
static bool wait_to_repeat(enum rmi_caller caller, unsigned int ms, unsigned int retries,
			   ktime_t *deadline)
{
	if (caller == RMI_FOR_CONSUMER_ATOMIC) {
		udelay(1);
		return retries < ATOMIC_TRIES;
	}
	if (!*deadline)
		*deadline = ktime_add_ms(ktime_get(), ms);
	if (!ms || ktime_after(ktime_get(), *deadline))
		return false;
	usleep_range(20, 100);
	cond_resched();
	return true;
}

/**
 * rmi_call_for() - issue one command; repeat it while the RMM says BUSY, or BLOCKED to a new
 * command
 * @caller: for whom
 * @regs: function id and arguments; set to the answer, also on -ETIMEDOUT
 * @ms: for how long it is repeated; 0: issue it once. For RMI_FOR_CONSUMER_ATOMIC it is repeated a
 * fixed number of times instead.
 *
 * Nothing in the answer but the status has been looked at. Each repetition lets others run first.
 * NOT_SUPPORTED counts as BUSY for a command that was done before in this session.
 * Specification: DEN0137, "RMI commands" and "Command return codes".
 *
 * Context: may sleep, the caller may hold mutexes; for RMI_FOR_CONSUMER_ATOMIC any but interrupts.
 * Return: 0 with an answer of any other status; -EOPNOTSUPP if nobody knows the command, the rest
 * of the answer then means nothing; -ETIMEDOUT if the time was up; -EPERM if the command would
 * change an RMM that another has (see rmi_begin_session()); -EPROTO if rmi_latch() was called. On
 * either of these two the command wasn't issued, and @regs is as it was.
 */
int rmi_call_for(enum rmi_caller caller, struct rmi_regs *regs, unsigned int ms)
{
	const struct rmi_regs command = *regs;
	const unsigned int i = name_index(command.x[0]);
	unsigned int retries = 0;
	ktime_t deadline = 0;
	u64 ticks = 0;
	int rc;

	if (caller != RMI_FOR_CONSUMER_ATOMIC)
		cond_resched();
	if (rmi_latched(NULL))
		return -EPROTO;
	if (!is_allowed(caller, command.x[0]))
		return -EPERM;
	while ((rc = call_for(i, &command, regs, &ticks)) == -EAGAIN) {
		if (!wait_to_repeat(caller, ms, retries, &deadline)) {
			rc = -ETIMEDOUT;
			break;
		}
		retries++;
	}
	count(i, retries, is_failure(regs->x[0]), ticks);
	if (trace_rmi_command_enabled())
		trace_rmi_command(name_at(i), &command, regs, retries, ticks_to_ns(ticks));
	return rc;
}

/**
 * rmi_call_atomic() - issue one command, once
 * @regs: function id and arguments; set to the answer
 *
 * For a command in which others run on this CPU, so that how long it takes says nothing of the RMM.
 * Specification: DEN0137, "RMI commands".
 *
 * Context: any.
 * Return: 0 with an answer of any status; -EOPNOTSUPP if nobody knows the command; -EPROTO if
 * rmi_latch() was called: the command wasn't issued, and @regs is as it was.
 */
int rmi_call_atomic(struct rmi_regs *regs)
{
	const struct rmi_regs command = *regs;
	const unsigned int i = name_index(command.x[0]);
	u64 ticks;

	if (rmi_latched(NULL))
		return -EPROTO;
	ticks = call_once(&command, regs);
	note_most(&tallies[i].most, ticks);
	count(i, 0, is_failure(regs->x[0]), ticks);
	if (trace_rmi_command_enabled())
		trace_rmi_command(name_at(i), &command, regs, 0, ticks_to_ns(ticks));
	return not_supported(regs->x[0]) ? -EOPNOTSUPP : 0;
}

/**
 * rmi_pauses() - how often may the RMM have been updated while the host runs?
 *
 * All CPUs are held meanwhile, so that one command takes long, or the RMM is BUSY for as long.
 *
 * Context: any.
 * Return: the number of such pauses since the module was loaded.
 */
unsigned int rmi_pauses(void)
{
	return atomic_read(&pauses);
}

/**
 * rmi_call() - rmi_call_for() of a command that is for no consumer
 * @regs: as there
 * @ms: as there
 *
 * Context: may sleep; the caller may hold mutexes.
 * Return: as there.
 */
int rmi_call(struct rmi_regs *regs, unsigned int ms)
{
	return rmi_call_for(RMI_FOR_US, regs, ms);
}

/**
 * rmi_begin_session() - what was learnt of the RMM so far may be about another one
 * @look: another has the RMM: no command is issued that changes it, but for a consumer to delegate
 * and undelegate, and for its Realms
 *
 * Context: any; no command is under way.
 */
void rmi_begin_session(bool look)
{
	unsigned int i;

	rmi_unlatch();
	proved_forget();
	WRITE_ONCE(only_look, look);
	for (i = 0; i < ARRAY_SIZE(tallies); i++)
		WRITE_ONCE(tallies[i].known, false);
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
