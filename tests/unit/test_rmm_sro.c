// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model RMM: stateful operations and the memory that changes hands in them. Expectations are
 * typed in by hand; test_rmm.c has the rest of the model.
 */
#include "rmm_fixture.h"

#define REQ_CONTIG	(UINT64_C(1) << 16)
#define REQ_UNDELEGATED	(UINT64_C(1) << 17)	/* in either encoding */
#define REQ_CONDITIONAL	(UINT64_C(2) << 17)
#define REQ_TABLE	(UINT64_C(32) << 2 | REQ_CONTIG | REQ_UNDELEGATED)

#define FLAGS_BETA3	(RMM_FLAG_HOST_PAYS | RMM_FLAG_HOST_TABLES)

/* A descriptor of single pages; state is RMI_MEM_DELEGATED or RMI_MEM_UNDELEGATED */
static uint64_t pages(const struct host *host, uint64_t pa, uint64_t nr, uint64_t state)
{
	return pa | nr << 2 | state << (host->machine.dialect == RMM_DIALECT_BETA3 ? 62 : 63);
}

static void put(struct host *host, unsigned int i, uint64_t desc)
{
	host_write(host, LIST + i * 8, desc);
}

static uint64_t donate(struct host *host, uint64_t handle, uint64_t nr)
{
	return call4(host, RMI_OP_MEM_DONATE, handle, LIST, nr, 0);
}

static uint64_t donate1(struct host *host, uint64_t handle, uint64_t desc)
{
	put(host, 0, desc);
	return donate(host, handle, 1);
}

static uint64_t reclaim(struct host *host, uint64_t handle, uint64_t nr)
{
	return call4(host, RMI_OP_MEM_RECLAIM, handle, LIST, nr, 0);
}

static uint64_t go_on(struct host *host, uint64_t handle)
{
	return call(host, RMI_OP_CONTINUE, handle, 0);
}

static uint64_t set(struct host *host, uint64_t addr, uint64_t category, uint64_t state)
{
	return call4(host, RMI_GRANULE_TRACKING_SET, addr, category, state, 0);
}

static uint64_t delegate(struct host *host, uint64_t base, uint64_t size)
{
	return call(host, RMI_GRANULE_RANGE_DELEGATE, base, base + size);
}

static uint64_t undelegate(struct host *host, uint64_t base, uint64_t size)
{
	return call(host, RMI_GRANULE_RANGE_UNDELEGATE, base, base + size);
}

/* Start a command that asks for memory; gives the handle */
static uint64_t begin_create(struct host *host, uint64_t addr)
{
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, addr, 0), DONATE | CAN_CANCEL);
	return host->x[1];
}

static void create(struct host *host, uint64_t addr, uint64_t table)
{
	uint64_t handle = begin_create(host, addr);

	assert_int_equal(donate1(host, handle, pages(host, table, 32, RMI_MEM_UNDELEGATED)), 0);
	assert_int_equal(host->x[1], 32);
}

static void destroy(struct host *host, uint64_t addr)
{
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, addr, 0), RECLAIM);
	assert_int_equal(reclaim(host, host->x[1], 4), RMI_SUCCESS);
}

/* Protection tables */

static void table_comes_and_goes(unsigned int dialect)
{
	struct host *host = host_active(dialect, RMM_FLAG_HOST_TABLES);
	uint64_t handle, table = DRAM + 256 * KB;

	call(host, RMI_GPT_L1_CREATE, DRAM, 0);
	handle = host->x[1];
	expect(host, DONATE | CAN_CANCEL, handle, REQ_TABLE, 0);
	assert_int_equal(rmm_par(host->rmm, DRAM), RMI_PAR_HOST_NOT_CREATED);
	donate1(host, handle, pages(host, table, 32, RMI_MEM_UNDELEGATED));
	expect(host, RMI_SUCCESS, 32, 0, 0);
	assert_int_equal(rmm_par(host->rmm, DRAM), RMI_PAR_HOST_CREATED);
	assert_int_equal(rmm_donated(host->rmm), 128 * KB);
	assert_int_equal(rmm_delegated(host->rmm), 0);
	host_check(host);
	assert_true(host->taken[table / PAGE] && host->taken[table / PAGE + 31]);
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, DRAM, 0), RMI_ERROR_GPT);
	assert_int_equal(delegate(host, table, PAGE), RMI_ERROR_INPUT);
	assert_int_equal(undelegate(host, table, PAGE), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_RMM_CONFIG_GET, table, 0), RMI_ERROR_INPUT);

	call(host, RMI_GPT_L1_DESTROY, DRAM, 0);
	handle = host->x[1];
	expect(host, RECLAIM, handle, 0, 0);
	reclaim(host, handle, 512);
	expect(host, RMI_SUCCESS, 1, 0, 0);
	assert_int_equal(host_read(host, LIST), pages(host, table, 32, RMI_MEM_UNDELEGATED));
	assert_int_equal(rmm_donated(host->rmm), 0);
	assert_int_equal(rmm_par(host->rmm, DRAM), RMI_PAR_HOST_NOT_CREATED);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, DRAM, 0), RMI_ERROR_GPT);
	host_free(host);
}

static void test_table(void **state)
{
	(void)state;
	table_comes_and_goes(RMM_DIALECT_BETA1);
	table_comes_and_goes(RMM_DIALECT_BETA3);
}

