// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks of the whole module over much memory: how long they take, what they say meanwhile, and what
 * becomes of them when they are told to end
 */
#include "module_fixture.h"

#define TB	(1024 * GB)

static u64 ms_since(u64 ns)
{
	return (world.now_ns - ns) / 1000000;
}

static u64 smc_ns;	/* each command takes so long */
static u64 kill_after;	/* commands; 0: never */

static void slow(u64 x[5])
{
	world.now_ns += smc_ns;
	if (kill_after && !--kill_after)
		world.killed = true;
}

static void make_slow(enum rmm_dialect dialect, u64 flags, u64 ns)
{
	describe(dialect);
	machine.flags = flags;
	machine.memory.at[0] = (struct rmm_range){ GB, TB, RMI_MEM_CATEGORY_CONVENTIONAL };
	machine.pps = 4;
	world_make(&machine, 12);
	world_ram(GB, GB + TB, true);
	smc_ns = ns;
	kill_after = 0;
	world.smc = slow;
}

static unsigned int lines_with(const char *text)
{
	unsigned int n = 0;

	for (const char *p = world.log; (p = strstr(p, text)); p++)
		n++;
	return n;
}

static void quick_walk_says_nothing(void **state)
{
	(void)state;
	make_slow(RMM_DIALECT_BETA3, HOST_PAYS, 0);
	load();
	assert_available(TB);
	assert_int_equal(lines_with(" of 1 TiB"), 0);
	unload();
}

static void slow_walk_tells_how_far_it_is(void **state)
{
	(void)state;
	/* 1024 regions and PARs of 9 commands each: 92 s */
	make_slow(RMM_DIALECT_BETA3, HOST_PAYS, 10000000);
	load();
	assert_available(TB);
	assert_in_range(lines_with(" of 1 TiB"), 7, 10);
	/* a question for each GB, every 10 ms: the first one that ends after 2 s */
	assert_non_null(strstr(world.log, "looked for level 1 tables of 201 GiB of 1 TiB\n"));
	assert_non_null(strstr(world.log, "made level 1 tables for "));
	/* ten seconds of five commands each and a few DELEGATEs later */
	assert_non_null(strstr(world.log, "covered 20 GiB of 1 TiB\ncovered 202 GiB of 1 TiB\n"));
	unload();
	/* one that is only asked */
	make_slow(RMM_DIALECT_PUBLIC, 0, 3000000);
	load();
	assert_available(TB);
	assert_in_range(lines_with(" of 1 TiB"), 1, 1);
	unload();
}

/* Wherever it is killed, insmod fails and everything comes back */
static void killed_walk_gives_everything_back(void **state)
{
	const u64 when[] = { 1, 100, 1500, 4000, 9000 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(when); i++) {
		make_slow(RMM_DIALECT_BETA3, HOST_PAYS, 0);
		kill_after = when[i];
		assert_int_equal(shim_module_init(), -EINTR);
		assert_non_null(strstr(world.log, "not available: interrupted (by a signal"));
		assert_int_equal(rmm_donated(world.rmm), 0);
		assert_int_equal(rmm_delegated(world.rmm), 0);
		world_end();
	}
}

/* A hot-add as well; but not one who is asked to give up memory, or is asked for it by others */
static void killed_hot_add_is_refused(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	load();
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
	world.killed = true;
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), -EINTR);
	assert_available(GB);
	world.killed = false;
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	world.killed = true;
	assert_int_equal(world_offline(3 * GB, 3 * GB + WORLD_BLOCK), 0);
	assert_available(GB);
	unload();
}

/* A paid host of so many GB, and what world.smc is from then on */
static void load_paid(enum rmm_dialect dialect, unsigned int gb, void (*smc)(u64 x[5]))
{
	describe(dialect);
	machine.flags = HOST_PAYS;
	machine.memory.at[0].size = gb * GB;
	world_make(&machine, 12);
	world_ram(GB, (gb + 1) * GB, true);
	load();
	assert_available(gb * GB);
	world.smc = smc;
}

static void is_dead(u64 x[5])
{
	x[0] = RMI_BUSY;
	world.smc_done = true;
}

/* However much memory there is: reboot costs one patience, kexec ten of them */
static void dead_rmm_costs_one_patience(void **state)
{
	static const unsigned int sizes[] = { 1, 16, 256 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (unsigned int kexec = 0; kexec < 2; kexec++) {
			u64 begin, donated;

			load_paid(RMM_DIALECT_BETA3, sizes[i], is_dead);
			donated = rmm_donated(world.rmm);
			begin = world.now_ns;
			world_reboot_as(SYS_RESTART, kexec ? "kexec reboot" : NULL);
			print_message("%s of %u GB, the RMM is dead: %llu ms\n",
				      kexec ? "kexec" : "reboot", sizes[i], ms_since(begin));
			assert_in_range(ms_since(begin), kexec ? 9990 : 990, kexec ? 11000 : 2000);
			assert_int_equal(rmm_donated(world.rmm), donated);
			/* and once it lives again, all comes back */
			world.smc = NULL;
			unload();
		}
	}
}

