// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model RMM by itself: its machine, life cycle, questions, single granules and answers to
 * order; and against what a real one was heard to answer. test_rmm_*.c have lending and the rest.
 */
#include <inttypes.h>
#include <stdio.h>

#include "rmm_fixture.h"

#define DESCRIBE_NO_MAIN
#include "describe.c"

#define ANSWERS		"tests/rmm/answers-public-rmm-2026-07.txt"
#define NR_ANSWERS	99	/* counted in the file by hand */

/* The public RMM, heard */

struct answer {
	char state[8], what[64];
	uint64_t in[3], out[4];
};

static struct host *public_machine(void)
{
	struct host *host = host_new(RMM_DIALECT_PUBLIC, 0);

	host->machine.pps = 5;
	host->machine.memory.at[0].size = 3 * GB;
	add_range(&host->machine.reserved, 0x40100000, 0x1800000, 0);
	return host_up(host);
}

static void replay_line(struct host *host, const struct answer *a)
{
	unsigned int i;

	assert_int_equal(rmm_is_active(host->rmm), !strcmp(a->state, "ACTIVE"));
	if (a->in[0] == RMI_RMM_CONFIG_SET)
		config_page(host, a->in[1], !!strstr(a->what, "trk=1"),
			    !!strstr(a->what, "gran=1"));
	call(host, a->in[0], a->in[1], a->in[2]);
	for (i = 0; i < 4; i++)
		if (host->x[i] != a->out[i])
			fail_msg("%s: x%u is %" PRIx64 ", not %" PRIx64, a->what, i, host->x[i],
				 a->out[i]);
	if (a->in[0] == RMI_RMM_CONFIG_GET && !a->out[0])
		for (i = 0; i < PAGE; i += 8)
			assert_int_equal(host_read(host, a->in[1] + i), 0);
}

static void test_answers_of_public_rmm(void **state)
{
	struct host *host = public_machine();
	const char *path = getenv("ANSWERS");
	FILE *file = fopen(path ? path : ANSWERS, "r");
	unsigned int nr = 0;
	char line[256];
	struct answer a;

	(void)state;
	assert_non_null(file);
	/* A page that CONFIG_GET must clear */
	memset(host->dram + 0x61c82000, 0xff, PAGE);
	memset(host->dram + 0x61c85000, 0xff, PAGE);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%7s %" SCNx64 " %" SCNx64 " %" SCNx64 " -> %" SCNx64
					" %" SCNx64 " %" SCNx64 " %" SCNx64 " # %63[^\n]", a.state,
					&a.in[0], &a.in[1], &a.in[2], &a.out[0], &a.out[1],
					&a.out[2], &a.out[3], a.what), 9);
		replay_line(host, &a);
		nr++;
	}
	fclose(file);
	assert_int_equal(nr, NR_ANSWERS);
	assert_int_equal(rmm_commands(host->rmm, 0), NR_ANSWERS);
	assert_int_equal(rmm_commands(host->rmm, RMI_GRANULE_RANGE_UNDELEGATE), 6);
	host_free(host);
}

/* The description of a machine */

static bool is_sound(void (*spoil)(struct rmm_machine *m))
{
	struct host *host = host_new(RMM_DIALECT_BETA3, 0);
	bool sound;

	spoil(&host->machine);
	sound = host_try(host);
	host_free(host);
	return sound;
}

#define SPOIL(name, what) static void name(struct rmm_machine *m) { what; }
SPOIL(nothing, (void)m)
SPOIL(no_memory, m->memory.nr = 0)
SPOIL(wrong_magic, m->magic++)
SPOIL(wrong_dialect, m->dialect = 4)
SPOIL(wrong_flag, m->flags = RMM_FLAGS + 1)
SPOIL(no_granule, m->granules = 0)
SPOIL(wrong_granule, m->granules = 8)
SPOIL(active_granule, m->flags = RMM_FLAG_BORN_ACTIVE; m->active_granule = 1)
SPOIL(wrong_l0gptsz, m->l0gptsz = 1)
SPOIL(wrong_pps, m->pps = 7)
SPOIL(no_revision, m->revision_low = 0)
SPOIL(wrong_revision, m->revision_high = RMI_REVISION(1, 0))
SPOIL(many_banks, m->memory.nr = RMM_MAX_RANGES + 1)
SPOIL(many_faults, m->nr_faults = RMM_MAX_FAULTS + 1)
SPOIL(wrong_fault, m->nr_faults = 1; m->fault[0].set = 0x10)
SPOIL(empty_bank, m->memory.at[0].size = 0)
SPOIL(bank_unaligned, m->memory.at[0].base += 0x800)
SPOIL(bank_too_high, m->memory.at[0].size = TB - DRAM + PAGE)
SPOIL(bank_fits, m->memory.at[0].size = TB - DRAM)
SPOIL(bank_wraps, m->memory.at[0].size = -PAGE)
SPOIL(bank_category, m->memory.at[0].value = 3)
SPOIL(banks_overlap, add_range(&m->memory, DRAM + 4 * GB - PAGE, GB, 0))
SPOIL(banks_touch, add_range(&m->memory, DRAM + 4 * GB, GB, 0))
SPOIL(reserved_outside, add_range(&m->reserved, DRAM - PAGE, 2 * PAGE, 0))
SPOIL(tracking_code, add_range(&m->tracking, DRAM, GB, 5))
SPOIL(tracking_category, add_range(&m->tracking, DRAM, GB, 4 << 8))
SPOIL(fine_is_nothing, add_range(&m->tracking, DRAM, GB, 3 << 8 | RMI_TRACKING_FINE))
SPOIL(none_is_nothing, add_range(&m->tracking, DRAM, GB, 3 << 8 | RMI_TRACKING_NONE))
SPOIL(par_code, add_range(&m->pars, DRAM, GB, 4))
SPOIL(par_unaligned, add_range(&m->pars, DRAM, GB / 2, RMI_PAR_PLATFORM))
SPOIL(par_not_one,
	add_range(&m->pars, DRAM, GB, RMI_PAR_HOST_NOT_CREATED);
	add_range(&m->reserved, DRAM, PAGE, 0))

