// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is lent to an RMM that has nothing of its own: at load, at hot-add, and when memory runs
 * out; and that it comes back
 */
#include "module_fixture.h"

#define BLOCK	WORLD_BLOCK

/* 7 GB of DRAM from 1 GB on, 1 GB of it boot memory; the host pays for all */
static void describe_paid(enum rmm_dialect dialect, u64 flags)
{
	describe(dialect);
	machine.flags = HOST_PAYS | flags;
	machine.memory.at[0].size = 7 * GB;
}

static void add_blocks(u64 start, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		world_ram(start + i * BLOCK, start + (i + 1) * BLOCK, false);
}

static int online(u64 start, unsigned int i)
{
	return world_online(start + i * BLOCK, start + (i + 1) * BLOCK);
}

static int offline(u64 start, unsigned int i)
{
	return world_offline(start + i * BLOCK, start + (i + 1) * BLOCK);
}

/* Hot-add -------------------------------------------------------------------------------------- */

static void first_block_pays_and_last_gives_back(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		u64 calls;

		describe_paid(paid[d], 0);
		make(12);
		load();
		assert_available(GB);
		assert_donated(PRICE);
		add_blocks(3 * GB, 3);
		for (int round = 0; round < 20; round++) {
			assert_int_equal(online(3 * GB, 0), 0);
			assert_available(GB + BLOCK);
			assert_donated(2 * PRICE);
			assert_int_equal(rmm_tracking(world.rmm, 3 * GB), RMI_TRACKING_FINE);
			assert_int_equal(rmm_par(world.rmm, 3 * GB), RMI_PAR_HOST_CREATED);
			calls = world.smcs;
			assert_int_equal(online(3 * GB, 2), 0);
			assert_available(GB + 2 * BLOCK);
			assert_donated(2 * PRICE);
			assert_int_equal(world.smcs, calls);
			assert_int_equal(offline(3 * GB, 0), 0);
			assert_available(GB + BLOCK);
			assert_donated(2 * PRICE);
			assert_int_equal(world.smcs, calls);
			assert_int_equal(offline(3 * GB, 2), 0);
			assert_available(GB);
			assert_donated(PRICE);
			assert_int_equal(rmm_tracking(world.rmm, 3 * GB), RMI_TRACKING_COARSE);
			assert_int_equal(rmm_par(world.rmm, 3 * GB), RMI_PAR_HOST_NOT_CREATED);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			assert_held();
		}
		/* what is online at unload comes back as well */
		assert_int_equal(online(3 * GB, 1), 0);
		unload();
	}
}

/* PARs of 16 GB: their table of 2 MB stays until the last of their regions is gone */
static void table_outlives_the_first_region(void **state)
{
	const u64 table = 2 * MB;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		describe_paid(paid[d], 0);
		machine.l0gptsz = 4;
		machine.memory.nr = 2;
		machine.memory.at[1] = (struct rmm_range){ 32 * GB, 8 * GB,
							   RMI_MEM_CATEGORY_CONVENTIONAL };
		make(12);
		load();
		assert_donated(METADATA + table);
		add_blocks(32 * GB, 1);
		add_blocks(39 * GB, 1);
		assert_int_equal(online(39 * GB, 0), 0);
		assert_donated(2 * (METADATA + table));
		assert_int_equal(online(32 * GB, 0), 0);
		assert_donated(3 * METADATA + 2 * table);
		assert_available(GB + 2 * BLOCK);
		assert_int_equal(offline(39 * GB, 0), 0);
		assert_donated(2 * (METADATA + table));
		assert_int_equal(rmm_par(world.rmm, 39 * GB), RMI_PAR_HOST_CREATED);
		assert_int_equal(offline(32 * GB, 0), 0);
		assert_donated(METADATA + table);
		assert_int_equal(rmm_par(world.rmm, 32 * GB), RMI_PAR_HOST_NOT_CREATED);
		assert_available(GB);
		unload();
	}
}

