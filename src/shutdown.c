// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "coverage.h"
#include "rmm.h"
#include "shutdown.h"

static int give_back(bool for_good)
{
	const struct verdict none = { .reason = REASON_RELEASED };
	int rc;

	verdict_publish(&none);
	rc = coverage_release(for_good);
	if (!rc)
		rmm_close();
	return rc;
}

/* The same RMM, or one that has forgotten all */
static void begin_anew(bool same)
{
	struct verdict why = { .reason = REASON_OK };
	int rc;

	rc = same ? 0 : rmm_open(&why);
	if (!rc)
		rc = coverage_ensure_ram(&why);
	if (!rc)
		return;
	verdict_publish(&why);
	pr_err("Realms are not available any more: %s (%s)\n", verdict_word(why.reason),
	       why.detail);
}

/*
 * With all CPUs online, before devices are shut down. A kexec comes this way, too: its kernel may
 * lie over lent pages.
 */
static int reboot_event(struct notifier_block *nb, unsigned long action, void *arg)
{
	give_back(true);
	return NOTIFY_DONE;
}

/*
 * The image must not know of lent pages: the RMM that it meets when it is resumed has forgotten
 * them. The same goes for those of the kernel that resumes it. Where they don't come back, there is
 * no hibernation.
 */
static int pm_event(struct notifier_block *nb, unsigned long action, void *arg)
{
	int rc;

	switch (action) {
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		rc = give_back(false);
		if (rc)
			begin_anew(true);
		return notifier_from_errno(rc);
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		begin_anew(false);
		break;
	default:
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block reboot_nb = { .notifier_call = reboot_event };
static struct notifier_block pm_nb = { .notifier_call = pm_event };

/**
 * shutdown_register() - from now on, give everything back before a reboot, a kexec and an image for
 * hibernation
 * @why: set on error
 *
 * Context: may sleep; none of this module's locks held.
 * Return: 0 or the negative error number of @why.
 */
int shutdown_register(struct verdict *why)
{
	int rc = register_reboot_notifier(&reboot_nb);

	if (!rc) {
		rc = register_pm_notifier(&pm_nb);
		if (rc)
			unregister_reboot_notifier(&reboot_nb);
	}
	if (!rc)
		return 0;
	return verdict_set(why, REASON_NO_HOTPLUG, "reboot and hibernation notifiers: error %d",
			   rc);
}

/**
 * shutdown_unregister() - undo shutdown_register()
 *
 * Context: may sleep; none of this module's locks held.
 */
void shutdown_unregister(void)
{
	unregister_pm_notifier(&pm_nb);
	unregister_reboot_notifier(&reboot_nb);
}
