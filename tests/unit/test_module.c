// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole module, from load to unload, against the model RMM. Expected values are typed by hand.
 */
#include "module_fixture.h"

/* The good case -------------------------------------------------------------------------------- */

static void static_rmm(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		char calls[24];

		describe(dialects[i]);
		make(12);
		load();
		assert_available(1 * GB);
		assert_file("revision", "2.0");
		assert_file("rmm_state", "active");
		assert_file("granule_size", "4096");
		assert_file("l0gpt_size", "1073741824");
		snprintf(calls, sizeof(calls), "%s", world_read("smc_calls"));
		assert_true(strtoull(calls, NULL, 10) > 0);
		assert_true(rmm_is_active(world.rmm));
		assert_int_equal(rmm_commands(world.rmm, 0), world.smcs);
		assert_true(world.lines >= 2 && world.lines <= 3);
		unload();
	}
}

static void pages_of_16k(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		machine.flags = RMM_FLAG_LONG_ANSWERS;
		make(14);
		load();
		assert_available(1 * GB);
		assert_file("granule_size", "16384");
		/* before beta 3, one question for each region of 32 MB */
		assert_int_equal(rmm_commands(world.rmm, RMI_GRANULE_TRACKING_GET),
				 dialects[i] == RMM_DIALECT_BETA3 ? 1 : 32);
		unload();
	}
}

/* Odd boundaries, several ranges in one region and PAR, ranges that touch */
static void odd_layout(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		world_make(&machine, 12);
		world_ram(GB + 0x1000, GB + 0x3000, true);
		world_ram(GB + 0x5000, GB + 700 * MB + 0x7000, true);
		world_ram(GB + 700 * MB + 0x7000, GB + 701 * MB, true);
		world_ram(2 * GB - 0x1000, 2 * GB + 0x1000, true);
		/* 0x9000 to 0xc000 are whole pages */
		world_ram(3 * GB + 0x8800, 3 * GB + 0xc7ff, true);
		load();
		assert_available(0x2000 + (701 * MB - 0x5000) + 0x2000 + 0x3000);
		/* Three PARs, each asked about once however many ranges lie in it */
		if (dialects[i] == RMM_DIALECT_BETA3)
			assert_int_equal(rmm_commands(world.rmm, RMI_GPT_L1_CREATE), 0);
		else
			assert_int_equal(rmm_commands(world.rmm, RMI_GPT_L1_CREATE), 3);
		unload();
	}
}

static void large_pars(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		/* the second and last PAR of 40 bits ends the address space */
		machine.l0gptsz = 9;
		machine.memory.nr = 2;
		machine.memory.at[1] = (struct rmm_range){ 544 * GB, GB,
							   RMI_MEM_CATEGORY_CONVENTIONAL };
		make(12);
		world_ram(544 * GB, 545 * GB, true);
		load();
		assert_available(2 * GB);
		assert_file("l0gpt_size", "549755813888");
		unload();
	}
}

static void offline_memory_is_left_out(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
	world_ram(2 * GB + WORLD_BLOCK, 2 * GB + 2 * WORLD_BLOCK, true);
	load();
	assert_available(GB + WORLD_BLOCK);
	unload();
}

/* Why not -------------------------------------------------------------------------------------- */

/* It has no record of what the kernel that crashed lent, and nothing to lend itself */
static void crash_kernel(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	world.kdump = true;
	load();
	assert_unavailable("crash-kernel", "this kernel takes the dump of one that crashed");
	assert_file("rmm_state", "none");
	/* nothing is refused, and nothing asked */
	world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
	assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	world_offline(2 * GB, 2 * GB + WORLD_BLOCK);
	assert_int_equal(cca_rmi_ensure_range(GB, MB), -ENODEV);
	assert_int_equal(world_reboot_as(SYS_RESTART, "kexec reboot"), 0);
	assert_int_equal(world.smcs, 0);
	assert_int_equal(world.pages_out, 0);
	unload();
}

static void no_smc_conduit(void **state)
{
	(void)state;
	for (int conduit = SMCCC_CONDUIT_NONE; conduit <= SMCCC_CONDUIT_HVC; conduit++) {
		if (conduit == SMCCC_CONDUIT_SMC)
			continue;
		describe(RMM_DIALECT_BETA3);
		make(12);
		world.conduit = conduit;
		load();
		assert_unavailable("no-smc-conduit",
				   "this kernel is a guest, or its firmware has no SMCCC 1.1");
		assert_file("rmm_state", "none");
		assert_file("revision", "none");
		assert_file("granule_size", "0");
		assert_file("smc_calls", world_read("smc_calls"));
		assert_int_equal(world.smcs, 0);
		unload();
	}
}

static void no_rme(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	world.cpus = 4;
	world.pfr0[2] = 0x11112222;
	load();
	assert_unavailable("no-rme", "1 of 4 CPUs without FEAT_RME");
	assert_int_equal(world.smcs, 0);
	unload();
}

static void no_rmm(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	/* X1 to X3 stay as they were: the wanted revision among them */
	machine.flags = RMM_FLAG_ABSENT;
	make(12);
	load();
	assert_unavailable("no-rmm", "nobody answers RMI_VERSION");
	assert_file("rmm_state", "none");
	assert_int_equal(world.smcs, 1);
	unload();
}

static void wrong_revision(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.revision_low = machine.revision_high = 0x10000;
	expect_unavailable("revision", "RMM offers 1.0");
	machine.revision_low = 0x30001;
	machine.revision_high = 0x30004;
	expect_unavailable("revision", "RMM offers 3.1 to 3.4");
	machine.revision_low = 0x10000;		/* 1.0 to 2.5: we speak 2.0 */
	machine.revision_high = 0x20005;
	make(12);
	load();
	assert_available(GB);
	assert_file("revision", "2.0");
	unload();
}

static void granule_size(void **state)
{
	(void)state;
	describe(RMM_DIALECT_PUBLIC);
	machine.granules = 1;
	make(14);
	load();
	assert_unavailable("granule-size", "kernel pages are of 16 KB, RMM offers 4");
	assert_file("rmm_state", "unknown");
	assert_file("revision", "2.0");
	unload();
	describe(RMM_DIALECT_BETA3);
	machine.granules = 6;
	expect_unavailable("granule-size", "kernel pages are of 4 KB, RMM offers 16 64");
}

static void active_before(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		machine.flags = RMM_FLAG_BORN_ACTIVE;
		make(12);
		load();
		assert_available(GB);
		assert_file("rmm_state", "active");
		assert_non_null(strstr(world.log, "active (was so before)"));
		assert_true(rmm_is_active(world.rmm));
		shim_module_exit();
		assert_true(rmm_is_active(world.rmm));	/* it isn't ours to deactivate */
		world_end();

		for (unsigned int code = RMI_GRANULE_SIZE_16K; code <= RMI_GRANULE_SIZE_64K;
		     code++) {
			char detail[80];

			snprintf(detail, sizeof(detail),
				 "kernel pages are of 4 KB, RMM is set to granule size code %u",
				 code);
			machine.active_granule = code;
			expect_unavailable("granule-size", detail);
		}
	}
}