/* A table was made before the region was found to be of no use, and goes again */
static void refused_block_leaves_nothing(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		unsigned int lines;

		describe_paid(paid[d], 0);
		machine.tracking.nr = 2;
		machine.tracking.at[0] = (struct rmm_range){ 4 * GB, GB, RMI_TRACKING_RESERVED };
		machine.tracking.at[1] = (struct rmm_range){
			5 * GB, GB, RMI_MEM_CATEGORY_DEV_COH << 8 | RMI_TRACKING_FINE
		};
		make(12);
		load();
		add_blocks(4 * GB, 1);
		add_blocks(5 * GB, 1);
		add_blocks(16 * GB, 1);
		for (u64 at = 4 * GB; at <= 16 * GB; at += at == 4 * GB ? GB : 11 * GB) {
			lines = world.lines;
			assert_int_equal(online(at, 0), -ENXIO);
			assert_int_equal(world.lines, lines);
			assert_notice(" refused: ");
			assert_available(GB);
			assert_donated(PRICE);
			assert_int_equal(rmm_delegated(world.rmm), 0);
		}
		assert_int_equal(rmm_par(world.rmm, 4 * GB), RMI_PAR_HOST_NOT_CREATED);
		assert_int_equal(rmm_par(world.rmm, 5 * GB), RMI_PAR_HOST_NOT_CREATED);
		/* The load's; and of no DRAM, before beta 3 only this command tells */
		assert_int_equal(rmm_commands(world.rmm, RMI_GPT_L1_CREATE), d ? 1 : 2);
		assert_int_equal(rmm_commands(world.rmm, RMI_GPT_L1_DESTROY), 0);
		add_blocks(6 * GB, 1);
		assert_int_equal(online(6 * GB, 0), 0);
		assert_available(GB + BLOCK);
		assert_donated(2 * PRICE);
		unload();
	}
}

/* The first block of a PAR was never online: nothing is known of it yet, its NUMA node neither */
static void later_block_goes_online_first(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		describe_paid(paid[d], 0);
		make(12);
		world_ram(3 * GB, 3 * GB + BLOCK, false);
		load();
		world_ram(3 * GB + BLOCK, 3 * GB + 2 * BLOCK, false);
		assert_int_equal(online(3 * GB, 1), 0);
		assert_available(GB + BLOCK);
		assert_donated(2 * PRICE);
		unload();
	}
}

/*
 * A region that isn't the RMM's to track; the one at the base of a larger region, had the RMM such,
 * is or isn't FINE already
 */
static void region_that_cannot_be_set_is_refused(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)
		for (u64 at = 0; at <= GB; at += GB) {
			describe_paid(paid[d], 0);
			machine.l0gptsz = 4;
			machine.memory.at[0] = (struct rmm_range){ 0, 4 * GB,
								   RMI_MEM_CATEGORY_CONVENTIONAL };
			world_make(&machine, 12);
			world_ram(at, 2 * GB, true);
			load();
			assert_available(2 * GB - at);
			assert_donated((2 * GB - at) / GB * METADATA + 2 * MB);
			add_blocks(8 * GB, 1);		/* in the PAR, but not in the RMM's DRAM */
			assert_int_equal(online(8 * GB, 0), -ENXIO);
			assert_available(2 * GB - at);
			assert_donated((2 * GB - at) / GB * METADATA + 2 * MB);
			assert_int_equal(rmm_tracking(world.rmm, 0),
					 at ? RMI_TRACKING_COARSE : RMI_TRACKING_FINE);
			unload();
		}
}

/* Taken out again ------------------------------------------------------------------------------ */

/*
 * So little boot memory that what is hot-added must pay: of 4 MB, 1 MB is the module's
 * (WORLD_SLOTS), and 1 MB and 128 KB each are the price of the boot memory and of the first block
 */
static void make_small(enum rmm_dialect dialect)
{
	describe_paid(dialect, 0);
	world_make(&machine, 12);
	world_ram(GB, GB + 4 * MB, true);
	load();
	assert_donated(PRICE);
	add_blocks(3 * GB, 3);
	add_blocks(5 * GB, 1);
	assert_int_equal(online(3 * GB, 0), 0);
	assert_int_equal(online(3 * GB, 1), 0);
	assert_donated(2 * PRICE);
	assert_int_equal(online(5 * GB, 0), 0);
	assert_donated(3 * PRICE);
	assert_available(4 * MB + 3 * BLOCK);
}

static u64 marked_in(u64 start, u64 end)
{
	u64 pa, n = 0;

	for (pa = start; pa < end; pa += PAGE_SIZE)
		n += pfn_to_page(PHYS_PFN(pa))->flags != 0;
	return n;
}

static void block_with_lent_pages_can_be_taken_out(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		make_small(paid[d]);
		assert_true(marked_in(3 * GB, 3 * GB + BLOCK) > 0);
		for (int round = 0; round < 5; round++) {
			/* paid from what remains */
			assert_int_equal(offline(3 * GB, 0), 0);
			assert_available(4 * MB + 2 * BLOCK);
			assert_donated(3 * PRICE);
			assert_int_equal(marked_in(3 * GB, 3 * GB + BLOCK), 0);
			assert_int_equal(rmm_tracking(world.rmm, 5 * GB), RMI_TRACKING_FINE);
			assert_int_equal(rmm_par(world.rmm, 5 * GB), RMI_PAR_HOST_CREATED);
			assert_int_equal(online(3 * GB, 0), 0);
			assert_int_equal(offline(3 * GB, 1), 0);
			assert_donated(3 * PRICE);
			assert_int_equal(online(3 * GB, 1), 0);
			assert_available(4 * MB + 3 * BLOCK);
			assert_donated(3 * PRICE);
		}
		unload();
	}
}