/* Bad donations to a request for one block of 32 pages: all are refused, and the operation lives */
static void test_table_refusals(void **state)
{
	struct host *host = host_new(RMM_DIALECT_BETA3, RMM_FLAG_HOST_TABLES);
	uint64_t ns = RMI_MEM_UNDELEGATED, table = DRAM + 256 * KB, handle;
	unsigned int i;

	(void)state;
	add_range(&host->machine.memory, 6 * GB, GB, RMI_MEM_CATEGORY_DEV_COH);
	add_range(&host->machine.memory, 8 * GB, GB, RMI_MEM_CATEGORY_CONVENTIONAL);
	add_range(&host->machine.reserved, 8 * GB, MB, 0);
	host_up(host);
	host_activate(host, RMI_GRANULE_SIZE_4K);
	assert_int_equal(delegate(host, 8 * GB + 2 * MB, PAGE), RMI_SUCCESS);
	handle = begin_create(host, DRAM);
	const uint64_t bad[] = {
		pages(host, table, 31, ns),
		pages(host, table, 33, ns),
		pages(host, table, 0, ns),
		pages(host, table, 32, RMI_MEM_DELEGATED),
		pages(host, table, 32, 2),
		pages(host, table, 32, 3),
		pages(host, table, 32, ns) | RMI_BLOCK_L2,
		pages(host, table, 32, ns) | UINT64_C(1) << 52,
		pages(host, table, 32, ns) | UINT64_C(1) << 61,
		table | 32 << 2 | UINT64_C(1) << 63,		/* as before beta 3 */
		pages(host, table + 64 * KB, 32, ns),		/* not naturally aligned */
		pages(host, LIST, 32, ns),			/* the list's own page */
		pages(host, 0, 32, ns),				/* nothing there */
		pages(host, 6 * GB, 32, ns),			/* a device */
		pages(host, 8 * GB, 32, ns),			/* the platform's */
		pages(host, 8 * GB + 2 * MB, 32, ns),		/* its first page is delegated */
		pages(host, 2 * GB, 32, ns),			/* a PAR without a table */
		pages(host, TB, 32, ns),			/* beyond the PA space */
		pages(host, TB - 64 * KB, 32, ns),
	};
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		donate1(host, handle, bad[i]);
		if (host->x[0] != RMI_ERROR_INPUT || host->x[1])
			fail_msg("donation %u should be refused", i);
	}
	/* Two that don't meet, and two of which one is bad */
	put(host, 0, pages(host, table, 16, ns));
	put(host, 1, pages(host, table + 128 * KB, 16, ns));
	assert_int_equal(donate(host, handle, 2), RMI_ERROR_INPUT);
	put(host, 1, pages(host, table + 64 * KB, 17, ns));
	assert_int_equal(donate(host, handle, 2), RMI_ERROR_INPUT);
	put(host, 1, pages(host, table + 64 * KB, 16, RMI_MEM_DELEGATED));
	assert_int_equal(donate(host, handle, 2), RMI_ERROR_INPUT);
	put(host, 1, pages(host, table + 64 * KB, 16, ns));

	/* The list itself */
	assert_int_equal(call4(host, RMI_OP_MEM_DONATE, handle, LIST, 2, 1), RMI_ERROR_INPUT);
	assert_int_equal(call4(host, RMI_OP_MEM_DONATE, handle, LIST + 4, 2, 0), RMI_ERROR_INPUT);
	assert_int_equal(call4(host, RMI_OP_MEM_DONATE, handle, LIST + PAGE - 8, 2, 0),
			 RMI_ERROR_INPUT);
	assert_int_equal(call4(host, RMI_OP_MEM_DONATE, handle, LIST, UINT64_MAX, 0),
			 RMI_ERROR_INPUT);
	assert_int_equal(call4(host, RMI_OP_MEM_DONATE, handle, 0, 2, 0), RMI_ERROR_INPUT);
	assert_int_equal(call4(host, RMI_OP_MEM_DONATE, handle, TB, 2, 0), RMI_ERROR_INPUT);
	assert_int_equal(call4(host, RMI_OP_MEM_DONATE, handle, 8 * GB, 2, 0), RMI_ERROR_INPUT);
	assert_int_equal(call4(host, RMI_OP_MEM_DONATE, handle, 8 * GB + 2 * MB, 2, 0),
			 RMI_ERROR_INPUT);
	assert_int_equal(host->nr_taken, PAGE);

	/* An empty list moves nothing, and the two halves do it */
	donate(host, handle, 0);
	expect(host, DONATE | CAN_CANCEL, 0, REQ_TABLE, 0);
	assert_int_equal(donate(host, handle, 2), RMI_SUCCESS);
	assert_int_equal(host->x[1], 32);
	destroy(host, DRAM);
	host_free(host);
}

/* Before beta 3 bit 62 means nothing, and X4 isn't looked at */
static void test_table_beta1_encoding(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA1, RMM_FLAG_HOST_TABLES);
	uint64_t handle = begin_create(host, DRAM);

	(void)state;
	put(host, 0, DRAM | 32 << 2 | UINT64_C(1) << 62);
	assert_int_equal(donate(host, handle, 1), RMI_ERROR_INPUT);
	put(host, 0, DRAM | 32 << 2 | UINT64_C(1) << 63);
	assert_int_equal(call4(host, RMI_OP_MEM_DONATE, handle, LIST, 1, 99), RMI_SUCCESS);
	host_free(host);
}

static void test_table_sizes(void **state)
{
	static const struct {
		uint64_t granule, l0gptsz, nr, block;
	} sizes[] = {
		{ 0, 0, 32, 0 }, { 1, 0, 2, 0 }, { 2, 0, 1, 0 },	/* 128 KB, 32 KB, a page */
		{ 0, 4, 1, 1 }, { 1, 4, 32, 0 }, { 2, 4, 2, 0 },	/* 2 MB, 512 KB, 128 KB */
		{ 0, 6, 4, 1 }, { 1, 6, 128, 0 }, { 2, 6, 8, 0 },
		{ 0, 9, 32, 1 }, { 1, 9, 1024, 0 }, { 2, 9, 64, 0 },	/* 64 MB, 16 MB, 4 MB */
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct host *host = host_new(RMM_DIALECT_BETA3, RMM_FLAG_HOST_TABLES);
		uint64_t shift = 12 + 2 * sizes[i].granule, table = DRAM + GB;

		host->machine.granules = 7;
		host->machine.l0gptsz = sizes[i].l0gptsz;
		host_up(host);
		host_activate(host, sizes[i].granule);
		assert_int_equal(call(host, RMI_GPT_L1_CREATE, sizes[i].l0gptsz ? 0 : DRAM, 0),
				 DONATE | CAN_CANCEL);
		assert_int_equal(host->x[2], sizes[i].block | sizes[i].nr << 2 | REQ_CONTIG |
				 REQ_UNDELEGATED);
		if (!sizes[i].l0gptsz)
			table = DRAM;
		put(host, 0, pages(host, table, sizes[i].nr, RMI_MEM_UNDELEGATED) | sizes[i].block);
		assert_int_equal(donate(host, host->x[1], 1), RMI_SUCCESS);
		if (sizes[i].block)
			shift += shift - 3;
		assert_int_equal(host->x[1], sizes[i].nr << shift >> (12 + 2 * sizes[i].granule));
		assert_int_equal(rmm_donated(host->rmm), sizes[i].nr << shift);
		host_check(host);
		assert_int_equal(call(host, RMI_GPT_L1_DESTROY, sizes[i].l0gptsz ? 0 : DRAM, 0),
				 RECLAIM);
		assert_int_equal(reclaim(host, host->x[1], 1), RMI_SUCCESS);
		assert_int_equal(host_read(host, LIST),
				 pages(host, table, sizes[i].nr, RMI_MEM_UNDELEGATED) |
				 sizes[i].block);
		host_free(host);
	}
}

static void test_table_own(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA3,
					RMM_FLAG_HOST_TABLES | RMM_FLAG_OWN_TABLES);

	(void)state;
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, DRAM, 0), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, DRAM, 0), RMI_ERROR_GPT);
	assert_int_equal(rmm_donated(host->rmm), 0);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, DRAM, 0), RMI_SUCCESS);
	assert_int_equal(rmm_par(host->rmm, DRAM), RMI_PAR_HOST_NOT_CREATED);
	host_free(host);
}