static void test_machine(void **state)
{
	static void (*const bad[])(struct rmm_machine *) = {
		wrong_magic, wrong_dialect, wrong_flag, no_granule, wrong_granule, active_granule,
		wrong_l0gptsz, wrong_pps, no_revision, wrong_revision, many_banks, many_faults,
		wrong_fault, empty_bank, bank_unaligned, bank_too_high, bank_wraps, bank_category,
		banks_overlap, reserved_outside, tracking_code, tracking_category, fine_is_nothing,
		par_code, par_unaligned, par_not_one,
	};
	unsigned int i;

	(void)state;
	assert_int_equal(rmm_size(NULL), 0);
	assert_null(rmm_init(NULL, NULL, NULL));
	assert_true(is_sound(nothing));
	assert_true(is_sound(no_memory));
	assert_true(is_sound(banks_touch));
	assert_true(is_sound(bank_fits));
	assert_true(is_sound(none_is_nothing));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (is_sound(bad[i]))
			fail_msg("description %u should be refused", i);
}

static struct rmm_machine text(const char *lines, bool good)
{
	FILE *in = fmemopen((void *)lines, strlen(lines), "r"), *err = tmpfile();
	struct rmm_machine m;

	assert_int_equal(describe("test", in, err, &m), good);
	assert_int_equal(ftell(err) == 0, good);
	fclose(in);
	fclose(err);
	return m;
}

static void test_describe(void **state)
{
	struct rmm_machine m = text("# a machine\n"
				    "dialect beta1\nrevision 1.1 2.0  # both\n"
				    "flag host-pays partial\nflag host-tables\ngranules 4k 64k\n"
				    "active-granule 64k\nl0gptsz 512G\npps 52\nconfig-top 4G\n"
				    "work-ns 20000\n\nmemory 0x40000000 3G\n"
				    "memory 8T 512M device-ncoh\nreserved 0x40000000 16M\n"
				    "tracking 1G 1G none\ntracking 2G 1024M coarse device-coh\n"
				    "par 0 512G host-not-created\n"
				    "fault RMI_GPT_INFO skip 3 count forever x0=0xa x2=7\n"
				    "fault 0xc4000150\nblocked 3G 1G\nactive-region 1\n"
				    "stop-after 2\nyield-every 3\ncontexts 4\nturns 5\n"
				    "refuse-every 6\nupdate 7\nupdate-ns 8000\n"
				    "update-revision 2.1 3.0\n", true);

	(void)state;
	assert_int_equal(m.magic, RMM_MACHINE_MAGIC);
	assert_int_equal(m.dialect, RMM_DIALECT_BETA1);
	assert_int_equal(m.revision_low, 0x10001);
	assert_int_equal(m.revision_high, 0x20000);
	assert_int_equal(m.flags, RMM_FLAG_HOST_PAYS | RMM_FLAG_PARTIAL | RMM_FLAG_HOST_TABLES);
	assert_int_equal(m.granules, 5);
	assert_int_equal(m.active_granule, 2);
	assert_int_equal(m.l0gptsz, 9);
	assert_int_equal(m.pps, 6);
	assert_int_equal(m.config_top, 4 * GB);
	assert_int_equal(m.work_ns, 20000);
	assert_int_equal(m.memory.nr, 2);
	assert_int_equal(m.memory.at[0].size, 3 * GB);
	assert_int_equal(m.memory.at[1].base, 8 * TB);
	assert_int_equal(m.memory.at[1].value, RMI_MEM_CATEGORY_DEV_NCOH);
	assert_int_equal(m.reserved.nr, 1);
	assert_int_equal(m.tracking.at[0].value, 3 << 8 | RMI_TRACKING_NONE);
	assert_int_equal(m.tracking.at[1].value, 2 << 8 | RMI_TRACKING_COARSE);
	assert_int_equal(m.pars.at[0].value, RMI_PAR_HOST_NOT_CREATED);
	assert_int_equal(m.nr_faults, 2);
	assert_int_equal(m.fault[0].fid, RMI_GPT_INFO);
	assert_int_equal(m.fault[0].skip, 3);
	assert_int_equal(m.fault[0].count, UINT64_MAX);
	assert_int_equal(m.fault[0].set, 5);
	assert_int_equal(m.fault[0].x[0], 10);
	assert_int_equal(m.fault[0].x[2], 7);
	assert_int_equal(m.fault[1].count, 1);
	assert_int_equal(m.blocked.at[0].base, 3 * GB);
	assert_int_equal(m.active_region, 1);
	assert_int_equal(m.stop_after, 2);
	assert_int_equal(m.yield_every, 3);
	assert_int_equal(m.contexts, 4);
	assert_int_equal(m.turns, 5);
	assert_int_equal(m.refuse_every, 6);
	assert_int_equal(m.update_at, 7);
	assert_int_equal(m.update_ns, 8000);
	assert_int_equal(m.update_low, 0x20001);
	assert_int_equal(m.update_high, 0x30000);

	m = text("", true);
	assert_int_equal(m.dialect, RMM_DIALECT_BETA3);
	assert_int_equal(m.revision_low, 0x20000);
	assert_int_equal(m.granules, 7);
	assert_int_equal(m.pps, 2);
	assert_int_equal(m.l0gptsz, 0);
}

