// SPDX-License-Identifier: GPL-2.0-only
/* Tracking regions of each size that there is: the configuration's code tells which */
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
	u64 code;		/* of the region size that it is set to; 0: the host's choice */
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

/* Set by somebody else, before */
static void configured(u64 x[5])
{
	u64 *page = world_at(x[1]);

	if (x[0] == RMI_RMM_CONFIG_SET) {
		ask_model(x);
		x[0] = RMI_ERROR_INPUT;
		return;
	}
	page[RMI_CONFIG_TRACKING_REGION / sizeof(*page)] = tracker.code;
	page[RMI_CONFIG_GRANULE_SIZE / sizeof(*page)] = (shim_page_shift - 12) / 2;
	x[0] = RMI_SUCCESS;
	world.smc_done = true;
}

static void track(u64 x[5])
{
	const u64 base = x[1], top = x[2];

	if (tracker.code && (x[0] == RMI_RMM_CONFIG_SET || x[0] == RMI_RMM_CONFIG_GET)) {
		configured(x);
		return;
	}
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

static void make_tracked(u64 from, u64 to, u64 size, u64 code, unsigned int page_shift)
{
	memset(&tracker, 0, sizeof(tracker));
	tracker.from = from;
	tracker.to = to;
	tracker.size = size;
	tracker.say = size;
	tracker.code = code;
	describe(RMM_DIALECT_BETA3);
	machine.pps = 5;
	machine.memory.at[0] = (struct rmm_range){ from, to - from, RMI_MEM_CATEGORY_CONVENTIONAL };
	machine.memory.nr = from == GB ? 1 : 2;
	/* for the configuration page */
	machine.memory.at[1] = (struct rmm_range){ GB, GB, RMI_MEM_CATEGORY_CONVENTIONAL };
	world_make(&machine, page_shift);
	world.smc = track;
}

/* Loads with two regions and a half of RAM, and one block behind a gap of one region */
static void covers_what_there_is(unsigned int page_shift, u64 code, u64 size)
{
	/* The shim's pages lie where the first region has none of the others */
	const u64 first = ALIGN(GB, size), block = ALIGN(first + 4 * size, WORLD_BLOCK);

	make_tracked(first, block + max(size, WORLD_BLOCK), size, code, page_shift);
	world_ram(first, first + 2 * size, true);
	world_ram(first + 2 * size, first + 2 * size + size / 2, true);
	world_ram(block, block + WORLD_BLOCK, false);
	load();
	assert_available(2 * size + size / 2);
	assert_int_equal(tracker.sets, 3);
	assert_int_equal(tracker.again, 0);
	assert_int_equal(nr_fine(), 3);
	/* one question for each region: it may be about more, but answers end there */
	assert_int_equal(tracker.gets, 3);
	assert_int_equal(world_online(block, block + WORLD_BLOCK), 0);
	assert_int_equal(*region_at(block), 1);
	assert_int_equal(nr_fine(), 3 + max(WORLD_BLOCK / size, 1ULL));
	assert_int_equal(world_offline(block, block + WORLD_BLOCK), 0);
	assert_int_equal(nr_fine(), 3);
	shim_module_exit();
	assert_int_equal(nr_fine(), 0);
	world_end();
}

static void size_is_what_the_code_says(void **state)
{
	static const struct {
		unsigned int page_shift;
		u64 code, size;
	} sizes[] = {
		{ 12, 0, GB }, { 14, 0, 32 * MB }, { 16, 0, 512 * MB },
		{ 12, 1, 2 * MB }, { 14, 1, 64 * GB }, { 16, 1, 4096 * GB },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		print_message("# pages of %u KB, code %llu\n", 1 << (sizes[i].page_shift - 10),
			      sizes[i].code);
		covers_what_there_is(sizes[i].page_shift, sizes[i].code, sizes[i].size);
	}
}

/* One that this host doesn't know isn't guessed */
static void unknown_code_is_refused(void **state)
{
	(void)state;
	for (unsigned int shift = 12; shift <= 16; shift += 2) {
		make_tracked(GB, 4 * GB, GB, 2, shift);
		world_ram(GB, 3 * GB, true);
		load();
		assert_unavailable("region-size", "RMM is set to tracking region size code 2");
		assert_int_equal(tracker.gets + tracker.sets, 0);
		unload();
	}
}

/* RAM that begins in the middle of a region */
static void odd_ram(void **state)
{
	(void)state;
	make_tracked(GB, 4 * GB, 2 * MB, 1, 12);
	world_ram(GB + 101 * MB, GB + 103 * MB, true);	/* two regions */
	world_ram(3 * GB - 0x1000, 3 * GB + 0x1000, true);
	load();
	assert_available(2 * MB + 0x2000);
	assert_int_equal(*region_at(GB + 100 * MB), 1);
	assert_int_equal(*region_at(GB + 102 * MB), 1);
	assert_int_equal(*region_at(3 * GB - 2 * MB), 1);
	assert_int_equal(*region_at(3 * GB), 1);
	assert_int_equal(nr_fine(), 4);
	shim_module_exit();
	assert_int_equal(nr_fine(), 0);
	world_end();
}

/* It may tell less than it could: that says nothing of its regions */
static void answers_shorter_than_a_region(void **state)
{
	static const u64 says[] = { 256 * MB, 64 * MB, 2 * MB };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(says); i++) {
		make_tracked(GB, 4 * GB, GB, 0, 12);
		tracker.say = says[i];
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
	make_tracked(GB, 4 * GB, 2 * MB, 1, 12);
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

static u64 wants;			/* a donate_req */
static unsigned int donations;
static u64 offered[8];

/* An RMM that wants this for each region, and for being activated, and nothing else */
static void wants_that(u64 x[5])
{
	switch (x[0]) {
	case RMI_RMM_ACTIVATE:
		ask_model(x);
		break;
	case RMI_GRANULE_TRACKING_SET:
		if (x[3] != RMI_TRACKING_FINE)
			return;
		break;
	case RMI_OP_MEM_DONATE:
		if (x[1] != 0x99)
			return;
		world.smc_done = true;
		offered[donations++ % ARRAY_SIZE(offered)] = *(u64 *)world_at(x[2]);
		x[0] = RMI_ERROR_INPUT;		/* it doesn't like them */
		x[1] = 0;
		return;
	case RMI_OP_CANCEL:
	case RMI_OP_CONTINUE:
		if (x[1] != 0x99)
			return;
		world.smc_done = true;
		x[0] = RMI_ERROR_INPUT;
		return;
	default:
		return;
	}
	world.smc_done = true;
	x[0] = RMI_INCOMPLETE | RMI_MEM_REQ_DONATE << RMI_RESULT_MEM_REQ_SHIFT |
	       1 << RMI_RESULT_CAN_CANCEL_SHIFT;
	x[1] = 0x99;
	x[2] = wants;
}

static void regions_want(u64 x[5])
{
	if (x[0] != RMI_RMM_ACTIVATE)
		wants_that(x);
}

/* However odd it is what it wants: it is offered that, or the load ends, and nothing is lost */
static void odd_wishes(void **state)
{
	static const unsigned int counts[] = { 1, 3, 28, 64, 100, 512, 1023 };

	(void)state;
	for (unsigned int i = 0; i < 4 * ARRAY_SIZE(counts); i++) {
		const unsigned int count = counts[i / 4];

		for (unsigned int shift = 12; shift <= 16; shift += 2) {
			describe(RMM_DIALECT_BETA3);
			machine.flags = HOST_PAYS;
			make(shift);
			wants = count << RMI_DONATE_COUNT_SHIFT | 1 << RMI_DONATE_CONTIG_SHIFT |
				(i & 1 ? RMI_MEM_DELEGATED : RMI_MEM_UNDELEGATED) <<
				RMI_DONATE_STATE_SHIFT;
			donations = 0;
			world.smc = i & 2 ? regions_want : wants_that;
			load();
			assert_unavailable("no-memory", world_read("detail"));
			for (unsigned int d = 0; d < min(donations, ARRAY_SIZE(offered)); d++)
				assert_int_equal(offered[d] >> RMI_RANGE_COUNT_SHIFT & 0x3ff,
						 count);
			/*
			 * nothing is delegated before the first region is FINE; the rest it is
			 * offered, again and again
			 */
			if (count * PAGE_SIZE <= 512 * KB && !(i & 1))
				assert_true(donations > 1);
			assert_donated(0);
			assert_int_equal(world.pages_out, 0);
			unload();
		}
	}
}

/* The first region is the model's; in each MB of the others it may refuse a page */
static bool refuses;

static void second_region_wants(u64 x[5])
{
	const u64 page = ALIGN(x[1] - 512 * KB, MB) + 512 * KB;

	if (x[0] == RMI_GRANULE_TRACKING_SET && x[1] == GB)
		return;
	regions_want(x);
	if (!refuses || x[0] != RMI_GRANULE_RANGE_DELEGATE || world.smc_done)
		return;
	if (x[1] != page) {
		x[2] = min(x[2], page);
		return;
	}
	x[0] = RMI_ERROR_INPUT;
	world.smc_done = true;
}

static void load_with(unsigned int pages, unsigned int state)
{
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	world_ram(2 * GB, 3 * GB, true);
	wants = pages << RMI_DONATE_COUNT_SHIFT | 1 << RMI_DONATE_CONTIG_SHIFT |
		state << RMI_DONATE_STATE_SHIFT;
	donations = 0;
	world.smc = second_region_wants;
	load();
	assert_unavailable("no-memory", world_read("detail"));
}

/* Pages that are wanted next to each other: ever more are taken until some are, within bounds */
static void pages_next_to_each_other(void **state)
{
	static const unsigned int states[] = { RMI_MEM_UNDELEGATED, RMI_MEM_DELEGATED };
	static const unsigned int counts[] = { 33, 64, 256, 512, 1000 };

	(void)state;
	refuses = false;
	for (unsigned int s = 0; s < ARRAY_SIZE(states); s++)
		for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++) {
			load_with(counts[i], states[s]);
			assert_true(donations > 0);
			assert_int_equal(offered[0] >> RMI_RANGE_COUNT_SHIFT & 0x3ff, counts[i]);
			unload();
		}
	refuses = true;
	load_with(256, RMI_MEM_DELEGATED);
	assert_int_equal(donations, 0);
	/* a page of each MB, with its guard */
	assert_number("memory_lost", 16 * PAGE_SIZE);
	shim_module_exit();
	world_end_with(2 * 16, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_what_the_code_says),
		cmocka_unit_test(unknown_code_is_refused),
		cmocka_unit_test(odd_ram),
		cmocka_unit_test(answers_shorter_than_a_region),
		cmocka_unit_test(refused_block_in_a_known_region),
		cmocka_unit_test(odd_wishes),
		cmocka_unit_test(pages_next_to_each_other),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("regions", tests, NULL, NULL);
}
