// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracking regions that aren't of the size that the configuration's code suggests: the RMM's
 * behaviour tells
 */
#include "module_fixture.h"

/*
 * An RMM that tracks by itself, in place of the model's: all of its DRAM starts COARSE and costs
 * nothing
 */
static struct {
	u64 from, to;		/* DRAM, exclusive end */
	u64 size;		/* of a region */
	u64 say;		/* answers end at multiples of this, at the latest */
	u8 fine[2048];
	unsigned int sets;	/* to FINE, of what wasn't */
	unsigned int again;	/* ... of what was */
	unsigned int gets;
} tracker;

static u64 region_top(u64 base, u64 size)
{
	return ALIGN_DOWN(base, size) + size;
}

static u8 *region_at(u64 addr)
{
	const u64 i = addr / tracker.size - tracker.from / tracker.size;

	assert_true(i < ARRAY_SIZE(tracker.fine));
	return &tracker.fine[i];
}

static bool is_dram(u64 base)
{
	return region_top(base, tracker.size) > tracker.from &&
	       ALIGN_DOWN(base, tracker.size) < tracker.to;
}

static void track(u64 x[5])
{
	const u64 base = x[1], top = x[2];

	if (x[0] == RMI_GRANULE_TRACKING_GET) {
		tracker.gets++;
		assert_true(base < top);
		x[0] = RMI_SUCCESS;
		x[1] = RMI_MEM_CATEGORY_CONVENTIONAL;
		x[2] = !is_dram(base)	  ? RMI_TRACKING_NONE
		       : *region_at(base) ? RMI_TRACKING_FINE
					  : RMI_TRACKING_COARSE;
		x[3] = min3(top, region_top(base, tracker.size), region_top(base, tracker.say));
		world.smc_done = true;
	} else if (x[0] == RMI_GRANULE_TRACKING_SET) {
		world.smc_done = true;
		x[0] = RMI_ERROR_INPUT;
		if (!IS_ALIGNED(base, tracker.size) || !is_dram(base))
			return;
		x[0] = RMI_SUCCESS;
		if (x[3] == RMI_TRACKING_FINE) {
			if (*region_at(base))
				tracker.again++;
			else
				tracker.sets++;
		}
		*region_at(base) = x[3] == RMI_TRACKING_FINE;
	}
}

static unsigned int nr_fine(void)
{
	unsigned int i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(tracker.fine); i++)
		nr += tracker.fine[i];
	return nr;
}

static void make_tracked(u64 from, u64 to, u64 size, u64 say, unsigned int page_shift)
{
	memset(&tracker, 0, sizeof(tracker));
	tracker.from = from;
	tracker.to = to;
	tracker.size = size;
	tracker.say = say;
	describe(RMM_DIALECT_BETA3);
	machine.memory.at[0] = (struct rmm_range){ from, to - from, RMI_MEM_CATEGORY_CONVENTIONAL };
	machine.memory.nr = from == GB ? 1 : 2;
	/* for the configuration page */
	machine.memory.at[1] = (struct rmm_range){ GB, GB, RMI_MEM_CATEGORY_CONVENTIONAL };
	world_make(&machine, page_shift);
	world.smc = track;
}

static void smaller_regions(void **state)
{
	static const u64 sizes[] = { 2 * MB, 32 * MB, 512 * MB, GB };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		const unsigned int nr = 2 * GB / sizes[i];

		make_tracked(GB, 4 * GB, sizes[i], GB, 12);
		world_ram(GB, 3 * GB - sizes[i], true);
		world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
		load();
		assert_available(2 * GB - sizes[i]);
		assert_int_equal(tracker.sets, nr - 1);
		assert_int_equal(tracker.again, 0);
		assert_int_equal(nr_fine(), nr - 1);
		/* one for each, and one that tells their size */
		assert_true(tracker.gets <= nr + 1);
		/* a block has its regions, and no others */
		assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
		assert_int_equal(nr_fine(), nr - 1 + max(WORLD_BLOCK / sizes[i], 1ULL));
		assert_int_equal(world_offline(3 * GB, 3 * GB + WORLD_BLOCK), 0);
		assert_int_equal(nr_fine(), nr - 1);
		shim_module_exit();
		assert_int_equal(nr_fine(), 0);
		world_end();
	}
}