/* What lies in a PAR and isn't Non-secure keeps its table; the table's own memory doesn't */
static void test_table_homogeneous(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA3, RMM_FLAG_HOST_TABLES);

	(void)state;
	create(host, DRAM, DRAM);
	assert_int_equal(delegate(host, CONFIG, PAGE), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, DRAM, 0), RMI_ERROR_GPT);
	assert_int_equal(undelegate(host, CONFIG, PAGE), RMI_SUCCESS);
	create(host, 2 * GB, DRAM + 128 * KB);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, DRAM, 0), RMI_ERROR_GPT);
	destroy(host, 2 * GB);
	destroy(host, DRAM);
	host_free(host);
}

/* Handles, and operations that stand in each other's way */

static void test_handles(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA3, RMM_FLAG_HOST_TABLES);
	uint64_t handle = begin_create(host, DRAM), second;

	(void)state;
	assert_int_equal(go_on(host, handle + 1), RMI_ERROR_INPUT);
	assert_int_equal(go_on(host, 0), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_OP_CONTINUE, handle, 2), RMI_ERROR_INPUT);
	assert_int_equal(reclaim(host, handle, 1), RMI_ERROR_INPUT);	/* it wants memory */
	go_on(host, handle);
	expect(host, DONATE | CAN_CANCEL, 0, REQ_TABLE, 0);
	assert_int_equal(call(host, RMI_OP_CONTINUE, handle, 1), DONATE | CAN_CANCEL);
	assert_int_equal(donate1(host, handle, pages(host, DRAM, 32, RMI_MEM_UNDELEGATED)), 0);
	assert_int_equal(go_on(host, handle), RMI_ERROR_INPUT);		/* it is over */
	assert_int_equal(donate(host, handle, 1), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_OP_CANCEL, handle, 0), RMI_ERROR_INPUT);

	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, DRAM, 0), RECLAIM);
	second = host->x[1];
	assert_int_not_equal(second, handle);
	assert_int_equal(call(host, RMI_OP_CANCEL, second, 0), RMI_ERROR_INPUT);
	assert_int_equal(donate1(host, second, pages(host, DRAM + MB, 32, RMI_MEM_UNDELEGATED)),
			 RMI_ERROR_INPUT);
	assert_int_equal(call4(host, RMI_OP_MEM_RECLAIM, second, LIST + 1, 1, 0), RMI_ERROR_INPUT);
	assert_int_equal(call4(host, RMI_OP_MEM_RECLAIM, second, DRAM, 1, 0), RMI_ERROR_INPUT);
	reclaim(host, second, 0);
	expect(host, RECLAIM, 0, 0, 0);
	assert_int_equal(go_on(host, second), RECLAIM);
	assert_int_equal(reclaim(host, second, 1), RMI_SUCCESS);
	assert_int_equal(reclaim(host, second, 1), RMI_ERROR_INPUT);
	host_free(host);
}

static void test_handles_reused(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA3,
					RMM_FLAG_HOST_TABLES | RMM_FLAG_REUSES_HANDLES);

	(void)state;
	assert_int_equal(begin_create(host, DRAM), 0);
	assert_int_equal(begin_create(host, 2 * GB), 1);
	assert_int_equal(call(host, RMI_OP_CANCEL, 0, 0), RMI_ERROR_INPUT);
	assert_int_equal(begin_create(host, 3 * GB), 0);
	host_free(host);
}

static void test_blocked(void **state)
{
	struct host *host = host_new(RMM_DIALECT_BETA3, RMM_FLAG_HOST_TABLES);
	uint64_t handle;
	unsigned int i;

	(void)state;
	host->machine.memory.at[0].size = 32 * GB;
	host_up(host);
	host_activate(host, RMI_GRANULE_SIZE_4K);
	handle = begin_create(host, DRAM);
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, DRAM, 0), RMI_BLOCKED);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, DRAM, 0), RMI_BLOCKED);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_BUSY);
	for (i = 2; i < 17; i++)
		begin_create(host, i * GB);
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, 20 * GB, 0), RMI_BUSY);
	assert_int_equal(donate1(host, handle, pages(host, DRAM, 32, RMI_MEM_UNDELEGATED)), 0);
	begin_create(host, 20 * GB);
	/* No room for the operation: the table stays */
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, DRAM, 0), RMI_BUSY);
	assert_int_equal(rmm_par(host->rmm, DRAM), RMI_PAR_HOST_CREATED);
	host_free(host);
}

static void test_cancel(void **state)
{
	uint64_t flags = RMM_FLAG_HOST_TABLES | RMM_FLAG_CONTINUES, handle;
	struct host *host = host_up(host_new(RMM_DIALECT_BETA3, RMM_FLAG_HOST_TABLES));

	(void)state;
	host_activate(host, RMI_GRANULE_SIZE_4K);
	handle = begin_create(host, DRAM);
	call(host, RMI_OP_CANCEL, handle, 0);
	expect(host, RMI_ERROR_INPUT, 0, 0, 0);		/* nothing to give back: it is over */
	assert_int_equal(go_on(host, handle), RMI_ERROR_INPUT);
	create(host, DRAM, DRAM);
	host_free(host);

	/* An operation that has been paid and not continued */
	host = host_new(RMM_DIALECT_BETA3, flags | RMM_FLAG_CANCEL_SUCCEEDS |
			RMM_FLAG_BORN_ACTIVE);
	host_up(host);
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, DRAM, 0), GO_ON | CAN_CANCEL);
	handle = host->x[1];
	assert_int_equal(go_on(host, handle), DONATE | CAN_CANCEL);
	donate1(host, handle, pages(host, DRAM, 32, RMI_MEM_UNDELEGATED));
	expect(host, GO_ON | CAN_CANCEL, 32, 0, 0);
	assert_int_equal(call(host, RMI_OP_CANCEL, handle, 0), GO_ON);
	assert_int_equal(call(host, RMI_OP_CANCEL, handle, 0), RMI_ERROR_INPUT);
	assert_int_equal(go_on(host, handle), RECLAIM);
	reclaim(host, handle, 9);
	expect(host, GO_ON, 1, 0, 0);
	assert_int_equal(go_on(host, handle), RMI_SUCCESS);
	assert_int_equal(rmm_donated(host->rmm), 0);
	assert_int_equal(rmm_par(host->rmm, DRAM), RMI_PAR_HOST_NOT_CREATED);
	host_free(host);

	host = host_active(RMM_DIALECT_BETA3, RMM_FLAG_HOST_TABLES | RMM_FLAG_NO_CANCEL);
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, DRAM, 0), DONATE);
	handle = host->x[1];
	assert_int_equal(call(host, RMI_OP_CANCEL, handle, 0), RMI_ERROR_INPUT);
	assert_int_equal(donate1(host, handle, pages(host, DRAM, 32, RMI_MEM_UNDELEGATED)), 0);
	host_free(host);
}

