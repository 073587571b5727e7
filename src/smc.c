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
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/timex.h>
#include <asm/arch_timer.h>

#include "../include/rmi_abi.h"
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
	{ RMI_RMM_STATE_GET, "RMI_RMM_STATE_GET" },
	{ RMI_REC_ENTER, "RMI_REC_ENTER" },
	{ RMI_RTT_DATA_MAP_INIT, "RMI_RTT_DATA_MAP_INIT" },
	{ RMI_RTT_DATA_MAP, "RMI_RTT_DATA_MAP" },
	{ RMI_RTT_DATA_UNMAP, "RMI_RTT_DATA_UNMAP" },
	{ RMI_RTT_CREATE, "RMI_RTT_CREATE" },
	{ RMI_RTT_DESTROY, "RMI_RTT_DESTROY" },
	{ RMI_RTT_INIT_RIPAS, "RMI_RTT_INIT_RIPAS" },
	{ RMI_RTT_SET_RIPAS, "RMI_RTT_SET_RIPAS" },
	{ RMI_RTT_READ_ENTRY, "RMI_RTT_READ_ENTRY" },
	{ RMI_REC_CREATE, "RMI_REC_CREATE" },
	{ RMI_REC_DESTROY, "RMI_REC_DESTROY" },
	{ RMI_REALM_CREATE, "RMI_REALM_CREATE" },
	{ RMI_REALM_ACTIVATE, "RMI_REALM_ACTIVATE" },
	{ RMI_REALM_TERMINATE, "RMI_REALM_TERMINATE" },
	{ RMI_REALM_DESTROY, "RMI_REALM_DESTROY" },
	{ RMI_PSCI_COMPLETE, "RMI_PSCI_COMPLETE" },
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
	bool known;		/* this session's RMM has done it */
} tallies[ARRAY_SIZE(names) + 1];

static DEFINE_MUTEX(latch_lock);	/* a leaf; protects the text */
static bool latch;			/* read without the lock */
static char latch_text[RMI_LATCH_SIZE];

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

/* While the RMM works, its CPU takes no interrupt: who wonders about that is told of it, once */
static void note_length(unsigned int i, const struct rmi_regs *command, u64 ticks)
{
	const u32 second = arch_timer_get_cntfrq();

	note_most(&tallies[i].most, ticks);
	if (second && ticks > second)
		pr_warn_once("%s %#llx took %llu ms, in which its CPU took no interrupt\n",
			     name_of(i), command->x[1], ticks_to_ns(ticks) / NSEC_PER_MSEC);
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
		return READ_ONCE(tallies[i].known) ? -EAGAIN : -EOPNOTSUPP;
	}
	if (!is_failure(answer->x[0]))
		WRITE_ONCE(tallies[i].known, true);
	return try_later(command->x[0], answer->x[0]) ? -EAGAIN : 0;
}

/**
 * rmi_call() - issue one command; repeat it while the RMM says BUSY, or BLOCKED to a new command
 * @regs: function id and arguments; set to the answer, also on -ETIMEDOUT
 * @ms: for how long it is repeated; 0: issue it once
 *
 * Nothing in the answer but the status has been looked at. Each repetition lets others run first.
 * NOT_SUPPORTED counts as BUSY for a command that was done before in this session.
 * Specification: DEN0137, "RMI commands" and "Command return codes".
 *
 * Context: may sleep; the caller may hold mutexes.
 * Return: 0 with an answer of any other status; -EOPNOTSUPP if nobody knows the command, the rest
 * of the answer then means nothing; -ETIMEDOUT if the time was up; -EPROTO if rmi_latch() was
 * called: the command wasn't issued, and @regs is as it was.
 */
int rmi_call(struct rmi_regs *regs, unsigned int ms)
{
	const struct rmi_regs command = *regs;
	const unsigned int i = index_of(command.x[0]);
	unsigned int retries = 0;
	ktime_t deadline = 0;
	u64 ticks = 0;
	int rc;

	cond_resched();
	if (READ_ONCE(latch))
		return -EPROTO;
	while ((rc = call_for(i, &command, regs, &ticks)) == -EAGAIN) {
		if (!deadline)
			deadline = ktime_add_ms(ktime_get(), ms);
		if (!ms || ktime_after(ktime_get(), deadline)) {
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
	const unsigned int i = index_of(command.x[0]);
	u64 ticks;

	if (READ_ONCE(latch))
		return -EPROTO;
	ticks = call_once(&command, regs);
	note_most(&tallies[i].most, ticks);
	count(i, 0, is_failure(regs->x[0]), ticks);
	if (trace_rmi_command_enabled())
		trace_rmi_command(name_of(i), &command, regs, 0, ticks_to_ns(ticks));
	return not_supported(regs->x[0]) ? -EOPNOTSUPP : 0;
}

/**
 * rmi_latch() - the RMM gave an answer about who holds a page that breaks the interface's rules
 * @fmt: which answer, for people; may hold physical addresses
 *
 * No command is issued any more, so that what is lent stays lent. The first call counts.
 *
 * Context: may sleep; takes latch_lock.
 * Return: -EPROTO.
 */
int rmi_latch(const char *fmt, ...)
{
	va_list args;

	mutex_lock(&latch_lock);
	if (!latch) {
		va_start(args, fmt);
		vsnprintf(latch_text, sizeof(latch_text), fmt, args);
		va_end(args);
		WRITE_ONCE(latch, true);
		pr_err("the RMM makes no sense and is left alone: %s\n", latch_text);
	}
	mutex_unlock(&latch_lock);
	return -EPROTO;
}

/**
 * rmi_latched() - was rmi_latch() called in this session?
 * @what: set to its text if so; may be NULL
 *
 * Context: may sleep, takes latch_lock; any if @what is NULL.
 * Return: true if so.
 */
bool rmi_latched(char what[RMI_LATCH_SIZE])
{
	if (!READ_ONCE(latch))
		return false;
	if (what) {
		mutex_lock(&latch_lock);
		memcpy(what, latch_text, sizeof(latch_text));
		mutex_unlock(&latch_lock);
	}
	return true;
}

/**
 * rmi_unlatch() - issue commands again
 *
 * For a kexec, whose kernel does not survive what stays lent.
 *
 * Context: any.
 */
void rmi_unlatch(void)
{
	WRITE_ONCE(latch, false);
}

/**
 * rmi_begin_session() - what was learnt of the RMM so far may be about another one
 *
 * Context: any; no command is under way.
 */
void rmi_begin_session(void)
{
	unsigned int i;

	rmi_unlatch();
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
