// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile RMM: to some commands it answers what it likes, in place of carrying them out or after
 * that. Its own books stay true.
 *
 * It keeps to one thing: of a granule that it has, it never says that the host has it. No host
 * could see through that lie, and one that believes it frees memory that faults. All else may be
 * said.
 * The rule, for each command by which a granule can come to the host or fail to leave it:
 *  - an undelegation is never said to have gone further than it has,
 *  - a delegation or donation that was carried out isn't denied, nor made less of; nor one that was
 *    carried out in part said to have ended BLOCKED, which means that nothing was done,
 *  - no descriptor says "undelegated" of a granule that the RMM has,
 *  - an operation that is giving pages back isn't said to have ended while it has some,
 *  - the size of granules, in which all that is counted, is what it says.
 */
#include "model.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PAGE(rmm)	granule_size(rmm)

enum how {
	TRULY,
	INSTEAD,	/* nothing is done */
	AFTER,		/* it is done, and something else is said of it */
};

/* Choices -------------------------------------------------------------------------------------- */

static uint64_t choose(struct rmm *rmm, uint64_t below)
{
	struct hostile *h = &rmm->hostile;
	uint64_t choice;

	if (rmm->ops.choose && rmm->ops.choose(rmm->ops.ctx, below, &choice))
		return choice;
	/* xorshift64* */
	h->random ^= h->random >> 12;
	h->random ^= h->random << 25;
	h->random ^= h->random >> 27;
	return (h->random * UINT64_C(0x2545f4914f6cdd1d) >> 16) % below;
}

static uint64_t any_number(struct rmm *rmm)
{
	uint64_t high = choose(rmm, UINT64_C(1) << 32);

	return (high << 32 | choose(rmm, UINT64_C(1) << 32)) >> choose(rmm, 64);
}

void hostile_init(struct rmm *rmm)
{
	rmm->hostile.rate = rmm->machine->hostile_rate;
	/* any seed but zero, which xorshift would stay at */
	rmm->hostile.random = rmm->machine->hostile_seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	if (!rmm->hostile.random)
		rmm->hostile.random = 1;
}

void rmm_set_hostile_rate(struct rmm *rmm, uint64_t rate)
{
	rmm->hostile.rate = rate;
	rmm->hostile.again = 0;
}

/* What the host believes ----------------------------------------------------------------------- */

static bool is_op_command(uint32_t fid)
{
	return fid == RMI_OP_CONTINUE || fid == RMI_OP_MEM_DONATE || fid == RMI_OP_MEM_RECLAIM ||
	       fid == RMI_OP_CANCEL;
}

/* A command was answered INCOMPLETE: from now on this handle stands for it */
static void remember(struct rmm *rmm, const uint64_t in[5], const uint64_t x[5])
{
	struct hostile *h = &rmm->hostile;

	if (is_op_command(in[0]) || RMI_RESULT_STATUS(x[0]) != RMI_INCOMPLETE)
		return;
	h->told[h->next++ % MAX_TOLD] = (struct told){ x[1], (uint32_t)in[0], in[1], in[2] };
}

/*
 * A delegation that the host has given up, under a handle that stands for another operation by now:
 * to go on with it would take pages that the host doesn't speak of
 */
static void forget_delegation(struct rmm *rmm, const uint64_t in[5])
{
	const struct hostile *h = &rmm->hostile;
	struct op *op = is_op_command(in[0]) ? op_find(rmm, in[1]) : NULL;
	uint64_t x[5];
	unsigned int i;

	if (!op || op->kind != OP_DELEGATE)
		return;
	for (i = h->next; i > 0 && h->next - i < MAX_TOLD; i--) {
		const struct told *t = &h->told[(i - 1) % MAX_TOLD];

		if (t->handle != in[1])
			continue;
		if (t->fid != RMI_GRANULE_RANGE_DELEGATE)
			op_end(rmm, op, RMI_ERROR_INPUT, x);
		return;
	}
}

