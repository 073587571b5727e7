// SPDX-License-Identifier: GPL-2.0-only
/* Consumers that delegate and may not sleep: while world.atomic is set, whatever sleeps fails */
#include "module_fixture.h"
#include "../../src/pagebits.h"
#include "../../src/walk.h"

#define PAGE	PAGE_SIZE
#define OWN	(GB + 512 * MB)
#define NR	8

static size_t done;

static int delegate(u64 start, u64 size)
{
	int rc;

	done = 77;
	world.atomic++;
	rc = cca_rmi_delegate_range_atomic(start, size, &done);
	world.atomic--;
	return rc;
}

static void begin(u64 flags)
{
	describe(RMM_DIALECT_BETA3);
	machine.flags = flags;
	make(12);
	load();
	own_pages(OWN, OWN + NR * PAGE);
	assert_int_equal(cca_rmi_ensure_range(OWN, NR * PAGE), 0);
}

static void give_back(u64 start, u64 end)
{
	size_t back;

	assert_int_equal(cca_rmi_undelegate_range(start, end - start, &back), 0);
	assert_int_equal(back, end - start);
}

static void end(void)
{
	assert_int_equal(rmm_delegated(world.rmm), 0);
	free_own_pages(OWN, OWN + NR * PAGE);
	unload();
}

static void under_a_spinlock(void **state)
{
	u64 calls;

	(void)state;
	begin(0);
	calls = world.smcs;
	assert_int_equal(delegate(OWN, PAGE), 0);
	assert_int_equal(done, PAGE);
	assert_int_equal(world.smcs, calls + 1);
	assert_int_equal(rmm_delegated(world.rmm), PAGE);
	assert_int_equal(delegate(OWN + 2 * PAGE, 6 * PAGE), 0);
	assert_int_equal(done, 6 * PAGE);
	/* what is out is not delegated again, nor is the RMM asked */
	calls = world.smcs;
	assert_int_equal(delegate(OWN, NR * PAGE), -EEXIST);
	assert_int_equal(done, 0);
	assert_int_equal(delegate(OWN + 7 * PAGE, PAGE), -EEXIST);
	assert_int_equal(cca_rmi_delegate_range(OWN, PAGE), -EEXIST);
	assert_int_equal(world.smcs, calls);
	assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EBUSY);
	/* the page between them is nobody's */
	give_back(OWN, OWN + NR * PAGE);
	end();
}

static void arguments(void **state)
{
	const u64 calls_of_none = 0;
	u64 calls;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	world_ram(2 * GB, 3 * GB, true);
	load();
	calls = world.smcs;
	/* nobody said that it is to be used */
	assert_int_equal(delegate(OWN, PAGE), -ENXIO);
	assert_int_equal(done, 0);
	own_pages(OWN, OWN + NR * PAGE);
	assert_int_equal(cca_rmi_ensure_range(OWN, NR * PAGE), 0);
	assert_int_equal(delegate(OWN + (NR - 1) * PAGE, 2 * PAGE), -ENXIO);
	assert_int_equal(delegate(OWN - PAGE, 2 * PAGE), -ENXIO);
	assert_int_equal(delegate(OWN, 0), -EINVAL);
	assert_int_equal(delegate(OWN + 1, PAGE), -EINVAL);
	assert_int_equal(delegate(OWN, PAGE + 1), -EINVAL);
	assert_int_equal(done, 0);
	/* ... and not more at once than a lock may be held for */
	assert_int_equal(cca_rmi_ensure_range(GB, 2 * GB), 0);
	assert_int_equal(delegate(GB, GB + PAGE), -EINVAL);
	assert_int_equal(world.smcs, calls + calls_of_none);
	assert_int_equal(delegate(OWN, NR * PAGE), 0);
	give_back(OWN, OWN + NR * PAGE);
	end();
}

