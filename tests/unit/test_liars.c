// SPDX-License-Identifier: GPL-2.0-only
/*
 * An RMM that misbehaves while memory changes hands. The module must come to an end, and never free
 * what isn't its own: the shim sees to the latter, at each page.
 */
#include "module_fixture.h"

#define PAGE		4096ULL
#define INCOMPLETE	0xdULL
#define WANTS		0x100ULL
#define GIVES		0x200ULL
#define CANCELLABLE	0x400ULL

static void make_paid(enum rmm_dialect dialect, u64 flags)
{
	describe(dialect);
	machine.flags = HOST_PAYS | flags;
	make(12);
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
	assert_int_equal(shim_set_timeout_ms("5"), 0);
}

static int online(void)
{
	return world_online(3 * GB, 3 * GB + WORLD_BLOCK);
}

static int offline(void)
{
	return world_offline(3 * GB, 3 * GB + WORLD_BLOCK);
}

static void unload_clean(void)
{
	world.smc = NULL;
	shim_module_exit();
	assert_int_equal(rmm_donated(world.rmm), 0);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	world_end();
}

/* The latch ------------------------------------------------------------------------------------ */

/*
 * The RMM gave an answer about who holds a page that breaks the rules: it is left alone, and what
 * it has, or may have, is never freed. With a kexec it is tried once more, as that kernel would not
 * survive it; what the RMM has (it is honest from then on) comes back.
 */
static void end_latched(bool kexec)
{
	const u64 calls = world.smcs;
	phys_addr_t granule;

	world.smc = NULL;
	assert_file("available", "0");
	assert_file("reason", "bad-answer");
	assert_non_null(strstr(world.log, "the RMM makes no sense and is left alone"));
	online();
	offline();
	world_work_later();
	assert_int_equal(cca_rmi_ensure_range(GB, PAGE), -ENODEV);
	assert_int_equal(cca_rmi_take_granules(0, 1, &granule), -ENODEV);
	world_reboot();
	assert_int_equal(world.smcs, calls);
	assert_true(world.pages_out * PAGE >= world.with_rmm);
	if (kexec) {
		assert_int_equal(world_reboot_as(SYS_RESTART, "kexec reboot"), 0);
		assert_true(world.smcs > calls);
		assert_int_equal(rmm_donated(world.rmm), 0);
		assert_int_equal(rmm_delegated(world.rmm), 0);
		shim_module_exit();
	} else {
		shim_module_exit();
		assert_int_equal(world.smcs, calls);
		if (world.with_rmm)
			assert_non_null(strstr(world.log,
					       "KB of memory remain with the RMM until reboot"));
	}
	world_end_with(world.pages_out, world.with_rmm);
}

#define for_each_end(d, kexec)						\
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)		\
		for (unsigned int kexec = 0; kexec < 2; kexec++)

/* Requests ------------------------------------------------------------------------------------- */

static u64 request;		/* instead of the RMM's own */
static unsigned int times;

static void ask_for(u64 x[5])
{
	ask_model(x);
	if ((x[0] & 0x3ff) == (INCOMPLETE | WANTS) && times) {
		times--;
		x[2] = request;
	}
}

