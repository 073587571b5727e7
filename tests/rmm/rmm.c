// SPDX-License-Identifier: GPL-2.0-only
/* The model RMM: its commands, its life cycle, and answers to order */
#include "model.h"

#define NOT_SUPPORTED		UINT64_MAX	/* SMCCC_RET_NOT_SUPPORTED */

/* What the public RMM's feature registers hold beyond the fields that this project knows */
#define PUBLIC_FEATURE0		0x317f34
#define PUBLIC_FEATURE1		0x2a8
#define PUBLIC_FEATURE3		3

static const uint32_t fids[NR_FIDS] = {
	RMI_VERSION, RMI_FEATURES, RMI_RMM_CONFIG_SET, RMI_GRANULE_TRACKING_GET,
	RMI_GRANULE_TRACKING_SET, RMI_RMM_CONFIG_GET, RMI_RMM_STATE_GET,
	RMI_GRANULE_RANGE_DELEGATE, RMI_GRANULE_RANGE_UNDELEGATE, RMI_GPT_L1_CREATE,
	RMI_GPT_L1_DESTROY, RMI_RMM_ACTIVATE, RMI_OP_CONTINUE, RMI_OP_MEM_DONATE,
	RMI_OP_MEM_RECLAIM, RMI_OP_CANCEL, RMI_RMM_DEACTIVATE, RMI_GPT_INFO,
	RMI_REALM_CREATE, RMI_REALM_ACTIVATE, RMI_REALM_TERMINATE, RMI_REALM_DESTROY,
	RMI_RTT_CREATE, RMI_RTT_DESTROY, RMI_RTT_INIT_RIPAS, RMI_RTT_SET_RIPAS, RMI_RTT_READ_ENTRY,
	RMI_RTT_DATA_MAP_INIT, RMI_RTT_DATA_MAP, RMI_RTT_DATA_UNMAP,
	RMI_REC_CREATE, RMI_REC_DESTROY, RMI_REC_ENTER, RMI_PSCI_COMPLETE,
};

/*
 * SMC64 calls of the standard service that belong to the RMI: two blocks, with RSI and the RMM's
 * EL3 calls between
 */
static bool is_rmi(uint32_t fid)
{
	return (fid >= RMI_FID(0x150) && fid <= RMI_FID(0x18f)) ||
	       (fid >= RMI_FID(0x1d0) && fid <= RMI_FID(0x2cf));
}

static void cmd_version(const struct rmm *rmm, uint64_t wanted, uint64_t x[5])
{
	const struct rmm_machine *m = rmm->machine;
	bool other = rmm->updated && m->update_high;
	uint64_t low = other ? m->update_low : m->revision_low;
	uint64_t high = other ? m->update_high : m->revision_high;
	bool good = wanted >= low && wanted <= high;

	x[0] = good ? RMI_SUCCESS : RMI_ERROR_INPUT;
	x[1] = good ? wanted : low;
	x[2] = high;
}

static unsigned int pa_bits(const struct rmm *rmm)
{
	unsigned int bits = 0;

	while (rmm->pa_top >> bits != 1)
		bits++;
	return bits;
}

static void cmd_features(const struct rmm *rmm, uint64_t index, uint64_t x[5])
{
	const struct rmm_machine *m = rmm->machine;
	bool public = m->dialect == RMM_DIALECT_PUBLIC || is_autumn(rmm);

	x[0] = RMI_SUCCESS;
	switch (index) {
	case 0:
		x[1] = realm_features0(rmm, public ? PUBLIC_FEATURE0 : pa_bits(rmm));
		break;
	case 1:
		x[1] = m->granules | m->l0gptsz << RMI_FEATURE1_L0GPTSZ_SHIFT |
		       m->pps << RMI_FEATURE1_PPS_SHIFT |
		       realm_features1(rmm, public ? PUBLIC_FEATURE1 : 0);
		break;
	case 3:
		x[1] = public ? PUBLIC_FEATURE3 : 0;
		break;
	default:
		x[1] = 0;
	}
}

