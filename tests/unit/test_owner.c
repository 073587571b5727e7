// SPDX-License-Identifier: GPL-2.0-only
/* Beside this kernel's own RMI driver: who has the RMM, and what is left alone then */
#include "realm_fixture.h"

static const u64 changing[] = {
	RMI_RMM_CONFIG_SET, RMI_RMM_ACTIVATE,  RMI_RMM_DEACTIVATE, RMI_GRANULE_TRACKING_SET,
	RMI_GPT_L1_CREATE,  RMI_GPT_L1_DESTROY, RMI_OP_MEM_DONATE,
};

static void forbid_changes(bool delegations_too)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(changing); i++)
		rmm_forbid(world.rmm, changing[i]);
	if (delegations_too) {
		rmm_forbid(world.rmm, RMI_GRANULE_RANGE_DELEGATE);
		rmm_forbid(world.rmm, RMI_GRANULE_RANGE_UNDELEGATE);
	}
}

/* The driver is there, and has activated the RMM or not */
static void make_with(bool active, bool available)
{
	make(12);
	world.driver.active_there = true;
	world.driver.available_there = true;
	world.driver.active = active;
	world.driver.available = available;
}

/* It has the RMM, and its word for that */
static void make_kernels(void)
{
	machine.flags |= RMM_FLAG_BORN_ACTIVE;
	make_with(true, true);
	forbid_changes(true);
}

static void end_kernels(void)
{
	assert_int_equal(rmm_forbidden(world.rmm), 0);
	shim_module_exit();
	assert_int_equal(rmm_forbidden(world.rmm), 0);
	assert_true(rmm_is_active(world.rmm));
	world_end();
}

static void expect_kernels(const char *reason, const char *text)
{
	make_kernels();
	load();
	assert_file("owner", "kernel");
	assert_unavailable(reason, text);
	end_kernels();
}

static void without_such_a_driver(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	load();
	assert_file("kernel_driver", "absent");
	assert_file("owner", "this-module");
	assert_null(strstr(world.log, "this kernel's own driver"));
	unload();
	/* nobody has what isn't there */
	machine.flags = RMM_FLAG_ABSENT;
	make(12);
	load();
	assert_file("kernel_driver", "absent");
	assert_file("owner", "none");
	unload();
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_BORN_ACTIVE;
	make(12);
	load();
	assert_file("kernel_driver", "absent");
	assert_file("owner", "adopted");
	shim_module_exit();
	assert_true(rmm_is_active(world.rmm));
	world_end();
	/* it takes no configuration, as one that is active, and has another one */
	machine.active_granule = RMI_GRANULE_SIZE_64K;
	make(12);
	load();
	assert_file("reason", "granule-size");
	assert_file("owner", "adopted");
	unload();
	/* what refuses everything is nobody's, as far as is known */
	describe(RMM_DIALECT_BETA3);
	machine.nr_faults = 2;
	machine.fault[0] = (struct rmm_fault){
		.fid = RMI_RMM_CONFIG_SET, .count = 1, .set = 1, .x = { RMI_ERROR_INPUT }
	};
	machine.fault[1] = (struct rmm_fault){
		.fid = RMI_RMM_CONFIG_GET, .count = 1, .set = 1, .x = { RMI_ERROR_INPUT }
	};
	make(12);
	load();
	assert_file("owner", "none");
	unload();
	/* one that fails for its memory is deactivated again, and nobody's */
	describe(RMM_DIALECT_BETA3);
	machine.pars.nr = 1;
	machine.pars.at[0] = (struct rmm_range){ GB, GB, RMI_PAR_RESERVED };
	make(12);
	load();
	assert_file("available", "0");
	assert_file("rmm_state", "init");
	assert_file("owner", "none");
	unload();
}