static void odd_requests(void **state)
{
	static const u64 requests[] = {
		0, /* no blocks */
		0x10000,
		0x30000,	 /* no blocks, next to each other */
		0x3fff << 2 | 3, /* as many of the largest blocks as can be said */
		0x3fff << 2 | 3 | 1 << 16 | 1 << 17,
		0x3fff << 2 | 2,
		0x3fff << 2 | 1,
		0x3fff << 2,
		0x3fff << 2 | 1 << 17,
		65 << 2 | 1 << 17,
		1 << 2 | 2,
		1 << 2 | 3,
		1 << 2 | 1,
		3 << 2 | 1 << 16,
		3 << 2 | 1 << 16 | 1 << 17,
		31 << 2 | 1 << 16 | 1 << 17,
		33 << 2 | 1 << 16 | 1 << 17,
		1 << 2,
		1 << 2 | 1 << 17,
		1 << 2 | 2 << 17,
		1 << 2 | 3 << 17,
		~0ULL,
		1ULL << 63,
	};
	unsigned int available = 0;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)
		for (unsigned int i = 0; i < ARRAY_SIZE(requests); i++)
			for (unsigned int n = 1; n <= 5; n += 4) {
				make_paid(paid[d], 0);
				request = requests[i];
				times = n;
				world.smc = ask_for;
				load();
				assert_lent();
				assert_true(world.smcs < 1000);
				/* more than twice a table isn't even looked for */
				if (n == 5 && i >= 3 && i <= 12)
					assert_int_equal(rmm_commands(world.rmm, RMI_OP_MEM_DONATE),
							 0);
				if (strcmp(world_read("available"), "0")) {
					assert_available(GB);
					assert_donated(PRICE);
					available++;
				} else {
					assert_donated(0);
				}
				unload_clean();
			}
	/* one that comes to its senses at once is served: what it asked for stands */
	assert_true(available >= 16);
}

static void requests_without_end(void **state)
{
	static const u64 requests[] = { 0, 1 << 2 | 1 << 17, 3 << 2 | 1 << 16 | 1 << 17 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(requests); i++) {
		make_paid(RMM_DIALECT_BETA3, 0);
		request = requests[i];
		times = ~0U;
		world.smc = ask_for;
		load();
		assert_file("available", "0");
		assert_donated(0);
		/* four turns for each granule of one region */
		assert_true(world.smcs < (4 << 18) + 3000);
		unload_clean();
	}
}

/* What was taken ------------------------------------------------------------------------------- */

static u64 more;		/* the RMM says that it took so many more than it did */

static void overstate(u64 x[5])
{
	const bool donate = x[0] == RMI_OP_MEM_DONATE;

	ask_model(x);
	if (donate && times && x[1]) {
		times--;
		x[1] += more;
	}
}

static void more_is_taken_than_was_offered(void **state)
{
	static const u64 mores[] = { 1, 1000, 1ULL << 32, ~0ULL >> 1 };

	(void)state;
	for_each_end(d, kexec)
		for (unsigned int i = 0; i < ARRAY_SIZE(mores); i++) {
			make_paid(paid[d], 0);
			load();
			more = mores[i];
			times = 1;
			world.smc = overstate;
			assert_true(online() < 0);
			assert_int_equal(times, 0);
			assert_int_equal(rmm_donated(world.rmm), PRICE + TABLE);
			end_latched(kexec);
		}
}

/* It has the table, whatever number it says: these pages aren't free */
static void more_is_taken_by_an_operation_that_succeeds(void **state)
{
	(void)state;
	for_each_end(d, kexec) {
		describe(paid[d]);
		machine.flags = RMM_FLAG_HOST_TABLES;
		make(12);
		world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
		more = 1;
		times = 1;
		world.smc = overstate;
		load();
		assert_int_equal(rmm_donated(world.rmm), TABLE);
		assert_true(world.pages_out * PAGE >= TABLE + PAGE);
		/*
		 * The operation has ended, so that no list brings these pages back: they stay out
		 */
		world.smc = NULL;
		if (kexec)
			world_reboot_as(SYS_RESTART, "kexec reboot");
		shim_module_exit();
		world_end_with(world.pages_out, world.with_rmm);
	}
}

/* What comes back ------------------------------------------------------------------------------ */

static u64 list[512];
static unsigned int nr_list;

/* The first reclaim gives this list, the others what the RMM has */
static void give_back(u64 x[5])
{
	if (x[0] != RMI_OP_MEM_RECLAIM || !times)
		return;
	times--;
	memcpy(world_at(x[2]), list, nr_list * sizeof(*list));
	x[0] = INCOMPLETE | GIVES;
	x[1] = nr_list;
	world.smc_done = true;
}

