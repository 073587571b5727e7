// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/arm_cca_prove: who opens it writes which CPUs to use, reads what came of it, and ends it by
 * closing, as the kernel does for a process that is killed. Not debugfs, which lockdown closes.
 */
#include <linux/capability.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include <linux/uaccess.h>
#include <asm/virt.h>

#include "../../include/arm_cca_rmi.h"
#include "../../include/rmi_abi.h"
#include "cpus.h"
#include "run.h"
#include "seat.h"

#define MAX_REQUEST	2048

/* So long is waited for a proof to end before this kernel does */
#define GIVE_UP		(10 * HZ)

struct proof {
	struct prove_run run;
	struct seat seat;
	bool sits;		/* its thread didn't end in time */
};

static DEFINE_MUTEX(proof_lock);	/* protects all below */
static bool is_open;
static struct proof *proof;		/* of who has it open; NULL before it is begun */
static bool leaving;			/* this kernel ends, or sleeps */
/* One that didn't end, or whose Realm could not be unmade: it holds a reference to this module */
static struct proof *left;

/* Only of all CPUs is it said to have passed; who stopped or was short of something says nothing */
static void tell(u64 proof, const struct prove_run *run)
{
	if (run->report.failed)
		cca_rmi_set_proved(proof, CCA_RMI_PROVED_FAILED);
	else if (!run->report.skipped && prove_cpus_are_all(&run->cpus))
		cca_rmi_set_proved(proof, CCA_RMI_PROVED_PASSED);
}

static int prove(struct seat *seat)
{
	struct prove_run *run = &container_of(seat, struct proof, seat)->run;
	const u64 proof = cca_rmi_set_proved(0, CCA_RMI_PROVED_NEVER);
	const u64 features = cca_rmi_feature_register(1);
	const int hash = prove_measure_choose(RMI_FEATURE1_HASHES(features));

	if (hash < 0) {
		report_say(&run->report, REPORT_SKIP,
			   "this RMM has no hash that is known: feature register 1 is %#llx",
			   features);
		return 0;
	}
	run->realm.hash = hash;
	prove_run(run);
	tell(proof, run);
	return 0;
}

/* What an earlier proof left must be gone first: its granules are in the RMM still */
static int clear_left(void)
{
	if (!left)
		return 0;
	if (left->sits && !completion_done(&left->seat.done))
		return -EBUSY;
	if (left->sits)
		seat_end(&left->seat);
	left->sits = false;
	if (left->run.stuck || prove_realm_unmake(&left->run.realm))
		return -EBUSY;
	kfree(left);
	left = NULL;
	module_put(THIS_MODULE);
	return 0;
}

/* proof_lock is held */
static void end_proof(void)
{
	struct proof *p = proof;

	if (!p)
		return;
	proof = NULL;
	WRITE_ONCE(p->run.stop, true);
	p->sits = !seat_end(&p->seat);
	if (!p->sits && !p->run.stuck && !p->run.realm.nr_granules) {
		kfree(p);
		return;
	}
	__module_get(THIS_MODULE);
	left = p;
	if (p->sits || p->run.stuck)
		pr_err("a CPU doesn't come back from a REC\n");
	else
		pr_err("a Realm of %u granules remains: %s\n", p->run.realm.nr_granules,
		       p->run.realm.why);
}

static int begin(const struct cpumask *cpus)
{
	struct proof *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int rc;

	if (!p)
		return -ENOMEM;
	cpumask_copy(&p->run.cpus, cpus);
	p->seat.rec.cpu = cpumask_first(cpus);
	rc = seat_start(&p->seat, prove);
	if (rc)
		kfree(p);
	else
		proof = p;
	return rc;
}

static int device_open(struct inode *inode, struct file *file)
{
	int rc = 0;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	mutex_lock(&proof_lock);
	if (is_open)
		rc = -EBUSY;
	is_open = true;
	mutex_unlock(&proof_lock);
	return rc;
}

static int device_release(struct inode *inode, struct file *file)
{
	mutex_lock(&proof_lock);
	end_proof();
	is_open = false;
	mutex_unlock(&proof_lock);
	return 0;
}

