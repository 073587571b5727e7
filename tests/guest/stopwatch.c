// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a load of arm_cca_rmi takes, in ticks of the counter, which QEMU's -icount makes the same as
 * instructions. In /sys/module/stopwatch/parameters: write to `start` before insmod; after it,
 * `whole` is from there on, `init` what the kernel spent on it once it was in memory and linked, of
 * which `firmware` was in SMCs and `waited` was spent on waiting for a grace period, and `between`
 * outside of SMCs from the first command to the RMM to the last one; `frequency` has the ticks per
 * second.
 */
#include <linux/arm-smccc.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/string.h>
#include <asm/barrier.h>
#include <asm/sysreg.h>

#include "truth.h"

static unsigned long whole, init, firmware, waited, between, frequency;
module_param(whole, ulong, 0400);
module_param(init, ulong, 0400);
module_param(firmware, ulong, 0400);
module_param(waited, ulong, 0400);
module_param(between, ulong, 0400);
module_param(frequency, ulong, 0400);

static unsigned long started, coming, ticks_before;

static unsigned long now(void)
{
	isb();
	return read_sysreg(cntvct_el0);
}

static const struct module *loaded;	/* arm_cca_rmi */

/* Nobody works meanwhile, so these are no instructions. Others wait, too. */
static int wait_begins(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (!loaded || !within_module(procedure_link_pointer(regs), loaded))
		return 1;
	*(unsigned long *)ri->data = now();
	return 0;
}

static int wait_ends(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	waited += now() - *(unsigned long *)ri->data;
	return 0;
}

static struct kretprobe waiting = {
	.handler = wait_ends,
	.entry_handler = wait_begins,
	.data_size = sizeof(unsigned long),
	/* What synchronize_rcu_tasks() is called where kernels are not preemptible */
	.kp.symbol_name = IS_ENABLED(CONFIG_TASKS_RCU) ? "synchronize_rcu_tasks" :
							 "synchronize_rcu",
};

static int start(const char *val, const struct kernel_param *kp)
{
	started = now();
	return 0;
}

static const struct kernel_param_ops start_ops = { .set = start };
module_param_cb(start, &start_ops, NULL, 0200);

static unsigned long truth(unsigned long what)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_smc(TRUTH, what, 0, &res);
	return res.a0 ? 0 : res.a1;
}

/* Nothing of ours is between the two readings of the counter */
static int notice(struct notifier_block *nb, unsigned long state, void *data)
{
	const struct module *m = data;
	unsigned long live;

	if (strcmp(m->name, "arm_cca_rmi"))
		return NOTIFY_DONE;
	if (state == MODULE_STATE_COMING) {
		truth(TRUTH_TICKS_BETWEEN);
		ticks_before = truth(TRUTH_TICKS);
		waited = 0;
		loaded = m;
		coming = now();
	} else if (state == MODULE_STATE_GOING) {
		loaded = NULL;
	} else if (state == MODULE_STATE_LIVE) {
		live = now();
		firmware = truth(TRUTH_TICKS) - ticks_before;
		between = truth(TRUTH_TICKS_BETWEEN);
		init = live - coming;
		whole = live - started;
	}
	return NOTIFY_DONE;
}

/* After the others who are told that it is coming: what they do isn't part of it */
static struct notifier_block nb = { .notifier_call = notice, .priority = INT_MIN };

static int __init stopwatch_init(void)
{
	int rc;

	frequency = read_sysreg(cntfrq_el0);
	rc = register_kretprobe(&waiting);
	if (rc)
		return rc;
	rc = register_module_notifier(&nb);
	if (rc)
		unregister_kretprobe(&waiting);
	return rc;
}

static void __exit stopwatch_exit(void)
{
	unregister_module_notifier(&nb);
	unregister_kretprobe(&waiting);
}

module_init(stopwatch_init);
module_exit(stopwatch_exit);
MODULE_DESCRIPTION("What a load of arm_cca_rmi takes");
MODULE_LICENSE("GPL");
