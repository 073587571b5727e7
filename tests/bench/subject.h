/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module itself needs, in the stand-in kernel of tests/shim */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include "bound.h"

struct cost {
	bool good;			/* what follows holds */
	char why[160];			/* if not */
	uint64_t commands;
	double cpu_s;			/* of the module and the stand-ins, without the RMM */
	uint64_t heap;			/* bytes, at the most, since load */
	char by_kind[160];		/* the commands, for people */
};

struct costs {
	struct cost load, add;
	/*
	 * Commands of the blocks that were added to a region and PAR that were covered already, and
	 * of one that went offline and came back
	 */
	uint64_t covered_blocks, covered_commands, toggled_blocks, toggle_commands;
};

/* In a process of its own, so that whatever fails there fails nothing else */
void subject_measure(const struct flavour *f, const struct map *map, struct costs *costs);

#endif