static void expect_list_latched(enum rmm_dialect dialect, bool kexec)
{
	make_paid(dialect, 0);
	load();
	assert_int_equal(online(), 0);
	assert_donated(2 * PRICE);
	assert_held();
	times = 1;
	world.smc = give_back;
	world.log[0] = 0;
	offline();
	assert_int_equal(times, 0);
	assert_int_equal(rmm_donated(world.rmm), 2 * PRICE);
	/* none of that was freed */
	assert_true(world.pages_out * PAGE >= 2 * PRICE);
	end_latched(kexec);
}

/* A list without a page is nothing at all */
static void expect_list_ignored(enum rmm_dialect dialect)
{
	make_paid(dialect, 0);
	load();
	assert_int_equal(online(), 0);
	times = 1;
	world.smc = give_back;
	assert_int_equal(offline(), 0);
	assert_int_equal(times, 0);
	assert_donated(PRICE);
	assert_held();
	assert_available(GB);
	unload_clean();
}

static void foreign_memory_is_not_taken(void **state)
{
	const u64 two = 2 << 2, all = 1023 << 2;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		const unsigned int undelegated = paid[d] == RMM_DIALECT_BETA3 ? 62 : 63;
		const u64 odd[] = {
			0,
			4,
			two,
			1ULL << undelegated | 4,
			/* this very list */
			WORLD_SLOTS_AT | 4,
			WORLD_SLOTS_AT | 4 | 1ULL << undelegated,
			/* the kernel's own */
			(2 * GB - PAGE) | 4,
			(2 * GB - PAGE) | 4 | 1ULL << undelegated,
			(2 * GB - PAGE) | two | 1ULL << undelegated,
			3 * GB | 4 | 1ULL << undelegated,
			500 * GB | 4,
			1ULL << 51 | 4,
			0xffffffffff000ULL | all | 3,
			0xffffffffff000ULL | 4 | 1ULL << undelegated,
			GB | all | 3,
			GB | all | 2,
			GB | 4 | 1,
			all | 3 | 1ULL << undelegated,
			~0ULL,
			~3ULL,
			2ULL << 62 | 2 * GB | 4,
			3ULL << 62 | 2 * GB | 4,
		};

		nr_list = 1;
		for (unsigned int i = 0; i < ARRAY_SIZE(odd); i++) {
			list[0] = odd[i];
			if (odd[i] & all)
				expect_list_latched(paid[d], i & 1);
			else
				expect_list_ignored(paid[d]);
		}
		nr_list = 512;
		memset(list, 0, sizeof(list));
		expect_list_ignored(paid[d]);
		nr_list = 0;
		expect_list_ignored(paid[d]);
	}
}

/* The boot memory's table begins with the first free page that there is */
static void what_was_lent_for_others_does_not_come_back(void **state)
{
	(void)state;
	for_each_end(d, kexec) {
		nr_list = 1;
		list[0] = (GB + PAGE) | 4 | 1ULL << (paid[d] == RMM_DIALECT_BETA3 ? 62 : 63);
		expect_list_latched(paid[d], kexec);
	}
}

/* Each descriptor as the RMM gives it, but larger by what lies behind, and each twice */
static void double_list(u64 x[5])
{
	const u64 at = x[2];
	unsigned int n;
	u64 *entry;

	if (x[0] != RMI_OP_MEM_RECLAIM)
		return;
	x[3] = 170;
	ask_model(x);
	n = x[1];
	entry = world_at(at);
	for (unsigned int i = 0; i < n; i++) {
		entry[n + i] = entry[i];
		entry[2 * n + i] = entry[i] + (1022 << 2);
	}
	x[1] = 3 * n;
}

static void what_came_back_does_not_come_twice(void **state)
{
	(void)state;
	for_each_end(d, kexec) {
		make_paid(paid[d], 0);
		load();
		assert_int_equal(online(), 0);
		world.smc = double_list;
		offline();
		assert_true(rmm_donated(world.rmm) < 2 * PRICE);
		end_latched(kexec);
	}
}