static void what_is_not_the_consumers(void **state)
{
	phys_addr_t granule[2];

	(void)state;
	begin(HOST_PAYS);
	/* a page of ours, however it is held */
	assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 2, granule), 0);
	assert_int_equal(cca_rmi_ensure_range(granule[0] - PAGE, 3 * PAGE), 0);
	assert_int_equal(delegate(granule[0], PAGE), -EEXIST);
	assert_int_equal(delegate(granule[0] - PAGE, PAGE), -EEXIST);
	assert_int_equal(done, 0);
	/* nor is it taken back as a consumer's own */
	assert_int_equal(cca_rmi_undelegate_range(granule[0], PAGE, &done), -EINVAL);
	assert_int_equal(delegate(OWN, PAGE), 0);
	assert_int_equal(cca_rmi_undelegate_range(GB, GB, &done), -EINVAL);
	assert_int_equal(done, 0);
	assert_int_equal(rmm_delegated(world.rmm), 3 * PAGE);
	assert_int_equal(cca_rmi_return_granules(granule, 2), 0);
	give_back(OWN, OWN + PAGE);
	end();
}

static void uncovered_memory(void **state)
{
	const u64 block = 2 * GB;

	(void)state;
	/* offline, and online again */
	begin(HOST_PAYS);
	world_ram(block, block + WORLD_BLOCK, false);
	assert_int_equal(world_online(block, block + WORLD_BLOCK), 0);
	assert_int_equal(cca_rmi_ensure_range(block, WORLD_BLOCK), 0);
	assert_int_equal(world_offline(block, block + WORLD_BLOCK), 0);
	assert_int_equal(delegate(block, PAGE), -ENXIO);
	assert_int_equal(world_online(block, block + WORLD_BLOCK), 0);
	assert_int_equal(delegate(block, PAGE), -ENXIO);
	assert_int_equal(world_offline(block, block + WORLD_BLOCK), 0);
	/* everything is given back, and had again */
	assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), 0);
	assert_int_equal(delegate(OWN, PAGE), -ENODEV);
	world_new_rmm();
	assert_int_equal(world_pm(PM_POST_HIBERNATION), 0);
	assert_int_equal(delegate(OWN, PAGE), -ENXIO);
	assert_int_equal(cca_rmi_ensure_range(OWN, PAGE), 0);
	assert_int_equal(delegate(OWN, PAGE), 0);
	give_back(OWN, OWN + PAGE);
	end();
}

/* A release that comes as soon as pages are claimed */
static void release_late(void)
{
	world.spun = NULL;
	walk_set_released(true);
}

static void a_release_in_between(void **state)
{
	u64 calls;

	(void)state;
	begin(0);
	calls = world.smcs;
	world.spun = release_late;
	assert_int_equal(delegate(OWN, PAGE), -ENODEV);
	assert_int_equal(done, 0);
	assert_int_equal(world.smcs, calls);
	walk_set_released(false);
	/* the same with one who may sleep */
	world.spun = release_late;
	assert_int_equal(cca_rmi_delegate_range(OWN, PAGE), -ENODEV);
	assert_null(world.spun);
	assert_int_equal(world.smcs, calls);
	walk_set_released(false);
	assert_int_equal(delegate(OWN, PAGE), 0);
	give_back(OWN, OWN + PAGE);
	end();
}

static void without_realms(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_ABSENT;
	make(12);
	load();
	assert_int_equal(delegate(OWN, PAGE), -ENODEV);
	assert_int_equal(done, 0);
	unload();
}

/* What the RMM says ---------------------------------------------------------------------------- */

static u64 answer_at, answer[4];
static unsigned int answer_times, answered;

/* To a DELEGATE from there on */
static void answers(u64 x[5])
{
	if (x[0] != RMI_GRANULE_RANGE_DELEGATE || x[1] != answer_at || !answer_times)
		return;
	answer_times--;
	answered++;
	memcpy(x, answer, sizeof(answer));
	world.smc_done = true;
}