static void not_tracked(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);		/* knows nothing above 4 GB */
		make(12);
		world_ram(4 * GB, 5 * GB, true);
		load();
		/* Others see first that there is no table, and can be none */
		if (dialects[i] == RMM_DIALECT_PUBLIC)
			assert_unavailable("not-tracked", "0x100000000-0x140000000 none");
		else
			assert_file("reason", "no-gpt");
		assert_file("available", "0");
		unload();
	}
	/* A region of known DRAM that the RMM would track only if it could be told to */
	describe(RMM_DIALECT_PUBLIC);
	machine.tracking.nr = 1;
	machine.tracking.at[0] = (struct rmm_range){ 2 * GB, GB, RMI_TRACKING_NONE };
	make(12);
	world_ram(2 * GB, 3 * GB + 0x5000, true);
	load();
	assert_unavailable("not-tracked", "0x80000000-0xc0000000 none");
	unload();
}

static void not_fine(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		machine.tracking.nr = 1;
		machine.tracking.at[0] = (struct rmm_range){ GB, GB, RMI_TRACKING_COARSE };
		machine.nr_faults = 1;
		machine.fault[0] = (struct rmm_fault){
			.fid = RMI_GRANULE_TRACKING_SET,
			.count = ~0ULL,
			.set = 1,
			.x = { RMI_ERROR_TRACKING },
		};
		expect_unavailable("not-fine", "0x40000000-0x80000000 coarse");
		machine.tracking.at[0].value = RMI_TRACKING_INTERMEDIATE;
		machine.nr_faults = 0;
		expect_unavailable("not-fine", "0x40000000-0x80000000 intermediate");
		machine.tracking.at[0].value = RMI_TRACKING_RESERVED;
		expect_unavailable("not-tracked", "0x40000000-0x80000000 reserved");
	}
}

static void not_conventional(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		machine.tracking.nr = 1;
		machine.tracking.at[0] = (struct rmm_range){
			GB, GB, RMI_MEM_CATEGORY_DEV_COH << 8 | RMI_TRACKING_FINE
		};
		expect_unavailable("not-conventional", "0x40000000-0x80000000 device-coherent");
	}
}

static void beyond_the_address_space(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		machine.pps = 0;
		make(12);
		world_ram(4 * GB, 5 * GB, true);
		load();
		assert_file("available", "0");
		assert_string_not_equal(world_read("reason"), "bad-answer");
		unload();
	}
}

static void no_gpt(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.pars.nr = 1;
	machine.pars.at[0] = (struct rmm_range){ GB, GB, RMI_PAR_RESERVED };
	expect_unavailable("no-gpt", "0x40000000-0x80000000 reserved");
	machine.dialect = RMM_DIALECT_BETA1;
	expect_unavailable("no-gpt", "0x40000000-0x80000000 can't have a level 1 table");
}

/* The RMM would make a table, but there is no memory for it */
static void no_memory_for_a_table(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		machine.pars.nr = 1;
		machine.pars.at[0] = (struct rmm_range){ GB, GB, RMI_PAR_HOST_NOT_CREATED };
		make(12);
		world.no_pages = true;
		load();
		assert_unavailable(
			"no-memory",
			"0x40000000-0x80000000 has no level 1 table, 131072 bytes wanted for it");
		shim_module_exit();
		world.no_pages = false;
		load();
		assert_available(GB);
		assert_file("memory_donated", "131072");
		assert_int_equal(rmm_donated(world.rmm), 131072);
		unload();
	}
}

static void table_of_the_host_counts(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		machine.pars.nr = 1;
		machine.pars.at[0] = (struct rmm_range){ GB, GB, RMI_PAR_HOST_CREATED };
		make(12);
		load();
		assert_available(GB);
		unload();
	}
}

static void busy(void **state)
{
	static const u64 fids[] = {
		RMI_VERSION,
		RMI_FEATURES,
		RMI_RMM_CONFIG_SET,
		RMI_RMM_ACTIVATE,
		RMI_GRANULE_TRACKING_GET,
		RMI_GPT_INFO,
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(fids); i++) {
		describe(RMM_DIALECT_BETA3);
		machine.nr_faults = 1;
		machine.fault[0] = (struct rmm_fault){
			.fid = fids[i], .count = 50, .set = 1, .x = { RMI_BUSY }
		};
		make(12);
		load();
		assert_available(GB);
		unload();

		machine.fault[0].count = ~0ULL;
		make(12);
		load();
		assert_file("available", "0");
		assert_file("reason", "no-answer");
		assert_non_null(strstr(world_read("detail"), "BUSY for 1000 ms"));
		assert_true(world.now_ns < 2000 * 1000000ULL);
		unload();
	}
}

static void require_refuses_to_load(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_ABSENT;
	make(12);
	*shim_require = true;
	assert_int_equal(shim_module_init(), -ENODEV);
	world_end();

	describe(RMM_DIALECT_BETA3);
	make(12);
	*shim_require = true;
	load();
	assert_available(GB);
	unload();
}

/* Answers that no RMM should give -------------------------------------------------------------- */

/* The answers of one command replaced; the bits of set say which registers */
static void expect_bad(u64 fid, enum rmm_dialect dialect, u64 set, u64 x0, u64 x1, u64 x2, u64 x3,
		       const char *reason)
{
	describe(dialect);
	machine.nr_faults = 1;
	machine.fault[0] = (struct rmm_fault){
		.fid = fid, .count = ~0ULL, .set = set, .x = { x0, x1, x2, x3 }
	};
	make(12);
	load();
	assert_file("available", "0");
	assert_file("reason", reason);
	assert_file("memory_covered", "0");
	assert_true(world.smcs < 1000);
	unload();
}

