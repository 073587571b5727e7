// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single commands, and those that delegate and undelegate, against answers that the test dictates.
 */
#include "../../src/explain.h"
#include "../../src/granule.h"
#include "../../src/smc.h"
#include "dictate.h"

static int setup(void **state)
{
	(void)state;
	make_dictated();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	granule_close();
	world_end();
	return 0;
}

static int call_ms(u64 fid, unsigned int ms, const struct answer *answers, struct rmi_regs *r)
{
	say(answers);
	*r = (struct rmi_regs){ .x = { fid, 0x1111, 0x2222, 0x3333, 0x4444 } };
	return rmi_call(r, ms);
}

static int call(u64 fid, const struct answer *answers, struct rmi_regs *r)
{
	return call_ms(fid, 1000, answers, r);
}

/* One command ---------------------------------------------------------------------------------- */

static void answers_come_back_whole(void **state)
{
	const struct answer ok[] = { { { 0, 7, 8, 9 } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(call(RMI_FEATURES, ok, &r), 0);
	assert_int_equal(r.x[0], 0);
	assert_int_equal(r.x[1], 7);
	assert_int_equal(r.x[2], 8);
	assert_int_equal(r.x[3], 9);
	assert_int_equal(asked[0][0], 0xC4000165);
	assert_int_equal(asked[0][1], 0x1111);
	assert_int_equal(asked[0][4], 0x4444);
	assert_int_equal(nr_asked, 1);
	assert_int_equal(world.slept_ns, 0);
}

static void unknown_commands(void **state)
{
	const struct answer x0[] = { { { -1ULL } } }, w0[] = { { { 0xffffffff } } },
			    status[] = { { { 0x205 } } };
	const struct answer bogus[] = { { { 0xff } } };
	struct rmi_regs r;

	(void)state;
	assert_int_equal(call(RMI_VERSION, x0, &r), -EOPNOTSUPP);
	assert_int_equal(call(RMI_VERSION, w0, &r), -EOPNOTSUPP);
	assert_int_equal(call(RMI_VERSION, status, &r), -EOPNOTSUPP);
	assert_int_equal(nr_asked, 1);
	assert_int_equal(call(RMI_VERSION, bogus, &r), 0);	/* a status of its own, not -1 */
	assert_int_equal(r.x[0], 0xff);
}

/* An RMM that is being updated doesn't know what it knew: that isn't its last word */
static void known_command_is_busy(void **state)
{
	const struct answer ok[] = { { { 0 } } };
	const struct answer updated[] = { { { -1ULL }, 3 }, { { 5 }, 3 }, { { 0, 6 } } };
	const struct answer gone[] = { { { -1ULL }, FOREVER } };
	u64 begin;
	struct rmi_regs r;

	(void)state;
	assert_int_equal(call(RMI_GPT_INFO, ok, &r), 0);
	assert_int_equal(call(RMI_GPT_INFO, updated, &r), 0);
	assert_int_equal(r.x[1], 6);
	assert_int_equal(nr_asked, 7);
	begin = world.now_ns;
	assert_int_equal(call_ms(RMI_GPT_INFO, 100, gone, &r), -ETIMEDOUT);
	assert_in_range(world.now_ns - begin, 100000000, 101000000);
	/* of one that never was done, it is */
	assert_int_equal(call(RMI_GPT_L1_CREATE, gone, &r), -EOPNOTSUPP);
	/* BUSY and refusals don't say that it is known */
	assert_int_equal(call_ms(RMI_VERSION, 0, (const struct answer[]){ { { 10 } } }, &r),
			 -ETIMEDOUT);
	assert_int_equal(call(RMI_VERSION, (const struct answer[]){ { { 1 } } }, &r), 0);
	assert_int_equal(call(RMI_VERSION, gone, &r), -EOPNOTSUPP);
	/* another session's RMM may be another one */
	rmi_begin_session(false);
	assert_int_equal(call(RMI_GPT_INFO, gone, &r), -EOPNOTSUPP);
	assert_int_equal(nr_asked, 1);
}

static void busy_for_a_while(void **state)
{
	const struct answer busy[] = {
		{ { 10, 0xbad }, 30 }, { { 14, 0xbad }, 30 }, { { 0x10a }, 1 }, { { 1, 5 } }
	};
	const u64 before = rmi_call_count();
	struct rmi_regs r;

	(void)state;
	assert_int_equal(call(RMI_GPT_L1_CREATE, busy, &r), 0);
	assert_int_equal(r.x[0], 1);
	assert_int_equal(r.x[1], 5);
	assert_int_equal(nr_asked, 62);
	assert_int_equal(asked[15][1], 0x1111);		/* not 0xbad: the arguments are set anew */
	assert_true(world.reschedules >= 62);
	assert_true(world.slept_ns > 0);
	assert_int_equal(rmi_call_count() - before, 62);
}

static void busy_for_ever(void **state)
{
	static const unsigned int limits[] = { 1000, 100, 1, 0 };
	const struct answer busy[] = { { { 10 }, FOREVER } }, blocked[] = { { { 14 }, FOREVER } };
	struct rmi_regs r;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(limits); i++) {
		u64 begin = world.now_ns;

		assert_int_equal(call_ms(RMI_GPT_L1_CREATE, limits[i], i & 1 ? blocked : busy, &r),
				 -ETIMEDOUT);
		assert_int_equal(r.x[0], i & 1 ? 14 : 10);
		assert_true(world.now_ns - begin >= limits[i] * 1000000ULL);
		assert_true(world.now_ns - begin <= limits[i] * 1000000ULL + 1000000);
	}
	assert_int_equal(nr_asked, 1);		/* the last was issued once */
}

/* The handle may be somebody else's by then */
static void blocked_is_an_operations_last_word(void **state)
{
	static const u64 calls[] = { RMI_OP_CONTINUE, RMI_OP_MEM_DONATE, RMI_OP_MEM_RECLAIM,
				     RMI_OP_CANCEL };
	const struct answer blocked[] = { { { 14 }, FOREVER } },
			    busy[] = { { { 10 }, 5 }, { { 0 } } };
	struct rmi_regs r;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
		assert_int_equal(call(calls[i], blocked, &r), 0);
		assert_int_equal(r.x[0], 14);
		assert_int_equal(nr_asked, 1);
		assert_int_equal(call(calls[i], busy, &r), 0);
		assert_int_equal(nr_asked, 6);
	}
}