/*
 * A page of the block is in use, so that the kernel gives up after the lent ones have been taken
 * back
 */
static void block_that_stays_is_covered_again(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		struct page *page;

		make_small(paid[d]);
		world.pages_from = 3 * GB + BLOCK - PAGE_SIZE;
		page = alloc_pages_node(0, GFP_KERNEL, 0);
		assert_int_equal(page_to_phys(page), 3 * GB + BLOCK - PAGE_SIZE);
		world.pages_from = 0;
		for (int round = 0; round < 5; round++) {
			assert_int_equal(offline(3 * GB, 0), -EBUSY);
			assert_available(4 * MB + 3 * BLOCK);
			assert_donated(3 * PRICE);
		}
		__free_page(page);
		assert_int_equal(offline(5 * GB, 0), 0);
		assert_donated(2 * PRICE);
		assert_int_equal(online(5 * GB, 0), 0);
		assert_int_equal(offline(3 * GB, 1), 0);
		assert_available(4 * MB + 2 * BLOCK);
		unload();
	}
}

static void no_pages_while_going_offline(u64 x[5])
{
	(void)x;
	world.no_pages = true;
}

/*
 * What is lent can't be replaced at that moment: the block stays, and is covered when it is told to
 */
static void block_whose_pages_cannot_be_replaced_stays(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		make_small(paid[d]);
		world.smc = no_pages_while_going_offline;
		assert_int_equal(world_event(MEM_GOING_OFFLINE, 3 * GB, 3 * GB + BLOCK), -ENOMEM);
		assert_notice("memory 0xc0000000-0xc8000000 must stay: no-memory");
		world.smc = NULL;
		world.no_pages = false;
		assert_int_equal(world_event(MEM_CANCEL_OFFLINE, 3 * GB, 3 * GB + BLOCK), 0);
		assert_available(4 * MB + 3 * BLOCK);
		assert_donated(3 * PRICE);
		/* and if that doesn't help either, it is said */
		world.smc = no_pages_while_going_offline;
		assert_int_equal(offline(3 * GB, 0), -ENOMEM);
		assert_file("available", "0");
		assert_file("reason", "no-memory");
		assert_non_null(strstr(world.log, "memory is without cover: no-memory"));
		assert_lent();
		/* ... also when that block goes after all: what it paid for has no cover */
		assert_int_equal(offline(3 * GB, 0), 0);
		assert_file("available", "0");
		assert_file("reason", "no-memory");
		world.smc = NULL;
		world.no_pages = false;
		unload();
	}
}

/*
 * The third region is paid with pages of the second, the second with pages of the block that goes
 */
static void block_is_taken_out_from_under_others(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		static struct page *taken[1024];
		unsigned int nr = 0;

		describe_paid(paid[d], 0);
		world_make(&machine, 12);
		world_ram(GB, GB + 4 * MB, true);
		load();
		add_blocks(3 * GB, 2);
		add_blocks(4 * GB, 1);
		add_blocks(5 * GB, 1);
		assert_int_equal(online(3 * GB, 0), 0);
		assert_int_equal(online(3 * GB, 1), 0);
		do
			taken[nr++] = alloc_pages_node(0, GFP_KERNEL, 0);
		while (page_to_phys(taken[nr - 1]) < 2 * GB);
		/*
		 * Where the buddy allocator has some, and not in a gigabyte that has lent ones
		 * already
		 */
		world.no_contig = true;
		world.pages_from = 3 * GB + BLOCK;
		assert_int_equal(online(4 * GB, 0), 0);
		assert_true(marked_in(3 * GB + BLOCK, 3 * GB + 2 * BLOCK) >= METADATA / PAGE_SIZE);
		world.pages_from = 4 * GB;
		assert_int_equal(online(5 * GB, 0), 0);
		assert_true(marked_in(4 * GB, 4 * GB + BLOCK) >= METADATA / PAGE_SIZE);
		world.pages_from = 0;
		assert_donated(4 * PRICE);
		assert_int_equal(offline(3 * GB, 1), 0);
		assert_available(4 * MB + 3 * BLOCK);
		assert_donated(4 * PRICE);
		while (nr)
			__free_page(taken[--nr]);
		unload();
	}
}

