// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/rmm_truth: what the model RMM in the tests' firmware says of itself. One "name value" a
 * line. A physical address written to it is the one that "tracking" and "par" are about. "forbid"
 * written to it has commands counted from now on that change the RMM, but for granules that are
 * delegated or undelegated.
 */
#include <linux/arm-smccc.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "rmi_abi.h"
#include "truth.h"

static unsigned long address;

static const struct {
	const char *name;
	unsigned long what;
	unsigned long arg;
} truths[] = {
	{ "commands", TRUTH_COMMANDS },
	{ "donated", TRUTH_DONATED },
	{ "delegated", TRUTH_DELEGATED },
	{ "active", TRUTH_ACTIVE },
	{ "forbidden", TRUTH_FORBIDDEN },
	{ "delegations", TRUTH_COMMANDS, RMI_GRANULE_RANGE_DELEGATE },
	{ "undelegations", TRUTH_COMMANDS, RMI_GRANULE_RANGE_UNDELEGATE },
	{ "tracking", TRUTH_TRACKING },
	{ "par", TRUTH_PAR },
};

static int truth_show(struct seq_file *s, void *unused)
{
	struct arm_smccc_res res;
	int i;

	for (i = 0; i < ARRAY_SIZE(truths); i++) {
		const bool here = truths[i].what == TRUTH_TRACKING || truths[i].what == TRUTH_PAR;

		arm_smccc_1_1_smc(TRUTH, truths[i].what, here ? address : truths[i].arg, &res);
		if (res.a0)
			return -EIO;
		seq_printf(s, "%s %lu\n", truths[i].name, res.a1);
	}
	return 0;
}

static void forbid_changes(void)
{
	static const u32 changes[] = {
		RMI_RMM_CONFIG_SET, RMI_RMM_ACTIVATE, RMI_RMM_DEACTIVATE, RMI_GRANULE_TRACKING_SET,
		RMI_GPT_L1_CREATE, RMI_GPT_L1_DESTROY, RMI_OP_MEM_DONATE,
	};
	struct arm_smccc_res res;
	int i;

	for (i = 0; i < ARRAY_SIZE(changes); i++)
		arm_smccc_1_1_smc(TRUTH, TRUTH_FORBID, changes[i], &res);
}

static ssize_t truth_write(struct file *file, const char __user *buf, size_t n, loff_t *pos)
{
	char text[8] = "";

	if (n < sizeof(text) && copy_from_user(text, buf, n))
		return -EFAULT;
	if (sysfs_streq(text, "forbid")) {
		forbid_changes();
		return n;
	}
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