static bool is_with_rmm(const struct rmm *rmm, uint64_t base, uint64_t top)
{
	uint64_t pa;

	for (pa = base; pa < top; pa += PAGE(rmm))
		if (granule_state(rmm, pa) != GRANULE_UNDELEGATED)
			return true;
	return false;
}

/* Said of [base, top): it is undelegated up to here. What makes no sense is no lie to fall for. */
static bool is_true_so_far(const struct rmm *rmm, uint64_t base, uint64_t top, uint64_t so_far)
{
	if (so_far <= base || so_far > top || !is_aligned(so_far, rmm->granule_shift))
		return true;
	return !is_with_rmm(rmm, base, so_far);
}

static bool end_is_true(const struct rmm *rmm, const uint64_t in[5], const uint64_t x[5])
{
	const struct told *t;

	if (RMI_RESULT_STATUS(x[0]) == RMI_BLOCKED) {
		for (t = rmm->hostile.told; t < rmm->hostile.told + MAX_TOLD; t++)
			if (t->fid == RMI_GRANULE_RANGE_DELEGATE && t->handle == in[1] &&
			    is_with_rmm(rmm, t->base, t->top))
				return false;
		return true;
	}
	if (RMI_RESULT_STATUS(x[0]) != RMI_SUCCESS)
		return true;
	if ((uint32_t)in[0] == RMI_GRANULE_RANGE_UNDELEGATE)
		return is_true_so_far(rmm, in[1], in[2], x[1]);
	for (t = rmm->hostile.told; t < rmm->hostile.told + MAX_TOLD; t++)
		if (t->fid == RMI_GRANULE_RANGE_UNDELEGATE && t->handle == in[1] &&
		    !is_true_so_far(rmm, t->base, t->top, x[1]))
			return false;
	return true;
}

/* Does the host take this for the end of an operation? */
static bool is_end(uint64_t x0)
{
	return RMI_RESULT_STATUS(x0) != RMI_INCOMPLETE && RMI_RESULT_STATUS(x0) != RMI_BUSY &&
	       RMI_RESULT_STATUS(x0) != RMI_ERROR_NOT_SUPPORTED && (uint32_t)x0 != UINT32_MAX;
}

static bool is_tenable(struct rmm *rmm, const uint64_t in[5], const uint64_t truth[5],
		       const uint64_t x[5], enum how how)
{
	const struct op *op = is_op_command(in[0]) ? op_find(rmm, in[1]) : NULL;

	if (op && op->giving_back && op_holds(rmm, op) && is_end(x[0]))
		return false;
	switch ((uint32_t)in[0]) {
	case RMI_GRANULE_RANGE_UNDELEGATE:
	case RMI_OP_CONTINUE:
		return end_is_true(rmm, in, x);
	case RMI_GRANULE_RANGE_DELEGATE:
		/* neither done nor refused: the host can't tell, and knows that */
		return how == INSTEAD || RMI_RESULT_STATUS(x[0]) == RMI_INCOMPLETE;
	case RMI_OP_MEM_DONATE:
		if (how == INSTEAD)
			return true;
		return RMI_RESULT_STATUS(x[0]) == RMI_RESULT_STATUS(truth[0]) && x[1] == truth[1] &&
		       (RMI_RESULT_MEM_REQ(x[0]) != RMI_MEM_REQ_RECLAIM ||
			RMI_RESULT_MEM_REQ(truth[0]) == RMI_MEM_REQ_RECLAIM);
	case RMI_RMM_CONFIG_SET:
		return how == AFTER || RMI_RESULT_STATUS(x[0]) != RMI_SUCCESS;
	default:
		return true;
	}
}

/* Lies ----------------------------------------------------------------------------------------- */

