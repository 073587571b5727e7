// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module over the public RMM of autumn 2026, as the model's dialect `autumn` has it: memory maps
 * that such an RMM allows, its ways of working on a range, and what it refuses
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

/* Device memory, then DRAM: what is at the base is what the RMM wants to hear of, and metadata for both */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(hole_in_a_region),
		cmocka_unit_test(begins_inside),
		cmocka_unit_test(device_at_the_base),
	};

	return cmocka_run_group_tests_name("autumn", tests, NULL, NULL);
}