/* Everything that may be stateful is, and the answers come with the last CONTINUE */
static void test_continues(void **state)
{
	struct host *host = host_up(host_new(RMM_DIALECT_BETA3, RMM_FLAG_CONTINUES));
	uint64_t handle;

	(void)state;
	assert_int_equal(call(host, RMI_RMM_ACTIVATE, 0, 0), GO_ON | CAN_CANCEL);
	handle = host->x[1];
	assert_false(rmm_is_active(host->rmm));
	assert_int_equal(call(host, RMI_RMM_ACTIVATE, 0, 0), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_OP_CANCEL, handle, 0), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_RMM_STATE_GET, 0, 0) + host->x[1], 0);
	assert_int_equal(call(host, RMI_RMM_ACTIVATE, 0, 0), GO_ON | CAN_CANCEL);
	assert_int_equal(go_on(host, host->x[1]), RMI_SUCCESS);
	assert_true(rmm_is_active(host->rmm));

	assert_int_equal(delegate(host, LIST, 4 * PAGE), GO_ON | CAN_CANCEL);
	assert_int_equal(rmm_delegated(host->rmm), 0);
	go_on(host, host->x[1]);
	expect(host, RMI_SUCCESS, LIST + 4 * PAGE, 0, 0);
	assert_int_equal(delegate(host, LIST, PAGE), RMI_ERROR_INPUT);
	assert_int_equal(undelegate(host, LIST, 2 * PAGE), GO_ON | CAN_CANCEL);
	handle = host->x[1];
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_BUSY);
	assert_int_equal(go_on(host, handle), RMI_SUCCESS);
	undelegate(host, LIST + 2 * PAGE, 2 * PAGE);
	call(host, RMI_OP_CONTINUE, host->x[1], RMI_OP_CONTINUE_STOP);
	expect(host, RMI_SUCCESS, LIST + 4 * PAGE, 0, 0);
	assert_int_equal(call(host, RMI_GPT_INFO, DRAM, 2 * GB), GO_ON | CAN_CANCEL);
	go_on(host, host->x[1]);
	expect(host, RMI_SUCCESS, 2 * GB, RMI_PAR_PLATFORM, 0);

	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), GO_ON | CAN_CANCEL);
	assert_int_equal(call(host, RMI_OP_CANCEL, host->x[1], 0), RMI_ERROR_INPUT);
	assert_true(rmm_is_active(host->rmm));
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), GO_ON | CAN_CANCEL);
	assert_int_equal(go_on(host, host->x[1]), RMI_SUCCESS);
	assert_false(rmm_is_active(host->rmm));
	host_free(host);
}

/* Changes of tracking */

/* Make a region FINE with its own pages from at on, 64 at a time, as a beta 3 RMM asks for them */
static void fine_by_itself(struct host *host, uint64_t base, uint64_t at, uint64_t state)
{
	uint64_t handle, i;

	set(host, base, RMI_MEM_CATEGORY_CONVENTIONAL, RMI_TRACKING_FINE);
	handle = host->x[1];
	expect(host, DONATE | CAN_CANCEL, handle, 64 << 2 | REQ_CONDITIONAL, 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(rmm_tracking(host->rmm, base), RMI_TRACKING_COARSE);
		donate1(host, handle, pages(host, at + i * 64 * PAGE, 64, state));
		assert_int_equal(host->x[1], 64);
	}
	assert_int_equal(host->x[0], RMI_SUCCESS);
	assert_int_equal(rmm_tracking(host->rmm, base), RMI_TRACKING_FINE);
}

static void test_fine(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA3, RMM_FLAG_HOST_PAYS);
	uint64_t handle;

	(void)state;
	fine_by_itself(host, DRAM, DRAM + MB, RMI_MEM_UNDELEGATED);
	assert_int_equal(rmm_donated(host->rmm), MB);
	host_check(host);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_FINE), RMI_SUCCESS);	/* it is */
	assert_int_equal(delegate(host, DRAM + MB, PAGE), RMI_ERROR_INPUT);
	assert_int_equal(undelegate(host, DRAM + MB, PAGE), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_ERROR_GLOBAL);

	/* The next is paid for with delegated pages of the first */
	assert_int_equal(delegate(host, DRAM + 2 * MB, MB), RMI_SUCCESS);
	fine_by_itself(host, 2 * GB, DRAM + 2 * MB, RMI_MEM_DELEGATED);
	assert_int_equal(rmm_donated(host->rmm), 2 * MB);
	assert_int_equal(rmm_delegated(host->rmm), 0);
	host_check(host);

	/* Back: not the first before the second, and neither to NONE without a reason */
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_COARSE), RMI_ERROR_TRACKING);
	assert_int_equal(set(host, 2 * GB, 0, RMI_TRACKING_COARSE), RECLAIM);
	handle = host->x[1];
	assert_int_equal(delegate(host, 2 * GB, PAGE), RMI_BLOCKED);
	reclaim(host, handle, 8);
	expect(host, RMI_SUCCESS, 1, 0, 0);
	assert_int_equal(host_read(host, LIST),
			 pages(host, DRAM + 2 * MB, 256, RMI_MEM_DELEGATED));
	assert_int_equal(rmm_tracking(host->rmm, 2 * GB), RMI_TRACKING_COARSE);
	assert_int_equal(rmm_delegated(host->rmm), MB);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_COARSE), RMI_ERROR_TRACKING);
	assert_int_equal(undelegate(host, DRAM + 2 * MB, MB), RMI_SUCCESS);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_COARSE), RECLAIM);
	assert_int_equal(reclaim(host, host->x[1], 8), RMI_SUCCESS);
	assert_int_equal(host_read(host, LIST), pages(host, DRAM + MB, 256, RMI_MEM_UNDELEGATED));
	assert_int_equal(host->nr_taken, 0);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_SUCCESS);
	host_free(host);
}