static uint64_t some_status(struct rmm *rmm)
{
	switch (choose(rmm, 8)) {
	case 0:
		return RMI_BUSY;
	case 1:
		return choose(rmm, 32);
	case 2:
		return any_number(rmm);
	case 3:
		return RMI_SUCCESS;
	case 4:
		return choose(rmm, RMI_ERROR_GRANULE + 1) | choose(rmm, 256) << 8;
	default:
		return RMI_INCOMPLETE | choose(rmm, 8) << RMI_RESULT_MEM_REQ_SHIFT;
	}
}

static uint64_t some_dram(struct rmm *rmm)
{
	const struct rmm_list *banks = &rmm->machine->memory;
	const struct rmm_range *bank;

	if (!banks->nr)
		return 0;
	bank = &banks->at[choose(rmm, banks->nr)];
	return align_down(bank->base + (choose(rmm, bank->size >> 12) << 12), rmm->granule_shift);
}

/* Where a range ends that the host asked about: behind, equal, unaligned, beyond, huge, wrapping */
static uint64_t some_top(struct rmm *rmm, const uint64_t in[5])
{
	switch (choose(rmm, 12)) {
	case 0:
		return in[1];
	case 1:
		return in[1] - PAGE(rmm);
	case 2:
		return in[1] + PAGE(rmm);
	case 3:
		return in[1] + 1 + choose(rmm, PAGE(rmm));
	case 4:
		return in[2];
	case 5:
		return in[2] + PAGE(rmm);
	case 6:
		return in[2] - PAGE(rmm);
	case 7:
		return UINT64_MAX << choose(rmm, 64);
	case 8:
		return 0;
	case 9:
		return in[1] + (UINT64_C(1) << choose(rmm, 64));
	case 10:
		return align_down(in[1] + (in[2] - in[1]) / (1 + choose(rmm, 64)),
				  rmm->granule_shift);
	default:
		return any_number(rmm);
	}
}

static uint64_t some_handle(struct rmm *rmm, uint64_t true_one)
{
	const struct op *op;
	uint64_t handle;

	switch (choose(rmm, 6)) {
	case 0:
		handle = true_one + 1;
		break;
	case 1:
		handle = rmm->hostile.told[choose(rmm, MAX_TOLD)].handle;
		break;
	case 2:
		handle = any_number(rmm);
		break;
	case 3:
		handle = UINT64_MAX;
		break;
	default:
		handle = true_one;
	}
	/* The host would go on with a delegation that it has given up: its pages are others' now */
	op = op_find(rmm, handle);
	return op && op->kind == OP_DELEGATE ? ~handle : handle;
}

static uint64_t some_request(struct rmm *rmm)
{
	static const uint64_t odd[] = {
		0,
		1 << RMI_DONATE_CONTIG_SHIFT,
		0x3fff << RMI_DONATE_COUNT_SHIFT | RMI_BLOCK_L0,
		0x3fff << RMI_DONATE_COUNT_SHIFT | RMI_BLOCK_L0 | 3 << RMI_DONATE_CONTIG_SHIFT,
		0x3fff << RMI_DONATE_COUNT_SHIFT,
		3 << RMI_DONATE_COUNT_SHIFT | 3 << RMI_DONATE_CONTIG_SHIFT,
		33 << RMI_DONATE_COUNT_SHIFT | 3 << RMI_DONATE_CONTIG_SHIFT,
		1 << RMI_DONATE_COUNT_SHIFT | RMI_BLOCK_L2,
		1 << RMI_DONATE_COUNT_SHIFT | RMI_BLOCK_L1,
		UINT64_MAX,
	};

	if (choose(rmm, 2))
		return odd[choose(rmm, ARRAY_SIZE(odd))];
	if (choose(rmm, 2))
		return any_number(rmm);
	return choose(rmm, 100) << RMI_DONATE_COUNT_SHIFT |
	       choose(rmm, 8) << RMI_DONATE_CONTIG_SHIFT;
}

