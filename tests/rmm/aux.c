// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands about Realms as operations: which may be one, what pages they want of the host, and when
 * it gets them back. What the commands do is the business of realm.c, rtt.c and rec.c.
 */
#include "model.h"

/* Pages for a REC, in bytes; and for a Realm, in the dialect autumn */
#define REC_BYTES	65536
#define REALM_PAGES	5

enum about { ABOUT_REALM, ABOUT_RTT, ABOUT_REC };

struct command {
	uint32_t fid;
	uint8_t about;
	bool never;	/* stateful */
	bool answers;	/* more than its status */
};

static const struct command commands[] = {
	{ RMI_REALM_CREATE, ABOUT_REALM, false, false },
	{ RMI_REALM_DESTROY, ABOUT_REALM, false, false },
	{ RMI_REALM_ACTIVATE, ABOUT_REALM, true, false },
	{ RMI_REALM_TERMINATE, ABOUT_REALM, false, false },
	{ RMI_RTT_CREATE, ABOUT_RTT, false, false },
	{ RMI_RTT_DESTROY, ABOUT_RTT, false, true },
	{ RMI_RTT_INIT_RIPAS, ABOUT_RTT, false, true },
	{ RMI_RTT_SET_RIPAS, ABOUT_RTT, false, true },
	{ RMI_RTT_READ_ENTRY, ABOUT_RTT, true, true },
	{ RMI_RTT_DATA_MAP_INIT, ABOUT_RTT, false, false },
	{ RMI_RTT_DATA_MAP, ABOUT_RTT, false, true },
	{ RMI_RTT_DATA_UNMAP, ABOUT_RTT, false, true },
	{ RMI_REC_CREATE, ABOUT_REC, false, false },
	{ RMI_REC_DESTROY, ABOUT_REC, false, false },
	{ RMI_PSCI_COMPLETE, ABOUT_REC, true, false },
};

static const struct command *command_of(uint64_t fid)
{
	unsigned int i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].fid == (uint32_t)fid)
			return &commands[i];
	return NULL;
}

static unsigned int about_of(uint64_t fid)
{
	const struct command *command = command_of(fid);

	return command ? command->about : ABOUT_REC;
}

static uint64_t check(struct rmm *rmm, const uint64_t in[6])
{
	switch (about_of(in[0])) {
	case ABOUT_REALM:
		return check_realm(rmm, in);
	case ABOUT_RTT:
		return check_rtt(rmm, in);
	default:
		return check_rec(rmm, in);
	}
}

static void carry_out(struct rmm *rmm, const uint64_t in[6], uint64_t x[3])
{
	switch (about_of(in[0])) {
	case ABOUT_REALM:
		do_realm(rmm, in);
		break;
	case ABOUT_RTT:
		do_rtt(rmm, in, x);
		break;
	default:
		do_rec(rmm, in);
	}
}

/* Pages ---------------------------------------------------------------------------------------- */

/* A REC's pages are its own */
static uint64_t owner_of(const uint64_t in[6])
{
	return (uint32_t)in[0] == RMI_REC_CREATE ? in[2] : in[1];
}

static uint64_t pages_of(const struct rmm *rmm, const struct command *c)
{
	switch (c->fid) {
	case RMI_REC_CREATE:
		return REC_BYTES >> rmm->granule_shift;
	case RMI_REALM_CREATE:
		return is_autumn(rmm) ? REALM_PAGES : 0;
	case RMI_REC_DESTROY:
	case RMI_REALM_DESTROY:
	case RMI_REALM_TERMINATE:
		return 0;
	default:
		return has_flag(rmm, RMM_FLAG_REALM_PAGES) && !c->never;
	}
}

static uint64_t owned(const struct rmm *rmm, uint64_t owner)
{
	uint64_t i, nr = 0;

	for (i = 0; i < rmm->nr_aux; i++)
		nr += rmm->aux[i].owner == owner;
	return nr;
}

uint64_t aux_wanted(const struct op *op)
{
	return op->to_take - op->taken;
}

bool aux_fits(const struct rmm *rmm, uint64_t pa, unsigned int state)
{
	return state == RMI_MEM_DELEGATED && is_delegated(rmm, pa) && rmm->nr_aux < MAX_AUX;
}

void aux_take(struct rmm *rmm, const struct op *op, uint64_t pa)
{
	granule_set(rmm, pa, GRANULE_AUX);
	rmm->aux[rmm->nr_aux++] = (struct aux){ op->base, pa };
}

/* The owner's lowest page from pa on, or the one that it was lent last; NOWHERE: there is none */
static uint64_t find(const struct rmm *rmm, uint64_t owner, bool last, uint64_t pa)
{
	uint64_t i, found = NOWHERE;

	for (i = 0; i < rmm->nr_aux; i++) {
		if (rmm->aux[i].owner != owner)
			continue;
		if (found == NOWHERE || last ||
		    (rmm->aux[i].pa >= pa &&
		     (rmm->aux[i].pa < rmm->aux[found].pa || rmm->aux[found].pa < pa)))
			found = i;
	}
	return found;
}

