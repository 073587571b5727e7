// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault sweep: each scenario is played once for each command and each status in place of the true
 * answer, once for each allocation, and once for each pair of a command and an undo that fail.
 * At each place in the code all that can fail alone is played; of what repeats a place, and of
 * pairs, a sample, by SEED. SWEEP_ALL=1 plays all; SWEEP_ALL=2 lets the undo of a pair fail in each
 * of five ways rather than in one, by turns. SWEEP='POINT' plays one point, as a failure prints it,
 * and shows its commands; T=SCENARIO one scenario; JOBS=N uses N CPUs; SWEEP_WRONG=N gives a
 * scenario up after so many failures.
 */
#include "../../include/arm_cca_rmi.h"
#include "sweep.h"

#define HOST_PAYS	(RMM_FLAG_HOST_PAYS | RMM_FLAG_HOST_TABLES)
#define BLOCK		WORLD_BLOCK

/* 7 GB of DRAM from 1 GB on. The RMM has granules of this page size only. */
static void make_world(const struct scenario *s)
{
	struct rmm_machine machine = {
		.magic = RMM_MACHINE_MAGIC, .dialect = s->dialect, .flags = s->flags,
		.revision_low = 0x20000, .revision_high = 0x20000,
		.granules = s->page_shift == 12 ? 1 : 2, .active_granule = s->page_shift != 12,
		.pps = 2,
		.memory = { .nr = 1, .at = { { GB, 7 * GB, RMI_MEM_CATEGORY_CONVENTIONAL } } },
		.update_at = s->update_at, .update_ns = 150 * NSEC_PER_MSEC,
	};

	/* The second PAR begins with a hole */
	if (s->dialect == RMM_DIALECT_AUTUMN) {
		machine.memory.at[0].size = GB;
		machine.memory.at[machine.memory.nr++] =
			(struct rmm_range){ 2 * GB + 2 * MB, GB, RMI_MEM_CATEGORY_CONVENTIONAL };
	}
	world_make(&machine, s->page_shift);
	/* smaller than they are: a small world has as many as a large machine has */
	pageblock_nr_pages = (2 * MB) >> PAGE_SHIFT;
	shim_set_timeout_ms("5");
	shim_set_cover(s->lazy ? "lazy" : "eager");
}

/* Two PARs; of 16 KB pages, three tracking regions of 32 MB, which cost a page each */
static void make_machine(const struct scenario *s)
{
	make_world(s);
	world_ram(GB, GB + 64 * MB, true);
	world_ram(2 * GB, 2 * GB + 32 * MB, true);
}

/* Two PARs and regions of 1 GB, of which the second reads reserved and has to be tried */
static void make_autumn(const struct scenario *s)
{
	make_world(s);
	world_ram(GB, GB + 16 * MB, true);
	world_ram(2 * GB + 2 * MB, 2 * GB + 18 * MB, true);
}

static void load(void)
{
	played.all_or_nothing = true;
	world.log[0] = 0;
	played.loaded = !shim_module_init();
	if (played.loaded &&
	    !strcmp(world_read("available"), "1") != !!strstr(world.log, "Realms are available"))
		sweep_wrong("available is %s, and the log says otherwise", world_read("available"));
}

/* What is lent by then stays lent until unload if another RMM takes over that can't be used */
static void load_update(void)
{
	load();
	played.all_or_nothing = false;
}

static void load_clean(void)
{
	load();
	played.all_or_nothing = false;
	assert_true(played.loaded);
	assert_string_equal(world_read("available"), "1");
}

/* Load, unload, reload ------------------------------------------------------------------------- */

static void make_loaded(const struct scenario *s)
{
	make_machine(s);
	load_clean();
}

/* An earlier load has left the RMM active, and is gone */
static void make_active(const struct scenario *s)
{
	make_loaded(s);
	sweep_unload();
	world_forget_module();
	shim_set_timeout_ms("5");
	shim_set_cover(s->lazy ? "lazy" : "eager");
}

/* Hotplug -------------------------------------------------------------------------------------- */

/* Blocks of four tracking regions, in the third PAR and in the fourth */
#define HOT_AT		(3 * GB)
#define HOT_AT_2	(4 * GB)

static void add_blocks(void)
{
	world_ram(HOT_AT, HOT_AT + BLOCK, false);
	world_ram(HOT_AT + BLOCK, HOT_AT + 2 * BLOCK, false);
	world_ram(HOT_AT_2, HOT_AT_2 + BLOCK, false);
}

