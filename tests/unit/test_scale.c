// SPDX-License-Identifier: GPL-2.0-only
/* What a large host costs: heap, commands, and attempts at memory that isn't there */
#include "module_fixture.h"

/* The RMM has 4 bytes for each page, and half a byte in a table, and nothing of its own */
static void describe_large(enum rmm_dialect dialect, u64 from, u64 to)
{
	describe(dialect);
	machine.flags = HOST_PAYS;
	machine.memory.at[0] = (struct rmm_range){ from, to - from, RMI_MEM_CATEGORY_CONVENTIONAL };
	world_make(&machine, 12);
}

static unsigned int reschedules;

static void note_reschedules(u64 x[5])
{
	reschedules = world.reschedules;
}

/* What is left over of each region's pageblock is freed at the end, which is a lot */
static void others_run_while_stock_is_freed(void **state)
{
	(void)state;
	describe_large(RMM_DIALECT_BETA3, GB, 64 * GB);
	world_ram(GB, 64 * GB, true);
	world.smc = note_reschedules;
	load();
	assert_available(63 * GB);
	assert_true(world.reschedules - reschedules >= 60);
	unload();
}

static void heap_of_a_large_host(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		describe_large(paid[d], GB, 1024 * GB);
		world_ram(GB, 1024 * GB, true);
		load();
		assert_available(1023 * GB);
		assert_donated(1023 * PRICE);
		print_message(
			"1 TB, %s: %llu bytes of heap held, %llu at the most, %llu commands\n",
			d ? "beta 3" : "beta 1", world.heap_bytes, world.heap_peak, world.smcs);
		assert_true(world.heap_bytes < MB);
		assert_true(world.heap_peak < 2 * MB);
		/* a few for each region */
		assert_true(world.smcs < 1023 * (d ? 20 : 200));
		unload();
	}
}

/* As an administrator's hole in each GB leaves it: the record has as many ranges as there are */
static void heap_of_a_large_host_with_holes(void **state)
{
	(void)state;
	describe_large(RMM_DIALECT_BETA3, GB, 256 * GB);
	for (u64 gb = 1; gb < 256; gb++)
		world_ram(gb * GB, (gb + 1) * GB - 2 * MB, true);
	load();
	assert_available(255 * (GB - 2 * MB));
	assert_donated(255 * PRICE);
	print_message("256 GB in 255 ranges: %llu bytes of heap held, %llu at the most\n",
		      world.heap_bytes, world.heap_peak);
	assert_true(world.heap_peak < MB / 4);
	unload();
}

/* Of 16 KB pages: regions of 32 MB, which cost a page each */
static void make_small_regions(unsigned int gb)
{
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	machine.memory.at[0].size = gb * GB;
	world_make(&machine, 14);
	world_ram(GB, (gb + 1) * GB, true);
}

/* The first region's next blocks go to somebody else, just then */
static void gives_from_elsewhere(u64 x[5])
{
	if (x[0] == RMI_GRANULE_TRACKING_SET)
		world.pages_from = world.small_from = 4 * GB + 512 * MB;
}

/*
 * Of 16 KB pages a region has 32 MB and costs a page: to take a pageblock, which is all of it,
 * would cost far more. Single pages may come from anywhere, larger blocks are where the first table
 * and the first region had better be.
 */
static void small_regions_take_no_pageblocks(void **state)
{
	(void)state;
	for (unsigned int scattered = 0; scattered < 3; scattered++) {
		make_small_regions(4);
		world.pages_from = 3 * GB + 512 * MB;
		world.small_from = scattered ? 2 * GB + 512 * MB : 0;
		if (scattered == 2)
			world.smc = gives_from_elsewhere;
		load();
		assert_available(4 * GB);
		assert_int_equal(world.contig_calls, 0);
		/* a page for each region, eight for each table */
		assert_int_equal(world.pages_out, 128 + 4 * (GB >> 14) / 2 / PAGE_SIZE);
		unload();
	}
}

/* How often a command was issued */
static unsigned int issued(const char *command)
{
	const char *line = strstr(world_debug("commands"), command);
	unsigned int count = 0;

	if (line)
		sscanf(line + strlen(command), " %u", &count);
	return count;
}

/* A page for each region is delegated by one command for 512 KB of them, and none for nothing */
static void small_regions_share_commands(void **state)
{
	(void)state;
	make_small_regions(4);
	load();
	assert_available(4 * GB);
	assert_int_equal(issued("RMI_GRANULE_TRACKING_SET"), 128);
	assert_int_equal(issued("RMI_GRANULE_RANGE_DELEGATE"), 4);
	assert_int_equal(issued("RMI_GRANULE_RANGE_UNDELEGATE"), 0);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	assert_lent();
	unload();
}

static void refuses_one(u64 x[5])
{
	if (x[0] != RMI_GRANULE_TRACKING_SET || x[1] != 3 * GB || x[3] != RMI_TRACKING_FINE)
		return;
	x[0] = RMI_ERROR_INPUT;
	world.smc_done = true;
}

/*
 * What was delegated for one that the RMM refuses comes back, and before the region that it lies in
 * is to be undone, so that each is asked for once
 */
static void what_is_ready_comes_back(void **state)
{
	(void)state;
	make_small_regions(4);
	world.smc = refuses_one;
	load();
	assert_file("available", "0");
	assert_int_equal(issued("RMI_GRANULE_TRACKING_SET"), 2 * 127 + 1);
	assert_int_equal(issued("RMI_GRANULE_RANGE_DELEGATE"), 4);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	assert_donated(0);
	unload();
}

