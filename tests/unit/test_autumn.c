// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module over the public RMM of autumn 2026, as the model's dialect `autumn` has it: memory
 * maps that such an RMM allows, its ways of working on a range, and what it refuses
 */
#include "module_fixture.h"

/* Of a region of 1 GB */
#define METADATA_AUTUMN	(512 * KB)

static void bank(u64 base, u64 size, u64 category)
{
	machine.memory.at[machine.memory.nr++] = (struct rmm_range){ base, size, category };
}

/* Without memory yet */
static void machine_of_autumn(u64 flags)
{
	describe(RMM_DIALECT_AUTUMN);
	machine.granules = 1;
	machine.flags = flags;
	machine.memory.nr = 0;
}

/* Banks up to one of size 0; Linux has those that are conventional */
static void make_map(const struct rmm_range *map)
{
	const struct rmm_range *r;

	for (r = map; r->size; r++)
		bank(r->base, r->size, r->value);
	world_make(&machine, 12);
	for (r = map; r->size; r++)
		if (r->value == RMI_MEM_CATEGORY_CONVENTIONAL)
			world_ram(r->base, r->base + r->size, true);
}

static void unload_and_check(void)
{
	shim_module_exit();
	assert_int_equal(rmm_donated(world.rmm), 0);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	assert_false(rmm_is_active(world.rmm));
	world_end();
}

/* Each byte of RAM counts, each region costs once, and all of it comes back */
static void covers(const struct rmm_range *map, u64 bytes, u64 lent)
{
	make_map(map);
	load();
	assert_available(bytes);
	assert_donated(lent);
	unload_and_check();
}

#define DEVICE	RMI_MEM_CATEGORY_DEV_COH

static void plain(void **state)
{
	static const struct rmm_range map[] = { { GB, 3 * GB }, { 0 } };

	machine_of_autumn(0);
	covers(map, 3 * GB, 3 * METADATA_AUTUMN);
}

/* A hole within a region: 512 MB, 2 MB or 32 MB after its base */
static void hole_in_a_region(void **state)
{
	static const u64 at[] = { 512 * MB, 2 * MB, 32 * MB };

	for (unsigned int i = 0; i < ARRAY_SIZE(at); i++) {
		const struct rmm_range map[] = {
			{ GB, at[i] }, { GB + 768 * MB, 256 * MB }, { 2 * GB, GB }, { 0 },
		};

		machine_of_autumn(0);
		covers(map, at[i] + 256 * MB + GB, 2 * METADATA_AUTUMN);
	}
}

/* DRAM that begins inside a region, and inside a PAR, whose base is a hole */
static void begins_inside(void **state)
{
	static const struct rmm_range map[] = {
		{ GB, GB }, { 2 * GB + 2 * MB, GB - 2 * MB }, { 3 * GB, GB }, { 0 },
	};

	machine_of_autumn(0);
	covers(map, 3 * GB - 2 * MB, 3 * METADATA_AUTUMN);
}

/*
 * Device memory, then DRAM: what is at the base is what the RMM wants to hear of, and metadata for
 * both
 */
static void device_at_the_base(void **state)
{
	static const struct rmm_range maps[][4] = {
		{ { GB, GB }, { 2 * GB, 2 * MB, DEVICE }, { 2 * GB + 2 * MB, 510 * MB } },
		/* a hole at the base, and the device's above it */
		{ { GB, GB }, { 2 * GB + MB, MB, DEVICE }, { 2 * GB + 2 * MB, 510 * MB } },
		/* DRAM at the base, and the device's above it */
		{ { GB, GB }, { 2 * GB, 510 * MB }, { 2 * GB + 510 * MB, 2 * MB, DEVICE } },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(maps); i++) {
		machine_of_autumn(0);
		covers(maps[i], GB + 510 * MB, 3 * METADATA_AUTUMN);
	}
}

/* PARs that read reserved */

