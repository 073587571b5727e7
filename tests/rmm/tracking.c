// SPDX-License-Identifier: GPL-2.0-only
/*
 * Granule tracking: the state of each tracking region, and the metadata that the host lends for
 * those that are FINE
 */
#include "model.h"

/* The category that a region of this memory can have: DRAM counts more than a device beside it */
static unsigned int region_category(const struct rmm *rmm, uint64_t base)
{
	const struct rmm_list *banks = &rmm->machine->memory;
	unsigned int category = RMI_MEM_CATEGORY_NONE;
	uint64_t i;

	for (i = 0; i < banks->nr; i++)
		if (banks->at[i].base < base + region_size(rmm) &&
		    base < range_top(&banks->at[i]) &&
		    banks->at[i].value < category)
			category = banks->at[i].value;
	return category;
}

/* As the machine starts it */
static struct region region_start(const struct rmm *rmm, uint64_t base)
{
	const struct rmm_machine *m = rmm->machine;
	uint64_t top = base + region_size(rmm);
	const struct rmm_range *given = list_find(&m->tracking, base, top);
	const struct rmm_range *reserved = list_find(&m->reserved, base, top);
	struct region region = { .known = true };

	region.category = region_category(rmm, base);
	if (given) {
		region.category = given->value >> 8;
		region.state = given->value & 0xff;
	} else if (is_autumn(rmm)) {
		region.state = bank_kind(rmm, base, top) < KIND_NONE ? RMI_TRACKING_COARSE :
								       RMI_TRACKING_NONE;
	} else if (reserved && reserved->base <= base && range_top(reserved) >= top) {
		region.state = RMI_TRACKING_RESERVED;
	} else if (region.category == RMI_MEM_CATEGORY_NONE) {
		region.state = RMI_TRACKING_NONE;
	} else if (!has_flag(rmm, RMM_FLAG_HOST_PAYS)) {
		region.state = RMI_TRACKING_FINE;
	} else if (memory_kind(rmm, base, top) == KIND_MIXED) {
		region.category = RMI_MEM_CATEGORY_NONE;
		region.state = RMI_TRACKING_NONE;
	} else {
		region.state = RMI_TRACKING_COARSE;
	}
	return region;
}

/* The region of pa where it is kept, NULL where no memory is */
struct region *region_of(const struct rmm *rmm, uint64_t pa)
{
	uint64_t index = span_find(&rmm->region_spans, pa >> rmm->region_shift);
	struct region *region;

	if (index == NOWHERE)
		return NULL;
	region = &rmm->regions[index];
	if (!region->known)
		*region = region_start(rmm, align_down(pa, rmm->region_shift));
	return region;
}

/* The public RMM of mid-2026 goes by the one address, not by the region that it lies in */
static struct region region_look_public(const struct rmm *rmm, uint64_t pa)
{
	const struct rmm_machine *m = rmm->machine;
	const struct rmm_range *given = list_find(&m->tracking, pa, pa + 1);
	const struct rmm_range *bank = list_find(&m->memory, pa, pa + 1);
	struct region region = {
		.category = RMI_MEM_CATEGORY_NONE,
		.state = RMI_TRACKING_NONE,
	};

	if (given) {
		region.category = given->value >> 8;
		region.state = given->value & 0xff;
	} else if (bank) {
		region.category = bank->value;
		region.state = RMI_TRACKING_FINE;
		if (has_flag(rmm, RMM_FLAG_HOST_PAYS)) {
			const struct region *own = kept(region_of(rmm, pa));

			region.state = own->state;
		}
	}
	return region;
}

struct region region_look(const struct rmm *rmm, uint64_t pa)
{
	const struct region *region;

	if (rmm->machine->dialect == RMM_DIALECT_PUBLIC)
		return region_look_public(rmm, pa);
	region = region_of(rmm, pa);
	return region ? *region : region_start(rmm, align_down(pa, rmm->region_shift));
}

/*
 * A region's state can change only where memory is: elsewhere go on to the next place where the
 * description changes
 */
static uint64_t next_region(const struct rmm *rmm, uint64_t pos)
{
	uint64_t memory, given;

	if (span_find(&rmm->region_spans, pos >> rmm->region_shift) != NOWHERE)
		return align_down(pos, rmm->region_shift) + region_size(rmm);
	memory = list_edge(&rmm->machine->memory, pos, rmm->region_shift);
	given = list_edge(&rmm->machine->tracking, pos, rmm->region_shift);
	return memory < given ? memory : given;
}

