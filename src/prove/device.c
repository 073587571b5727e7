// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/arm_cca_prove: who opens it writes which CPU to use, reads what came of it, and ends it by
 * closing, as the kernel does for a process that is killed. Not debugfs, which lockdown closes.
 */
#include <linux/capability.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/suspend.h>
#include <linux/uaccess.h>
#include <asm/virt.h>

#include "../../include/arm_cca_rmi.h"
#include "../../include/rmi_abi.h"
#include "run.h"

/* A CPU whose REC doesn't come back is waited for so long */
#define GIVE_UP		(10 * HZ)

struct proof {
	struct prove_run run;
	struct task_struct *task;
	struct completion done;
};

static DEFINE_MUTEX(proof_lock);	/* protects all below */
static bool is_open;
static struct proof *proof;		/* of who has it open; NULL before it is begun */
static bool leaving;			/* this kernel ends, or sleeps */
/* One whose Realm could not be unmade: it holds a reference to this module */
static struct proof *left;

static int prove(void *data)
{
	struct proof *p = data;

	prove_run(&p->run);
	complete_all(&p->done);
	/* Not out of this module's code before whoever unloads it knows */
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/* Also what an earlier proof left must be gone, as its granules are in the RMM still */
static int clear_left(void)
{
	if (!left)
		return 0;
	if (prove_realm_unmake(&left->run.realm))
		return -EBUSY;
	kfree(left);
	left = NULL;
	module_put(THIS_MODULE);
	return 0;
}

static void keep_left(struct proof *p)
{
	__module_get(THIS_MODULE);
	left = p;
	pr_err("a Realm of %u granules remains: %s\n", p->run.realm.nr_granules, p->run.realm.why);
}

/* Whoever has begun it waits for its end; proof_lock is held */
static void end_proof(void)
{
	struct proof *p = proof;

	if (!p)
		return;
	proof = NULL;
	WRITE_ONCE(p->run.stop, true);
	if (!wait_for_completion_timeout(&p->done, GIVE_UP)) {
		__module_get(THIS_MODULE);
		pr_err("CPU %u doesn't come back from a REC\n", p->run.cpu);
		return;
	}
	kthread_stop(p->task);
	if (p->run.realm.nr_granules)
		keep_left(p);
	else
		kfree(p);
}

static int begin(unsigned int cpu)
{
	struct proof *p;

	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	p->run.cpu = cpu;
	p->run.realm.hash = RMI_HASH_SHA256;
	init_completion(&p->done);
	p->task = kthread_create(prove, p, "cca_prove/%u", cpu);
	if (IS_ERR(p->task)) {
		const int rc = PTR_ERR(p->task);

		kfree(p);
		return rc;
	}
	kthread_bind(p->task, cpu);
	proof = p;
	wake_up_process(p->task);
	return 0;
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

/* "cpu N" */
static ssize_t device_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	char text[32] = "";
	unsigned int cpu;
	int rc;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	if (sscanf(text, "cpu %u", &cpu) != 1 || cpu >= nr_cpu_ids || !cpu_online(cpu))
		return -EINVAL;
	/* Elsewhere the RMM swaps the host's own timers, and a Realm that loops never comes back */
	if (!is_kernel_in_hyp_mode())
		return -EOPNOTSUPP;
	if (!cca_rmi_is_available())
		return -ENODEV;
	mutex_lock(&proof_lock);
	rc = proof || leaving ? -EBUSY : clear_left();
	if (!rc)
		rc = begin(cpu);
	mutex_unlock(&proof_lock);
	return rc ?: (ssize_t)size;
}

/* Waits for the end of the proof */
static ssize_t device_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	/* Only close(), which isn't before read() has returned, and leaving take it away */
	struct proof *p = READ_ONCE(proof);

	if (!p)
		return -ENODATA;
	if (wait_for_completion_interruptible(&p->done))
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
		if (!wait_for_completion_timeout(&proof->done, GIVE_UP))
			pr_err("CPU %u doesn't come back from a REC\n", proof->run.cpu);
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