static const struct rmm_range reserved_par[] = {
	{ GB, GB }, { 2 * GB + 2 * MB, GB - 2 * MB }, { 0 },
};
static u64 tried;			/* where the first DELEGATE was */

static void note_delegation(u64 x[5])
{
	if (x[0] == RMI_GRANULE_RANGE_DELEGATE && !tried)
		tried = x[1];
}

/* All of it FINE from the start, so that nothing is to be paid */
static void make_reserved(void)
{
	machine_of_autumn(0);
	machine.tracking.nr = 2;
	machine.tracking.at[0] = (struct rmm_range){ GB, GB, RMI_TRACKING_FINE };
	machine.tracking.at[1] = (struct rmm_range){ 2 * GB, GB, RMI_TRACKING_FINE };
}

static u64 delegations(void)
{
	return rmm_commands(world.rmm, RMI_GRANULE_RANGE_DELEGATE);
}

/* One granule decides, once; who has no doubt, tries none */
static void one_granule_decides(void **state)
{
	make_reserved();
	make_map(reserved_par);
	world.smc = note_delegation;
	tried = 0;
	load();
	assert_available(2 * GB - 2 * MB);
	assert_int_equal(delegations(), 1);
	assert_int_equal(rmm_commands(world.rmm, RMI_GRANULE_RANGE_UNDELEGATE), 1);
	assert_in_range(tried, 2 * GB + 2 * MB + PAGE_SIZE, 3 * GB - PAGE_SIZE);
	assert_lent();
	assert_int_equal(world.pages_out, 0);
	unload_and_check();

	make_reserved();
	world_make(&machine, 12);
	machine.memory.at[0] = (struct rmm_range){ GB, 2 * GB };
	machine.memory.nr = 1;
	world_make(&machine, 12);
	world_ram(GB, 3 * GB, true);
	load();
	assert_available(2 * GB);
	assert_int_equal(delegations(), 0);
	unload_and_check();
}

/* It has no table, or the page doesn't come back */
static void no_table_after_all(void **state)
{
	make_reserved();
	machine.fault[0] = (struct rmm_fault){ .fid = RMI_GRANULE_RANGE_DELEGATE, .count = 1,
					       .set = 1, .x = { RMI_ERROR_GPT } };
	machine.nr_faults = 1;
	make_map(reserved_par);
	load();
	assert_unavailable("no-gpt", "0x80000000-0xc0000000 reserved");
	assert_file("memory_lost", "0");
	assert_int_equal(world.pages_out, 0);
	assert_null(strstr(world_debug("coverage"), "0xc0000000 table"));
	unload_and_check();

	make_reserved();
	machine.fault[0] = (struct rmm_fault){ .fid = RMI_GRANULE_RANGE_UNDELEGATE,
					       .count = UINT64_MAX, .set = 1,
					       .x = { RMI_ERROR_INPUT } };
	machine.nr_faults = 1;
	make_map(reserved_par);
	load();
	assert_unavailable("no-gpt", "0x80000000-0xc0000000 reserved");
	assert_number("memory_lost", PAGE_SIZE);
	shim_module_exit();
	/* The page, and its guard */
	world_end_with(2, PAGE_SIZE);
}

/* Nothing is tried where nothing is tracked yet and is to be so later, or no page can be had */
static void not_tried(void **state)
{
	assert_int_equal(shim_set_cover("lazy"), 0);
	machine_of_autumn(0);
	make_map(reserved_par);
	assert_int_equal(shim_set_cover("lazy"), 0);
	load();
	assert_unavailable("no-gpt",
			   "0x80000000-0xc0000000 reserved, and no page could be tried");
	assert_int_equal(delegations(), 0);
	unload_and_check();

	make_reserved();
	make_map(reserved_par);
	world.no_pages = true;
	load();
	assert_unavailable("no-gpt",
			   "0x80000000-0xc0000000 reserved, and no page could be tried");
	assert_int_equal(delegations(), 0);
	unload_and_check();
}