/* In a state that there is not: whose it is can't be told, and so it isn't the allocator's */
static void spoil_state(u64 x[5])
{
	const u64 at = x[2];

	if (x[0] != RMI_OP_MEM_RECLAIM || !times)
		return;
	ask_model(x);
	assert_true(x[1] > 0);
	*(u64 *)world_at(at) |= request << 62;
	times--;
}

static void state_that_there_is_not(void **state)
{
	(void)state;
	for (request = 2; request <= 3; request++) {
		make_paid(RMM_DIALECT_BETA3, 0);
		load();
		assert_int_equal(online(), 0);
		times = 1;
		world.smc = spoil_state;
		world_event(MEM_OFFLINE, 3 * GB, 3 * GB + WORLD_BLOCK);
		assert_int_equal(times, 0);
		/* The RMM gave it back, and it stays in the ledger */
		assert_true(world.pages_out * PAGE > rmm_donated(world.rmm));
		assert_true(strtoull(world_read("memory_donated"), NULL, 0) >
			    rmm_donated(world.rmm));
		end_latched(false);
	}
}

/* Too many descriptors: the operation can't be cancelled any more, and what is lent remains so */
static void too_many_descriptors(u64 x[5])
{
	if (x[0] != RMI_OP_MEM_RECLAIM)
		return;
	x[0] = INCOMPLETE | GIVES;
	x[1] = 513;
	world.smc_done = true;
}

static void list_is_longer_than_the_page(void **state)
{
	(void)state;
	for_each_end(d, kexec) {
		make_paid(paid[d], 0);
		load();
		assert_int_equal(online(), 0);
		world.smc = too_many_descriptors;
		offline();
		assert_lent();
		assert_int_equal(rmm_donated(world.rmm), 2 * PRICE);
		end_latched(kexec);
	}
}

/* A page that was offered, and not taken, is still the host's own: it can't come back */
static u64 offered;
static unsigned int step;

static void give_back_what_is_in_hand(u64 x[5])
{
	switch (step) {
	case 0:
		if (x[0] != RMI_OP_MEM_DONATE)
			return;
		offered = (*(u64 *)world_at(x[2]) & ~0xfffULL) | 4;
		offered |= *(u64 *)world_at(x[2]) & 3ULL << 62;
		x[0] = INCOMPLETE;
		x[1] = 0;
		break;
	case 1:
		assert_int_equal(x[0], RMI_OP_CONTINUE);
		x[0] = INCOMPLETE | GIVES;
		break;
	case 2:
		assert_int_equal(x[0], RMI_OP_MEM_RECLAIM);
		*(u64 *)world_at(x[2]) = offered;
		x[0] = INCOMPLETE;
		x[1] = 1;
		break;
	default:
		return;
	}
	step++;
	world.smc_done = true;
}

static void what_was_only_offered_does_not_come_back(void **state)
{
	(void)state;
	for_each_end(d, kexec)
		for (unsigned int f = 0; f < 2; f++) {
			describe(paid[d]);
			machine.flags = f ? RMM_FLAG_HOST_TABLES : RMM_FLAG_HOST_PAYS;
			make(12);
			world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
			step = 0;
			world.smc = give_back_what_is_in_hand;
			load();
			assert_int_equal(step, 3);
			assert_int_equal(rmm_donated(world.rmm), 0);
			end_latched(kexec);
		}
}

/* Delegation ----------------------------------------------------------------------------------- */

static u64 bad_page;
static u64 bad_x0, bad_x1;

