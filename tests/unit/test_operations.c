// SPDX-License-Identifier: GPL-2.0-only
/* A stateful operation's turns, and its end */
#include "operation_fixture.h"

/* Turns ---------------------------------------------------------------------------------------- */

static void operation_is_continued(void **state)
{
	const struct answer steps[] = {
		{ { INCOMPLETE | CANCELLABLE, 0x77 } },
		{ { INCOMPLETE, 0x99, 0x99 } },
		{ { 10 }, 5 },
		{ { INCOMPLETE | WANTS | GIVES } },	/* there is no such wish */
		{ { 0, 0x80000000, 1 } },
	};
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(steps, &r), 0);
	assert_int_equal(r.x[1], 0x80000000);
	assert_int_equal(r.x[2], 1);
	assert_int_equal(nr_asked, 9);
	for (int i = 1; i < 9; i++) {
		assert_int_equal(asked[i][0], RMI_OP_CONTINUE);
		assert_int_equal(asked[i][1], 0x77);	/* from the first answer, not the second */
		assert_int_equal(asked[i][2], 0);
	}
	assert_int_equal(world.lines, 0);
}

/* So many turns, and it is left for now; the next one that begins it goes on with it */
static void operation_without_end(void **state)
{
	const struct answer endless[] = { { { INCOMPLETE, 0x77 }, FOREVER } };
	const struct answer end[] = { { { INCOMPLETE }, 3 }, { { 0 } } };
	const unsigned int turns = 4 * (GB >> 12) + 1024;
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(endless, &r), -EBUSY);
	assert_int_equal(nr_asked, turns + 1);
	assert_non_null(
		strstr(world.log, "RMI_GRANULE_TRACKING_SET 0x40000000 remains unfinished"));
	assert_int_equal(nr_unfinished(), 1);
	assert_int_equal(world.module_refs, 1);
	assert_int_equal(run(endless, &r), -EBUSY);
	assert_int_equal(world.module_refs, 1);
	assert_int_equal(run(end, &r), 0);
	assert_calls(CALLS(RMI_OP_CONTINUE, RMI_OP_CONTINUE, RMI_OP_CONTINUE, RMI_OP_CONTINUE));
	assert_int_equal(asked[0][1], 0x77);
	assert_int_equal(nr_unfinished(), 0);
	assert_int_equal(world.module_refs, 0);
}

/* Not by the size of the address space, which an RMM that never ends would go through for days */
static void turns_are_as_many_as_granules(void **state)
{
	static const struct {
		enum ledger_kind kind;
		u64 size, granules;
	} work[] = { { LEDGER_TABLE, 512 * GB, 32768 }, { LEDGER_TABLE, GB, 64 },
		     { LEDGER_RMM, 1ULL << 48, 16384 }, { LEDGER_REGION, 2 * MB, 512 } };
	const struct answer endless[] = { { { INCOMPLETE, 0x77 }, FOREVER } };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(work); i++) {
		struct payer p = { .kind = work[i].kind, .size = work[i].size, .limit = MB };
		struct rmi_regs r = { .x = { BEGIN, i } };

		say(endless);
		assert_int_equal(sro_run(&r, &p, 1000), -EBUSY);
		assert_int_equal(nr_asked, 1 + 4 * work[i].granules + 1024);
	}
}