static int request(const struct cpumask *cpus)
{
	int rc;

	/* Elsewhere the RMM swaps the host's own timers, and a Realm that loops never comes back */
	if (!is_kernel_in_hyp_mode())
		return -EOPNOTSUPP;
	if (!cca_rmi_is_available())
		return -ENODEV;
	mutex_lock(&proof_lock);
	rc = proof || leaving ? -EBUSY : clear_left() ?: begin(cpus);
	mutex_unlock(&proof_lock);
	return rc;
}

/* "cpus LIST", as it is written in sysfs, or "cpus all" */
static int parse(char *text, struct cpumask *cpus)
{
	static const char word[] = "cpus ";

	if (strncmp(text, word, strlen(word)))
		return -EINVAL;
	return prove_cpus_parse(strim(text + strlen(word)), cpus);
}

static ssize_t device_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	cpumask_var_t cpus;
	char *text;
	int rc;

	if (size > MAX_REQUEST)
		return -EINVAL;
	text = memdup_user_nul(from, size);
	if (IS_ERR(text))
		return PTR_ERR(text);
	if (!zalloc_cpumask_var(&cpus, GFP_KERNEL)) {
		kfree(text);
		return -ENOMEM;
	}
	rc = parse(text, cpus) ?: request(cpus);
	free_cpumask_var(cpus);
	kfree(text);
	return rc ?: (ssize_t)size;
}

/* Waits for the end of the proof */
static ssize_t device_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	/* Only close(), which isn't before read() has returned, and leaving take it away */
	struct proof *p = READ_ONCE(proof);

	if (!p)
		return -ENODATA;
	if (wait_for_completion_interruptible(&p->seat.done))
		return -ERESTARTSYS;
	return simple_read_from_buffer(to, size, pos, p->run.report.text, p->run.report.used);
}

static const struct file_operations device_ops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.write = device_write,
	.read = device_read,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "arm_cca_prove",
	.fops = &device_ops,
	.mode = 0600,
};

/* A Realm that is left over is the death of the next kernel. Before arm_cca_rmi's own notifiers. */
static void leave(void)
{
	mutex_lock(&proof_lock);
	leaving = true;
	if (proof) {
		WRITE_ONCE(proof->run.stop, true);
		if (!wait_for_completion_timeout(&proof->seat.done, GIVE_UP))
			pr_err("a CPU doesn't come back from a REC\n");
	}
	clear_left();
	mutex_unlock(&proof_lock);
}

static int reboot_event(struct notifier_block *nb, unsigned long action, void *arg)
{
	leave();
	return NOTIFY_DONE;
}

static int pm_event(struct notifier_block *nb, unsigned long action, void *arg)
{
	if (action == PM_HIBERNATION_PREPARE || action == PM_SUSPEND_PREPARE) {
		leave();
	} else if (action == PM_POST_HIBERNATION || action == PM_POST_SUSPEND) {
		mutex_lock(&proof_lock);
		leaving = false;
		mutex_unlock(&proof_lock);
	}
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = { .notifier_call = reboot_event };
static struct notifier_block pm_notifier = { .notifier_call = pm_event };

static int __init prove_init(void)
{
	int rc = register_reboot_notifier(&reboot_notifier);

	if (rc)
		return rc;
	rc = register_pm_notifier(&pm_notifier);
	if (rc)
		goto unregister_reboot;
	rc = misc_register(&device);
	if (rc)
		goto unregister_pm;
	return 0;

unregister_pm:
	unregister_pm_notifier(&pm_notifier);
unregister_reboot:
	unregister_reboot_notifier(&reboot_notifier);
	return rc;
}

static void __exit prove_exit(void)
{
	misc_deregister(&device);
	unregister_pm_notifier(&pm_notifier);
	unregister_reboot_notifier(&reboot_notifier);
}

module_init(prove_init);
module_exit(prove_exit);
MODULE_DESCRIPTION("Proves that Realms can be had: makes one, runs it, unmakes it");
MODULE_LICENSE("GPL");
MODULE_VERSION(CCA_RMI_VERSION);