static uint64_t same_until(const struct rmm *rmm, uint64_t base, uint64_t top)
{
	struct region first = region_look(rmm, base), region;
	uint64_t pos = align_down(base, rmm->region_shift) + region_size(rmm);

	while (has_flag(rmm, RMM_FLAG_LONG_ANSWERS) && pos < top) {
		region = region_look(rmm, pos);
		if (region.state != first.state || region.category != first.category)
			break;
		pos = next_region(rmm, pos);
	}
	return pos < top ? pos : top;
}

void cmd_tracking_get(struct rmm *rmm, uint64_t base, uint64_t top, uint64_t x[5])
{
	bool public = rmm->machine->dialect == RMM_DIALECT_PUBLIC;
	bool beta1 = rmm->machine->dialect == RMM_DIALECT_BETA1;
	struct region region;

	if (is_autumn(rmm)) {
		autumn_tracking_get(rmm, base, top, x);
		return;
	}
	x[0] = RMI_ERROR_GLOBAL;
	if (rmm->state != STATE_ACTIVE && !public)
		return;
	x[0] = RMI_ERROR_INPUT;
	if (beta1 ? base >= rmm->pa_top || !is_aligned(base, rmm->region_shift) :
		    !is_range(rmm, base, top, rmm->granule_shift))
		return;
	region = region_look(rmm, base);
	if (region.category == RMI_MEM_CATEGORY_NONE && !is_beta3(rmm))
		region.category = RMI_MEM_CATEGORY_CONVENTIONAL;
	x[0] = RMI_SUCCESS;
	x[1] = region.category;
	x[2] = region.state;
	x[3] = beta1 ? 0 : public ? top : same_until(rmm, base, top);
}

unsigned int rmm_tracking(const struct rmm *rmm, uint64_t pa)
{
	return pa < rmm->pa_top ? region_look(rmm, pa).state : RMI_TRACKING_RESERVED;
}

static bool is_target(const struct rmm *rmm, uint64_t base, uint64_t category, uint64_t state)
{
	switch (state) {
	case RMI_TRACKING_FINE:
		return category < RMI_MEM_CATEGORY_NONE && category == region_category(rmm, base);
	case RMI_TRACKING_COARSE:
		return category < RMI_MEM_CATEGORY_NONE &&
		       category == memory_kind(rmm, base, base + region_size(rmm));
	case RMI_TRACKING_NONE:
		if (category == RMI_MEM_CATEGORY_NONE)
			return is_beta3(rmm);
		return category == region_category(rmm, base);
	default:
		return false;
	}
}

static uint64_t set_check(const struct rmm *rmm, const uint64_t in[5])
{
	struct region region;

	if (rmm->state != STATE_ACTIVE)
		return RMI_ERROR_GLOBAL;
	if (in[1] >= rmm->pa_top || !is_aligned(in[1], rmm->region_shift))
		return RMI_ERROR_INPUT;
	region = region_look(rmm, in[1]);
	if (region.state == RMI_TRACKING_RESERVED)
		return RMI_ERROR_TRACKING;
	if (!region_of(rmm, in[1]) || !is_target(rmm, in[1], in[2], in[3]))
		return RMI_ERROR_INPUT;
	if (region.held || region.state == RMI_TRACKING_INTERMEDIATE)
		return RMI_BLOCKED;
	if (region.state == RMI_TRACKING_FINE && in[3] != RMI_TRACKING_FINE &&
	    !metadata_may_leave(rmm, in[1], in[3]))
		return RMI_ERROR_TRACKING;
	if (region.delegated && in[3] == RMI_TRACKING_NONE)
		return RMI_ERROR_TRACKING;
	return RMI_SUCCESS;
}

void cmd_tracking_set(struct rmm *rmm, const uint64_t in[5], uint64_t x[5])
{
	struct region *region;
	bool fine, was_fine;
	struct op *op;

	x[0] = is_autumn(rmm) ? autumn_set_check(rmm, in) : set_check(rmm, in);
	if (x[0] != RMI_SUCCESS)
		return;
	region = kept(region_of(rmm, in[1]));
	was_fine = region->state == RMI_TRACKING_FINE;
	fine = in[3] == RMI_TRACKING_FINE;
	if (fine == was_fine) {
		/* No metadata comes or goes, so that there is nothing to wait for */
		region->state = in[3];
		region->category = in[3] == RMI_TRACKING_NONE ? RMI_MEM_CATEGORY_NONE : in[2];
		return;
	}
	op = op_new(rmm, fine ? OP_ENTER_FINE : OP_LEAVE_FINE, in[1], in[1] + region_size(rmm));
	if (op) {
		region->held = true;
		op->category = in[3] == RMI_TRACKING_NONE ? RMI_MEM_CATEGORY_NONE : in[2];
		op->state = in[3];
		op->wanted = metadata_state(rmm);
		op->giving_back = !fine;
		if (!fine)
			region->delegated = region->nr_delegated;
	}
	op_start(rmm, op, x);
}
