// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/minmax.h>
#include <linux/pfn.h>

#include "ram.h"

/*
 * Memory that was added and isn't online is "System RAM" as well. Online or not is decided section
 * by section: no section belongs to two memory blocks.
 */
static int add_online(struct resource *res, void *arg)
{
	struct ranges *ram = arg;
	unsigned long pfn = PFN_UP(res->start), end = PFN_DOWN(res->end + 1), from = pfn;
	int rc = 0;

	for (; !rc && pfn < end; pfn = min(end, ALIGN(pfn + 1, PAGES_PER_SECTION))) {
		if (pfn_to_online_page(pfn))
			continue;
		if (from < pfn)
			rc = ranges_add(ram, PFN_PHYS(from), PFN_PHYS(pfn));
		from = ALIGN(pfn + 1, PAGES_PER_SECTION);
	}
	return !rc && from < end ? ranges_add(ram, PFN_PHYS(from), PFN_PHYS(end)) : rc;
}

/**
 * ram_collect() - all memory that is online: boot memory less no-map holes, and hot-added memory
 * @ram: gets it added, in whole pages
 *
 * Memory that goes online or offline meanwhile may be there or not; see the order of locks in
 * hotplug.c.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int ram_collect(struct ranges *ram)
{
	int rc = walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0,
				     -1, ram, add_online);

	return rc < 0 && rc != -EINVAL ? rc : 0;
}
