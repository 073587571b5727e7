/* SPDX-License-Identifier: GPL-2.0-only */
/* A memory map, as maps/NAME.map describes it */
#ifndef BENCH_MAP_H
#define BENCH_MAP_H

#include <stdbool.h>
#include <stdint.h>

#define KB		UINT64_C(0x400)
#define MB		UINT64_C(0x100000)
#define GB		UINT64_C(0x40000000)
#define TB		(1024 * GB)

#define MAP_PAGE	(4 * KB)
#define MAP_REGION	GB		/* tracking regions of 4 KB pages */
#define MAP_BLOCK	(128 * MB)	/* memory is hot-added in these */
#define MAP_MAX		200

struct map_range {
	uint64_t start, end;		/* end is exclusive */
};

/* In the order of the addresses */
struct map_list {
	unsigned int nr;
	struct map_range at[MAP_MAX];
};

struct map {
	char name[32];
	unsigned int pa_bits;
	uint64_t par_size;		/* bytes that one level 0 GPT entry describes */
	struct map_list ram;		/* what the kernel has at boot */
	struct map_list hot;		/* what comes later, in whole blocks */
	struct map_list banks;		/* what the RMM knows as DRAM */
	struct map_list reserved;	/* of that, what is the platform's own */
	struct map_list devices;	/* what the RMM knows as device memory */
};

bool map_read(struct map *map, const char *path);
void map_cut(struct map *map, uint64_t bytes);	/* to so much RAM, all there at boot */
uint64_t map_bytes(const struct map_list *list);
/* is there anything of the list in [start, end)? */
bool map_touches(const struct map_list *list, uint64_t start, uint64_t end);
uint64_t map_down(uint64_t at, uint64_t size);
uint64_t map_up(uint64_t at, uint64_t size);

#endif