/* Memory that goes online: a granule of its own, not the first, and not of its memory map */
static void hot_added_in_a_reserved_par(void **state)
{
	const u64 block = 4 * GB + WORLD_BLOCK;

	machine_of_autumn(0);
	bank(GB, GB, RMI_MEM_CATEGORY_CONVENTIONAL);
	bank(4 * GB + 2 * MB, GB - 2 * MB, RMI_MEM_CATEGORY_CONVENTIONAL);
	world_make(&machine, 12);
	world_ram(GB, 2 * GB, true);
	world_ram(block, block + 2 * WORLD_BLOCK, false);
	load();
	assert_available(GB);
	world.smc = note_delegation;
	tried = 0;
	assert_int_equal(world_online(block, block + WORLD_BLOCK), 0);
	assert_available(GB + WORLD_BLOCK);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	/* It was paid for with pages of the first, and these are delegated before */
	assert_int_equal(delegations(), 2);
	assert_int_equal(rmm_commands(world.rmm, RMI_GRANULE_RANGE_UNDELEGATE), 1);
	world.smc = NULL;
	assert_int_equal(world_online(block + WORLD_BLOCK, block + 2 * WORLD_BLOCK), 0);
	assert_int_equal(delegations(), 2);
	assert_int_equal(world_offline(block, block + WORLD_BLOCK), 0);
	unload_and_check();
}

/* No memory to remember the granule by: the block stays offline, and may come later */
static void hot_added_without_memory(void **state)
{
	const u64 block = 4 * GB + WORLD_BLOCK;
	unsigned int refused = 0;

	for (unsigned int n = 1; n < 12; n++) {
		machine_of_autumn(0);
		bank(GB, GB, RMI_MEM_CATEGORY_CONVENTIONAL);
		bank(4 * GB + 2 * MB, GB - 2 * MB, RMI_MEM_CATEGORY_CONVENTIONAL);
		machine.tracking.nr = 1;
		machine.tracking.at[0] = (struct rmm_range){ 4 * GB, GB, RMI_TRACKING_FINE };
		world_make(&machine, 12);
		world_ram(GB, 2 * GB, true);
		world_ram(block, block + WORLD_BLOCK, false);
		load();
		world.fail_alloc = n;
		if (world_online(block, block + WORLD_BLOCK)) {
			refused++;
			assert_available(GB);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			world.fail_alloc = 0;
			assert_int_equal(world_online(block, block + WORLD_BLOCK), 0);
		}
		world.fail_alloc = 0;
		assert_available(GB + WORLD_BLOCK);
		assert_int_equal(rmm_delegated(world.rmm), 0);
		unload_and_check();
	}
	assert_true(refused > 2);
}

/* Its granule doesn't come back: the block stays offline, and nothing is asked again */
static void hot_added_granule_is_kept(void **state)
{
	const u64 block = 4 * GB + WORLD_BLOCK;
	u64 before;

	machine_of_autumn(0);
	bank(GB, GB, RMI_MEM_CATEGORY_CONVENTIONAL);
	bank(4 * GB + 2 * MB, GB - 2 * MB, RMI_MEM_CATEGORY_CONVENTIONAL);
	machine.tracking.nr = 1;
	machine.tracking.at[0] = (struct rmm_range){ 4 * GB, GB, RMI_TRACKING_FINE };
	machine.nr_faults = 1;
	machine.fault[0] = (struct rmm_fault){ .fid = RMI_GRANULE_RANGE_UNDELEGATE,
					       .count = UINT64_MAX, .set = 1,
					       .x = { RMI_ERROR_INPUT } };
	world_make(&machine, 12);
	world_ram(GB, 2 * GB, true);
	world_ram(block, block + WORLD_BLOCK, false);
	load();
	assert_int_equal(world_online(block, block + WORLD_BLOCK), -ENXIO);
	assert_available(GB);
	before = delegations();
	assert_int_equal(before, 1);
	assert_int_equal(world_online(block, block + WORLD_BLOCK), -ENXIO);
	assert_int_equal(delegations(), before);
	shim_module_exit();
	world_end_with(0, PAGE_SIZE);
}

