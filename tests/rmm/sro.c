// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stateful operations: from the command that starts one to the answer that ends it. What an
 * operation is about is the business of metadata.c and gpt.c; how the host's pages come in is that
 * of donate.c.
 */
#include "model.h"

/* RMM_FLAG_PARTIAL: granules that a reclaim gives back at a time */
#define FEW		5

unsigned int block_shift(const struct rmm *rmm, unsigned int block)
{
	return rmm->granule_shift + block * (rmm->granule_shift - 3);
}

/* What an earlier kernel left in transition holds one for each region */
static bool contexts_left(const struct rmm *rmm)
{
	return !is_autumn(rmm) || !rmm->machine->contexts ||
	       rmm_operations(rmm) + rmm->machine->blocked.nr < rmm->machine->contexts;
}

struct op *op_new(struct rmm *rmm, unsigned int kind, uint64_t base, uint64_t top)
{
	unsigned int i;

	for (i = 0; i < MAX_OPS && rmm->op[i].kind != OP_FREE; i++)
		;
	if (i == MAX_OPS || !contexts_left(rmm))
		return NULL;
	rmm->op[i] = (struct op){ .kind = kind, .base = base, .top = top };
	if (has_flag(rmm, RMM_FLAG_REUSES_HANDLES))
		rmm->op[i].handle = i;
	else
		rmm->op[i].handle = ++rmm->generation << 8 | i;
	return &rmm->op[i];
}

struct op *op_find(struct rmm *rmm, uint64_t handle)
{
	unsigned int i;

	for (i = 0; i < MAX_OPS; i++)
		if (rmm->op[i].kind != OP_FREE && rmm->op[i].handle == handle)
			return &rmm->op[i];
	return NULL;
}

bool op_parked(const struct rmm *rmm)
{
	unsigned int i;

	for (i = 0; i < MAX_OPS; i++)
		if (rmm->op[i].kind != OP_FREE)
			return true;
	return rmm->machine->blocked.nr;
}

unsigned int rmm_operations(const struct rmm *rmm)
{
	unsigned int i, nr = 0;

	for (i = 0; i < MAX_OPS; i++)
		nr += rmm->op[i].kind != OP_FREE;
	return nr;
}

static bool is_par_op(const struct op *op)
{
	return op->kind == OP_L1_CREATE || op->kind == OP_L1_DESTROY;
}

static bool is_region_op(const struct op *op)
{
	return op->kind == OP_ENTER_FINE || op->kind == OP_LEAVE_FINE;
}

void op_end(struct rmm *rmm, struct op *op, uint64_t status, uint64_t x[5])
{
	if (is_par_op(op))
		par_of(rmm, op->base)->held = false;
	if (is_region_op(op))
		region_of(rmm, op->base)->held = false;
	op->kind = OP_FREE;
	x[0] = status;
}

static void op_work(struct rmm *rmm, struct op *op, uint64_t x[5])
{
	unsigned int kind = op->kind;

	switch (kind) {
	case OP_ACTIVATE:
	case OP_DEACTIVATE:
		rmm->state = kind == OP_ACTIVATE ? STATE_ACTIVE : STATE_INIT;
		op_end(rmm, op, RMI_SUCCESS, x);
		break;
	case OP_DELEGATE:
	case OP_UNDELEGATE:
		if (is_autumn(rmm)) {
			autumn_range(rmm, op, x);
			break;
		}
		op_end(rmm, op, RMI_SUCCESS, x);
		granule_range(rmm, op->base, op->top, kind == OP_DELEGATE, x);
		break;
	case OP_GPT_INFO:
		op_end(rmm, op, RMI_SUCCESS, x);
		gpt_info(rmm, op->base, op->top, x);
		break;
	case OP_L1_CREATE:
	case OP_L1_DESTROY:
		table_work(rmm, op, x);
		break;
	case OP_REALM:
		realm_work(rmm, op, x);
		break;
	default:
		metadata_work(rmm, op, x);
	}
}

static bool can_cancel(const struct rmm *rmm, const struct op *op)
{
	return !has_flag(rmm, RMM_FLAG_NO_CANCEL) && (op->kind != OP_REALM || aux_can_cancel(rmm));
}

/* What the host is to do next. It is told the handle only once, by op_start(). */
void op_answer(const struct rmm *rmm, const struct op *op, uint64_t x[5])
{
	static const uint8_t mem_req[] = {
		[PHASE_WORK] = RMI_MEM_REQ_NONE,
		[PHASE_TAKE] = RMI_MEM_REQ_DONATE,
		[PHASE_GIVE] = RMI_MEM_REQ_RECLAIM,
	};

	x[0] = RMI_INCOMPLETE | (uint64_t)mem_req[op->phase] << RMI_RESULT_MEM_REQ_SHIFT;
	if (!op->giving_back && can_cancel(rmm, op))
		x[0] |= 1 << RMI_RESULT_CAN_CANCEL_SHIFT;
	if (op->phase == PHASE_TAKE)
		x[2] = donate_request(rmm, op);
}

/* Go on at once, or leave that to an OP_CONTINUE */
void op_advance(struct rmm *rmm, struct op *op, uint64_t x[5])
{
	if (has_flag(rmm, RMM_FLAG_CONTINUES))
		op->phase = PHASE_WORK;
	else
		op_work(rmm, op, x);
	if (op->kind != OP_FREE)
		op_answer(rmm, op, x);
}

