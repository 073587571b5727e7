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
		describe(RMM_DIALECT_BETA3);
		machine.flags = HOST_PAYS;
		machine.memory.at[0].size = 4 * GB;
		world_make(&machine, 14);
		world_ram(GB, 5 * GB, true);
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
		cmocka_unit_test(pages_are_of_their_regions_node),
		cmocka_unit_test(memory_that_cannot_be_moved_is_soon_given_up),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}