/* All but that page, the second of the first undelegation that there is, where it has one */
static void keep_one(u64 x[5])
{
	if (x[0] != RMI_GRANULE_RANGE_UNDELEGATE)
		return;
	if (!bad_page)
		bad_page = x[2] > x[1] + PAGE ? x[1] + PAGE : x[1];
	if (x[1] < bad_page && x[2] > bad_page)
		x[2] = bad_page;
	if (x[1] != bad_page)
		return;
	x[0] = bad_x0;
	x[1] = bad_x1;
	world.smc_done = true;
}

/*
 * What is delegated waits for the RMM: what it can't be had back for now is neither freed nor lost
 */
static void expect_waiting(void)
{
	assert_file("memory_lost", "0");
	assert_true(rmm_delegated(world.rmm) > 0);
	assert_held();
	assert_non_null(world.delayed);
	world.smc = NULL;
	world_work_later();
	assert_donated(PRICE);
	assert_held();
	assert_null(world.delayed);
	unload_clean();
}

static void expect_lost(void)
{
	u64 lost = rmm_delegated(world.rmm), pages = (PRICE + lost) / PAGE + guards();

	assert_true(lost >= PAGE && lost < METADATA);
	assert_number("memory_lost", lost);
	assert_number("memory_donated", PRICE);
	assert_int_equal(rmm_donated(world.rmm), PRICE);
	assert_available(GB);
	assert_held();
	assert_non_null(strstr(world.log, "are lost until reboot"));
	/* It stays taken, and so does the metadata of its region, which can't leave FINE now */
	world.smc = NULL;
	shim_module_exit();
	assert_int_equal(rmm_delegated(world.rmm), lost);
	assert_int_equal(rmm_donated(world.rmm), PRICE);
	world_end_with(pages, PRICE + lost);
}

static void page_that_does_not_come_back(void **state)
{
	static const struct {
		u64 x0, x1;
		enum { LOST, WAITING, LATCHED } fate;
	} answers[] = {
		{ RMI_ERROR_INPUT, 0, LOST }, { -1ULL, 0, WAITING }, { RMI_BUSY, 0, WAITING },
		{ RMI_BLOCKED, 0, WAITING }, { RMI_SUCCESS, 0, LATCHED },
		{ RMI_SUCCESS, ~0ULL, LATCHED },
		/*
		 * an operation without a handle, which ends in an error: nobody knows what it did
		 */
		{ INCOMPLETE | WANTS, 0, LOST },
	};

	(void)state;
	for_each_end(d, kexec)
		for (unsigned int i = 0; i < ARRAY_SIZE(answers); i++) {
			make_paid(paid[d], 0);
			load();
			assert_int_equal(online(), 0);
			bad_page = 0;
			bad_x0 = answers[i].x0;
			bad_x1 = answers[i].x1;
			world.smc = keep_one;
			assert_int_equal(offline(), 0);
			if (answers[i].fate == LOST)
				expect_lost();
			else if (answers[i].fate == WAITING)
				expect_waiting();
			else
				end_latched(kexec);
		}
}

static void refuse_to_delegate(u64 x[5])
{
	if (x[0] != RMI_GRANULE_RANGE_DELEGATE)
		return;
	x[0] = bad_x0;
	x[1] = bad_x1;
	world.smc_done = true;
}

/* So there are no delegated pages to be had: the operation is cancelled, and all is as it was */
static void delegation_is_refused(void **state)
{
	(void)state;
	make_paid(RMM_DIALECT_BETA1, 0);
	load();
	bad_x0 = RMI_ERROR_GLOBAL;
	world.smc = refuse_to_delegate;
	assert_true(online() < 0);
	assert_null(strstr(world.log, "remains unfinished"));
	assert_available(GB);
	assert_donated(PRICE);
	world.smc = NULL;
	assert_int_equal(online(), 0);
	assert_donated(2 * PRICE);
	unload_clean();

	/*
	 * beta 3 leaves it to the host which pages these are, and the block has none of its own yet
	 */
	make_paid(RMM_DIALECT_BETA3, 0);
	load();
	world.smc = refuse_to_delegate;
	assert_true(online() < 0);
	assert_donated(PRICE);
	world.smc = NULL;
	assert_int_equal(online(), 0);
	unload_clean();
}

