// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading this commits the one fault that `sin` names, for the debug kernel to see: so that a
 * silent log of that kernel means something.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *sin = "";
module_param(sin, charp, 0400);
MODULE_PARM_DESC(sin, "which");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);

/* The compiler mustn't foresee what comes of these */
static void leak(void)
{
	int i;

	for (i = 0; i < 10; i++) {
		void *p = kmalloc(100, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(p);
	}
}

static void use_after_free(void)
{
	char *p = kmalloc(100, GFP_KERNEL);

	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	if (p)
		WRITE_ONCE(p[10], 1);
}

static void shift_too_far(void)
{
	unsigned int places = 33, one;

	OPTIMIZER_HIDE_VAR(places);
	one = 1U << places;
	OPTIMIZER_HIDE_VAR(one);
}

static void sleep_in_atomic(void)
{
	void *p;

	spin_lock(&spin);
	p = kmalloc(100, GFP_KERNEL);
	spin_unlock(&spin);
	kfree(p);
}

static void lock_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void hang(void)
{
	msleep(4000);
}

static const struct {
	const char *name;
	void (*commit)(void);
} sins[] = {
	{ "leak", leak },
	{ "use-after-free", use_after_free },
	{ "shift", shift_too_far },
	{ "sleep-in-atomic", sleep_in_atomic },
	{ "lock-order", lock_order },
	{ "hang", hang },
};

static int __init broken_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sins); i++) {
		if (strcmp(sin, sins[i].name))
			continue;
		sins[i].commit();
		return 0;
	}
	return -EINVAL;
}

static void __exit broken_exit(void)
{
}

module_init(broken_init);
module_exit(broken_exit);
MODULE_DESCRIPTION("Faults for the debug kernel to find");
MODULE_LICENSE("GPL");
