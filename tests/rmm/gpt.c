// SPDX-License-Identifier: GPL-2.0-only
/*
 * Granule protection tables: which PARs have a level 1 table, whose it is, and the memory that the
 * host lends for it
 */
#include "model.h"

static uint64_t par_size(const struct rmm *rmm)
{
	return UINT64_C(1) << rmm->par_shift;
}

/* Of one L1 table: half a byte for each granule of the PAR, in whole granules */
uint64_t table_size(const struct rmm *rmm)
{
	uint64_t size = par_size(rmm) >> rmm->granule_shift >> 1;

	return size > granule_size(rmm) ? size : granule_size(rmm);
}

static bool has_dram(const struct rmm *rmm, uint64_t base, uint64_t top)
{
	const struct rmm_list *banks = &rmm->machine->memory;
	uint64_t i;

	for (i = 0; i < banks->nr; i++)
		if (banks->at[i].value == RMI_MEM_CATEGORY_CONVENTIONAL &&
		    banks->at[i].base < top && base < range_top(&banks->at[i]))
			return true;
	return false;
}

/*
 * As the machine starts it. Where the platform has memory of its own the PAR can't be one block, so
 * that there the table is the platform's even on a machine that leaves tables to the host.
 */
static unsigned int par_start(const struct rmm *rmm, uint64_t base)
{
	const struct rmm_machine *m = rmm->machine;
	uint64_t top = base + par_size(rmm);
	const struct rmm_range *given = list_find(&m->pars, base, top);

	if (is_autumn(rmm))
		return list_find(&m->memory, base, base + 1) ? RMI_PAR_PLATFORM : RMI_PAR_RESERVED;
	if (given)
		return given->value;
	if (!list_find(&m->memory, base, top))
		return m->dialect == RMM_DIALECT_PUBLIC ? RMI_PAR_PLATFORM : RMI_PAR_RESERVED;
	if (has_flag(rmm, RMM_FLAG_HOST_TABLES) && has_dram(rmm, base, top) &&
	    !list_find(&m->reserved, base, top))
		return RMI_PAR_HOST_NOT_CREATED;
	return RMI_PAR_PLATFORM;
}

/* The PAR of pa where it is kept, NULL where it is nobody's to change */
struct par *par_of(const struct rmm *rmm, uint64_t pa)
{
	uint64_t index = span_find(&rmm->par_spans, pa >> rmm->par_shift);
	struct par *par;

	if (index == NOWHERE)
		return NULL;
	par = &rmm->pars[index];
	if (!par->known) {
		par->known = true;
		par->state = par_start(rmm, align_down(pa, rmm->par_shift));
	}
	return par;
}

static unsigned int par_state(const struct rmm *rmm, uint64_t pa)
{
	const struct par *par = par_of(rmm, pa);

	return par ? par->state : par_start(rmm, align_down(pa, rmm->par_shift));
}

unsigned int rmm_par(const struct rmm *rmm, uint64_t pa)
{
	/* The truth: what GPT_INFO says may be about a hole at the PAR's base */
	if (is_autumn(rmm))
		return par_of(rmm, pa) ? RMI_PAR_PLATFORM : RMI_PAR_RESERVED;
	return pa < rmm->pa_top ? par_state(rmm, pa) : RMI_PAR_RESERVED;
}

bool par_has_table(const struct rmm *rmm, uint64_t pa)
{
	unsigned int state = par_state(rmm, pa);

	/* Whatever GPT_INFO says, which looks at the PAR's base alone */
	if (is_autumn(rmm))
		return par_of(rmm, pa);
	return state == RMI_PAR_PLATFORM || state == RMI_PAR_HOST_CREATED;
}

static uint64_t next_par(const struct rmm *rmm, uint64_t pos)
{
	uint64_t memory, given;

	if (span_find(&rmm->par_spans, pos >> rmm->par_shift) != NOWHERE)
		return pos + par_size(rmm);
	memory = list_edge(&rmm->machine->memory, pos, rmm->par_shift);
	given = list_edge(&rmm->machine->pars, pos, rmm->par_shift);
	return memory < given ? memory : given;
}

void gpt_info(struct rmm *rmm, uint64_t base, uint64_t top, uint64_t x[5])
{
	unsigned int state = par_state(rmm, base);
	uint64_t pos = base + par_size(rmm);

	while (has_flag(rmm, RMM_FLAG_LONG_ANSWERS) && pos < top && par_state(rmm, pos) == state)
		pos = next_par(rmm, pos);
	x[0] = RMI_SUCCESS;
	x[1] = pos < top ? pos : top;
	x[2] = state;
}

void cmd_gpt_info(struct rmm *rmm, uint64_t base, uint64_t top, uint64_t x[5])
{
	if (rmm->state != STATE_ACTIVE)
		x[0] = RMI_ERROR_GLOBAL;
	else if (!is_range(rmm, base, top, rmm->par_shift) ||
		 (top == rmm->pa_top && has_flag(rmm, RMM_FLAG_STRICT_TOP)))
		x[0] = RMI_ERROR_INPUT;
	else if (has_flag(rmm, RMM_FLAG_CONTINUES))
		op_start(rmm, op_new(rmm, OP_GPT_INFO, base, top), x);
	else
		gpt_info(rmm, base, top, x);
}

static uint64_t l1_check(const struct rmm *rmm, uint64_t addr)
{
	if (rmm->state != STATE_ACTIVE)
		return RMI_ERROR_GLOBAL;
	if (addr >= rmm->pa_top || !is_aligned(addr, rmm->par_shift))
		return RMI_ERROR_INPUT;
	return RMI_SUCCESS;
}

