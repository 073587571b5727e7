// SPDX-License-Identifier: GPL-2.0-only
/* Memory that changes hands for a stateful operation */
#include "operation_fixture.h"

static const u64 *given;		/* what the RMM writes to the list */

static void write_given(u64 x[5])
{
	u64 *list = x[0] == RMI_OP_MEM_RECLAIM ? world_at(x[2]) : NULL;

	for (unsigned int i = 0; list && given[i]; i++)
		list[i] = given[i];
	dictate(x);
}

/* Donate --------------------------------------------------------------------------------------- */

static void is_paid(void **state)
{
	const struct answer steps[] = { { { INCOMPLETE | WANTS, 0x77, PAGES(3) } },
					{ { INCOMPLETE, 3 } }, { { 0 } } };
	struct rmi_regs r;

	(void)state;
	stock();
	assert_int_equal(run(steps, &r), 0);
	assert_calls(CALLS(BEGIN, RMI_OP_MEM_DONATE, RMI_OP_CONTINUE));
	assert_int_equal(asked[1][1], 0x77);
	assert_int_equal(asked[1][3], 1);
	assert_int_equal(shown(0), RUN(FIRST, 3));
	assert_int_equal(payer.lent, 3 * PAGE_SIZE);
	assert_true(ledger_is_lent(FIRST, FIRST + 3 * PAGE_SIZE, LEDGER_REGION, REGION));
	assert_int_equal(ledger_bytes(is_region), 3 * PAGE_SIZE);
	assert_int_equal(world.grace_periods, 1);
}

