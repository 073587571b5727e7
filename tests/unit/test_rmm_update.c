// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model RMM is updated while the host runs: what survives that, and what doesn't. Expectations
 * are typed in by hand.
 */
#include "rmm_fixture.h"

static struct host *host_with_update(enum rmm_dialect dialect, uint64_t flags, uint64_t at)
{
	struct host *host = host_new(dialect, flags);

	host->machine.update_at = at;
	host->machine.update_ns = 150;
	host->machine.update_low = RMI_REVISION(2, 1);
	host->machine.update_high = RMI_REVISION(3, 0);
	host_up(host);
	host_activate(host, RMI_GRANULE_SIZE_4K);
	return host;
}

/* Before its third command: CONFIG_SET and ACTIVATE are the first */
static void test_state_survives(void **state)
{
	struct host *host = host_with_update(RMM_DIALECT_BETA3, 0, 4);

	(void)state;
	assert_int_equal(delegate(host, DRAM, 3 * PAGE), RMI_SUCCESS);
	assert_int_equal(host->delay_ns, 0);
	call(host, RMI_VERSION, RMI_REVISION(2, 0), 0);
	expect(host, RMI_ERROR_INPUT, RMI_REVISION(2, 1), RMI_REVISION(3, 0), 0);
	assert_int_equal(host->delay_ns, 150);
	call(host, RMI_VERSION, RMI_REVISION(2, 1), 0);
	expect(host, RMI_SUCCESS, RMI_REVISION(2, 1), RMI_REVISION(3, 0), 0);
	assert_int_equal(host->delay_ns, 150);
	assert_true(rmm_is_active(host->rmm));
	assert_int_equal(rmm_delegated(host->rmm), 3 * PAGE);
	assert_int_equal(undelegate(host, DRAM, 3 * PAGE), RMI_SUCCESS);
	host_free(host);
}

static void test_before_an_update(void **state)
{
	struct host *host = host_with_update(RMM_DIALECT_BETA3, 0, 4);

	(void)state;
	call(host, RMI_VERSION, RMI_REVISION(2, 0), 0);
	expect(host, RMI_SUCCESS, RMI_REVISION(2, 0), RMI_REVISION(2, 0), 0);
	host_free(host);
	/* Revisions that make no sense */
	host = host_new(RMM_DIALECT_BETA3, 0);
	host->machine.update_low = 2;
	host->machine.update_high = 1;
	assert_false(host_try(host));
	host->machine.update_high = 1ULL << 31;
	assert_false(host_try(host));
	host_free(host);
}

/* An operation that lacks pages is as if it had not begun, and its handle is dead */
static void test_half_paid(void **state)
{
	struct host *host = host_with_update(RMM_DIALECT_BETA3, RMM_FLAG_HOST_PAYS, 5);
	uint64_t handle;

	(void)state;
	set(host, DRAM, 0, RMI_TRACKING_FINE);
	handle = host->x[1];
	donate1(host, handle, pages(host, DRAM, 64, RMI_MEM_UNDELEGATED));
	assert_int_equal(rmm_donated(host->rmm), 64 * PAGE);
	donate1(host, handle, pages(host, DRAM + MB, 64, RMI_MEM_UNDELEGATED));
	expect(host, RMI_ERROR_INPUT, 0, 0, 0);
	assert_int_equal(rmm_donated(host->rmm), 0);
	assert_int_equal(rmm_operations(host->rmm), 0);
	assert_int_equal(rmm_tracking(host->rmm, DRAM), RMI_TRACKING_COARSE);
	host_check(host);
	fine_by_itself(host, DRAM, DRAM, RMI_MEM_UNDELEGATED);
	host_free(host);
}