static void absurd_answers(void **state)
{
	static const u64 tops[] = {
		0,
		1,
		GB,
		GB - 0x1000,
		GB + 1,
		GB + 0x800,
		2 * GB + 0x1000,
		3 * GB,
		-1ULL,
		1ULL << 63,
		0xfffffffffffff000ULL,
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(tops); i++) {
		expect_bad(RMI_GRANULE_TRACKING_GET, RMM_DIALECT_BETA3, 15, 0, 0, 2, tops[i],
			   "bad-answer");
		if (tops[i])	/* beta 1 has no such output */
			expect_bad(RMI_GRANULE_TRACKING_GET, RMM_DIALECT_BETA1, 15, 0, 0, 2,
				   tops[i], "bad-answer");
		expect_bad(RMI_GPT_INFO, RMM_DIALECT_BETA3, 7, 0, tops[i], 1, 0, "bad-answer");
	}
	expect_bad(RMI_GRANULE_TRACKING_GET, RMM_DIALECT_BETA3, 15, 0, 4, 2, 2 * GB, "bad-answer");
	expect_bad(RMI_GRANULE_TRACKING_GET, RMM_DIALECT_BETA3, 15, 0, 0, 5, 2 * GB, "bad-answer");
	expect_bad(RMI_GRANULE_TRACKING_GET, RMM_DIALECT_BETA3, 15, 0, 0, 1ULL << 32 | 2, 2 * GB,
		   "bad-answer");
	expect_bad(RMI_GRANULE_TRACKING_GET, RMM_DIALECT_BETA3, 1, 1, 0, 0, 0, "refused");
	expect_bad(RMI_GRANULE_TRACKING_GET, RMM_DIALECT_BETA3, 1, -1ULL, 0, 0, 0, "refused");
	expect_bad(RMI_GPT_INFO, RMM_DIALECT_BETA3, 7, 0, 2 * GB, 4, 0, "bad-answer");
	expect_bad(RMI_GPT_INFO, RMM_DIALECT_BETA3, 1, RMI_ERROR_GLOBAL, 0, 0, 0, "refused");
	expect_bad(RMI_FEATURES, RMM_DIALECT_BETA3, 3, 0, 7 | 7 << 14, 0, 0, "bad-answer");
	expect_bad(RMI_FEATURES, RMM_DIALECT_BETA3, 3, 0, 7 | 1 << 10, 0, 0, "bad-answer");
	expect_bad(RMI_FEATURES, RMM_DIALECT_BETA3, 3, 1, 7, 0, 0, "refused");
	expect_bad(RMI_VERSION, RMM_DIALECT_BETA3, 7, 0, 0x10000, 0x30000, 0, "revision");
	expect_bad(RMI_VERSION, RMM_DIALECT_BETA3, 7, RMI_ERROR_REALM, 0x20000, 0x20000, 0,
		   "refused");
}

static void config_is_refused(void **state)
{
	(void)state;
	/* and CONFIG_GET says nothing that would do instead */
	describe(RMM_DIALECT_BETA3);
	machine.nr_faults = 2;
	machine.fault[0] = (struct rmm_fault){
		.fid = RMI_RMM_CONFIG_SET, .count = 1, .set = 1, .x = { RMI_ERROR_INPUT }
	};
	machine.fault[1] = (struct rmm_fault){
		.fid = RMI_RMM_CONFIG_GET, .count = 1, .set = 1, .x = { RMI_ERROR_INPUT }
	};
	expect_unavailable("refused", "RMI_RMM_CONFIG_SET 0x40090000: status 1");
	machine.fault[1].x[0] = RMI_BUSY;
	machine.fault[1].count = ~0U;
	expect_unavailable("no-answer", "RMI_RMM_CONFIG_GET 0x40090000: BUSY for 1000 ms");
	/* ... and it does: the configuration is the one that is wanted */
	machine.nr_faults = 1;
	make(12);
	load();
	assert_available(GB);
	unload();
	/* ACTIVATE is refused for another reason than "is active" */
	machine.fault[0] = (struct rmm_fault){
		.fid = RMI_RMM_ACTIVATE, .count = 1, .set = 1, .x = { RMI_ERROR_DEVICE }
	};
	/* (the C library writes no 0x before 0, the kernel does) */
	expect_unavailable("refused", "RMI_RMM_ACTIVATE 0: status 6");
}

/*
 * An RMM with memory of its own creates tables for nothing; they are destroyed again, the last one
 * first
 */
static void tables_without_payment(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_HOST_TABLES | RMM_FLAG_OWN_TABLES;
	make(12);
	world_ram(3 * GB, 3 * GB + 0x1000, true);
	load();
	assert_available(GB + 0x1000);
	assert_int_equal(rmm_commands(world.rmm, RMI_GPT_L1_CREATE), 2);
	assert_file("memory_donated", "0");
	assert_int_equal(rmm_par(world.rmm, 3 * GB), RMI_PAR_HOST_CREATED);
	assert_int_equal(rmm_par(world.rmm, 2 * GB), RMI_PAR_HOST_NOT_CREATED);
	shim_module_exit();
	assert_int_equal(rmm_commands(world.rmm, RMI_GPT_L1_DESTROY), 2);
	assert_int_equal(rmm_par(world.rmm, GB), RMI_PAR_HOST_NOT_CREATED);
	assert_int_equal(rmm_par(world.rmm, 3 * GB), RMI_PAR_HOST_NOT_CREATED);
	world_end();

	/* The second one can't be had: the first is destroyed at once */
	machine.pars.nr = 1;
	machine.pars.at[0] = (struct rmm_range){ 3 * GB, GB, RMI_PAR_RESERVED };
	make(12);
	world_ram(3 * GB, 3 * GB + 0x1000, true);
	machine.dialect = RMM_DIALECT_BETA1;
	load();
	assert_unavailable("no-gpt", "0xc0000000-0x100000000 reserved");
	assert_int_equal(rmm_par(world.rmm, GB), RMI_PAR_HOST_NOT_CREATED);
	unload();
}

/* Lending -------------------------------------------------------------------------------------- */

static const u64 dynamics[] = {
	RMM_FLAG_HOST_PAYS, RMM_FLAG_HOST_TABLES, RMM_FLAG_HOST_PAYS | RMM_FLAG_HOST_TABLES,
};

static const u64 manners[] = {
	0,
	RMM_FLAG_PARTIAL,
	RMM_FLAG_CONTINUES,
	RMM_FLAG_PARTIAL | RMM_FLAG_CONTINUES,
	RMM_FLAG_GIVES_UP,
	RMM_FLAG_LONG_ANSWERS,
	RMM_FLAG_NO_CANCEL,
	RMM_FLAG_REUSES_HANDLES,
	RMM_FLAG_RETURNS_UNDELEGATED,
	RMM_FLAG_INPUT_ERRORS,
	RMM_FLAG_TABLES_COUNT,
};

