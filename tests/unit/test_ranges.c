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

/* A set whose spans have kinds and payees */
static void put(struct ranges *set, u64 start, u64 end, unsigned int kind, u64 payee)
{
	assert_int_equal(ranges_put(set, (struct span){ start, end, kind, payee }), 0);
}

#define assert_spans(set, ...) do {							\
	const struct span want_[] = { __VA_ARGS__ };					\
	assert_set(set, want_, ARRAY_SIZE(want_));					\
	for (unsigned int i_ = 0; i_ < ARRAY_SIZE(want_); i_++) {			\
		assert_int_equal((set)->at[i_].kind, want_[i_].kind);			\
		assert_int_equal((set)->at[i_].payee, want_[i_].payee);			\
	}										\
} while (0)

static void kinds_are_kept_apart(void **state)
{
	struct ranges set = {};

	(void)state;
	put(&set, 10, 20, 1, 0);
	put(&set, 30, 40, 1, 0);
	put(&set, 20, 25, 2, 0);
	assert_spans(&set, { 10, 20, 1 }, { 20, 25, 2 }, { 30, 40, 1 });
	put(&set, 25, 30, 2, 0);
	assert_spans(&set, { 10, 20, 1 }, { 20, 30, 2 }, { 30, 40, 1 });
	put(&set, 40, 50, 1, 0);
	put(&set, 5, 10, 1, 0);
	assert_spans(&set, { 5, 20, 1 }, { 20, 30, 2 }, { 30, 50, 1 });
	ranges_remove(&set, 15, 22);
	assert_spans(&set, { 5, 15, 1 }, { 22, 30, 2 }, { 30, 50, 1 });
	ranges_remove(&set, 35, 40);
	assert_spans(&set, { 5, 15, 1 }, { 22, 30, 2 }, { 30, 35, 1 }, { 40, 50, 1 });
	put(&set, 35, 40, 1, 0);		/* between two of its kind */
	put(&set, 15, 22, 3, 0);		/* between two of others */
	assert_spans(&set, { 5, 15, 1 }, { 15, 22, 3 }, { 22, 30, 2 }, { 30, 50, 1 });
	assert_int_equal(ranges_bytes(&set), 45);
	ranges_clear(&set);
}

static void payees_are_kept_apart(void **state)
{
	struct ranges set = {};

	(void)state;
	put(&set, 10, 20, 1, 7);
	put(&set, 20, 30, 1, 8);
	put(&set, 30, 40, 2, 8);
	assert_spans(&set, { 10, 20, 1, 7 }, { 20, 30, 1, 8 }, { 30, 40, 2, 8 });
	put(&set, 20, 30, 1, 7);
	assert_spans(&set, { 10, 30, 1, 7 }, { 30, 40, 2, 8 });
	put(&set, 30, 40, 1, 7);
	assert_spans(&set, { 10, 40, 1, 7 });
	ranges_clear(&set);
}

/* What a span is put over is gone, the rest of it stays */
static void put_replaces(void **state)
{
	struct ranges set = {};

	(void)state;
	put(&set, 10, 50, 1, 7);
	put(&set, 20, 30, 2, 8);
	assert_spans(&set, { 10, 20, 1, 7 }, { 20, 30, 2, 8 }, { 30, 50, 1, 7 });
	put(&set, 25, 40, 3, 9);
	assert_spans(&set, { 10, 20, 1, 7 }, { 20, 25, 2, 8 }, { 25, 40, 3, 9 }, { 40, 50, 1, 7 });
	put(&set, 5, 22, 3, 9);
	assert_spans(&set, { 5, 22, 3, 9 }, { 22, 25, 2, 8 }, { 25, 40, 3, 9 }, { 40, 50, 1, 7 });
	put(&set, 22, 60, 3, 9);
	assert_spans(&set, { 5, 60, 3, 9 });
	put(&set, 5, 60, 1, 7);
	assert_spans(&set, { 5, 60, 1, 7 });
	ranges_clear(&set);
}

static void parts(void **state)
{
	struct ranges set = {};
	struct span part;

	(void)state;
	assert_false(ranges_next(&set, 0, 100, &part));
	put(&set, 10, 20, 1, 7);
	put(&set, 20, 30, 2, 7);
	put(&set, 40, 50, 3, 8);
	assert_false(ranges_next(&set, 0, 10, &part));
	assert_false(ranges_next(&set, 30, 40, &part));
	assert_false(ranges_next(&set, 50, 100, &part));
	assert_false(ranges_next(&set, 15, 15, &part));
	assert_false(ranges_next(&set, 15, 14, &part));
	assert_true(ranges_next(&set, 0, 11, &part));
	assert_true(part.start == 10 && part.end == 11 && part.kind == 1 && part.payee == 7);
	assert_true(ranges_next(&set, 12, 100, &part));
	assert_true(part.start == 12 && part.end == 20 && part.kind == 1 && part.payee == 7);
	assert_true(ranges_next(&set, 20, 100, &part));
	assert_true(part.start == 20 && part.end == 30 && part.kind == 2 && part.payee == 7);
	assert_true(ranges_next(&set, 30, 41, &part));
	assert_true(part.start == 40 && part.end == 41 && part.kind == 3 && part.payee == 8);
	ranges_clear(&set);
}

