// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/rmm_truth: what the model RMM in the tests' firmware says of itself. One "name value" a
 * line. A physical address written to it is the one that "tracking" and "par" are about.
 */
#include <linux/arm-smccc.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "truth.h"

static unsigned long address;

static const struct {
	const char *name;
	unsigned long what;
} truths[] = {
	{ "commands", TRUTH_COMMANDS },
	{ "donated", TRUTH_DONATED },
	{ "delegated", TRUTH_DELEGATED },
	{ "active", TRUTH_ACTIVE },
	{ "tracking", TRUTH_TRACKING },
	{ "par", TRUTH_PAR },
};

static int truth_show(struct seq_file *s, void *unused)
{
	struct arm_smccc_res res;
	int i;

	for (i = 0; i < ARRAY_SIZE(truths); i++) {
		arm_smccc_1_1_smc(TRUTH, truths[i].what,
				  truths[i].what < TRUTH_TRACKING ? 0 : address, &res);
		if (res.a0)
			return -EIO;
		seq_printf(s, "%s %lu\n", truths[i].name, res.a1);
	}
	return 0;
}

static ssize_t truth_write(struct file *file, const char __user *buf, size_t n, loff_t *pos)
{
	return kstrtoul_from_user(buf, n, 0, &address) ?: n;
}

static int truth_open(struct inode *inode, struct file *file)
{
	return single_open(file, truth_show, NULL);
}

static const struct proc_ops truth_ops = {
	.proc_open = truth_open,
	.proc_read = seq_read,
	.proc_write = truth_write,
	.proc_release = single_release,
};

static int __init truth_init(void)
{
	return proc_create("rmm_truth", 0600, NULL, &truth_ops) ? 0 : -ENOMEM;
}

static void __exit truth_exit(void)
{
	remove_proc_entry("rmm_truth", NULL);
}

module_init(truth_init);
module_exit(truth_exit);
MODULE_DESCRIPTION("What the tests' model RMM holds");
MODULE_LICENSE("GPL");
