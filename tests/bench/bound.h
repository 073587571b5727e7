/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fewest commands that any host can do with, counted by one that sees how the machine is.
 *
 * That is the fewest commands whose true answers establish that all RAM that is online is
 * conventional, FINE and in PARs with level 1 tables, by a host that changes nothing whose state it
 * wasn't told:
 *  - before beta 3: a TRACKING_GET for each tracking region with RAM, and a GPT_L1_CREATE for each
 *    PAR with RAM, since nothing else tells whether it has a table;
 *  - since then, as few TRACKING_GET and GPT_INFO as there are answers to hear. An answer holds for
 *    one region or PAR; or, on an RMM that answers runs, to where the category or state changes.
 *    A question may span holes. It ends with the region or PAR of the last RAM: what is said of
 *    memory beyond needn't hold any more when that is added;
 *  - where the host pays, for each PAR a GPT_L1_CREATE and a MEM_DONATE; for each region
 *    a TRACKING_SET and as many MEM_DONATE as the RMM asks for pages. What is lent lies together,
 *    so that the host keeps its huge pages: the first region pays with pages of its own, which need
 *    no DELEGATE; for all others, as many pages are delegated as are due, by one command as many as
 *    the RMM takes. None is delegated in vain, so that there is no UNDELEGATE.
 * Memory that is added later comes block by block; what is known by then is what was told or made,
 * and is FINE or has a table.
 */
#ifndef BENCH_BOUND_H
#define BENCH_BOUND_H

#include "flavour.h"

/* How a region starts */
enum truth {
	TRUTH_NOTHING,		/* no memory, or of more than one kind for an RMM that is paid */
	TRUTH_RESERVED,
	TRUTH_DEVICE,
	TRUTH_COARSE,
	TRUTH_FINE,
};

enum par_truth {
	PAR_NOBODY,
	PAR_PLATFORM,
	PAR_HOST,		/* without a table until the host pays for it */
};

struct bound {
	uint64_t load;		/* for the RAM that is there at boot */
	uint64_t add;		/* for what is added later, in all */
};

enum truth bound_region(const struct flavour *f, const struct map *map, uint64_t base);
enum par_truth bound_par(const struct flavour *f, const struct map *map, uint64_t base);
bool bound_count(const struct flavour *f, const struct map *map, struct bound *bound);

#endif