static void dynamic_rmm(void **state)
{
	unsigned int rounds = 0;

	(void)state;
	for (unsigned int d = 1; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int i = 0; i < ARRAY_SIZE(dynamics); i++)
			for (unsigned int m = 0; m < ARRAY_SIZE(manners); m++)
				for (unsigned int shift = 12; shift <= 14; shift += 2) {
					u64 pa;

					/*
					 * Where tables keep regions from leaving FINE, and metadata
					 * keeps tables from being destroyed, no order leads back
					 * from both.
					 */
					if (i == 2 && manners[m] == RMM_FLAG_TABLES_COUNT)
						continue;
					describe(dialects[d]);
					machine.flags = dynamics[i] | manners[m];
					make(shift);
					world_ram(2 * GB + 0x10000, 3 * GB + 0x30000, true);
					world.pages_from = 2 * GB + (m << 20);
					load();
					assert_available(2 * GB + 0x20000);
					assert_lent();
					assert_true(rmm_donated(world.rmm) > 0);
					for (pa = GB; pa < 3 * GB; pa += GB) {
						assert_int_equal(rmm_tracking(world.rmm, pa),
								 RMI_TRACKING_FINE);
						if (dynamics[i] & RMM_FLAG_HOST_TABLES)
							assert_int_equal(rmm_par(world.rmm, pa),
									 RMI_PAR_HOST_CREATED);
					}
					shim_module_exit();
					assert_int_equal(rmm_donated(world.rmm), 0);
					assert_int_equal(rmm_delegated(world.rmm), 0);
					assert_int_equal(world.pages_out, 0);
					assert_int_equal(rmm_is_active(world.rmm),
							 dialects[d] != RMM_DIALECT_BETA3);
					/* and again */
					load();
					assert_available(2 * GB + 0x20000);
					assert_lent();
					unload();
					rounds++;
				}
	assert_int_equal(rounds, 2 * (3 * 11 - 1) * 2);
}

/* Hotplug -------------------------------------------------------------------------------------- */

static void hotplug_inside(void **state)
{
	u64 calls;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		make(12);
		load();
		world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
		assert_available(GB);
		assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
		assert_available(GB + WORLD_BLOCK);
		world_offline(2 * GB, 2 * GB + WORLD_BLOCK);
		assert_available(GB);
		calls = world.smcs;
		assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
		assert_available(GB + WORLD_BLOCK);
		assert_int_equal(world.smcs, calls);	/* it was known to be covered */
		unload();
	}
}

static void hotplug_outside(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		u64 lines;

		describe(dialects[i]);
		make(12);
		load();
		world_ram(8 * GB, 8 * GB + WORLD_BLOCK, false);
		lines = world.lines;
		assert_int_equal(world_online(8 * GB, 8 * GB + WORLD_BLOCK), -ENXIO);
		assert_int_equal(world.lines, lines);
		assert_notice("memory 0x200000000-0x208000000 refused: ");
		assert_available(GB);
		/* nothing of it sticks */
		world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
		assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
		assert_available(GB + WORLD_BLOCK);
		unload();
	}
}

static void refuse(u64 at)
{
	world_ram(at, at + WORLD_BLOCK, false);
	assert_int_equal(world_online(at, at + WORLD_BLOCK), -ENXIO);
}

/* 64 GB are 512 blocks, and one thing to say */
static void refused_neighbours_get_one_line(void **state)
{
	const u64 at = 8 * GB;
	u64 lines, i;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	load();
	lines = world.lines;
	for (i = 0; i < 512; i++)
		refuse(at + i * WORLD_BLOCK);
	assert_int_equal(world.lines, lines);
	assert_notice("memory 0x200000000-0x1200000000 refused: no-gpt (");
	/*
	 * downwards, too, and the same one again; the RMM says another thing of a PAR that begins
	 * with RAM
	 */
	for (i = 4; i--;)
		refuse(80 * GB + i * WORLD_BLOCK);
	refuse(80 * GB);
	assert_notice("memory 0x1400000000-0x1420000000 refused: not-tracked (");
	/* one that lies elsewhere doesn't wait for the one before */
	lines = world.lines;
	refuse(90 * GB);
	refuse(100 * GB);
	assert_int_equal(world.lines, lines + 1);
	assert_non_null(strstr(world.log, "memory 0x1680000000-0x1688000000 refused: "));
	/* and one that never ends has its line every ten seconds */
	for (i = 0; world.lines == lines + 1 && i < 100; i++) {
		refuse(100 * GB);
		world_work_latest();
	}
	assert_int_equal(i, 10);
	assert_non_null(strstr(world.log, "memory 0x1900000000-0x1908000000 refused: "));
	/* what is still to be said is said in time */
	refuse(110 * GB);
	lines = world.lines;
	unload();
	assert_non_null(strstr(world.log, "memory 0x1b80000000-0x1b88000000 refused: "));
	assert_int_equal(world.lines, lines + 1);
}

static void hotplug_odd_sequences(void **state)
{
	const u64 at = 2 * GB, end = 2 * GB + WORLD_BLOCK;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	load();
	/* boot memory can't go offline: the kernel cancels what never began */
	assert_int_equal(world_event(MEM_CANCEL_OFFLINE, GB, GB + WORLD_BLOCK), 0);
	assert_available(GB);
	/* ... which is nothing to do, and needs no memory */
	world.fail_alloc = 1;
	assert_int_equal(world_event(MEM_CANCEL_OFFLINE, GB, GB + WORLD_BLOCK), 0);
	assert_int_equal(world.fail_alloc, 1);
	world.fail_alloc = 0;
	assert_available(GB);
	/* somebody behind us refuses */
	world_ram(at, end, false);
	assert_int_equal(world_event(MEM_GOING_ONLINE, at, end), 0);
	assert_int_equal(world_event(MEM_CANCEL_ONLINE, at, end), 0);
	assert_available(GB);
	/* somebody before us refuses */
	assert_int_equal(world_event(MEM_CANCEL_ONLINE, at, end), 0);
	assert_available(GB);
	/* it stays after all */
	assert_int_equal(world_online(at, end), 0);
	assert_int_equal(world_event(MEM_GOING_OFFLINE, at, end), 0);
	assert_int_equal(world_event(MEM_CANCEL_OFFLINE, at, end), 0);
	assert_available(GB + WORLD_BLOCK);
	/* events of newer kernels */
	assert_int_equal(world_event(1 << 6, at, end), 0);
	assert_int_equal(world_event(1 << 7, at, end), 0);
	assert_available(GB + WORLD_BLOCK);
	/* a block that holds its own memory map is announced without it */
	world_offline(at + 2 * MB, end);
	assert_available(GB);
	assert_int_equal(world_event(MEM_GOING_ONLINE, at + 2 * MB, end), 0);
	assert_available(GB + WORLD_BLOCK);
	unload();
}

/*
 * At the first TRACKING_GET of the walk, a block that was announced before we listened has gone
 * online
 */
static void slip_in(u64 x[5])
{
	static bool done;

	if (x[0] == RMI_VERSION)
		done = false;
	if (x[0] != RMI_GRANULE_TRACKING_GET || done)
		return;
	done = true;
	world.ram[1].online = true;
}

