// SPDX-License-Identifier: GPL-2.0-only
/* Realms: their parameters, their life, and the commands that begin and end it */
#include "model.h"

/* What the public RMM's feature registers say of Realms is part of what they say otherwise */
uint64_t realm_features0(const struct rmm *rmm, uint64_t otherwise)
{
	if (!rmm->machine->ipa_bits)
		return otherwise;
	return (otherwise & ~UINT64_C(0xff)) | rmm->machine->ipa_bits;
}

uint64_t realm_features1(const struct rmm *rmm, uint64_t otherwise)
{
	const struct rmm_machine *m = rmm->machine;

	if (m->hashes)
		otherwise = (otherwise & ~UINT64_C(0x38)) | m->hashes << 3;
	if (m->recs_order)
		otherwise = (otherwise & ~UINT64_C(0x3c0)) | (m->recs_order - 1) << 6;
	return otherwise;
}

static uint64_t feature(struct rmm *rmm, uint64_t index)
{
	uint64_t x[6] = { RMI_FEATURES, index };

	run(rmm, x);
	return x[1];
}

uint64_t max_recs(struct rmm *rmm)
{
	uint64_t most = UINT64_C(1) << RMI_FEATURE1_MAX_RECS_ORDER(feature(rmm, 1));

	return most < MAX_RECS ? most : MAX_RECS;
}

unsigned int rmm_realms(const struct rmm *rmm)
{
	unsigned int i, nr = 0;

	for (i = 0; i < MAX_REALMS; i++)
		nr += rmm->realm[i].state != REALM_NONE;
	return nr;
}

/* Delegated, but not to be undelegated */
bool is_used(unsigned int state)
{
	return state >= GRANULE_RD;
}

struct realm *realm_of(struct rmm *rmm, uint64_t rd)
{
	unsigned int i;

	for (i = 0; i < MAX_REALMS; i++)
		if (rmm->realm[i].state != REALM_NONE && rmm->realm[i].rd == rd)
			return &rmm->realm[i];
	return NULL;
}

/* May the host have it become something of a Realm's? */
bool is_delegated(const struct rmm *rmm, uint64_t pa)
{
	return pa < rmm->pa_top && is_aligned(pa, rmm->granule_shift) &&
	       granule_state(rmm, pa) == GRANULE_DELEGATED && region_of(rmm, pa) &&
	       region_look(rmm, pa).state == RMI_TRACKING_FINE;
}

/* The host may write to it meanwhile: it is read once. NULL: it isn't the host's. */
uint64_t *read_page(struct rmm *rmm, uint64_t pa, uint64_t size)
{
	uint64_t i;

	if (!is_aligned(pa, rmm->granule_shift) || !granule_is_host(rmm, pa))
		return NULL;
	for (i = 0; i < size / sizeof(uint64_t); i++)
		rmm->page[i] = rmm->ops.read(rmm->ops.ctx, pa + i * sizeof(uint64_t));
	return rmm->page;
}

static uint64_t param(const struct rmm *rmm, unsigned int offset)
{
	return rmm->page[offset / sizeof(uint64_t)];
}

static bool hash_is_good(struct rmm *rmm)
{
	static const uint8_t bit[] = {
		[RMI_HASH_SHA256] = 1, [RMI_HASH_SHA384] = 2, [RMI_HASH_SHA512] = 4,
	};
	uint64_t algorithm = param(rmm, RMI_REALM_HASH);

	return algorithm <= RMI_HASH_SHA384 &&
	       RMI_FEATURE1_HASHES(feature(rmm, 1)) & bit[algorithm];
}

/* Tables at the level where the walk starts: as many as the IPA space needs, and no more than 16 */
static bool root_is_good(const struct rmm *rmm)
{
	unsigned int stride = rmm->granule_shift - 3, shift;
	uint64_t bits = param(rmm, RMI_REALM_S2SZ), level = param(rmm, RMI_REALM_RTT_LEVEL);
	uint64_t base = param(rmm, RMI_REALM_RTT_BASE), nr = param(rmm, RMI_REALM_RTT_COUNT), i;

	if (level > 2)
		return false;
	shift = rmm->granule_shift + (3 - level) * stride;
	if (bits <= shift || bits > shift + stride + 4 ||
	    nr != (bits > shift + stride ? UINT64_C(1) << (bits - shift - stride) : 1) ||
	    base & ((nr << rmm->granule_shift) - 1))
		return false;
	for (i = 0; i < nr; i++)
		if (!is_delegated(rmm, base + (i << rmm->granule_shift)))
			return false;
	return true;
}

