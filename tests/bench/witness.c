// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "host.h"
#include "witness.h"

struct witness {
	struct host host;
	const struct flavour *f;
	const struct map *map;
	struct map_list online;		/* all RAM that pages can be taken from */
	bool *fine, *tables;		/* by region, by PAR */
	uint64_t *taken;		/* by region: nothing is left below this address */
	bool has_home;			/* a region that is FINE, where the others' pages lie */
	uint64_t foreign, foreign_end;	/* delegated pages that nobody has been lent yet */
};

/* Pages of the RAM in [start, end) that were not taken before; 0: none. The config page is kept. */
static uint64_t take(struct witness *w, uint64_t start, uint64_t end, uint64_t size)
{
	uint64_t region, at, top;
	unsigned int i;

	for (i = 0; i < w->online.nr; i++) {
		const struct map_range r = w->online.at[i];

		at = r.start > start ? r.start : start;
		for (region = map_down(at, MAP_REGION); region < r.end && region < end;
		     region += MAP_REGION) {
			uint64_t *taken = &w->taken[region / MAP_REGION];

			at = r.start > *taken ? r.start : *taken;
			at = map_up(at > region ? at : region, size);
			top = region + MAP_REGION < r.end ? region + MAP_REGION : r.end;
			if (at + size > top)
				continue;
			*taken = at + size;
			return at;
		}
	}
	return 0;
}

static uint64_t descriptor(uint64_t pa, uint64_t blocks, unsigned int code, uint64_t state)
{
	return pa | blocks << RMI_RANGE_COUNT_SHIFT | code | state << RMI_RANGE_STATE_BETA3_SHIFT;
}

static bool first_missing(const struct map_list *ram, const bool *known, uint64_t size,
			  uint64_t *at)
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

static void note(bool *known, uint64_t size, uint64_t from, uint64_t to)
{
	for (; from < to; from += size)
		known[from / size] = true;
}

/* Since beta 3. Answers about what the host is going to change aren't kept. */
static bool ask_tables(struct witness *w, const struct map_list *ram)
{
	const uint64_t size = w->map->par_size, end = map_up(ram->at[ram->nr - 1].end, size);
	uint64_t at = 0;

	for (; first_missing(ram, w->tables, size, &at); at = w->host.x[1]) {
		if (host_call(&w->host, RMI_GPT_INFO, at, end, 0) || w->host.x[1] <= at ||
		    w->host.x[2] == RMI_PAR_RESERVED)
			return false;
		if (w->host.x[2] != RMI_PAR_HOST_NOT_CREATED)
			note(w->tables, size, at, w->host.x[1]);
	}
	return true;
}

/* Before beta 3, of one region at a time */
static bool ask_regions(struct witness *w, const struct map_list *ram)
{
	const uint64_t end = map_up(ram->at[ram->nr - 1].end, MAP_REGION);
	uint64_t at = 0;

	for (; first_missing(ram, w->fine, MAP_REGION, &at); at = w->host.x[3]) {
		if (host_call(&w->host, RMI_GRANULE_TRACKING_GET, at,
			      w->f->old ? at + MAP_REGION : end, 0) ||
		    w->host.x[3] <= at)
			return false;
		if (w->host.x[2] == RMI_TRACKING_FINE &&
		    w->host.x[1] == RMI_MEM_CATEGORY_CONVENTIONAL)
			note(w->fine, MAP_REGION, at, w->host.x[3]);
		else if (w->host.x[2] == RMI_TRACKING_RESERVED || !w->f->pays)
			return false;
	}
	return true;
}

/* One block, from the PAR itself if it has some */
static bool pay_table(struct witness *w, uint64_t par)
{
	const uint64_t handle = w->host.x[1], req = w->host.x[2];
	const unsigned int code = RMI_DONATE_BLOCK(req);
	const uint64_t size = RMI_DONATE_COUNT(req) * (code == RMI_BLOCK_L2 ? 2 * MB : MAP_PAGE);
	uint64_t pa = take(w, par, par + w->map->par_size, size), at;

	for (at = 0; !pa && at < w->map->ram.at[w->map->ram.nr - 1].end; at += w->map->par_size)
		if (w->tables[at / w->map->par_size])
			pa = take(w, at, at + w->map->par_size, size);
	if (!pa)
		return false;
	w->host.page[0] = descriptor(pa, RMI_DONATE_COUNT(req), code, RMI_MEM_UNDELEGATED);
	return host_call(&w->host, RMI_OP_MEM_DONATE, handle, HOST_PAGE, 1) == RMI_SUCCESS;
}

static bool make_tables(struct witness *w, const struct map_list *ram)
{
	unsigned int status;
	uint64_t at = 0;

	while (first_missing(ram, w->tables, w->map->par_size, &at)) {
		status = host_call(&w->host, RMI_GPT_L1_CREATE, at, 0, 0);
		if (status == RMI_INCOMPLETE ? !pay_table(w, at) : status != RMI_ERROR_GPT)
			return false;
		w->tables[at / w->map->par_size] = true;
	}
	return true;
}

