// SPDX-License-Identifier: GPL-2.0-only
/*
 * A crash kernel knows this kernel's memory by physical addresses alone. So there is a second
 * record of what isn't Linux's, beside the ledger and the bits of consumers' pages: a bit for each
 * page, and tables of physical addresses that lead to it. A bit is set before its page goes out and
 * cleared after it is back, so that the index holds whenever the kernel crashes.
 */
#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "index.h"

/* Protects head from those who only look where it is; has tables be made by one at a time */
static DEFINE_MUTEX(index_lock);
static struct index_head *head;
/* A leaf; protects what follows, and the bits; held over one page of them at a time */
static DEFINE_SPINLOCK(bits_lock);
static u64 pages_out;			/* as many bits are set */

static void *new_page(void)
{
	return (void *)get_zeroed_page(GFP_KERNEL | __GFP_NOWARN);
}

static u64 *entry_of(u64 *table, u64 pfn, unsigned int level)
{
	return &table[pfn >> INDEX_SHIFT(level) & (BIT(INDEX_TABLE_BITS) - 1)];
}

/* The page of bits that a page frame has one in; NULL if there is none, and none can be made */
static unsigned long *bits_of(u64 pfn, bool make)
{
	u64 *table = phys_to_virt(head->root);
	unsigned int level;

	for (level = INDEX_LEVELS; level; level--) {
		u64 *entry = entry_of(table, pfn, level);
		void *page;

		if (!READ_ONCE(*entry)) {
			page = make ? new_page() : NULL;
			if (!page)
				return NULL;
			WRITE_ONCE(*entry, virt_to_phys(page));
		}
		table = phys_to_virt(READ_ONCE(*entry));
	}
	return (unsigned long *)table;
}

/**
 * index_prepare() - make room for the bits of [@start, @end)
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 *
 * Context: may sleep, allocates; takes index_lock.
 * Return: 0 or -ENOMEM.
 */
int index_prepare(u64 start, u64 end)
{
	const u64 last = PHYS_PFN(end - 1) >> INDEX_PAGE_BITS;
	u64 i;
	int rc = 0;

	mutex_lock(&index_lock);
	for (i = PHYS_PFN(start) >> INDEX_PAGE_BITS; !rc && i <= last; i++) {
		rc = bits_of(i << INDEX_PAGE_BITS, true) ? 0 : -ENOMEM;
		cond_resched();
	}
	mutex_unlock(&index_lock);
	return rc;
}

/**
 * index_set() - pages go out, or are back
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; may be @start; index_prepare() was called for it
 * @out: they go out, and weren't before; else they are back, and were out before
 *
 * Context: any but interrupts; takes bits_lock.
 */
void index_set(u64 start, u64 end, bool out)
{
	u64 pfn = PHYS_PFN(start);

	while (pfn < PHYS_PFN(end)) {
		const unsigned int first = pfn & (BIT(INDEX_PAGE_BITS) - 1);
		const unsigned int nr = min_t(u64, PHYS_PFN(end) - pfn,
					      BIT(INDEX_PAGE_BITS) - first);

		spin_lock(&bits_lock);
		if (out)
			bitmap_set(bits_of(pfn, false), first, nr);
		else
			bitmap_clear(bits_of(pfn, false), first, nr);
		pages_out += out ? nr : -(u64)nr;
		spin_unlock(&bits_lock);
		pfn += nr;
	}
}

/**
 * index_where() - where a crash kernel finds the index
 * @at: set to the physical address of its head; 0: there is none
 * @generation: set to what the head must have there
 *
 * The module's parameters can be read before it is initialised, and after it has ended.
 *
 * Context: may sleep; takes index_lock.
 */
void index_where(u64 *at, u64 *generation)
{
	mutex_lock(&index_lock);
	*at = head ? virt_to_phys(head) : 0;
	*generation = head ? head->generation : 0;
	mutex_unlock(&index_lock);
}

/**
 * index_open() - have an index, of nothing
 *
 * Context: may sleep, allocates; takes index_lock; module load.
 * Return: 0 or -ENOMEM.
 */
int index_open(void)
{
	void *root = new_page();
	struct index_head *new = root ? new_page() : NULL;

	if (!new) {
		free_page((unsigned long)root);
		return -ENOMEM;
	}
	*new = (struct index_head){
		.magic = INDEX_MAGIC,
		.generation = get_random_u64(),
		.page_shift = PAGE_SHIFT,
		.root = virt_to_phys(root),
	};
	mutex_lock(&index_lock);
	head = new;
	mutex_unlock(&index_lock);
	return 0;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as there are levels */
static void free_table(u64 *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level && i < BIT(INDEX_TABLE_BITS); i++)
		if (table[i])
			free_table(phys_to_virt(table[i]), level - 1);
	free_page((unsigned long)table);
}

/* NOLINTEND(misc-no-recursion) */

/**
 * index_close() - forget the index, unless something is still out: then it remains until reboot
 *
 * Context: may sleep; takes index_lock; module unload: nobody but index_where() is left.
 */
void index_close(void)
{
	mutex_lock(&index_lock);
	if (pages_out) {
		pr_warn("%llu KB stay out of crash dumps until reboot\n",
			pages_out * PAGE_SIZE / SZ_1K);
	} else {
		head->magic = 0;
		free_table(phys_to_virt(head->root), INDEX_LEVELS);
		free_page((unsigned long)head);
	}
	head = NULL;
	pages_out = 0;
	mutex_unlock(&index_lock);
}
