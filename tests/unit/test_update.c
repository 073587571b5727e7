// SPDX-License-Identifier: GPL-2.0-only
/* The RMM is updated while the host runs: what is tracked survives that, handles don't */
#include "module_fixture.h"

#define PAUSE	(150 * NSEC_PER_MSEC)

/* One GB that has to be paid for, of two that there can be */
static void describe_update(enum rmm_dialect dialect, u64 flags, u64 at)
{
	describe(dialect);
	machine.flags = flags;
	machine.update_at = at;
	machine.update_ns = PAUSE;
	if (dialect == RMM_DIALECT_AUTUMN) {
		machine.granules = 1;
		machine.pps = 5;
	}
}

/* Commands of one kind that came since */
static u64 asked(u64 fid)
{
	static u64 before[2];
	u64 *seen = &before[fid == RMI_FEATURES], now = rmm_commands(world.rmm, fid);
	const u64 since = now - *seen;

	*seen = now;
	return since;
}

static void begin_asking(void)
{
	asked(RMI_VERSION);
	asked(RMI_FEATURES);
}

/* After a pause, and not otherwise, the RMM is asked who it is */

static u64 slow_fid, slow_ns;

static void slow(u64 x[5])
{
	if (x[0] == slow_fid)
		world.now_ns += slow_ns;
}