/* The RMM does the first two pages, and says that to the third */
static void first_two(u64 x[5])
{
	if (x[0] == RMI_GRANULE_RANGE_DELEGATE && x[1] < OWN + 2 * PAGE && x[2] > OWN + 2 * PAGE)
		x[2] = OWN + 2 * PAGE;
	answers(x);
}

static void say(u64 x0, unsigned int times)
{
	answer_at = OWN + 2 * PAGE;
	memset(answer, 0, sizeof(answer));
	answer[0] = x0;
	answer_times = times;
	answered = 0;
	world.smc = first_two;
}

static void it_refuses(void **state)
{
	static const u64 refusals[] = { RMI_ERROR_INPUT, RMI_ERROR_TRACKING,
					RMI_ERROR_NOT_SUPPORTED, RMI_ERROR_GLOBAL };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(refusals); i++) {
		begin(0);
		say(refusals[i], 1000);
		if (refusals[i] == RMI_ERROR_NOT_SUPPORTED)
			answer_at = OWN;
		assert_int_equal(delegate(OWN, 4 * PAGE), -EIO);
		assert_int_equal(done, answer_at - OWN);
		assert_int_equal(rmm_delegated(world.rmm), answer_at - OWN);
		world.smc = NULL;
		/* what was refused is the consumer's still */
		assert_int_equal(delegate(OWN + 2 * PAGE, 2 * PAGE), 0);
		give_back(OWN, OWN + 4 * PAGE);
		end();
	}
}

static void it_is_busy(void **state)
{
	static const u64 words[] = { RMI_BUSY, RMI_BLOCKED };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		begin(0);
		/* for a while */
		say(words[i], 60);
		assert_int_equal(delegate(OWN, 4 * PAGE), 0);
		assert_int_equal(done, 4 * PAGE);
		assert_int_equal(answered, 60);
		give_back(OWN, OWN + 4 * PAGE);
		/* for longer: a fixed number of times */
		say(words[i], 1000);
		assert_int_equal(delegate(OWN, 4 * PAGE), -EAGAIN);
		assert_int_equal(answered, 65);
		assert_int_equal(done, 2 * PAGE);
		assert_int_equal(rmm_delegated(world.rmm), 2 * PAGE);
		world.smc = NULL;
		assert_int_equal(delegate(OWN + 2 * PAGE, 2 * PAGE), 0);
		give_back(OWN, OWN + 4 * PAGE);
		assert_file("reason", "ok");
		end();
	}
}

/* Operations ----------------------------------------------------------------------------------- */

static unsigned int turns, starts, continued;
static u64 last_word;		/* that it ends with; 0: what the model says */
static u64 op_start, op_end;

/* DELEGATE of two pages and more is an operation that ends after so many turns */
static void operate(u64 x[5])
{
	u64 y[5];

	if (x[0] == RMI_GRANULE_RANGE_DELEGATE && x[2] - x[1] > PAGE) {
		starts++;
		continued = 0;
		op_start = x[1];
		op_end = x[2];
		x[0] = RMI_INCOMPLETE;
		x[1] = 7;
		world.smc_done = true;
	} else if (x[0] == RMI_OP_CONTINUE) {
		assert_int_equal(x[1], 7);
		world.smc_done = true;
		x[0] = RMI_INCOMPLETE;
		if (++continued < turns)
			return;
		x[0] = last_word;
		if (last_word)
			return;
		memcpy(y, (u64[]){ RMI_GRANULE_RANGE_DELEGATE, op_start, op_end, 0, 0 }, sizeof(y));
		ask_model(y);
		x[0] = y[0];
		x[1] = y[1];
	}
}

static void run_ops(unsigned int nr_turns, u64 ends_with)
{
	turns = nr_turns;
	starts = 0;
	continued = 0;
	last_word = ends_with;
	world.smc = operate;
}