static void test_describe_refuses(void **state)
{
	static const char *const bad[] = {
		"dialect beta2", "dialect", "dialect beta1 beta3", "colour red", "memory 1G",
		"memory 1G 0", "memory 1G 1X", "memory -1 1G", "memory 1G 0x", "memory 1G 1G none",
		"memory 0xffffffffffffffff 2", "memory 16777216T 1G", "flag", "flag pays",
		"tracking 1G 1G", "tracking 1G 1G fine none", "par 1G 1G none", "granules",
		"granules 8k", "revision 2 2", "revision 2.0", "revision 2.0 2.0x", "pps 41",
		"update 1K", "update-ns", "update-revision 3.0", "update-revision 2 3",
		"l0gptsz 2G", "work-ns 1K", "fault", "fault SUCCEED", "fault VERSION skip",
		"fault VERSION x4=1", "fault VERSION x0", "fault VERSION x0=", "fault VERSION x",
		"reserved 1G 1G 1G", "config-top 1G1",
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		text(bad[i], false);
}

/* Life cycle */

static void test_version(void **state)
{
	struct host *host = host_new(RMM_DIALECT_BETA3, 0);

	(void)state;
	host->machine.revision_high = RMI_REVISION(2, 1);
	host_up(host);
	call(host, RMI_VERSION, 0x20000, 0);
	expect(host, RMI_SUCCESS, 0x20000, 0x20001, 0);
	call(host, RMI_VERSION, 0x20001, 0);
	expect(host, RMI_SUCCESS, 0x20001, 0x20001, 0);
	call(host, RMI_VERSION, 0x20002, 0);
	expect(host, RMI_ERROR_INPUT, 0x20000, 0x20001, 0);
	call(host, RMI_VERSION, 0x10000, 0);
	expect(host, RMI_ERROR_INPUT, 0x20000, 0x20001, 0);
	call(host, RMI_VERSION, UINT64_C(1) << 32 | 0x20000, 0);
	expect(host, RMI_ERROR_INPUT, 0x20000, 0x20001, 0);
	host_free(host);
}

static void test_features(void **state)
{
	struct host *host = host_new(RMM_DIALECT_BETA1, 0);

	(void)state;
	host->machine.granules = 6;
	host->machine.l0gptsz = 4;
	host_up(host);
	call(host, RMI_FEATURES, 0, 0);
	expect(host, RMI_SUCCESS, 40, 0, 0);
	call(host, RMI_FEATURES, 1, 0);
	expect(host, RMI_SUCCESS, 6 | 4 << 10 | 2 << 14, 0, 0);
	call(host, RMI_FEATURES, 2, 0);
	expect(host, RMI_SUCCESS, 0, 0, 0);
	call(host, RMI_FEATURES, UINT64_MAX, 0);
	expect(host, RMI_SUCCESS, 0, 0, 0);
	host_free(host);
}

static void test_config(void **state)
{
	struct host *host = host_new(RMM_DIALECT_BETA3, 0);

	(void)state;
	host->machine.granules = 3;
	host->machine.config_top = 2 * GB;
	add_range(&host->machine.reserved, DRAM, MB, 0);
	add_range(&host->machine.memory, 6 * GB, GB, RMI_MEM_CATEGORY_DEV_COH);
	host_up(host);
	config_page(host, CONFIG, 0, 0);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG + 8, 0), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, 0, 0), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, DRAM, 0), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, 2 * GB - PAGE, 0), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, 2 * GB, 0), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, 6 * GB, 0), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, -PAGE, 0), RMI_ERROR_INPUT);

	config_page(host, CONFIG, 0, RMI_GRANULE_SIZE_64K);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), RMI_ERROR_INPUT);
	config_page(host, CONFIG, 0, 3);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), RMI_ERROR_INPUT);
	config_page(host, CONFIG, 0, UINT64_C(1) << 32);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), RMI_ERROR_INPUT);
	config_page(host, CONFIG, 1, RMI_GRANULE_SIZE_16K);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), RMI_ERROR_INPUT);
	config_page(host, CONFIG, 0, RMI_GRANULE_SIZE_16K);
	host_write(host, CONFIG + 0xff8, 1);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), RMI_ERROR_INPUT);
	host_write(host, CONFIG + 0xff8, 0);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), RMI_SUCCESS);

	/* 16 KB from here on */
	assert_int_equal(call(host, RMI_RMM_CONFIG_GET, CONFIG + PAGE, 0), RMI_ERROR_INPUT);
	memset(host->dram + CONFIG, 0xff, PAGE);
	assert_int_equal(call(host, RMI_RMM_CONFIG_GET, CONFIG, 0), RMI_SUCCESS);
	assert_int_equal(host_read(host, CONFIG), 0);
	assert_int_equal(host_read(host, CONFIG + 8), RMI_GRANULE_SIZE_16K);
	assert_int_equal(host_read(host, CONFIG + 0xff8), 0);
	assert_int_equal(call(host, RMI_RMM_ACTIVATE, 0, 0), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_GRANULE_RANGE_DELEGATE, CONFIG, CONFIG + 16 * KB), 0);
	assert_int_equal(call(host, RMI_RMM_CONFIG_GET, CONFIG, 0), RMI_ERROR_INPUT);
	assert_int_equal(rmm_delegated(host->rmm), 16 * KB);
	host_free(host);
}

