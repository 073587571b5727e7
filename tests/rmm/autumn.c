// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the public RMM of autumn 2026 does its own way: memory lies in banks that begin and end
 * anywhere, and ranges of granules are delegated and undelegated step by step.
 */
#include "model.h"

static const struct rmm_range *bank_at(const struct rmm *rmm, uint64_t pa)
{
	return list_find(&rmm->machine->memory, pa, pa + 1);
}

/* As memory_kind(), where what is the RMM's own is memory like any other */
unsigned int bank_kind(const struct rmm *rmm, uint64_t base, uint64_t top)
{
	const struct rmm_range *bank = list_find(&rmm->machine->memory, base, top);
	unsigned int kind = bank ? bank->value : KIND_NONE;

	while (bank && base < top) {
		bank = bank_at(rmm, base);
		if (!bank || bank->value != kind)
			return KIND_MIXED;
		base = range_top(bank);
	}
	return kind;
}

/* Is there any memory in [base, top) that is conventional, or that isn't? */
bool bank_has(const struct rmm *rmm, uint64_t base, uint64_t top, bool conventional)
{
	const struct rmm_list *banks = &rmm->machine->memory;
	uint64_t i;

	for (i = 0; i < banks->nr; i++)
		if ((banks->at[i].value == RMI_MEM_CATEGORY_CONVENTIONAL) == conventional &&
		    banks->at[i].base < top && base < range_top(&banks->at[i]))
			return true;
	return false;
}

/*
 * The category that TRACKING_SET wants for a region: of the bank at its base, or, where that is a
 * hole, of the lowest DRAM above it; NONE where nothing is
 */
static unsigned int region_category(const struct rmm *rmm, uint64_t base)
{
	uint64_t top = base + region_size(rmm);
	const struct rmm_range *bank = bank_at(rmm, base);

	if (bank)
		return bank->value;
	if (bank_has(rmm, base, top, true))
		return RMI_MEM_CATEGORY_CONVENTIONAL;
	bank = list_find(&rmm->machine->memory, base, top);
	return bank ? bank->value : RMI_MEM_CATEGORY_NONE;
}

/* In a hole the caller looks no further. The RMM tracks nothing before it is active. */
static unsigned int state_at(const struct rmm *rmm, uint64_t pa)
{
	const struct region *region = kept(region_of(rmm, pa));

	return rmm->state == STATE_ACTIVE ? region->state : RMI_TRACKING_NONE;
}

static uint64_t same_until(const struct rmm *rmm, const struct rmm_range *bank, uint64_t base,
			   uint64_t top)
{
	unsigned int category = bank->value, state = state_at(rmm, base);
	uint64_t pos = base, end;

	while (bank && bank->value == category && pos < top && state_at(rmm, pos) == state) {
		end = align_down(pos, rmm->region_shift) + region_size(rmm);
		pos = end < range_top(bank) ? end : range_top(bank);
		bank = bank_at(rmm, pos);
	}
	return pos < top ? pos : top;
}

/* The longest prefix of one category and state; top may lie beyond the PA space */
void autumn_tracking_get(struct rmm *rmm, uint64_t base, uint64_t top, uint64_t x[5])
{
	const struct rmm_range *bank = bank_at(rmm, base);
	uint64_t next;

	x[0] = RMI_ERROR_INPUT;
	if (base >= top || base >= rmm->pa_top || !is_aligned(base | top, rmm->granule_shift))
		return;
	x[0] = RMI_SUCCESS;
	if (bank) {
		x[1] = bank->value;
		x[2] = state_at(rmm, base);
		x[3] = same_until(rmm, bank, base, top);
	} else {
		next = list_edge(&rmm->machine->memory, base, rmm->granule_shift);
		x[1] = RMI_MEM_CATEGORY_NONE;
		x[2] = RMI_TRACKING_RESERVED;
		x[3] = next < top ? next : top;
	}
}

/* A range that an unfinished operation works on is in a state of its own */
static bool is_in_transition(const struct rmm *rmm, uint64_t base, uint64_t top,
			     const struct op *but)
{
	unsigned int i;

	for (i = 0; i < MAX_OPS; i++) {
		const struct op *op = &rmm->op[i];

		if (op != but && (op->kind == OP_DELEGATE || op->kind == OP_UNDELEGATE) &&
		    op->base < top && base < op->top)
			return true;
	}
	return false;
}

static bool is_held(const struct rmm *rmm, uint64_t pa)
{
	uint64_t base = align_down(pa, rmm->region_shift);

	return region_of(rmm, pa)->held ||
	       list_find(&rmm->machine->blocked, base, base + region_size(rmm));
}

static uint64_t with_address(uint64_t status, uint64_t pa)
{
	return status | RMI_RESULT_WITH_PA(pa);
}

