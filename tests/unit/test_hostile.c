// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile RMM, over machines and events drawn by seed: see tests/fuzz/scenario.c and
 * tests/rmm/hostile.c. SEED=N runs one of them.
 */
#include "../fuzz/scenario.h"

#define SEEDS	8000

static u64 seed;

static void survives_a_hostile_rmm(void **state)
{
	const char *one = getenv("SEED");

	(void)state;
	seed = one ? strtoull(one, NULL, 0) : 1;
	for (; seed <= SEEDS || one; seed++) {
		scenario_by_seed(seed);
		if (one)
			break;
	}
	print_message("hostile: %d seeds, most %llu commands per GB, 0 foreign pages, 0 hung\n",
		      one ? 1 : SEEDS, scenario_seen.commands_per_gb);
	print_message("hostile: %llu commands in all; most %llu answered and %llu ms per GB; "
		      "%llu fresh loads\n",
		      scenario_seen.lies, scenario_seen.answers_per_gb,
		      scenario_seen.ns_per_gb / 1000000, scenario_seen.fresh);
}

static int say_which(void **state)
{
	(void)state;
	print_message("# the last seed was %llu\n", seed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(survives_a_hostile_rmm, say_which),
	};

	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
