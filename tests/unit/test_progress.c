// SPDX-License-Identifier: GPL-2.0-only
/* A walk over much memory: what it says meanwhile, and what becomes of it when it is told to end */
#include "module_fixture.h"

#define TB	(1024 * GB)

static u64 smc_ns;	/* each command takes so long */
static u64 kill_after;	/* commands; 0: never */

static void slow(u64 x[5])
{
	world.now_ns += smc_ns;
	if (kill_after && !--kill_after)
		world.killed = true;
}

static void make_slow(enum rmm_dialect dialect, u64 flags, u64 ns)
{
	describe(dialect);
	machine.flags = flags;
	machine.memory.at[0] = (struct rmm_range){ GB, TB, RMI_MEM_CATEGORY_CONVENTIONAL };
	machine.pps = 4;
	world_make(&machine, 12);
	world_ram(GB, GB + TB, true);
	smc_ns = ns;
	kill_after = 0;
	world.smc = slow;
}

static unsigned int lines_with(const char *text)
{
	unsigned int n = 0;

	for (const char *p = world.log; (p = strstr(p, text)); p++)
		n++;
	return n;
}

static void quick_walk_says_nothing(void **state)
{
	(void)state;
	make_slow(RMM_DIALECT_BETA3, HOST_PAYS, 0);
	load();
	assert_available(TB);
	assert_int_equal(lines_with(" of 1 TiB"), 0);
	unload();
}

static void slow_walk_tells_how_far_it_is(void **state)
{
	(void)state;
	/* 1024 regions and PARs of 9 commands each: 92 s */
	make_slow(RMM_DIALECT_BETA3, HOST_PAYS, 10000000);
	load();
	assert_available(TB);
	assert_in_range(lines_with(" of 1 TiB"), 7, 10);
	/* a question for each GB, every 10 ms: the first one that ends after 2 s */
	assert_non_null(strstr(world.log, "looked for level 1 tables of 201 GiB of 1 TiB\n"));
	assert_non_null(strstr(world.log, "made level 1 tables for "));
	/* the first one alone, then many at a time */
	assert_non_null(strstr(world.log, "covered 129 GiB of 1 TiB\n"));
	unload();
	/* one that is only asked */
	make_slow(RMM_DIALECT_PUBLIC, 0, 3000000);
	load();
	assert_available(TB);
	assert_in_range(lines_with(" of 1 TiB"), 1, 1);
	unload();
}

/* Wherever it is killed, insmod fails and everything comes back */
static void killed_walk_gives_everything_back(void **state)
{
	const u64 when[] = { 1, 100, 1500, 4000, 9000 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(when); i++) {
		make_slow(RMM_DIALECT_BETA3, HOST_PAYS, 0);
		kill_after = when[i];
		assert_int_equal(shim_module_init(), -EINTR);
		assert_non_null(strstr(world.log, "not available: interrupted (by a signal"));
		assert_int_equal(rmm_donated(world.rmm), 0);
		assert_int_equal(rmm_delegated(world.rmm), 0);
		world_end();
	}
}

/* A hot-add as well; but not one who is asked to give up memory, or is asked for it by others */
static void killed_hot_add_is_refused(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	load();
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
	world.killed = true;
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), -EINTR);
	assert_available(GB);
	world.killed = false;
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	world.killed = true;
	assert_int_equal(world_offline(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_available(GB);
	unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quick_walk_says_nothing),
		cmocka_unit_test(slow_walk_tells_how_far_it_is),
		cmocka_unit_test(killed_walk_gives_everything_back),
		cmocka_unit_test(killed_hot_add_is_refused),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