static uint64_t target_check(const struct rmm *rmm, const struct region *region, uint64_t base,
			     uint64_t state)
{
	if (state == RMI_TRACKING_COARSE &&
	    bank_kind(rmm, base, base + region_size(rmm)) == KIND_MIXED)
		return RMI_ERROR_INPUT;
	if (is_held(rmm, base) || is_in_transition(rmm, base, base + region_size(rmm), NULL))
		return RMI_BLOCKED;
	if (region->state == RMI_TRACKING_FINE && state != RMI_TRACKING_FINE &&
	    !metadata_may_leave(rmm, base, state))
		return RMI_ERROR_INPUT;
	if (region->delegated && state == RMI_TRACKING_NONE)
		return RMI_ERROR_INPUT;
	return RMI_SUCCESS;
}

uint64_t autumn_set_check(const struct rmm *rmm, const uint64_t in[5])
{
	const struct region *region;

	if (rmm->state != STATE_ACTIVE)
		return RMI_ERROR_GLOBAL;
	if (in[1] >= rmm->pa_top || !is_aligned(in[1], rmm->region_shift))
		return RMI_ERROR_INPUT;
	region = region_of(rmm, in[1]);
	if (!region || in[2] != region_category(rmm, in[1]))
		return RMI_ERROR_INPUT;
	if (in[3] != RMI_TRACKING_NONE && in[3] != RMI_TRACKING_FINE &&
	    in[3] != RMI_TRACKING_COARSE)
		return RMI_ERROR_INPUT;
	return target_check(rmm, region, in[1], in[3]);
}

/* May this granule be delegated or undelegated, or is it so already? */
static uint64_t granule_check(const struct rmm *rmm, uint64_t pa, const struct op *op)
{
	uint64_t top = pa + granule_size(rmm);

	if (memory_kind(rmm, pa, top) >= KIND_NONE)
		return RMI_ERROR_INPUT;
	if (is_held(rmm, pa) || is_in_transition(rmm, pa, top, op))
		return RMI_BLOCKED;
	if (region_of(rmm, pa)->state != RMI_TRACKING_FINE)
		return with_address(RMI_ERROR_TRACKING, pa);
	return is_lent(granule_state(rmm, pa)) || is_used(granule_state(rmm, pa)) ?
	       RMI_ERROR_INPUT : RMI_SUCCESS;
}

/* An entire COARSE region is one granule. false: that isn't what is meant. */
static bool whole_region(struct rmm *rmm, uint64_t base, uint64_t top, bool delegate, uint64_t x[5])
{
	struct region *region = region_of(rmm, base);
	uint64_t end = base + region_size(rmm), pa;

	if (!region || region->state != RMI_TRACKING_COARSE || is_held(rmm, base) ||
	    !is_aligned(base, rmm->region_shift) || top < end ||
	    memory_kind(rmm, base, end) == KIND_MIXED)
		return false;
	for (pa = base; region->delegated != delegate && pa < end; pa += granule_size(rmm))
		granule_set(rmm, pa, delegate ? GRANULE_DELEGATED : GRANULE_UNDELEGATED);
	region->delegated = delegate;
	x[0] = RMI_SUCCESS;
	x[1] = end;
	return true;
}

void autumn_delegate(struct rmm *rmm, uint64_t base, uint64_t top, bool delegate, uint64_t x[5])
{
	struct op *op;

	if (whole_region(rmm, base, top, delegate, x))
		return;
	x[0] = granule_check(rmm, base, NULL);
	if (x[0] != RMI_SUCCESS)
		return;
	op = op_new(rmm, delegate ? OP_DELEGATE : OP_UNDELEGATE, base, top);
	if (op) {
		op->pos = base;
		op->skips = granule_state(rmm, base) == GRANULE_DELEGATED;
		/* It stays inside one region */
		if (top > align_down(base, rmm->region_shift) + region_size(rmm))
			op->top = align_down(base, rmm->region_shift) + region_size(rmm);
		if (rmm->machine->stop_after &&
		    rmm->machine->stop_after < (op->top - base) >> rmm->granule_shift)
			op->top = base + (rmm->machine->stop_after << rmm->granule_shift);
	}
	op_start(rmm, op, x);
}

/* One step of it; what is done already is skipped */
void autumn_range(struct rmm *rmm, struct op *op, uint64_t x[5])
{
	bool delegate = op->kind == OP_DELEGATE;
	bool stops = delegate && has_flag(rmm, RMM_FLAG_STOPS_AT_DONE);
	unsigned int state = delegate ? GRANULE_DELEGATED : GRANULE_UNDELEGATED;
	uint64_t status = RMI_SUCCESS, nr;

	for (nr = 0; op->pos < op->top; op->pos += granule_size(rmm), nr++) {
		if (nr && nr == rmm->machine->yield_every) {
			op->phase = PHASE_WORK;
			return;
		}
		status = granule_check(rmm, op->pos, op);
		if (status != RMI_SUCCESS)
			break;
		if (stops && (granule_state(rmm, op->pos) == state) != op->skips)
			break;
		if (granule_state(rmm, op->pos) != state)
			granule_set(rmm, op->pos, state);
	}
	x[1] = op->pos;
	op_end(rmm, op, op->pos > op->base ? RMI_SUCCESS : status, x);
}