static void test_life_cycle(void **state)
{
	struct host *host = host_up(host_new(RMM_DIALECT_BETA3, 0));

	(void)state;
	assert_false(rmm_is_active(host->rmm));
	assert_int_equal(call(host, RMI_GRANULE_TRACKING_GET, DRAM, 2 * GB), RMI_ERROR_GLOBAL);
	expect(host, RMI_ERROR_GLOBAL, 0, 0, 0);
	assert_int_equal(call(host, RMI_GRANULE_TRACKING_SET, DRAM, 0), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_GPT_INFO, DRAM, 2 * GB), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, DRAM, 0), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, DRAM, 0), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_GRANULE_RANGE_DELEGATE, LIST, LIST + PAGE),
			 RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_RMM_STATE_GET, 0, 0), RMI_SUCCESS);
	assert_int_equal(host->x[1], 0);

	host_activate(host, RMI_GRANULE_SIZE_4K);
	assert_true(rmm_is_active(host->rmm));
	assert_int_equal(call(host, RMI_RMM_ACTIVATE, 0, 0), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_RMM_CONFIG_GET, CONFIG, 0), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_RMM_STATE_GET, 0, 0), RMI_SUCCESS);
	assert_int_equal(host->x[1], 1);

	assert_int_equal(call(host, RMI_GRANULE_RANGE_DELEGATE, LIST, LIST + PAGE), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_GRANULE_RANGE_UNDELEGATE, LIST, LIST + PAGE), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_SUCCESS);
	assert_false(rmm_is_active(host->rmm));
	host_activate(host, RMI_GRANULE_SIZE_4K);
	host_free(host);
}

static void test_born_active(void **state)
{
	struct host *host = host_new(RMM_DIALECT_BETA1, RMM_FLAG_BORN_ACTIVE);

	(void)state;
	host->machine.granules = 7;
	host->machine.active_granule = RMI_GRANULE_SIZE_16K;
	host_up(host);
	config_page(host, CONFIG, 0, 0);
	assert_int_equal(call(host, RMI_RMM_CONFIG_SET, CONFIG, 0), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_RMM_ACTIVATE, 0, 0), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_RMM_CONFIG_GET, CONFIG, 0), RMI_SUCCESS);
	assert_int_equal(host_read(host, CONFIG + 8), RMI_GRANULE_SIZE_16K);
	host_free(host);
}

/* Neither beta 1 nor the public RMM has these, and a command nobody has leaves the registers be */
static void test_unknown(void **state)
{
	struct host *host = host_active(RMM_DIALECT_BETA1, 0);
	uint64_t x[6] = { 0xC4000190, 1, 2, 3, 4 };	/* an RSI call */

	(void)state;
	call4(host, RMI_GPT_INFO, DRAM, 2 * GB, 3, 4);
	expect(host, NOT_SUPPORTED, DRAM, 2 * GB, 3);
	call4(host, RMI_FID(0x290), 1, 2, 3, 4);
	expect(host, NOT_SUPPORTED, 1, 2, 3);
	assert_int_equal(call(host, RMI_RMM_STATE_GET, 0, 0), NOT_SUPPORTED);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), NOT_SUPPORTED);
	assert_false(rmm_command(host->rmm, x));
	x[0] = 0x84000150;				/* SMC32 */
	assert_false(rmm_command(host->rmm, x));
	assert_int_equal(x[1], 1);
	host_free(host);

	host = host_up(host_new(RMM_DIALECT_BETA3, RMM_FLAG_SOFT_UNKNOWN));
	call4(host, RMI_FID(0x290), 1, 2, 3, 4);
	expect(host, RMI_ERROR_NOT_SUPPORTED, 1, 2, 3);
	host_free(host);

	host = host_up(host_new(RMM_DIALECT_BETA3, RMM_FLAG_ABSENT));
	call4(host, RMI_VERSION, 0x20000, 2, 3, 4);
	expect(host, NOT_SUPPORTED, 0x20000, 2, 3);
	assert_int_equal(rmm_commands(host->rmm, RMI_VERSION), 1);
	host_free(host);
}

static void test_faults(void **state)
{
	struct host *host = host_new(RMM_DIALECT_BETA3, 0);
	struct rmm_machine *m = &host->machine;

	(void)state;
	m->fault[0] = (struct rmm_fault){ .fid = RMI_VERSION, .skip = 1, .count = 2, .set = 1,
					  .x = { RMI_BUSY } };
	m->fault[1] = (struct rmm_fault){ .fid = 0, .skip = 5, .count = UINT64_MAX, .set = 0xe,
					  .x = { 0, 7, 8, 9 } };
	m->nr_faults = 2;
	host_up(host);
	assert_int_equal(call(host, RMI_VERSION, 0x20000, 0), RMI_SUCCESS);
	assert_int_equal(call(host, RMI_FEATURES, 0, 0), RMI_SUCCESS);
	call(host, RMI_VERSION, 0x20000, 0);
	expect(host, RMI_BUSY, 0x20000, 0, 0);
	assert_int_equal(call(host, RMI_VERSION, 0x20000, 0), RMI_BUSY);
	assert_int_equal(call(host, RMI_VERSION, 0x20000, 0), RMI_SUCCESS);
	call(host, RMI_RMM_ACTIVATE, 0, 0);
	expect(host, RMI_RMM_ACTIVATE, 7, 8, 9);
	assert_false(rmm_is_active(host->rmm));
	assert_int_equal(rmm_commands(host->rmm, 0), 6);
	assert_int_equal(rmm_commands(host->rmm, RMI_VERSION), 4);
	assert_int_equal(rmm_commands(host->rmm, RMI_OP_CANCEL), 0);
	assert_int_equal(rmm_commands(host->rmm, RMI_FID(0x290)), 0);
	host_free(host);
}

