// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model RMM's changes of tracking and the metadata that is lent for them, and the ways in
 * which RMMs differ about it. Expectations are typed in by hand.
 */
#include "rmm_fixture.h"

/* Changes of tracking */

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
	/* A page that won't do, with nothing taken before: another may */
	donate1(host, handle, pages(host, 2 * GB, 32, ns));
	expect(host, RMI_ERROR_INPUT, 0, 0, 0);
	donate1(host, handle, pages(host, DRAM, 32, ns));
	expect(host, RMI_SUCCESS, 32, 0, 0);

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