static void latched_rmm_is_left_alone(void **state)
{
	const struct answer ok[] = { { { 0, 7 } } };
	char what[RMI_LATCH_SIZE];
	struct rmi_regs r;

	(void)state;
	assert_false(rmi_latched(what));
	assert_int_equal(rmi_latch("the %uth answer", 5), -EPROTO);
	assert_int_equal(rmi_latch("another one"), -EPROTO);
	assert_true(rmi_latched(NULL));
	assert_true(rmi_latched(what));
	assert_string_equal(what, "the 5th answer");
	assert_non_null(strstr(world.log, "makes no sense and is left alone: the 5th answer\n"));
	assert_null(strstr(world.log, "another"));
	assert_int_equal(call(RMI_FEATURES, ok, &r), -EPROTO);
	assert_int_equal(nr_asked, 0);
	assert_int_equal(r.x[0], RMI_FEATURES);
	assert_int_equal(r.x[1], 0x1111);
	/* what a kexec does, and a new session */
	rmi_unlatch();
	assert_false(rmi_latched(NULL));
	assert_int_equal(call(RMI_FEATURES, ok, &r), 0);
	rmi_latch("once more");
	assert_true(rmi_latched(what));
	assert_string_equal(what, "once more");
	rmi_begin_session(false);
	assert_int_equal(call(RMI_FEATURES, ok, &r), 0);
}