/* Metadata and tables of whatever the host may have lent for */
static uint64_t some_lent(struct rmm *rmm)
{
	uint64_t pa = some_dram(rmm);
	const struct region *region = region_of(rmm, pa);
	const struct par *par = par_of(rmm, pa);

	if (par && par->table_size && choose(rmm, 2))
		return par->table + align_down(choose(rmm, par->table_size), rmm->granule_shift);
	if (region && region->nr_metadata)
		return rmm->metadata[span_find(&rmm->region_spans, pa >> rmm->region_shift) *
				     rmm->region_pages + choose(rmm, region->nr_metadata)];
	return pa;
}

static uint64_t some_descriptor(struct rmm *rmm, const uint64_t in[5], uint64_t before)
{
	static const uint16_t counts[] = { 1, 1, 1, 2, 0, 64, 1022, 1023 };
	uint64_t base, low = PAGE(rmm) - 1;

	switch (choose(rmm, 8)) {
	case 0:
		base = in[2];			/* this very list */
		break;
	case 1:
		base = before + PAGE(rmm) * choose(rmm, 3);	/* again, or overlapping */
		break;
	case 2:
		base = any_number(rmm);
		break;
	case 3:
		base = rmm->machine->memory.at[0].base + (choose(rmm, 64) << 20);
		break;
	case 4:
		base = some_dram(rmm);
		break;
	default:
		base = some_lent(rmm);
	}
	return (base & ~low & (UINT64_MAX >> 12)) |
	       (choose(rmm, 4) ? RMI_BLOCK_PAGE : choose(rmm, 4)) |
	       (uint64_t)counts[choose(rmm, ARRAY_SIZE(counts))] << RMI_RANGE_COUNT_SHIFT |
	       choose(rmm, 4) << RMI_RANGE_STATE_BETA3_SHIFT;
}

/* By the rule above, in either encoding of "undelegated" */
static uint64_t tenable_descriptor(const struct rmm *rmm, uint64_t d)
{
	uint64_t low = PAGE(rmm) - 1, base = d & ~low & (UINT64_MAX >> 12);
	uint64_t size = ((d & low) >> RMI_RANGE_COUNT_SHIFT) << block_shift(rmm, d & 3);
	uint64_t states = UINT64_C(3) << RMI_RANGE_STATE_BETA3_SHIFT;

	if (!(d & states) || base + size < base)
		return d;
	if (size >> rmm->granule_shift < UINT64_C(1) << 16 && !is_with_rmm(rmm, base, base + size))
		return d;
	return d & ~states;
}

/* The list, as far as it isn't true already; returns how many are said to be in it */
static uint64_t some_list(struct rmm *rmm, const uint64_t in[5], uint64_t done)
{
	uint64_t nr = done + choose(rmm, 8), d = 0, at, i;

	if (!list_is_good(rmm, in[2], in[3]))
		return any_number(rmm);
	for (i = 0; i < nr && i < in[3]; i++) {
		at = in[2] + i * sizeof(uint64_t);
		if (i < done)
			d = rmm->ops.read(rmm->ops.ctx, at);
		if (i >= done || !choose(rmm, 8))
			d = some_descriptor(rmm, in, d);
		rmm->ops.write(rmm->ops.ctx, at, tenable_descriptor(rmm, d));
	}
	switch (choose(rmm, 8)) {
	case 0:
		return in[3] + 1;
	case 1:
		return in[3];
	case 2:
		return any_number(rmm);
	case 3:
		return done;
	default:
		return nr;
	}
}