static void operation_is_gone_on_with(void **state)
{
	(void)state;
	begin(0);
	/* as long as it may pause at each granule, and then some */
	run_ops(2 * 4 + 64, 0);
	assert_int_equal(delegate(OWN, 4 * PAGE), 0);
	assert_int_equal(done, 4 * PAGE);
	assert_int_equal(continued, 2 * 4 + 64);
	assert_int_equal(starts, 1);
	give_back(OWN, OWN + 4 * PAGE);
	/* one that is given up has done nothing, and begins anew a few times */
	run_ops(3, RMI_BLOCKED);
	assert_int_equal(delegate(OWN, 4 * PAGE), -EAGAIN);
	assert_int_equal(done, 0);
	assert_int_equal(starts, 8);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	assert_int_equal(delegate(OWN, PAGE), 0);
	give_back(OWN, OWN + PAGE);
	end();
}

static void operation_without_end(void **state)
{
	const unsigned int refs = 1;
	size_t back;

	(void)state;
	/* it ends later: delegated then, and the consumer may have it back */
	begin(0);
	run_ops(2 * 4 + 65, 0);
	assert_int_equal(delegate(OWN, 4 * PAGE), -EINPROGRESS);
	assert_int_equal(done, 0);
	assert_int_equal(continued, 2 * 4 + 64);
	assert_int_equal(world.module_refs, refs);
	assert_int_equal(delegate(OWN, PAGE), -EAGAIN);
	assert_int_equal(delegate(OWN + 3 * PAGE, 2 * PAGE), -EAGAIN);
	assert_int_equal(cca_rmi_undelegate_range(OWN, NR * PAGE, &back), -EBUSY);
	assert_int_equal(back, 0);
	assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EBUSY);
	assert_int_equal(world.module_refs, 0);		/* which has tried it once more */
	assert_int_equal(rmm_delegated(world.rmm), 4 * PAGE);
	give_back(OWN, OWN + NR * PAGE);
	/* what it was kept in serves the next one */
	for (unsigned int i = 0; i < 5; i++) {
		run_ops(2 * 4 + 66, i & 1 ? RMI_BLOCKED : 0);
		assert_int_equal(delegate(OWN, 4 * PAGE), -EINPROGRESS);
		turns = 1;
		world_work_later();
		assert_int_equal(world.module_refs, 0);
		assert_int_equal(rmm_delegated(world.rmm), i & 1 ? 0 : 4 * PAGE);
		assert_int_equal(delegate(OWN, PAGE), i & 1 ? -EAGAIN : -EEXIST);
		give_back(OWN, OWN + 4 * PAGE);
	}
	end();
}

/* There is as much room as CPUs: without, nothing is begun */
static void room_for_what_does_not_end(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	load();
	own_pages(OWN, OWN + NR * PAGE);
	/* the bits, the array that has them, the room */
	for (unsigned int i = 1; i <= 3; i++) {
		world.fail_alloc = i;
		assert_int_equal(cca_rmi_ensure_range(OWN, NR * PAGE), -ENOMEM);
		assert_int_equal(world.fail_alloc, 0);
		assert_int_equal(delegate(OWN, PAGE), -ENXIO);
	}
	assert_int_equal(cca_rmi_ensure_range(OWN, NR * PAGE), 0);
	run_ops(1000, 0);
	assert_int_equal(delegate(OWN, 2 * PAGE), -EINPROGRESS);
	starts = 0;
	assert_int_equal(delegate(OWN + 2 * PAGE, PAGE), -EAGAIN);
	assert_int_equal(delegate(OWN + 2 * PAGE, 2 * PAGE), -EAGAIN);
	assert_int_equal(done, 0);
	assert_int_equal(starts, 0);
	/* one more is made where it may be */
	assert_int_equal(cca_rmi_ensure_range(OWN, PAGE), 0);
	assert_int_equal(delegate(OWN + 2 * PAGE, PAGE), 0);
	turns = 1;
	world_work_later();
	give_back(OWN, OWN + 3 * PAGE);
	end();
}

