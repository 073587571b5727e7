// SPDX-License-Identifier: GPL-2.0-only
/* RECs: how they are made, entered and unmade */
#include "model.h"

#define NR_GPRS		8

struct rec *rec_of(struct rmm *rmm, uint64_t pa, struct realm **realm)
{
	unsigned int i, k;

	for (i = 0; pa && i < MAX_REALMS; i++) {
		if (rmm->realm[i].state == REALM_NONE)
			continue;
		for (k = 0; k < MAX_RECS; k++) {
			if (rmm->realm[i].rec[k].pa != pa)
				continue;
			*realm = &rmm->realm[i];
			return &rmm->realm[i].rec[k];
		}
	}
	return NULL;
}

/* The index's lowest four bits are Aff0, the next eight Aff1 */
static uint64_t mpidr_of(unsigned int index)
{
	return (index & 0xf) | (uint64_t)(index >> 4) << 8;
}

static uint64_t check_create(struct rmm *rmm, const uint64_t in[6])
{
	const struct realm *realm = realm_of(rmm, in[1]);
	const uint64_t *params;

	if (!realm || !is_delegated(rmm, in[2]))
		return RMI_ERROR_INPUT;
	if (realm->state != REALM_NEW)
		return RMI_ERROR_REALM;
	params = read_page(rmm, in[3], RMI_PARAMS_SIZE);
	if (!params || params[RMI_REC_FLAGS / 8] > RMI_REC_RUNNABLE ||
	    params[RMI_REC_MPIDR / 8] != mpidr_of(realm->nr_recs))
		return RMI_ERROR_INPUT;
	return realm->nr_recs < max_recs(rmm) ? RMI_SUCCESS : RMI_ERROR_REALM;
}

uint64_t check_rec(struct rmm *rmm, const uint64_t in[6])
{
	struct realm *realm, *other;
	const struct rec *rec;

	if ((uint32_t)in[0] == RMI_REC_CREATE)
		return check_create(rmm, in);
	rec = rec_of(rmm, in[1], &realm);
	if (!rec)
		return RMI_ERROR_INPUT;
	if ((uint32_t)in[0] == RMI_REC_DESTROY)
		return rec->running ? RMI_ERROR_REC : RMI_SUCCESS;
	/* PSCI_COMPLETE: in the dialect autumn, without the target */
	if (is_autumn(rmm))
		return RMI_SUCCESS;
	return in[1] != in[2] && rec_of(rmm, in[2], &other) && other == realm ? RMI_SUCCESS :
										 RMI_ERROR_INPUT;
}

static void create(struct rmm *rmm, const uint64_t in[6])
{
	struct realm *realm = realm_of(rmm, in[1]);
	bool runnable = rmm->page[RMI_REC_FLAGS / 8];

	realm->rec[realm->nr_recs++] = (struct rec){ .pa = in[2], .runnable = runnable };
	granule_set(rmm, in[2], GRANULE_REC);
	if (runnable)
		measure_rec(realm, rmm->page);
}

void do_rec(struct rmm *rmm, const uint64_t in[6])
{
	const uint64_t pa = (uint32_t)in[0] == RMI_REC_DESTROY || is_autumn(rmm) ? in[1] : in[2];
	struct realm *realm;
	struct rec *rec;

	if ((uint32_t)in[0] == RMI_REC_CREATE) {
		create(rmm, in);
		return;
	}
	rec = rec_of(rmm, pa, &realm);
	if (!rec)
		return;
	if ((uint32_t)in[0] == RMI_REC_DESTROY) {
		rec->pa = 0;
		granule_set(rmm, pa, GRANULE_DELEGATED);
	} else {
		rec->runnable = true;
	}
}

static uint64_t exit_word(struct rmm *rmm, uint64_t run, unsigned int offset)
{
	return rmm->ops.read(rmm->ops.ctx, run + offset);
}

/* What the Realm asks for is remembered, so that the host does no more than that */
static void note_exit(struct rmm *rmm, struct rec *rec, uint64_t run)
{
	uint64_t reason = exit_word(rmm, run, RMI_RUN_REASON);

	rec->ripas_top = 0;
	if (reason != RMI_EXIT_RIPAS)
		return;
	rec->ripas_base = exit_word(rmm, run, RMI_RUN_RIPAS_BASE);
	rec->ripas_top = exit_word(rmm, run, RMI_RUN_RIPAS_TOP);
	rec->ripas = exit_word(rmm, run, RMI_RUN_RIPAS_VALUE);
}

static void enter(struct rmm *rmm, struct realm *realm, struct rec *rec, uint64_t run)
{
	struct rmm_entry entry = {
		.rd = realm->rd, .rec = rec->pa, .index = rec - realm->rec, .run = run,
		.measurement = realm->rim,
	};
	uint64_t at;

	for (at = RMI_RUN_EXIT; at < RMI_PARAMS_SIZE; at += sizeof(uint64_t))
		rmm->ops.write(rmm->ops.ctx, run + at, 0);
	rec->running = true;
	if (rmm->ops.enter)
		rmm->ops.enter(rmm->ops.ctx, &entry);
	else
		rmm->ops.write(rmm->ops.ctx, run + RMI_RUN_REASON, RMI_EXIT_IRQ);
	rec->running = false;
	if (entry.off)
		realm->state = REALM_OFF;
	note_exit(rmm, rec, run);
}

void cmd_rec_enter(struct rmm *rmm, const uint64_t in[6], uint64_t x[6])
{
	struct realm *realm;
	struct rec *rec = rec_of(rmm, in[1], &realm);

	x[0] = RMI_ERROR_INPUT;
	if (!rec || !is_aligned(in[2], rmm->granule_shift) || !granule_is_host(rmm, in[2]))
		return;
	x[0] = RMI_ERROR_REALM;
	if (realm->state != REALM_ACTIVE)
		return;
	x[0] = RMI_ERROR_REC;
	if (!rec->runnable || rec->running)
		return;
	enter(rmm, realm, rec, in[2]);
	x[0] = RMI_SUCCESS;
}