/* Registers in place of those in x */
static void lie(struct rmm *rmm, const uint64_t in[5], uint64_t x[5], enum how how)
{
	uint64_t which = how == AFTER ? choose(rmm, 16) : 15;

	if (how == INSTEAD)
		x[1] = x[2] = x[3] = 0;
	if (which & 1)
		x[0] = some_status(rmm);
	switch ((uint32_t)in[0]) {
	case RMI_OP_MEM_RECLAIM:
		x[1] = some_list(rmm, in, how == AFTER && x[1] <= in[3] ? x[1] : 0);
		if (which & 4)
			x[2] = some_request(rmm);
		return;
	case RMI_OP_MEM_DONATE:
		if (which & 2)
			x[1] = choose(rmm, 2) ? choose(rmm, 600) : any_number(rmm);
		if (which & 4)
			x[2] = some_request(rmm);
		return;
	case RMI_GRANULE_TRACKING_GET:
		if (which & 2)
			x[1] = choose(rmm, 2) ? choose(rmm, 8) : any_number(rmm);
		if (which & 4)
			x[2] = choose(rmm, 2) ? choose(rmm, 8) : any_number(rmm);
		if (which & 8)
			x[3] = some_top(rmm, in);
		return;
	case RMI_GPT_INFO:
		if (which & 4)
			x[2] = choose(rmm, 2) ? choose(rmm, 8) : any_number(rmm);
		break;
	default:
		if (which & 4)
			x[2] = some_request(rmm);
		break;
	}
	if (which & 2)
		x[1] = RMI_RESULT_STATUS(x[0]) == RMI_INCOMPLETE ? some_handle(rmm, x[1]) :
								  some_top(rmm, in);
	if (which & 8)
		x[3] = any_number(rmm);
}

/* The whole ------------------------------------------------------------------------------------ */

static enum how decide(struct rmm *rmm, const uint64_t in[5])
{
	struct hostile *h = &rmm->hostile;
	uint64_t rate = h->rate;
	const struct op *op;

	if (h->again && h->fid == (uint32_t)in[0])
		return INSTEAD;
	/* An operation that there isn't would come to an end at once */
	if (rate && is_op_command(in[0]) && !op_find(rmm, in[1]))
		rate += (RMM_HOSTILE_ALWAYS - rate) / 2;
	if (!rate || choose(rmm, RMM_HOSTILE_ALWAYS) >= rate)
		return TRULY;
	op = (uint32_t)in[0] == RMI_OP_CONTINUE ? op_find(rmm, in[1]) : NULL;
	return (op && op->kind == OP_DELEGATE) || choose(rmm, 2) ? INSTEAD : AFTER;
}

/* "For ever", or for a while */
static void persist(struct rmm *rmm, const uint64_t in[5], const uint64_t x[5])
{
	static const uint32_t often[] = { 1, 3, 30, 1000, UINT32_MAX };
	struct hostile *h = &rmm->hostile;
	unsigned int i;

	if (h->again) {
		h->again--;
		return;
	}
	if (choose(rmm, 16))
		return;
	h->again = often[choose(rmm, ARRAY_SIZE(often))];
	h->fid = in[0];
	for (i = 0; i < 4; i++)
		h->x[i] = x[i];
}

void hostile_command(struct rmm *rmm, uint64_t x[6])
{
	const uint64_t in[5] = { x[0], x[1], x[2], x[3], x[4] };
	struct hostile *h = &rmm->hostile;
	uint64_t said[5];
	unsigned int i;
	enum how how;

	if (rmm->machine->hostile_rate)
		forget_delegation(rmm, in);
	how = decide(rmm, in);
	if (how != INSTEAD)
		run(rmm, x);
	for (i = 0; i < 5; i++)
		said[i] = x[i];
	if (how == INSTEAD && h->again && h->fid == (uint32_t)in[0])
		for (i = 0; i < 4; i++)
			said[i] = h->x[i];
	else if (how != TRULY)
		lie(rmm, in, said, how);
	if (how != TRULY && is_tenable(rmm, in, x, said, how)) {
		if (how == INSTEAD)
			persist(rmm, in, said);
		for (i = 0; i < 4; i++)
			x[i] = said[i];
	} else if (how == INSTEAD) {
		run(rmm, x);
	}
	if (rmm->machine->hostile_rate)
		remember(rmm, in, x);
}
