// SPDX-License-Identifier: GPL-2.0-only
#include "../../src/ranges.h"
#include "world.h"

static int setup(void **state)
{
	(void)state;
	world_make(NULL, 12);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_end();
	return 0;
}

static void assert_set(const struct ranges *set, const struct span *want, unsigned int nr)
{
	unsigned int i;

	assert_int_equal(set->nr, nr);
	for (i = 0; i < nr; i++) {
		assert_int_equal(set->at[i].start, want[i].start);
		assert_int_equal(set->at[i].end, want[i].end);
	}
}

#define assert_ranges(set, ...) do {							\
	const struct span want_[] = { __VA_ARGS__ };					\
	assert_set(set, want_, ARRAY_SIZE(want_));					\
} while (0)

static void add_sorts_and_merges(void **state)
{
	struct ranges set = {};

	(void)state;
	assert_int_equal(ranges_add(&set, 50, 60), 0);
	assert_int_equal(ranges_add(&set, 10, 20), 0);
	assert_int_equal(ranges_add(&set, 30, 40), 0);
	assert_ranges(&set, { 10, 20 }, { 30, 40 }, { 50, 60 });
	assert_int_equal(ranges_add(&set, 20, 30), 0);		/* touches both neighbours */
	assert_ranges(&set, { 10, 40 }, { 50, 60 });
	assert_int_equal(ranges_add(&set, 12, 15), 0);		/* inside */
	assert_ranges(&set, { 10, 40 }, { 50, 60 });
	assert_int_equal(ranges_add(&set, 5, 55), 0);		/* overlaps all */
	assert_ranges(&set, { 5, 60 });
	assert_int_equal(ranges_bytes(&set), 55);
	ranges_clear(&set);
	assert_int_equal(ranges_bytes(&set), 0);
}

static void remove_splits_and_trims(void **state)
{
	struct ranges set = {};

	(void)state;
	ranges_remove(&set, 0, 100);
	assert_int_equal(ranges_add(&set, 10, 90), 0);
	ranges_remove(&set, 40, 50);
	assert_ranges(&set, { 10, 40 }, { 50, 90 });
	ranges_remove(&set, 0, 10);
	ranges_remove(&set, 40, 50);
	ranges_remove(&set, 90, 95);
	assert_ranges(&set, { 10, 40 }, { 50, 90 });
	ranges_remove(&set, 30, 60);
	assert_ranges(&set, { 10, 30 }, { 60, 90 });
	ranges_remove(&set, 5, 25);
	assert_ranges(&set, { 25, 30 }, { 60, 90 });
	ranges_remove(&set, 25, 90);
	assert_int_equal(set.nr, 0);
	ranges_clear(&set);
}

static void gaps(void **state)
{
	struct ranges set = {};
	struct span gap;

	(void)state;
	assert_true(ranges_gap(&set, 5, 9, &gap));
	assert_int_equal(gap.start, 5);
	assert_int_equal(gap.end, 9);
	assert_int_equal(ranges_add(&set, 10, 20), 0);
	assert_int_equal(ranges_add(&set, 30, 40), 0);
	assert_true(ranges_gap(&set, 0, 100, &gap));
	assert_int_equal(gap.start, 0);
	assert_int_equal(gap.end, 10);
	assert_true(ranges_gap(&set, 10, 100, &gap));
	assert_int_equal(gap.start, 20);
	assert_int_equal(gap.end, 30);
	assert_true(ranges_gap(&set, 15, 25, &gap));
	assert_int_equal(gap.start, 20);
	assert_int_equal(gap.end, 25);
	assert_true(ranges_gap(&set, 20, 30, &gap));
	assert_int_equal(gap.start, 20);
	assert_int_equal(gap.end, 30);
	assert_true(ranges_gap(&set, 39, 41, &gap));
	assert_int_equal(gap.start, 40);
	assert_int_equal(gap.end, 41);
	assert_false(ranges_gap(&set, 10, 20, &gap));
	assert_false(ranges_gap(&set, 31, 33, &gap));
	ranges_clear(&set);
}