static void pause_is_looked_into(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	load();
	begin_asking();
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
	world.smc = slow;
	slow_fid = RMI_GRANULE_TRACKING_SET;
	slow_ns = 99 * NSEC_PER_MSEC;
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_int_equal(asked(RMI_VERSION), 0);
	/* and on the way back one that takes longer */
	slow_ns = 101 * NSEC_PER_MSEC;
	assert_int_equal(world_offline(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_int_equal(asked(RMI_VERSION), 1);
	assert_int_equal(asked(RMI_FEATURES), 2);
	/* once */
	slow_ns = 0;
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_int_equal(asked(RMI_VERSION), 0);
	/* It is the same one as before, which is nothing to tell of */
	assert_null(strstr(world.log, "updated"));
	assert_available(GB + WORLD_BLOCK);
	assert_file("rmm_state", "active");
	unload();
}

/* What is BUSY between two answers counts as well, however many commands that is */
static u64 busy_left;

static void busy(u64 x[5])
{
	if (!busy_left)
		return;
	world.now_ns += NSEC_PER_MSEC;
	busy_left--;
	x[0] = RMI_BUSY;
	world.smc_done = true;
}

static void busy_is_looked_into(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	load();
	begin_asking();
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
	world.smc = busy;
	busy_left = 20;
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_int_equal(asked(RMI_VERSION), 0);
	assert_int_equal(world_offline(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_int_equal(asked(RMI_VERSION), 0);
	busy_left = 120;
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_int_equal(asked(RMI_VERSION), 1);
	assert_available(GB + WORLD_BLOCK);
	unload();
}

static bool deaf;

/* An update after which VERSION is BUSY for longer than anybody waits */
static void deaf_to_version(u64 x[5])
{
	slow(x);
	if (deaf && x[0] == RMI_VERSION) {
		x[0] = RMI_BUSY;
		world.smc_done = true;
	}
}

static void busy_version_is_asked_again(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	load();
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
	world.smc = deaf_to_version;
	slow_fid = RMI_GRANULE_TRACKING_SET;
	slow_ns = PAUSE;
	deaf = true;
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_available(GB + WORLD_BLOCK);
	begin_asking();
	deaf = false;
	slow_fid = 0;
	assert_int_equal(world_offline(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	/* Once more, since this answer ended a pause as well */
	assert_int_equal(asked(RMI_VERSION), 2);
	assert_available(GB);
	unload();
}

/* Who delegates holds no lock that the question needs: it is asked a second later */
static void consumers_pause_is_looked_into(void **state)
{
	size_t done;

	(void)state;
	describe_update(RMM_DIALECT_BETA3, 0, 0);
	make(12);
	load();
	begin_asking();
	world.smc = slow;
	slow_fid = RMI_GRANULE_RANGE_DELEGATE;
	slow_ns = PAUSE;
	own_pages(GB + 64 * MB, GB + 65 * MB);
	assert_int_equal(cca_rmi_delegate_range(GB + 64 * MB, MB), 0);
	assert_int_equal(asked(RMI_VERSION), 0);
	world_work_later();
	assert_int_equal(asked(RMI_VERSION), 1);
	assert_null(world.delayed);
	assert_int_equal(cca_rmi_undelegate_range(GB + 64 * MB, MB, &done), 0);
	free_own_pages(GB + 64 * MB, GB + 65 * MB);
	unload();
}

/* Another revision is a verdict and an event; and so is it if the one before comes again */

static u64 offers_low, offers_high, feature1;

static void another(u64 x[5])
{
	slow(x);
	if (x[0] == RMI_VERSION && offers_high) {
		const bool good = x[1] >= offers_low && x[1] <= offers_high;

		x[0] = good ? RMI_SUCCESS : RMI_ERROR_INPUT;
		x[1] = good ? x[1] : offers_low;
		x[2] = offers_high;
		world.smc_done = true;
	}
	if (x[0] == RMI_FEATURES && x[1] == 1 && feature1) {
		x[0] = RMI_SUCCESS;
		x[1] = feature1;
		world.smc_done = true;
	}
}

static void load_another(void)
{
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	load();
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
	world_ram(3 * GB + WORLD_BLOCK, 3 * GB + 2 * WORLD_BLOCK, false);
	world.smc = another;
	slow_fid = RMI_GRANULE_TRACKING_SET;
	slow_ns = PAUSE;
	offers_low = 0;
	offers_high = 0;
	feature1 = 0;
}

static void other_revision_is_a_verdict(void **state)
{
	unsigned int events;

	(void)state;
	load_another();
	events = world.uevents;
	offers_low = 0x20001;
	offers_high = 0x30000;
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_file("reason", "revision");
	assert_file("detail", "RMM offers 2.1 to 3.0");
	assert_file("available", "0");
	assert_file("rmm_state", "unknown");
	assert_int_equal(world.uevents, events + 1);
	assert_non_null(strstr(world.log, "updated while in use: revision (RMM offers 2.1"));
	/* Memory isn't refused where Realms can't be had, and nothing is asked for it */
	slow_fid = 0;
	begin_asking();
	assert_int_equal(world_online(3 * GB + WORLD_BLOCK, 3 * GB + 2 * WORLD_BLOCK), 0);
	assert_int_equal(asked(RMI_VERSION), 0);
	/* What it has comes back all the same */
	shim_module_exit();
	assert_int_equal(rmm_donated(world.rmm), 0);
	world_end();
}

static void revision_comes_back(void **state)
{
	(void)state;
	load_another();
	world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	offers_low = 0x20001;
	offers_high = 0x30000;
	assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	assert_file("reason", "revision");
	/* It goes on being another one */
	assert_int_equal(world_offline(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_file("reason", "revision");
	/* This one went online unguarded, and is covered as all is looked at again */
	slow_fid = 0;
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	offers_low = 0x10000;
	slow_fid = RMI_GRANULE_TRACKING_SET;
	assert_int_equal(world_offline(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	assert_available(GB + WORLD_BLOCK);
	assert_file("rmm_state", "active");
	assert_int_equal(rmm_tracking(world.rmm, 3 * GB), RMI_TRACKING_FINE);
	unload();
}

static void newer_features_are_told(void **state)
{
	(void)state;
	load_another();
	offers_low = 0x20000;
	offers_high = 0x20003;
	feature1 = 7 | 2 << RMI_FEATURE1_PPS_SHIFT | 5ULL << 20;
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_available(GB + WORLD_BLOCK);
	assert_non_null(strstr(world.log, "the RMM was updated: RMI 2.0 of up to 2.3, features"));
	assert_file("revision", "2.0");
	unload();
}

static void other_geometry_is_a_verdict(void **state)
{
	char text[80];

	(void)state;
	for (int i = 0; i < 2; i++) {
		load_another();
		offers_low = 0x20000;
		offers_high = 0x20000;
		feature1 = i ? 7 | 3 << RMI_FEATURE1_PPS_SHIFT :
			       7 | 2 << RMI_FEATURE1_PPS_SHIFT | 4 << RMI_FEATURE1_L0GPTSZ_SHIFT;
		snprintf(text, sizeof(text), "RMI_FEATURES 1 was %#x, and is %#llx",
			 7 | 2 << RMI_FEATURE1_PPS_SHIFT, feature1);
		assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
		assert_file("reason", "bad-answer");
		assert_file("detail", text);
		feature1 = 0;
		shim_module_exit();
		assert_int_equal(rmm_donated(world.rmm), 0);
		world_end();
	}
}

/* An update at any command of a load, a hot-add, a hot-remove and an unload ------------------- */

static u64 commands;

/* Returns whether the update came in time */
static bool live(enum rmm_dialect dialect, u64 flags, u64 at, u64 *lost)
{
	describe_update(dialect, flags, at);
	make(12);
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
	assert_int_equal(shim_module_init(), 0);
	/* What was begun anew later is done by now */
	for (int i = 0; i < 3 && world.delayed; i++)
		world_work_later();
	if (strcmp(world_read("reason"), "ok"))
		fail_msg("dialect %d, flags %#llx, update at %llu: %s (%s)", dialect,
			 (unsigned long long)flags, (unsigned long long)at, world_read("reason"),
			 world_read("detail"));
	assert_available(GB);
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_available(GB + WORLD_BLOCK);
	assert_int_equal(world_offline(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_available(GB);
	assert_null(strstr(world.log, "makes no sense"));
	for (int i = 0; i < 3 && world.delayed; i++)
		world_work_later();
	*lost = ledger_has("lost");
	shim_module_exit();
	assert_null(strstr(world.log, "makes no sense"));
	if (rmm_donated(world.rmm))
		fail_msg("dialect %d, flags %#llx, update at %llu: %s", dialect,
			 (unsigned long long)flags, (unsigned long long)at, world.log);
	commands = rmm_commands(world.rmm, 0);
	return commands >= at;
}

static void anywhere(enum rmm_dialect dialect, u64 flags)
{
	u64 lost;

	for (u64 at = 1; live(dialect, flags, at, &lost); at++) {
		if (lost)
			fail_msg("dialect %d, flags %#llx, update at %llu: %#llx lost: %s", dialect,
				 (unsigned long long)flags, (unsigned long long)at,
				 (unsigned long long)lost, world.log);
		world_end();
	}
	world_end();
	assert_true(commands > 10);
}

static void update_at_any_command(void **state)
{
	(void)state;
	anywhere(RMM_DIALECT_BETA3, 0);
	anywhere(RMM_DIALECT_BETA3, HOST_PAYS);
	anywhere(RMM_DIALECT_BETA3, HOST_PAYS | RMM_FLAG_PARTIAL);
	/* One that can't be asked about tables keeps one that was being destroyed */
	anywhere(RMM_DIALECT_BETA1, RMM_FLAG_HOST_PAYS);
	anywhere(RMM_DIALECT_BETA1, RMM_FLAG_HOST_PAYS | RMM_FLAG_PARTIAL);
	anywhere(RMM_DIALECT_AUTUMN, 0);
	anywhere(RMM_DIALECT_AUTUMN, RMM_FLAG_PENDS | RMM_FLAG_STOPS_AT_DONE);
	anywhere(RMM_DIALECT_BETA3, HOST_PAYS | RMM_FLAG_CONTINUES);
}

/* A consumer's command that an update ended has failed, and is as if it had not been issued */
static void consumers_command_is_ended(void **state)
{
	u64 first = 0;
	size_t done;

	(void)state;
	for (u64 at = 0; at < 8; at++) {
		describe_update(RMM_DIALECT_BETA3, RMM_FLAG_CONTINUES, first ? first + at : 0);
		make(12);
		load();
		if (!first)
			first = rmm_commands(world.rmm, 0);
		own_pages(GB + 64 * MB, GB + 64 * MB + 8 * PAGE_SIZE);
		if (cca_rmi_delegate_range(GB + 64 * MB, 8 * PAGE_SIZE)) {
			assert_int_equal(rmm_delegated(world.rmm), 0);
			assert_int_equal(cca_rmi_delegate_range(GB + 64 * MB, 8 * PAGE_SIZE), 0);
		}
		if (cca_rmi_undelegate_range(GB + 64 * MB, 8 * PAGE_SIZE, &done))
			assert_int_equal(cca_rmi_undelegate_range(GB + 64 * MB, 8 * PAGE_SIZE,
								  &done), 0);
		assert_int_equal(done, 8 * PAGE_SIZE);
		assert_int_equal(rmm_delegated(world.rmm), 0);
		assert_null(strstr(world.log, "stays delegated"));
		free_own_pages(GB + 64 * MB, GB + 64 * MB + 8 * PAGE_SIZE);
		unload();
	}
}

/* An answer that says nothing about a region leaves the operation as it is, and so does BUSY */

static u64 odd_fid, odd_x[4];
static bool odd;

static void odd_question(u64 x[5])
{
	if (odd && x[0] == odd_fid) {
		memcpy(x, odd_x, sizeof(odd_x));
		world.smc_done = true;
	}
	/* From the donation on that ends it */
	odd |= rmm_commands(world.rmm, 0) >= machine.update_at - 1;
}

/* From the command @at on, which an update comes before, @fid is answered so */
static void load_with_answer(u64 flags, u64 at, u64 fid, const u64 x[4])
{
	describe_update(RMM_DIALECT_BETA3, flags, at);
	make(12);
	odd = false;
	odd_fid = fid;
	memcpy(odd_x, x, sizeof(odd_x));
	world.smc = odd_question;
	load();
}

static void what_says_nothing_is_unfinished(void **state)
{
	static const u64 answers[][4] = {
		{ RMI_BUSY }, { RMI_ERROR_INPUT }, { RMI_SUCCESS, 0, RMI_TRACKING_NONE, GB },
		{ RMI_SUCCESS, 0, RMI_TRACKING_NONE, GB + 1 },
		{ RMI_SUCCESS, 0, RMI_TRACKING_INTERMEDIATE, 2 * GB },
		{ RMI_SUCCESS, 0, RMI_TRACKING_INTERMEDIATE + 1, 2 * GB },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(answers); i++) {
		load_with_answer(HOST_PAYS, 13, RMI_GRANULE_TRACKING_GET, answers[i]);
		assert_file("reason", "unfinished");
		assert_null(strstr(world.log, "makes no sense"));
		/* It says it later */
		world.smc = NULL;
		world_work_later();
		assert_available(GB);
		assert_file("memory_lost", "0");
		unload();
	}
}

static void unknown_table_is_unfinished(void **state)
{
	static const u64 answers[][4] = {
		{ RMI_SUCCESS, 2 * GB, RMI_PAR_PLATFORM }, { RMI_ERROR_INPUT }, { RMI_BUSY },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(answers); i++) {
		/* The donation for the table is the tenth command */
		load_with_answer(HOST_PAYS, 10, RMI_GPT_INFO, answers[i]);
		assert_file("reason", "unfinished");
		world.smc = NULL;
		world_work_later();
		assert_available(GB);
		assert_file("memory_lost", "0");
		unload();
	}
}

/* While the RMM is too busy to say what state it is in, its activation is unfinished as well */
static void unknown_state_is_unfinished(void **state)
{
	static const u64 busy[4] = { RMI_BUSY };

	(void)state;
	/* What continues the activation is the seventh command */
	load_with_answer(HOST_PAYS | RMM_FLAG_CONTINUES, 7, RMI_RMM_STATE_GET, busy);
	assert_unavailable("unfinished", "RMI_RMM_ACTIVATE 0");
	world.smc = NULL;
	world_work_later();
	assert_available(GB);
	assert_non_null(strstr(world.log, "RMI_RMM_ACTIVATE 0 was ended by an update"));
	assert_file("memory_lost", "0");
	unload();
}

/* A page that is refused after a pause: the operation still answers, and goes on with others */
static void refusal_after_a_pause_is_no_update(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	machine.nr_faults = 1;
	machine.fault[0] = (struct rmm_fault){ RMI_OP_MEM_DONATE, 2, 1, 3, { RMI_ERROR_INPUT, 0 } };
	make(12);
	world.smc = slow;
	slow_fid = RMI_OP_MEM_DONATE;
	slow_ns = PAUSE;
	load();
	assert_available(GB);
	assert_null(strstr(world.log, "ended by an update"));
	/* one more than the five, and the one that is empty */
	assert_int_equal(rmm_commands(world.rmm, RMI_OP_MEM_DONATE), 5 + 1 + 1);
	unload();
}

/* Regions that begin with a hole, and of which the RMM says what was before only behind that */
static void holes_are_looked_behind(void **state)
{
	u64 at, seen = 0;

	(void)state;
	for (at = 1; at < 30; at++) {
		describe_update(RMM_DIALECT_AUTUMN, 0, at);
		machine.memory.nr = 2;
		machine.memory.at[0].size = GB;
		machine.memory.at[1] = (struct rmm_range){ 2 * GB + 2 * MB, 510 * MB, 0 };
		make(12);
		world_ram(2 * GB + 2 * MB, 2 * GB + 512 * MB, true);
		load();
		assert_available(GB + 510 * MB);
		assert_file("memory_lost", "0");
		seen += !!strstr(world.log, "RMI_GRANULE_TRACKING_SET 0x80000000 was ended");
		unload();
	}
	assert_true(seen > 0);
}

/* Without GPT_INFO and RMM_STATE_GET, the command is issued again */
static void older_rmm_is_asked_by_the_command(void **state)
{
	unsigned int tables = 0;

	(void)state;
	for (u64 at = 7; at < 11; at++) {
		describe_update(RMM_DIALECT_BETA1, RMM_FLAG_HOST_TABLES, at);
		make(12);
		load();
		assert_available(GB);
		tables += !!strstr(world.log, "RMI_GPT_L1_CREATE 0x40000000 was ended");
		assert_lent();
		unload();
	}
	assert_int_equal(tables, 1);
	describe_update(RMM_DIALECT_BETA1, RMM_FLAG_CONTINUES, 7);
	make(12);
	load();
	assert_file("reason", "no-answer");
	assert_non_null(strstr(world.log, "RMI_RMM_ACTIVATE 0 was ended"));
	/* In beta 1 that number is another command's */
	assert_int_equal(rmm_commands(world.rmm, RMI_RMM_STATE_GET), 0);
	shim_module_exit();
	world_forget_module();
	load();
	assert_available(GB);
	unload();
}

/*
 * ... and pages that were lent for it may be in use, also those that can't be delegated: none is
 * freed that the RMM doesn't give back, which the shim looks at
 */
static void what_an_older_rmm_may_have_stays_lost(void **state)
{
	u64 lost = 0;

	(void)state;
	for (u64 at = 5; at < 25; at++) {
		describe_update(RMM_DIALECT_BETA1, HOST_PAYS | RMM_FLAG_CONTINUES, at);
		make(16);
		load();
		lost += strtoull(world_read("memory_lost"), NULL, 10);
		shim_module_exit();
		world_end_with(world.pages_out, world.with_rmm);
	}
	/* A page, once: where the update came after the table was made */
	assert_int_equal(lost, PAGE_SIZE);
}

/* What stays in transition is neither asked for by a dead handle nor given up */
static void stuck_region_is_unfinished(void **state)
{
	u64 before, questions;

	(void)state;
	describe_update(RMM_DIALECT_BETA3, HOST_PAYS | RMM_FLAG_UPDATE_STICKS, 13);
	make(12);
	load();
	assert_file("reason", "unfinished");
	assert_null(strstr(world.log, "makes no sense"));
	assert_number("memory_donated", rmm_donated(world.rmm));
	before = rmm_commands(world.rmm, 0);
	questions = rmm_commands(world.rmm, RMI_GRANULE_TRACKING_GET);
	world_work_later();
	assert_file("reason", "unfinished");
	/* One question, and no more */
	assert_int_equal(rmm_commands(world.rmm, 0), before + 1);
	assert_int_equal(rmm_commands(world.rmm, RMI_GRANULE_TRACKING_GET), questions + 1);
	assert_int_equal(world.module_refs, 1);
	shim_module_exit();
	world_end_with(world.pages_out, world.with_rmm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pause_is_looked_into),
		cmocka_unit_test(busy_is_looked_into),
		cmocka_unit_test(busy_version_is_asked_again),
		cmocka_unit_test(consumers_pause_is_looked_into),
		cmocka_unit_test(other_revision_is_a_verdict),
		cmocka_unit_test(revision_comes_back),
		cmocka_unit_test(newer_features_are_told),
		cmocka_unit_test(other_geometry_is_a_verdict),
		cmocka_unit_test(update_at_any_command),
		cmocka_unit_test(consumers_command_is_ended),
		cmocka_unit_test(what_says_nothing_is_unfinished),
		cmocka_unit_test(unknown_table_is_unfinished),
		cmocka_unit_test(unknown_state_is_unfinished),
		cmocka_unit_test(refusal_after_a_pause_is_no_update),
		cmocka_unit_test(holes_are_looked_behind),
		cmocka_unit_test(older_rmm_is_asked_by_the_command),
		cmocka_unit_test(what_an_older_rmm_may_have_stays_lost),
		cmocka_unit_test(stuck_region_is_unfinished),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("update", tests, NULL, NULL);
}