/* Another has the RMM: what would change it isn't issued, whoever calls */
static void only_looked_at(void **state)
{
	static const u64 looks[] = {
		RMI_VERSION, RMI_FEATURES, RMI_RMM_CONFIG_GET, RMI_RMM_STATE_GET,
		RMI_GRANULE_TRACKING_GET, RMI_GPT_INFO, RMI_OP_CONTINUE, RMI_OP_MEM_RECLAIM,
		RMI_OP_CANCEL,
	};
	static const u64 changes[] = {
		RMI_RMM_CONFIG_SET, RMI_RMM_ACTIVATE, RMI_RMM_DEACTIVATE, RMI_GRANULE_TRACKING_SET,
		RMI_GPT_L1_CREATE, RMI_GPT_L1_DESTROY, RMI_REC_ENTER, RMI_FID(0x150 + 0x3f),
	};
	static const u64 consumers[] = {
		RMI_GRANULE_RANGE_DELEGATE, RMI_GRANULE_RANGE_UNDELEGATE, RMI_OP_MEM_DONATE,
		RMI_REALM_CREATE, RMI_REALM_ACTIVATE, RMI_REALM_TERMINATE, RMI_REALM_DESTROY,
		RMI_RTT_CREATE, RMI_RTT_DESTROY, RMI_RTT_INIT_RIPAS, RMI_RTT_SET_RIPAS,
		RMI_RTT_READ_ENTRY, RMI_RTT_DATA_MAP_INIT, RMI_RTT_DATA_MAP, RMI_RTT_DATA_UNMAP,
		RMI_REC_CREATE, RMI_REC_DESTROY, RMI_PSCI_COMPLETE,
	};
	static const enum rmi_caller callers[] = { RMI_FOR_US, RMI_FOR_CONSUMER,
						   RMI_FOR_CONSUMER_ATOMIC };
	const struct answer ok[] = { { { 0 } } };
	struct rmi_regs r;
	struct verdict why;

	(void)state;
	rmi_begin_session(true);
	for (unsigned int c = 0; c < ARRAY_SIZE(callers); c++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(looks); i++) {
			say(ok);
			r = (struct rmi_regs){ .x = { looks[i] } };
			assert_int_equal(rmi_call_for(callers[c], &r, 0), 0);
			assert_int_equal(nr_asked, 1);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(changes); i++) {
			say(ok);
			r = (struct rmi_regs){ .x = { changes[i], 7 } };
			assert_int_equal(rmi_call_for(callers[c], &r, 0), -EPERM);
			assert_int_equal(nr_asked, 0);
			assert_int_equal(r.x[0], changes[i]);
			assert_int_equal(r.x[1], 7);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(consumers); i++) {
			say(ok);
			r = (struct rmi_regs){ .x = { consumers[i] } };
			assert_int_equal(rmi_call_for(callers[c], &r, 0),
					 callers[c] == RMI_FOR_US ? -EPERM : 0);
		}
	}
	assert_int_equal(explain_answer(RMI_GPT_L1_CREATE, GB, -EPERM, &r, &why), -EIO);
	assert_string_equal(why.detail,
			    "RMI_GPT_L1_CREATE 0x40000000: the kernel's driver has the RMM");
	rmi_begin_session(false);
	say(ok);
	r = (struct rmi_regs){ .x = { RMI_RMM_DEACTIVATE } };
	assert_int_equal(rmi_call(&r, 0), 0);
}