/* The configuration page is Non-secure memory that the RMM knows of */
static bool config_page_is_good(const struct rmm *rmm, uint64_t pa)
{
	uint64_t top = rmm->machine->config_top;

	return is_aligned(pa, rmm->granule_shift) && (!top || pa < top) && granule_is_host(rmm, pa);
}

/* Read once only: the host may be writing to it */
static bool config_is_good(const struct rmm *rmm, uint64_t pa, uint64_t *code, uint64_t *region)
{
	uint64_t offset, value;

	for (offset = 0; offset < RMI_CONFIG_SIZE; offset += sizeof(uint64_t)) {
		value = rmm->ops.read(rmm->ops.ctx, pa + offset);
		if (offset == RMI_CONFIG_GRANULE_SIZE) {
			if (value > RMI_GRANULE_SIZE_64K ||
			    !(rmm->machine->granules & RMI_FEATURE1_GRANULE(value)))
				return false;
			*code = value;
		} else if (offset == RMI_CONFIG_TRACKING_REGION && value == 1 && is_autumn(rmm)) {
			*region = value;
		} else if (value) {
			/*
			 * Other tracking region size codes there are none here, and the rest of the
			 * page is zero
			 */
			return false;
		}
	}
	return true;
}

static void forget_regions(struct rmm *rmm)
{
	uint64_t i, nr = 0;

	for (i = 0; i < rmm->region_spans.nr; i++)
		nr += rmm->region_spans.at[i].nr;
	for (i = 0; i < nr; i++)
		rmm->regions[i] = (struct region){ 0 };
}

static void cmd_config_set(struct rmm *rmm, uint64_t pa, uint64_t x[5])
{
	uint64_t code = 0, region = 0;

	x[0] = RMI_ERROR_GLOBAL;
	if (rmm->state != STATE_INIT)
		return;
	x[0] = RMI_ERROR_INPUT;
	if (!config_page_is_good(rmm, pa) || !config_is_good(rmm, pa, &code, &region))
		return;
	/* Other sizes mean other regions and other counts */
	if (code != rmm->granule_code || region != rmm->region_code) {
		forget_regions(rmm);
		layout(rmm, code, region);
	}
	x[0] = RMI_SUCCESS;
}

static void cmd_config_get(struct rmm *rmm, uint64_t pa, uint64_t x[5])
{
	uint64_t offset;

	x[0] = RMI_ERROR_INPUT;
	if (!config_page_is_good(rmm, pa))
		return;
	for (offset = 0; offset < RMI_CONFIG_SIZE; offset += sizeof(uint64_t))
		rmm->ops.write(rmm->ops.ctx, pa + offset,
			       offset == RMI_CONFIG_GRANULE_SIZE ? rmm->granule_code :
			       offset == RMI_CONFIG_TRACKING_REGION ? rmm->region_code : 0);
	x[0] = RMI_SUCCESS;
}

static void change_state(struct rmm *rmm, unsigned int kind, uint64_t x[5])
{
	struct op *op;

	if (has_flag(rmm, RMM_FLAG_CONTINUES)) {
		op = op_new(rmm, kind, 0, 0);
		if (op)
			rmm->state = STATE_INTERMEDIATE;
		op_start(rmm, op, x);
	} else {
		rmm->state = kind == OP_ACTIVATE ? STATE_ACTIVE : STATE_INIT;
		x[0] = RMI_SUCCESS;
	}
}

static void cmd_activate(struct rmm *rmm, uint64_t x[5])
{
	x[0] = RMI_ERROR_GLOBAL;
	if (rmm->state == STATE_INIT)
		change_state(rmm, OP_ACTIVATE, x);
}

