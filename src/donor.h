/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that are lent to the RMM: the ledger of what is out, and the only place where one is freed.
 */
#ifndef DONOR_H
#define DONOR_H

#include "ranges.h"

/* Memory that some of the pages for one thing may come from, whatever it is */
struct places {
	const struct ranges *tables;	/* PARs that have a level 1 table */
	const struct ranges *fine;	/* regions that are tracked FINE */
	bool untracked;			/* other regions are going to be made FINE */
};

/* Who pays for what: the donations of one operation */
struct payer {
	/* base of the PAR or tracking region that is paid for, with DONOR_TABLE for a PAR */
	u64 owner;
	int nid;			/* node of the memory that it describes */
	u64 limit;			/* bytes; an RMM that wants more is mistaken */
	/* the PAR or tracking region itself; UNDELEGATED pages may come from here */
	struct span self;
	const struct ranges *near;	/* ... and here; may be NULL */
	const struct ranges *far;	/* DELEGATED pages may come from here; may be NULL */
	/*
	 * Rather of its own, if these are soon found: they need no command, and all that is lent
	 * for a region and its PAR lies in one pageblock
	 */
	bool self_first;
	/* bytes: so much will be wanted in all, as far as is known; 0 if it isn't */
	u64 price;
};

#define DONOR_TABLE	1ULL		/* a PAR and a region may have the same base */
/* No region's base, no PAR's: what is lent for the RMM as a whole */
#define DONOR_RMM	(~0ULL)
/* Nor of these: what is delegated, and lent for nothing yet */
#define DONOR_READY	(DONOR_RMM - 1)

/* Pages in hand, next to each other */
struct run {
	u64 start;			/* physical address */
	u64 pages;
	bool delegated;
};

/* How donor_take() is to take them */
#define DONOR_EXACTLY	1U		/* no less, and aligned to their size */
#define DONOR_DELEGATED	2U		/* have them delegated */
#define DONOR_BRIEFLY	4U		/* look at a few places only */

u64 donor_stock(u64 bytes);
void donor_announce(u64 bytes);
bool donor_pays_for_itself(u64 start, u64 end);
int donor_node(u64 start, u64 end);
int donor_take(const struct payer *payer, u64 pages, unsigned int how, struct run *run);
int donor_take_back(u64 start, u64 end, bool delegated);
bool donor_has(u64 start, u64 end, u64 owner);
bool donor_next(u64 start, u64 end, struct span *part);
void donor_clear_stock(void);
void donor_avoid(u64 start, u64 end);
void donor_expect(u64 start, u64 end);
u64 donor_bytes_out(void);
u64 donor_bytes_lost(void);
void donor_walk(void (*see)(void *arg, const struct span *span, bool lost), void *arg);
const char *donor_kind(u64 owner);
u64 donor_base(u64 owner);
void donor_close(void);

#endif