/* Pages that won't do: those before them in the list are taken, and the operation lives */
static void test_fine_refusals(void **state)
{
	uint64_t s = RMI_MEM_DELEGATED, ns = RMI_MEM_UNDELEGATED, handle;
	struct host *host = host_new(RMM_DIALECT_BETA3, RMM_FLAG_HOST_PAYS);
	unsigned int i;

	(void)state;
	add_range(&host->machine.tracking, 3 * GB, GB, RMI_TRACKING_FINE);
	add_range(&host->machine.pars, 4 * GB, GB, RMI_PAR_HOST_NOT_CREATED);
	add_range(&host->machine.tracking, 4 * GB, GB, RMI_TRACKING_FINE);
	host_up(host);
	host_activate(host, RMI_GRANULE_SIZE_4K);
	assert_int_equal(delegate(host, 3 * GB, 2 * PAGE), RMI_SUCCESS);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_FINE), DONATE | CAN_CANCEL);
	handle = host->x[1];
	const uint64_t bad[] = {
		pages(host, DRAM, 1, s),		/* its own must be Non-secure */
		pages(host, DRAM, 1, 2),		/* conditional is no state of a page */
		pages(host, DRAM, 65, ns),		/* more than was asked for */
		pages(host, 2 * GB, 1, ns),		/* another region's, COARSE */
		pages(host, 3 * GB + MB, 1, ns),	/* another region's, Non-secure */
		pages(host, 3 * GB + MB, 1, s),		/* it isn't */
		pages(host, 3 * GB, 1, ns),
		pages(host, 4 * GB, 1, s),		/* a PAR without a table */
		pages(host, LIST, 1, ns),
		pages(host, 6 * GB, 1, ns),		/* nothing there */
		pages(host, DRAM, 1, ns) | 1,		/* a block where pages are wanted */
	};
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		donate1(host, handle, bad[i]);
		if (host->x[0] != RMI_ERROR_INPUT || host->x[1])
			fail_msg("donation %u should be refused", i);
	}
	put(host, 0, pages(host, DRAM, 3, ns));
	put(host, 1, pages(host, 3 * GB, 3, s));	/* two are good */
	put(host, 2, pages(host, DRAM + MB, 3, ns));
	donate(host, handle, 3);
	expect(host, RMI_ERROR_INPUT, 5, 0, 0);
	assert_int_equal(rmm_donated(host->rmm), 5 * PAGE);
	host_check(host);
	go_on(host, handle);
	expect(host, DONATE | CAN_CANCEL, 0, 64 << 2 | REQ_CONDITIONAL, 0);
	assert_int_equal(donate1(host, handle, pages(host, DRAM, 1, ns)), RMI_ERROR_INPUT);

	/* A region that pays can't leave, nor can one that changes be paid with */
	assert_int_equal(undelegate(host, 3 * GB, PAGE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, 3 * GB, 0, RMI_TRACKING_COARSE), RMI_ERROR_TRACKING);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_FINE), RMI_BLOCKED);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_BUSY);

	/* Cancelled: last come, first gone, and neighbours in one */
	assert_int_equal(call(host, RMI_OP_CANCEL, handle, 0), RECLAIM);
	reclaim(host, handle, 1);
	expect(host, RECLAIM, 1, 0, 0);
	assert_int_equal(host_read(host, LIST), pages(host, 3 * GB, 2, s));
	reclaim(host, handle, 1);
	expect(host, RMI_ERROR_INPUT, 1, 0, 0);
	assert_int_equal(host_read(host, LIST), pages(host, DRAM, 3, ns));
	assert_int_equal(rmm_tracking(host->rmm, DRAM), RMI_TRACKING_COARSE);
	assert_int_equal(rmm_donated(host->rmm), 0);
	assert_int_equal(rmm_delegated(host->rmm), 2 * PAGE);
	host_free(host);
}

static void test_set_errors(void **state)
{
	struct host *host = host_new(RMM_DIALECT_BETA3, 0);

	(void)state;
	host->machine.memory.at[0].size = 3 * GB / 2;
	add_range(&host->machine.memory, 4 * GB, GB, RMI_MEM_CATEGORY_DEV_COH);
	add_range(&host->machine.memory, 6 * GB, GB, RMI_MEM_CATEGORY_CONVENTIONAL);
	add_range(&host->machine.memory, 7 * GB, GB, RMI_MEM_CATEGORY_CONVENTIONAL);
	add_range(&host->machine.memory, 8 * GB, GB, RMI_MEM_CATEGORY_CONVENTIONAL);
	add_range(&host->machine.tracking, 6 * GB, GB, RMI_TRACKING_RESERVED);
	add_range(&host->machine.tracking, 7 * GB, GB, RMI_TRACKING_INTERMEDIATE);
	host_up(host);
	host_activate(host, RMI_GRANULE_SIZE_4K);
	assert_int_equal(set(host, DRAM + PAGE, 0, RMI_TRACKING_FINE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, TB, 0, RMI_TRACKING_FINE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, 9 * GB, 0, RMI_TRACKING_FINE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, DRAM, 1, RMI_TRACKING_FINE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, DRAM, 4, RMI_TRACKING_FINE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, DRAM, 3, RMI_TRACKING_FINE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, 4 * GB, 0, RMI_TRACKING_FINE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_RESERVED), RMI_ERROR_INPUT);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_INTERMEDIATE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, DRAM, 0, 5), RMI_ERROR_INPUT);
	assert_int_equal(set(host, 6 * GB, 0, RMI_TRACKING_FINE), RMI_ERROR_TRACKING);
	assert_int_equal(set(host, 7 * GB, 0, RMI_TRACKING_FINE), RMI_BLOCKED);
	/* Half of it is a hole: COARSE can't be */
	assert_int_equal(set(host, 2 * GB, 0, RMI_TRACKING_COARSE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, 2 * GB, 3, RMI_TRACKING_NONE), RMI_SUCCESS);
	call(host, RMI_GRANULE_TRACKING_GET, 2 * GB, 3 * GB);
	expect(host, RMI_SUCCESS, 3, RMI_TRACKING_NONE, 3 * GB);
	assert_int_equal(set(host, 2 * GB, 0, RMI_TRACKING_FINE), RMI_SUCCESS);
	/* What the RMM has metadata for costs the host nothing */
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_COARSE), RMI_SUCCESS);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_NONE), RMI_SUCCESS);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_COARSE), RMI_SUCCESS);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_FINE), RMI_SUCCESS);
	assert_int_equal(set(host, 4 * GB, RMI_MEM_CATEGORY_DEV_COH, RMI_TRACKING_COARSE),
			 RMI_SUCCESS);
	host_free(host);

	host = host_active(RMM_DIALECT_BETA1, 0);
	assert_int_equal(set(host, DRAM, 3, RMI_TRACKING_NONE), RMI_ERROR_INPUT);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_NONE), RMI_SUCCESS);
	host_free(host);
}

/* Beta 1 can't ask for "whatever fits": the region's own while none is FINE, delegated ones then */
static void test_fine_beta1(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA1, RMM_FLAG_HOST_PAYS);
	uint64_t handle, i;

	(void)state;
	set(host, DRAM, 0, RMI_TRACKING_FINE);
	handle = host->x[1];
	expect(host, DONATE | CAN_CANCEL, handle, 64 << 2 | REQ_UNDELEGATED, 0);
	for (i = 0; i < 4; i++)
		donate1(host, handle, pages(host, DRAM + i * 256 * KB, 64, RMI_MEM_UNDELEGATED));
	assert_int_equal(host->x[0], RMI_SUCCESS);
	for (i = 0; i < 4; i++)
		assert_int_equal(delegate(host, DRAM + 2 * MB + i * 64 * KB, 64 * KB), RMI_SUCCESS);

	set(host, 3 * GB, 0, RMI_TRACKING_FINE);
	handle = host->x[1];
	expect(host, DONATE | CAN_CANCEL, handle, 64 << 2, 0);
	assert_int_equal(donate1(host, handle, pages(host, 3 * GB, 64, RMI_MEM_UNDELEGATED)),
			 RMI_ERROR_INPUT);
	donate1(host, handle, pages(host, DRAM + 2 * MB, 64, RMI_MEM_DELEGATED));
	expect(host, DONATE | CAN_CANCEL, 64, 64 << 2, 0);
	assert_int_equal(call(host, RMI_OP_CANCEL, handle, 0), RECLAIM);
	reclaim(host, handle, 60);				/* one descriptor a page */
	expect(host, RECLAIM, 60, 0, 0);
	assert_int_equal(host_read(host, LIST),
			 pages(host, DRAM + 2 * MB + 63 * PAGE, 1, RMI_MEM_DELEGATED));
	reclaim(host, handle, 60);
	expect(host, RMI_ERROR_INPUT, 4, 0, 0);
	host_free(host);
}