/* A bitmap does the same in the plainest way */
static void as_a_bitmap(void **state)
{
	enum { N = 64, ROUNDS = 20000 };
	struct ranges set = {};
	bool map[N] = {};

	(void)state;
	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		u64 start = rand() % (N - 1), end = start + 1 + rand() % (N - 1 - start),
		    from = rand() % N, sum = 0, i;
		bool put = rand() & 1;
		struct span gap;

		if (put)
			assert_int_equal(ranges_add(&set, start, end), 0);
		else
			ranges_remove(&set, start, end);
		for (i = start; i < end; i++)
			map[i] = put;
		for (i = 0; i < N; i++)
			sum += map[i];
		assert_int_equal(ranges_bytes(&set), sum);
		for (i = 1; i < set.nr; i++)
			assert_true(set.at[i - 1].end < set.at[i].start);
		for (i = from; i < N && map[i]; i++)
			;
		assert_int_equal(ranges_gap(&set, from, N, &gap), i < N);
		if (i < N) {
			assert_int_equal(gap.start, i);
			while (i < N && !map[i])
				i++;
			assert_int_equal(gap.end, i);
		}
	}
	ranges_clear(&set);
}

static void add_without_memory_changes_nothing(void **state)
{
	struct ranges set = {};
	int i, failed = 0;

	(void)state;
	for (i = 0; i < 20; i++) {
		u64 before = ranges_bytes(&set);

		world.fail_alloc = 1;
		if (ranges_add(&set, 100 * i, 100 * i + 50)) {
			failed++;
			assert_int_equal(ranges_bytes(&set), before);
			world.fail_alloc = 0;
			assert_int_equal(ranges_add(&set, 100 * i, 100 * i + 50), 0);
		}
		assert_int_equal(ranges_bytes(&set), before + 50);
	}
	assert_true(failed > 2);
	world.fail_alloc = 0;
	ranges_clear(&set);
}

#define assert_owned(set, ...) do {							\
	const struct span want_[] = { __VA_ARGS__ };					\
	assert_set(set, want_, ARRAY_SIZE(want_));					\
	for (unsigned int i_ = 0; i_ < ARRAY_SIZE(want_); i_++)				\
		assert_int_equal((set)->at[i_].owner, want_[i_].owner);			\
} while (0)

static void owners_are_kept_apart(void **state)
{
	struct ranges set = {};

	(void)state;
	assert_int_equal(ranges_add_owned(&set, 10, 20, 1), 0);
	assert_int_equal(ranges_add_owned(&set, 30, 40, 1), 0);
	assert_int_equal(ranges_add_owned(&set, 20, 25, 2), 0);
	assert_owned(&set, { 10, 20, 1 }, { 20, 25, 2 }, { 30, 40, 1 });
	assert_int_equal(ranges_add_owned(&set, 25, 30, 2), 0);
	assert_owned(&set, { 10, 20, 1 }, { 20, 30, 2 }, { 30, 40, 1 });
	assert_int_equal(ranges_add_owned(&set, 40, 50, 1), 0);
	assert_int_equal(ranges_add_owned(&set, 5, 10, 1), 0);
	assert_owned(&set, { 5, 20, 1 }, { 20, 30, 2 }, { 30, 50, 1 });
	ranges_remove(&set, 15, 22);
	assert_owned(&set, { 5, 15, 1 }, { 22, 30, 2 }, { 30, 50, 1 });
	ranges_remove(&set, 35, 40);
	assert_owned(&set, { 5, 15, 1 }, { 22, 30, 2 }, { 30, 35, 1 }, { 40, 50, 1 });
	assert_int_equal(ranges_add_owned(&set, 35, 40, 1), 0);		/* between two of its own */
	assert_int_equal(ranges_add_owned(&set, 15, 22, 3), 0);		/* between two of others */
	assert_owned(&set, { 5, 15, 1 }, { 15, 22, 3 }, { 22, 30, 2 }, { 30, 50, 1 });
	assert_int_equal(ranges_bytes(&set), 45);
	ranges_clear(&set);
}