/* The page is delegated, but the RMM speaks as if it were an operation that wants memory */
static void delegate_and_ask(u64 x[5])
{
	if (x[0] != RMI_GRANULE_RANGE_DELEGATE || !times)
		return;
	times--;
	ask_model(x);
	x[0] = INCOMPLETE | WANTS;
}

/*
 * That operation ends in an error, since its handle is none: nobody knows what it did, so the pages
 * are undelegated one by one. The RMM refuses those that it never had; whose these are can't be
 * told.
 */
static void delegation_that_asks_for_memory_is_not_believed(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		u64 lost;

		make_paid(paid[d], 0);
		load();
		times = 1;
		world.smc = delegate_and_ask;
		online();
		assert_int_equal(times, 0);
		lost = strtoull(world_read("memory_lost"), NULL, 0);
		assert_true(lost < METADATA);
		/* beta 3's was done with all of them */
		assert_int_equal(lost > 0, paid[d] != RMM_DIALECT_BETA3);
		assert_int_equal(rmm_delegated(world.rmm), 0);
		assert_int_equal(world.pages_out,
				 rmm_donated(world.rmm) / PAGE + lost / PAGE + guards());
		world.smc = NULL;
		shim_module_exit();
		assert_int_equal(rmm_donated(world.rmm), 0);
		assert_true(world.pages_out >= lost / PAGE);
		world_end_with(world.pages_out, 0);
	}
}

/* No end --------------------------------------------------------------------------------------- */

static u64 endless_fid;

static void go_on_for_ever(u64 x[5])
{
	static bool begun;

	if (x[0] == RMI_VERSION)
		begun = false;
	begun |= x[0] == endless_fid;
	if (!begun || (x[0] != endless_fid && x[0] != RMI_OP_CONTINUE && x[0] != RMI_OP_CANCEL))
		return;
	x[0] = INCOMPLETE | CANCELLABLE;
	x[1] = 0x77;
	world.smc_done = true;
}

static void operation_has_no_end(void **state)
{
	static const struct {
		u64 fid;
		const char *reason;
	} commands[] = {
		{ RMI_RMM_ACTIVATE, "unfinished" },
		{ RMI_GPT_INFO, "unfinished" },
		{ RMI_GPT_L1_CREATE, "unfinished" },
		{ RMI_GRANULE_TRACKING_SET, "unfinished" },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
		make_paid(RMM_DIALECT_BETA3, 0);
		assert_int_equal(shim_set_timeout_ms("1000"), 0);
		endless_fid = commands[i].fid;
		world.smc = go_on_for_ever;
		load();
		assert_file("available", "0");
		assert_file("reason", commands[i].reason);
		assert_true(world.smcs < (1 << 21));
		world.smc = NULL;
		shim_module_exit();
		world_end_with(world.with_rmm / PAGE,
			       rmm_donated(world.rmm) + rmm_delegated(world.rmm));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_requests),
		cmocka_unit_test(requests_without_end),
		cmocka_unit_test(more_is_taken_than_was_offered),
		cmocka_unit_test(more_is_taken_by_an_operation_that_succeeds),
		cmocka_unit_test(foreign_memory_is_not_taken),
		cmocka_unit_test(what_was_lent_for_others_does_not_come_back),
		cmocka_unit_test(what_came_back_does_not_come_twice),
		cmocka_unit_test(state_that_there_is_not),
		cmocka_unit_test(list_is_longer_than_the_page),
		cmocka_unit_test(what_was_only_offered_does_not_come_back),
		cmocka_unit_test(page_that_does_not_come_back),
		cmocka_unit_test(delegation_is_refused),
		cmocka_unit_test(delegation_that_asks_for_memory_is_not_believed),
		cmocka_unit_test(operation_has_no_end),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("liars", tests, NULL, NULL);
}
