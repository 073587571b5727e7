// SPDX-License-Identifier: GPL-2.0-only
/*
 * OP_MEM_DONATE: what the RMM asks for, and all that must be right with a list of pages before it
 * takes them
 */
#include "model.h"

/* RMM_FLAG_PARTIAL: pages that a donation of single pages is good for */
#define FEW		5

/*
 * RMM_FLAG_PENDS: the page with which a donation isn't done, counted in it, and then so many turns
 */
#define PENDING		37
#define PENDING_TURNS	2

/*
 * The host may write to its list while it is read. So whatever is read twice is checked twice, and
 * one block is taken where its first reading said that it is.
 */
struct donation {
	uint64_t list, nr;
	uint64_t wanted;	/* granules */
	uint64_t base;		/* of one block */
	unsigned int block;
	bool contiguous;
};

struct entry {
	uint64_t base, nr;	/* in blocks */
	unsigned int block, state;
};

static uint64_t block_size(const struct rmm *rmm, unsigned int block)
{
	return UINT64_C(1) << block_shift(rmm, block);
}

/* In the largest blocks that the host can be asked for */
static unsigned int table_block(const struct rmm *rmm)
{
	return table_size(rmm) >= block_size(rmm, RMI_BLOCK_L2) ? RMI_BLOCK_L2 : RMI_BLOCK_PAGE;
}

uint64_t donate_request(const struct rmm *rmm, const struct op *op)
{
	uint64_t req = op->wanted << RMI_DONATE_STATE_SHIFT;

	/* Delegated ones, whose state is 0 */
	if (op->kind == OP_REALM)
		return aux_wanted(op) << RMI_DONATE_COUNT_SHIFT;

	if (op->kind == OP_L1_CREATE)
		return req | 1 << RMI_DONATE_CONTIG_SHIFT | table_block(rmm) |
		       table_size(rmm) >> block_shift(rmm, table_block(rmm)) <<
		       RMI_DONATE_COUNT_SHIFT;
	return req | RMI_BLOCK_PAGE | metadata_wanted(rmm, op) << RMI_DONATE_COUNT_SHIFT;
}

/* A list of nr descriptors at pa that the RMM may read or write. An empty one may be anywhere. */
bool list_is_good(const struct rmm *rmm, uint64_t pa, uint64_t nr)
{
	uint64_t room = granule_size(rmm) - (pa & (granule_size(rmm) - 1));

	if (!nr)
		return true;
	return is_aligned(pa, 3) && nr <= room / sizeof(uint64_t) && granule_is_host(rmm, pa);
}

/* Take the i-th descriptor apart. false: it is malformed. */
static bool entry_read(const struct rmm *rmm, const struct donation *d, uint64_t i,
		       struct entry *entry)
{
	uint64_t desc = rmm->ops.read(rmm->ops.ctx, d->list + i * sizeof(uint64_t));
	unsigned int state_shift = is_beta3(rmm) ? RMI_RANGE_STATE_BETA3_SHIFT :
						   RMI_RANGE_STATE_BETA1_SHIFT;
	uint64_t low = granule_size(rmm) - 1;

	entry->state = desc >> state_shift;
	desc &= (UINT64_C(1) << state_shift) - 1;
	entry->block = RMI_RANGE_BLOCK(desc);
	entry->nr = (desc & low) >> RMI_RANGE_COUNT_SHIFT;
	entry->base = desc & ~low;
	return entry->state <= RMI_MEM_UNDELEGATED && (entry->nr || is_autumn(rmm)) &&
	       entry->block == d->block &&
	       entry->base < rmm->pa_top && is_aligned(entry->base, block_shift(rmm, d->block)) &&
	       entry->nr <= (rmm->pa_top - entry->base) >> block_shift(rmm, d->block);
}

/*
 * The list as a whole: well formed, no more than was asked for, and where one block was asked for,
 * that block
 */
static bool donation_is_good(const struct rmm *rmm, struct donation *d)
{
	uint64_t i, next = 0, total = 0;
	struct entry entry;

	for (i = 0; i < d->nr; i++) {
		if (!entry_read(rmm, d, i, &entry))
			return false;
		if (!i)
			d->base = entry.base;
		if (d->contiguous && i && entry.base != next)
			return false;
		if (d->contiguous && entry.state != RMI_MEM_UNDELEGATED)
			return false;
		total += entry.nr << block_shift(rmm, d->block) >> rmm->granule_shift;
		if (total > d->wanted)
			return false;
		next = entry.base + (entry.nr << block_shift(rmm, d->block));
	}
	return !d->contiguous || !d->nr ||
	       (total == d->wanted && !(d->base & ((d->wanted << rmm->granule_shift) - 1)));
}

/* All or nothing. false: a page of it won't do. */
static bool take_block(struct rmm *rmm, struct op *op, const struct donation *d, uint64_t *taken)
{
	uint64_t size = d->wanted << rmm->granule_shift, pa;

	if (!d->nr)
		return true;
	for (pa = d->base; pa < d->base + size; pa += granule_size(rmm))
		if (pa == align_down(d->list, rmm->granule_shift) || !table_fits(rmm, op, pa))
			return false;
	table_take(rmm, op, d->base, size);
	*taken = d->wanted;
	return true;
}