/* Blocks of three regions come and go at random, while most of what is lent must lie in them */
static void blocks_come_and_go(void **state)
{
	enum { BLOCKS = 12, ROUNDS = 400 };

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		bool is_online[BLOCKS] = {};
		unsigned int nr, refused = 0, done = 0;

		describe_paid(paid[d], 0);
		world_make(&machine, 12);
		world_ram(GB, GB + 4 * MB, true);
		for (unsigned int i = 0; i < BLOCKS / 4; i++)
			add_blocks((3 + i) * GB, 4);
		load();
		srand(3);
		for (unsigned int round = 0; round < ROUNDS; round++) {
			const unsigned int b = rand() % BLOCKS, first = b / 4 * 4;
			const u64 region = (3 + b / 4) * GB;
			u64 price = PRICE;
			int rc;

			rc = is_online[b] ? offline(region, b % 4) : online(region, b % 4);
			if (rc)
				refused++;
			else
				is_online[b] = !is_online[b], done++;
			nr = 0;
			for (unsigned int i = 0; i < BLOCKS; i++)
				nr += is_online[i];
			for (unsigned int i = 0; i < BLOCKS; i += 4)
				if (is_online[i] || is_online[i + 1] || is_online[i + 2] ||
				    is_online[i + 3])
					price += PRICE;
			assert_available(4 * MB + nr * BLOCK);
			assert_lent();
			assert_held();
			/*
			 * a region whose last block has gone may have to stay for what others have
			 * in it
			 */
			assert_true(rmm_donated(world.rmm) >= price);
			if (!rc && is_online[b])
				assert_int_equal(rmm_tracking(world.rmm, region),
						 RMI_TRACKING_FINE);
			if (!rc && !is_online[b])
				assert_int_equal(marked_in(region + (b - first) * BLOCK,
							   region + (b - first + 1) * BLOCK),
						 0);
		}
		print_message("%u times a block came or went, %u times it was refused\n", done,
			      refused);
		assert_true(done > ROUNDS / 2);
		unload();
	}
}

/* The memory runs out -------------------------------------------------------------------------- */

static u64 smcs_left;

static void run_dry(u64 x[5])
{
	(void)x;
	if (smcs_left && !--smcs_left)
		world.no_pages = true;
}

/* Little memory, so that it is soon known that there is none */
static void make_short(enum rmm_dialect dialect, u64 flags)
{
	describe_paid(dialect, flags);
	world_make(&machine, 12);
	world_ram(GB, GB + 16 * MB, true);
	world_ram(2 * GB, 2 * GB + 8 * MB, true);
	assert_int_equal(shim_set_timeout_ms("5"), 0);
}

#define SHORT	(24 * MB)

/* What could not be had at first and was had then is no part of what the log says in the end */
static void assert_announced(bool available)
{
	assert_int_equal(!!strstr(world.log, "Realms are available"), available);
	assert_int_equal(!!strstr(world.log, "Realms are not available"), !available);
}

static void one_allocation_of_a_load_fails(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)
		for (unsigned int f = 0; f < 2; f++) {
			unsigned int n, failed = 0, left = 0;

			for (n = 1; !left; n++) {
				int rc;

				make_short(paid[d], f ? RMM_FLAG_NO_CANCEL | RMM_FLAG_PARTIAL : 0);
				world.fail_alloc = n;
				rc = shim_module_init();
				left = world.fail_alloc;
				world.fail_alloc = 0;
				if (rc) {
					assert_int_equal(rc, -ENOMEM);
				} else if (strcmp(world_read("available"), "1")) {
					failed++;
					assert_unavailable("no-memory", world_read("detail"));
					assert_announced(false);
					assert_donated(0);
					shim_module_exit();
				} else {
					assert_available(SHORT);
					assert_announced(true);
					assert_lent();
					shim_module_exit();
				}
				assert_int_equal(rmm_donated(world.rmm), 0);
				assert_int_equal(rmm_delegated(world.rmm), 0);
				assert_int_equal(world.pages_out, 0);
				assert_int_equal(world.allocated, 0);
				load();
				assert_available(SHORT);
				assert_donated(2 * PRICE);
				unload();
			}
			assert_true(failed > 5);
		}
}

static void pages_run_out_during_a_load(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		unsigned int failed = 0;
		u64 n, needed;

		make_short(paid[d], 0);
		load();
		needed = world.smcs;
		unload();
		assert_true(needed > 20);
		for (n = 1; n <= needed; n++) {
			make_short(paid[d], 0);
			smcs_left = n;
			world.smc = run_dry;
			load();
			if (strcmp(world_read("available"), "1")) {
				failed++;
				assert_unavailable("no-memory", world_read("detail"));
			} else {
				assert_donated(2 * PRICE);
			}
			shim_module_exit();
			assert_int_equal(rmm_donated(world.rmm), 0);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			assert_int_equal(world.pages_out, 0);
			world.no_pages = false;
			load();
			assert_available(SHORT);
			unload();
		}
		assert_true(failed > 10 && failed < needed);
	}
}

