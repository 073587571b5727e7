// SPDX-License-Identifier: GPL-2.0-only
/* Whose a page is after a command that failed, against dictated answers */
#include "../../src/chunk.h"
#include "../../src/exchange.h"
#include "../../src/index.h"
#include "../../src/ledger.h"
#include "../../src/pagebits.h"
#include "dictate.h"

#define PAGES		8
#define OWN		(GB + 512 * MB)		/* a consumer's */

static u64 first;		/* of pages that are held, with a guard before them */

static int setup(void **state)
{
	const struct ranges nowhere = {};
	struct span chunk;

	(void)state;
	make_dictated();
	world_ram(GB, 2 * GB, true);
	assert_int_equal(shim_set_timeout_ms("5"), 0);
	assert_int_equal(index_open(), 0);
	assert_int_equal(chunk_take(NUMA_NO_NODE, 0, 0, GB, &nowhere, &chunk), 0);
	first = chunk.start + PAGE_SIZE;
	assert_int_equal(pagebits_prepare(OWN, OWN + PAGES * PAGE_SIZE), 0);
	return 0;
}

/* Nobody has anything: the RMM is a script */
static int teardown(void **state)
{
	(void)state;
	ledger_keep(first, first + PAGES * PAGE_SIZE, LEDGER_HELD, 0);
	ledger_free_held();
	exchange_close();
	ledger_close();
	index_close();
	world_end();
	return 0;
}

static u64 page(unsigned int i)
{
	return first + i * PAGE_SIZE;
}

/* The kinds of the pages, a letter each */
static const char *kinds(void)
{
	static char text[PAGES + 1];
	struct span part;
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		assert_true(ledger_next(page(i), page(i + 1), &part));
		text[i] = ledger_word(part.kind)[0];
	}
	return text;
}

static int delegate(const struct answer *answers)
{
	say(answers);
	return exchange_delegate(RMI_FOR_US, first, page(PAGES), 1);
}

static int undelegate(const struct answer *answers)
{
	ledger_keep(first, page(PAGES), LEDGER_READY, 0);
	say(answers);
	return exchange_undelegate(0, ~0ULL, 1);
}

static void whole(void **state)
{
	const struct answer there[] = { { { 0, page(PAGES) } } },
			    back[] = { { { 0, page(PAGES) } } };

	(void)state;
	assert_int_equal(delegate(there), 0);
	assert_string_equal(kinds(), "rrrrrrrr");
	assert_int_equal(undelegate(back), 0);
	assert_string_equal(kinds(), "hhhhhhhh");
}

static void unguarded_page_does_not_go(void **state)
{
	(void)state;
	say(NULL);
	assert_int_equal(exchange_delegate(RMI_FOR_US, first - PAGE_SIZE, page(PAGES), 1), -EPERM);
	assert_int_equal(nr_asked, 0);
	assert_string_equal(kinds(), "hhhhhhhh");
}

/* The RMM is the kernel's: for us nothing is delegated, and what consumers had comes back */
static void for_consumers_alone(void **state)
{
	const struct answer there[] = { { { 0, page(PAGES) } } },
			    back[] = { { { 0, page(PAGES) } } };

	(void)state;
	rmi_begin_session(true);
	assert_int_equal(delegate(there), -EPERM);
	assert_int_equal(nr_asked, 0);
	assert_string_equal(kinds(), "hhhhhhhh");
	assert_int_equal(exchange_try(OWN), -EPERM);
	assert_int_equal(nr_asked, 0);
	assert_false(pagebits_any(OWN, OWN + PAGE_SIZE));
	say(there);
	assert_int_equal(exchange_delegate(RMI_FOR_CONSUMER, first, page(PAGES), 1), 0);
	assert_string_equal(kinds(), "rrrrrrrr");
	assert_int_equal(undelegate(back), 0);
	assert_string_equal(kinds(), "hhhhhhhh");
	rmi_begin_session(false);
}