/* Leaving FINE: as before if nothing has gone back yet, else done */
static void test_half_given_back(void **state)
{
	struct host *host;

	(void)state;
	for (unsigned int given = 0; given < 2; given++) {
		/* CONFIG_SET, ACTIVATE, and five to make it FINE; then SET, and RECLAIM */
		host = host_with_update(RMM_DIALECT_BETA3, RMM_FLAG_HOST_PAYS, 9 + given);
		fine_by_itself(host, DRAM, DRAM, RMI_MEM_UNDELEGATED);
		assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_COARSE), RECLAIM);
		/* A list without room takes nothing, and is a reclaim */
		if (given)
			assert_int_equal(reclaim(host, host->x[1], 0), RECLAIM);
		assert_int_equal(reclaim(host, 0x100, 4), RMI_ERROR_INPUT);
		assert_int_equal(rmm_tracking(host->rmm, DRAM),
				 given ? RMI_TRACKING_COARSE : RMI_TRACKING_FINE);
		assert_int_equal(rmm_donated(host->rmm), given ? 0 : MB);
		assert_int_equal(rmm_operations(host->rmm), 0);
		host_free(host);
	}
}

/* One that has all that it needs is done */
static void test_paid(void **state)
{
	struct host *host = host_with_update(RMM_DIALECT_AUTUMN, 0, 5);

	(void)state;
	set(host, DRAM, 0, RMI_TRACKING_FINE);
	donate1(host, host->x[1], pages(host, DRAM, 128, RMI_MEM_UNDELEGATED));
	assert_int_equal(rmm_tracking(host->rmm, DRAM), RMI_TRACKING_COARSE);
	go_on(host, 0);
	assert_int_equal(host->x[0], RMI_ERROR_INPUT);
	assert_int_equal(rmm_tracking(host->rmm, DRAM), RMI_TRACKING_FINE);
	assert_int_equal(rmm_donated(host->rmm), 128 * PAGE);
	host_free(host);
}

/* One that sticks keeps its region, and all that it has */
static void test_sticks(void **state)
{
	struct host *host = host_with_update(RMM_DIALECT_BETA3,
					     RMM_FLAG_HOST_PAYS | RMM_FLAG_UPDATE_STICKS, 5);

	(void)state;
	set(host, DRAM, 0, RMI_TRACKING_FINE);
	donate1(host, host->x[1], pages(host, DRAM, 64, RMI_MEM_UNDELEGATED));
	call(host, RMI_GRANULE_TRACKING_GET, DRAM, 2 * GB);
	expect(host, RMI_SUCCESS, 0, RMI_TRACKING_INTERMEDIATE, 2 * GB);
	assert_int_equal(set(host, DRAM, 0, RMI_TRACKING_FINE), RMI_BLOCKED);
	assert_int_equal(rmm_donated(host->rmm), 64 * PAGE);
	assert_int_equal(rmm_operations(host->rmm), 0);
	host_free(host);
}

static void test_tables(void **state)
{
	const uint64_t flags = RMM_FLAG_HOST_TABLES;
	struct host *host = host_with_update(RMM_DIALECT_BETA3, flags, 4);
	uint64_t handle;

	(void)state;
	/* Without memory it hasn't begun */
	handle = begin_create(host, DRAM);
	donate1(host, handle, pages(host, DRAM, 32, RMI_MEM_UNDELEGATED));
	expect(host, RMI_ERROR_INPUT, 0, 0, 0);
	assert_int_equal(rmm_par(host->rmm, DRAM), RMI_PAR_HOST_NOT_CREATED);
	create(host, DRAM, DRAM);
	host_free(host);
	/* What is being destroyed is gone */
	host = host_with_update(RMM_DIALECT_BETA3, flags, 6);
	create(host, DRAM, DRAM);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, DRAM, 0), RECLAIM);
	assert_int_equal(reclaim(host, host->x[1], 4), RMI_ERROR_INPUT);
	assert_int_equal(rmm_par(host->rmm, DRAM), RMI_PAR_HOST_NOT_CREATED);
	assert_int_equal(rmm_donated(host->rmm), 0);
	host_free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_survives),
		cmocka_unit_test(test_before_an_update),
		cmocka_unit_test(test_half_paid),
		cmocka_unit_test(test_half_given_back),
		cmocka_unit_test(test_paid),
		cmocka_unit_test(test_sticks),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests_name("rmm_update", tests, NULL, NULL);
}
