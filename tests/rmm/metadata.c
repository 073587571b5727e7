// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracking metadata: what the host must lend before a region turns FINE, page by page, and how it
 * comes back when the region leaves that state
 */
#include "model.h"

/* Pages asked for at a time */
#define METADATA_ROUND	64

static uint64_t *region_metadata(const struct rmm *rmm, uint64_t pa)
{
	return rmm->metadata +
	       span_find(&rmm->region_spans, pa >> rmm->region_shift) * rmm->region_pages;
}

static bool is_own(const struct rmm *rmm, const struct op *op, uint64_t pa)
{
	return align_down(pa, rmm->region_shift) == op->base;
}

/*
 * In the dialect autumn, what conventional memory needs, and as much again for device memory beside
 * it
 */
static uint64_t metadata_needed(const struct rmm *rmm, uint64_t base)
{
	uint64_t top = base + region_size(rmm);

	if (!is_autumn(rmm))
		return rmm->region_pages;
	return rmm->region_pages / 2 *
	       (bank_has(rmm, base, top, true) + bank_has(rmm, base, top, false));
}

uint64_t metadata_wanted(const struct rmm *rmm, const struct op *op)
{
	uint64_t left = metadata_needed(rmm, op->base) - region_of(rmm, op->base)->nr_metadata;

	return left < METADATA_ROUND || is_autumn(rmm) ? left : METADATA_ROUND;
}

/*
 * The region's own pages are as it was before, any others delegated: that needs a region which is
 * FINE already
 */
bool metadata_fits(const struct rmm *rmm, const struct op *op, uint64_t pa, unsigned int state)
{
	const struct region *region = pa < rmm->pa_top ? region_of(rmm, pa) : NULL;
	unsigned int wanted = RMI_MEM_DELEGATED;

	if (!region ||
	    memory_kind(rmm, pa, pa + granule_size(rmm)) != RMI_MEM_CATEGORY_CONVENTIONAL)
		return false;
	if (!par_has_table(rmm, pa) || par_of(rmm, pa)->held)
		return false;
	if (is_autumn(rmm) && rmm->machine->refuse_every &&
	    !((pa >> rmm->granule_shift) % rmm->machine->refuse_every))
		return false;
	if (is_own(rmm, op, pa)) {
		if (!region->delegated)
			wanted = RMI_MEM_UNDELEGATED;
	} else if (region->state != RMI_TRACKING_FINE || region->held) {
		return false;
	}
	if (op->wanted != RMI_MEM_CONDITIONAL && op->wanted != wanted)
		return false;
	return state == wanted &&
	       granule_state(rmm, pa) == (wanted == RMI_MEM_DELEGATED ? GRANULE_DELEGATED :
									GRANULE_UNDELEGATED);
}

void metadata_take(struct rmm *rmm, struct op *op, uint64_t pa)
{
	struct region *region = region_of(rmm, op->base);

	granule_set(rmm, pa, GRANULE_METADATA);
	region_metadata(rmm, op->base)[region->nr_metadata++] = pa;
	if (!is_own(rmm, op, pa))
		region_of(rmm, pa)->nr_lodgers++;
}

/* The page that was lent last, and the state that it goes back in */
static uint64_t metadata_last(const struct rmm *rmm, const struct op *op, unsigned int *state)
{
	const struct region *region = region_of(rmm, op->base);
	uint64_t pa = region_metadata(rmm, op->base)[region->nr_metadata - 1];

	*state = RMI_MEM_DELEGATED;
	if (is_own(rmm, op, pa) ? !region->delegated : has_flag(rmm, RMM_FLAG_RETURNS_UNDELEGATED))
		*state = RMI_MEM_UNDELEGATED;
	return pa;
}

static void metadata_pop(struct rmm *rmm, struct op *op, uint64_t pa, unsigned int state)
{
	struct region *region = region_of(rmm, op->base);

	granule_set(rmm, pa,
		    state == RMI_MEM_DELEGATED ? GRANULE_DELEGATED : GRANULE_UNDELEGATED);
	region_metadata(rmm, op->base)[--region->nr_metadata] = 0;
	if (!is_own(rmm, op, pa))
		region_of(rmm, pa)->nr_lodgers--;
}

/* The dialect autumn: first come, first gone */
static struct run metadata_give_first(struct rmm *rmm, struct op *op, uint64_t most)
{
	struct region *region = region_of(rmm, op->base);
	uint64_t *page = region_metadata(rmm, op->base);
	struct run run = { .base = page[0], .block = RMI_BLOCK_PAGE };
	uint64_t i, pa;

