// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/minmax.h>
#include <linux/pfn.h>

#include "ram.h"

struct collection {
	struct ranges *ram;
	bool movable;
};

/**
 * ram_is_movable() - is a page of memory that was hot-added to ZONE_MOVABLE?
 * @page: the page; of memory that is online or goes there
 *
 * Boot memory that was put there (kernelcore=) is none.
 *
 * Context: any.
 * Return: true if so.
 */
bool ram_is_movable(const struct page *page)
{
	return is_zone_movable_page(page) &&
	       !early_section(__pfn_to_section(PHYS_PFN(page_to_phys(page))));
}

/**
 * ram_is_left_out() - does [@start, @end) reach into such memory, beside what is in a set?
 * @set: of ranges
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned
 *
 * Context: any.
 * Return: true if the first page that isn't in the set is online, and such memory's.
 */
bool ram_is_left_out(const struct ranges *set, u64 start, u64 end)
{
	const struct page *page = NULL;
	struct span gap;

	if (ranges_gap(set, start, end, &gap))
		page = pfn_to_online_page(PHYS_PFN(gap.start));
	return page && ram_is_movable(page);
}

/*
 * Memory that was added and isn't online is "System RAM" as well. Online or not, and in which zone,
 * is decided section by section: no section belongs to two memory blocks.
 */
static int add_online(struct resource *res, void *arg)
{
	const struct collection *c = arg;
	struct ranges *ram = c->ram;
	unsigned long pfn = PFN_UP(res->start), end = PFN_DOWN(res->end + 1), from = pfn;
	int rc = 0;

	for (; !rc && pfn < end; pfn = min(end, ALIGN(pfn + 1, PAGES_PER_SECTION))) {
		const struct page *page = pfn_to_online_page(pfn);

		if (page && (c->movable || !ram_is_movable(page)))
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
 * @movable: also what ram_is_movable() says that of
 *
 * Memory that goes online or offline meanwhile may be there or not; see the order of locks in
 * events.c.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int ram_collect(struct ranges *ram, bool movable)
{
	struct collection c = { .ram = ram, .movable = movable };
	int rc = walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0,
				     -1, &c, add_online);

	return rc < 0 && rc != -EINVAL ? rc : 0;
}
