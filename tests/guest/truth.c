// SPDX-License-Identifier: GPL-2.0-only
/* /proc/rmm_truth: what the model RMM in the tests' firmware says of itself. One "name value" a line. */
#include <linux/arm-smccc.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "truth.h"

static const struct {
	const char *name;
	unsigned long what;
} truths[] = {
	{ "commands", TRUTH_COMMANDS },
	{ "donated", TRUTH_DONATED },
	{ "delegated", TRUTH_DELEGATED },
	{ "active", TRUTH_ACTIVE },
};

static int truth_show(struct seq_file *s, void *unused)
{
	struct arm_smccc_res res;
	int i;

	for (i = 0; i < ARRAY_SIZE(truths); i++) {
		arm_smccc_1_1_smc(TRUTH, truths[i].what, 0, &res);
		if (res.a0)
			return -EIO;
		seq_printf(s, "%s %lu\n", truths[i].name, res.a1);
	}
	return 0;
}

static int __init truth_init(void)
{
	return proc_create_single_data("rmm_truth", 0444, NULL, truth_show, NULL) ? 0 : -ENOMEM;
}

static void __exit truth_exit(void)
{
	remove_proc_entry("rmm_truth", NULL);
}

module_init(truth_init);
module_exit(truth_exit);
MODULE_DESCRIPTION("What the tests' model RMM holds");
MODULE_LICENSE("GPL");
