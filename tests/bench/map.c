// SPDX-License-Identifier: GPL-2.0-only
/*
 * A map's lines: # begins a comment; `START END` is RAM of the kernel, `START END hot` RAM that is
 * added later, `START END dev` device memory that the RMM knows. `bank START END` is DRAM that the
 * RMM knows, `reserved START END` a part of that which is the platform's. `pa_bits N`, `l0gpt NG`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"

uint64_t map_down(uint64_t at, uint64_t size)
{
	return at & ~(size - 1);
}

uint64_t map_up(uint64_t at, uint64_t size)
{
	return map_down(at + size - 1, size);
}

uint64_t map_bytes(const struct map_list *list)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < list->nr; i++)
		bytes += list->at[i].end - list->at[i].start;
	return bytes;
}

bool map_touches(const struct map_list *list, uint64_t start, uint64_t end)
{
	unsigned int i;

	for (i = 0; i < list->nr; i++)
		if (list->at[i].start < end && list->at[i].end > start)
			return true;
	return false;
}

void map_cut(struct map *map, uint64_t bytes)
{
	unsigned int i;

	map->hot.nr = 0;
	for (i = 0; bytes && i < map->ram.nr; i++) {
		struct map_range *r = &map->ram.at[i];

		if (r->end - r->start > bytes)
			r->end = r->start + bytes;
		bytes -= r->end - r->start;
	}
	map->ram.nr = i;
}

static bool add(struct map_list *list, uint64_t start, uint64_t end, uint64_t unit)
{
	if (list->nr == MAP_MAX || start >= end || (start | end) & (unit - 1) ||
	    (list->nr && list->at[list->nr - 1].end > start))
		return false;
	list->at[list->nr++] = (struct map_range){ start, end };
	return true;
}

static bool read_range(struct map *map, const char *what, uint64_t start, uint64_t end)
{
	if (!*what)
		return add(&map->ram, start, end, MAP_PAGE);
	if (!strcmp(what, "hot"))
		return add(&map->hot, start, end, MAP_BLOCK);
	if (!strcmp(what, "dev"))
		return add(&map->devices, start, end, MAP_PAGE);
	if (!strcmp(what, "bank"))
		return add(&map->banks, start, end, MAP_PAGE);
	if (!strcmp(what, "reserved"))
		return add(&map->reserved, start, end, MAP_PAGE);
	return false;
}

static bool read_line(struct map *map, const char *line)
{
	unsigned long long a, b;
	char word[16] = "";
	int n;

	n = sscanf(line, "%llx %llx %15s", &a, &b, word);
	if (n >= 2)
		return read_range(map, word, a, b);
	if (sscanf(line, "%15s %llx %llx", word, &a, &b) == 3)
		return read_range(map, word, a, b);
	if (sscanf(line, "pa_bits %llu", &a) == 1)
		return (map->pa_bits = a);
	if (sscanf(line, "l0gpt %lluG", &a) == 1)
		return (map->par_size = a * GB);
	return false;
}

static void take_name(struct map *map, const char *path)
{
	const char *base = strrchr(path, '/');

	snprintf(map->name, sizeof(map->name), "%s", base ? base + 1 : path);
	map->name[strcspn(map->name, ".")] = 0;
}

bool map_read(struct map *map, const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned int number = 0;
	char line[256];
	bool good = f;

	*map = (struct map){ 0 };
	take_name(map, path);
	while (good && fgets(line, sizeof(line), f)) {
		number++;
		line[strcspn(line, "#\n")] = 0;
		if (line[strspn(line, " \t")])
			good = read_line(map, line);
	}
	if (f)
		fclose(f);
	if (good && map->ram.nr && map->banks.nr && map->pa_bits && map->par_size)
		return true;
	fprintf(stderr, "%s:%u: not a memory map\n", path, number);
	return false;
}
