/* SPDX-License-Identifier: GPL-2.0-only */
/* The kinds of RMM that commands are counted for */
#ifndef BENCH_FLAVOUR_H
#define BENCH_FLAVOUR_H

#include "map.h"
#include "rmm.h"

struct flavour {
	const char *name;
	bool old;		/* before beta 3: no GPT_INFO; looks at a base only */
	bool pays;		/* the host pays for tracking and tables; else all is there */
	bool runs;		/* answers go to the end of a run; else a region, a PAR at a time */
};

enum { STATIC_OLD, STATIC_PAR, STATIC_LONG, DYNAMIC, DYNAMIC_LONG, NR_FLAVOURS };
extern const struct flavour flavours[NR_FLAVOURS];

/* The model's description of a machine with this map and RMM */
void flavour_machine(const struct flavour *f, const struct map *map, struct rmm_machine *machine);

#endif