/* One allocation of such a load fails, the ledger's among them */
static void one_allocation_fails(void **state)
{
	unsigned int n, left = 0, failed = 0;

	(void)state;
	for (n = 1; !left; n++) {
		int rc;

		make_small_regions(2);
		world.fail_alloc = n;
		rc = shim_module_init();
		left = world.fail_alloc;
		world.fail_alloc = 0;
		if (rc) {
			assert_int_equal(rc, -ENOMEM);
		} else if (strcmp(world_read("available"), "1")) {
			failed++;
			assert_unavailable("no-memory", world_read("detail"));
			assert_donated(0);
			shim_module_exit();
		} else {
			assert_available(2 * GB);
			assert_lent();
			shim_module_exit();
		}
		assert_int_equal(rmm_donated(world.rmm) + rmm_delegated(world.rmm), 0);
		assert_int_equal(world.pages_out, 0);
		assert_int_equal(world.allocated, 0);
		load();
		assert_available(2 * GB);
		assert_lent();
		unload();
	}
	assert_true(failed > 5);
}

static unsigned int pages_ready;

/* Who looks while the first of them is lent */
static void looks_at_ready(u64 x[5])
{
	const char *line = strstr(world_debug("donated") ?: "", " ready\n");
	u64 start, end;

	if (x[0] != RMI_OP_MEM_DONATE || !line || pages_ready)
		return;
	while (line > world_debug("donated") && line[-1] != '\n')
		line--;
	assert_int_equal(sscanf(line, "0x%llx-0x%llx", &start, &end), 2);
	pages_ready = (end - start) / PAGE_SIZE;
	/* with the one that is being lent */
	assert_number("memory_donated", rmm_donated(world.rmm) + (pages_ready + 1) * PAGE_SIZE);
}

/* Pages that are delegated and lent for nothing yet are told of */
static void what_is_ready_is_told(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	machine.memory.at[0].size = 2 * GB;
	world_make(&machine, 14);
	world_ram(GB, 2 * GB, true);
	world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
	load();
	pages_ready = 0;
	world.smc = looks_at_ready;
	assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	assert_int_equal(pages_ready, WORLD_BLOCK / (32 * MB) - 1);
	assert_lent();
	unload();
}

/* Pages that lie on the other node than what they were lent for */
static unsigned int pages_on_the_other_node(void)
{
	unsigned int pages = 0;
	u64 start, end, base;
	int used;

	for (const char *p = world_debug("donated"); *p; p += used) {
		assert_int_equal(sscanf(p, "0x%llx-0x%llx %*s 0x%llx\n%n", &start, &end, &base,
					&used), 3);
		pages += start / GB % 2 != base / GB % 2 ? (end - start) >> PAGE_SHIFT : 0;
	}
	return pages;
}

/* Metadata lies on the node of what it is about, but where nothing of that is FINE yet */
static void pages_are_of_their_regions_node(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	machine.memory.at[0].size = 8 * GB;
	world_make(&machine, 14);
	world_ram(GB, 9 * GB, true);
	world.two_nodes = true;
	load();
	assert_available(8 * GB);
	/* Half of what was paid for when there was one table, or one region that was FINE */
	assert_in_range(pages_on_the_other_node(), 1, 4 * (GB >> 14) / 2 / PAGE_SIZE + 64);
	unload();
}

/*
 * alloc_contig_range() takes milliseconds a try, so that some ten thousand are a minute under the
 * hotplug locks
 */
static void memory_that_cannot_be_moved_is_soon_given_up(void **state)
{
	(void)state;
	for (unsigned int f = 0; f < 2; f++) {
		describe(RMM_DIALECT_BETA3);
		machine.flags = HOST_PAYS | (f ? RMM_FLAG_NO_CANCEL : 0);
		machine.memory.at[0].size = 63 * GB;
		world_make(&machine, 12);
		world_ram(GB, 64 * GB, true);
		assert_int_equal(shim_set_timeout_ms("100"), 0);
		world.no_contig = true;
		world.pages_from = 60 * GB;
		load();
		print_message("%s: alloc_contig_range() %llu times\n", world_read("reason"),
			      world.contig_calls);
		assert_true(world.contig_calls < 20000);
		shim_module_exit();
		world_end();
	}
}

/*
 * The allocator has pages, but not where they must lie: whole pageblocks are taken, and what isn't
 * lent of them goes back
 */
static void pageblocks_are_not_wasted(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		describe_large(paid[d], GB, 64 * GB);
		world_ram(GB, 64 * GB, true);
		world.pages_from = 60 * GB;
		load();
		assert_available(63 * GB);
		assert_donated(63 * PRICE);
		assert_int_equal(world.pages_out, 63 * PRICE >> PAGE_SHIFT);
		assert_true(world.contig_calls < 1000);
		shim_module_exit();
		assert_int_equal(rmm_donated(world.rmm), 0);
		world_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_run_while_stock_is_freed),
		cmocka_unit_test(heap_of_a_large_host),
		cmocka_unit_test(heap_of_a_large_host_with_holes),
		cmocka_unit_test(pageblocks_are_not_wasted),
		cmocka_unit_test(small_regions_take_no_pageblocks),
		cmocka_unit_test(small_regions_share_commands),
		cmocka_unit_test(what_is_ready_comes_back),
		cmocka_unit_test(what_is_ready_is_told),
		cmocka_unit_test(one_allocation_fails),
		cmocka_unit_test(pages_are_of_their_regions_node),
		cmocka_unit_test(memory_that_cannot_be_moved_is_soon_given_up),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}