/* Nothing is wanted of it after all */
static void wants_nothing(void **state)
{
	const struct answer steps[] = { { { INCOMPLETE | WANTS, 0x77, ZERO } }, { { 0 } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(steps, &r), 0);
	assert_calls(CALLS(BEGIN, RMI_OP_CONTINUE));
}

/* The rest is in hand again; what it asks for next, it gets from there */
static void takes_a_part(void **state)
{
	const struct answer steps[] = { { { INCOMPLETE | WANTS, 0x77, PAGES(3) } },
					{ { INCOMPLETE | WANTS, 1, PAGES(2) } },
					{ { INCOMPLETE, 2 } }, { { 0 } } };
	struct rmi_regs r;

	(void)state;
	stock();
	assert_int_equal(run(steps, &r), 0);
	assert_calls(CALLS(BEGIN, RMI_OP_MEM_DONATE, RMI_OP_MEM_DONATE, RMI_OP_CONTINUE));
	assert_int_equal(shown(0), RUN(FIRST + PAGE_SIZE, 2));
	assert_int_equal(payer.lent, 3 * PAGE_SIZE);
	assert_true(ledger_is_lent(FIRST, FIRST + 3 * PAGE_SIZE, LEDGER_REGION, REGION));
}

/* What the RMM asked for stands: others are offered, and OP_CONTINUE isn't the answer to that */
static void refused_pages(void **state)
{
	const struct answer steps[] = { { { INCOMPLETE | WANTS, 0x77, PAGES(2) } },
					{ { RMI_ERROR_INPUT, ZERO } },
					{ { RMI_ERROR_INPUT, 1 } },
					{ { INCOMPLETE, 1 } }, { { 0 } } };
	struct rmi_regs r;

	(void)state;
	stock();
	assert_int_equal(run(steps, &r), 0);
	assert_calls(CALLS(BEGIN, RMI_OP_MEM_DONATE, RMI_OP_MEM_DONATE, RMI_OP_MEM_DONATE,
			   RMI_OP_CONTINUE));
	/* first 1 and 2; not 1: 2 and 3; 2 was taken and 3 not: 4 for what is left */
	assert_int_equal(shown(0), RUN(FIRST + 3 * PAGE_SIZE, 1));
	assert_int_equal(payer.lent, 2 * PAGE_SIZE);
	assert_int_equal(ledger_bytes(is_region), 2 * PAGE_SIZE);
	assert_true(
		ledger_is_lent(FIRST + PAGE_SIZE, FIRST + 2 * PAGE_SIZE, LEDGER_REGION, REGION));
	assert_true(ledger_is_lent(FIRST + 3 * PAGE_SIZE, FIRST + 4 * PAGE_SIZE, LEDGER_REGION,
				   REGION));
}

/* An RMM that takes all that it is offered, and says that it doesn't like it */
static void refused_and_taken(void **state)
{
	const struct answer steps[] = { { { INCOMPLETE | WANTS, 0x77, PAGES(2) } },
					{ { RMI_ERROR_INPUT, 2 } }, { { 0 } } };
	struct rmi_regs r;

	(void)state;
	stock();
	assert_int_equal(run(steps, &r), 0);
	assert_calls(CALLS(BEGIN, RMI_OP_MEM_DONATE, RMI_OP_CONTINUE));
	assert_int_equal(payer.lent, 2 * PAGE_SIZE);
}

/* It likes none of them: it is cancelled, and has nothing */
static void all_is_refused(void **state)
{
	const struct answer steps[] = { { { INCOMPLETE | WANTS | CANCELLABLE, 0x77, PAGES(2) } },
					{ { RMI_ERROR_INPUT, ZERO }, 9 },
					{ { INCOMPLETE } }, { { 1 } } };
	struct rmi_regs r;

	(void)state;
	stock();
	assert_int_equal(run(steps, &r), -ENOSPC);
	assert_int_equal(nr_asked, 1 + 9 + 2);
	assert_int_equal(asked[10][0], RMI_OP_CANCEL);
	assert_int_equal(asked[10][1], 0x77);
	assert_int_equal(asked[11][0], RMI_OP_CONTINUE);
	assert_int_equal(ledger_bytes(is_region), 0);
	assert_int_equal(payer.lent, 0);
	assert_int_equal(nr_unfinished(), 0);
}

/* It lacks stock: nothing is issued, and with stock it is gone on with */
static void lacks_stock(void **state)
{
	const struct answer wants[] = { { { INCOMPLETE | WANTS, 0x77, PAGES(3) } } };
	const struct answer rest[] = { { { INCOMPLETE, 3 } }, { { 0 } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(run(wants, &r), -ENOMEM);
	assert_calls(CALLS(BEGIN));
	assert_int_equal(payer.wanted.pages, 3);
	assert_int_equal(payer.wanted.block, 1);
	assert_int_equal(payer.wanted.state, RMI_MEM_UNDELEGATED);
	assert_int_equal(nr_unfinished(), 1);
	assert_int_equal(world.lines, 0);
	stock();
	assert_int_equal(run(rest, &r), 0);
	assert_calls(CALLS(RMI_OP_MEM_DONATE, RMI_OP_CONTINUE));
	assert_int_equal(asked[0][1], 0x77);
	assert_int_equal(payer.lent, 3 * PAGE_SIZE);
}

/* More than can be right */
static void wants_too_much(void **state)
{
	const struct answer all[] = { { { INCOMPLETE | WANTS | CANCELLABLE, 0x77, PAGES(257) } },
				      { { INCOMPLETE } }, { { 1 } } };
	struct rmi_regs r;

	(void)state;
	stock();
	assert_int_equal(run(all, &r), -ENOSPC);
	assert_calls(CALLS(BEGIN, RMI_OP_CANCEL, RMI_OP_CONTINUE));
}

static void wants_what_cannot_be_told(void **state)
{
	const struct answer state3[] = {
		{ { INCOMPLETE | WANTS | CANCELLABLE, 0x77, 3 << 17 | PAGES(1) } },
		{ { 1 } },
	};
	struct rmi_regs r;

	(void)state;
	stock();
	transfer_set_dialect(true);
	assert_int_equal(run(state3, &r), -ENOSPC);
	assert_calls(CALLS(BEGIN, RMI_OP_CANCEL));
	transfer_set_dialect(false);
}

/* Reclaim -------------------------------------------------------------------------------------- */

/* So much is lent, from FIRST on */
static void lend(unsigned int pages)
{
	const struct answer steps[] = { { { INCOMPLETE | WANTS, 0x77, PAGES(pages) } },
					{ { INCOMPLETE, pages } }, { { 0 } } };
	struct rmi_regs r;

	stock();
	assert_int_equal(run(steps, &r), 0);
	assert_int_equal(payer.lent, pages * PAGE_SIZE);
}

static void all_comes_back(void **state)
{
	const u64 list[] = { RUN(FIRST, 1), RUN(FIRST + PAGE_SIZE, 2), 0 };
	const struct answer steps[] = { { { INCOMPLETE | GIVES, 0x77 } }, { { INCOMPLETE, 2 } },
					{ { 0 } } };
	struct rmi_regs r;

	(void)state;
	lend(3);
	given = list;
	world.smc = write_given;
	assert_int_equal(run_back(steps, 3 * PAGE_SIZE, &r), 0);
	assert_calls(CALLS(BEGIN, RMI_OP_MEM_RECLAIM, RMI_OP_CONTINUE));
	assert_int_equal(asked[1][1], 0x77);
	assert_int_equal(asked[1][3], 4096 / 8);
	assert_int_equal(payer.lent, 0);
	assert_int_equal(ledger_bytes(is_region), 0);
	assert_int_equal(world.traced.reclaimed, 3 * PAGE_SIZE);
}

static void nothing_comes_back(void **state)
{
	/* X1 stays what the caller put there: as many empty descriptors */
	const struct answer gives[] = { { { INCOMPLETE | GIVES, 0x77 } }, { { 0 } } };
	const u64 none[] = { 0 };
	struct rmi_regs r;

	(void)state;
	given = none;
	world.smc = write_given;
	assert_int_equal(run_back(gives, 0, &r), 0);
	assert_calls(CALLS(BEGIN, RMI_OP_MEM_RECLAIM));
}

/* An operation that is cancelled gives back what it has */
static void cancelled_gives_back(void **state)
{
	const u64 list[] = { RUN(FIRST, 2), 0 };
	const struct answer steps[] = {
		{ { INCOMPLETE | WANTS, 0x77, PAGES(2) } },
		{ { INCOMPLETE | WANTS | CANCELLABLE, 2, PAGES(257) } },
		{ { INCOMPLETE | GIVES } },
		{ { INCOMPLETE, 1 } },
		{ { 1 } },
	};
	struct rmi_regs r;

	(void)state;
	stock();
	given = list;
	world.smc = write_given;
	assert_int_equal(run(steps, &r), -ENOSPC);
	assert_calls(CALLS(BEGIN, RMI_OP_MEM_DONATE, RMI_OP_CANCEL, RMI_OP_MEM_RECLAIM,
			   RMI_OP_CONTINUE));
	assert_int_equal(payer.lent, 0);
	assert_int_equal(ledger_bytes(is_region), 0);
}

/* ... perhaps the last of it together with its error; where X1 is no count, there is no list */
static void cancelled_gives_back_as_it_ends(void **state)
{
	const u64 list[] = { RUN(FIRST, 2), 0 };
	const struct answer steps[] = {
		{ { INCOMPLETE | WANTS, 0x77, PAGES(2) } },
		{ { INCOMPLETE | WANTS | CANCELLABLE, 2, PAGES(257) } },
		{ { INCOMPLETE | GIVES } },
		{ { RMI_ERROR_INPUT, 1 } },
	};
	const struct answer refused[] = {
		{ { INCOMPLETE | GIVES, 0x77777 } },
		{ { RMI_ERROR_INPUT } },
	};
	struct rmi_regs r;

	(void)state;
	stock();
	given = list;
	world.smc = write_given;
	assert_int_equal(run(steps, &r), -ENOSPC);
	assert_calls(CALLS(BEGIN, RMI_OP_MEM_DONATE, RMI_OP_CANCEL, RMI_OP_MEM_RECLAIM));
	assert_int_equal(payer.lent, 0);
	assert_int_equal(ledger_bytes(is_region), 0);
	given = list + 1;
	assert_int_equal(run_back(refused, 0, &r), 0);
	assert_int_equal(r.x[0], RMI_ERROR_INPUT);
	assert_false(rmi_latched(NULL));
}

/*
 * An RMM that turns to giving back, as it was offered pages, doesn't say how many it took: in the
 * end it does, by success or failure
 */
static void turns_to_giving_back(void **state)
{
	const u64 list[] = { RUN(FIRST, 1), 0 };
	const struct answer fails[] = {
		{ { INCOMPLETE | WANTS, 0x77, PAGES(3) } },
		{ { INCOMPLETE | GIVES, 512 } },
		{ { INCOMPLETE, 1 } },
		{ { 1 } },
	};
	const struct answer succeeds[] = {
		{ { INCOMPLETE | WANTS, 0x77, PAGES(3) } },
		{ { INCOMPLETE | GIVES, 512 } },
		{ { INCOMPLETE, 1 } },
		{ { 0 } },
	};
	struct rmi_regs r;

	(void)state;
	stock();
	given = list;
	world.smc = write_given;
	assert_int_equal(run(fails, &r), 0);
	assert_int_equal(RMI_RESULT_STATUS(r.x[0]), 1);
	assert_int_equal(payer.lent, 0);
	assert_int_equal(ledger_bytes(is_region), 0);
	assert_int_equal(run(succeeds, &r), 0);
	assert_int_equal(payer.lent, 2 * PAGE_SIZE);
	assert_true(
		ledger_is_lent(FIRST + PAGE_SIZE, FIRST + 3 * PAGE_SIZE, LEDGER_REGION, REGION));
	assert_false(rmi_latched(NULL));
}

/* What makes no sense -------------------------------------------------------------------------- */

static void latches(const struct answer *answers, const u64 *list, u64 lent)
{
	char what[RMI_LATCH_SIZE];
	struct rmi_regs r;

	given = list;
	world.smc = write_given;
	assert_int_equal(lent ? run_back(answers, lent, &r) : run(answers, &r), -EPROTO);
	assert_true(rmi_latched(what));
	print_message("# %s\n", what);
	sro_forget();
	rmi_unlatch();
}

/* Only what was lent for this very thing may come back */
static void what_it_gives_back_it_had(void **state)
{
	const u64 other = RUN(FIRST + 3 * PAGE_SIZE, 1);
	const u64 lists[][2] = { { RUN(GB, 1) }, { other }, { RUN(FIRST, 4) }, { RUN(64 * GB, 1) },
				 { RUN(FIRST, 1) | RMI_BLOCK_L2 },
				 { RUN(FIRST, 1023ULL) | RMI_BLOCK_L0 } };
	const struct answer gives[] = { { { INCOMPLETE | GIVES, 0x77 } }, { { INCOMPLETE, 1 } },
					{ { 0 } } };
	const struct answer beyond[] = { { { INCOMPLETE | GIVES, 0x77 } },
					 { { INCOMPLETE | GIVES, 4096 / 8 + 1 } } };
	const struct answer unknown[] = { { { INCOMPLETE | GIVES, 0x77 } }, { { -1ULL } } };

	(void)state;
	lend(3);
	/* lent for another region */
	assert_int_equal(ledger_lend(FIRST + 3 * PAGE_SIZE, FIRST + 4 * PAGE_SIZE, LEDGER_REGION,
				     2 * GB), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(lists); i++)
		latches(gives, lists[i], 3 * PAGE_SIZE);
	latches(beyond, lists[0] + 1, 3 * PAGE_SIZE);
	/* of an RMM that has been asked for it, NOT_SUPPORTED is BUSY */
	rmi_begin_session(false);
	latches(unknown, lists[0] + 1, 3 * PAGE_SIZE);
	assert_int_equal(ledger_bytes(is_region), 4 * PAGE_SIZE);
}

static void more_was_taken_than_offered(void **state)
{
	static const u64 none[] = { 0 };
	const struct answer steps[] = { { { INCOMPLETE | WANTS, 0x77, PAGES(2) } },
					{ { INCOMPLETE, 3 } } };
	const struct answer unknown[] = { { { INCOMPLETE | WANTS, 0x77, PAGES(2) } },
					  { { -1ULL } } };

	(void)state;
	stock();
	latches(steps, none, 0);
	rmi_begin_session(false);
	latches(unknown, none, 0);
	/* what became of it nobody knows: it stays lent */
	assert_int_equal(ledger_bytes(is_region), 4 * PAGE_SIZE);
}

/* One that fails keeps nothing, and one that undoes */
static void keeps_what_it_should_not(void **state)
{
	static const u64 none[] = { 0 };
	const struct answer fails[] = { { { INCOMPLETE | WANTS, 0x77, PAGES(2) } },
					{ { INCOMPLETE, 2 } }, { { 1 } } };
	const struct answer undoes[] = { { { INCOMPLETE, 0x77 } }, { { 0 } } };
	const struct answer refuses[] = { { { INCOMPLETE, 0x77 } }, { { 1 } } };
	struct rmi_regs r;

	(void)state;
	stock();
	latches(fails, none, 0);
	latches(undoes, none, 2 * PAGE_SIZE);
	world.smc = dictate;
	assert_int_equal(run_back(refuses, 2 * PAGE_SIZE, &r), 0);
	assert_int_equal(payer.lent, 2 * PAGE_SIZE);
}

#define test(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(is_paid),
		test(wants_nothing),
		test(takes_a_part),
		test(refused_pages),
		test(refused_and_taken),
		test(all_is_refused),
		test(lacks_stock),
		test(wants_too_much),
		test(wants_what_cannot_be_told),
		test(all_comes_back),
		test(nothing_comes_back),
		test(cancelled_gives_back),
		test(cancelled_gives_back_as_it_ends),
		test(turns_to_giving_back),
		test(what_it_gives_back_it_had),
		test(more_was_taken_than_offered),
		test(keeps_what_it_should_not),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