	while (run.nr < most && region->nr_metadata) {
		pa = page[0];
		if (pa != run.base + (run.nr << rmm->granule_shift) ||
		    (run.nr && is_own(rmm, op, pa) != is_own(rmm, op, run.base)))
			break;
		/* To be the last one, where metadata_pop() takes it from */
		for (i = 1; i < region->nr_metadata; i++)
			page[i - 1] = page[i];
		page[region->nr_metadata - 1] = pa;
		metadata_last(rmm, op, &run.state);
		metadata_pop(rmm, op, pa, run.state);
		run.nr++;
	}
	return run;
}

/*
 * One descriptor's worth, last come first gone. Beta 3 joins neighbours, the others don't: a host
 * must take both.
 */
struct run metadata_give(struct rmm *rmm, struct op *op, uint64_t most)
{
	const struct region *region = region_of(rmm, op->base);
	struct run run = { .block = RMI_BLOCK_PAGE };
	unsigned int state;
	uint64_t pa;

	if (!is_beta3(rmm))
		most = 1;
	if (is_autumn(rmm))
		return metadata_give_first(rmm, op, most);
	while (run.nr < most && region->nr_metadata) {
		pa = metadata_last(rmm, op, &state);
		if (run.nr && (pa != run.base - granule_size(rmm) || state != run.state))
			break;
		metadata_pop(rmm, op, pa, state);
		run.base = pa;
		run.state = state;
		run.nr++;
	}
	return run;
}

static void region_become(struct region *region, const struct op *op)
{
	region->category = op->category;
	region->state = op->state;
}

/* One step of a change of state */
void metadata_work(struct rmm *rmm, struct op *op, uint64_t x[5])
{
	struct region *region = region_of(rmm, op->base);

	if (op->giving_back && region->nr_metadata) {
		op->phase = PHASE_GIVE;
	} else if (op->giving_back) {
		if (op->kind == OP_LEAVE_FINE)
			region_become(region, op);
		op_end(rmm, op, op->result, x);
	} else if (has_flag(rmm, RMM_FLAG_HOST_PAYS) &&
		   region->nr_metadata < metadata_needed(rmm, op->base)) {
		op->phase = PHASE_TAKE;
	} else if (region->nr_metadata && has_flag(rmm, RMM_FLAG_GIVES_UP) && !region->gave_up) {
		region->gave_up = true;
		op->giving_back = true;
		op->result = RMI_BLOCKED;
		op->phase = PHASE_GIVE;
	} else {
		region_become(region, op);
		region->delegated = false;
		op_end(rmm, op, RMI_SUCCESS, x);
	}
}

static bool can_pay(const struct rmm *rmm, uint64_t base)
{
	const struct region *region = region_of(rmm, base);

	return region && region->state == RMI_TRACKING_FINE &&
	       region->category == RMI_MEM_CATEGORY_CONVENTIONAL;
}

/*
 * Before beta 3 a request can't say "conditional", so the RMM must ask for one of the two: for
 * delegated pages if there is a region that they can come from, else for pages of the region
 * itself.
 */
uint64_t metadata_state(struct rmm *rmm)
{
	uint64_t i, k;

	if (is_beta3(rmm))
		return RMI_MEM_CONDITIONAL;
	if (can_pay(rmm, rmm->payer))
		return RMI_MEM_DELEGATED;
	for (i = 0; i < rmm->region_spans.nr; i++) {
		for (k = 0; k < rmm->region_spans.at[i].nr; k++) {
			rmm->payer = (rmm->region_spans.at[i].first + k) << rmm->region_shift;
			if (can_pay(rmm, rmm->payer))
				return RMI_MEM_DELEGATED;
		}
	}
	return RMI_MEM_UNDELEGATED;
}

/*
 * Leaving FINE: nothing of others' may live here, and what is left must be all Non-secure or all
 * delegated
 */
bool metadata_may_leave(const struct rmm *rmm, uint64_t base, uint64_t target)
{
	const struct region *region = region_of(rmm, base);
	const uint64_t *page = region_metadata(rmm, base);
	uint64_t ordinary = region_size(rmm) >> rmm->granule_shift, i;

	if (region->nr_lodgers)
		return false;
	if (region->nr_table && has_flag(rmm, RMM_FLAG_TABLES_COUNT))
		return false;
	for (i = 0; i < region->nr_metadata; i++)
		ordinary -= align_down(page[i], rmm->region_shift) == base;
	ordinary -= region->nr_table;
	return !region->nr_delegated ||
	       (target == RMI_TRACKING_COARSE && region->nr_delegated == ordinary);
}
