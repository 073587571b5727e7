// SPDX-License-Identifier: GPL-2.0-only
/*
 * Patience belongs to the whole, not to each command. An object (a PAR, a tracking region) whose
 * command is answered BUSY or BLOCKED is deferred, and the others come first. Only a pass that
 * brought nothing is followed by a pause, and the walk is given up when passes brought nothing for
 * as long as its patience lasts. So a dead RMM costs one patience, whatever the number of objects,
 * and a thousand short contentions cost nothing.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/string_helpers.h>

#include "smc.h"
#include "walk.h"

/* For so long a command is repeated in a walk, which comes back to it; in ms */
#define BRIEFLY		1

#define FIRST_LINE	(2 * HZ)
#define NEXT_LINE	(10 * HZ)

/* Nothing is lent from here on, until somebody says otherwise */
static bool released;

/*
 * Of the one walk that there is at a time, under cover_lock. Times are in jiffies, since they are
 * looked at after each command, and a finer clock would cost as much as the rest of that.
 */
static enum walk_kind kind;
static unsigned long patience, give_up, line_due;
static unsigned int deferred;	/* objects of this pass */
static bool progress;		/* this pass brought something */
static bool missed;		/* the last object was deferred */
static bool unfinished;		/* since anything was done, an operation was left so */
static int why_deferred;	/* what the last one that was, was deferred for */
static bool stopped;

/**
 * walk_open() - a walk begins
 * @k: what it does
 * @patience_ms: for how long passes may bring nothing
 *
 * Context: any; under cover_lock.
 */
void walk_open(enum walk_kind k, unsigned int patience_ms)
{
	kind = k;
	patience = msecs_to_jiffies(patience_ms);
	give_up = jiffies + patience;
	line_due = jiffies + FIRST_LINE;
	deferred = 0;
	progress = false;
	missed = false;
	unfinished = false;
	stopped = false;
}

/**
 * walk_ms() - for how long is the next object's first command repeated?
 *
 * Where many objects in a row are deferred, a pass must not take a millisecond for each.
 *
 * Context: any; under cover_lock.
 * Return: milliseconds.
 */
unsigned int walk_ms(void)
{
	return missed ? 0 : BRIEFLY;
}

/**
 * walk_note() - what came of an object
 * @rc: -ETIMEDOUT: it is deferred; -EBUSY: it is, and an operation of it is unfinished; else it is
 * done with
 *
 * Unfinished operations hold the few that an RMM can have. So nothing more is begun after a second
 * one with nothing done in between, nor after one that ends the patience.
 *
 * Context: any; under cover_lock.
 */
void walk_note(int rc)
{
	missed = rc == -ETIMEDOUT || rc == -EBUSY;
	/* An RMM that makes no sense is left alone */
	stopped |= rc == -EPROTO;
	if (missed) {
		deferred++;
		why_deferred = rc;
		stopped |= rc == -EBUSY && (unfinished || time_after_eq(jiffies, give_up));
		unfinished |= rc == -EBUSY;
	} else {
		progress = true;
		unfinished = false;
		give_up = jiffies + patience;
	}
}

static bool is_killed(void)
{
	return kind == WALK_MAKE_KILLABLE && fatal_signal_pending(current);
}

/**
 * walk_is_over() - is the rest of this pass to be left alone?
 *
 * Context: any; under cover_lock.
 * Return: true if so.
 */
bool walk_is_over(void)
{
	return stopped || (kind != WALK_UNDO && READ_ONCE(released));
}

/**
 * walk_again() - a pass has come to its end
 *
 * Context: may sleep; under cover_lock.
 * Return: true if there is to be another one, over what was deferred.
 */
bool walk_again(void)
{
	if (!deferred || walk_is_over() || is_killed())
		return false;
	if (!progress) {
		if (time_after_eq(jiffies, give_up))
			return false;
		usleep_range(1000, 2000);
	}
	deferred = 0;
	progress = false;
	missed = false;
	return true;
}

/**
 * walk_end() - has the walk done all?
 * @why: set on error, but for -ETIMEDOUT and -EBUSY: that is for those who deferred the object
 *
 * Context: may sleep; under cover_lock.
 * Return: 0; if something remains deferred, what walk_note() was told of the last such object; or
 * the negative error number of @why.
 */
int walk_end(struct verdict *why)
{
	char what[RMI_LATCH_SIZE];

	if (rmi_latched(what))
		return verdict_set(why, REASON_BAD_ANSWER, "%s", what);
	if (kind != WALK_UNDO && READ_ONCE(released))
		return verdict_set(why, REASON_RELEASED, "%s", "");
	if (is_killed())
		return verdict_set(why, REASON_INTERRUPTED, "by a signal");
	return deferred ? why_deferred : 0;
}

static void say(const char *what, const struct ranges *ram, u64 at)
{
	char done[16], all[16];
	struct span part;
	u64 bytes = 0, from;

	for (from = 0; ranges_next(ram, from, at, &part); from = part.end)
		bytes += part.end - part.start;
	string_get_size(bytes, 1, STRING_UNITS_2, done, sizeof(done));
	string_get_size(ranges_bytes(ram), 1, STRING_UNITS_2, all, sizeof(all));
	pr_info("%s %s of %s\n", what, done, all);
}

/**
 * walk_tick() - the walk has come a step further
 * @what: it does with memory
 * @ram: all memory that it goes through
 * @at: physical address before which it is done
 * @why: set on error
 *
 * The RMM's commands let others run, so that this needn't.
 *
 * Context: may sleep; under cover_lock.
 * Return: 0, -EINTR or -ESHUTDOWN.
 */
int walk_tick(const char *what, const struct ranges *ram, u64 at, struct verdict *why)
{
	if (time_after(jiffies, line_due)) {
		say(what, ram, at);
		line_due = jiffies + NEXT_LINE;
	}
	if (is_killed())
		return verdict_set(why, REASON_INTERRUPTED, "by a signal, before %#llx", at);
	if (kind != WALK_UNDO && READ_ONCE(released))
		return verdict_set(why, REASON_RELEASED, "%s", "");
	return 0;
}

/**
 * walk_set_released() - nothing more is to be lent; or, again
 * @is: so
 *
 * A walk that makes something ends at its next step.
 *
 * Context: any.
 */
void walk_set_released(bool is)
{
	WRITE_ONCE(released, is);
}

/**
 * walk_is_released() - is nothing to be lent?
 *
 * Context: any.
 * Return: true if so.
 */
bool walk_is_released(void)
{
	return READ_ONCE(released);
}