static void has(void **state)
{
	struct ranges set = {};

	(void)state;
	assert_false(ranges_has(&set, 1, 2));
	put(&set, 10, 20, 1, 0);
	put(&set, 20, 30, 2, 0);
	put(&set, 31, 40, 2, 0);
	assert_true(ranges_has(&set, 10, 30));		/* of whatever kind */
	assert_true(ranges_has(&set, 12, 13));
	assert_false(ranges_has(&set, 9, 11));
	assert_false(ranges_has(&set, 29, 32));
	assert_false(ranges_has(&set, 39, 41));
	ranges_clear(&set);
}

/* Ranges count from multiple to multiple, as regions and PARs do */
static void missing(void **state)
{
	struct ranges set = {}, known = {};
	struct span gap;

	(void)state;
	assert_false(ranges_missing(&set, &known, 0, 16, &gap));
	assert_int_equal(ranges_add(&set, 20, 40), 0);
	assert_int_equal(ranges_add(&set, 41, 42), 0);
	assert_int_equal(ranges_add(&set, 100, 101), 0);
	assert_true(ranges_missing(&set, &known, 0, 16, &gap));
	assert_true(gap.start == 16 && gap.end == 48);
	assert_true(ranges_missing(&set, &known, 48, 16, &gap));
	assert_true(gap.start == 96 && gap.end == 112);
	assert_false(ranges_missing(&set, &known, 112, 16, &gap));
	assert_int_equal(ranges_add(&known, 16, 32), 0);
	assert_true(ranges_missing(&set, &known, 0, 16, &gap));
	assert_true(gap.start == 32 && gap.end == 48);
	assert_int_equal(ranges_add(&known, 32, 48), 0);
	assert_true(ranges_missing(&set, &known, 0, 16, &gap));
	assert_true(gap.start == 96 && gap.end == 112);
	assert_int_equal(ranges_add(&known, 96, 112), 0);
	assert_false(ranges_missing(&set, &known, 0, 16, &gap));
	ranges_clear(&set);
	ranges_clear(&known);
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

/* So it is when pages change hands: what has happened must be written down */
static void keep_cannot_fail(void **state)
{
	struct ranges set = {};

	(void)state;
	put(&set, 0, 1000, 1, 0);
	for (unsigned int i = 0; i < 100; i++) {
		world.fail_alloc = 1;
		world.fail_rest = true;
		ranges_keep(&set, (struct span){ 10 * i + 5, 10 * i + 6, 2, i });
		assert_int_equal(set.nr, 2 * i + 3);
		assert_int_equal(ranges_bytes(&set), 1000);
	}
	world.fail_alloc = 0;
	ranges_clear(&set);
}

/* A map with the kind and payee of each place does the same */
static void as_a_map_of_kinds(void **state)
{
	enum { N = 48, ROUNDS = 40000 };
	struct ranges set = {};
	u8 map[N] = {};

	(void)state;
	srand(2);
	for (int round = 0; round < ROUNDS; round++) {
		u64 start = rand() % (N - 1), end = start + 1 + rand() % (N - 1 - start),
		    from = rand() % N, i;
		const unsigned int kind = 1 + rand() % 2, payee = rand() % 2;
		const u8 what = rand() % 4 ? kind << 4 | payee : 0;
		struct span part;

		if (what)
			put(&set, start, end, kind, payee);
		else
			ranges_remove(&set, start, end);
		memset(map + start, what, end - start);
		for (i = 1; i < set.nr; i++)
			assert_true(set.at[i - 1].end < set.at[i].start ||
				    (set.at[i - 1].end == set.at[i].start &&
				     (set.at[i - 1].kind != set.at[i].kind ||
				      set.at[i - 1].payee != set.at[i].payee)));
		for (i = from; i < N && !map[i]; i++)
			;
		assert_int_equal(ranges_next(&set, from, N, &part), i < N);
		if (i == N)
			continue;
		assert_int_equal(part.start, i);
		assert_int_equal(part.kind << 4 | part.payee, map[i]);
		while (i < N && map[i] == (part.kind << 4 | part.payee))
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
		cmocka_unit_test_setup_teardown(kinds_are_kept_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(payees_are_kept_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(put_replaces, setup, teardown),
		cmocka_unit_test_setup_teardown(parts, setup, teardown),
		cmocka_unit_test_setup_teardown(has, setup, teardown),
		cmocka_unit_test_setup_teardown(missing, setup, teardown),
		cmocka_unit_test_setup_teardown(remove_cannot_fail, setup, teardown),
		cmocka_unit_test_setup_teardown(keep_cannot_fail, setup, teardown),
		cmocka_unit_test_setup_teardown(as_a_map_of_kinds, setup, teardown),
	};

	return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
