// SPDX-License-Identifier: GPL-2.0-only
/*
 * A consumer of arm_cca_rmi, as a KVM that runs Realms would be one. Written to /proc/rmi_consumer:
 * "take N" allocates N pages and delegates them; "atomic N" does so with a spinlock held; "give"
 * undelegates and frees them all; "borrow N" takes N granules of the module's; "return half"
 * returns each other one of these, the last one first, "return all" all of them; "ensure ADDRESS
 * BYTES" has memory covered; "realm" makes a Realm, enters it once, and unmakes it. Read: how
 * many bytes it has delegated of its own.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/preempt.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "arm_cca_rmi.h"
#include "rmi_abi.h"

#define MAX_PAGES 4096

static struct page *taken[MAX_PAGES];	/* nothing can be written into a page that is delegated */
static unsigned int nr_taken;

static int take(unsigned int n)
{
	int rc;

	for (; n; n--) {
		struct page *page = nr_taken < MAX_PAGES ? alloc_page(GFP_KERNEL) : NULL;

		if (!page)
			return -ENOMEM;
		rc = cca_rmi_delegate_range(page_to_phys(page), PAGE_SIZE);
		if (rc) {
			if (rc != -ENOTRECOVERABLE)
				__free_page(page);
			return rc;
		}
		taken[nr_taken++] = page;
	}
	return 0;
}

static DEFINE_SPINLOCK(lock);

/* As KVM does it, when a Realm touches memory for the first time */
static int take_atomic(unsigned int n)
{
	size_t done;
	int rc;

	for (; n; n--) {
		struct page *page = nr_taken < MAX_PAGES ? alloc_page(GFP_KERNEL) : NULL;

		if (!page)
			return -ENOMEM;
		rc = cca_rmi_ensure_range(page_to_phys(page), PAGE_SIZE);
		if (rc) {
			__free_page(page);
			return rc;
		}
		do {
			spin_lock(&lock);
			rc = cca_rmi_delegate_range_atomic(page_to_phys(page), PAGE_SIZE, &done);
			spin_unlock(&lock);
			cond_resched();
		} while (rc == -EAGAIN);
		/* One that is under way is the RMM's for now, and comes back with the others */
		if (!rc || rc == -EINPROGRESS)
			taken[nr_taken++] = page;
		else if (rc != -ENOTRECOVERABLE)
			__free_page(page);
		if (rc && rc != -EINPROGRESS)
			return rc;
	}
	return 0;
}

static int give(void)
{
	size_t done;

	for (; nr_taken; nr_taken--) {
		struct page *page = taken[nr_taken - 1];
		int rc = cca_rmi_undelegate_range(page_to_phys(page), PAGE_SIZE, &done);

		if (rc)
			return rc;
		__free_page(page);
	}
	return 0;
}

static phys_addr_t borrowed[MAX_PAGES];
static unsigned int nr_borrowed;

static int borrow(unsigned int n)
{
	int rc;

	if (n > MAX_PAGES - nr_borrowed)
		return -ENOMEM;
	rc = cca_rmi_take_granules(NUMA_NO_NODE, n, borrowed + nr_borrowed);
	if (!rc)
		nr_borrowed += n;
	return rc;
}

static int return_half(void)
{
	unsigned int i, kept = 0;
	int rc = 0;

	for (i = nr_borrowed; !rc && i--;)
		if (i % 2)
			rc = cca_rmi_return_granules(&borrowed[i], 1);
	for (i = 0; i < nr_borrowed; i += 2)
		borrowed[kept++] = borrowed[i];
	nr_borrowed = kept;
	return rc;
}

static int return_all(void)
{
	const unsigned int n = nr_borrowed;

	nr_borrowed = 0;
	return n ? cca_rmi_return_granules(borrowed, n) : 0;
}

static int command(u64 fid, u64 x1, u64 x2, u64 x3)
{
	struct cca_rmi_regs r = { { fid, x1, x2, x3 } };
	int rc;

	do
		rc = cca_rmi_run(&r, NULL);
	while (rc == -EINPROGRESS);
	return rc ?: r.x[0] ? -EIO : 0;
}

/* It has no memory to run in, so that whatever ends the entry is as good as an interrupt */
static int enter(phys_addr_t rec, void *page)
{
	u64 result = ~0ULL;
	int rc;

	preempt_disable();
	rc = cca_rmi_rec_enter(rec, virt_to_phys(page), &result);
	preempt_enable();
	return rc ?: result ? -EIO : 0;
}

