// SPDX-License-Identifier: GPL-2.0-only
/*
 * Consumers of arm_cca_rmi that never rest: as long as this module is loaded, its threads have
 * memory covered, delegate pages of their own and take them back, at random. /proc/rmi_hammer tells
 * how often, one "name value" a line; "stop" written to it ends the threads, with all they hold
 * delegated. An answer that the interface doesn't allow for is counted as unexpected, and logged.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "arm_cca_rmi.h"

#define THREADS		4
#define MAX_RUNS	64	/* each of 1 to 16 pages */
#define MAX_ORDER_HELD	4

static unsigned long long hot_base, hot_bytes;
module_param(hot_base, ullong, 0400);
MODULE_PARM_DESC(hot_base, "where memory begins that comes and goes");
module_param(hot_bytes, ullong, 0400);
MODULE_PARM_DESC(hot_bytes, "its size");

enum count { ENSURES, DELEGATIONS, UNDELEGATIONS, REFUSALS, SHORTAGES, UNEXPECTED, HELD, COUNTS };

static const char * const names[COUNTS] = {
	"ensures", "delegations", "undelegations", "refusals", "shortages", "unexpected", "held",
};

static atomic64_t counts[COUNTS];

/* Nothing can be written into pages that are delegated */
struct run {
	struct page *page;
	unsigned int order;
};

static struct hand {
	struct task_struct *task;
	struct run run[MAX_RUNS];
	unsigned int nr;
} hands[THREADS];

static DEFINE_MUTEX(stop_lock);

static u32 below(u32 n)
{
	return get_random_u32() % n;
}

static void count(enum count what)
{
	atomic64_inc(&counts[what]);
}

static void unexpected(const char *what, phys_addr_t phys, size_t size, int rc)
{
	count(UNEXPECTED);
	pr_err_ratelimited("BUG: %s of %zu bytes at %pa answers %d\n", what, size, &phys, rc);
}

static phys_addr_t start_of(const struct run *r)
{
	return page_to_phys(r->page);
}

static size_t size_of(const struct run *r)
{
	return PAGE_SIZE << r->order;
}

static void take(struct hand *h)
{
	struct run r = { .order = below(MAX_ORDER_HELD + 1) };
	int rc;

	if (h->nr == MAX_RUNS)
		return;
	r.page = alloc_pages(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY, r.order);
	if (!r.page)
		return;
	rc = cca_rmi_delegate_range(start_of(&r), size_of(&r));
	if (!rc) {
		count(DELEGATIONS);
		atomic64_add(size_of(&r), &counts[HELD]);
		h->run[h->nr++] = r;
		return;
	}
	if (rc == -ENOMEM)
		count(SHORTAGES);
	else
		unexpected("delegate", start_of(&r), size_of(&r), rc);
	if (rc != -ENOTRECOVERABLE)
		__free_pages(r.page, r.order);
}

/* Whole, or in two parts. That they are this kernel's again shows when they are written to. */
static void give(struct hand *h, unsigned int i)
{
	const struct run r = h->run[i];
	const size_t part = r.order && below(2) ? size_of(&r) / 2 : size_of(&r);
	size_t at, done;
	int rc;

	h->run[i] = h->run[--h->nr];
	for (at = 0; at < size_of(&r); at += done) {
		rc = cca_rmi_undelegate_range(start_of(&r) + at, part, &done);
		atomic64_sub(done, &counts[HELD]);
		if (rc || done != part) {
			unexpected("undelegate", start_of(&r) + at, part, rc);
			return;
		}
	}
	count(UNDELEGATIONS);
	memset(page_address(r.page), 0x5a, size_of(&r));
	__free_pages(r.page, r.order);
}

/*
 * What is delegated can't be delegated, what isn't can't be undelegated; nor does either change.
 * Some RMMs say SUCCESS to both, others ERROR_INPUT: the module refuses before it asks.
 */