/* It is another's, unless it comes back, or can't be delegated at all */
static void refused_delegation(void **state)
{
	const struct answer others[] = { { { 0, page(2) } }, { { 16 } }, { { 16 } } };
	const struct answer ours[] = { { { 0, page(2) } }, { { 16 } }, { { 0, page(3) } } };
	const struct answer untracked[] = { { { 0, page(2) } }, { { 12 } }, { { 16 } } };
	/* An RMM that denies what it did */
	const struct answer denied[] = { { { 0, page(2) } }, { { 12 } }, { { 0, page(3) } } };
	const struct answer later[] = { { { 0, page(2) } }, { { 16 } }, { { 15 } } };

	(void)state;
	assert_int_equal(delegate(ours), -EIO);
	assert_string_equal(kinds(), "rrhhhhhh");
	assert_int_equal(delegate(untracked), -EIO);
	assert_int_equal(nr_asked, 3);
	assert_string_equal(kinds(), "rrhhhhhh");
	assert_int_equal(delegate(denied), -EIO);
	assert_int_equal(nr_asked, 3);
	assert_string_equal(kinds(), "rrhhhhhh");
	assert_int_equal(delegate(later), -EIO);
	assert_string_equal(kinds(), "rrhhhhhh");
	assert_int_equal(delegate(others), -EIO);
	assert_string_equal(kinds(), "rrlhhhhh");
	assert_non_null(strstr(world.log, "4 KB are lost until reboot"));
}

static void delegation_that_is_busy(void **state)
{
	const struct answer busy[] = { { { 0, page(2) } }, { { 10 }, FOREVER } };

	(void)state;
	assert_int_equal(delegate(busy), -ETIMEDOUT);
	assert_string_equal(kinds(), "rrhhhhhh");
}

/*
 * Nobody knows how far an operation came that ended in an error: each page is asked for, the fourth
 * for a millisecond of BUSY
 */
static void delegation_that_breaks_off(void **state)
{
	const struct answer breaks[] = {
		{ { INCOMPLETE, 0x77 } }, { { 1 } },
		{ { 0, page(1) } }, { { 12 } }, { { 16 } }, { { 10 }, 12 }, { { 0, page(5) } },
		{ { 0, page(6) } }, { { 0, page(7) } }, { { 0, page(8) } },
	};

	(void)state;
	assert_int_equal(delegate(breaks), -EIO);
	assert_string_equal(kinds(), "hllrhhhh");
}

/* It said itself that it has delegated them: whatever it says now, they aren't ours */
static void refused_undelegation(void **state)
{
	static const u64 refusals[] = { 1, 11, 12, 15, 16 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct answer refuses[] = { { { 0, page(2) } }, { { refusals[i] } },
						  { { 0, page(8) } } };

		assert_int_equal(undelegate(refuses), 0);
		assert_string_equal(kinds(), "hhlhhhhh");
		assert_int_equal(asked[2][1], page(3));
	}
}

static void undelegation_that_breaks_off(void **state)
{
	const struct answer breaks[] = {
		{ { INCOMPLETE, 0x77 } }, { { 1 } },
		{ { 0, page(1) } }, { { 12 } }, { { 16 } }, { { 10 }, 12 }, { { 0, page(5) } },
		{ { 0, page(6) } }, { { 0, page(7) } }, { { 0, page(8) } },
	};

	(void)state;
	assert_int_equal(undelegate(breaks), 0);
	assert_string_equal(kinds(), "hllrhhhh");
}

static void busy_undelegation_stays_ready(void **state)
{
	const struct answer busy[] = { { { 0, page(2) } }, { { 14 }, FOREVER } };

	(void)state;
	assert_int_equal(undelegate(busy), -ETIMEDOUT);
	assert_string_equal(kinds(), "hhrrrrrr");
}

/* What is under way counts as out until it has ended, whoever ends it */
static void unfinished_ones(void **state)
{
	const struct answer busy[] = { { { INCOMPLETE, 0x77 } }, { { 10 }, FOREVER } };
	const struct answer half[] = { { { 0, page(4) } } };
	const struct answer breaks[] = { { { 1 } }, { { 0, page(1) } }, { { 12 } }, { { 16 } },
					 { { 0, page(4) } }, { { 0, page(5) } }, { { 0, page(6) } },
					 { { 0, page(7) } }, { { 0, page(8) } } };

	(void)state;
	assert_int_equal(delegate(busy), -EBUSY);
	assert_string_equal(kinds(), "cccccccc");
	assert_int_equal(exchange_unfinished(), 1);
	say(half);
	exchange_resume();
	assert_string_equal(kinds(), "rrrrhhhh");
	assert_int_equal(undelegate(busy), -EBUSY);
	assert_string_equal(kinds(), "cccccccc");
	say(half);
	exchange_resume();
	assert_string_equal(kinds(), "hhhhrrrr");
	assert_int_equal(exchange_unfinished(), 0);
	/* by an error: ours is what can be undelegated, whatever a refusal says */
	ledger_keep(first, page(PAGES), LEDGER_HELD, 0);
	assert_int_equal(delegate(busy), -EBUSY);
	say(breaks);
	exchange_resume();
	assert_string_equal(kinds(), "hllhhhhh");
	assert_int_equal(undelegate(busy), -EBUSY);
	say(breaks);
	exchange_resume();
	assert_string_equal(kinds(), "hllhhhhh");
}