enum { RD, ROOT, REC, NR_GRANULES };

static int run_realm(const phys_addr_t *granule, u64 *page)
{
	int rc, undone;

	page[RMI_REALM_S2SZ / 8] = 32;
	page[RMI_REALM_BREAKPOINTS / 8] = 1;
	page[RMI_REALM_WATCHPOINTS / 8] = 1;
	page[RMI_REALM_RTT_BASE / 8] = granule[ROOT];
	page[RMI_REALM_RTT_LEVEL / 8] = PAGE_SIZE == SZ_4K ? 1 : 2;
	page[RMI_REALM_RTT_COUNT / 8] = 1;
	rc = command(RMI_REALM_CREATE, granule[RD], virt_to_phys(page), 0);
	if (rc)
		return rc;
	memset(page, 0, PAGE_SIZE);
	page[RMI_REC_FLAGS / 8] = RMI_REC_RUNNABLE;
	rc = command(RMI_REC_CREATE, granule[RD], granule[REC], virt_to_phys(page));
	if (!rc) {
		memset(page, 0, PAGE_SIZE);
		rc = command(RMI_REALM_ACTIVATE, granule[RD], 0, 0) ?: enter(granule[REC], page);
		undone = command(RMI_REALM_TERMINATE, granule[RD], 0, 0) ?:
			 command(RMI_REC_DESTROY, granule[REC], 0, 0);
		rc = rc ?: undone;
	}
	undone = command(RMI_REALM_DESTROY, granule[RD], 0, 0);
	return rc ?: undone;
}

static int realm(void)
{
	phys_addr_t granule[NR_GRANULES];
	u64 *page = kzalloc(PAGE_SIZE, GFP_KERNEL);
	int rc, back;

	if (!page)
		return -ENOMEM;
	rc = cca_rmi_take_granules(NUMA_NO_NODE, NR_GRANULES, granule);
	if (!rc) {
		rc = run_realm(granule, page);
		back = cca_rmi_return_granules(granule, NR_GRANULES);
		rc = rc ?: back;
	}
	kfree(page);
	return rc;
}

static ssize_t consumer_write(struct file *file, const char __user *buf, size_t n, loff_t *pos)
{
	char text[64] = "";
	unsigned int pages;
	u64 start, bytes;
	int rc = -EINVAL;

	if (n >= sizeof(text) || copy_from_user(text, buf, n))
		return -EINVAL;
	if (sscanf(text, "take %u", &pages) == 1)
		rc = take(pages);
	else if (sscanf(text, "atomic %u", &pages) == 1)
		rc = take_atomic(pages);
	else if (sscanf(text, "ensure %llu %llu", &start, &bytes) == 2)
		rc = cca_rmi_ensure_range(start, bytes);
	else if (sysfs_streq(text, "give"))
		rc = give();
	else if (sscanf(text, "borrow %u", &pages) == 1)
		rc = borrow(pages);
	else if (sysfs_streq(text, "return half"))
		rc = return_half();
	else if (sysfs_streq(text, "realm"))
		rc = realm();
	else if (sysfs_streq(text, "return all"))
		rc = return_all();
	return rc ?: n;
}

static int consumer_show(struct seq_file *s, void *unused)
{
	seq_printf(s, "%lu\n", nr_taken * PAGE_SIZE);
	return 0;
}

static int consumer_open(struct inode *inode, struct file *file)
{
	return single_open(file, consumer_show, NULL);
}

static const struct proc_ops consumer_ops = {
	.proc_open = consumer_open,
	.proc_read = seq_read,
	.proc_write = consumer_write,
	.proc_release = single_release,
};

static int __init consumer_init(void)
{
	if (!cca_rmi_is_available())
		return -ENODEV;
	return proc_create("rmi_consumer", 0600, NULL, &consumer_ops) ? 0 : -ENOMEM;
}

static void __exit consumer_exit(void)
{
	remove_proc_entry("rmi_consumer", NULL);
	return_all();
	give();
}

module_init(consumer_init);
module_exit(consumer_exit);
MODULE_DESCRIPTION("A consumer of arm_cca_rmi, for tests");
MODULE_LICENSE("GPL");