/* What is delegated or lent keeps the RMM active, and so does an operation that nobody has ended */
static void cmd_deactivate(struct rmm *rmm, uint64_t x[5])
{
	if (rmm->state == STATE_ACTIVE && op_parked(rmm)) {
		x[0] = RMI_BUSY;
	} else if (rmm->state != STATE_ACTIVE || rmm->delegated || rmm->donated) {
		x[0] = RMI_ERROR_GLOBAL;
	} else {
		/* The next activation starts them anew */
		if (is_autumn(rmm))
			forget_regions(rmm);
		change_state(rmm, OP_DEACTIVATE, x);
	}
}

static bool knows(const struct rmm *rmm, uint32_t fid)
{
	switch (fid) {
	case RMI_RMM_STATE_GET:
	case RMI_RMM_DEACTIVATE:
	case RMI_GPT_INFO:
		return is_beta3(rmm);
	case RMI_GRANULE_TRACKING_SET:
	case RMI_GPT_L1_DESTROY:
		return rmm->machine->dialect != RMM_DIALECT_PUBLIC;
	default:
		return true;
	}
}

/* The commands about the RMM as a whole. false: it is none of them. */
static bool run_global(struct rmm *rmm, const uint64_t in[5], uint64_t x[5])
{
	switch ((uint32_t)in[0]) {
	case RMI_VERSION:
		cmd_version(rmm, in[1], x);
		return true;
	case RMI_FEATURES:
		cmd_features(rmm, in[1], x);
		return true;
	case RMI_RMM_CONFIG_SET:
		cmd_config_set(rmm, in[1], x);
		return true;
	case RMI_RMM_CONFIG_GET:
		cmd_config_get(rmm, in[1], x);
		return true;
	case RMI_RMM_STATE_GET:
		x[0] = RMI_SUCCESS;
		x[1] = is_autumn(rmm) ? rmm->state == STATE_ACTIVE : rmm->state;
		return true;
	case RMI_RMM_ACTIVATE:
		cmd_activate(rmm, x);
		return true;
	case RMI_RMM_DEACTIVATE:
		cmd_deactivate(rmm, x);
		return true;
	default:
		return false;
	}
}

static bool run_memory(struct rmm *rmm, const uint64_t in[5], uint64_t x[5])
{
	switch ((uint32_t)in[0]) {
	case RMI_GRANULE_TRACKING_GET:
		cmd_tracking_get(rmm, in[1], in[2], x);
		return true;
	case RMI_GRANULE_TRACKING_SET:
		cmd_tracking_set(rmm, in, x);
		return true;
	case RMI_GRANULE_RANGE_DELEGATE:
		cmd_delegate(rmm, in[1], in[2], true, x);
		return true;
	case RMI_GRANULE_RANGE_UNDELEGATE:
		cmd_delegate(rmm, in[1], in[2], false, x);
		return true;
	case RMI_GPT_INFO:
		cmd_gpt_info(rmm, in[1], in[2], x);
		return true;
	case RMI_GPT_L1_CREATE:
		cmd_l1_create(rmm, in[1], x);
		return true;
	case RMI_GPT_L1_DESTROY:
		cmd_l1_destroy(rmm, in[1], x);
		return true;
	default:
		return false;
	}
}

static bool run_op(struct rmm *rmm, const uint64_t in[5], uint64_t x[5])
{
	switch ((uint32_t)in[0]) {
	case RMI_OP_CONTINUE:
		cmd_op_continue(rmm, in, x);
		return true;
	case RMI_OP_MEM_DONATE:
		cmd_op_donate(rmm, in, x);
		return true;
	case RMI_OP_MEM_RECLAIM:
		cmd_op_reclaim(rmm, in, x);
		return true;
	case RMI_OP_CANCEL:
		cmd_op_cancel(rmm, in, x);
		return true;
	default:
		return false;
	}
}

/* Commands that only look are quick on any RMM */
static bool is_work(uint32_t fid)
{
	switch (fid) {
	case RMI_VERSION:
	case RMI_FEATURES:
	case RMI_RMM_CONFIG_SET:
	case RMI_RMM_CONFIG_GET:
	case RMI_RMM_STATE_GET:
	case RMI_GRANULE_TRACKING_GET:
	case RMI_GPT_INFO:
		return false;
	default:
		return true;
	}
}

