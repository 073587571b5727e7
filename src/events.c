// SPDX-License-Identifier: GPL-2.0-only
/*
 * Order of locks, outermost first: device_hotplug_lock, cpu_hotplug_lock (read), mem_hotplug_lock
 * (write), the memory notifier chain's semaphore (read in a callback, write to register),
 * cover_lock, record_lock, and the leaves. So notifiers are registered and unregistered with none
 * of ours held, and under cover_lock nothing takes one of the kernel's.
 *
 * The memory notifier is registered before the load walks. Of a block that goes online meanwhile we
 * see MEM_GOING_ONLINE, which waits for the load; or, if that call came before us, MEM_ONLINE, and
 * make up for it; or neither, then it was online before the walk. One that goes offline after the
 * walk saw it is forgotten by MEM_OFFLINE, which waits.
 */
#include <linux/align.h>
#include <linux/cpuhotplug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/suspend.h>

#include "compat.h"
#include "cover.h"
#include "cpus.h"
#include "events.h"
#include "ledger.h"
#include "notice.h"
#include "pagebits.h"
#include "ram.h"
#include "record.h"
#include "smc.h"
#include "vacate.h"
#include "walk.h"

/* Memory --------------------------------------------------------------------------------------- */

static int going_online(u64 start, u64 end, bool movable)
{
	struct verdict why;
	int rc = cover_ensure(start, end, movable, &why);

	if (rc)
		notice_memory(start, end, "refused", &why);
	return rc;
}

/*
 * Too late to refuse: memory that the RMM doesn't know may become part of a Realm now, and that
 * will fail
 */
static void make_up_for(u64 start, u64 end, bool movable)
{
	struct verdict why;

	if (!cover_ensure(start, end, movable, &why))
		return;
	pr_err("memory %#llx-%#llx went online without cover: %s (%s)\n", start, end,
	       verdict_word(why.reason), why.detail);
	record_missed(start, end, &why);
}

static int going_offline(u64 start, u64 end)
{
	struct verdict why;
	int rc = vacate_range(start, end, &why);

	if (rc)
		notice_memory(start, end, "must stay", &why);
	return rc;
}

/*
 * Sent also where no MEM_GOING_OFFLINE was, for memory that somebody else didn't let go: then there
 * is nothing to do
 */
static void stays(void)
{
	struct verdict why;

	if (vacate_cancel(&why))
		pr_err("memory is without cover: %s (%s)\n", verdict_word(why.reason), why.detail);
}

/* Its zone is known before it is announced */
static bool is_movable(const struct memory_notify *mem)
{
	return ram_is_movable(pfn_to_page(mem->start_pfn));
}

static int memory_event(struct notifier_block *nb, unsigned long action, void *arg)
{
	const struct memory_notify *mem = arg;
	/* A block may hold its own memory map, and is then announced without it */
	const u64 block = compat_block_size();
	const u64 start = ALIGN_DOWN(PFN_PHYS(mem->start_pfn), block);
	const u64 end = ALIGN(PFN_PHYS(mem->start_pfn + mem->nr_pages), block);

	switch (action) {
	case MEM_GOING_ONLINE:
		return notifier_from_errno(going_online(start, end, is_movable(mem)));
	case MEM_ONLINE:
		make_up_for(start, end, is_movable(mem));
		break;
	case MEM_GOING_OFFLINE:
		return notifier_from_errno(going_offline(start, end));
	case MEM_CANCEL_ONLINE:
	case MEM_OFFLINE:
		cover_forget(start, end);
		break;
	case MEM_CANCEL_OFFLINE:
		stays();
		break;
	default:	/* what newer kernels announce besides */
		break;
	}
	return NOTIFY_OK;
}

/* After the architecture's own notifier (priority 0), so that what that vetoes doesn't reach us */
static struct notifier_block memory_nb = {
	.notifier_call = memory_event,
	.priority = -1,
};

/* Reboot --------------------------------------------------------------------------------------- */

static u64 consumer_bytes(void)
{
	return pagebits_bytes() + ledger_bytes(ledger_is_consumers);
}

/* From here on nothing is lent, and a load that is under way ends */
static void release(void)
{
	walk_set_released(true);
	record_publish();
}

/*
 * With all CPUs online, before devices are shut down. Firmware starts anew where the power goes
 * off, so that nothing need come back then. A warm restart may keep the RMM. A kexec does, and its
 * kernel may lie over lent pages: it is worth more patience, and another try with an RMM that was
 * left alone.
 */
