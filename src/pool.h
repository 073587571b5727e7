/* SPDX-License-Identifier: GPL-2.0-only */
/* Where memory that is lent comes from: chunks, which are stocked before an operation begins. */
#ifndef POOL_H
#define POOL_H

#include <linux/mm.h>

#include "ledger.h"

/* Memory that pages for one thing may come from */
struct places {
	const struct ranges *tables;	/* PARs that have a level 1 table */
	const struct ranges *fine;	/* regions that are tracked FINE */
};

/* What the RMM asks for in one donation */
struct request {
	u64 pages;
	u64 block; /* pages that must lie next to each other, aligned to their number */
	unsigned int code;	/* RMI_BLOCK_* */
	unsigned int state;	/* RMI_MEM_* */
};

/* Pages in stock, next to each other */
struct run {
	u64 start;		/* physical address */
	u64 pages;
	bool delegated;
};

static inline u64 run_end(const struct run *run)
{
	return run->start + run->pages * PAGE_SIZE;
}

/* Of which memory pages may be, for one donation */
struct terms {
	const struct places *places;
	struct span self;	/* undelegated pages may lie here */
	bool elsewhere;		/* ... and in PARs with a table */
};

int pool_stock(int nid, u64 bytes, u64 block, u64 most, const struct ranges *ram,
	       struct span *chunk);
int pool_take(const struct terms *terms, const struct request *want, enum ledger_kind kind,
	      u64 payee, struct run *run);
void pool_set_aside(u64 start, u64 end);
void pool_give(u64 start, u64 end, bool delegated);
u64 pool_in_hand(const struct ranges *fine, enum ledger_kind kind);
int pool_delegate(const struct ranges *fine, u64 bytes, unsigned int ms);
int pool_drain(void);

#endif