static void par_op(struct rmm *rmm, struct par *par, unsigned int kind, uint64_t addr,
		   uint64_t x[5])
{
	struct op *op = op_new(rmm, kind, addr, addr + par_size(rmm));

	if (op) {
		par->held = true;
		op->wanted = RMI_MEM_UNDELEGATED;
		op->giving_back = kind == OP_L1_DESTROY;
	}
	op_start(rmm, op, x);
}

void cmd_l1_create(struct rmm *rmm, uint64_t addr, uint64_t x[5])
{
	struct par *par;

	x[0] = l1_check(rmm, addr);
	if (x[0] != RMI_SUCCESS)
		return;
	if (is_autumn(rmm)) {
		x[0] = RMI_ERROR_GLOBAL | RMI_RESULT_WITH_PA(addr);
		return;
	}
	par = par_of(rmm, addr);
	if (par && par->held) {
		x[0] = RMI_BLOCKED;
		return;
	}
	switch (par_state(rmm, addr)) {
	case RMI_PAR_RESERVED:
		x[0] = RMI_ERROR_GLOBAL;
		break;
	case RMI_PAR_PLATFORM:
		x[0] = is_beta3(rmm) ? RMI_ERROR_GLOBAL : RMI_ERROR_GPT;
		break;
	case RMI_PAR_HOST_CREATED:
		x[0] = RMI_ERROR_GPT;
		break;
	default:
		par_op(rmm, par, OP_L1_CREATE, addr, x);
	}
}

/* Are all of the table's entries equal, the table's own memory aside? */
static bool is_homogeneous(const struct rmm *rmm, const struct par *par, uint64_t base)
{
	uint64_t own = 0, pa;

	for (pa = par->table; pa < par->table + par->table_size; pa += granule_size(rmm))
		own += align_down(pa, rmm->par_shift) == base;
	return par->nr_taken == own &&
	       !list_find(&rmm->machine->reserved, base, base + par_size(rmm));
}

void cmd_l1_destroy(struct rmm *rmm, uint64_t addr, uint64_t x[5])
{
	uint64_t no_table = has_flag(rmm, RMM_FLAG_INPUT_ERRORS) ? RMI_ERROR_INPUT : RMI_ERROR_GPT;
	struct par *par;

	x[0] = l1_check(rmm, addr);
	if (x[0] != RMI_SUCCESS)
		return;
	if (is_autumn(rmm)) {
		x[0] = RMI_ERROR_GLOBAL;
		return;
	}
	par = par_of(rmm, addr);
	if (par && par->held) {
		x[0] = RMI_BLOCKED;
		return;
	}
	switch (par_state(rmm, addr)) {
	case RMI_PAR_RESERVED:
	case RMI_PAR_PLATFORM:
		x[0] = is_beta3(rmm) ? RMI_ERROR_GLOBAL : RMI_ERROR_INPUT;
		break;
	case RMI_PAR_HOST_NOT_CREATED:
		x[0] = no_table;
		break;
	default:
		if (!is_homogeneous(rmm, kept(par), addr)) {
			x[0] = no_table;
			break;
		}
		par->state = RMI_PAR_HOST_NOT_CREATED;
		par_op(rmm, par, OP_L1_DESTROY, addr, x);
		if (x[0] == RMI_BUSY)
			par->state = RMI_PAR_HOST_CREATED;
	}
}

/* One step of a creation or destruction */
void table_work(struct rmm *rmm, struct op *op, uint64_t x[5])
{
	struct par *par = kept(par_of(rmm, op->base));

	if (op->giving_back) {
		if (par->table_size)
			op->phase = PHASE_GIVE;
		else
			op_end(rmm, op, op->result, x);
	} else if (par->table_size || has_flag(rmm, RMM_FLAG_OWN_TABLES)) {
		par->state = RMI_PAR_HOST_CREATED;
		op_end(rmm, op, RMI_SUCCESS, x);
	} else {
		op->phase = PHASE_TAKE;
	}
}

/*
 * A page of the table must be Non-secure DRAM whose protection can be changed, if only by this
 * very table
 */
bool table_fits(const struct rmm *rmm, const struct op *op, uint64_t pa)
{
	const struct par *par;

	if (!granule_is_host(rmm, pa) || region_of(rmm, pa)->held)
		return false;
	if (align_down(pa, rmm->par_shift) == op->base)
		return true;
	if (!par_has_table(rmm, pa))
		return false;
	par = kept(par_of(rmm, pa));
	return !par->held;
}

void table_take(struct rmm *rmm, struct op *op, uint64_t base, uint64_t size)
{
	struct par *par = kept(par_of(rmm, op->base));
	uint64_t pa;

	for (pa = base; pa < base + size; pa += granule_size(rmm))
		granule_set(rmm, pa, GRANULE_TABLE);
	par->table = base;
	par->table_size = size;
}

/* Give back so many granules at the most, or one block. A descriptor has room for any table. */
struct run table_give(struct rmm *rmm, struct op *op, uint64_t most)
{
	struct par *par = kept(par_of(rmm, op->base));
	struct run run = { .base = par->table, .state = RMI_MEM_UNDELEGATED };
	unsigned int shift = block_shift(rmm, RMI_BLOCK_L2);
	uint64_t pa;

	if (is_aligned(par->table | par->table_size, shift)) {
		run.block = RMI_BLOCK_L2;
		most = most >> (shift - rmm->granule_shift) ? : 1;
	} else {
		shift = rmm->granule_shift;
	}
	run.nr = par->table_size >> shift;
	if (run.nr > most)
		run.nr = most;
	for (pa = run.base; pa < run.base + (run.nr << shift); pa += granule_size(rmm))
		granule_set(rmm, pa, GRANULE_UNDELEGATED);
	par->table += run.nr << shift;
	par->table_size -= run.nr << shift;
	return run;
}
