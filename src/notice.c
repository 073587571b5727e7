// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel adds memory block by block: 64 GB are 512 of them, and each is refused by itself. The
 * log gets one line for neighbours that meet with the same fate, once a second has gone by without
 * another one, and after ten seconds in any case.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/workqueue.h>

#include "notice.h"

#define MAX_LOOKS	10

/* A leaf; protects all that follows */
static DEFINE_MUTEX(notice_lock);
static u64 notice_start, notice_end;	/* empty: nothing is to be said */
static const char *notice_what;
static struct verdict notice_why;	/* of the first */
static bool grown;			/* since it was looked at last */
static unsigned int looks;

static void print_notice(void)
{
	if (notice_start != notice_end)
		pr_warn_ratelimited("memory %#llx-%#llx %s: %s (%s)\n", notice_start, notice_end,
				    notice_what, verdict_word(notice_why.reason),
				    notice_why.detail);
	notice_start = 0;
	notice_end = 0;
	looks = 0;
}

static void look(struct work_struct *unused);
static DECLARE_DELAYED_WORK(looking, look);

static void look(struct work_struct *unused)
{
	mutex_lock(&notice_lock);
	if (grown && ++looks < MAX_LOOKS)
		schedule_delayed_work(&looking, HZ);
	else
		print_notice();
	grown = false;
	mutex_unlock(&notice_lock);
}

/**
 * notice_memory() - have the log say what became of a range, in one line with its neighbours
 * @start: physical address
 * @end: exclusive
 * @what: what became of it; a constant string, the same one for the same thing
 * @why: copied; the line has what is said of the first neighbour
 *
 * Context: may sleep; takes notice_lock.
 */
void notice_memory(u64 start, u64 end, const char *what, const struct verdict *why)
{
	mutex_lock(&notice_lock);
	if (what != notice_what || start > notice_end || end < notice_start)
		print_notice();
	if (notice_start == notice_end) {
		notice_start = start;
		notice_end = end;
		notice_what = what;
		notice_why = *why;
	}
	notice_start = min(notice_start, start);
	notice_end = max(notice_end, end);
	grown = true;
	schedule_delayed_work(&looking, HZ);
	mutex_unlock(&notice_lock);
}

/**
 * notice_close() - say now what is still to be said
 *
 * Context: may sleep; nobody calls notice_memory() any more.
 */
void notice_close(void)
{
	cancel_delayed_work_sync(&looking);
	print_notice();
}