static void memory_fails_at_hot_add(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		unsigned int failed = 0, n, left = 0;

		make_short(paid[d], 0);
		load();
		add_blocks(3 * GB, 1);
		for (n = 1; !left; n++) {
			int rc;

			world.fail_alloc = n;
			rc = online(3 * GB, 0);
			left = world.fail_alloc;
			world.fail_alloc = 0;
			if (rc) {
				assert_int_equal(rc, -ENOMEM);
				failed++;
			} else {
				assert_available(SHORT + BLOCK);
				assert_donated(3 * PRICE);
				assert_int_equal(offline(3 * GB, 0), 0);
			}
			assert_available(SHORT);
			assert_donated(2 * PRICE);
		}
		assert_true(failed > 3);
		/* and for good */
		for (n = 1; world.no_pages || n == 1; n++) {
			world.no_pages = false;
			smcs_left = n;
			world.smc = run_dry;
			if (!online(3 * GB, 0)) {
				assert_donated(3 * PRICE);
				assert_int_equal(offline(3 * GB, 0), 0);
			}
			world.smc = NULL;
			assert_available(SHORT);
			assert_donated(2 * PRICE);
		}
		assert_true(n > 5);
		unload();
	}
}

#define RESERVE		(64 * MB / 32)

static void reserve_is_left(u64 x[5])
{
	(void)x;
	assert_true(si_mem_available() >= (long)(RESERVE / PAGE_SIZE));
}

/* A load that would take the host's last memory fails instead, and gives back what it took */
static void host_keeps_a_reserve(void **state)
{
	static struct page *taken[64 * MB / 4096];

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		unsigned int nr, enough = 0, scarce = 0;

		/* From less than the reserve on, by half a megabyte */
		for (u64 left = RESERVE / 2; left < RESERVE + 4 * MB; left += 512 * KB) {
			describe_paid(paid[d], 0);
			world_make(&machine, 12);
			world_ram(GB, GB + 64 * MB, true);
			for (nr = 0; si_mem_available() > (long)(left / PAGE_SIZE); nr++)
				taken[nr] = alloc_pages_node(0, GFP_KERNEL, 0);
			if (left >= RESERVE)
				world.smc = reserve_is_left;
			load();
			if (strcmp(world_read("available"), "1")) {
				assert_unavailable("no-memory", world_read("detail"));
				assert_int_equal(world.pages_out, nr);
				assert_int_equal(enough, 0);
				scarce++;
			} else {
				assert_donated(PRICE);
				assert_true(si_mem_available() >= (long)(RESERVE / PAGE_SIZE));
				enough++;
			}
			shim_module_exit();
			while (nr)
				__free_page(taken[--nr]);
			world_end();
		}
		assert_true(enough > 1 && scarce > 3);
	}
}

/*
 * Of an earlier kernel's Realms: granules at random places that the RMM neither delegates nor gives
 */
static bool is_strange(u64 pa)
{
	return pa >= 2 * GB - 8 * MB && pa / PAGE_SIZE * 2654435761u % 37 == 0;
}

static void keep_strange(u64 x[5])
{
	const bool delegates = x[0] == RMI_GRANULE_RANGE_DELEGATE;
	u64 pa;

	if (!delegates && x[0] != RMI_GRANULE_RANGE_UNDELEGATE)
		return;
	for (pa = x[1]; pa < x[2] && !is_strange(pa); pa += PAGE_SIZE)
		;
	if (pa > x[1]) {
		x[2] = pa;
		return;
	}
	x[0] = RMI_ERROR_INPUT;
	world.smc_done = true;
}

/*
 * Others are lent in their place. None of them reaches the allocator, each has its guard (the shim
 * looks at each page that changes hands or is freed), and they stay when all else has come back.
 */
static void strange_granules_are_lost(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		u64 lost, left, pa;

		describe_paid(paid[d], 0);
		make(12);
		load();
		add_blocks(3 * GB, 1);
		world.pages_from = 2 * GB - 8 * MB;
		world.smc = keep_strange;
		assert_int_equal(online(3 * GB, 0), 0);
		assert_available(GB + BLOCK);
		assert_int_equal(rmm_donated(world.rmm), 2 * PRICE);
		lost = strtoull(world_read("memory_lost"), NULL, 0) / PAGE_SIZE;
		assert_true(lost > 3);
		assert_int_equal(world.pages_out, world.with_rmm / PAGE_SIZE + lost + guards());
		assert_int_equal(offline(3 * GB, 0), 0);
		assert_int_equal(rmm_donated(world.rmm), PRICE);
		assert_int_equal(world.pages_out, world.with_rmm / PAGE_SIZE + lost + guards());
		for (pa = 2 * GB - 8 * MB; pa < 2 * GB; pa += PAGE_SIZE)
			if (pfn_to_page(PHYS_PFN(pa))->flags && is_strange(pa))
				assert_true(pfn_to_page(PHYS_PFN(pa - PAGE_SIZE))->flags &
					    PAGE_MARKED);
		shim_module_exit();
		assert_int_equal(rmm_donated(world.rmm), 0);
		/* the lost ones, and a guard before each run of them */
		for (left = 0, pa = 2 * GB - 8 * MB; pa < 2 * GB; pa += PAGE_SIZE)
			left += !!pfn_to_page(PHYS_PFN(pa))->flags;
		assert_true(left >= lost && left <= 2 * lost);
		world_end_with(left, 0);
	}
}