/* Nobody knows what it did: page by page, that can be found out */
static void operation_that_fails(void **state)
{
	size_t back;

	(void)state;
	begin(0);
	run_ops(2, RMI_ERROR_INPUT);
	assert_int_equal(delegate(OWN, 2 * PAGE), -ENOTRECOVERABLE);
	assert_int_equal(done, 0);
	world.smc = NULL;
	assert_int_equal(delegate(OWN, PAGE), -EEXIST);
	assert_int_equal(cca_rmi_undelegate_range(OWN, PAGE, &back), -EIO);
	assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EBUSY);
	world_work_later();
	shim_module_exit();
	free_own_pages(OWN, OWN + NR * PAGE);
	world_end();
}

static void it_makes_no_sense(void **state)
{
	(void)state;
	begin(0);
	say(RMI_SUCCESS, 1);
	answer[1] = OWN + 100 * PAGE;
	assert_int_equal(delegate(OWN, 4 * PAGE), -ENOTRECOVERABLE);
	assert_int_equal(done, 2 * PAGE);
	/* said a moment later, by who may sleep */
	world_work_later();
	assert_file("reason", "bad-answer");
	assert_int_equal(delegate(OWN, 4 * PAGE), -ENODEV);
	world.smc = NULL;
	shim_module_exit();
	free_own_pages(OWN + 2 * PAGE, OWN + NR * PAGE);
	world_end_with(2, 2 * PAGE);
}

/* Who sleeps and who doesn't ------------------------------------------------------------------- */

#define BORDER	(GB + 640 * MB)		/* between two sections */

static unsigned int spins;

/* As one who may sleep looks at both sections, and claims the first, it takes of the second */
static void take_one(void)
{
	/* Another CPU spins as long as this one holds what it wants */
	if (world.atomic || --spins)
		return;
	world.spun = NULL;
	assert_int_equal(delegate(BORDER, PAGE), 0);
}

static void claims_meet(void **state)
{
	u64 calls;

	(void)state;
	begin(0);
	own_pages(BORDER - 2 * PAGE, BORDER + 2 * PAGE);
	assert_int_equal(cca_rmi_ensure_range(BORDER - 2 * PAGE, 4 * PAGE), 0);
	for (unsigned int n = 1; n <= 3; n++) {
		calls = rmm_commands(world.rmm, RMI_GRANULE_RANGE_DELEGATE);
		spins = n;
		assert_int_equal(pagebits_claim(BORDER - 2 * PAGE, BORDER - PAGE, false), true);
		pagebits_settle(BORDER - 2 * PAGE, BORDER - PAGE, false);
		world.spun = take_one;
		assert_false(pagebits_claim(BORDER - 2 * PAGE, BORDER + 2 * PAGE, false));
		assert_null(world.spun);
		assert_int_equal(pagebits_bytes(), PAGE);
		assert_false(pagebits_any(BORDER - 2 * PAGE, BORDER));
		assert_int_equal(rmm_commands(world.rmm, RMI_GRANULE_RANGE_DELEGATE), calls + 1);
		/* the others are as they were */
		assert_int_equal(delegate(BORDER - 2 * PAGE, 2 * PAGE), 0);
		give_back(BORDER - 2 * PAGE, BORDER + 2 * PAGE);
	}
	free_own_pages(BORDER - 2 * PAGE, BORDER + 2 * PAGE);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(under_a_spinlock),
		cmocka_unit_test(arguments),
		cmocka_unit_test(what_is_not_the_consumers),
		cmocka_unit_test(uncovered_memory),
		cmocka_unit_test(a_release_in_between),
		cmocka_unit_test(without_realms),
		cmocka_unit_test(it_refuses),
		cmocka_unit_test(it_is_busy),
		cmocka_unit_test(operation_is_gone_on_with),
		cmocka_unit_test(operation_without_end),
		cmocka_unit_test(room_for_what_does_not_end),
		cmocka_unit_test(operation_that_fails),
		cmocka_unit_test(it_makes_no_sense),
		cmocka_unit_test(claims_meet),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("atomic", tests, NULL, NULL);
}