/* A region that leaves FINE with all of its granules delegated is one delegated coarse granule */
static void test_coarse_delegated(void **state)
{
	struct host *host = host_new(RMM_DIALECT_BETA3, RMM_FLAG_HOST_PAYS);
	uint64_t at, handle;

	(void)state;
	add_range(&host->machine.tracking, DRAM, GB, RMI_TRACKING_FINE);
	add_range(&host->machine.tracking, 2 * GB, 512 * MB, RMI_TRACKING_FINE);
	host->machine.granules = 2;
	host_up(host);
	host_activate(host, RMI_GRANULE_SIZE_16K);
	for (at = 2 * GB; at < 2 * GB + 32 * MB; at = host->x[1])
		assert_int_equal(delegate(host, at, 2 * GB + 32 * MB - at), RMI_SUCCESS);
	assert_int_equal(set(host, 2 * GB, 3, RMI_TRACKING_NONE), RMI_ERROR_TRACKING);
	assert_int_equal(set(host, 2 * GB, 0, RMI_TRACKING_COARSE), RMI_SUCCESS);
	assert_int_equal(rmm_delegated(host->rmm), 32 * MB);
	assert_int_equal(set(host, 2 * GB, 3, RMI_TRACKING_NONE), RMI_ERROR_TRACKING);
	assert_int_equal(undelegate(host, 2 * GB, 16 * KB), RMI_ERROR_TRACKING);
	assert_int_equal(set(host, 2 * GB, 0, RMI_TRACKING_FINE), DONATE | CAN_CANCEL);
	handle = host->x[1];
	assert_int_equal(host->x[2], 1 << 2 | REQ_CONDITIONAL);
	put(host, 0, 2 * GB | 1 << 2 | UINT64_C(1) << 62);
	assert_int_equal(donate(host, handle, 1), RMI_ERROR_INPUT);
	put(host, 0, 2 * GB | 1 << 2);
	assert_int_equal(donate(host, handle, 1), RMI_SUCCESS);
	assert_int_equal(undelegate(host, 2 * GB + 16 * KB, 16 * KB), RMI_SUCCESS);
	assert_int_equal(set(host, 2 * GB, 0, RMI_TRACKING_COARSE), RMI_ERROR_TRACKING);
	assert_int_equal(delegate(host, 2 * GB + 16 * KB, 16 * KB), RMI_SUCCESS);
	assert_int_equal(set(host, 2 * GB, 0, RMI_TRACKING_COARSE), RECLAIM);
	assert_int_equal(reclaim(host, host->x[1], 1), RMI_SUCCESS);
	assert_int_equal(host_read(host, LIST), 2 * GB | 1 << 2);
	assert_int_equal(rmm_delegated(host->rmm), 32 * MB);
	host_free(host);
}

/* Tables and tracking together, in the one order that works */
static void test_order(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA3, FLAGS_BETA3);
	uint64_t handle;

	(void)state;
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_FINE), DONATE | CAN_CANCEL);
	handle = host->x[1];
	assert_int_equal(donate1(host, handle, pages(host, DRAM + MB, 1, RMI_MEM_UNDELEGATED)),
			 RMI_ERROR_INPUT);		/* no table yet */
	assert_int_equal(call(host, RMI_OP_CANCEL, handle, 0), RMI_ERROR_INPUT);
	create(host, DRAM, DRAM);
	fine_by_itself(host, DRAM, DRAM + MB, RMI_MEM_UNDELEGATED);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, DRAM, 0), RMI_ERROR_GPT);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_COARSE), RECLAIM);
	handle = host->x[1];
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, DRAM, 0), RMI_ERROR_GPT);
	assert_int_equal(reclaim(host, handle, 4), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_ERROR_GLOBAL);
	destroy(host, DRAM);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_SUCCESS);
	host_free(host);

	host = host_active(RMM_DIALECT_BETA3, FLAGS_BETA3 | RMM_FLAG_TABLES_COUNT);
	create(host, DRAM, DRAM);
	fine_by_itself(host, DRAM, DRAM + MB, RMI_MEM_UNDELEGATED);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_COARSE), RMI_ERROR_TRACKING);
	host_free(host);
}

/* The other readings */

static void test_partial(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA3, FLAGS_BETA3 | RMM_FLAG_PARTIAL);
	uint64_t ns = RMI_MEM_UNDELEGATED, handle = begin_create(host, DRAM);

	(void)state;
	donate1(host, handle, pages(host, DRAM, 32, ns));
	expect(host, DONATE | CAN_CANCEL, 0, REQ_TABLE, 0);
	assert_int_equal(donate(host, handle, 1), RMI_SUCCESS);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_FINE), DONATE | CAN_CANCEL);
	handle = host->x[1];
	put(host, 0, pages(host, DRAM + MB, 3, ns));
	put(host, 1, pages(host, DRAM + 2 * MB, 3, ns));
	donate(host, handle, 2);
	expect(host, DONATE | CAN_CANCEL, 0, 64 << 2 | REQ_CONDITIONAL, 0);
	donate(host, handle, 2);
	expect(host, DONATE | CAN_CANCEL, 5, 64 << 2 | REQ_CONDITIONAL, 0);
	assert_int_equal(donate1(host, handle, pages(host, DRAM + 2 * MB + PAGE, 1, ns)),
			 RMI_ERROR_INPUT);
	donate1(host, handle, pages(host, DRAM + 2 * MB + 2 * PAGE, 1, ns));
	expect(host, DONATE | CAN_CANCEL, 1, 64 << 2 | REQ_CONDITIONAL, 0);
	assert_int_equal(call(host, RMI_OP_CANCEL, handle, 0), RECLAIM);
	reclaim(host, handle, 9);
	expect(host, RECLAIM, 0, 0, 0);
	reclaim(host, handle, 9);
	expect(host, RECLAIM, 2, 0, 0);
	assert_int_equal(host_read(host, LIST), pages(host, DRAM + 2 * MB, 3, ns));
	assert_int_equal(host_read(host, LIST + 8), pages(host, DRAM + MB + PAGE, 2, ns));
	reclaim(host, handle, 9);
	expect(host, RMI_ERROR_INPUT, 1, 0, 0);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, DRAM, 0), RECLAIM);
	handle = host->x[1];
	reclaim(host, handle, 9);
	reclaim(host, handle, 9);
	expect(host, RECLAIM, 1, 0, 0);
	assert_int_equal(host_read(host, LIST), pages(host, DRAM, 5, ns));
	host_free(host);
}