/* Consumers' own ------------------------------------------------------------------------------- */

static u64 own(unsigned int i)
{
	return OWN + i * PAGE_SIZE;
}

static int delegate_own(const struct answer *answers)
{
	say(answers);
	assert_true(pagebits_claim(OWN, own(PAGES), false));
	return exchange_delegate_foreign(OWN, own(PAGES));
}

static int undelegate_own(const struct answer *answers, unsigned int *reached)
{
	u64 to;
	int rc;

	say(answers);
	assert_true(pagebits_claim(OWN, own(PAGES), true));
	rc = exchange_undelegate_foreign(OWN, own(PAGES), &to);
	*reached = (to - OWN) / PAGE_SIZE;
	return rc;
}

/* All or nothing */
static void failed_delegation_is_undone(void **state)
{
	const struct answer refused[] = { { { 0, own(3) } }, { { 16 } }, { { 0, own(3) } } };
	const struct answer breaks[] = { { { INCOMPLETE, 0x77 } }, { { 1 } },
					 { { 0, own(1) } }, { { 0, own(2) } }, { { 0, own(3) } },
					 { { 0, own(4) } }, { { 0, own(5) } }, { { 0, own(6) } },
					 { { 0, own(7) } }, { { 0, own(8) } } };

	(void)state;
	assert_int_equal(delegate_own(refused), -EIO);
	assert_int_equal(asked[2][0], RMI_GRANULE_RANGE_UNDELEGATE);
	assert_int_equal(asked[2][2], own(3));
	assert_int_equal(pagebits_bytes(), 0);
	assert_int_equal(delegate_own(breaks), -EIO);
	assert_int_equal(pagebits_bytes(), 0);
}

/* It had delegated three, and now says of the second that it can't have been */
static void half_of_it_stays(void **state)
{
	const struct answer stays[] = { { { 0, own(3) } }, { { 16 } }, { { 0, own(1) } },
					{ { 12 } }, { { 12 } }, { { 0, own(3) } } };

	(void)state;
	assert_int_equal(delegate_own(stays), -ENOTRECOVERABLE);
	assert_non_null(strstr(world.log, "some of it stays delegated"));
	assert_true(pagebits_any(own(1), own(2)));
}

static void undelegation_comes_as_far(void **state)
{
	const struct answer all[] = { { { 0, own(PAGES) } } };
	const struct answer refuses[] = { { { 0, own(3) } }, { { 12 } } };
	const struct answer busy[] = { { { INCOMPLETE, 0x77 } }, { { 10 }, FOREVER } };
	const struct answer half[] = { { { 0, own(4) } } };
	unsigned int reached;
	u64 at = OWN;

	(void)state;
	assert_int_equal(delegate_own(all), 0);
	assert_int_equal(pagebits_bytes(), PAGES * PAGE_SIZE);
	assert_int_equal(undelegate_own(refuses, &reached), -EIO);
	assert_int_equal(reached, 3);
	assert_int_equal(pagebits_bytes(), 5 * PAGE_SIZE);
	assert_true(pagebits_claim(OWN, own(3), false));
	pagebits_settle(OWN, own(3), true);
	/* what comes back while nobody looks is told later */
	assert_int_equal(undelegate_own(busy, &reached), -EBUSY);
	assert_int_equal(reached, 0);
	assert_int_equal(pagebits_bytes(), PAGES * PAGE_SIZE);
	say(half);
	exchange_resume();
	assert_int_equal(pagebits_bytes(), 4 * PAGE_SIZE);
	assert_false(pagebits_claim(OWN, own(1), false));
	assert_int_equal(pagebits_next_run(&at, own(PAGES)), own(PAGES));
	assert_int_equal(at, own(4));
	assert_true(pagebits_claim(OWN, own(4), false));
}

#define test(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(whole),
		test(unguarded_page_does_not_go),
		test(for_consumers_alone),
		test(refused_delegation),
		test(delegation_that_is_busy),
		test(delegation_that_breaks_off),
		test(refused_undelegation),
		test(undelegation_that_breaks_off),
		test(busy_undelegation_stays_ready),
		test(unfinished_ones),
		test(failed_delegation_is_undone),
		test(half_of_it_stays),
		test(undelegation_comes_as_far),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
