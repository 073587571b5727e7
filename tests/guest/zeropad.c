// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel hashes names word by word, and reads past the end of one into the next page. Written
 * to /proc/zeropad: "all" hashes strings that end at the last byte of each page that is Linux's and
 * has a page marked offline behind it. A kernel of before Linux 7.4 does not survive that if the
 * marked page is one that the RMM has. Read: how many such pages there are.
 */
#include <linux/errno.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/page-flags.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/stringhash.h>
#include <linux/string.h>
#include <linux/uaccess.h>

static bool is_offline(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && PageOffline(page);
}

static unsigned int hash_before(unsigned long pfn)
{
	const char *end = phys_to_virt(PFN_PHYS(pfn));
	unsigned int length, sum = 0;

	for (length = 1; length < 8; length++)
		sum += full_name_hash(NULL, end - length, length);
	return sum;
}

/* [start, end) of one memory bank, in page frames */
static unsigned long walk(unsigned long start, unsigned long end, bool hash)
{
	unsigned long pfn, n = 0;
	unsigned int sum = 0;

	for (pfn = start + 1; pfn < end; pfn++) {
		if (!pfn_to_online_page(pfn - 1) || is_offline(pfn - 1) || !is_offline(pfn))
			continue;
		n++;
		if (hash)
			sum += hash_before(pfn);
	}
	if (hash)
		pr_debug("%u\n", sum);
	return n;
}

struct request {
	bool hash;
	unsigned long found;
};

static int walk_resource(struct resource *res, void *arg)
{
	struct request *r = arg;

	r->found += walk(PFN_UP(res->start), PFN_DOWN(res->end + 1), r->hash);
	return 0;
}

static unsigned long all(bool hash)
{
	struct request r = { .hash = hash };

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1, &r,
			    walk_resource);
	return r.found;
}

static ssize_t zeropad_write(struct file *file, const char __user *buf, size_t n, loff_t *pos)
{
	char text[8] = "";

	if (n >= sizeof(text) || copy_from_user(text, buf, n) || !sysfs_streq(text, "all"))
		return -EINVAL;
	all(true);
	return n;
}

static int zeropad_show(struct seq_file *s, void *unused)
{
	seq_printf(s, "%lu\n", all(false));
	return 0;
}

static int zeropad_open(struct inode *inode, struct file *file)
{
	return single_open(file, zeropad_show, NULL);
}

static const struct proc_ops zeropad_ops = {
	.proc_open = zeropad_open,
	.proc_read = seq_read,
	.proc_write = zeropad_write,
	.proc_release = single_release,
};

static int __init zeropad_init(void)
{
	return proc_create("zeropad", 0600, NULL, &zeropad_ops) ? 0 : -ENOMEM;
}

static void __exit zeropad_exit(void)
{
	remove_proc_entry("zeropad", NULL);
}

module_init(zeropad_init);
module_exit(zeropad_exit);
MODULE_DESCRIPTION("Strings that end before a page that is marked offline");
MODULE_LICENSE("GPL");
