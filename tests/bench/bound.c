// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "bound.h"

/* What the model wants for tracking: bytes a page, pages a MEM_DONATE; what a DELEGATE moves */
#define METADATA	4
#define ASKED_AT_ONCE	64
#define DELEGATED_AT_ONCE 512

#define REGION_PRICE	(MAP_REGION / MAP_PAGE * METADATA / MAP_PAGE)

/* The host and what it knows */
struct knowledge {
	const struct flavour *f;
	const struct map *map;
	bool *fine, *tables;	/* by region, by PAR */
	bool has_home;		/* a region that is FINE, and has the chunks for the others */
	uint64_t commands;
};

static uint64_t div_up(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b;
}

static uint64_t bytes_in(const struct map_list *list, uint64_t start, uint64_t end)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < list->nr; i++) {
		uint64_t lo = list->at[i].start > start ? list->at[i].start : start;
		uint64_t hi = list->at[i].end < end ? list->at[i].end : end;

		bytes += lo < hi ? hi - lo : 0;
	}
	return bytes;
}

enum truth bound_region(const struct flavour *f, const struct map *map, uint64_t base)
{
	const uint64_t end = base + MAP_REGION;
	const uint64_t dram = bytes_in(&map->banks, base, end);
	const uint64_t device = bytes_in(&map->devices, base, end);
	const uint64_t reserved = bytes_in(&map->reserved, base, end);

	if (reserved == MAP_REGION)
		return TRUTH_RESERVED;
	if (!f->pays)
		return dram ? TRUTH_FINE : device ? TRUTH_DEVICE : TRUTH_NOTHING;
	if (device == MAP_REGION)
		return TRUTH_DEVICE;
	return dram == MAP_REGION && !reserved ? TRUTH_COARSE : TRUTH_NOTHING;
}

enum par_truth bound_par(const struct flavour *f, const struct map *map, uint64_t base)
{
	const uint64_t end = base + map->par_size;

	if (f->pays && map_touches(&map->banks, base, end) &&
	    !map_touches(&map->reserved, base, end))
		return PAR_HOST;
	if (map_touches(&map->banks, base, end) || map_touches(&map->devices, base, end))
		return PAR_PLATFORM;
	return PAR_NOBODY;
}

/* Units of RAM of this list that aren't known yet; at is set to the first from there on */
static bool next_unit(const struct map_list *ram, const bool *known, uint64_t size, uint64_t *at)
{
	uint64_t unit;
	unsigned int i;

	for (i = 0; i < ram->nr; i++) {
		unit = map_down(ram->at[i].start, size);
		for (unit = unit > *at ? unit : *at; unit < ram->at[i].end; unit += size) {
			*at = unit;
			if (!known[unit / size])
				return true;
		}
	}
	return false;
}

static unsigned int region_state(const struct knowledge *k, uint64_t base)
{
	return k->fine[base / MAP_REGION] ? TRUTH_FINE : bound_region(k->f, k->map, base);
}

/* A table that the host made is told apart from one of the platform's */
static unsigned int par_state(const struct knowledge *k, uint64_t base)
{
	unsigned int truth = bound_par(k->f, k->map, base);

	return truth == PAR_HOST && k->tables[base / k->map->par_size] ? PAR_HOST + 1 : truth;
}

/* Questions about all units of RAM that aren't known; what is told and as it should be is known */
static void ask(struct knowledge *k, const struct map_list *ram, bool *known, uint64_t size,
		unsigned int (*state)(const struct knowledge *k, uint64_t base), unsigned int good)
{
	const uint64_t end = map_up(ram->at[ram->nr - 1].end, size);
	uint64_t at = 0, base;

	while (next_unit(ram, known, size, &at)) {
		const unsigned int told = state(k, at);

		k->commands++;
		base = at;
		for (at += size; k->f->runs && at < end && state(k, at) == told; at += size)
			;
		for (; base < at && told == good; base += size)
			known[base / size] = true;
	}
}

static void pay_tables(struct knowledge *k, const struct map_list *ram)
{
	uint64_t at = 0;

	while (next_unit(ram, k->tables, k->map->par_size, &at)) {
		k->commands += 2;
		k->tables[at / k->map->par_size] = true;
	}
}

/* The first region pays with pages of its own; all others with what is delegated there for them */
static void pay_regions(struct knowledge *k, const struct map_list *ram, bool is_online)
{
	uint64_t at = 0, foreign = 0;

	while (next_unit(ram, k->fine, MAP_REGION, &at)) {
		if (!k->has_home && is_online &&
		    bytes_in(ram, at, at + MAP_REGION) / MAP_PAGE >= REGION_PRICE)
			k->has_home = true;
		else
			foreign += REGION_PRICE;
		k->commands += 1 + div_up(REGION_PRICE, ASKED_AT_ONCE);
		k->fine[at / MAP_REGION] = true;
	}
	k->commands += div_up(foreign, DELEGATED_AT_ONCE);
}

static void ensure(struct knowledge *k, const struct map_list *ram, bool is_online)
{
	ask(k, ram, k->tables, k->map->par_size, par_state, PAR_PLATFORM);
	ask(k, ram, k->fine, MAP_REGION, region_state, TRUTH_FINE);
	if (k->f->pays) {
		pay_tables(k, ram);
		pay_regions(k, ram, is_online);
	}
}

bool bound_count(const struct flavour *f, const struct map *map, struct bound *bound)
{
	const uint64_t pa_end = UINT64_C(1) << map->pa_bits;
	struct knowledge k = {
		.f = f, .map = map,
		.fine = calloc(pa_end / MAP_REGION, 1),
		.tables = calloc(pa_end / map->par_size, 1),
	};
	struct map_list block = { .nr = 1 };
	const bool good = k.fine && k.tables;
	unsigned int i;
	uint64_t at;

	if (good) {
		ensure(&k, &map->ram, true);
		bound->load = k.commands;
		for (i = 0; i < map->hot.nr; i++) {
			for (at = map->hot.at[i].start; at < map->hot.at[i].end; at += MAP_BLOCK) {
				block.at[0] = (struct map_range){ at, at + MAP_BLOCK };
				ensure(&k, &block, false);
			}
		}
		bound->add = k.commands - bound->load;
	}
	free(k.fine);
	free(k.tables);
	return good;
}
