// SPDX-License-Identifier: GPL-2.0-only
/*
 * A live update: another RMM takes over what this one tracks. Handles are dead afterwards. An
 * operation that had all that it needs is done, and any other one is as if it had not begun: its
 * pages are the host's again, in the state that they would come back in.
 */
#include "model.h"

static void give_all(struct rmm *rmm, struct op *op)
{
	while (op_holds(rmm, op)) {
		if (op->kind == OP_L1_CREATE || op->kind == OP_L1_DESTROY)
			table_give(rmm, op, UINT64_MAX);
		else
			metadata_give(rmm, op, UINT64_MAX);
	}
}

static void update_region(struct rmm *rmm, struct op *op)
{
	struct region *region = region_of(rmm, op->base);
	const bool enters = op->kind == OP_ENTER_FINE;
	const bool done = enters ? !op->giving_back && !metadata_wanted(rmm, op) : op->had_reclaim;

	/* It stays in transition, with what it has */
	if (has_flag(rmm, RMM_FLAG_UPDATE_STICKS)) {
		region->state = RMI_TRACKING_INTERMEDIATE;
		return;
	}
	region->held = false;
	if (enters != done)
		give_all(rmm, op);
	if (done) {
		region->category = op->category;
		region->state = op->state;
		region->delegated = false;
	}
}

static void update_par(struct rmm *rmm, struct op *op)
{
	struct par *par = kept(par_of(rmm, op->base));
	const bool creates = op->kind == OP_L1_CREATE;

	par->held = false;
	if (creates && !op->giving_back && par->table_size)
		par->state = RMI_PAR_HOST_CREATED;
	else
		give_all(rmm, op);
}

static void update_op(struct rmm *rmm, struct op *op)
{
	switch (op->kind) {
	case OP_ENTER_FINE:
	case OP_LEAVE_FINE:
		update_region(rmm, op);
		break;
	case OP_L1_CREATE:
	case OP_L1_DESTROY:
		update_par(rmm, op);
		break;
	case OP_REALM:
		aux_update(rmm, op);
		break;
	case OP_ACTIVATE:
	case OP_DEACTIVATE:
		rmm->state = STATE_ACTIVE;
		break;
	default:	/* a range: it stays as far as it has come */
		break;
	}
	op->kind = OP_FREE;
}

void update(struct rmm *rmm)
{
	unsigned int i;

	for (i = 0; i < MAX_OPS; i++)
		update_op(rmm, &rmm->op[i]);
	rmm->updated = true;
	if (rmm->ops.delay)
		rmm->ops.delay(rmm->ops.ctx, rmm->machine->update_ns);
}