static void test_work(void **state)
{
	struct host *host = host_new(RMM_DIALECT_BETA3, RMM_FLAG_BORN_ACTIVE);

	(void)state;
	host->machine.work_ns = 10;
	host_up(host);
	call(host, RMI_VERSION, 0x20000, 0);
	call(host, RMI_GRANULE_TRACKING_GET, DRAM, 2 * GB);
	assert_int_equal(host->delay_ns, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, LIST, LIST + PAGE);
	call(host, RMI_GRANULE_RANGE_UNDELEGATE, LIST, LIST + PAGE);
	assert_int_equal(host->delay_ns, 20);
	host_free(host);
}

/* Questions about tracking */

static struct host *odd_machine(unsigned int dialect, uint64_t flags)
{
	struct host *host = host_new(dialect, flags | RMM_FLAG_BORN_ACTIVE);

	/* DRAM 1 to 3.5 GB and 6 to 8 GB, a device at 4 GB, a hole filled by order at 10 GB */
	host->machine.memory.at[0].size = 5 * GB / 2;
	add_range(&host->machine.memory, 4 * GB, GB, RMI_MEM_CATEGORY_DEV_NCOH);
	add_range(&host->machine.memory, 6 * GB, 2 * GB, RMI_MEM_CATEGORY_CONVENTIONAL);
	add_range(&host->machine.reserved, 7 * GB, PAGE, 0);
	add_range(&host->machine.tracking, 10 * GB, 2 * GB, RMI_TRACKING_RESERVED);
	return host_up(host);
}

static void tracking(struct host *host, uint64_t base, uint64_t top, uint64_t category,
		     uint64_t state, uint64_t out_top)
{
	call(host, RMI_GRANULE_TRACKING_GET, base, top);
	expect(host, RMI_SUCCESS, category, state, out_top);
}

static void test_tracking_beta3(void **state)
{
	struct host *host = odd_machine(RMM_DIALECT_BETA3, 0);

	(void)state;
	tracking(host, 0, TB, 3, RMI_TRACKING_NONE, GB);
	tracking(host, GB, TB, 0, RMI_TRACKING_FINE, 2 * GB);
	tracking(host, GB + PAGE, GB + 2 * PAGE, 0, RMI_TRACKING_FINE, GB + 2 * PAGE);
	tracking(host, 3 * GB, 4 * GB, 0, RMI_TRACKING_FINE, 4 * GB);
	tracking(host, 4 * GB, 8 * GB, 1, RMI_TRACKING_FINE, 5 * GB);
	tracking(host, 10 * GB, TB, 0, RMI_TRACKING_RESERVED, 11 * GB);
	assert_int_equal(call(host, RMI_GRANULE_TRACKING_GET, GB, GB), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_GRANULE_TRACKING_GET, 2 * GB, GB), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_GRANULE_TRACKING_GET, GB + 8, 2 * GB), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_GRANULE_TRACKING_GET, GB, 2 * GB + 8), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_GRANULE_TRACKING_GET, GB, TB + PAGE), RMI_ERROR_INPUT);
	expect(host, RMI_ERROR_INPUT, 0, 0, 0);
	host_free(host);

	host = odd_machine(RMM_DIALECT_BETA3, RMM_FLAG_LONG_ANSWERS);
	tracking(host, 0, TB, 3, RMI_TRACKING_NONE, GB);
	tracking(host, GB, TB, 0, RMI_TRACKING_FINE, 4 * GB);
	tracking(host, GB, 4 * GB - PAGE, 0, RMI_TRACKING_FINE, 4 * GB - PAGE);
	tracking(host, 5 * GB, TB, 3, RMI_TRACKING_NONE, 6 * GB);
	tracking(host, 8 * GB, TB, 3, RMI_TRACKING_NONE, 10 * GB);
	tracking(host, 10 * GB, TB, 0, RMI_TRACKING_RESERVED, 12 * GB);
	tracking(host, 12 * GB, TB, 3, RMI_TRACKING_NONE, TB);
	host_free(host);
}