static void make_hot_add(const struct scenario *s)
{
	make_loaded(s);
	add_blocks();
}

static void hot_add(void)
{
	const u64 before = oracle_covered();

	played.all_or_nothing = true;
	played.lent_before = world.with_rmm;
	played.refused = world_online(HOT_AT, HOT_AT + BLOCK);
	played.kept_online = before;
}

static void make_hot_remove(const struct scenario *s)
{
	make_hot_add(s);
	assert_int_equal(world_online(HOT_AT, HOT_AT + BLOCK), 0);
}

static void hot_remove(void)
{
	world_offline(HOT_AT, HOT_AT + BLOCK);
}

/* The test has all of boot memory, so that the first block pays for what comes then */
static struct page *boot_pages[1 << 13];
static unsigned int nr_boot_pages;

static void make_vacate(const struct scenario *s)
{
	struct page *page;

	make_loaded(s);
	add_blocks();
	assert_int_equal(world_online(HOT_AT, HOT_AT + BLOCK), 0);
	for (nr_boot_pages = 0;; boot_pages[nr_boot_pages++] = page) {
		page = alloc_pages_node(0, GFP_KERNEL, 0);
		if (page_to_phys(page) >= HOT_AT)
			break;
	}
	__free_pages(page, 0);
	played.mine = nr_boot_pages;
	assert_int_equal(world_online(HOT_AT_2, HOT_AT_2 + BLOCK), 0);
	assert_int_equal(world_online(HOT_AT + BLOCK, HOT_AT + 2 * BLOCK), 0);
	assert_string_equal(world_read("available"), "1");
}

static void vacate(void)
{
	hot_remove();
	while (nr_boot_pages)
		__free_pages(boot_pages[--nr_boot_pages], 0);
	played.mine = 0;
}

/* Reboot and hibernation ----------------------------------------------------------------------- */

static void reboot(void)
{
	world_reboot();
	if (strcmp(world_read("available"), "0"))
		sweep_wrong("available after the reboot notifier");
}

static bool is_released(const char *when)
{
	if (!world.with_rmm)
		return true;
	if (!played.honest)
		return false;
	sweep_wrong("%llu bytes are with an RMM that never lied, %s", world.with_rmm, when);
}

/* Power goes off, and the RMM that the image meets has forgotten all, unless it was refused */
static void hibernate(void)
{
	if (!world_pm(PM_HIBERNATION_PREPARE) && is_released("in the image"))
		world_new_rmm();
	world_pm(PM_POST_HIBERNATION);
}

/* An image could not be read: the same RMM */
static void restore(void)
{
	if (!world_pm(PM_RESTORE_PREPARE))
		is_released("under the image");
	world_pm(PM_POST_RESTORE);
}

/* Consumers ------------------------------------------------------------------------------------ */

#define CONSUMER_AT	(GB + 40 * MB)
#define CONSUMER_PAGES	3

static void make_consumer(const struct scenario *s)
{
	u64 pa;

	make_loaded(s);
	for (pa = CONSUMER_AT; pa < CONSUMER_AT + CONSUMER_PAGES * PAGE_SIZE; pa += PAGE_SIZE) {
		world.pages_from = pa;
		assert_int_equal(page_to_phys(alloc_pages_node(0, GFP_KERNEL, 0)), pa);
		pfn_to_page(PHYS_PFN(pa))->flags |= PAGE_FOREIGN;
	}
	world.pages_from = 0;
	played.mine = CONSUMER_PAGES;
}

static bool is_with_rmm(u64 pa)
{
	return pfn_to_page(PHYS_PFN(pa))->flags & PAGE_WITH_RMM;
}

