// SPDX-License-Identifier: GPL-2.0-only
/*
 * Order of locks, outermost first: device_hotplug_lock, cpu_hotplug_lock (read), mem_hotplug_lock
 * (write), the memory notifier chain's semaphore (read in a callback, write to register),
 * coverage_lock, published_lock. So the notifier is registered and unregistered with none of ours
 * held, and under coverage_lock nothing takes one of the kernel's.
 *
 * The notifier is registered before coverage_ensure_ram() walks. Of a block that goes online
 * meanwhile we see MEM_GOING_ONLINE, and cover it here; or, if that call came before us,
 * MEM_ONLINE, and make up for it; or neither, then it was online before the walk. One that goes
 * offline after the walk saw it is forgotten by MEM_OFFLINE, which waits.
 */
#include <linux/align.h>
#include <linux/memory.h>
#include <linux/notifier.h>
#include <linux/pfn.h>
#include <linux/printk.h>

#include "coverage.h"
#include "hotplug.h"

/*
 * Too late to refuse: memory that the RMM doesn't know may become part of a Realm now, and that
 * will fail
 */
static void make_up_for(u64 start, u64 end)
{
	struct verdict why = { .reason = REASON_OK };

	if (!coverage_ensure(start, end, &why))
		return;
	pr_err("memory %#llx-%#llx went online without cover: %s (%s)\n", start, end,
	       verdict_word(why.reason), why.detail);
	verdict_publish(&why);
}

static int going_online(u64 start, u64 end)
{
	struct verdict why;
	int rc = coverage_ensure(start, end, &why);

	if (rc)
		pr_warn("memory %#llx-%#llx refused: %s (%s)\n", start, end,
			verdict_word(why.reason), why.detail);
	return rc;
}

static int going_offline(u64 start, u64 end)
{
	struct verdict why;
	int rc = coverage_vacate(start, end, &why);

	if (rc)
		pr_warn("memory %#llx-%#llx must stay: %s (%s)\n", start, end,
			verdict_word(why.reason), why.detail);
	return rc;
}

/*
 * Sent also where no MEM_GOING_OFFLINE was, for memory that somebody else didn't let go: then there
 * is nothing to do
 */
static void stays(void)
{
	struct verdict why = { .reason = REASON_OK };

	if (!coverage_stay(&why))
		return;
	pr_err("memory is without cover: %s (%s)\n", verdict_word(why.reason), why.detail);
	verdict_publish(&why);
}

static int memory_event(struct notifier_block *nb, unsigned long action, void *arg)
{
	const struct memory_notify *mem = arg;
	/* A block may hold its own memory map, and is then announced without it */
	const u64 block = memory_block_size_bytes();
	const u64 start = ALIGN_DOWN(PFN_PHYS(mem->start_pfn), block);
	const u64 end = ALIGN(PFN_PHYS(mem->start_pfn + mem->nr_pages), block);

	switch (action) {
	case MEM_GOING_ONLINE:
		return notifier_from_errno(going_online(start, end));
	case MEM_ONLINE:
		make_up_for(start, end);
		break;
	case MEM_GOING_OFFLINE:
		return notifier_from_errno(going_offline(start, end));
	case MEM_CANCEL_ONLINE:
	case MEM_OFFLINE:
		coverage_forget(start, end);
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

/**
 * hotplug_register() - from now on, cover memory before it goes online, or refuse it
 * @why: set on error
 *
 * Context: may sleep; none of this module's locks held.
 * Return: 0 or the negative error number of @why.
 */
int hotplug_register(struct verdict *why)
{
	int rc = register_memory_notifier(&memory_nb);

	if (!rc)
		return 0;
	return verdict_set(why, REASON_NO_HOTPLUG, "memory notifier: error %d", rc);
}

/**
 * hotplug_unregister() - undo hotplug_register(); no callback runs any more afterwards
 *
 * Context: may sleep; none of this module's locks held.
 */
void hotplug_unregister(void)
{
	unregister_memory_notifier(&memory_nb);
}
