// SPDX-License-Identifier: GPL-2.0-only
/* What a large host costs: heap, commands, and attempts at memory that isn't there */
#include <time.h>

#include "module_fixture.h"

/* The RMM has 4 bytes for each page, and half a byte in a table, and nothing of its own */
static void describe_large(enum rmm_dialect dialect, u64 from, u64 to)
{
	describe(dialect);
	machine.flags = HOST_PAYS;
	machine.memory.at[0] = (struct rmm_range){ from, to - from, RMI_MEM_CATEGORY_CONVENTIONAL };
	world_make(&machine, 12);
}

static u64 most_spare;		/* pages in hand that weren't lent, at the most */

static void note_spare(u64 x[5])
{
	most_spare = max(most_spare, world.pages_out - world.with_rmm / PAGE_SIZE);
}

/* The stock is what is due, and never more than a chunk or two: the host keeps the rest */
static void stock_is_small(void **state)
{
	(void)state;
	describe_large(RMM_DIALECT_BETA3, GB, 64 * GB);
	world_ram(GB, 64 * GB, true);
	most_spare = 0;
	world.smc = note_spare;
	load();
	assert_available(63 * GB);
	print_message("63 GB: %llu KB in stock at the most, %llu guards\n", most_spare * 4,
		      guards());
	assert_in_range(most_spare, 1, 2 * 4 * MB / PAGE_SIZE);
	assert_held();
	unload();
}