static void it_gave_up(void **state)
{
	(void)state;
	/* ours takes over, as on any kernel */
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make_with(false, false);
	load();
	assert_file("kernel_driver", "gave-up");
	assert_file("owner", "this-module");
	assert_available(GB);
	assert_donated(PRICE);
	assert_non_null(strstr(world.log, "this kernel's own driver gave up: its KVM starts"));
	assert_non_null(strstr(world.log, "RMM active, granules"));
	shim_module_exit();
	assert_false(rmm_is_active(world.rmm));
	world_end();
	/* it left the RMM active, or met one that was: adopted, and left so */
	for (unsigned int stuck = 0; stuck < 2; stuck++) {
		describe(RMM_DIALECT_BETA3);
		machine.flags = RMM_FLAG_BORN_ACTIVE | HOST_PAYS;
		make_with(stuck, false);
		load();
		assert_file("kernel_driver", stuck ? "stuck" : "gave-up");
		assert_file("owner", "adopted");
		assert_available(GB);
		assert_donated(PRICE);
		shim_module_exit();
		assert_true(rmm_is_active(world.rmm));
		world_end();
	}
}

static void it_has_the_rmm(void **state)
{
	const u64 block = 2 * GB;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	make_kernels();
	load();
	assert_file("kernel_driver", "available");
	assert_file("owner", "kernel");
	assert_file("rmm_state", "active");
	assert_file("granule_size", "4096");
	assert_number("region_size", GB);
	assert_available(GB);
	assert_non_null(strstr(world.log, "this kernel's own driver has the RMM: nothing of it"));
	assert_non_null(strstr(world.log, "active (was so before)"));
	assert_int_equal(rmm_commands(world.rmm, RMI_RMM_CONFIG_GET), 1);
	world_ram(block, block + WORLD_BLOCK, false);
	assert_int_equal(world_online(block, block + WORLD_BLOCK), 0);
	assert_available(GB + WORLD_BLOCK);
	assert_int_equal(world_offline(block, block + WORLD_BLOCK), 0);
	assert_available(GB);
	/* what the RMM doesn't know is refused, as ever */
	world_ram(8 * GB, 8 * GB + WORLD_BLOCK, false);
	assert_int_equal(world_online(8 * GB, 8 * GB + WORLD_BLOCK), -ENXIO);
	assert_available(GB);
	end_kernels();

	/* a reboot, and a hibernation that the kernel let pass */
	make_kernels();
	load();
	assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), 0);
	assert_file("reason", "released");
	assert_int_equal(world_pm(PM_POST_HIBERNATION), 0);
	assert_available(GB);
	assert_file("owner", "kernel");
	world_reboot_as(SYS_RESTART, "kexec reboot");
	end_kernels();
}

/* A configured driver that doesn't answer, or answers one question, is taken to have the RMM */
static void it_does_not_answer(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		describe(RMM_DIALECT_BETA3);
		machine.flags = RMM_FLAG_BORN_ACTIVE;
		make(12);
		world.driver.configured = !i;
		world.driver.active_there = i == 1;
		world.driver.available_there = i == 2;
		forbid_changes(true);
		load();
		assert_file("kernel_driver", "available");
		assert_file("owner", "kernel");
		assert_available(GB);
		end_kernels();
	}
	/* configured, there, and gave up */
	describe(RMM_DIALECT_BETA3);
	make_with(false, false);
	world.driver.configured = true;
	load();
	assert_file("kernel_driver", "gave-up");
	assert_file("owner", "this-module");
	unload();
}