/* One that pauses after each granule of its region, four times, is healthy */
static void many_turns_are_healthy(void **state)
{
	const struct answer slow[] = { { { INCOMPLETE, 0x77 }, 4 * (GB >> 12) }, { { 0 } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(slow, &r), 0);
	assert_int_equal(nr_unfinished(), 0);
}

static void busy_leaves_it_unfinished(void **state)
{
	const struct answer busy[] = { { { INCOMPLETE, 0x77 } }, { { 10 }, FOREVER } };
	const struct answer end[] = { { { 0 } } };
	const u64 begin = world.now_ns;
	struct rmi_regs r;

	(void)state;
	assert_int_equal(shim_set_timeout_ms("100"), 0);
	world.fail_alloc = 2; /* the first was the list's: no memory for the handle, and yet */
	world.fail_rest = true;
	assert_int_equal(run(busy, &r), -EBUSY);
	world.fail_alloc = 0;
	assert_in_range(world.now_ns - begin, 100000000, 101000000);
	assert_int_equal(nr_unfinished(), 1);
	assert_int_equal(run(end, &r), 0);
	assert_calls(CALLS(RMI_OP_CONTINUE));
	assert_int_equal(asked[0][1], 0x77);
}

/* As the RMM has given it up: nothing goes to that handle any more, and the command begins anew */
static void blocked_ends_an_operation(void **state)
{
	const struct answer blocked[] = { { { INCOMPLETE, 0x77 } }, { { INCOMPLETE }, 500 },
					  { { 14 } } };
	const struct answer anew[] = { { { INCOMPLETE, 0x78 } }, { { 0, 0x80000000, 1 } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(blocked, &r), -ETIMEDOUT);
	assert_int_equal(nr_asked, 502);
	assert_int_equal(nr_unfinished(), 0);
	assert_int_equal(run(anew, &r), 0);
	assert_calls(CALLS(BEGIN, RMI_OP_CONTINUE));
	assert_int_equal(asked[1][1], 0x78);
}

static void begun_in_vain(void **state)
{
	const struct answer busy[] = { { { 10 }, FOREVER } }, blocked[] = { { { 14 }, FOREVER } };
	const struct answer unknown[] = { { { -1ULL } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(unknown, &r), -EOPNOTSUPP);
	assert_int_equal(run(busy, &r), -ETIMEDOUT);
	assert_int_equal(run(blocked, &r), -ETIMEDOUT);
	assert_int_equal(nr_unfinished(), 0);
}

/* Cancel --------------------------------------------------------------------------------------- */

static void cancelled_for_want_of_stock(void **state)
{
	const struct answer wants[] = { { { INCOMPLETE | WANTS | CANCELLABLE, 0x77, PAGES(3) } } };
	const struct answer ends[] = { { { INCOMPLETE } }, { { 1 } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(wants, &r), -ENOMEM);
	assert_int_equal(cancel(ends), 0);
	assert_calls(CALLS(RMI_OP_CANCEL, RMI_OP_CONTINUE));
	assert_int_equal(asked[0][1], 0x77);
	assert_int_equal(payer.lent, 0);
	assert_int_equal(nr_unfinished(), 0);
	assert_int_equal(world.module_refs, 0);
	assert_int_equal(cancel(ends), -ENOENT);
	assert_int_equal(nr_asked, 0);
}

/* What was to be made is made after all */
static void too_late_to_cancel(void **state)
{
	const struct answer wants[] = { { { INCOMPLETE | WANTS, 0x77, PAGES(1) } },
					{ { INCOMPLETE | WANTS | CANCELLABLE, 1, PAGES(200) } } };
	const struct answer ends[] = { { { INCOMPLETE } }, { { 0 } } };
	struct rmi_regs r;

	(void)state;
	stock();
	assert_int_equal(run(wants, &r), -ENOMEM);
	assert_int_equal(payer.lent, PAGE_SIZE);
	assert_int_equal(cancel(ends), 0);
	assert_int_equal(payer.lent, PAGE_SIZE);
	assert_false(rmi_latched(NULL));
}

static void cannot_be_cancelled(void **state)
{
	const struct answer wants[] = { { { INCOMPLETE | WANTS, 0x77, PAGES(3) } } };
	const struct answer again[] = { { { INCOMPLETE | WANTS, 0x77, PAGES(3) } } };
	const struct answer polite[] = { { { INCOMPLETE | WANTS | CANCELLABLE, 0x77, PAGES(3) } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(wants, &r), -ENOMEM);
	assert_int_equal(cancel(wants), -EBUSY);
	assert_int_equal(nr_asked, 0);
	assert_int_equal(nr_unfinished(), 1);
	sro_forget();
	assert_int_equal(nr_unfinished(), 0);
	/* one that wants the same again after it was cancelled has not understood */
	assert_int_equal(run(polite, &r), -ENOMEM);
	assert_int_equal(cancel(again), -EBUSY);
	assert_calls(CALLS(RMI_OP_CANCEL));
	assert_int_equal(nr_unfinished(), 1);
	assert_int_equal(cancel(again), -EBUSY);
	assert_int_equal(nr_asked, 0);
}

/* The handle may be somebody else's by then */
static void blocked_cancel_is_the_end(void **state)
{
	const struct answer wants[] = { { { INCOMPLETE | WANTS | CANCELLABLE, 0x77, PAGES(3) } } };
	const struct answer blocked[] = { { { 14 } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(wants, &r), -ENOMEM);
	assert_int_equal(cancel(blocked), 0);
	assert_calls(CALLS(RMI_OP_CANCEL));
	assert_int_equal(nr_unfinished(), 0);
}

#define test(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(operation_is_continued),
		test(operation_without_end),
		test(turns_are_as_many_as_granules),
		test(many_turns_are_healthy),
		test(busy_leaves_it_unfinished),
		test(blocked_ends_an_operation),
		test(begun_in_vain),
		test(cancelled_for_want_of_stock),
		test(too_late_to_cancel),
		test(cannot_be_cancelled),
		test(blocked_cancel_is_the_end),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("operations", tests, NULL, NULL);
}