static void hotplug_races_with_load(void **state)
{
	(void)state;
	/* inside the RMM's DRAM: made up for at MEM_ONLINE */
	describe(RMM_DIALECT_BETA3);
	make(12);
	world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
	world.smc = slip_in;
	load();
	assert_available(GB);
	assert_int_equal(world_event(MEM_ONLINE, 2 * GB, 2 * GB + WORLD_BLOCK), 0);
	assert_available(GB + WORLD_BLOCK);
	unload();
	/* outside: the truth is told */
	make(12);
	world_ram(8 * GB, 8 * GB + WORLD_BLOCK, false);
	world.smc = slip_in;
	load();
	assert_available(GB);
	assert_int_equal(world_event(MEM_ONLINE, 8 * GB, 8 * GB + WORLD_BLOCK), 0);
	assert_file("available", "0");
	assert_string_not_equal(world_read("reason"), "ok");
	assert_non_null(
		strstr(world.log, "memory 0x200000000-0x208000000 went online without cover"));
	unload();
}

static void notifier_fails(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	world.notifier_error = -EEXIST;
	/* nobody would see to it that memory is covered: not one command is issued */
	assert_int_equal(shim_module_init(), -EEXIST);
	assert_int_equal(world.smcs, 0);
	world_end();
}

/* Life ----------------------------------------------------------------------------------------- */

static void reload(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		make(12);
		for (int round = 0; round < 100; round++) {
			world.lines = 0;
			world.log[0] = 0;
			load();
			assert_available(GB);
			assert_int_equal(!!strstr(world.log, "was so before"),
					 round && dialects[i] != RMM_DIALECT_BETA3);
			shim_module_exit();
			assert_int_equal(world.allocated, 0);
			assert_int_equal(world.notifiers.nr, 0);
			/* Beta 3 has a way back */
			assert_int_equal(rmm_is_active(world.rmm),
					 dialects[i] != RMM_DIALECT_BETA3);
		}
		world_end();
	}
}

static void each_allocation_fails(void **state)
{
	unsigned int n, failed = 0;

	(void)state;
	for (n = 1; ; n++) {
		unsigned int fail;
		int rc;

		describe(RMM_DIALECT_BETA1);
		make(12);
		world_ram(3 * GB, 4 * GB, true);
		world.fail_alloc = n;
		rc = shim_module_init();
		fail = world.fail_alloc;
		world.fail_alloc = 0;
		if (rc) {
			assert_int_equal(rc, -ENOMEM);
			assert_int_equal(world.notifiers.nr, 0);
			failed++;
			world_end();
			continue;
		}
		if (fail) {		/* there was no n-th allocation */
			assert_available(2 * GB);
			unload();
			break;
		}
		if (strcmp(world_read("available"), "1")) {
			failed++;
			assert_file("reason", "no-memory");
			assert_file("memory_covered", "0");
		} else {
			assert_available(2 * GB);	/* not a part of it */
		}
		/* and the next load succeeds */
		shim_module_exit();
		assert_int_equal(world.allocated, 0);
		load();
		assert_available(2 * GB);
		unload();
	}
	assert_true(failed >= 5);

	for (n = 1; n <= 9; n++) {
		describe(RMM_DIALECT_BETA3);
		make(12);
		world.fail_sysfs = n;
		assert_int_equal(shim_module_init(), -ENOMEM);
		assert_false(rmm_is_active(world.rmm));
		world_end();
	}
}

static void fail_a_feature(u64 x[5])
{
	if (x[0] == RMI_RMM_ACTIVATE)
		world.fail_sysfs = 2;
}

static unsigned int features_there(void)
{
	static const char *const names[] = { "ipa_bits", "pa_bits", "granule_sizes",
					     "hash_algorithms", "max_recs_order" };
	unsigned int n = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		n += !!world_read(names[i]);
	return n;
}

/* Files that people may miss are no reason not to load; there are all of them, or none */
static void no_memory_for_features(void **state)
{
	unsigned int n, all;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	load();
	all = features_there();
	assert_true(all > 2);
	unload();
	make(12);
	world.smc = fail_a_feature;
	load();
	world.smc = NULL;
	assert_available(GB);
	assert_int_equal(world.fail_sysfs, 0);
	n = features_there();
	assert_true(!n || n == all);
	unload();
}

static unsigned int info_asked[2], info_busy;

/* GPT_INFO about the second PAR is BUSY for longer than a walk waits for one */
static void second_par_is_busy(u64 x[5])
{
	if (x[0] != RMI_GPT_INFO || x[1] < GB || x[1] > 2 * GB)
		return;
	info_asked[x[1] / GB - 1]++;
	if (x[1] == 2 * GB && info_busy) {
		info_busy--;
		x[0] = RMI_BUSY;
		world.smc_done = true;
	}
}

/* What one pass was told isn't asked again by the next one */
static void passes_ask_for_the_rest(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	world_ram(2 * GB, 3 * GB, true);
	world.smc = second_par_is_busy;
	memset(info_asked, 0, sizeof(info_asked));
	info_busy = 200;
	load();
	world.smc = NULL;
	assert_int_equal(info_busy, 0);
	assert_available(2 * GB);
	assert_int_equal(info_asked[0], 1);
	assert_int_equal(info_asked[1], 201);
	unload();
}

/* What is asked of the RMM --------------------------------------------------------------------- */

static struct {
	u64 fid, addr;
} asked[64];
static unsigned int nr_asked;

/* All that changes tables or tracking, and the first look at each */
static void note(u64 x[5])
{
	static bool info, get;

	if (x[0] == RMI_VERSION)
		info = get = false;
	if (x[0] != RMI_GPT_L1_CREATE && x[0] != RMI_GPT_L1_DESTROY &&
	    x[0] != RMI_GRANULE_TRACKING_SET && (info || x[0] != RMI_GPT_INFO || !x[1]) &&
	    (get || x[0] != RMI_GRANULE_TRACKING_GET))
		return;
	info |= x[0] == RMI_GPT_INFO;
	get |= x[0] == RMI_GRANULE_TRACKING_GET;
	assert_true(nr_asked < ARRAY_SIZE(asked));
	asked[nr_asked].fid = x[0];
	asked[nr_asked++].addr = x[1];
}

#define assert_asked(i, f, a) do {			\
	assert_true((i) < nr_asked);			\
	assert_int_equal(asked[i].fid, f);		\
	assert_int_equal(asked[i].addr, a);		\
} while (0)