/* RAM that begins in the middle of what was thought to be one */
static void smaller_regions_of_odd_ram(void **state)
{
	(void)state;
	make_tracked(GB, 4 * GB, 2 * MB, GB, 12);
	world_ram(GB + 101 * MB, GB + 103 * MB, true);	/* two regions */
	world_ram(3 * GB - 0x1000, 3 * GB + 0x1000, true);
	load();
	assert_available(2 * MB + 0x2000);
	assert_int_equal(*region_at(GB + 100 * MB), 1);
	assert_int_equal(*region_at(GB + 102 * MB), 1);
	assert_int_equal(*region_at(3 * GB - 2 * MB), 1);
	assert_int_equal(*region_at(3 * GB), 1);
	shim_module_exit();
	assert_int_equal(nr_fine(), 0);
	world_end();
}

static void larger_regions(void **state)
{
	(void)state;
	for (unsigned int shift = 12; shift <= 14; shift += 2) {
		make_tracked(64 * GB, 192 * GB, 64 * GB, 64 * GB, shift);
		world_ram(70 * GB, 71 * GB, true);
		world_ram(100 * GB, 101 * GB, true);
		world_ram(150 * GB, 150 * GB + WORLD_BLOCK, false);
		load();
		assert_available(2 * GB);
		assert_int_equal(tracker.sets, 1);
		assert_int_equal(nr_fine(), 1);
		assert_int_equal(world_online(150 * GB, 150 * GB + WORLD_BLOCK), 0);
		assert_available(2 * GB + WORLD_BLOCK);
		assert_int_equal(tracker.sets, 2);
		assert_int_equal(tracker.again, 0);
		assert_int_equal(world_offline(150 * GB, 150 * GB + WORLD_BLOCK), 0);
		assert_int_equal(nr_fine(), 1);
		shim_module_exit();
		assert_int_equal(nr_fine(), 0);
		world_end();
	}
}

/* It may tell less than it could: that says nothing of its regions */
static void answers_shorter_than_a_region(void **state)
{
	static const u64 says[] = { 256 * MB, 64 * MB, 2 * MB };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(says); i++) {
		make_tracked(GB, 4 * GB, GB, says[i], 12);
		world_ram(GB, 3 * GB, true);
		load();
		assert_available(2 * GB);
		assert_int_equal(tracker.sets, 2);
		assert_int_equal(nr_fine(), 2);
		assert_true(tracker.gets < 3 * 2 * GB / says[i] + 20);
		shim_module_exit();
		assert_int_equal(nr_fine(), 0);
		world_end();
	}
}

/* What others use of a larger region keeps nothing from being given back, but what we use does */
static void refused_block_in_a_known_region(void **state)
{
	(void)state;
	make_tracked(GB, 4 * GB, 2 * MB, GB, 12);
	world_ram(GB, 2 * GB, true);
	world_ram(6 * GB, 6 * GB + WORLD_BLOCK, false);
	load();
	assert_available(GB);
	assert_true(world_online(6 * GB, 6 * GB + WORLD_BLOCK) < 0);
	assert_available(GB);
	assert_int_equal(nr_fine(), 512);
	unload();
	assert_int_equal(nr_fine(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smaller_regions),
		cmocka_unit_test(smaller_regions_of_odd_ram),
		cmocka_unit_test(larger_regions),
		cmocka_unit_test(answers_shorter_than_a_region),
		cmocka_unit_test(refused_block_in_a_known_region),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("regions", tests, NULL, NULL);
}