/* Its ways */

static void manners(void **state)
{
	static const struct rmm_range map[] = {
		{ GB, GB }, { 2 * GB + 2 * MB, GB - 2 * MB }, { 3 * GB, GB }, { 0 },
	};
	static const u64 flags[] = {
		0, RMM_FLAG_STOPS_AT_DONE, RMM_FLAG_PENDS, RMM_FLAG_CONFLICTS, RMM_FLAG_PARTIAL,
		RMM_FLAG_CONTINUES, RMM_FLAG_STRICT_TOP,
		RMM_FLAG_PENDS | RMM_FLAG_CONFLICTS | RMM_FLAG_STOPS_AT_DONE | RMM_FLAG_CONTINUES,
	};

	for (unsigned int i = 0; i < 4 * ARRAY_SIZE(flags); i++) {
		machine_of_autumn(flags[i / 4]);
		machine.yield_every = i & 1 ? 1 : 0;
		machine.stop_after = i & 2 ? 3 : 0;
		machine.turns = i % 5;
		covers(map, 3 * GB - 2 * MB, 3 * METADATA_AUTUMN);
	}
}

/* Two contexts are enough, and none is left behind */
static void few_contexts(void **state)
{
	static const struct rmm_range map[] = { { GB, 3 * GB }, { 0 } };

	machine_of_autumn(0);
	machine.contexts = 1;
	machine.yield_every = 7;
	covers(map, 3 * GB, 3 * METADATA_AUTUMN);
}

/* Regions of 2 MB, as somebody set them before */
static void adopted_small_regions(void **state)
{
	static const struct rmm_range map[] = { { GB, GB }, { 0 } };

	machine_of_autumn(RMM_FLAG_BORN_ACTIVE);
	machine.active_region = 1;
	make_map(map);
	load();
	assert_available(GB);
	assert_donated(GB / (2 * MB) * PAGE_SIZE);
	shim_module_exit();
	assert_int_equal(rmm_donated(world.rmm), 0);
	assert_true(rmm_is_active(world.rmm));
	world_end();
}

/* Pages that are refused for good */

static const struct rmm_range plain_map[] = { { GB, 3 * GB }, { 0 } };

/* One in a hundred: others will do */
static void some_pages_refused(void **state)
{
	for (unsigned int i = 0; i < 20; i++) {
		machine_of_autumn(i & 1 ? RMM_FLAG_PENDS : 0);
		machine.refuse_every = 100;
		make_map(plain_map);
		world.pages_from = GB + (100 + 37 * i) * MB;
		load();
		assert_available(3 * GB);
		assert_donated(3 * METADATA_AUTUMN);
		unload_and_check();
	}
}

/* It doesn't say which */
static void keep_it_secret(u64 x[5])
{
	if (x[0] != RMI_OP_MEM_DONATE)
		return;
	ask_model(x);
	if (RMI_RESULT_MEM_REQ(x[0]) == RMI_MEM_REQ_RECLAIM)
		x[1] = 0;
}

static void refused_in_secret(void **state)
{
	machine_of_autumn(0);
	machine.refuse_every = 100;
	make_map(plain_map);
	world.smc = keep_it_secret;
	load();
	assert_available(3 * GB);
	assert_donated(3 * METADATA_AUTUMN);
	unload_and_check();
}

/* It refuses a page, and of what it gives back one page is missing, once */
static bool keeps;

