// SPDX-License-Identifier: GPL-2.0-only
/*
 * A crash kernel that reads a page which the RMM has dies of it. makedumpfile leaves out those that
 * are marked as offline; cp, dd and scp of /proc/vmcore read all that there is. So in a crash
 * kernel the module reads the index of the kernel that crashed, and has /proc/vmcore show zeros in
 * place of such pages. Where the index is, its command line says.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/kexec.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "compat.h"
#include "index.h"
#include "ranges.h"
#include "vmcore.h"

/* Pages of an index that are read at the most: it may be no index any more */
#define MAX_PAGES	SZ_64K

static u64 given_head, given_generation;	/* on the command line; 0: not there */
static struct ranges hidden;			/* as it was read; never changes while it is used */
static unsigned int pages_read;

static int index_set_param(const char *val, const struct kernel_param *kp)
{
	u64 head, generation;
	char rest;

	if (sscanf(val, "%llx,%llx %c", &head, &generation, &rest) != 2)
		return -EINVAL;
	given_head = head;
	given_generation = generation;
	return 0;
}

static int index_get_param(char *buf, const struct kernel_param *kp)
{
	u64 head = given_head, generation = given_generation;

	if (!given_head)
		index_where(&head, &generation);
	return sprintf(buf, "%#llx,%#llx\n", head, generation);
}

static const struct kernel_param_ops index_ops = {
	.set = index_set_param,
	.get = index_get_param,
};
module_param_cb(vmcore_index, &index_ops, NULL, 0400);
MODULE_PARM_DESC(vmcore_index,
		 "for a crash kernel: what this file has in the kernel that may crash");

static int hide(u64 pfn, u64 end)
{
	return ranges_add(&hidden, PFN_PHYS(pfn), PFN_PHYS(end));
}

static int read_bits(const unsigned long *bits, u64 pfn)
{
	const unsigned int nr = BIT(INDEX_PAGE_BITS);
	unsigned int first = 0, end;
	int rc = 0;

	while (!rc) {
		first = find_next_bit(bits, nr, first);
		if (first >= nr)
			break;
		end = find_next_zero_bit(bits, nr, first);
		rc = hide(pfn + first, pfn + end);
		first = end;
	}
	return rc;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as there are levels */
static int read_page(u64 at, unsigned int level, u64 pfn)
{
	const unsigned int nr = BIT(INDEX_TABLE_BITS);
	const u64 *table;
	unsigned int i;
	int rc = 0;

	if (!at || !PAGE_ALIGNED(at) || ++pages_read > MAX_PAGES)
		return -EINVAL;
	table = memremap(at, PAGE_SIZE, MEMREMAP_WB);
	if (!table)
		return -ENOMEM;
	cond_resched();
	if (!level)
		rc = read_bits((const unsigned long *)table, pfn);
	for (i = 0; level && !rc && i < nr; i++)
		if (table[i])
			rc = read_page(table[i], level - 1, pfn + ((u64)i << INDEX_SHIFT(level)));
	memunmap((void *)table);
	return rc;
}

/* NOLINTEND(misc-no-recursion) */

/* -ESTALE: there is another index, or none any more */
static int read_index(void)
{
	const struct index_head *at;
	struct index_head head;

	if (!PAGE_ALIGNED(given_head))
		return -EINVAL;
	at = memremap(given_head, PAGE_SIZE, MEMREMAP_WB);
	if (!at)
		return -ENOMEM;
	head = *at;
	memunmap((void *)at);
	if (head.magic != INDEX_MAGIC || head.generation != given_generation ||
	    head.page_shift != PAGE_SHIFT)
		return -ESTALE;
	pages_read = 0;
	return read_page(head.root, INDEX_LEVELS, 0);
}

static bool is_ram(struct vmcore_cb *cb, unsigned long pfn)
{
	struct span part;

	return !ranges_next(&hidden, PFN_PHYS(pfn), PFN_PHYS(pfn + 1), &part);
}

static struct vmcore_cb callback = { .pfn_is_ram = is_ram };
static bool registered;

static void hide_in_vmcore(void)
{
	const int rc = given_head ? read_index() : -ENODATA;

	if (rc) {
		ranges_clear(&hidden);
		pr_warn("/proc/vmcore has pages that the RMM may have: use makedumpfile (%s)\n",
			rc == -ENODATA ? "no vmcore_index on the command line" :
			rc == -ESTALE ? "vmcore_index is of another load of the module" :
			"the index can't be read");
		return;
	}
	compat_register_vmcore_cb(&callback);
	registered = true;
	pr_info("/proc/vmcore shows zeros for %llu KB that the RMM may have\n",
		ranges_bytes(&hidden) / SZ_1K);
}

/**
 * vmcore_open() - in a crash kernel: keep what the RMM may have out of /proc/vmcore; in any other,
 * say so if its crash kernel can't know of it
 *
 * Nobody has read /proc/vmcore yet.
 *
 * Context: may sleep, allocates; module load, after index_open().
 */
void vmcore_open(void)
{
	if (compat_is_kdump_kernel())
		hide_in_vmcore();
	else if (kexec_crash_loaded())
		pr_warn("the crash kernel was loaded before: only makedumpfile can take dumps\n");
}

/**
 * vmcore_close() - undo vmcore_open()
 *
 * Context: may sleep; module unload.
 */
void vmcore_close(void)
{
	if (registered)
		compat_unregister_vmcore_cb(&callback);
	registered = false;
	ranges_clear(&hidden);
}
