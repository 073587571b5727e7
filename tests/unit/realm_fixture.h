/* SPDX-License-Identifier: GPL-2.0-only */
/* A consumer that makes a Realm by commands typed in by hand, over the whole module. */
#ifndef REALM_FIXTURE_H
#define REALM_FIXTURE_H

#include "module_fixture.h"

#define PAGE	0x1000ULL
#define IPA	0x10000ULL

/* The granules that the Realm is made of */
enum { RD, ROOT, TABLE2, TABLE3, CODE, CALL, REC, SPARE, NR_GRANULES };
static phys_addr_t granule[NR_GRANULES];

/* What the RMM reads of the consumer's */
static u64 *params, *src, *run_page;

static const bool stop_at_once = true;

static inline int run5(u64 fid, u64 x1, u64 x2, u64 x3, u64 x4, u64 x5, struct cca_rmi_regs *r)
{
	*r = (struct cca_rmi_regs){ { fid, x1, x2, x3, x4, x5 } };
	return cca_rmi_run(r, NULL);
}

/* The answer, or a negative error number */
static inline int run(u64 fid, u64 x1, u64 x2, u64 x3, u64 x4, u64 x5)
{
	struct cca_rmi_regs r;
	const int rc = run5(fid, x1, x2, x3, x4, x5, &r);

	return rc ?: (int)(r.x[0] & 0xffff);
}

static inline void describe_realms(enum rmm_dialect dialect, u64 flags)
{
	describe(dialect);
	machine.flags = flags;
	machine.hashes = 7;
	machine.recs_order = 5;
	if (dialect == RMM_DIALECT_AUTUMN)
		machine.granules = 1;
}

static inline void make_described(void)
{
	make(12);
	load();
	params = kzalloc(PAGE_SIZE, GFP_KERNEL);
	src = kzalloc(PAGE_SIZE, GFP_KERNEL);
	run_page = kzalloc(PAGE_SIZE, GFP_KERNEL);
	assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, NR_GRANULES, granule), 0);
}

static inline void make_realm_world(enum rmm_dialect dialect, u64 flags)
{
	describe_realms(dialect, flags);
	make_described();
}

static inline void end_realm_world(void)
{
	assert_int_equal(rmm_realms(world.rmm), 0);
	assert_int_equal(rmm_operations(world.rmm), 0);
	assert_int_equal(ledger_has("realm"), 0);
	assert_int_equal(ledger_has("ready"), 0);
	assert_int_equal(cca_rmi_return_granules(granule, NR_GRANULES), 0);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	assert_int_equal(world.module_refs, 0);
	kfree(params);
	kfree(src);
	kfree(run_page);
	unload();
}

static inline void realm_params(void)
{
	memset(params, 0, PAGE_SIZE);
	params[1] = 32;
	params[0x18 / 8] = 1;
	params[0x20 / 8] = 1;
	params[0x808 / 8] = granule[ROOT];
	params[0x810 / 8] = 1;
	params[0x818 / 8] = 1;
}

static inline void rec_params(void)
{
	memset(params, 0, PAGE_SIZE);
	params[0] = 1;
	params[0x200 / 8] = IPA;
}

static inline int create_realm(void)
{
	realm_params();
	return run(RMI_REALM_CREATE, granule[RD], virt_to_phys(params), 0, 0, 0);
}

/* The index counts those that there were, too */
static inline int create_rec(u64 index)
{
	rec_params();
	params[0x100 / 8] = index;
	return run(RMI_REC_CREATE, granule[RD], granule[REC], virt_to_phys(params), 0, 0);
}

#endif