static bool params_are_good(struct rmm *rmm, uint64_t pa, uint64_t rd)
{
	uint64_t base, bits;

	if (!read_page(rmm, pa, RMI_PARAMS_SIZE))
		return false;
	base = param(rmm, RMI_REALM_RTT_BASE);
	bits = param(rmm, RMI_REALM_S2SZ);
	return bits >= 32 && bits <= RMI_FEATURE0_S2SZ(feature(rmm, 0)) &&
	       !param(rmm, RMI_REALM_FLAGS) && !param(rmm, RMI_REALM_FLAGS1) &&
	       param(rmm, RMI_REALM_BREAKPOINTS) && param(rmm, RMI_REALM_WATCHPOINTS) &&
	       hash_is_good(rmm) && root_is_good(rmm) &&
	       (rd < base || rd - base >= param(rmm, RMI_REALM_RTT_COUNT) << rmm->granule_shift);
}

static uint64_t check_create(struct rmm *rmm, const uint64_t in[6])
{
	if (!is_delegated(rmm, in[1]) || !params_are_good(rmm, in[2], in[1]))
		return RMI_ERROR_INPUT;
	return rmm_realms(rmm) < MAX_REALMS ? RMI_SUCCESS : RMI_ERROR_GLOBAL;
}

static void set_roots(struct rmm *rmm, const struct realm *realm, unsigned int state)
{
	uint64_t i;

	for (i = 0; i < realm->nr_roots; i++)
		granule_set(rmm, realm->root + (i << rmm->granule_shift), state);
}

static void create(struct rmm *rmm, uint64_t rd)
{
	struct realm *realm = rmm->realm;

	while (realm->state != REALM_NONE)
		realm++;
	*realm = (struct realm){
		.rd = rd, .state = REALM_NEW, .hash = param(rmm, RMI_REALM_HASH),
		.level_start = param(rmm, RMI_REALM_RTT_LEVEL),
		.ipa_bits = param(rmm, RMI_REALM_S2SZ), .root = param(rmm, RMI_REALM_RTT_BASE),
		.nr_roots = param(rmm, RMI_REALM_RTT_COUNT),
	};
	granule_set(rmm, rd, GRANULE_RD);
	set_roots(rmm, realm, GRANULE_RTT);
	measure_realm(realm, rmm->page);
}

static bool any_rec(const struct realm *realm, bool running)
{
	unsigned int i;

	for (i = 0; i < MAX_RECS; i++)
		if (realm->rec[i].pa && (!running || realm->rec[i].running))
			return true;
	return false;
}

uint64_t check_realm(struct rmm *rmm, const uint64_t in[6])
{
	const struct realm *realm = realm_of(rmm, in[1]);

	if ((uint32_t)in[0] == RMI_REALM_CREATE)
		return check_create(rmm, in);
	if (!realm)
		return RMI_ERROR_INPUT;
	switch ((uint32_t)in[0]) {
	case RMI_REALM_ACTIVATE:
		return realm->state == REALM_NEW ? RMI_SUCCESS : RMI_ERROR_REALM;
	case RMI_REALM_TERMINATE:
		return any_rec(realm, true) ? RMI_ERROR_REALM : RMI_SUCCESS;
	default:
		return any_rec(realm, false) || realm->nr_tables || realm->nr_data ?
		       RMI_ERROR_REALM : RMI_SUCCESS;
	}
}

void do_realm(struct rmm *rmm, const uint64_t in[6])
{
	struct realm *realm = realm_of(rmm, in[1]);

	if ((uint32_t)in[0] == RMI_REALM_CREATE) {
		create(rmm, in[1]);
		return;
	}
	if (!realm)
		return;
	switch ((uint32_t)in[0]) {
	case RMI_REALM_ACTIVATE:
		realm->state = REALM_ACTIVE;
		break;
	case RMI_REALM_TERMINATE:
		realm->state = REALM_DEAD;
		break;
	default:
		granule_set(rmm, realm->rd, GRANULE_DELEGATED);
		set_roots(rmm, realm, GRANULE_DELEGATED);
		realm->state = REALM_NONE;
	}
}