/* Giving back needs no pages, and of the heap's only what can't fail */
static void unload_without_memory(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)
		for (unsigned int n = 1; n < 60; n++) {
			make_short(paid[d], n & 1 ? RMM_FLAG_RETURNS_UNDELEGATED : 0);
			load();
			world.no_pages = true;
			world.fail_alloc = n;
			shim_module_exit();
			assert_int_equal(rmm_donated(world.rmm), 0);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			world_end();
		}
}

/* Operations that don't end -------------------------------------------------------------------- */

/*
 * From some command on, in an operation that can't be cancelled: there is no memory, while the RMM
 * wants more than was taken into stock for it; or it is BUSY as long as this lasts
 */
static enum trouble { DRY, BUSY } trouble;
static bool troubled;
static u64 asked, asked_by;	/* pages that the RMM wants truly; for this operation */

/* An RMM may take less than it asked for: as many pages of the list as it wants truly */
static void take_less(u64 x[5])
{
	u64 *list = world_at(x[2]), pages = 0, i;

	for (i = 0; i < x[3] && pages < asked; i++) {
		u64 count = list[i] >> 2 & 0x3ff;

		count = min(count, asked - pages);
		list[i] = (list[i] & ~0xffcULL) | count << 2;
		pages += count;
	}
	x[3] = i;
}

static void want_more(u64 x[5])
{
	const bool donates = x[0] == RMI_OP_MEM_DONATE;
	const u64 handle = x[1];

	if (donates && asked && handle == asked_by)
		take_less(x);
	ask_model(x);
	if (donates && handle == asked_by)
		asked = 0;
	/* single pages, with a donation's request */
	if (troubled && trouble == DRY && (x[0] & 0x3ff) == 0x10d && !(x[2] & 1 << 16)) {
		asked = RMI_DONATE_COUNT(x[2]);
		asked_by = donates ? handle : x[1];
		x[2] = (x[2] & ~0xfffcULL) | 1000 << 2;
	}
}

static void get_into_trouble(u64 x[5])
{
	if (smcs_left && !--smcs_left) {
		troubled = true;
		world.no_pages = trouble == DRY;
	}
	if (troubled && trouble == BUSY &&
	    (x[0] == RMI_OP_CONTINUE || x[0] == RMI_OP_MEM_DONATE || x[0] == RMI_OP_MEM_RECLAIM)) {
		x[0] = RMI_BUSY;
		world.smc_done = true;
		return;
	}
	want_more(x);
}

/* With the n-th command; 0: at once */
static void begin_trouble(enum trouble t, u64 n)
{
	trouble = t;
	troubled = !n;
	world.no_pages = troubled && t == DRY;
	smcs_left = n;
	world.smc = get_into_trouble;
}

/* Returns whether there was any; the RMM still takes as much as it wanted truly, and no more */
static bool end_trouble(void)
{
	const bool was = troubled;

	troubled = false;
	world.no_pages = false;
	smcs_left = 0;
	return was;
}

/* What holds the module; each is tried again by and by */
static unsigned int count_unfinished(void)
{
	const unsigned int n = rmm_operations(world.rmm);

	assert_int_equal(world.module_refs, n);
	assert_true(!n || world.delayed);
	return n;
}

/* Go through all places where this can happen in a hot-add; false: there are no more */
static bool hot_add_in_trouble(enum rmm_dialect dialect, enum trouble t, u64 n,
			       unsigned int *parked)
{
	int rc;

	make_short(dialect, RMM_FLAG_NO_CANCEL);
	asked = 0;
	load();
	assert_donated(2 * PRICE);
	assert_held();
	add_blocks(3 * GB, 1);
	begin_trouble(t, n);
	rc = online(3 * GB, 0);
	if (!end_trouble())
		return false;
	if (count_unfinished()) {
		assert_int_equal(rc, -EBUSY);
		assert_non_null(strstr(world.log, "remains unfinished"));
		assert_notice("memory 0xc0000000-0xc8000000 refused: unfinished");
		assert_available(SHORT);
		++*parked;
	} else {
		assert_lent();
		assert_held();
	}
	return true;
}

#define for_each_trouble(d, t)						\
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)		\
		for (enum trouble t = DRY; t <= BUSY; t++)

static void assert_settled(u64 bytes)
{
	assert_int_equal(count_unfinished(), 0);
	assert_donated(bytes);
	assert_held();
}