static void consume(void)
{
	const u64 size = CONSUMER_PAGES * PAGE_SIZE;
	size_t done = size;
	u64 i;
	int rc;

	rc = cca_rmi_ensure_range(CONSUMER_AT, size);
	if (!rc && oracle_covered() < 32 * MB && !played.hidden_cover && !played.believed)
		sweep_wrong("ensured, but not covered");
	rc = cca_rmi_delegate_range(CONSUMER_AT, size);
	/* all or nothing, or it is said that there is something between */
	for (i = 0; i < CONSUMER_PAGES; i++)
		if (rc && rc != -ENOTRECOVERABLE && !played.hidden_pages &&
		    is_with_rmm(CONSUMER_AT + i * PAGE_SIZE))
			sweep_wrong("delegation failed (%d), page %llu is delegated", rc, i);
	if (!rc)
		cca_rmi_undelegate_range(CONSUMER_AT, size, &done);
	for (i = 0; i < CONSUMER_PAGES; i++) {
		struct page *page = pfn_to_page(PHYS_PFN(CONSUMER_AT) + i);
		const bool with_rmm = page->flags & PAGE_WITH_RMM;

		if (with_rmm && !rc && i * PAGE_SIZE < done && !played.hidden_pages)
			sweep_wrong("page %llu is said to be back", i);
		played.mine_with_rmm += with_rmm;
		if (with_rmm)
			continue;
		page->flags &= ~PAGE_FOREIGN;
		__free_pages(page, 0);
		played.mine--;
	}
}

/* All of them ---------------------------------------------------------------------------------- */

