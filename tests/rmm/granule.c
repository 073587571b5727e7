// SPDX-License-Identifier: GPL-2.0-only
/* Granules: whose each one is, and the commands that delegate and undelegate ranges of them */
#include "model.h"

/*
 * Progress of one command, in granules. The public RMM was seen to make one; a host must live with
 * any.
 */
#define PROGRESS_PUBLIC	1
#define PROGRESS_BETA1	16
#define PROGRESS_BETA3	512

static uint8_t *granule_at(const struct rmm *rmm, uint64_t pa)
{
	uint64_t index = span_find(&rmm->granule_spans, pa >> rmm->granule_shift);

	return index == NOWHERE ? NULL : &rmm->granules[index];
}

unsigned int granule_state(const struct rmm *rmm, uint64_t pa)
{
	const uint8_t *at = granule_at(rmm, pa);

	return at ? *at : GRANULE_UNDELEGATED;
}

/* DRAM that is Non-secure: the RMM may read and write it for the host, or be lent it */
bool granule_is_host(const struct rmm *rmm, uint64_t pa)
{
	uint64_t base = align_down(pa, rmm->granule_shift);

	return pa < rmm->pa_top &&
	       memory_kind(rmm, base, base + granule_size(rmm)) == RMI_MEM_CATEGORY_CONVENTIONAL &&
	       granule_state(rmm, base) == GRANULE_UNDELEGATED;
}

bool is_lent(unsigned int state)
{
	return state == GRANULE_METADATA || state == GRANULE_TABLE;
}

static bool is_out(unsigned int state)
{
	return state == GRANULE_DELEGATED || is_used(state);
}

/* The only place where a granule changes hands, so that every count stays true */
void granule_set(struct rmm *rmm, uint64_t pa, unsigned int state)
{
	struct region *region = region_of(rmm, pa);
	struct par *par = par_of(rmm, pa);
	uint8_t *at = granule_at(rmm, pa);
	unsigned int old = *at;

	*at = state;
	region->nr_delegated += is_out(state) - is_out(old);
	region->nr_table += (state == GRANULE_TABLE) - (old == GRANULE_TABLE);
	par->nr_taken += (uint64_t)(old == GRANULE_UNDELEGATED) - (state == GRANULE_UNDELEGATED);
	rmm->delegated += (uint64_t)is_out(state) - is_out(old);
	rmm->donated += (uint64_t)is_lent(state) - is_lent(old);
	if (rmm->ops.granule && (old == GRANULE_UNDELEGATED) != (state == GRANULE_UNDELEGATED))
		rmm->ops.granule(rmm->ops.ctx, pa, granule_size(rmm), state == GRANULE_UNDELEGATED);
}

static uint64_t untracked(const struct rmm *rmm, unsigned int kind)
{
	if (has_flag(rmm, RMM_FLAG_INPUT_ERRORS))
		return RMI_ERROR_INPUT;
	if (rmm->machine->dialect == RMM_DIALECT_PUBLIC && kind == KIND_NONE)
		return RMI_ERROR_INPUT;
	return RMI_ERROR_TRACKING;
}

/* May this granule go to the RMM or come from it? SUCCESS, or why not. */
static uint64_t granule_check(const struct rmm *rmm, uint64_t pa, bool delegate)
{
	unsigned int kind = memory_kind(rmm, pa, pa + granule_size(rmm));
	unsigned int wanted = delegate ? GRANULE_UNDELEGATED : GRANULE_DELEGATED;
	unsigned int done = delegate ? GRANULE_DELEGATED : GRANULE_UNDELEGATED;
	struct region region = region_look(rmm, pa);
	unsigned int state = granule_state(rmm, pa);

	if (region.state != RMI_TRACKING_FINE)
		return untracked(rmm, kind);
	if (kind >= KIND_NONE || kind != region.category)
		return RMI_ERROR_INPUT;
	if (region.held || par_of(rmm, pa)->held)
		return RMI_BLOCKED;
	if (!par_has_table(rmm, pa))
		return RMI_ERROR_GPT;
	if (state == wanted || (state == done && has_flag(rmm, RMM_FLAG_SKIPS_DONE)))
		return RMI_SUCCESS;
	return RMI_ERROR_INPUT;
}

static uint64_t progress_limit(const struct rmm *rmm, uint64_t base, uint64_t top)
{
	static const uint16_t progress[] = { PROGRESS_PUBLIC, PROGRESS_BETA1, PROGRESS_BETA3 };
	uint64_t most = (uint64_t)progress[rmm->machine->dialect] << rmm->granule_shift;

	return top - base > most ? base + most : top;
}

/* The state at base decides; from there on as far as it goes */
void granule_range(struct rmm *rmm, uint64_t base, uint64_t top, bool delegate, uint64_t x[5])
{
	uint64_t limit = progress_limit(rmm, base, top), pa;

	x[0] = granule_check(rmm, base, delegate);
	x[1] = base;
	if (x[0] != RMI_SUCCESS)
		return;
	for (pa = base; pa < limit; pa += granule_size(rmm)) {
		if (granule_check(rmm, pa, delegate) != RMI_SUCCESS)
			break;
		granule_set(rmm, pa, delegate ? GRANULE_DELEGATED : GRANULE_UNDELEGATED);
	}
	x[1] = pa;
}

void cmd_delegate(struct rmm *rmm, uint64_t base, uint64_t top, bool delegate, uint64_t x[5])
{
	if (rmm->state != STATE_ACTIVE) {
		x[0] = RMI_ERROR_GLOBAL;
		return;
	}
	x[1] = base;
	x[0] = RMI_ERROR_INPUT;
	if (!is_range(rmm, base, top, rmm->granule_shift))
		return;
	if (is_autumn(rmm)) {
		autumn_delegate(rmm, base, top, delegate, x);
		return;
	}
	x[0] = granule_check(rmm, base, delegate);
	if (x[0] != RMI_SUCCESS)
		return;
	if (has_flag(rmm, RMM_FLAG_CONTINUES))
		op_start(rmm, op_new(rmm, delegate ? OP_DELEGATE : OP_UNDELEGATE, base, top), x);
	else
		granule_range(rmm, base, top, delegate, x);
}