/* Who may not sleep doesn't, and gives up by a count */
static void atomic_call(void **state)
{
	const struct answer busy[] = { { { RMI_BUSY } }, { { RMI_BUSY } }, { { 0, 7 } } };
	struct answer always[100];
	struct rmi_regs r = { .x = { RMI_GRANULE_RANGE_DELEGATE, GB, 2 * GB } };
	const struct rmi_regs command = r;

	(void)state;
	world.atomic = 1;
	say(busy);
	assert_int_equal(rmi_call_for(RMI_FOR_CONSUMER_ATOMIC, &r, 0), 0);
	assert_int_equal(r.x[1], 7);
	assert_int_equal(nr_asked, 3);
	for (unsigned int i = 0; i < ARRAY_SIZE(always); i++)
		always[i] = (struct answer){ { RMI_BLOCKED } };
	say(always);
	r = command;
	assert_int_equal(rmi_call_for(RMI_FOR_CONSUMER_ATOMIC, &r, 0), -ETIMEDOUT);
	assert_int_equal(nr_asked, 65);
	/* a latch may be set by it, too */
	assert_int_equal(rmi_latch("nonsense"), -EPROTO);
	assert_int_equal(rmi_call_for(RMI_FOR_CONSUMER_ATOMIC, &r, 0), -EPROTO);
	world.atomic = 0;
	rmi_unlatch();
	assert_int_equal(world.reschedules, 0);
}

static void timeout_parameter_is_checked(void **state)
{
	(void)state;
	assert_int_equal(shim_set_timeout_ms("600000"), 0);
	assert_int_equal(shim_set_timeout_ms("600001"), -EINVAL);
	assert_int_equal(shim_set_timeout_ms("-1"), -EINVAL);
	assert_int_equal(shim_set_timeout_ms("soon"), -EINVAL);
	/* as root of a container is */
	world.powerless = true;
	assert_int_equal(shim_set_timeout_ms("1000"), -EPERM);
	assert_int_equal(rmi_timeout_ms(), 600000);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(rmi_name(0xC40001E1), "RMI_GRANULE_TRACKING_GET");
	assert_string_equal(rmi_name(0xC4000211), "RMI_GPT_INFO");
	assert_string_equal(rmi_name(0), "unknown command");
}

/* Granules ------------------------------------------------------------------------------------- */

static struct granule_change change;

static int undelegate(u64 bytes, unsigned int ms, const struct answer *answers)
{
	say(answers);
	change = (struct granule_change){ .start = GB, .end = GB + bytes };
	return granule_undelegate(&change, ms);
}

static void as_far_as_it_cares_to(void **state)
{
	const struct answer steps[] = { { { 0, GB + 0x1000 } }, { { INCOMPLETE, 0x77 } },
					{ { INCOMPLETE, 0x99 }, 2 }, { { 0, GB + 0x5000 } },
					{ { 0, GB + 0x6000 } } };

	(void)state;
	say(steps);
	change = (struct granule_change){ .start = GB, .end = GB + 0x6000 };
	assert_int_equal(granule_delegate(&change, 1000), 0);
	assert_int_equal(change.reached, GB + 0x6000);
	assert_calls(CALLS(RMI_GRANULE_RANGE_DELEGATE, RMI_GRANULE_RANGE_DELEGATE, RMI_OP_CONTINUE,
			   RMI_OP_CONTINUE, RMI_OP_CONTINUE, RMI_GRANULE_RANGE_DELEGATE));
	assert_int_equal(asked[1][1], GB + 0x1000);
	assert_int_equal(asked[1][2], GB + 0x6000);
	for (int i = 2; i < 5; i++) {
		assert_int_equal(asked[i][1], 0x77);	/* of the first answer, not the second */
		assert_int_equal(asked[i][2], 0);
	}
	assert_int_equal(asked[5][1], GB + 0x5000);
	assert_int_equal(world.lines, 0);
}

/*
 * The newest RMM pauses for each interrupt, once a granule or more: that is healthy, whatever the
 * size
 */
static void turns_belong_to_each_command(void **state)
{
	static const u64 sizes[] = { 0x1000, 2 * MB, 8 * MB, 64 * MB, GB };

	(void)state;
	for (unsigned int turns = 1; turns <= 4; turns++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
			const struct answer slow[] = {
				{ { INCOMPLETE, 0x77 }, turns * (sizes[i] >> 12) },
				{ { 0, GB + sizes[i] } },
			};

			assert_int_equal(undelegate(sizes[i], 1, slow), 0);
			assert_int_equal(change.reached, GB + sizes[i]);
		}
	}
	assert_int_equal(granule_unfinished(), 0);
	assert_int_equal(world.lines, 0);
}