static void test_tracking_host_pays(void **state)
{
	struct host *host = odd_machine(RMM_DIALECT_BETA3,
					RMM_FLAG_HOST_PAYS | RMM_FLAG_LONG_ANSWERS);

	(void)state;
	tracking(host, GB, TB, 0, RMI_TRACKING_COARSE, 3 * GB);
	tracking(host, 3 * GB, TB, 3, RMI_TRACKING_NONE, 4 * GB);	/* half of it a hole */
	tracking(host, 4 * GB, TB, 1, RMI_TRACKING_COARSE, 5 * GB);
	tracking(host, 6 * GB, TB, 0, RMI_TRACKING_COARSE, 7 * GB);
	tracking(host, 7 * GB, 8 * GB, 3, RMI_TRACKING_NONE, 8 * GB);	/* the platform's page */
	assert_int_equal(rmm_tracking(host->rmm, GB + 5), RMI_TRACKING_COARSE);
	assert_int_equal(rmm_tracking(host->rmm, 7 * GB), RMI_TRACKING_NONE);
	assert_int_equal(rmm_tracking(host->rmm, TB), RMI_TRACKING_RESERVED);
	host_free(host);
}

static void test_tracking_beta1(void **state)
{
	struct host *host = odd_machine(RMM_DIALECT_BETA1, RMM_FLAG_LONG_ANSWERS);

	(void)state;
	tracking(host, GB, TB, 0, RMI_TRACKING_FINE, 0);
	tracking(host, 4 * GB, 0, 1, RMI_TRACKING_FINE, 0);	/* X2 is nothing to it */
	tracking(host, 5 * GB, 0, 0, RMI_TRACKING_NONE, 0);
	assert_int_equal(call(host, RMI_GRANULE_TRACKING_GET, GB + PAGE, 2 * GB), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_GRANULE_TRACKING_GET, TB, TB + GB), RMI_ERROR_INPUT);
	host_free(host);
}

static void test_tracking_public(void **state)
{
	struct host *host = odd_machine(RMM_DIALECT_PUBLIC, 0);

	(void)state;
	tracking(host, 3 * GB, TB, 0, RMI_TRACKING_FINE, TB);
	tracking(host, 7 * GB / 2, TB, 0, RMI_TRACKING_NONE, TB);	/* region's hole */
	tracking(host, 4 * GB, 5 * GB, 1, RMI_TRACKING_FINE, 5 * GB);
	tracking(host, 10 * GB, 11 * GB, 0, RMI_TRACKING_RESERVED, 11 * GB);
	host_free(host);
}

static void test_region_sizes(void **state)
{
	static const uint64_t region[] = { GB, 32 * MB, 512 * MB };
	unsigned int code;
	struct host *host;

	(void)state;
	for (code = 0; code < 3; code++) {
		host = host_new(RMM_DIALECT_BETA3, 0);
		host->machine.granules = 7;
		host_up(host);
		host_activate(host, code);
		tracking(host, DRAM, TB, 0, RMI_TRACKING_FINE, DRAM + region[code]);
		host_free(host);
	}
}

/* Protection tables: what can be said without one changing hands */

static struct host *par_machine(unsigned int dialect, uint64_t flags)
{
	struct host *host = host_new(dialect, flags | RMM_FLAG_BORN_ACTIVE);

	add_range(&host->machine.reserved, DRAM, MB, 0);
	add_range(&host->machine.pars, 3 * GB, GB, RMI_PAR_HOST_CREATED);
	add_range(&host->machine.pars, 4 * GB, GB, RMI_PAR_RESERVED);
	return host_up(host);
}

static void test_gpt_info(void **state)
{
	struct host *host = par_machine(RMM_DIALECT_BETA3, RMM_FLAG_HOST_TABLES);

	(void)state;
	call(host, RMI_GPT_INFO, 0, TB);
	expect(host, RMI_SUCCESS, GB, RMI_PAR_RESERVED, 0);
	call(host, RMI_GPT_INFO, GB, 2 * GB);
	expect(host, RMI_SUCCESS, 2 * GB, RMI_PAR_PLATFORM, 0);	/* it holds the platform's */
	call(host, RMI_GPT_INFO, 2 * GB, TB);
	expect(host, RMI_SUCCESS, 3 * GB, RMI_PAR_HOST_NOT_CREATED, 0);
	call(host, RMI_GPT_INFO, 3 * GB, TB);
	expect(host, RMI_SUCCESS, 4 * GB, RMI_PAR_HOST_CREATED, 0);
	assert_int_equal(rmm_par(host->rmm, 2 * GB + 7), RMI_PAR_HOST_NOT_CREATED);
	assert_int_equal(rmm_par(host->rmm, TB), RMI_PAR_RESERVED);
	assert_int_equal(call(host, RMI_GPT_INFO, GB, GB), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_GPT_INFO, GB + PAGE, 2 * GB), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_GPT_INFO, GB, 2 * GB + PAGE), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_GPT_INFO, GB, TB + GB), RMI_ERROR_INPUT);
	expect(host, RMI_ERROR_INPUT, 0, 0, 0);
	host_free(host);

	host = par_machine(RMM_DIALECT_BETA3, RMM_FLAG_LONG_ANSWERS | RMM_FLAG_STRICT_TOP);
	call(host, RMI_GPT_INFO, 0, 2 * GB);
	expect(host, RMI_SUCCESS, GB, RMI_PAR_RESERVED, 0);
	call(host, RMI_GPT_INFO, GB, 5 * GB);
	expect(host, RMI_SUCCESS, 3 * GB, RMI_PAR_PLATFORM, 0);
	call(host, RMI_GPT_INFO, 4 * GB, TB - GB);
	expect(host, RMI_SUCCESS, TB - GB, RMI_PAR_RESERVED, 0);
	assert_int_equal(call(host, RMI_GPT_INFO, GB, TB), RMI_ERROR_INPUT);
	host_free(host);
}