static void tables_of_several_pars(void **state)
{
	(void)state;
	for (unsigned int l = 0; l < 2; l++) {
		describe(RMM_DIALECT_BETA3);
		machine.flags = RMM_FLAG_HOST_TABLES | RMM_FLAG_OWN_TABLES |
				(l ? RMM_FLAG_LONG_ANSWERS : 0);
		machine.memory.nr = 2;
		machine.memory.at[1] = (struct rmm_range){ 10 * GB, GB,
							   RMI_MEM_CATEGORY_CONVENTIONAL };
		make(12);
		world_ram(2 * GB, 3 * GB, true);
		world_ram(10 * GB, 11 * GB, true);
		world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
		nr_asked = 0;
		world.smc = note;
		load();
		assert_available(3 * GB);
		/* the first is about the dialect */
		assert_int_equal(rmm_commands(world.rmm, RMI_GPT_INFO), 1 + (l ? 2 : 3));
		assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), 0);
		assert_int_equal(nr_asked, 6);
		assert_asked(0, RMI_GPT_INFO, GB);
		assert_asked(1, RMI_GRANULE_TRACKING_GET, GB);
		assert_asked(2, RMI_GPT_L1_CREATE, GB);
		assert_asked(3, RMI_GPT_L1_CREATE, 2 * GB);
		assert_asked(4, RMI_GPT_L1_CREATE, 10 * GB);
		assert_asked(5, RMI_GPT_L1_CREATE, 3 * GB);
		shim_module_exit();
		assert_int_equal(nr_asked, 10);
		assert_asked(6, RMI_GPT_L1_DESTROY, 3 * GB);
		assert_asked(7, RMI_GPT_L1_DESTROY, 10 * GB);
		assert_asked(8, RMI_GPT_L1_DESTROY, 2 * GB);
		assert_asked(9, RMI_GPT_L1_DESTROY, GB);
		world_end();
	}
}

static void tables_come_before_tracking(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		describe(paid[d]);
		machine.flags = HOST_PAYS;
		make(12);
		world_ram(2 * GB, 3 * GB, true);
		nr_asked = 0;
		world.smc = note;
		load();
		/* All questions come first, in beta 3 those of GPT_INFO before the others */
		assert_asked(d, RMI_GRANULE_TRACKING_GET, GB);
		assert_asked(d + 1, RMI_GPT_L1_CREATE, GB);
		assert_asked(d + 2, RMI_GPT_L1_CREATE, 2 * GB);
		assert_asked(d + 3, RMI_GRANULE_TRACKING_SET, GB);
		assert_asked(d + 4, RMI_GRANULE_TRACKING_SET, 2 * GB);
		nr_asked = 0;
		shim_module_exit();
		assert_int_equal(nr_asked, 4);
		assert_asked(0, RMI_GRANULE_TRACKING_SET, 2 * GB);
		assert_asked(1, RMI_GRANULE_TRACKING_SET, GB);
		assert_asked(2, RMI_GPT_L1_DESTROY, 2 * GB);
		assert_asked(3, RMI_GPT_L1_DESTROY, GB);
		world_end();
	}
}

/* Some RMMs don't speak of the last PAR */
static void last_par_of_the_address_space(void **state)
{
	(void)state;
	for (unsigned int flags = 0; flags < 4; flags++)
		for (u64 from = 3 * GB; from >= 2 * GB; from -= GB) {
			describe(RMM_DIALECT_BETA3);
			machine.pps = 0;
			machine.flags = RMM_FLAG_STRICT_TOP |
					(flags & 1 ? RMM_FLAG_HOST_TABLES : 0) |
					(flags & 2 ? RMM_FLAG_LONG_ANSWERS : 0);
			world_make(&machine, 12);
			world_ram(from, 4 * GB, true);
			load();
			assert_available(4 * GB - from);
			assert_donated(flags & 1 ? (4 * GB - from) / GB * TABLE : 0);
			assert_int_equal(rmm_commands(world.rmm, RMI_GPT_INFO),
					 1 + (from == 3 * GB ? 1 : 3));
			assert_int_equal(rmm_commands(world.rmm, RMI_GPT_L1_CREATE),
					 flags & 1 && from == 2 * GB ? 2 : 1);
			unload();
		}
}

static void end_of_the_address_space(void **state)
{
	static const char beyond[] =
		"0x10000000000-0x10040000000 beyond the RMM's address space of 0x100000000";

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		machine.pps = 0;
		world_make(&machine, 12);
		world_ram(3 * GB, 4 * GB, true);
		load();
		assert_available(GB);
		unload();

		/* The PAR begins in it and the memory lies behind it */
		machine.l0gptsz = 4;
		world_make(&machine, 12);
		world_ram(4 * GB, 5 * GB, true);
		load();
		assert_unavailable(
			"not-tracked",
			"0x100000000-0x140000000 beyond the RMM's address space of 0x100000000");
		unload();

		machine.l0gptsz = 0;
		make(12);
		world_ram(4 * GB - 0x1000, 4 * GB + 0x1000, true);
		load();
		assert_unavailable(
			"not-tracked",
			"0x100000000-0x100001000 beyond the RMM's address space of 0x100000000");
		unload();

		make(12);
		world_ram(1024 * GB, 1025 * GB, true);
		load();
		assert_unavailable("not-tracked", beyond);
		assert_int_equal(rmm_commands(world.rmm, RMI_GPT_INFO), 1);
		assert_int_equal(rmm_commands(world.rmm, RMI_GPT_L1_CREATE), 0);
		assert_int_equal(rmm_commands(world.rmm, RMI_GRANULE_TRACKING_GET), 0);
		unload();
	}
}

static void table_of_an_unknown_par(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA1);
	machine.nr_faults = 1;
	machine.fault[0] = (struct rmm_fault){
		.fid = RMI_GPT_L1_CREATE, .count = 1, .set = 1, .x = { RMI_ERROR_INPUT }
	};
	expect_unavailable("no-gpt", "0x40000000-0x80000000 isn't known to the RMM");
}

static void answers_that_are_not_aligned(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.nr_faults = 1;
	machine.fault[0] = (struct rmm_fault){
		.fid = RMI_GRANULE_TRACKING_GET,
		.count = 1,
		.set = 15,
		.x = { 0, 0, 2, 2 * GB - 0x800 },
	};
	expect_unavailable("bad-answer",
			   "RMI_GRANULE_TRACKING_GET 0x40000000-0x80000000: out_top 0x7ffff800");
	machine.fault[0] = (struct rmm_fault){
		.fid = RMI_GPT_INFO,
		.skip = 1,
		.count = 1,
		.set = 7,
		.x = { 0, 2 * GB + 0x1000, 1 },
	};
	make(12);
	world_ram(2 * GB, 3 * GB, true);
	load();
	assert_unavailable("bad-answer", "RMI_GPT_INFO 0x40000000-0xc0000000: out_top 0x80001000");
	unload();
}

/*
 * Beta 1 to the letter doesn't know an address inside a region; another one tells where the region
 * ends
 */
static void tell_region_end(u64 x[5])
{
	const u64 base = x[1];

	if (x[0] != RMI_GRANULE_TRACKING_GET)
		return;
	ask_model(x);
	if (x[0] == RMI_SUCCESS)
		x[3] = base + GB;
}

static void region_answers_are_clipped(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		describe(RMM_DIALECT_BETA1);
		world_make(&machine, 12);
		world_ram(GB + 0x1000, GB + 0x5000, true);
		world_ram(GB + 0x8000, GB + 0x9000, true);
		world.smc = i ? tell_region_end : NULL;
		load();
		assert_available(0x5000);
		/* the memory itself, and then its region, which both ranges share */
		assert_int_equal(rmm_commands(world.rmm, RMI_GRANULE_TRACKING_GET), 2);
		unload();
	}
}