static struct granule_change over[4];
static int over_rc[4];
static unsigned int nr_over;

static void note_end(const struct granule_change *c, int rc)
{
	over[nr_over] = *c;
	over_rc[nr_over++] = rc;
}

static void resume(const struct answer *answers)
{
	say(answers);
	nr_over = 0;
	granule_resume(note_end, 1000);
}

/* One that doesn't end is left, and its handle kept until it does */
static void handle_is_never_forgotten(void **state)
{
	const struct answer endless[] = { { { 0, GB + 0x1000 } },
					  { { INCOMPLETE, 0x77 }, FOREVER } };
	const struct answer busy[] = { { { INCOMPLETE, 0x78 } }, { { 10 }, FOREVER } };
	const struct answer still[] = { { { 10 }, FOREVER } };
	const struct answer one[] = { { { INCOMPLETE }, 3 }, { { 0, GB + 3 * 0x1000 } },
				      { { 10 }, FOREVER } };
	const struct answer other[] = { { { 1 } } };

	(void)state;
	world.fail_alloc = 1;		/* no memory, and yet */
	world.fail_rest = true;
	assert_int_equal(undelegate(4 * 0x1000, 1000, endless), -EBUSY);
	assert_int_equal(nr_asked, 2 + 4 * 3 + 1024);
	assert_int_equal(change.reached, GB + 0x1000);
	assert_int_equal(granule_unfinished(), 1);
	assert_int_equal(world.module_refs, 1);
	assert_non_null(
		strstr(world.log, "UNDELEGATE of 0x40001000-0x40004000 remains unfinished"));
	assert_int_equal(undelegate(MB, 1000, busy), -EBUSY);
	assert_int_equal(granule_unfinished(), 2);
	assert_int_equal(world.module_refs, 2);
	world.fail_alloc = 0;

	resume(still);
	assert_int_equal(nr_over, 0);
	assert_int_equal(asked[0][0], RMI_OP_CONTINUE);
	assert_int_equal(asked[0][1], 0x77);
	assert_int_equal(granule_unfinished(), 2);

	resume(one);
	assert_int_equal(nr_over, 1);
	assert_int_equal(over_rc[0], 0);
	assert_false(over[0].delegate);
	assert_int_equal(over[0].start, GB + 0x1000);
	assert_int_equal(over[0].reached, GB + 3 * 0x1000);
	assert_int_equal(over[0].end, GB + 4 * 0x1000);
	assert_int_equal(granule_unfinished(), 1);
	assert_int_equal(world.module_refs, 1);

	resume(other);
	assert_calls(CALLS(RMI_OP_CONTINUE));
	assert_int_equal(asked[0][1], 0x78);
	assert_int_equal(nr_over, 1);
	assert_int_equal(over_rc[0], -EREMOTEIO);	/* nobody knows */
	assert_int_equal(granule_unfinished(), 0);
	assert_int_equal(world.module_refs, 0);
	resume(NULL);
	assert_int_equal(nr_asked, 0);
}

/* It has done nothing, and its handle is the next one's: the command starts anew */
static void blocked_ends_the_operation(void **state)
{
	const struct answer once[] = {
		{ { INCOMPLETE, 0x77 } }, { { INCOMPLETE }, 500 }, { { 14 } },
		{ { INCOMPLETE, 0x78 } }, { { 0, GB + 0x1000 } },
	};
	const struct answer busy[] = { { { INCOMPLETE, 0x79 } }, { { 10 }, FOREVER } };
	const struct answer given_up[] = { { { 14 } } };

	(void)state;
	assert_int_equal(undelegate(0x1000, 1, once), 0);
	assert_int_equal(nr_asked, 504);
	/* as well when it is gone on with later */
	assert_int_equal(undelegate(0x2000, 1, busy), -EBUSY);
	resume(given_up);
	assert_calls(CALLS(RMI_OP_CONTINUE));
	assert_int_equal(nr_over, 1);
	assert_int_equal(over_rc[0], 0);
	assert_int_equal(over[0].reached, GB);
	assert_int_equal(granule_unfinished(), 0);
}