/* Gigabytes that have something of ours in them, of one node */
static unsigned int homes(unsigned int node)
{
	unsigned int n = 0;
	u64 last = ~0ULL, start;

	for (const char *p = world_debug("donated"); *p; p = strchr(p, '\n') + 1) {
		assert_int_equal(sscanf(p, "0x%llx-", &start), 1);
		if (start / GB != last &&
		    (world.node_bytes && start / world.node_bytes % 2) == node)
			n++;
		last = start / GB;
	}
	return n;
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
		assert_held();
		print_message("1 TB, %s: %llu bytes of heap, %llu at the most, %llu commands\n",
			      d ? "beta 3" : "beta 1", world.heap_bytes, world.heap_peak,
			      world.smcs);
		print_message("1 TB, %s: %llu guards, %u gigabytes with lent pages\n",
			      d ? "beta 3" : "beta 1", guards(), homes(0));
		/* none for each region: chunks, and records that double */
		assert_in_range(world.allocations, 1, 500);
		/* 1.1 GB of loans */
		assert_int_equal(homes(0), 2);
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

/*
 * Of 16 KB pages a region has 32 MB and costs a page: to take a pageblock, which is all of it,
 * would cost far more
 */
static void small_regions_take_no_pageblocks(void **state)
{
	(void)state;
	for (unsigned int scattered = 0; scattered < 2; scattered++) {
		make_small_regions(4);
		world.pages_from = 3 * GB + 512 * MB;
		world.small_from = scattered ? 2 * GB + 512 * MB : 0;
		load();
		assert_available(4 * GB);
		assert_int_equal(world.contig_calls, 0);
		/* a page for each region, eight for each table, and what guards them */
		assert_donated((128 + 4 * (GB >> 14) / 2 / PAGE_SIZE) * PAGE_SIZE);
		assert_held();
		/*
		 * the chunk for the tables has some pages for regions left, and there is one more
		 */
		assert_in_range(guards(), 1, 2);
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

/*
 * A page for each region is delegated by one command for each chunk, as many as are due, and none
 * for nothing
 */
static void small_regions_share_commands(void **state)
{
	(void)state;
	make_small_regions(4);
	load();
	assert_available(4 * GB);
	assert_int_equal(issued("RMI_GRANULE_TRACKING_SET"), 128);
	assert_int_equal(issued("RMI_GRANULE_RANGE_DELEGATE"), 2);
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
	/* the load ends with the refusal: those before it are made and undone */
	assert_int_equal(issued("RMI_GRANULE_TRACKING_SET"), 2 * 64 + 1);
	assert_int_equal(issued("RMI_GRANULE_RANGE_DELEGATE"), 2);
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

static u64 seed;

/* As a buddy allocator that was in use for a while: each block from somewhere else */
static void scatters(u64 x[5])
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	world.pages_from = GB + (seed >> 20) % (world.ram[0].end - GB) / (4 * MB) * (4 * MB);
}

static void make_nodes(unsigned int page_shift, unsigned int gb)
{
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	machine.memory.at[0].size = gb * GB;
	world_make(&machine, page_shift);
	world_ram(GB, (gb + 1) * GB, true);
	world.node_bytes = gb * GB / 2 + GB;	/* the first has as much as the second */
	seed = gb;
	world.smc = scatters;
	scatters(NULL);
}

/* A host may lose one huge page of 1 GB a node, wherever the allocator has its free blocks */
static void one_gigabyte_a_node(void **state)
{
	static const unsigned int sizes[] = { 6, 12, 64, 256 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		make_nodes(12, sizes[i]);
		load();
		assert_available(sizes[i] * GB);
		assert_donated(sizes[i] * PRICE);
		assert_held();
		print_message("%u GB, two nodes: gigabytes with lent pages: %u, %u\n", sizes[i],
			      homes(0), homes(1));
		assert_int_equal(homes(0), 1);
		assert_int_equal(homes(1), 1);
		unload();
	}
}

/* Pages that lie on the other node than what they were lent for */
static unsigned int pages_on_the_other_node(void)
{
	unsigned int pages = 0;
	u64 start, end, base;

	for (const char *p = world_debug("donated"); *p; p = strchr(p, '\n') + 1)
		if (sscanf(p, "0x%llx-0x%llx %*s 0x%llx", &start, &end, &base) == 3)
			pages += start / world.node_bytes % 2 != base / world.node_bytes % 2 ?
				 (end - start) >> PAGE_SHIFT : 0;
	return pages;
}

/*
 * Metadata lies on the node of what it is about, but for what is left of the other node's last
 * chunk
 */
static void pages_are_of_their_regions_node(void **state)
{
	(void)state;
	for (unsigned int shift = 12; shift <= 14; shift += 2) {
		make_nodes(shift, 128);
		load();
		assert_available(128 * GB);
		print_message(
			"128 GB, pages of %u KB, two nodes: %llu KB on the other one, of %llu\n",
			1 << (shift - 10), pages_on_the_other_node() * PAGE_SIZE / KB,
			rmm_donated(world.rmm) / KB);
		assert_true(pages_on_the_other_node() * PAGE_SIZE < 2 * 4 * MB);
		unload();
	}
}

static u64 delegations;

/* An RMM that does it, and of which nothing else is known: the model would have to remember all */
static void delegates(u64 x[5])
{
	if (x[0] != RMI_GRANULE_RANGE_DELEGATE && x[0] != RMI_GRANULE_RANGE_UNDELEGATE)
		return;
	delegations++;
	x[0] = RMI_SUCCESS;
	x[1] = x[2];
	world.smc_done = true;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/*
 * Whoever holds a lock looks at it for a time that doesn't grow with what is delegated, and nothing
 * is allocated on the way but four bits a page
 */
static void consumer_of_256_gb(void **state)
{
	const u64 from = 2 * GB, to = from + 256 * GB, step = 16 * GB;
	double first = 0, last = 0, begin;
	u64 at, heap, most = 0;
	size_t done;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.memory.at[0].size = 300 * GB;
	machine.pps = 3;
	world_make(&machine, 16);
	world_ram(GB, 301 * GB, true);
	load();
	world.smc = delegates;
	delegations = 0;
	heap = world.heap_bytes;
	assert_int_equal(cca_rmi_ensure_range(from, to - from), 0);
	print_message("256 GB of a consumer, page by page: %llu bytes for the bits, ",
		      world.heap_bytes - heap);
	/* three bits for each page, one more for a crash kernel, and what finds them */
	assert_true(world.heap_bytes - heap < 4 * (to - from) / PAGE_SIZE / 8 * 5 / 4);
	heap = world.heap_bytes;
	for (u64 part = from; part < to; part += step) {
		begin = seconds();
		for (at = part; at < part + step; at += PAGE_SIZE) {
			assert_int_equal(cca_rmi_delegate_range(at, PAGE_SIZE), 0);
			most = max(most, world.heap_bytes);
		}
		last = seconds() - begin;
		first = first ? min(first, last) : last;
	}
	assert_int_equal(delegations, (to - from) / PAGE_SIZE);
	assert_int_equal(most, heap);
	assert_int_equal(cca_rmi_delegate_range(to - PAGE_SIZE, PAGE_SIZE), -EEXIST);
	print_message("then none; %.0f ns a page, %.0f of the last 16 GB\n",
		      first / (step / PAGE_SIZE) * 1e9, last / (step / PAGE_SIZE) * 1e9);
	assert_true(last < 3 * first);
	/* all but one, in an order that leaves most holes, then that one */
	for (at = from; at < to; at += 2 * PAGE_SIZE)
		assert_int_equal(cca_rmi_undelegate_range(at, PAGE_SIZE, &done), 0);
	for (at = from + PAGE_SIZE; at < to; at += 2 * PAGE_SIZE)
		assert_int_equal(cca_rmi_undelegate_range(at, PAGE_SIZE, &done), 0);
	assert_int_equal(world.heap_bytes, heap);
	assert_int_equal(cca_rmi_undelegate_range(from, PAGE_SIZE, &done), -EINVAL);
	world.smc = NULL;
	unload();
}

/*
 * alloc_contig_range() takes milliseconds a try, so that some ten thousand are a minute under the
 * hotplug locks: what the buddy allocator has must do then
 */
static void memory_that_cannot_be_moved_is_soon_given_up(void **state)
{
	(void)state;
	make_nodes(12, 64);
	world.node_bytes = 0;
	world.no_contig = true;
	load();
	assert_available(64 * GB);
	print_message("nothing can be moved: alloc_contig_range() %llu times, %u homes\n",
		      world.contig_calls, homes(0));
	assert_in_range(world.contig_calls, 1, 256);
	assert_held();
	unload();
}

/* 8 MB in one piece for a PAR of 64 GB, and a pageblock before: of one zone; two meet at 4 GB */
static void a_table_lies_in_one_zone(void **state)
{
	(void)state;
	for (unsigned int fits = 0; fits < 2; fits++) {
		describe(RMM_DIALECT_BETA3);
		machine.flags = HOST_PAYS;
		machine.l0gptsz = 6;
		machine.memory.at[0].size = 6 * GB;
		world_make(&machine, 12);
		world_ram(GB, GB + 8 * MB, true);
		world_ram(4 * GB - 2 * MB, 4 * GB + 8 * MB, true);
		if (fits)
			world_ram(5 * GB, 5 * GB + 16 * MB, true);
		load();
		if (fits)
			assert_available(34 * MB);
		else
			assert_file("reason", "no-memory");
		unload();
	}
}

/* The allocator has pages, but not where they must lie: in the end nothing is taken for nothing */
static void chunks_are_not_wasted(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		describe_large(paid[d], GB, 64 * GB);
		world_ram(GB, 64 * GB, true);
		world.pages_from = 60 * GB;
		load();
		assert_available(63 * GB);
		assert_donated(63 * PRICE);
		assert_held();
		/* one for each chunk */
		assert_true(guards() <= 63 * PRICE / (4 * MB) + 2);
		assert_int_equal(homes(0), 1);
		assert_true(world.contig_calls < 1000);
		shim_module_exit();
		assert_int_equal(rmm_donated(world.rmm), 0);
		world_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stock_is_small),
		cmocka_unit_test(heap_of_a_large_host),
		cmocka_unit_test(heap_of_a_large_host_with_holes),
		cmocka_unit_test(a_table_lies_in_one_zone),
		cmocka_unit_test(chunks_are_not_wasted),
		cmocka_unit_test(small_regions_take_no_pageblocks),
		cmocka_unit_test(small_regions_share_commands),
		cmocka_unit_test(what_is_ready_comes_back),
		cmocka_unit_test(what_is_ready_is_told),
		cmocka_unit_test(one_allocation_fails),
		cmocka_unit_test(one_gigabyte_a_node),
		cmocka_unit_test(pages_are_of_their_regions_node),
		cmocka_unit_test(consumer_of_256_gb),
		cmocka_unit_test(memory_that_cannot_be_moved_is_soon_given_up),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}