static void what_is_missing_stays_so(void **state)
{
	static const enum rmm_dialect speak[] = { RMM_DIALECT_PUBLIC, RMM_DIALECT_BETA1 };

	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_HOST_PAYS;
	expect_kernels("not-fine", "0x40000000-0x80000000 coarse");
	assert_int_equal(shim_set_cover("lazy"), 0);
	expect_kernels("not-fine", "0x40000000-0x80000000 coarse");
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_HOST_TABLES;
	expect_kernels("no-gpt", "0x40000000-0x80000000 has no level 1 table");
	describe(RMM_DIALECT_BETA3);
	machine.tracking.nr = 1;
	machine.tracking.at[0] = (struct rmm_range){ GB, GB, RMI_TRACKING_NONE };
	expect_kernels("not-tracked", "0x40000000-0x80000000 none");
	machine.tracking.at[0].value = RMI_TRACKING_COARSE;
	expect_kernels("not-fine", "0x40000000-0x80000000 coarse");
	/* without GPT_INFO, only a command that changes something would tell of tables */
	for (unsigned int i = 0; i < ARRAY_SIZE(speak); i++) {
		describe(speak[i]);
		expect_kernels("no-gpt", "0x40000000-0x80000000 has no level 1 table");
	}
	/* the configuration isn't for us, or can't be had */
	describe(RMM_DIALECT_BETA3);
	machine.active_granule = RMI_GRANULE_SIZE_16K;
	expect_kernels("granule-size",
		       "kernel pages are of 4 KB, RMM is set to granule size code 1");
	describe(RMM_DIALECT_BETA3);
	machine.nr_faults = 1;
	machine.fault[0] = (struct rmm_fault){
		.fid = RMI_RMM_CONFIG_GET, .count = 1, .set = 1, .x = { RMI_ERROR_INPUT }
	};
	expect_kernels("refused", "RMI_RMM_CONFIG_GET 0x40090000: status 1");
	machine.fault[0].x[0] = RMI_ERROR_NOT_SUPPORTED;
	expect_kernels("refused", "RMI_RMM_CONFIG_GET: not supported");
	machine.fault[0].x[0] = RMI_BUSY;
	machine.fault[0].count = ~0U;
	expect_kernels("no-answer", "RMI_RMM_CONFIG_GET 0x40090000: BUSY for 1000 ms");
}

/* A PAR that begins with a hole: on another kernel, one granule would be tried */
static void nothing_is_tried(void **state)
{
	(void)state;
	describe(RMM_DIALECT_AUTUMN);
	machine.granules = 1;
	machine.pps = 5;
	machine.memory.nr = 2;
	machine.memory.at[0].size = GB;
	machine.memory.at[1] = (struct rmm_range){ 2 * GB + 2 * MB, GB - 2 * MB, 0 };
	machine.tracking.nr = 1;
	machine.tracking.at[0] = (struct rmm_range){ GB, 2 * GB, RMI_TRACKING_FINE };
	make_kernels();
	world_ram(2 * GB + 2 * MB, 3 * GB, true);
	load();
	assert_unavailable("no-gpt", "0x80000000-0xc0000000 reserved, and no page could be tried");
	end_kernels();
}

/* Some RMMs don't speak of the last PAR: the kernel's word and its tracking have to do */
static void the_last_par(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.pps = 0;
	machine.flags = RMM_FLAG_STRICT_TOP;
	make_kernels();
	world_ram(3 * GB, 4 * GB, true);
	load();
	assert_available(2 * GB);
	end_kernels();
}

static void consumers_are_served(void **state)
{
	const u64 own = GB + 512 * MB;
	phys_addr_t many[600];
	size_t done;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_BORN_ACTIVE;
	make_with(true, true);
	forbid_changes(false);
	load();
	own_pages(own, own + 4 * PAGE_SIZE);
	assert_int_equal(cca_rmi_delegate_range(own, 4 * PAGE_SIZE), 0);
	assert_int_equal(rmm_delegated(world.rmm), 4 * PAGE_SIZE);
	assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 600, many), 0);
	assert_int_equal(rmm_delegated(world.rmm), 604 * PAGE_SIZE);
	/* by its own record, hibernation would be fatal */
	assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EBUSY);
	assert_available(GB);
	assert_int_equal(cca_rmi_return_granules(many, 600), 0);
	assert_int_equal(cca_rmi_undelegate_range(own, 4 * PAGE_SIZE, &done), 0);
	assert_int_equal(done, 4 * PAGE_SIZE);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	free_own_pages(own, own + 4 * PAGE_SIZE);
	end_kernels();
}