static u64 blocked;		/* the region that an RMM never changes */

static void blocks_one(u64 x[5])
{
	if (x[0] != RMI_GRANULE_TRACKING_SET || x[1] != blocked)
		return;
	x[0] = RMI_BLOCKED;
	world.smc_done = true;
}

/* Does this region have others' metadata? */
static bool holds_metadata(u64 region)
{
	u64 start, end, base;
	char kind[16];
	int used;

	for (const char *p = world_debug("donated"); *p; p += used) {
		if (sscanf(p, "0x%llx-0x%llx %15s 0x%llx\n%n", &start, &end, kind, &base, &used) !=
		    4)
			continue;
		if (start >= region && start < region + GB && base != region)
			return true;
	}
	return false;
}

/* All others come back but for those whose metadata it holds: so take one that holds none */
static void one_region_is_blocked_for_ever(void **state)
{
	u64 begin;

	(void)state;
	load_paid(RMM_DIALECT_BETA3, 16, blocks_one);
	for (blocked = GB; holds_metadata(blocked); blocked += GB)
		;
	assert_true(blocked < 17 * GB);
	begin = world.now_ns;
	world_reboot();
	assert_in_range(ms_since(begin), 990, 2000);
	/*
	 * with it the region that has its metadata, and so can't leave FINE, nor be without a table
	 */
	print_message("one of 16 regions blocked for ever: %llu KB stay\n",
		      rmm_donated(world.rmm) / KB);
	assert_int_equal(rmm_donated(world.rmm), 2 * METADATA + TABLE);
	world.smc = NULL;
	unload();
}

static unsigned int contentions;
static u64 contended_until;

/* Each region and table in its turn is BUSY, for 5 ms from when it is first asked for */
static void contends(u64 x[5])
{
	if ((x[0] != RMI_GRANULE_TRACKING_SET && x[0] != RMI_GPT_L1_DESTROY) ||
	    contentions >= 1000)
		return;
	if (!contended_until)
		contended_until = world.now_ns + 5000000;
	if (world.now_ns >= contended_until) {
		contentions++;
		contended_until = 0;
		return;
	}
	x[0] = RMI_BUSY;
	world.smc_done = true;
}

static void thousand_contentions_cost_nothing(void **state)
{
	(void)state;
	load_paid(RMM_DIALECT_BETA3, 1000, contends);
	contentions = 0;
	contended_until = 0;
	world_reboot();
	assert_int_equal(contentions, 1000);
	assert_int_equal(rmm_donated(world.rmm), 0);
	unload();
}

static u64 busy_until;

static void is_updated(u64 x[5])
{
	if (world.now_ns >= busy_until)
		return;
	x[0] = RMI_BUSY;
	world.smc_done = true;
}

/* It is not given up for good */
static void rmm_that_was_busy_serves_the_next(void **state)
{
	const u64 page = GB + 512 * MB;
	struct page *p;
	size_t done;

	(void)state;
	load_paid(RMM_DIALECT_BETA3, 2, is_updated);
	world.pages_from = page;
	p = alloc_pages_node(0, GFP_KERNEL, 0);
	assert_int_equal(page_to_phys(p), page);
	p->flags |= PAGE_FOREIGN;
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
	busy_until = world.now_ns + 2000000000;
	assert_int_equal(cca_rmi_delegate_range(page, PAGE_SIZE), -ETIMEDOUT);
	assert_true(cca_rmi_is_available());
	busy_until = 0;
	assert_int_equal(cca_rmi_delegate_range(page, PAGE_SIZE), 0);
	assert_int_equal(cca_rmi_undelegate_range(page, PAGE_SIZE, &done), 0);
	p->flags &= ~PAGE_FOREIGN;
	__free_page(p);
	unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quick_walk_says_nothing),
		cmocka_unit_test(slow_walk_tells_how_far_it_is),
		cmocka_unit_test(killed_walk_gives_everything_back),
		cmocka_unit_test(killed_hot_add_is_refused),
		cmocka_unit_test(dead_rmm_costs_one_patience),
		cmocka_unit_test(one_region_is_blocked_for_ever),
		cmocka_unit_test(thousand_contentions_cost_nothing),
		cmocka_unit_test(rmm_that_was_busy_serves_the_next),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