static void test_gives_up(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA3, RMM_FLAG_HOST_PAYS | RMM_FLAG_GIVES_UP);
	uint64_t handle, i;

	(void)state;
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_FINE), DONATE | CAN_CANCEL);
	handle = host->x[1];
	for (i = 0; i < 4; i++)
		donate1(host, handle, pages(host, DRAM + i * 256 * KB, 64, RMI_MEM_UNDELEGATED));
	expect(host, RECLAIM, 64, 0, 0);
	reclaim(host, handle, 9);
	expect(host, GO_ON, 1, 0, 0);
	assert_int_equal(rmm_donated(host->rmm), 0);
	assert_int_equal(go_on(host, handle), RMI_BLOCKED);
	assert_int_equal(go_on(host, handle), RMI_ERROR_INPUT);
	fine_by_itself(host, DRAM, DRAM, RMI_MEM_UNDELEGATED);
	host_free(host);
}

static void test_refusal_ends(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA3, FLAGS_BETA3 | RMM_FLAG_REFUSAL_ENDS);
	uint64_t ns = RMI_MEM_UNDELEGATED, handle = begin_create(host, DRAM);

	(void)state;
	/* A page that won't do, with nothing taken before */
	donate1(host, handle, pages(host, 2 * GB, 32, ns));
	expect(host, RECLAIM, 0, 0, 0);
	reclaim(host, handle, 1);
	expect(host, RMI_ERROR_INPUT, 0, 0, 0);

	create(host, DRAM, DRAM);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_FINE), DONATE | CAN_CANCEL);
	handle = host->x[1];
	donate1(host, handle, pages(host, DRAM + MB, 65, ns));
	expect(host, RMI_ERROR_INPUT, 0, 0, 0);		/* the list, not a page */
	donate1(host, handle, pages(host, DRAM + MB, 3, ns));
	put(host, 0, pages(host, DRAM + 2 * MB, 3, ns));
	put(host, 1, pages(host, DRAM + MB, 1, ns));
	donate(host, handle, 2);
	expect(host, RECLAIM, 6, 0, 0);			/* in all */
	reclaim(host, handle, 9);
	expect(host, RMI_ERROR_INPUT, 2, 0, 0);
	assert_int_equal(rmm_donated(host->rmm), 128 * KB);
	host_free(host);
}

static void test_returns_undelegated(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA3,
					RMM_FLAG_HOST_PAYS | RMM_FLAG_RETURNS_UNDELEGATED);

	(void)state;
	fine_by_itself(host, DRAM, DRAM, RMI_MEM_UNDELEGATED);
	assert_int_equal(delegate(host, DRAM + MB, MB), RMI_SUCCESS);
	fine_by_itself(host, 2 * GB, DRAM + MB, RMI_MEM_DELEGATED);
	assert_int_equal(set(host, 2 * GB, 0, RMI_TRACKING_COARSE), RECLAIM);
	assert_int_equal(reclaim(host, host->x[1], 1), RMI_SUCCESS);
	assert_int_equal(host_read(host, LIST), pages(host, DRAM + MB, 256, RMI_MEM_UNDELEGATED));
	assert_int_equal(host->nr_taken, MB);
	host_free(host);
}

/*
 * A host that does everything right, to bring the whole machine up and down again on every kind of
 * RMM. Pages come from a stack, by region, so that a page's state need not be remembered elsewhere.
 */
struct lender {
	struct host *host;
	uint64_t own, own_next;		/* pages of the region itself are free from own_next on */
	uint64_t paid, paid_next;	/* delegated pages are free from paid_next on */
	uint64_t table_next;
};

static uint64_t donate_to(struct lender *l, uint64_t handle, uint64_t req)
{
	struct host *host = l->host;
	uint64_t nr = RMI_DONATE_COUNT(req), status, base;
	bool own = !l->paid_next;

	if (RMI_DONATE_CONTIG(req)) {
		status = donate1(host, handle, pages(host, l->table_next, nr, RMI_MEM_UNDELEGATED));
		if (host->x[1])
			l->table_next += nr * PAGE;
		return status;
	}
	base = own ? l->own_next : l->paid_next;
	status = donate1(host, handle,
			 pages(host, base, nr, own ? RMI_MEM_UNDELEGATED : RMI_MEM_DELEGATED));
	if (own)
		l->own_next += host->x[1] * PAGE;
	else
		l->paid_next += host->x[1] * PAGE;
	return status;
}

static uint64_t reclaim_from(struct lender *l, uint64_t handle)
{
	struct host *host = l->host;
	uint64_t status = reclaim(host, handle, 7), nr = host->x[1], i, desc, base;

	for (i = 0; i < nr; i++) {
		desc = host_read(host, LIST + 8 * i);
		base = desc & 0xffffffffff000;
		if (!(desc >> 62))		/* undelegate it, page by page if need be */
			continue;
		assert_false(host->taken[base / PAGE]);
	}
	return status;
}

/* Carry on with what answered last to its end */
static uint64_t drive(struct lender *l)
{
	struct host *host = l->host;
	uint64_t handle = host->x[1], status = host->x[0], steps = 0;

	while (RMI_RESULT_STATUS(status) == RMI_INCOMPLETE) {
		assert_true(steps++ < 10000);
		if (RMI_RESULT_MEM_REQ(status) == RMI_MEM_REQ_DONATE)
			status = donate_to(l, handle, host->x[2]);
		else if (RMI_RESULT_MEM_REQ(status) == RMI_MEM_REQ_RECLAIM)
			status = reclaim_from(l, handle);
		else
			status = go_on(host, handle);
	}
	return status;
}

static void range_all(struct lender *l, uint64_t fid, uint64_t base, uint64_t top)
{
	while (base < top) {
		call(l->host, fid, base, top);
		assert_int_equal(drive(l), RMI_SUCCESS);
		assert_true(l->host->x[1] > base && l->host->x[1] <= top);
		base = l->host->x[1];
	}
}

static void set_all(struct lender *l, uint64_t region, uint64_t state)
{
	unsigned int tries = 0;

	do {
		if (!l->paid)
			l->own_next = region + 512 * KB;
		else
			l->paid_next = l->paid + ((region / GB - 2) << 20);
		set(l->host, region, 0, state);
		assert_true(tries++ < 2);
	} while (drive(l) == RMI_BLOCKED);
	assert_int_equal(l->host->x[0], RMI_SUCCESS);
	assert_int_equal(rmm_tracking(l->host->rmm, region), state);
}