/* The RMM's life ------------------------------------------------------------------------------- */

static void activation_that_wants_memory(void **state)
{
	static const struct {
		u64 x0;
		bool no_pages;
		const char *reason, *detail;
	} cases[] = {
		{ 0x50d, true, "no-memory", "RMI_RMM_ACTIVATE: 16384 bytes wanted" },
		{ 0x10d, true, "unfinished", "RMI_RMM_ACTIVATE 0" },
		/*
		 * It doesn't know its own handle afterwards: whatever it is offered is refused,
		 * until it is told to stop, if that can be
		 */
		{ 0x50d, false, "no-memory", "RMI_RMM_ACTIVATE: 16384 bytes wanted" },
		{ 0x10d, false, "unfinished", "RMI_RMM_ACTIVATE 0" },
		{ 0x60d, false, "refused", "RMI_RMM_ACTIVATE 0: status 1" },
		{ 0x40d, false, "refused", "RMI_RMM_ACTIVATE 0: status 1" },
		{ 0x70d, false, "refused", "RMI_RMM_ACTIVATE 0: status 1" },
		{ RMI_ERROR_GLOBAL, false, "refused", "RMI_RMM_ACTIVATE 0: status 11" },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		describe(RMM_DIALECT_BETA3);
		machine.nr_faults = 1;
		machine.fault[0] = (struct rmm_fault){
			.fid = RMI_RMM_ACTIVATE,
			.count = 1,
			.set = 7,
			.x = { cases[i].x0, 0x77, 4 << 2 | 1 << 17 },
		};
		make(12);
		assert_int_equal(shim_set_timeout_ms("5"), 0);
		world.no_pages = cases[i].no_pages;
		load();
		assert_unavailable(cases[i].reason, cases[i].detail);
		assert_file("rmm_state", "init");
		assert_donated(0);
		unload();
	}
}

static void failed_load_leaves_the_rmm_as_it_was(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		machine.tracking.nr = 1;
		machine.tracking.at[0] = (struct rmm_range){ GB, GB, RMI_TRACKING_RESERVED };
		make(12);
		load();
		assert_unavailable("not-tracked", "0x40000000-0x80000000 reserved");
		assert_file("rmm_state", dialects[i] == RMM_DIALECT_BETA3 ? "init" : "active");
		assert_int_equal(rmm_is_active(world.rmm), dialects[i] != RMM_DIALECT_BETA3);
		assert_int_equal(rmm_commands(world.rmm, RMI_RMM_DEACTIVATE),
				 dialects[i] == RMM_DIALECT_BETA3);
		unload();
	}
}

static void old_rmms_are_not_deactivated(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(dialects); i++) {
		describe(dialects[i]);
		make(12);
		load();
		assert_available(GB);
		shim_module_exit();
		assert_int_equal(rmm_commands(world.rmm, RMI_RMM_DEACTIVATE),
				 dialects[i] == RMM_DIALECT_BETA3);
		world_end();
	}
}

static void rme_field(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	world.pfr0[0] = ~(0xfULL << 52);
	load();
	assert_unavailable("no-rme", "1 of 1 CPUs without FEAT_RME");
	unload();
	for (u64 rme = 1; rme < 16; rme++) {
		make(12);
		world.pfr0[0] = rme << 52;
		load();
		assert_available(GB);
		unload();
	}
}

static void sizes_of_pars(void **state)
{
	static const struct {
		u64 code;
		const char *size;
	} codes[] = { { 0, "1073741824" },
		      { 4, "17179869184" },
		      { 6, "68719476736" },
		      { 9, "549755813888" } };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(codes); i++) {
		describe(RMM_DIALECT_BETA3);
		machine.l0gptsz = codes[i].code;
		make(12);
		load();
		assert_available(GB);
		assert_file("l0gpt_size", codes[i].size);
		unload();
	}
	for (u64 code = 0; code < 16; code++)
		if (code != 0 && code != 4 && code != 6 && code != 9)
			expect_bad(RMI_FEATURES, RMM_DIALECT_BETA3, 3, 0, 7 | code << 10 | 2 << 14,
				   0, 0, "bad-answer");
}

/* Whatever it answers, it knows the command */
static void dialect_is_told_by_any_answer(void **state)
{
	static const u64 answers[] = { 0, 1, 11, 16, 0x50d, 0x40d, 0x60d };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(answers); i++) {
		describe(RMM_DIALECT_BETA3);
		machine.nr_faults = 1;
		machine.fault[0] = (struct rmm_fault){
			.fid = RMI_GPT_INFO, .count = 1, .set = 3, .x = { answers[i], 0x77 },
		};
		make(12);
		load();
		assert_available(GB);
		assert_int_equal(rmm_commands(world.rmm, RMI_GPT_INFO), 2);
		assert_int_equal(rmm_commands(world.rmm, RMI_GPT_L1_CREATE), 0);
		unload();
	}
	describe(RMM_DIALECT_BETA1);
	machine.flags = RMM_FLAG_SOFT_UNKNOWN;
	make(12);
	load();
	assert_available(GB);
	assert_int_equal(rmm_commands(world.rmm, RMI_GPT_INFO), 1);
	unload();
}

/*
 * Another tracking region size: in the configuration of an RMM that was activated by somebody else
 */
static void other_region_size(u64 x[5])
{
	const u64 page = x[1];

	if (x[0] != RMI_RMM_CONFIG_GET)
		return;
	ask_model(x);
	*(u64 *)world_at(page) = 1;
}

static void adopted_configuration(void **state)
{
	(void)state;
	/* smaller than the kernel's pages won't do either */
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_BORN_ACTIVE;
	make(14);
	load();
	assert_unavailable("granule-size",
			   "kernel pages are of 16 KB, RMM is set to granule size code 0");
	assert_int_equal(rmm_commands(world.rmm, RMI_RMM_DEACTIVATE), 0);
	unload();
	/* it says that it has written the page, and hasn't */
	machine.nr_faults = 1;
	machine.fault[0] =
		(struct rmm_fault){ .fid = RMI_RMM_CONFIG_GET, .count = 1, .set = 1, .x = { 0 } };
	expect_unavailable(
		"granule-size",
		"kernel pages are of 4 KB, RMM is set to granule size code 18446744073709551615");
	/* regions may be of 2 MB then, so that each is asked about */
	describe(RMM_DIALECT_PUBLIC);
	machine.flags = RMM_FLAG_BORN_ACTIVE;
	make(12);
	world.smc = other_region_size;
	load();
	assert_available(GB);
	assert_int_equal(rmm_commands(world.rmm, RMI_GRANULE_TRACKING_GET), 512);
	unload();
}