void run(struct rmm *rmm, uint64_t x[6])
{
	uint64_t in[6] = { x[0], x[1], x[2], x[3], x[4], x[5] };
	uint32_t fid = x[0];
	bool known = knows(rmm, fid), realms = !has_flag(rmm, RMM_FLAG_NO_REALMS);

	if (known) {
		x[0] = x[1] = x[2] = x[3] = 0;
		known = run_global(rmm, in, x) || run_memory(rmm, in, x) || run_op(rmm, in, x) ||
			(realms && run_realm(rmm, in, x));
	}
	if (known) {
		if (rmm->machine->work_ns && rmm->ops.delay && is_work(fid))
			rmm->ops.delay(rmm->ops.ctx, rmm->machine->work_ns);
		return;
	}
	x[0] = has_flag(rmm, RMM_FLAG_SOFT_UNKNOWN) ? RMI_ERROR_NOT_SUPPORTED : NOT_SUPPORTED;
	/* Others leave the registers alone */
	if (rmm->machine->dialect == RMM_DIALECT_PUBLIC || is_autumn(rmm))
		x[1] = x[2] = x[3] = 0;
	else
		x[1] = in[1], x[2] = in[2], x[3] = in[3];
}

/*
 * Is this command one of those that a fault is ordered for? The first fault in the list that fits
 * has its way.
 */
static bool faulted(struct rmm *rmm, uint64_t x[5])
{
	const struct rmm_machine *m = rmm->machine;
	const struct rmm_fault *hit = NULL;
	uint64_t i, reg;

	for (i = 0; i < m->nr_faults; i++) {
		const struct rmm_fault *fault = &m->fault[i];
		uint64_t number;

		if (fault->fid && fault->fid != (uint32_t)x[0])
			continue;
		number = rmm->fault_seen[i]++;
		if (!hit && number >= fault->skip && number - fault->skip < fault->count)
			hit = fault;
	}
	for (reg = 0; hit && reg < 4; reg++)
		if (hit->set & 1 << reg)
			x[reg] = hit->x[reg];
	return hit;
}

static void count(struct rmm *rmm, uint32_t fid)
{
	unsigned int i;

	rmm->commands++;
	for (i = 0; i < NR_FIDS; i++) {
		if (fids[i] != fid)
			continue;
		rmm->commands_by_fid[i]++;
		rmm->forbidden += rmm->forbids[i];
	}
}

bool rmm_command(struct rmm *rmm, uint64_t x[6])
{
	if (!is_rmi(x[0]))
		return false;
	count(rmm, x[0]);
	if (rmm->commands == rmm->machine->update_at)
		update(rmm);
	if (has_flag(rmm, RMM_FLAG_ABSENT))
		x[0] = NOT_SUPPORTED;
	else if (!faulted(rmm, x))
		hostile_command(rmm, x);
	return true;
}

uint64_t rmm_commands(const struct rmm *rmm, uint64_t fid)
{
	unsigned int i;

	if (!fid)
		return rmm->commands;
	for (i = 0; i < NR_FIDS; i++)
		if (fids[i] == fid)
			return rmm->commands_by_fid[i];
	return 0;
}

void rmm_forbid(struct rmm *rmm, uint64_t fid)
{
	unsigned int i;

	for (i = 0; i < NR_FIDS; i++)
		rmm->forbids[i] |= fids[i] == fid;
}

uint64_t rmm_forbidden(const struct rmm *rmm)
{
	return rmm->forbidden;
}

uint64_t rmm_donated(const struct rmm *rmm)
{
	return rmm->donated << rmm->granule_shift;
}

uint64_t rmm_delegated(const struct rmm *rmm)
{
	return rmm->delegated << rmm->granule_shift;
}

bool rmm_is_active(const struct rmm *rmm)
{
	return rmm->state == STATE_ACTIVE;
}