static void l1_errors(unsigned int dialect, uint64_t create_platform, uint64_t destroy_platform)
{
	struct host *host = par_machine(dialect, RMM_FLAG_HOST_TABLES);

	assert_int_equal(call(host, RMI_GPT_L1_CREATE, GB, 0), create_platform);
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, 3 * GB, 0), RMI_ERROR_GPT);
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, 4 * GB, 0), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, 9 * GB, 0), RMI_ERROR_GLOBAL);
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, GB + PAGE, 0), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_GPT_L1_CREATE, TB, 0), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, GB, 0), destroy_platform);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, 4 * GB, 0), destroy_platform);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, 2 * GB, 0), RMI_ERROR_GPT);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, 2 * GB + PAGE, 0), RMI_ERROR_INPUT);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, TB, 0), RMI_ERROR_INPUT);
	host_free(host);
}

static void test_l1_errors(void **state)
{
	struct host *host;

	(void)state;
	l1_errors(RMM_DIALECT_BETA1, RMI_ERROR_GPT, RMI_ERROR_INPUT);
	l1_errors(RMM_DIALECT_BETA3, RMI_ERROR_GLOBAL, RMI_ERROR_GLOBAL);

	host = par_machine(RMM_DIALECT_BETA3, RMM_FLAG_HOST_TABLES | RMM_FLAG_INPUT_ERRORS);
	assert_int_equal(call(host, RMI_GPT_L1_DESTROY, 2 * GB, 0), RMI_ERROR_INPUT);
	host_free(host);
}

/* Single granules */

static void delegation(struct host *host, uint64_t progress, uint64_t untracked)
{
	uint64_t at = DRAM + 32 * MB;

	call(host, RMI_GRANULE_RANGE_DELEGATE, at, at + 16 * MB);
	expect(host, RMI_SUCCESS, at + progress, 0, 0);
	assert_int_equal(rmm_delegated(host->rmm), progress);
	host_check(host);
	call(host, RMI_GRANULE_RANGE_DELEGATE, at, at + PAGE);
	expect(host, RMI_ERROR_INPUT, at, 0, 0);
	call(host, RMI_GRANULE_RANGE_UNDELEGATE, at + progress, at + 2 * progress);
	expect(host, RMI_ERROR_INPUT, at + progress, 0, 0);
	call(host, RMI_GRANULE_RANGE_UNDELEGATE, at, at + 16 * MB);
	expect(host, RMI_SUCCESS, at + progress, 0, 0);
	assert_int_equal(rmm_delegated(host->rmm), 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, at, at);
	expect(host, RMI_ERROR_INPUT, at, 0, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, at, at + 8);
	expect(host, RMI_ERROR_INPUT, at, 0, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, at + 8, at + PAGE);
	expect(host, RMI_ERROR_INPUT, at + 8, 0, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, TB, TB + PAGE);
	expect(host, RMI_ERROR_INPUT, TB, 0, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, at, TB + PAGE);
	expect(host, RMI_ERROR_INPUT, at, 0, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, 20 * GB, 21 * GB);
	expect(host, untracked, 20 * GB, 0, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, 7 * GB, 8 * GB);		/* reserved */
	expect(host, RMI_ERROR_INPUT, 7 * GB, 0, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, 7 * GB + PAGE, 8 * GB);
	expect(host, RMI_SUCCESS, 7 * GB + PAGE + (progress == 2 * MB ? 2 * MB : progress), 0, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, 7 * GB - PAGE, 8 * GB);	/* stops before it */
	expect(host, RMI_SUCCESS, 7 * GB, 0, 0);
	host_free(host);
}

static void test_delegate(void **state)
{
	struct host *host;

	(void)state;
	delegation(odd_machine(RMM_DIALECT_PUBLIC, 0), PAGE, RMI_ERROR_INPUT);
	delegation(odd_machine(RMM_DIALECT_BETA1, 0), 16 * PAGE, RMI_ERROR_TRACKING);
	delegation(odd_machine(RMM_DIALECT_BETA3, 0), 2 * MB, RMI_ERROR_TRACKING);
	delegation(odd_machine(RMM_DIALECT_BETA3, RMM_FLAG_INPUT_ERRORS), 2 * MB, RMI_ERROR_INPUT);

	/* A hole in a region that is FINE for the DRAM beside it */
	host = odd_machine(RMM_DIALECT_BETA3, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, 7 * GB / 2 - PAGE, 4 * GB);
	expect(host, RMI_SUCCESS, 7 * GB / 2, 0, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, 7 * GB / 2, 4 * GB);
	expect(host, RMI_ERROR_INPUT, 7 * GB / 2, 0, 0);
	host_free(host);

	host = odd_machine(RMM_DIALECT_BETA3, RMM_FLAG_HOST_PAYS);
	assert_int_equal(call(host, RMI_GRANULE_RANGE_DELEGATE, GB, 2 * GB), RMI_ERROR_TRACKING);
	host_free(host);

	host = odd_machine(RMM_DIALECT_BETA3, RMM_FLAG_HOST_TABLES);
	assert_int_equal(call(host, RMI_GRANULE_RANGE_DELEGATE, GB, 2 * GB), RMI_ERROR_GPT);
	host_free(host);
}