/*
 * Does EL3 have a conflict in this change to FINE? Then it has one after as many pages as there
 * were before
 */
static bool has_conflict(const struct rmm *rmm, const struct op *op)
{
	return has_flag(rmm, RMM_FLAG_CONFLICTS) && op->kind == OP_ENTER_FINE &&
	       region_of(rmm, op->base)->conflicts < 2;
}

static uint64_t most_pages(const struct rmm *rmm, const struct op *op)
{
	if (has_conflict(rmm, op))
		return region_of(rmm, op->base)->conflicts;
	if (has_flag(rmm, RMM_FLAG_PENDS))
		return PENDING;
	return has_flag(rmm, RMM_FLAG_PARTIAL) ? FEW : UINT64_MAX;
}

static bool fits(const struct rmm *rmm, const struct op *op, uint64_t pa, unsigned int state)
{
	return op->kind == OP_REALM ? aux_fits(rmm, pa, state) : metadata_fits(rmm, op, pa, state);
}

static void take(struct rmm *rmm, struct op *op, uint64_t pa)
{
	if (op->kind == OP_REALM)
		aux_take(rmm, op, pa);
	else
		metadata_take(rmm, op, pa);
}

static uint64_t wanted(const struct rmm *rmm, const struct op *op)
{
	return op->kind == OP_REALM ? aux_wanted(op) : metadata_wanted(rmm, op);
}

/* In the order of the list. false: stopped at a page that won't do. */
static bool take_pages(struct rmm *rmm, struct op *op, const struct donation *d, uint64_t *taken)
{
	uint64_t most = most_pages(rmm, op);
	struct entry entry;
	uint64_t i, k, pa;

	for (i = 0; i < d->nr; i++) {
		if (!entry_read(rmm, d, i, &entry))
			return false;
		for (k = 0; k < entry.nr; k++) {
			pa = entry.base + (k << rmm->granule_shift);
			if (*taken == most)
				return true;
			if (*taken == d->wanted ||
			    pa == align_down(d->list, rmm->granule_shift) ||
			    !fits(rmm, op, pa, entry.state))
				return false;
			take(rmm, op, pa);
			++*taken;
		}
	}
	return true;
}

/*
 * A page won't do: the operation lives on and the call has failed; or, if anything was taken, all
 * of it goes back
 */
static void refuse(struct rmm *rmm, struct op *op, uint64_t x[5])
{
	x[0] = RMI_ERROR_INPUT;
	if (!has_flag(rmm, RMM_FLAG_REFUSAL_ENDS) || !op->taken)
		return;
	op->giving_back = true;
	op->to_give = op->taken;
	op->result = RMI_ERROR_INPUT;
	op->phase = PHASE_GIVE;
	op_answer(rmm, op, x);
	x[1] = op->taken;
}

/* The dialect autumn: nobody is told here what the operation ends with */
static void fail(struct rmm *rmm, struct op *op, unsigned int result, uint64_t x[5])
{
	op->giving_back = true;
	op->to_give = op->taken;
	op->result = result;
	op->phase = op->taken ? PHASE_GIVE : PHASE_WORK;
	op_answer(rmm, op, x);
	x[1] = op->taken;
}

static void autumn_donated(struct rmm *rmm, struct op *op, bool good, uint64_t x[5])
{
	if (!good) {
		fail(rmm, op, RMI_ERROR_INPUT, x);
	} else if (has_conflict(rmm, op)) {
		region_of(rmm, op->base)->conflicts++;
		fail(rmm, op, RMI_BLOCKED, x);
	} else if (!wanted(rmm, op)) {
		op->turns = rmm->machine->turns;
		op_rest(rmm, op, x);
	} else if (x[1] == PENDING && has_flag(rmm, RMM_FLAG_PENDS)) {
		op->turns = PENDING_TURNS;
		op_rest(rmm, op, x);
	} else {
		op_answer(rmm, op, x);
	}
}

void cmd_op_donate(struct rmm *rmm, const uint64_t in[5], uint64_t x[5])
{
	struct op *op = op_find(rmm, in[1]);
	struct donation d = { .list = in[2], .nr = in[3] };
	uint64_t req;
	bool good = true;

	x[0] = RMI_ERROR_INPUT;
	if (!op || op->phase != PHASE_TAKE || (is_beta3(rmm) && in[4]))
		return;
	req = donate_request(rmm, op);
	d.block = RMI_DONATE_BLOCK(req);
	d.contiguous = RMI_DONATE_CONTIG(req);
	d.wanted = RMI_DONATE_COUNT(req) << (block_shift(rmm, d.block) - rmm->granule_shift);
	if (!list_is_good(rmm, d.list, d.nr) || !donation_is_good(rmm, &d))
		return;
	if (op->had_donate || !has_flag(rmm, RMM_FLAG_PARTIAL))
		good = d.contiguous ? take_block(rmm, op, &d, &x[1]) :
				      take_pages(rmm, op, &d, &x[1]);
	op->had_donate = true;
	op->taken += x[1];
	if (is_autumn(rmm))
		autumn_donated(rmm, op, good, x);
	else if (good && op->kind == OP_REALM)
		op_answer_later(rmm, op, x);
	else if (good)
		op_advance(rmm, op, x);
	else
		refuse(rmm, op, x);
}