/* A consumer's Realm is its own, whoever has the RMM; of memory, it alone is lent some */
static void consumers_realms_are_made(void **state)
{
	static const u64 flags[] = { 0, RMM_FLAG_CONTINUES, RMM_FLAG_REALM_PAGES };
	u64 result;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		describe_realms(RMM_DIALECT_BETA3, flags[i] | RMM_FLAG_BORN_ACTIVE);
		make_with(true, true);
		load();
		assert_file("owner", "kernel");
		params = kzalloc(PAGE_SIZE, GFP_KERNEL);
		run_page = kzalloc(PAGE_SIZE, GFP_KERNEL);
		for (unsigned int c = 0; c < ARRAY_SIZE(changing); c++)
			if (changing[c] != RMI_OP_MEM_DONATE)
				rmm_forbid(world.rmm, changing[c]);
		assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, NR_GRANULES, granule), 0);
		assert_int_equal(create_realm(), 0);
		assert_int_equal(create_rec(0), 0);
		assert_true(ledger_has("realm") >= 16 * PAGE);
		assert_int_equal(run(RMI_REALM_ACTIVATE, granule[RD], 0, 0, 0, 0), 0);
		assert_int_equal(cca_rmi_rec_enter(granule[REC], virt_to_phys(run_page), &result),
				 0);
		assert_int_equal(result, RMI_SUCCESS);
		assert_int_equal(run(RMI_REALM_TERMINATE, granule[RD], 0, 0, 0, 0), 0);
		assert_int_equal(run(RMI_REC_DESTROY, granule[REC], 0, 0, 0, 0), 0);
		assert_int_equal(run(RMI_REALM_DESTROY, granule[RD], 0, 0, 0, 0), 0);
		assert_int_equal(ledger_has("realm"), 0);
		assert_int_equal(cca_rmi_return_granules(granule, NR_GRANULES), 0);
		assert_int_equal(rmm_delegated(world.rmm), 0);
		kfree(params);
		kfree(run_page);
		end_kernels();
	}
}

/* Its driver's own page stays delegated as we come and go */
static void what_the_driver_delegated(void **state)
{
	uint64_t x[6] = { RMI_GRANULE_RANGE_DELEGATE, GB + 256 * MB, GB + 256 * MB + 4096 };

	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_BORN_ACTIVE;
	make_with(true, true);
	own_pages(x[1], x[2]);
	assert_true(rmm_command(world.rmm, x));
	assert_int_equal(x[0], RMI_SUCCESS);
	forbid_changes(true);
	load();
	assert_available(GB);
	shim_module_exit();
	assert_int_equal(rmm_forbidden(world.rmm), 0);
	assert_int_equal(rmm_delegated(world.rmm), PAGE_SIZE);
	world_end_with(1, PAGE_SIZE);
}

/* Hot-added memory of ZONE_MOVABLE ------------------------------------------------------------- */

#define MOVABLE	(2 * GB)