static void up_and_down(unsigned int dialect, uint64_t flags)
{
	struct host *host = host_up(host_new(dialect, FLAGS_BETA3 | flags));
	struct lender l = { .host = host, .table_next = DRAM };
	uint64_t paid = DRAM + 4 * MB, at;

	call(host, RMI_RMM_ACTIVATE, 0, 0);
	assert_int_equal(drive(&l), RMI_SUCCESS);
	for (at = DRAM; at < 5 * GB; at += GB) {
		call(host, RMI_GPT_L1_CREATE, at, 0);
		assert_int_equal(drive(&l), RMI_SUCCESS);
	}
	l.own_next = DRAM + 512 * KB;
	set_all(&l, DRAM, RMI_TRACKING_FINE);
	range_all(&l, RMI_GRANULE_RANGE_DELEGATE, paid, paid + 3 * MB);
	l.paid = paid;
	for (at = 2 * GB; at < 5 * GB; at += GB)
		set_all(&l, at, RMI_TRACKING_FINE);
	host_check(host);
	assert_int_equal(rmm_donated(host->rmm),
			 4 * MB + (flags & RMM_FLAG_OWN_TABLES ? 0 : 512 * KB));
	assert_int_equal(rmm_delegated(host->rmm), 0);

	for (at = 4 * GB; at >= 2 * GB; at -= GB)
		set_all(&l, at, RMI_TRACKING_COARSE);
	if (!(flags & RMM_FLAG_RETURNS_UNDELEGATED))
		range_all(&l, RMI_GRANULE_RANGE_UNDELEGATE, paid, paid + 3 * MB);
	set_all(&l, DRAM, RMI_TRACKING_COARSE);
	for (at = 4 * GB; at >= GB; at -= GB) {
		call(host, RMI_GPT_L1_DESTROY, at, 0);
		assert_int_equal(drive(&l), RMI_SUCCESS);
	}
	assert_int_equal(host->nr_taken, 0);
	if (dialect == RMM_DIALECT_BETA3) {
		call(host, RMI_RMM_DEACTIVATE, 0, 0);
		assert_int_equal(drive(&l), RMI_SUCCESS);
	}
	host_free(host);
}

static void test_up_and_down(void **state)
{
	static const uint64_t flags[] = {
		RMM_FLAG_PARTIAL, RMM_FLAG_CONTINUES, RMM_FLAG_GIVES_UP, RMM_FLAG_REUSES_HANDLES,
		RMM_FLAG_OWN_TABLES, RMM_FLAG_RETURNS_UNDELEGATED, RMM_FLAG_NO_CANCEL,
	};
	unsigned int dialect, i, k, set;

	(void)state;
	for (dialect = RMM_DIALECT_BETA1; dialect <= RMM_DIALECT_BETA3; dialect++) {
		for (i = 0; i < 1U << 7; i++) {
			for (k = 0, set = 0; k < 7; k++)
				set |= i & 1U << k ? flags[k] : 0;
			up_and_down(dialect, set);
		}
	}
}

/*
 * Anything at all, many times over: whatever is asked, no granule may be in two hands, and the RMM
 * may not reach for one that it was not shown. The fixture's callbacks and the sanitizers look.
 */
static uint64_t random_number(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint64_t pick_address(uint64_t *seed)
{
	static const uint64_t bases[] = { 0, DRAM, DRAM + GB, 3 * GB, 5 * GB, LIST, TB - GB };
	uint64_t r = random_number(seed);

	if (r % 64 == 0)
		return random_number(seed);
	return bases[r / 64 % 7] + (r & 1 << 20 ? r / 1024 % 64 * PAGE : 0);
}

static void random_command(struct host *host, uint64_t *seed, uint64_t *handle)
{
	static const uint32_t fids[] = {
		RMI_GRANULE_TRACKING_GET, RMI_GRANULE_TRACKING_SET, RMI_GRANULE_TRACKING_SET,
		RMI_GRANULE_RANGE_DELEGATE, RMI_GRANULE_RANGE_UNDELEGATE, RMI_GPT_INFO,
		RMI_GPT_L1_CREATE, RMI_GPT_L1_CREATE, RMI_GPT_L1_DESTROY, RMI_OP_CONTINUE,
		RMI_OP_MEM_DONATE, RMI_OP_MEM_DONATE, RMI_OP_MEM_DONATE, RMI_OP_MEM_RECLAIM,
		RMI_OP_MEM_RECLAIM, RMI_OP_CANCEL, RMI_RMM_ACTIVATE, RMI_RMM_DEACTIVATE,
		RMI_RMM_CONFIG_GET, RMI_RMM_CONFIG_SET,
	};
	uint64_t r = random_number(seed), fid = fids[r % 20], base = pick_address(seed), nr;

	switch (fid) {
	case RMI_GRANULE_TRACKING_SET:
		set(host, base, r >> 32 & 3, r >> 40 & 3);
		break;
	case RMI_OP_MEM_DONATE:
		nr = r & 1 << 30 ? 32 : r >> 32 & 63;
		if (!host->taken[LIST / PAGE])
			put(host, 0, pages(host, base & ~(UINT64_C(0x1ffff) * (nr == 32)), nr,
					   r >> 62 & 1));
		donate(host, handle[r >> 16 & 7], r >> 50 & 7 ? 1 : r >> 55 & 3);
		break;
	case RMI_OP_MEM_RECLAIM:
		reclaim(host, handle[r >> 16 & 7], r >> 50 & 7);
		break;
	case RMI_OP_CONTINUE:
	case RMI_OP_CANCEL:
		call(host, fid, handle[r >> 16 & 7], r >> 63);
		break;
	default:
		call(host, fid, base, base + (r >> 30 & 7) * (r & 1 << 29 ? PAGE : GB));
	}
	if (RMI_RESULT_STATUS(host->x[0]) == RMI_INCOMPLETE && fid != RMI_OP_MEM_DONATE &&
	    fid != RMI_OP_MEM_RECLAIM && fid != RMI_OP_CONTINUE && fid != RMI_OP_CANCEL)
		handle[r >> 16 & 7] = host->x[1];
	host_check(host);
}

static void test_random(void **state)
{
	uint64_t seed = 88172645463325252, handle[8] = { 0 }, flags, done = 0;
	unsigned int round, i;
	struct host *host;

	(void)state;
	for (round = 0; round < 200; round++) {
		flags = random_number(&seed) & RMM_FLAGS & ~(uint64_t)RMM_FLAG_ABSENT;
		host = host_new(round % 3, flags);
		add_range(&host->machine.reserved, 3 * GB + 8 * PAGE, PAGE, 0);
		host_up(host);
		for (i = 0; i < 1000; i++)
			random_command(host, &seed, handle);
		done += host->nr_taken;
		host_free(host);
	}
	assert_true(done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_refusals),
		cmocka_unit_test(test_table_beta1_encoding),
		cmocka_unit_test(test_table_sizes),
		cmocka_unit_test(test_table_own),
		cmocka_unit_test(test_table_homogeneous),
		cmocka_unit_test(test_handles),
		cmocka_unit_test(test_handles_reused),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_continues),
		cmocka_unit_test(test_fine),
		cmocka_unit_test(test_fine_refusals),
		cmocka_unit_test(test_set_errors),
		cmocka_unit_test(test_fine_beta1),
		cmocka_unit_test(test_coarse_delegated),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_gives_up),
		cmocka_unit_test(test_refusal_ends),
		cmocka_unit_test(test_returns_undelegated),
		cmocka_unit_test(test_up_and_down),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
