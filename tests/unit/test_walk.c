// SPDX-License-Identifier: GPL-2.0-only
/* Passes over objects that an RMM defers: patience, and what ends a walk */
#include "../../src/walk.h"
#include "module_fixture.h"

static int open_walk(void **state)
{
	(void)state;
	world_make(NULL, 12);
	walk_set_released(false);
	walk_open(WALK_UNDO, 100);
	return 0;
}

static int close_walk(void **state)
{
	(void)state;
	world_end();
	return 0;
}

static u64 ms_since(u64 ns)
{
	return (world.now_ns - ns) / 1000000;
}

static void all_is_done_in_one_pass(void **state)
{
	struct verdict why;

	(void)state;
	assert_int_equal(walk_ms(), 1);
	walk_note(0);
	walk_note(-EIO);		/* a refusal is an answer */
	assert_false(walk_again());
	assert_int_equal(walk_end(&why), 0);
	assert_int_equal(world.slept_ns, 0);
}

/* As long as passes bring something, there is neither a pause nor an end */
static void progress_renews_the_patience(void **state)
{
	struct verdict why;

	(void)state;
	for (unsigned int pass = 0; pass < 1000; pass++) {
		walk_note(-ETIMEDOUT);
		world.now_ns += 90 * 1000000;
		walk_note(0);
		assert_true(walk_again());
	}
	assert_int_equal(world.slept_ns, 0);
	walk_note(0);
	assert_false(walk_again());
	assert_int_equal(walk_end(&why), 0);
}

/* A pass that brought nothing is followed by a pause, and that for no longer than the patience */
static void patience_has_an_end(void **state)
{
	struct verdict why;
	unsigned int passes = 1;
	u64 begin;

	(void)state;
	walk_note(0);
	begin = world.now_ns;
	walk_note(-ETIMEDOUT);
	while (walk_again()) {
		passes++;
		walk_note(-ETIMEDOUT);
	}
	assert_in_range(ms_since(begin), 99, 110);
	/* by pauses alone: the first pass had brought something */
	assert_int_equal(world.slept_ns, (passes - 2) * 2000000ULL);
	assert_int_equal(walk_end(&why), -ETIMEDOUT);
	/* the next walk has its own */
	walk_open(WALK_MAKE, 100);
	walk_note(-ETIMEDOUT);
	assert_true(walk_again());
}

/* A pass over many deferred objects must not wait a millisecond for each */
static void deferred_ones_are_tried_once(void **state)
{
	(void)state;
	assert_int_equal(walk_ms(), 1);
	walk_note(-ETIMEDOUT);
	assert_int_equal(walk_ms(), 0);
	walk_note(-EBUSY);
	assert_int_equal(walk_ms(), 0);
	walk_note(0);
	assert_int_equal(walk_ms(), 1);
	walk_note(-ETIMEDOUT);
	assert_true(walk_again());
	assert_int_equal(walk_ms(), 1);
}

/* ... and two of them with nothing done in between are enough, whatever the patience */
static void two_operations_in_a_row(void **state)
{
	(void)state;
	walk_note(-EBUSY);
	walk_note(-ETIMEDOUT);
	assert_false(walk_is_over());
	walk_note(-EBUSY);
	assert_true(walk_is_over());
	assert_false(walk_again());
}

/* Operations that remain unfinished hold the few that an RMM can have */
static void one_operation_after_the_patience(void **state)
{
	(void)state;
	walk_note(-EBUSY);
	assert_false(walk_is_over());
	walk_note(0);
	walk_note(-EBUSY);
	assert_false(walk_is_over());
	world.now_ns += 101 * 1000000;
	walk_note(-ETIMEDOUT);
	assert_false(walk_is_over());		/* none was begun */
	walk_note(-EBUSY);
	assert_true(walk_is_over());
	assert_false(walk_again());
}

/* A release ends what makes something, and nothing that undoes */
static void release_ends_what_makes(void **state)
{
	struct verdict why;

	(void)state;
	walk_set_released(true);
	assert_true(walk_is_released());
	walk_note(-ETIMEDOUT);
	assert_false(walk_is_over());
	assert_true(walk_again());
	walk_open(WALK_MAKE, 100);
	walk_note(-ETIMEDOUT);
	assert_true(walk_is_over());
	assert_false(walk_again());
	assert_int_equal(walk_end(&why), -ESHUTDOWN);
	assert_int_equal(why.reason, REASON_RELEASED);
}

static void latch_ends_any_walk(void **state)
{
	struct verdict why;

	(void)state;
	walk_note(-ETIMEDOUT);
	walk_note(rmi_latch("a lie"));
	assert_true(walk_is_over());
	assert_false(walk_again());
	assert_int_equal(walk_end(&why), -EPROTO);
	assert_int_equal(why.reason, REASON_BAD_ANSWER);
	assert_string_equal(why.detail, "a lie");
}

static void signal_ends_who_may_be_killed(void **state)
{
	static struct span span = { .start = GB, .end = 2 * GB };
	const struct ranges ram = { .at = &span, .nr = 1 };
	struct verdict why;

	(void)state;
	world.killed = true;
	assert_false(walk_is_over());
	walk_open(WALK_MAKE, 100);
	assert_false(walk_is_over());
	assert_int_equal(walk_tick("asked about", &ram, GB, &why), 0);
	walk_open(WALK_MAKE_KILLABLE, 100);
	walk_note(-ETIMEDOUT);
	assert_false(walk_again());
	assert_int_equal(walk_tick("asked about", &ram, GB, &why), -EINTR);
	assert_int_equal(walk_end(&why), -EINTR);
	assert_int_equal(why.reason, REASON_INTERRUPTED);
}

#define test(name)	cmocka_unit_test_setup_teardown(name, open_walk, close_walk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(all_is_done_in_one_pass),
		test(progress_renews_the_patience),
		test(patience_has_an_end),
		test(deferred_ones_are_tried_once),
		test(one_operation_after_the_patience),
		test(two_operations_in_a_row),
		test(release_ends_what_makes),
		test(latch_ends_any_walk),
		test(signal_ends_who_may_be_killed),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
