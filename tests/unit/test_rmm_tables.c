// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model RMM's protection tables, the memory that is lent for them, and what all stateful
 * operations have in common. Expectations are typed in by hand.
 */
#include "rmm_fixture.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