static void unfinished_operation_is_resumed_by_the_next_hot_add(void **state)
{
	(void)state;
	for_each_trouble(d, t) {
		unsigned int parked = 0;

		for (u64 n = 1; hot_add_in_trouble(paid[d], t, n, &parked); n++) {
			assert_int_equal(online(3 * GB, 0), 0);
			assert_available(SHORT + BLOCK);
			assert_settled(3 * PRICE);
			assert_int_equal(offline(3 * GB, 0), 0);
			assert_settled(2 * PRICE);
			unload();
		}
		unload();
		assert_true(parked > 3);
	}
}

/* Once a second; what it then makes isn't wanted any more, and is undone when that is looked at */
static void unfinished_operation_is_resumed_later(void **state)
{
	(void)state;
	for_each_trouble(d, t) {
		unsigned int parked = 0;

		for (u64 n = 1; hot_add_in_trouble(paid[d], t, n, &parked); n++) {
			if (count_unfinished()) {
				world_work_later();
				assert_int_equal(count_unfinished(), 0);
				assert_null(world.delayed);
				assert_available(SHORT);
				assert_lent();
				assert_held();
				assert_true(rmm_donated(world.rmm) > 2 * PRICE);
			}
			unload();
		}
		unload();
		assert_true(parked > 3);
	}
}

static u64 begun(void)
{
	return rmm_commands(world.rmm, RMI_GRANULE_TRACKING_SET) +
	       rmm_commands(world.rmm, RMI_GPT_L1_CREATE);
}

/* It is tried again, remains unfinished, and isn't begun a second time */
static void unfinished_operation_outlives_more_trouble(void **state)
{
	(void)state;
	for_each_trouble(d, t) {
		unsigned int parked = 0;

		for (u64 n = 1; hot_add_in_trouble(paid[d], t, n, &parked); n++) {
			const unsigned int before = count_unfinished();
			const u64 sets = begun();

			if (before) {
				int rc;

				begin_trouble(t, 0);
				rc = online(3 * GB, 0);
				/* ... or blocked by what is unfinished */
				assert_true(rc == -EBUSY ||
					    rc == (t == DRY ? -ENOMEM : -ETIMEDOUT));
				world_work_later();
				assert_true(count_unfinished() >= before);
				if (t == BUSY)
					assert_int_equal(sets, begun());
				end_trouble();
			}
			assert_file("available", "1");
			assert_int_equal(online(3 * GB, 0), 0);
			assert_available(SHORT + BLOCK);
			assert_settled(3 * PRICE);
			unload();
		}
		unload();
		assert_true(parked > 3);
	}
}

/* The RMM has what it has; that is said, and nothing of it is freed */
static bool is_busy;

static void busy_with_giving(u64 x[5])
{
	if (is_busy && x[0] == RMI_OP_MEM_RECLAIM) {
		x[0] = RMI_BUSY;
		world.smc_done = true;
	}
}

/* What comes back then is known by what the operation was begun for */
static void unfinished_undo_gives_back_later(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)
		for (unsigned int later = 0; later < 2; later++) {
			make_short(paid[d], RMM_FLAG_NO_CANCEL);
			load();
			add_blocks(3 * GB, 1);
			assert_int_equal(online(3 * GB, 0), 0);
			assert_donated(3 * PRICE);
			world.smc = busy_with_giving;
			is_busy = true;
			assert_int_equal(offline(3 * GB, 0), 0);
			assert_non_null(strstr(world.log, "remains unfinished"));
			assert_true(count_unfinished() > 0);
			assert_lent();
			is_busy = false;
			if (later) {
				world_work_later();
				assert_int_equal(count_unfinished(), 0);
				assert_lent();
				assert_held();
				assert_true(rmm_donated(world.rmm) < 3 * PRICE);
			}
			unload();
		}
}

/* ... with giving back what it had for a level 1 table */
static void busy_with_destroying(u64 x[5])
{
	static bool destroys;

	if (x[0] == RMI_GPT_L1_DESTROY || x[0] == RMI_GRANULE_TRACKING_SET)
		destroys = x[0] == RMI_GPT_L1_DESTROY;
	if (destroys)
		busy_with_giving(x);
}

/* Memory whose region or table is still being undone would lose its cover as soon as that ends */
static void memory_that_is_being_uncovered_is_refused(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(paid); i++) {
		make_short(paid[i / 2], RMM_FLAG_NO_CANCEL);
		load();
		add_blocks(3 * GB, 1);
		assert_int_equal(online(3 * GB, 0), 0);
		world.smc = i & 1 ? busy_with_destroying : busy_with_giving;
		is_busy = true;
		assert_int_equal(offline(3 * GB, 0), 0);
		assert_true(count_unfinished() > 0);
		assert_int_equal(online(3 * GB, 0), -EBUSY);
		assert_notice("memory 0xc0000000-0xc8000000 refused: unfinished");
		assert_available(SHORT);
		is_busy = false;
		assert_int_equal(online(3 * GB, 0), 0);
		assert_available(SHORT + BLOCK);
		if (world.delayed)
			world_work_later();
		assert_available(SHORT + BLOCK);
		assert_settled(3 * PRICE);
		assert_int_equal(offline(3 * GB, 0), 0);
		assert_settled(2 * PRICE);
		unload();
	}
}

