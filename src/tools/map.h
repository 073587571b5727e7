/* SPDX-License-Identifier: GPL-2.0-only */
/* The physical memory map, PAR by PAR: read, and laid out in lines. */
#ifndef TOOLS_MAP_H
#define TOOLS_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "attributes.h"
#include "extents.h"

/* What a PAR, or what of it is in a range of RAM, is to Realms */
enum cell {
	CELL_PLATFORM,		/* tracked FINE, and its table is the platform's */
	CELL_HOST,		/* the same with a table that this host had made */
	CELL_TABLE,		/* with a table, but not all known to be tracked FINE */
	CELL_UNKNOWN,		/* no table is known */
	CELL_HOLE,		/* no RAM */
	NR_CELLS
};

extern const char map_letters[NR_CELLS];
extern const char * const map_words[NR_CELLS];

#define MAP_CELLS	32	/* in a line */

struct map {
	struct attributes attributes;
	uint64_t par_size;		/* 1 GB if no RMM told it */
	bool par_size_known;
	struct extents ram;
	struct extents fine, table, host;
};

struct map_line {
	const struct extent *row;	/* if it is the first of a range: that */
	uint64_t start, end;
	uint64_t repeat;		/* so many cells like cell[0], and no others; else 0 */
	unsigned int nr;
	enum cell cell[MAP_CELLS];
};

typedef void (*map_line_fn)(const struct map *map, const struct map_line *line, void *arg);

/* All of it, or the end */
void map_read(struct map *map);

/* Each range of RAM, and each hole between two that has a whole PAR */
void map_lay_out(const struct map *map, map_line_fn line, void *arg);

/* What stands before the cells of a line, and how many columns it takes at the most */
void map_label(const struct map_line *line, char text[64]);
unsigned int map_label_width(const struct map *map);

/* How many cells from the i-th of a line on are of its kind */
unsigned int map_run(const struct map_line *line, unsigned int i);

/* The heading, and the sentence that closes it */
void map_title(const struct map *map, char text[80]);
void map_verdict(const struct map *map, char text[160]);

void map_show(const struct map *map, bool colour);
void map_clear(struct map *map);

#endif
