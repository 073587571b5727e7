// SPDX-License-Identifier: GPL-2.0-only
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/string_helpers.h>

#include "progress.h"

#define FIRST_LINE	(2 * HZ)
#define NEXT_LINE	(10 * HZ)

/*
 * Of the one walk that there is at a time; those who walk see to that. In jiffies, since it is
 * looked at after each command, and a finer clock would cost as much as the rest of that.
 */
static unsigned long line_due;
static bool may_interrupt;

/**
 * progress_begin() - a walk begins
 * @interruptible: a signal that ends this process may end the walk
 *
 * Context: any; no other walk is under way.
 */
void progress_begin(bool interruptible)
{
	line_due = jiffies + FIRST_LINE;
	may_interrupt = interruptible;
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
 * progress_tick() - the walk has come a step further
 * @what: it does with memory
 * @ram: all memory that it goes through
 * @at: physical address before which it is done
 * @why: set on error
 *
 * The RMM's commands let others run, so that this needn't.
 *
 * Context: may sleep; between progress_begin() and the walk's end.
 * Return: 0 or -EINTR.
 */
int progress_tick(const char *what, const struct ranges *ram, u64 at, struct verdict *why)
{
	if (time_after(jiffies, line_due)) {
		say(what, ram, at);
		line_due = jiffies + NEXT_LINE;
	}
	if (may_interrupt && fatal_signal_pending(current))
		return verdict_set(why, REASON_INTERRUPTED, "by a signal, before %#llx", at);
	return 0;
}
