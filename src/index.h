/* SPDX-License-Identifier: GPL-2.0-only */
/* Which pages aren't this kernel's, as a crash kernel can find it. */
#ifndef INDEX_H
#define INDEX_H

#include <linux/types.h>

#define INDEX_MAGIC	0x315845444e494343ULL	/* "CCINDEX1" */

/* The first page. All addresses are physical; 0: there is nothing. */
struct index_head {
	u64 magic;		/* as long as the index holds */
	u64 generation;		/* each load of the module has another one */
	u64 page_shift;
	u64 root;		/* of the outermost table, of the size of a page, as are all */
};

/*
 * A page of bits, one for each page of memory, is found by as many tables of addresses as 52 bits
 * of physical address need. Bits of a page frame number that a table, and a page of bits, decode:
 */
#define INDEX_TABLE_BITS	(PAGE_SHIFT - 3)
#define INDEX_PAGE_BITS		(PAGE_SHIFT + 3)
#define INDEX_LEVELS \
	((52 - PAGE_SHIFT - INDEX_PAGE_BITS + INDEX_TABLE_BITS - 1) / INDEX_TABLE_BITS)
#define INDEX_SHIFT(level)	(INDEX_PAGE_BITS + ((level) - 1) * INDEX_TABLE_BITS)

int index_open(void);
void index_close(void);
int index_prepare(u64 start, u64 end);
void index_set(u64 start, u64 end, bool out);
void index_where(u64 *at, u64 *generation);

#endif