static void blocked_for_ever(void **state)
{
	static struct answer many[16384];
	const u64 begin = world.now_ns;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(many); i += 2) {
		many[i] = (struct answer){ { INCOMPLETE, 0x77 } };
		many[i + 1] = (struct answer){ { 14 } };
	}
	assert_int_equal(undelegate(0x1000, 100, many), -ETIMEDOUT);
	assert_in_range(world.now_ns - begin, 100000000, 101000000);
	assert_int_equal(change.reached, GB);
	/* in a walk that comes back to it, no more than once */
	assert_int_equal(undelegate(0x1000, 0, many), -ETIMEDOUT);
	assert_int_equal(nr_asked, 2);
	assert_int_equal(granule_unfinished(), 0);
}

static void refusals(void **state)
{
	/* is it untracked, by a refusal to undelegate it, or to delegate it? */
	static const struct {
		u64 x0;
		bool untracked, undelegable;
	} refusal[] = { { 1, false, false }, { 5, false, true }, { -1ULL, false, true },
			{ 11, false, true }, { 12, true, true }, { 15, true, true },
			{ 16, false, false }, { 0xff, false, false } };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(refusal); i++) {
		const struct answer no[] = { { { refusal[i].x0 } } };

		assert_int_equal(undelegate(0x2000, 0, no), -EIO);
		assert_int_equal(granule_is_untracked(&change), refusal[i].untracked);
		assert_int_equal(change.reached, GB);
		say(no);
		assert_int_equal(granule_delegate(&change, 0), -EIO);
		assert_int_equal(granule_is_untracked(&change), refusal[i].undelegable);
	}
	{
		const struct answer second[] = { { { 0, GB + 0x1000 } }, { { 16 } } };
		const struct answer late[] = { { { INCOMPLETE, 0x77 } }, { { 16 } } };

		assert_int_equal(undelegate(0x3000, 0, second), -EIO);
		assert_int_equal(change.reached, GB + 0x1000);
		/* an operation that ended so may have come to anywhere */
		assert_int_equal(undelegate(0x3000, 0, late), -EREMOTEIO);
		assert_int_equal(change.reached, GB);
	}
}

/* What is at stake is whose a page is */
static void nonsense_latches(void **state)
{
	static const struct answer tops[][2] = {
		{ { { 0, GB } } }, { { { 0, GB - 0x1000 } } }, { { { 0, GB + 0x3000 } } },
		{ { { 0, GB + 0x1001 } } }, { { { 0, ZERO } } },
		{ { { INCOMPLETE, 0x77 } }, { { 0, GB + 0x3000 } } },
		{ { { INCOMPLETE | WANTS, 0x77 } } }, { { { INCOMPLETE | GIVES, 0x77 } } },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(tops); i++) {
		assert_int_equal(undelegate(0x2000, 1000, tops[i]), -EPROTO);
		assert_true(rmi_latched(NULL));
		assert_int_equal(change.reached, GB);
		assert_int_equal(granule_unfinished(), 0);
		rmi_unlatch();
	}
}

#define test(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(answers_come_back_whole),
		test(unknown_commands),
		test(known_command_is_busy),
		test(busy_for_a_while),
		test(busy_for_ever),
		test(blocked_is_an_operations_last_word),
		test(latched_rmm_is_left_alone),
		test(only_looked_at),
		test(atomic_call),
		test(timeout_parameter_is_checked),
		test(names),
		test(as_far_as_it_cares_to),
		test(turns_belong_to_each_command),
		test(handle_is_never_forgotten),
		test(blocked_ends_the_operation),
		test(blocked_for_ever),
		test(refusals),
		test(nonsense_latches),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