static void ask_for_nonsense(struct hand *h)
{
	const struct run *r = &h->run[h->nr ? below(h->nr) : 0];
	struct page *page;
	size_t done;
	int rc;

	if (h->nr) {
		rc = cca_rmi_delegate_range(start_of(r), size_of(r));
		if (rc == -EEXIST)
			count(REFUSALS);
		else
			unexpected("delegate twice", start_of(r), size_of(r), rc);
	}
	page = alloc_page(GFP_KERNEL | __GFP_NOWARN);
	if (!page)
		return;
	rc = cca_rmi_undelegate_range(page_to_phys(page), PAGE_SIZE, &done);
	if (rc == -EINVAL && !done)
		count(REFUSALS);
	else
		unexpected("undelegate for nothing", page_to_phys(page), PAGE_SIZE, rc);
	__free_page(page);
}

static void ensure(struct hand *h)
{
	const bool hot = hot_bytes && below(4);
	phys_addr_t phys;
	size_t size;
	int rc;

	if (hot) {
		phys = hot_base + below(hot_bytes >> PAGE_SHIFT) * PAGE_SIZE;
		size = min_t(u64, PAGE_SIZE << below(12), hot_base + hot_bytes - phys);
	} else if (h->nr) {
		phys = start_of(&h->run[below(h->nr)]);
		size = PAGE_SIZE;
	} else {
		return;
	}
	rc = cca_rmi_ensure_range(phys, size);
	if (!rc)
		count(ENSURES);
	else if (hot && rc == -EINVAL)	/* it is offline */
		count(REFUSALS);
	else if (rc == -ENOMEM)
		count(SHORTAGES);
	else
		unexpected("ensure", phys, size, rc);
}

static int hammer(void *data)
{
	struct hand *h = data;

	while (!kthread_should_stop()) {
		const u32 what = below(16);

		if (what < 7)
			take(h);
		else if (what < 12 && h->nr)
			give(h, below(h->nr));
		else if (what < 15)
			ensure(h);
		else
			ask_for_nonsense(h);
		usleep_range(100, 2000);
	}
	return 0;
}

static void stop(void)
{
	unsigned int i;

	mutex_lock(&stop_lock);
	for (i = 0; i < THREADS; i++) {
		if (!IS_ERR_OR_NULL(hands[i].task))
			kthread_stop(hands[i].task);
		hands[i].task = NULL;
	}
	mutex_unlock(&stop_lock);
}

static ssize_t hammer_write(struct file *file, const char __user *buf, size_t n, loff_t *pos)
{
	char text[8] = "";

	if (n >= sizeof(text) || copy_from_user(text, buf, n) || !sysfs_streq(text, "stop"))
		return -EINVAL;
	stop();
	return n;
}

static int hammer_show(struct seq_file *s, void *unused)
{
	enum count i;

	for (i = 0; i < COUNTS; i++)
		seq_printf(s, "%s %lld\n", names[i], (long long)atomic64_read(&counts[i]));
	return 0;
}

static int hammer_open(struct inode *inode, struct file *file)
{
	return single_open(file, hammer_show, NULL);
}

static const struct proc_ops hammer_ops = {
	.proc_open = hammer_open,
	.proc_read = seq_read,
	.proc_write = hammer_write,
	.proc_release = single_release,
};

static void give_all(void)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		while (hands[i].nr)
			give(&hands[i], hands[i].nr - 1);
}

static int __init hammer_init(void)
{
	unsigned int i;

	if (!cca_rmi_is_available())
		return -ENODEV;
	if (!proc_create("rmi_hammer", 0600, NULL, &hammer_ops))
		return -ENOMEM;
	for (i = 0; i < THREADS; i++) {
		hands[i].task = kthread_run(hammer, &hands[i], "rmi_hammer/%u", i);
		if (IS_ERR(hands[i].task))
			goto fail;
	}
	return 0;

fail:
	remove_proc_entry("rmi_hammer", NULL);
	stop();
	give_all();
	return -ENOMEM;
}

static void __exit hammer_exit(void)
{
	remove_proc_entry("rmi_hammer", NULL);
	stop();
	give_all();
}

module_init(hammer_init);
module_exit(hammer_exit);
MODULE_DESCRIPTION("Consumers of arm_cca_rmi that never rest, for tests");
MODULE_LICENSE("GPL");