static void movable_memory_is_left_out(void **state)
{
	(void)state;
	/* The RMM doesn't know it, and it may go online all the same */
	describe(RMM_DIALECT_BETA3);
	machine.memory.at[0].size = GB;
	make_kernels();
	world_ram(MOVABLE, MOVABLE + WORLD_BLOCK, true);
	world_ram(MOVABLE + WORLD_BLOCK, MOVABLE + 2 * WORLD_BLOCK, false);
	world.ram[1].boot = false;
	world.movable_from = MOVABLE;
	world.movable_to = MOVABLE + 2 * WORLD_BLOCK;
	load();
	assert_available(GB);
	assert_int_equal(cca_rmi_ensure_range(MOVABLE, PAGE_SIZE), -ENXIO);
	assert_int_equal(cca_rmi_ensure_range(2 * GB - PAGE_SIZE, 2 * PAGE_SIZE), -ENXIO);
	/* what isn't online is another matter */
	assert_int_equal(cca_rmi_ensure_range(MOVABLE + WORLD_BLOCK, PAGE_SIZE), -EINVAL);
	assert_int_equal(world_online(MOVABLE + WORLD_BLOCK, MOVABLE + 2 * WORLD_BLOCK), 0);
	assert_available(GB);
	assert_int_equal(cca_rmi_ensure_range(MOVABLE + WORLD_BLOCK, PAGE_SIZE), -ENXIO);
	/* one that came too early to be refused isn't missed either */
	assert_int_equal(world_event(MEM_ONLINE, MOVABLE, MOVABLE + WORLD_BLOCK), 0);
	assert_available(GB);
	assert_int_equal(world_offline(MOVABLE + WORLD_BLOCK, MOVABLE + 2 * WORLD_BLOCK), 0);
	assert_available(GB);
	/* no such memory at all */
	assert_int_equal(cca_rmi_ensure_range(1ULL << 51, PAGE_SIZE), -EINVAL);
	end_kernels();

	/* other hot-added memory isn't left out */
	describe(RMM_DIALECT_BETA3);
	machine.memory.at[0].size = GB;
	make_kernels();
	world_ram(MOVABLE, MOVABLE + WORLD_BLOCK, true);
	world.ram[1].boot = false;
	load();
	assert_file("reason", "no-gpt");
	end_kernels();

	/* boot memory isn't, wherever it is (kernelcore=) */
	describe(RMM_DIALECT_BETA3);
	make_kernels();
	world_ram(MOVABLE, MOVABLE + WORLD_BLOCK, true);
	world.movable_from = MOVABLE;
	world.movable_to = MOVABLE + WORLD_BLOCK;
	load();
	assert_available(GB + WORLD_BLOCK);
	assert_int_equal(cca_rmi_ensure_range(MOVABLE, PAGE_SIZE), 0);
	end_kernels();
}

/* Where the RMM is ours, consumers of ours may use it */
static void movable_memory_is_covered(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make_with(false, false);
	world_ram(MOVABLE, MOVABLE + WORLD_BLOCK, true);
	world_ram(MOVABLE + WORLD_BLOCK, MOVABLE + 2 * WORLD_BLOCK, false);
	world.ram[1].boot = false;
	world.movable_from = MOVABLE;
	world.movable_to = MOVABLE + 2 * WORLD_BLOCK;
	load();
	assert_available(GB + WORLD_BLOCK);
	assert_int_equal(world_online(MOVABLE + WORLD_BLOCK, MOVABLE + 2 * WORLD_BLOCK), 0);
	assert_available(GB + 2 * WORLD_BLOCK);
	assert_int_equal(cca_rmi_ensure_range(MOVABLE, PAGE_SIZE), 0);
	unload();

	describe(RMM_DIALECT_BETA3);
	make_with(false, false);
	load();
	world_ram(8 * GB, 8 * GB + WORLD_BLOCK, false);
	world.movable_from = 8 * GB;
	world.movable_to = 8 * GB + WORLD_BLOCK;
	assert_int_equal(world_online(8 * GB, 8 * GB + WORLD_BLOCK), -ENXIO);
	assert_int_equal(cca_rmi_ensure_range(8 * GB, PAGE_SIZE), -EINVAL);
	unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_such_a_driver),
		cmocka_unit_test(it_gave_up),
		cmocka_unit_test(it_has_the_rmm),
		cmocka_unit_test(it_does_not_answer),
		cmocka_unit_test(what_is_missing_stays_so),
		cmocka_unit_test(nothing_is_tried),
		cmocka_unit_test(the_last_par),
		cmocka_unit_test(consumers_are_served),
		cmocka_unit_test(consumers_realms_are_made),
		cmocka_unit_test(what_the_driver_delegated),
		cmocka_unit_test(movable_memory_is_left_out),
		cmocka_unit_test(movable_memory_is_covered),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("owner", tests, NULL, NULL);
}