static int reboot_event(struct notifier_block *nb, unsigned long action, void *arg)
{
	const bool kexec = arg && !strncmp(arg, "kexec", 5);
	u64 left;

	release();
	if (action != SYS_RESTART)
		return NOTIFY_DONE;
	if (kexec)
		rmi_unlatch();
	cover_stop(kexec ? 10 * rmi_timeout_ms() : rmi_timeout_ms());
	left = consumer_bytes();
	if (left)
		pr_warn("%llu KB that other modules delegated are left to the next kernel\n",
			left / SZ_1K);
	return NOTIFY_DONE;
}

/* The last one, since consumers may give back what they have in theirs */
static struct notifier_block reboot_nb = {
	.notifier_call = reboot_event,
	.priority = INT_MIN,
};

/* Hibernation ---------------------------------------------------------------------------------- */

static bool prepared; /* our PREPARE released everything; events of this chain are serial */

static void begin_anew(bool fresh)
{
	struct verdict why;

	walk_set_released(false);
	if (cover_start(fresh, false, &why))
		pr_err("Realms are not available any more: %s (%s)\n", verdict_word(why.reason),
		       why.detail);
}

/*
 * The image must not know of lent pages: the RMM that it meets when it is resumed has forgotten
 * them. The same goes for those of the kernel that resumes it. Where they don't come back, or
 * consumers have some, there is no hibernation.
 */
static int prepare(void)
{
	int rc;

	release();
	rc = consumer_bytes() ? -EBUSY : cover_stop(rmi_timeout_ms());
	/* Granules that were being taken as we released everything are a consumer's only now */
	if (!rc && consumer_bytes())
		rc = -EBUSY;
	prepared = !rc;
	if (!rc)
		return 0;
	pr_warn("no hibernation: other modules have delegated %llu KB, the RMM is lent %llu KB\n",
		consumer_bytes() / SZ_1K, ledger_bytes(ledger_is_loan) / SZ_1K);
	begin_anew(false);
	return rc;
}

static int prepare_event(struct notifier_block *nb, unsigned long action, void *arg)
{
	if (action != PM_HIBERNATION_PREPARE && action != PM_RESTORE_PREPARE)
		return NOTIFY_DONE;
	return notifier_from_errno(prepare());
}

static int post_event(struct notifier_block *nb, unsigned long action, void *arg)
{
	if ((action == PM_POST_HIBERNATION || action == PM_POST_RESTORE) && prepared) {
		prepared = false;
		begin_anew(true);
	}
	return NOTIFY_DONE;
}

/* Consumers give back before us, and find Realms available again after us */
static struct notifier_block prepare_nb = {
	.notifier_call = prepare_event,
	.priority = INT_MIN,
};

static struct notifier_block post_nb = {
	.notifier_call = post_event,
	.priority = INT_MAX,
};

/* CPUs ----------------------------------------------------------------------------------------- */

static int cpu_came_online(unsigned int cpu)
{
	/* A load asks those that are online then */
	if (!cpu_has_rme())
		record_set_cpu(cpu, false);
	return 0;
}

static int cpu_goes_offline(unsigned int cpu)
{
	record_set_cpu(cpu, true);
	return 0;
}

static enum cpuhp_state cpu_state;

/**
 * events_register() - from now on, memory is covered before it goes online, or refused, and
 * everything is given back before this kernel is left
 *
 * Context: may sleep; none of this module's locks held.
 * Return: 0 or a negative error number.
 */
int events_register(void)
{
	int rc;

	rc = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "arm_cca_rmi:online", cpu_came_online,
				       cpu_goes_offline);
	if (rc < 0)
		return rc;
	cpu_state = rc;
	rc = register_reboot_notifier(&reboot_nb);
	if (rc)
		goto remove_cpu;
	rc = register_pm_notifier(&prepare_nb);
	if (rc)
		goto unregister_reboot;
	rc = register_pm_notifier(&post_nb);
	if (rc)
		goto unregister_prepare;
	rc = register_memory_notifier(&memory_nb);
	if (!rc)
		return 0;

	unregister_pm_notifier(&post_nb);
unregister_prepare:
	unregister_pm_notifier(&prepare_nb);
unregister_reboot:
	unregister_reboot_notifier(&reboot_nb);
remove_cpu:
	cpuhp_remove_state_nocalls(cpu_state);
	return rc;
}

/**
 * events_unregister() - undo events_register(); no callback runs any more afterwards
 *
 * Context: may sleep; none of this module's locks held.
 */
void events_unregister(void)
{
	unregister_memory_notifier(&memory_nb);
	notice_close();
	unregister_pm_notifier(&post_nb);
	unregister_pm_notifier(&prepare_nb);
	unregister_reboot_notifier(&reboot_nb);
	cpuhp_remove_state_nocalls(cpu_state);
}