#define PLAY(n, m, r, d, f) \
	{ .name = n, .make = m, .run = r, .dialect = RMM_DIALECT_##d, .flags = f, .page_shift = 14 }
#define UPDATE(n, m, r, at) \
	{ .name = n, .make = m, .run = r, .dialect = RMM_DIALECT_BETA3, .flags = HOST_PAYS, \
	  .page_shift = 14, .update_at = at }
#define LOAD(n, d, f)	PLAY("load-" n, make_machine, load, d, f)

static const struct scenario scenarios[] = {
	LOAD("static-public", PUBLIC, 0),
	LOAD("static-beta1", BETA1, 0),
	LOAD("static-beta3", BETA3, 0),
	LOAD("dynamic-beta1", BETA1, HOST_PAYS),
	LOAD("dynamic-beta3", BETA3, HOST_PAYS),
	LOAD("partial-beta1", BETA1, HOST_PAYS | RMM_FLAG_PARTIAL),
	LOAD("partial-beta3", BETA3, HOST_PAYS | RMM_FLAG_PARTIAL | RMM_FLAG_REUSES_HANDLES),
	LOAD("continues-beta1", BETA1, HOST_PAYS | RMM_FLAG_CONTINUES),
	LOAD("continues-beta3", BETA3, HOST_PAYS | RMM_FLAG_CONTINUES),
	LOAD("gives-up-beta1", BETA1, HOST_PAYS | RMM_FLAG_GIVES_UP),
	LOAD("gives-up-beta3", BETA3, HOST_PAYS | RMM_FLAG_GIVES_UP | RMM_FLAG_REUSES_HANDLES),
	LOAD("no-cancel-beta1", BETA1, HOST_PAYS | RMM_FLAG_NO_CANCEL),
	LOAD("no-cancel-beta3", BETA3, HOST_PAYS | RMM_FLAG_NO_CANCEL),
	LOAD("refusal-ends-beta3", BETA3, HOST_PAYS | RMM_FLAG_REFUSAL_ENDS | RMM_FLAG_PARTIAL),
	LOAD("odd-beta3", BETA3, HOST_PAYS | RMM_FLAG_RETURNS_UNDELEGATED |
	     RMM_FLAG_CANCEL_SUCCEEDS | RMM_FLAG_SOFT_UNKNOWN | RMM_FLAG_INPUT_ERRORS |
	     RMM_FLAG_SKIPS_DONE | RMM_FLAG_LONG_ANSWERS),
	LOAD("own-tables-beta1", BETA1, HOST_PAYS | RMM_FLAG_OWN_TABLES | RMM_FLAG_SKIPS_DONE),
	{ .name = "load-autumn", .make = make_autumn, .run = load, .page_shift = 12,
	  .dialect = RMM_DIALECT_AUTUMN, .flags = RMM_FLAG_PENDS | RMM_FLAG_CONFLICTS },
	LOAD("born-active-beta3", BETA3, HOST_PAYS | RMM_FLAG_BORN_ACTIVE),
	PLAY("reload-beta1", make_active, load, BETA1, HOST_PAYS),
	PLAY("unload-beta1", make_loaded, sweep_unload, BETA1, HOST_PAYS),
	PLAY("unload-beta3", make_loaded, sweep_unload, BETA3, HOST_PAYS),
	PLAY("unload-continues-beta3", make_loaded, sweep_unload, BETA3,
	     HOST_PAYS | RMM_FLAG_CONTINUES | RMM_FLAG_PARTIAL),
	PLAY("hot-add-beta1", make_hot_add, hot_add, BETA1, HOST_PAYS),
	PLAY("hot-add-beta3", make_hot_add, hot_add, BETA3, HOST_PAYS),
	PLAY("hot-add-no-cancel-beta3", make_hot_add, hot_add, BETA3,
	     HOST_PAYS | RMM_FLAG_NO_CANCEL),
	PLAY("hot-remove-beta1", make_hot_remove, hot_remove, BETA1, HOST_PAYS),
	PLAY("hot-remove-beta3", make_hot_remove, hot_remove, BETA3, HOST_PAYS),
	PLAY("vacate-beta1", make_vacate, vacate, BETA1, HOST_PAYS),
	PLAY("vacate-beta3", make_vacate, vacate, BETA3, HOST_PAYS),
	PLAY("reboot-beta1", make_loaded, reboot, BETA1, HOST_PAYS),
	PLAY("reboot-beta3", make_loaded, reboot, BETA3, HOST_PAYS),
	PLAY("hibernate-beta1", make_loaded, hibernate, BETA1, HOST_PAYS),
	PLAY("hibernate-beta3", make_loaded, hibernate, BETA3, HOST_PAYS),
	PLAY("restore-beta3", make_loaded, restore, BETA3, HOST_PAYS),
	/* As a table gets its pages, as a tracking region does, and as a region gives them back */
	UPDATE("load-update-table-beta3", make_machine, load_update, 13),
	UPDATE("load-update-region-beta3", make_machine, load_update, 17),
	UPDATE("unload-update-beta3", make_loaded, sweep_unload, 24),
	{ .name = "consumer-beta1", .make = make_consumer, .run = consume, .lazy = true,
	  .dialect = RMM_DIALECT_BETA1, .flags = HOST_PAYS, .page_shift = 14 },
	{ .name = "consumer-beta3", .make = make_consumer, .run = consume, .lazy = true,
	  .dialect = RMM_DIALECT_BETA3, .flags = HOST_PAYS, .page_shift = 14 },
};

/*
 * Points that were found failing once, so that they are played whatever the seed: what was wrong,
 * and the point as the failure printed it
 */
/* Between the two faults of a pair */
#define AND	"+"

static const struct found {
	const char *wrong, *point;
} found[] = {
	{ "a page whose delegation is denied is undelegated before it is freed",
	  "load-dynamic-beta1:GRANULE_RANGE_DELEGATE#1:status=0xc:did" },
	{ "a RECLAIM that is refused says nothing of who has the pages",
	  "load-gives-up-beta1:OP_MEM_RECLAIM#1:status=0x1:bare" },
	{ "no sense in the very end, and announced as available",
	  "load-dynamic-beta1:GRANULE_TRACKING_SET#3:status=0:bare:for-ever" AND
	  "GRANULE_RANGE_UNDELEGATE#1:status=0:bare:for-ever" },
	{ "a delegation that is never ended keeps the module until it is forgotten",
	  "load-continues-beta1:RMM_CONFIG_SET#1:status=0x1:bare" AND
	  "OP_CONTINUE#14:status=0xa:bare:for-ever" },
};

static void play_scenario(void **state)
{
	sweep(*state);
}

static void play_found(void **state)
{
	const struct found *f = *state;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scenarios) && !sweep_is_of(&scenarios[i], f->point); i++)
		;
	assert_true(i < ARRAY_SIZE(scenarios));
	sweep_point(&scenarios[i], f->point);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(scenarios) + ARRAY_SIZE(found)];
	unsigned int n = 0, i;
	int failed;

	for (i = 0; i < ARRAY_SIZE(found) && !getenv("SWEEP"); i++)
		tests[n++] = (struct CMUnitTest){ .name = found[i].wrong, .test_func = play_found,
						  .initial_state = (void *)&found[i] };
	for (i = 0; i < ARRAY_SIZE(scenarios); i++)
		tests[n++] = (struct CMUnitTest){ .name = scenarios[i].name,
						  .test_func = play_scenario,
						  .initial_state = (void *)&scenarios[i] };
	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	failed = _cmocka_run_group_tests("sweep", tests, n, NULL, sweep_close);
	if (sweep_missed())
		printf("# fault sweep: there is no point %s\n", getenv("SWEEP"));
	return failed + sweep_missed();
}