static void keep_one(u64 x[5])
{
	const u64 at = x[2];
	u64 *list;

	if (x[0] != RMI_OP_MEM_RECLAIM || !keeps)
		return;
	ask_model(x);
	list = world_at(at);
	if (x[1] != 1 || (list[0] >> RMI_RANGE_COUNT_SHIFT & 0x3ff) < 2)
		return;
	list[0] -= 1 << RMI_RANGE_COUNT_SHIFT;
	keeps = false;
}

static void kept_page_is_lost(void **state)
{
	machine_of_autumn(0);
	machine.refuse_every = 100;
	make_map(plain_map);
	world.pages_from = GB + 100 * MB;
	world.smc = keep_one;
	keeps = true;
	load();
	assert_false(keeps);
	assert_available(3 * GB);
	assert_int_equal(rmm_donated(world.rmm), 3 * METADATA_AUTUMN);
	assert_number("memory_lost", PAGE_SIZE);
	shim_module_exit();
	assert_int_equal(rmm_donated(world.rmm), 0);
	/* The page, which the model has given back, and its guard */
	world_end_with(2, 0);
}

/* One in two: there is no end to it */
static void half_of_all_refused(void **state)
{
	for (unsigned int secret = 0; secret < 2; secret++) {
		machine_of_autumn(0);
		machine.refuse_every = 2;
		make_map(plain_map);
		world.smc = secret ? keep_it_secret : NULL;
		load();
		assert_file("reason", "refused");
		assert_non_null(strstr(world_read("detail"),
				       "RMI_OP_MEM_DONATE for 0x40000000: 0x"));
		assert_non_null(strstr(world_read("detail"), ", and 15 other pages"));
		assert_donated(0);
		assert_int_equal(world.pages_out, 0);
		unload_and_check();
	}
}

/* Consumers */

/* This RMM says SUCCESS to what is delegated already, and takes back what others delegated */
static void twice_is_refused_all_the_same(void **state)
{
	const u64 at = GB + 64 * MB, size = 3 * PAGE_SIZE;
	size_t done;

	machine_of_autumn(RMM_FLAG_STOPS_AT_DONE);
	machine.yield_every = 1;
	make_map(plain_map);
	load();
	own_pages(at, at + size);
	assert_int_equal(cca_rmi_ensure_range(at, size), 0);
	assert_int_equal(cca_rmi_delegate_range(at, size), 0);
	assert_int_equal(rmm_delegated(world.rmm), size);
	world.smcs = 0;
	assert_int_equal(cca_rmi_delegate_range(at, size), -EEXIST);
	assert_int_equal(cca_rmi_undelegate_range(at + size, PAGE_SIZE, &done), -EINVAL);
	assert_int_equal(world.smcs, 0);
	assert_int_equal(cca_rmi_undelegate_range(at, size, &done), 0);
	assert_int_equal(done, size);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	free_own_pages(at, at + size);
	unload_and_check();
}

/* What a user is told */

/* An earlier kernel left a region in transition, or others have all contexts */
static void blocked(void **state)
{
	machine_of_autumn(RMM_FLAG_BORN_ACTIVE);
	machine.blocked.nr = 1;
	machine.blocked.at[0] = (struct rmm_range){ 2 * GB, GB };
	make_map(plain_map);
	load();
	assert_unavailable("blocked",
			   "RMI_GRANULE_TRACKING_SET 0x80000000: BLOCKED for 1000 ms");
	/* One patience, and the other regions have come back */
	assert_true(world.now_ns < 3 * NSEC_PER_SEC);
	assert_donated(0);
	shim_module_exit();
	world_end();

	machine_of_autumn(RMM_FLAG_BORN_ACTIVE);
	machine.blocked.nr = 1;
	machine.blocked.at[0] = (struct rmm_range){ 3 * GB, GB };
	machine.contexts = 1;
	make_map(reserved_par);
	machine.memory.at[2] = (struct rmm_range){ 3 * GB, GB };
	machine.memory.nr = 3;
	world_make(&machine, 12);
	world_ram(GB, 2 * GB, true);
	load();
	assert_unavailable("blocked",
			   "RMI_GRANULE_TRACKING_SET 0x40000000: BLOCKED for 1000 ms");
	assert_donated(0);
	shim_module_exit();
	world_end();
}