/* Nothing is wanted of the host but that it goes on, and that may be more than once */
void op_rest(struct rmm *rmm, struct op *op, uint64_t x[5])
{
	op->phase = PHASE_WORK;
	op_answer(rmm, op, x);
}

/*
 * A donation's own X1 counts pages: unless more are wanted, what a Realm's command answers is told
 * by OP_CONTINUE
 */
void op_answer_later(struct rmm *rmm, struct op *op, uint64_t x[5])
{
	if (aux_wanted(op))
		op_advance(rmm, op, x);
	else
		op_rest(rmm, op, x);
}

/* The answer of the command that starts an operation; op is NULL if no room was left for one */
void op_start(struct rmm *rmm, struct op *op, uint64_t x[5])
{
	if (!op) {
		x[0] = is_autumn(rmm) ? RMI_BLOCKED : RMI_BUSY;
		return;
	}
	op_advance(rmm, op, x);
	if (op->kind != OP_FREE)
		x[1] = op->handle;
}

void cmd_op_continue(struct rmm *rmm, const uint64_t in[5], uint64_t x[5])
{
	struct op *op = op_find(rmm, in[1]);

	x[0] = RMI_ERROR_INPUT;
	if (!op || in[2] > RMI_OP_CONTINUE_STOP)
		return;
	if (is_autumn(rmm) && op->phase != PHASE_WORK)
		return;
	if (op->turns) {
		op->turns--;
		op_answer(rmm, op, x);
		return;
	}
	op_work(rmm, op, x);
	if (op->kind != OP_FREE)
		op_answer(rmm, op, x);
}

void cmd_op_cancel(struct rmm *rmm, const uint64_t in[5], uint64_t x[5])
{
	struct op *op = op_find(rmm, in[1]);

	x[0] = RMI_ERROR_INPUT;
	if (!op || op->giving_back || !can_cancel(rmm, op))
		return;
	op->giving_back = true;
	op->to_give = op->taken;
	op->result = has_flag(rmm, RMM_FLAG_CANCEL_SUCCEEDS) ? RMI_SUCCESS : RMI_ERROR_INPUT;
	if (is_par_op(op) || is_region_op(op) || op->kind == OP_REALM) {
		op_advance(rmm, op, x);
		return;
	}
	if (op->kind == OP_ACTIVATE)
		rmm->state = STATE_INIT;
	if (op->kind == OP_DEACTIVATE)
		rmm->state = STATE_ACTIVE;
	op_end(rmm, op, op->result, x);
}

/* Pages of the host's */
bool op_holds(const struct rmm *rmm, const struct op *op)
{
	if (op->kind == OP_REALM)
		return op->to_give;
	if (is_par_op(op))
		return par_of(rmm, op->base)->table_size;
	return is_region_op(op) && region_of(rmm, op->base)->nr_metadata;
}

static uint64_t run_granules(const struct rmm *rmm, const struct run *run)
{
	return run->nr << (block_shift(rmm, run->block) - rmm->granule_shift);
}

static uint64_t descriptor(const struct rmm *rmm, const struct run *run)
{
	unsigned int shift = is_beta3(rmm) ? RMI_RANGE_STATE_BETA3_SHIFT :
					     RMI_RANGE_STATE_BETA1_SHIFT;

	return (uint64_t)run->state << shift | run->base | run->nr << RMI_RANGE_COUNT_SHIFT |
	       run->block;
}

/* Write descriptors of what goes back, as many as the list and this call have room for */
static uint64_t give(struct rmm *rmm, struct op *op, uint64_t list, uint64_t nr)
{
	uint64_t left = has_flag(rmm, RMM_FLAG_PARTIAL) ? FEW : UINT64_MAX;
	uint64_t i, granules;
	struct run run;

	/* There, the list's length counts pages */
	if (is_autumn(rmm) && nr < left)
		left = nr;
	for (i = 0; i < nr && left && op_holds(rmm, op); i++) {
		run = op->kind == OP_REALM ? aux_give(rmm, op, left) :
		      is_par_op(op) ? table_give(rmm, op, left) : metadata_give(rmm, op, left);
		rmm->ops.write(rmm->ops.ctx, list + i * sizeof(uint64_t), descriptor(rmm, &run));
		granules = run_granules(rmm, &run);
		left = granules < left ? left - granules : 0;
	}
	return i;
}

void cmd_op_reclaim(struct rmm *rmm, const uint64_t in[5], uint64_t x[5])
{
	struct op *op = op_find(rmm, in[1]);

	x[0] = RMI_ERROR_INPUT;
	if (!op || op->phase != PHASE_GIVE || !list_is_good(rmm, in[2], in[3]))
		return;
	if (op->had_reclaim || !has_flag(rmm, RMM_FLAG_PARTIAL))
		x[1] = give(rmm, op, in[2], in[3]);
	op->had_reclaim = true;
	if (op_holds(rmm, op)) {
		op_answer(rmm, op, x);
	} else if (op->result == RMI_BLOCKED || is_autumn(rmm) || op->kind == OP_REALM) {
		/*
		 * That it was given up is told by OP_CONTINUE; in the dialect autumn, that it has
		 * ended
		 */
		op_rest(rmm, op, x);
	} else {
		op_advance(rmm, op, x);
	}
}