/* What people see ------------------------------------------------------------------------------ */

static void files(void **state)
{
	static const char *const names[] = {
		"available",	  "reason",	  "detail",	"revision",
		"rmm_state",	  "owner",	  "kernel_driver", "proved",
		"granule_size",   "l0gpt_size",   "region_size",
		"dialect",	  "tracking",	  "memory_covered", "memory_donated",
		"memory_lost",	  "smc_calls",	  "ipa_bits",	"pa_bits",
		"granule_sizes",  "hash_algorithms", "max_recs_order",
	};

	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	load();
	assert_int_equal(world.files, ARRAY_SIZE(names));
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		unsigned int k;

		assert_non_null(world_read(names[i]));
		for (k = 0; strcmp(world.file[k]->attr.name, names[i]); k++)
			;
		/* physical addresses are for root alone */
		assert_int_equal(world.file[k]->attr.mode,
				 strcmp(names[i], "detail") ? 0444 : 0400);
	}
	unload();
	/* SMCs of this load and what follows it */
	make(12);
	load();
	assert_number("smc_calls", world.smcs);
	world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
	assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	assert_number("smc_calls", world.smcs);
	unload();
}

static void no_ram(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	world_make(&machine, 12);
	load();
	assert_file("memory_covered", "0");
	assert_int_equal(rmm_commands(world.rmm, RMI_GRANULE_TRACKING_GET), 0);
	unload();
}

/* One resource, of which some sections are online */
static void sections_of_one_resource(void **state)
{
	(void)state;
	for (unsigned int shift = 12; shift <= 14; shift += 2) {
		describe(RMM_DIALECT_BETA3);
		machine.tracking.nr = 1;
		machine.tracking.at[0] = (struct rmm_range){ 3 * GB, GB, RMI_TRACKING_RESERVED };
		world_make(&machine, shift);
		world.one_resource = true;
		world_ram(GB + 0x10000, GB + WORLD_BLOCK, true);
		world_ram(GB + WORLD_BLOCK, GB + 2 * WORLD_BLOCK, false);
		world_ram(GB + 2 * WORLD_BLOCK, GB + 4 * WORLD_BLOCK, true);
		world_ram(GB + 4 * WORLD_BLOCK, 3 * GB, false);
		world_ram(3 * GB, 4 * GB, false);	/* wouldn't be accepted */
		load();
		assert_available(3 * WORLD_BLOCK - 0x10000);
		assert_int_equal(world_online(GB + WORLD_BLOCK, GB + 2 * WORLD_BLOCK), 0);
		assert_available(4 * WORLD_BLOCK - 0x10000);
		unload();
	}
}

/* Between the end of the walk and that of init, memory that can't be covered has gone online */
static void slip_in_late(void)
{
	static const struct rmm *done;

	if (world.locks_held || done == world.rmm ||
	    !rmm_commands(world.rmm, RMI_GRANULE_TRACKING_GET))
		return;
	done = world.rmm;
	assert_int_equal(world_event(MEM_ONLINE, 8 * GB, 8 * GB + WORLD_BLOCK), 0);
}

static void late_memory_has_the_last_word(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	world.unlocked = slip_in_late;
	load();
	assert_non_null(strstr(world.log,
			       "memory 0x200000000-0x208000000 went online without cover: no-gpt"));
	assert_file("available", "0");
	assert_file("reason", "no-gpt");
	unload();
}

static void notifier(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	load();
	assert_int_equal(world.notifiers.nr, 1);
	assert_true(world.notifiers.member[0]->priority < 0);
	/* what is covered needs no memory when it is announced again */
	world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
	assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	world.fail_alloc = 1;
	assert_int_equal(world_event(MEM_ONLINE, 2 * GB, 2 * GB + WORLD_BLOCK), 0);
	assert_int_equal(world_event(MEM_GOING_ONLINE, 2 * GB, 2 * GB + WORLD_BLOCK), 0);
	assert_int_equal(world.fail_alloc, 1);
	assert_available(GB + WORLD_BLOCK);
	unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(static_rmm),
		cmocka_unit_test(pages_of_16k),
		cmocka_unit_test(odd_layout),
		cmocka_unit_test(large_pars),
		cmocka_unit_test(offline_memory_is_left_out),
		cmocka_unit_test(crash_kernel),
		cmocka_unit_test(no_smc_conduit),
		cmocka_unit_test(no_rme),
		cmocka_unit_test(no_rmm),
		cmocka_unit_test(wrong_revision),
		cmocka_unit_test(granule_size),
		cmocka_unit_test(active_before),
		cmocka_unit_test(not_tracked),
		cmocka_unit_test(not_fine),
		cmocka_unit_test(not_conventional),
		cmocka_unit_test(beyond_the_address_space),
		cmocka_unit_test(no_gpt),
		cmocka_unit_test(no_memory_for_a_table),
		cmocka_unit_test(table_of_the_host_counts),
		cmocka_unit_test(busy),
		cmocka_unit_test(require_refuses_to_load),
		cmocka_unit_test(absurd_answers),
		cmocka_unit_test(config_is_refused),
		cmocka_unit_test(tables_without_payment),
		cmocka_unit_test(dynamic_rmm),
		cmocka_unit_test(hotplug_inside),
		cmocka_unit_test(hotplug_outside),
		cmocka_unit_test(refused_neighbours_get_one_line),
		cmocka_unit_test(hotplug_odd_sequences),
		cmocka_unit_test(hotplug_races_with_load),
		cmocka_unit_test(notifier_fails),
		cmocka_unit_test(reload),
		cmocka_unit_test(each_allocation_fails),
		cmocka_unit_test(no_memory_for_features),
		cmocka_unit_test(passes_ask_for_the_rest),
		cmocka_unit_test(tables_of_several_pars),
		cmocka_unit_test(tables_come_before_tracking),
		cmocka_unit_test(last_par_of_the_address_space),
		cmocka_unit_test(end_of_the_address_space),
		cmocka_unit_test(table_of_an_unknown_par),
		cmocka_unit_test(answers_that_are_not_aligned),
		cmocka_unit_test(region_answers_are_clipped),
		cmocka_unit_test(activation_that_wants_memory),
		cmocka_unit_test(failed_load_leaves_the_rmm_as_it_was),
		cmocka_unit_test(old_rmms_are_not_deactivated),
		cmocka_unit_test(rme_field),
		cmocka_unit_test(sizes_of_pars),
		cmocka_unit_test(dialect_is_told_by_any_answer),
		cmocka_unit_test(adopted_configuration),
		cmocka_unit_test(files),
		cmocka_unit_test(no_ram),
		cmocka_unit_test(sections_of_one_resource),
		cmocka_unit_test(late_memory_has_the_last_word),
		cmocka_unit_test(notifier),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("module", tests, NULL, NULL);
}