static void unload_with_an_unfinished_operation_says_so(void **state)
{
	(void)state;
	for_each_trouble(d, t) {
		unsigned int parked = 0;

		for (u64 n = 1; hot_add_in_trouble(paid[d], t, n, &parked); n++) {
			begin_trouble(t, 0);
			world.lines = 0;
			world.log[0] = 0;
			shim_module_exit();
			if (world.with_rmm)
				assert_non_null(
					strstr(world.log,
					       "KB of memory remain with the RMM until reboot"));
			world_end_with(world.pages_out,
				       rmm_donated(world.rmm) + rmm_delegated(world.rmm));
		}
		unload();
		assert_true(parked > 3);
	}
}

static void unfinished_operation_is_resumed_by_unload(void **state)
{
	(void)state;
	for_each_trouble(d, t) {
		unsigned int parked = 0;

		for (u64 n = 1; hot_add_in_trouble(paid[d], t, n, &parked); n++) {
			shim_module_exit();
			assert_int_equal(rmm_donated(world.rmm), 0);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			assert_int_equal(world.module_refs, 0);
			world_end();
		}
		unload();
		assert_true(parked > 3);
	}
}

/* The load is tried again as soon as nothing is unfinished any more */
static void unfinished_operation_of_a_failed_load_is_resumed(void **state)
{
	(void)state;
	for_each_trouble(d, t) {
		unsigned int parked = 0, resumed = 0;

		for (u64 n = 1;; n++) {
			bool unfinished;

			make_short(paid[d], RMM_FLAG_NO_CANCEL);
			asked = 0;
			begin_trouble(t, n);
			load();
			if (!end_trouble()) {
				unload();
				break;
			}
			if (rmm_operations(world.rmm)) {
				parked++;
				assert_true(count_unfinished() > 0);
				unfinished = !strcmp(world_read("reason"), "unfinished");
				/* ... or because of something else that there was no memory for */
				if (!unfinished)
					assert_int_equal(t, DRY);
				assert_unavailable(unfinished ? "unfinished" : "no-memory",
						   world_read("detail"));
				if (n & 1) {
					/* one may wait for another */
					for (int i = 0; i < 6 && count_unfinished(); i++)
						world_work_later();
					assert_int_equal(count_unfinished(), 0);
				}
				if (n & 1 && unfinished) {
					assert_available(SHORT);
					assert_settled(2 * PRICE);
					resumed++;
				}
			}
			shim_module_exit();
			assert_int_equal(world.module_refs, 0);
			assert_int_equal(rmm_operations(world.rmm), 0);
			load();
			assert_available(SHORT);
			assert_settled(2 * PRICE);
			unload();
		}
		assert_true(parked > 3 && resumed > 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_block_pays_and_last_gives_back),
		cmocka_unit_test(table_outlives_the_first_region),
		cmocka_unit_test(refused_block_leaves_nothing),
		cmocka_unit_test(later_block_goes_online_first),
		cmocka_unit_test(region_that_cannot_be_set_is_refused),
		cmocka_unit_test(block_with_lent_pages_can_be_taken_out),
		cmocka_unit_test(block_that_stays_is_covered_again),
		cmocka_unit_test(block_whose_pages_cannot_be_replaced_stays),
		cmocka_unit_test(block_is_taken_out_from_under_others),
		cmocka_unit_test(blocks_come_and_go),
		cmocka_unit_test(one_allocation_of_a_load_fails),
		cmocka_unit_test(pages_run_out_during_a_load),
		cmocka_unit_test(memory_fails_at_hot_add),
		cmocka_unit_test(host_keeps_a_reserve),
		cmocka_unit_test(strange_granules_are_lost),
		cmocka_unit_test(unload_without_memory),
		cmocka_unit_test(unfinished_operation_is_resumed_by_the_next_hot_add),
		cmocka_unit_test(unfinished_operation_is_resumed_later),
		cmocka_unit_test(unfinished_operation_outlives_more_trouble),
		cmocka_unit_test(unfinished_undo_gives_back_later),
		cmocka_unit_test(memory_that_is_being_uncovered_is_refused),
		cmocka_unit_test(unload_with_an_unfinished_operation_says_so),
		cmocka_unit_test(unfinished_operation_is_resumed_by_unload),
		cmocka_unit_test(unfinished_operation_of_a_failed_load_is_resumed),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("lending", tests, NULL, NULL);
}