static void parts(void **state)
{
	struct ranges set = {};
	struct span part;

	(void)state;
	assert_false(ranges_next(&set, 0, 100, &part));
	assert_int_equal(ranges_add_owned(&set, 10, 20, 1), 0);
	assert_int_equal(ranges_add_owned(&set, 20, 30, 2), 0);
	assert_int_equal(ranges_add_owned(&set, 40, 50, 3), 0);
	assert_false(ranges_next(&set, 0, 10, &part));
	assert_false(ranges_next(&set, 30, 40, &part));
	assert_false(ranges_next(&set, 50, 100, &part));
	assert_false(ranges_next(&set, 15, 15, &part));
	assert_false(ranges_next(&set, 15, 14, &part));
	assert_true(ranges_next(&set, 0, 11, &part));
	assert_true(part.start == 10 && part.end == 11 && part.owner == 1);
	assert_true(ranges_next(&set, 12, 100, &part));
	assert_true(part.start == 12 && part.end == 20 && part.owner == 1);
	assert_true(ranges_next(&set, 20, 100, &part));
	assert_true(part.start == 20 && part.end == 30 && part.owner == 2);
	assert_true(ranges_next(&set, 30, 41, &part));
	assert_true(part.start == 40 && part.end == 41 && part.owner == 3);
	ranges_clear(&set);
}

/* A removal splits a range, which needs room; who gives pages back has no way back */
static void remove_cannot_fail(void **state)
{
	struct ranges set = {};

	(void)state;
	assert_int_equal(ranges_add(&set, 0, 1000), 0);
	for (unsigned int i = 0; i < 100; i++) {
		world.fail_alloc = 1;
		ranges_remove(&set, 10 * i + 5, 10 * i + 6);
		assert_int_equal(set.nr, i + 2);
		assert_int_equal(ranges_bytes(&set), 999 - i);
	}
	world.fail_alloc = 0;
	ranges_clear(&set);
}

/* A map with the owner of each place does the same; owners hold different places */
static void as_a_map_of_owners(void **state)
{
	enum { N = 48, ROUNDS = 20000 };
	struct ranges set = {};
	u8 map[N] = {};

	(void)state;
	srand(2);
	for (int round = 0; round < ROUNDS; round++) {
		u64 start = rand() % (N - 1), end = start + 1 + rand() % (N - 1 - start),
		    from = rand() % N, i;
		const u8 owner = 1 + rand() % 3;
		bool free = true;
		struct span part;

		for (i = start; i < end; i++)
			free &= !map[i] || map[i] == owner;
		if (free)
			assert_int_equal(ranges_add_owned(&set, start, end, owner), 0);
		else
			ranges_remove(&set, start, end);
		memset(map + start, free ? owner : 0, end - start);
		for (i = 1; i < set.nr; i++)
			assert_true(set.at[i - 1].end < set.at[i].start ||
				    (set.at[i - 1].end == set.at[i].start &&
				     set.at[i - 1].owner != set.at[i].owner));
		for (i = from; i < N && !map[i]; i++)
			;
		assert_int_equal(ranges_next(&set, from, N, &part), i < N);
		if (i == N)
			continue;
		assert_int_equal(part.start, i);
		assert_int_equal(part.owner, map[i]);
		while (i < N && map[i] == part.owner)
			i++;
		assert_int_equal(part.end, i);
	}
	ranges_clear(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(add_sorts_and_merges, setup, teardown),
		cmocka_unit_test_setup_teardown(remove_splits_and_trims, setup, teardown),
		cmocka_unit_test_setup_teardown(gaps, setup, teardown),
		cmocka_unit_test_setup_teardown(as_a_bitmap, setup, teardown),
		cmocka_unit_test_setup_teardown(add_without_memory_changes_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(owners_are_kept_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(parts, setup, teardown),
		cmocka_unit_test_setup_teardown(remove_cannot_fail, setup, teardown),
		cmocka_unit_test_setup_teardown(as_a_map_of_owners, setup, teardown),
	};

	return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