/* Level and address, as X0 has them */
static void where_it_was(void **state)
{
	machine_of_autumn(0);
	machine.nr_faults = 1;
	machine.fault[0] = (struct rmm_fault){ .fid = RMI_GRANULE_TRACKING_SET, .count = 1,
					       .set = 1, .x = { 0x4559d010c } };
	make_map(plain_map);
	load();
	assert_unavailable("not-fine",
			   "0x40000000-0x80000000 coarse, level 1 at 0x4559d000");
	unload_and_check();

	machine.fault[0] = (struct rmm_fault){ .fid = RMI_GRANULE_TRACKING_GET, .count = 1,
					       .set = 1, .x = { 0x4559d020f } };
	world_make(&machine, 12);
	world_ram(GB, 2 * GB, true);
	load();
	assert_unavailable("refused",
			   "RMI_GRANULE_TRACKING_GET 0x40000000: status 15, level 2 at 0x4559d000");
	unload_and_check();
}

/* Who took no configuration is asked whether it is active */
static void state_is_asked_for(void **state)
{
	machine_of_autumn(RMM_FLAG_BORN_ACTIVE);
	make_map(plain_map);
	load();
	assert_available(3 * GB);
	assert_int_equal(rmm_commands(world.rmm, RMI_RMM_STATE_GET), 1);
	assert_int_equal(rmm_commands(world.rmm, RMI_RMM_ACTIVATE), 0);
	shim_module_exit();
	assert_true(rmm_is_active(world.rmm));
	world_end();

	/* It isn't, and has no other reason than its own not to be */
	machine_of_autumn(0);
	machine.nr_faults = 2;
	machine.fault[0] = (struct rmm_fault){ .fid = RMI_RMM_CONFIG_SET, .count = 1, .set = 1,
					       .x = { RMI_ERROR_GLOBAL } };
	machine.fault[1] = (struct rmm_fault){ .fid = RMI_RMM_ACTIVATE, .count = 1, .set = 1,
					       .x = { RMI_ERROR_GLOBAL } };
	make_map(plain_map);
	load();
	assert_unavailable("refused", "RMI_RMM_ACTIVATE 0: status 11");
	assert_int_equal(rmm_commands(world.rmm, RMI_RMM_STATE_GET), 1);
	unload_and_check();

	/* No other load asks */
	machine_of_autumn(0);
	make_map(plain_map);
	load();
	assert_available(3 * GB);
	assert_int_equal(rmm_commands(world.rmm, RMI_RMM_STATE_GET), 0);
	unload_and_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(hole_in_a_region),
		cmocka_unit_test(begins_inside),
		cmocka_unit_test(device_at_the_base),
		cmocka_unit_test(one_granule_decides),
		cmocka_unit_test(no_table_after_all),
		cmocka_unit_test(not_tried),
		cmocka_unit_test(hot_added_in_a_reserved_par),
		cmocka_unit_test(hot_added_granule_is_kept),
		cmocka_unit_test(hot_added_without_memory),
		cmocka_unit_test(manners),
		cmocka_unit_test(few_contexts),
		cmocka_unit_test(adopted_small_regions),
		cmocka_unit_test(some_pages_refused),
		cmocka_unit_test(refused_in_secret),
		cmocka_unit_test(kept_page_is_lost),
		cmocka_unit_test(half_of_all_refused),
		cmocka_unit_test(twice_is_refused_all_the_same),
		cmocka_unit_test(blocked),
		cmocka_unit_test(where_it_was),
		cmocka_unit_test(state_is_asked_for),
	};

	return cmocka_run_group_tests_name("autumn", tests, NULL, NULL);
}