/* In no order but that of those that are left */
static uint64_t pop(struct rmm *rmm, uint64_t i)
{
	uint64_t pa = rmm->aux[i].pa;

	granule_set(rmm, pa, GRANULE_DELEGATED);
	for (rmm->nr_aux--; i < rmm->nr_aux; i++)
		rmm->aux[i] = rmm->aux[i + 1];
	return pa;
}

/* Merged, as far as they lie next to each other; of an operation that failed, what it took */
struct run aux_give(struct rmm *rmm, struct op *op, uint64_t most)
{
	bool last = op->to_give < owned(rmm, op->base);
	struct run run = { .block = RMI_BLOCK_PAGE, .state = RMI_MEM_DELEGATED };
	uint64_t i;

	run.base = pop(rmm, find(rmm, op->base, last, 0));
	for (run.nr = 1, op->to_give--; !last && op->to_give && run.nr < most;
	     run.nr++, op->to_give--) {
		i = find(rmm, op->base, false, run.base + (run.nr << rmm->granule_shift));
		if (rmm->aux[i].pa != run.base + (run.nr << rmm->granule_shift))
			break;
		pop(rmm, i);
	}
	return run;
}

/* Operations ----------------------------------------------------------------------------------- */

/* Those that were seen can't be cancelled */
bool aux_can_cancel(const struct rmm *rmm)
{
	return !is_autumn(rmm) && rmm->machine->dialect != RMM_DIALECT_PUBLIC;
}

static void finish(struct rmm *rmm, struct op *op)
{
	bool destroys = (uint32_t)op->in[0] == RMI_REC_DESTROY ||
			(uint32_t)op->in[0] == RMI_REALM_DESTROY;

	op->result = check(rmm, op->in);
	op->giving_back = true;
	if (op->result != RMI_SUCCESS) {
		op->to_give = op->taken;
		return;
	}
	carry_out(rmm, op->in, op->out);
	op->to_give = destroys ? owned(rmm, op->base) : 0;
}

/* A live update: see update.c */
void aux_update(struct rmm *rmm, struct op *op)
{
	if (!op->giving_back && aux_wanted(op))
		op->to_give = op->taken;
	else if (!op->giving_back)
		finish(rmm, op);
	while (op->to_give)
		aux_give(rmm, op, 1);
}

void realm_work(struct rmm *rmm, struct op *op, uint64_t x[5])
{
	const struct command *command;

	/* Else it has done what it can, was cancelled, or was given a page that won't do */
	if (!op->giving_back && aux_wanted(op)) {
		op->phase = PHASE_TAKE;
		return;
	}
	if (!op->giving_back)
		finish(rmm, op);
	if (op->to_give) {
		op->phase = PHASE_GIVE;
		return;
	}
	command = command_of(op->in[0]);
	if (op->result == RMI_SUCCESS && command && command->answers) {
		x[1] = op->out[1];
		x[2] = op->out[2];
	}
	op_end(rmm, op, op->result, x);
}

/* Another operation of the same Realm or REC is under way */
static bool is_busy(const struct rmm *rmm, const uint64_t in[6])
{
	unsigned int i;

	for (i = 0; i < MAX_OPS; i++)
		if (rmm->op[i].kind == OP_REALM &&
		    (rmm->op[i].base == in[1] || rmm->op[i].in[1] == in[1]))
			return true;
	return false;
}

static bool is_stateful(const struct rmm *rmm, const struct command *c)
{
	switch (c->fid) {
	case RMI_REC_CREATE:
	case RMI_REC_DESTROY:
		return true;
	case RMI_REALM_CREATE:
	case RMI_REALM_DESTROY:
		return is_autumn(rmm) || has_flag(rmm, RMM_FLAG_CONTINUES | RMM_FLAG_REALM_PAGES);
	default:
		return !c->never && has_flag(rmm, RMM_FLAG_CONTINUES | RMM_FLAG_REALM_PAGES);
	}
}

static void run_command(struct rmm *rmm, const struct command *c, const uint64_t in[6],
			uint64_t x[6])
{
	uint64_t out[3] = { 0 };
	struct op *op;
	unsigned int i;

	x[0] = is_busy(rmm, in) ? RMI_BUSY : check(rmm, in);
	if (x[0] != RMI_SUCCESS)
		return;
	if (!is_stateful(rmm, c)) {
		carry_out(rmm, in, out);
		x[1] = out[1];
		x[2] = out[2];
		return;
	}
	op = op_new(rmm, OP_REALM, owner_of(in), 0);
	if (op) {
		for (i = 0; i < 6; i++)
			op->in[i] = in[i];
		op->to_take = pages_of(rmm, c);
	}
	op_start(rmm, op, x);
}

bool run_realm(struct rmm *rmm, const uint64_t in[6], uint64_t x[6])
{
	const struct command *c = command_of(in[0]);

	if (!c && (uint32_t)in[0] != RMI_REC_ENTER)
		return false;
	if (rmm->state != STATE_ACTIVE)
		x[0] = RMI_ERROR_GLOBAL;
	else if (c)
		run_command(rmm, c, in, x);
	else
		cmd_rec_enter(rmm, in, x);
	return true;
}