/* Delegated pages of a region that is FINE, a stock of them by one command */
static uint64_t take_foreign(struct witness *w, uint64_t size)
{
	const uint64_t stock = 512 * MAP_PAGE;
	uint64_t at = 0, pa = 0;

	if (w->foreign_end - w->foreign < size) {
		for (; !pa && at < UINT64_C(1) << w->map->pa_bits; at += MAP_REGION)
			if (w->fine[at / MAP_REGION])
				pa = take(w, at, at + MAP_REGION, stock);
		if (!pa || host_call(&w->host, RMI_GRANULE_RANGE_DELEGATE, pa, pa + stock, 0) ||
		    w->host.x[1] != pa + stock)
			return 0;
		w->foreign = pa;
		w->foreign_end = pa + stock;
	}
	w->foreign += size;
	return w->foreign - size;
}

/* Answer one request for pages: the first region's are its own, all others' lie there */
static bool pay_pages(struct witness *w, uint64_t handle, uint64_t region, uint64_t req)
{
	uint64_t left = RMI_DONATE_COUNT(req), nr = 0, pages = left, pa;

	while (left) {
		pages = pages < left ? pages : left;
		pa = w->has_home ? 0 : take(w, region, region + MAP_REGION, pages * MAP_PAGE);
		if (!pa && pages > 1 && !w->has_home) {
			pages = 1;
			continue;
		}
		if (pa) {
			w->host.page[nr++] = descriptor(pa, pages, 0, RMI_MEM_UNDELEGATED);
		} else {
			pages = left;
			pa = take_foreign(w, pages * MAP_PAGE);
			if (!pa)
				return false;
			w->host.page[nr++] = descriptor(pa, pages, 0, RMI_MEM_DELEGATED);
		}
		left -= pages;
	}
	host_call(&w->host, RMI_OP_MEM_DONATE, handle, HOST_PAGE, nr);
	return true;
}

static bool make_fine(struct witness *w, uint64_t region)
{
	uint64_t handle;

	host_call(&w->host, RMI_GRANULE_TRACKING_SET, region, RMI_MEM_CATEGORY_CONVENTIONAL,
		  RMI_TRACKING_FINE);
	handle = w->host.x[1];
	while (RMI_RESULT_STATUS(w->host.x[0]) == RMI_INCOMPLETE)
		if (!pay_pages(w, handle, region, w->host.x[2]))
			return false;
	return RMI_RESULT_STATUS(w->host.x[0]) == RMI_SUCCESS;
}

static bool make_regions(struct witness *w, const struct map_list *ram)
{
	uint64_t at = 0;

	while (first_missing(ram, w->fine, MAP_REGION, &at)) {
		if (!make_fine(w, at))
			return false;
		w->has_home = true;
		w->fine[at / MAP_REGION] = true;
	}
	return true;
}

static bool ensure(struct witness *w, const struct map_list *ram)
{
	return (w->f->old || ask_tables(w, ram)) && ask_regions(w, ram) && make_tables(w, ram) &&
	       make_regions(w, ram);
}

/* What the model says when nobody is looking */
static bool is_covered(const struct witness *w, const struct map_list *ram)
{
	uint64_t at;
	unsigned int i, par;

	for (i = 0; i < ram->nr; i++) {
		for (at = ram->at[i].start; at < ram->at[i].end;
		     at = map_down(at, MAP_REGION) + MAP_REGION) {
			par = rmm_par(w->host.rmm, at);
			if (rmm_tracking(w->host.rmm, at) != RMI_TRACKING_FINE ||
			    (par != RMI_PAR_PLATFORM && par != RMI_PAR_HOST_CREATED))
				return false;
		}
	}
	return true;
}

static bool ensure_all(struct witness *w, struct bound *count)
{
	struct map_list block = { .nr = 1 };
	unsigned int i;
	uint64_t at;

	if (!ensure(w, &w->map->ram))
		return false;
	count->load = w->host.commands;
	for (i = 0; i < w->map->hot.nr; i++) {
		for (at = w->map->hot.at[i].start; at < w->map->hot.at[i].end; at += MAP_BLOCK) {
			block.at[0] = (struct map_range){ at, at + MAP_BLOCK };
			w->foreign = w->foreign_end;
			if (!ensure(w, &block))
				return false;
		}
	}
	count->add = w->host.commands - count->load;
	return is_covered(w, &w->map->ram) && is_covered(w, &w->map->hot);
}

bool witness_count(const struct flavour *f, const struct map *map, struct bound *count)
{
	const uint64_t pa_end = UINT64_C(1) << map->pa_bits;
	struct witness *w = calloc(1, sizeof(*w));
	struct rmm_machine machine;
	bool good = false;

	*count = (struct bound){ 0 };
	flavour_machine(f, map, &machine);
	if (w && host_open(&w->host, &machine)) {
		w->f = f;
		w->map = map;
		w->online = map->ram;
		w->fine = calloc(pa_end / MAP_REGION, 1);
		w->tables = calloc(pa_end / map->par_size, 1);
		w->taken = calloc(pa_end / MAP_REGION, sizeof(*w->taken));
		if (w->fine && w->tables && w->taken) {
			w->taken[HOST_PAGE / MAP_REGION] = HOST_PAGE + MAP_PAGE;
			good = ensure_all(w, count);
		}
		free(w->fine);
		free(w->tables);
		free(w->taken);
		host_close(&w->host);
	}
	free(w);
	return good;
}