static void test_delegate_skips(void **state)
{
	struct host *host = odd_machine(RMM_DIALECT_BETA3, RMM_FLAG_SKIPS_DONE);

	(void)state;
	call(host, RMI_GRANULE_RANGE_DELEGATE, GB + PAGE, GB + 2 * PAGE);
	call(host, RMI_GRANULE_RANGE_DELEGATE, GB, GB + 4 * PAGE);
	expect(host, RMI_SUCCESS, GB + 4 * PAGE, 0, 0);
	assert_int_equal(rmm_delegated(host->rmm), 4 * PAGE);
	call(host, RMI_GRANULE_RANGE_UNDELEGATE, GB + 3 * PAGE, GB + 5 * PAGE);
	expect(host, RMI_SUCCESS, GB + 5 * PAGE, 0, 0);
	assert_int_equal(rmm_delegated(host->rmm), 3 * PAGE);
	host_free(host);
}

/* Banks in no order, that meet, and with edges inside a granule */
static void test_banks(void **state)
{
	struct host *host = host_new(RMM_DIALECT_BETA3, RMM_FLAG_HOST_PAYS | RMM_FLAG_HOST_TABLES);

	(void)state;
	host->machine.granules = 5;
	host->machine.memory.at[0].base = 3 * GB;
	host->machine.memory.at[0].size = GB;
	add_range(&host->machine.memory, DRAM + PAGE, GB, RMI_MEM_CATEGORY_CONVENTIONAL);
	add_range(&host->machine.memory, 10 * GB, GB, RMI_MEM_CATEGORY_DEV_NCOH);
	add_range(&host->machine.memory, 4 * GB, GB, RMI_MEM_CATEGORY_CONVENTIONAL);
	add_range(&host->machine.reserved, 4 * GB, GB, 0);
	add_range(&host->machine.tracking, DRAM, 3 * GB, RMI_TRACKING_FINE);
	add_range(&host->machine.pars, DRAM, 3 * GB, RMI_PAR_PLATFORM);
	host_up(host);
	host_activate(host, RMI_GRANULE_SIZE_64K);
	assert_int_equal(rmm_tracking(host->rmm, 2 * GB), RMI_TRACKING_FINE);
	assert_int_equal(rmm_tracking(host->rmm, 4 * GB), RMI_TRACKING_RESERVED);
	assert_int_equal(rmm_tracking(host->rmm, 10 * GB), RMI_TRACKING_COARSE);
	assert_int_equal(rmm_par(host->rmm, 10 * GB), RMI_PAR_PLATFORM);
	assert_int_equal(rmm_par(host->rmm, 4 * GB), RMI_PAR_PLATFORM);
	/* The bank begins and ends 4 KB into one */
	call(host, RMI_GRANULE_RANGE_DELEGATE, DRAM, DRAM + 64 * KB);
	expect(host, RMI_ERROR_INPUT, DRAM, 0, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, DRAM + 64 * KB, DRAM + 128 * KB);
	expect(host, RMI_SUCCESS, DRAM + 128 * KB, 0, 0);
	call(host, RMI_GRANULE_RANGE_DELEGATE, 2 * GB, 2 * GB + 64 * KB);
	expect(host, RMI_ERROR_INPUT, 2 * GB, 0, 0);
	assert_int_equal(rmm_delegated(host->rmm), 64 * KB);
	host_check(host);

	/* Another granule size next time */
	call(host, RMI_GRANULE_RANGE_UNDELEGATE, DRAM + 64 * KB, DRAM + 128 * KB);
	assert_int_equal(call(host, RMI_RMM_DEACTIVATE, 0, 0), RMI_SUCCESS);
	host_activate(host, RMI_GRANULE_SIZE_4K);
	call(host, RMI_GRANULE_RANGE_DELEGATE, 2 * GB, 2 * GB + 2 * PAGE);
	expect(host, RMI_SUCCESS, 2 * GB + PAGE, 0, 0);
	assert_int_equal(rmm_delegated(host->rmm), PAGE);
	host_free(host);
}

/* Terabytes, of which init must not touch more than a little */
static void test_large_machine(void **state)
{
	struct host *host = host_new(RMM_DIALECT_BETA3, RMM_FLAG_LONG_ANSWERS);
	uint64_t top = 64 * TB;

	(void)state;
	host->machine.pps = 5;
	host->machine.granules = 3;
	host->machine.memory.at[0].size = top - DRAM;
	host_up(host);
	assert_true(host->size > top / PAGE && host->size < top / PAGE + GB);
	host_activate(host, RMI_GRANULE_SIZE_16K);
	call(host, RMI_GRANULE_RANGE_DELEGATE, top - 16 * KB, top);
	expect(host, RMI_SUCCESS, top, 0, 0);
	call(host, RMI_GRANULE_TRACKING_GET, DRAM, 2 * TB);
	expect(host, RMI_SUCCESS, 0, RMI_TRACKING_FINE, 2 * TB);
	call(host, RMI_GRANULE_RANGE_UNDELEGATE, top - 16 * KB, top);
	host_free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_of_public_rmm),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_describe_refuses),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_life_cycle),
		cmocka_unit_test(test_born_active),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_tracking_beta3),
		cmocka_unit_test(test_tracking_host_pays),
		cmocka_unit_test(test_tracking_beta1),
		cmocka_unit_test(test_tracking_public),
		cmocka_unit_test(test_region_sizes),
		cmocka_unit_test(test_gpt_info),
		cmocka_unit_test(test_l1_errors),
		cmocka_unit_test(test_delegate),
		cmocka_unit_test(test_delegate_skips),
		cmocka_unit_test(test_banks),
		cmocka_unit_test(test_large_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
