// SPDX-License-Identifier: GPL-2.0-only
/* Places in src/ that no other test comes by: `make coverage` tells of them */
#include "module_fixture.h"

int shim_get_cover(char *buf);

#define PAGE		4096ULL

static void make_paid(enum rmm_dialect dialect, u64 flags)
{
	describe(dialect);
	machine.flags = HOST_PAYS | flags;
	make(12);
}

static void cover_can_be_read(void **state)
{
	char text[16];

	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	assert_int_equal(shim_get_cover(text), 6);
	assert_string_equal(text, "eager\n");
	assert_int_equal(shim_set_cover("lazy\n"), 0);
	assert_int_equal(shim_get_cover(text), 5);
	assert_string_equal(text, "lazy\n");
	assert_int_equal(shim_set_cover("later"), -EINVAL);
	assert_int_equal(shim_get_cover(text), 5);
	world_end();
}

/* Neither the large page nor a small one can be had; nor anything else from there on */
static void no_memory_for_the_configuration_page(void **state)
{
	bool seen = false;
	unsigned int n;

	(void)state;
	for (n = 1; n < 40 && !seen; n++) {
		int rc;

		describe(RMM_DIALECT_BETA3);
		make(12);
		world.fail_alloc = n;
		world.fail_rest = true;
		rc = shim_module_init();
		world.fail_alloc = 0;
		/* What the module needs for itself comes first, and before any command */
		if (rc) {
			assert_int_equal(rc, -ENOMEM);
			assert_int_equal(world.smcs, 0);
			world_end();
			continue;
		}
		assert_unavailable("no-memory", "configuration page of 4096 bytes");
		assert_int_equal(rmm_commands(world.rmm, RMI_RMM_CONFIG_SET), 0);
		seen = true;
		unload();
	}
	assert_true(seen && n > 3);
}

/* Each allocation of an offline that takes lent pages back from the block fails once */
static void vacating_without_memory(void **state)
{
	unsigned int refused = 0, n;

	(void)state;
	for (n = 1; n < 200; n++) {
		unsigned int left;
		int rc;

		describe(RMM_DIALECT_BETA3);
		machine.flags = RMM_FLAG_HOST_PAYS;
		make(12);
		world_ram(2 * GB, 2 * GB + WORLD_BLOCK, true);
		/* What is lent for the first region comes from the block, as far as it may */
		world.pages_from = 2 * GB;
		load();
		assert_available(GB + WORLD_BLOCK);
		world.fail_alloc = n;
		rc = world_offline(2 * GB, 2 * GB + WORLD_BLOCK);
		left = world.fail_alloc;
		world.fail_alloc = 0;
		refused += rc < 0;
		assert_lent();
		/* Refused or not, what is online stays covered or can be had again */
		if (rc)
			assert_int_equal(world_offline(2 * GB, 2 * GB + WORLD_BLOCK), 0);
		assert_number("memory_covered", GB);
		assert_lent();
		unload();
		if (left)
			break;
	}
	assert_true(n > 1 && n < 200 && refused > 0);
}

/* Each allocation of a load fails once, where the host pays and memory is in several pieces */
static void loading_without_memory(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		unsigned int failed = 0, n, left = 0;

		for (n = 1; n < 400 && !left; n++) {
			make_paid(paid[d], 0);
			world_ram(2 * GB + MB, 2 * GB + 2 * MB, true);
			world.fail_alloc = n;
			if (!shim_module_init()) {
				failed += strcmp(world_read("reason"), "ok") != 0;
				left = world.fail_alloc;
				assert_lent();
				shim_module_exit();
			}
			world_end();
		}
		assert_true(left && failed > 0);
	}
}

/* Its own memory is half a pageblock, and what lies behind isn't memory: paid for from elsewhere */
static void region_with_half_a_pageblock(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		make_paid(paid[d], 0);
		world_ram(2 * GB, 2 * GB + MB, true);
		world.pages_from = GB;
		load();
		assert_available(GB + MB);
		assert_donated(2 * PRICE);
		unload();
	}
}

/*
 * The RMM asks for more than is offered at once, and of four pages two are free: each chunk is a
 * guard and a page
 */
static void ask_for_hundred(u64 x[5])
{
	const bool is_set = x[0] == RMI_GRANULE_TRACKING_SET;

	ask_model(x);
	if (is_set && (x[0] & 0x3ff) == 0x10d)
		x[2] = (x[2] & ~0xfffcULL) | 100 << 2;
}

static void scattered_pages(void **state)
{
	struct page *page[2048];
	unsigned int nr = 0, i;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_HOST_PAYS;
	world_make(&machine, 12);
	world_ram(GB, GB + 8 * MB, true);
	world.no_contig = true;
	while ((page[nr] = alloc_pages_node(0, GFP_KERNEL, 0)))
		nr++;
	for (i = 0; i < nr; i++)
		if (i % 4 < 2)
			__free_page(page[i]);
	assert_int_equal(world.pages_out, nr / 2);
	world.smc = ask_for_hundred;
	load();
	assert_available(8 * MB);
	assert_donated(METADATA);
	assert_int_equal(guards(), METADATA / PAGE);
	assert_int_equal(world.pages_out, nr / 2 + 2 * METADATA / PAGE);
	world.smc = NULL;
	shim_module_exit();
	for (i = 0; i < nr; i++)
		if (i % 4 >= 2)
			__free_page(page[i]);
	world_end();
}

/* FINE for as much as no region ever had: that isn't believed to be one's size */
static void fine_for_an_odd_size(u64 x[5])
{
	const u64 base = x[1], top = x[2], end = ALIGN_DOWN(base, GB) + 4 * MB;
	const bool get = x[0] == RMI_GRANULE_TRACKING_GET;

	ask_model(x);
	if (!get || x[0] != RMI_SUCCESS || x[2] != RMI_TRACKING_FINE)
		return;
	if (base >= end)
		x[2] = RMI_TRACKING_COARSE;
	else
		x[3] = min(top, end);
}

static void region_of_an_odd_size(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_HOST_PAYS;
	make(12);
	world.smc = fine_for_an_odd_size;
	load();
	assert_lent();
	world.smc = NULL;
	shim_module_exit();
	assert_int_equal(rmm_donated(world.rmm), 0);
	world_end();
}

/*
 * An operation that is giving up is said to be cancellable, and isn't: that the call is refused
 * doesn't make its pages the host's
 */
static bool reclaim_denied;

static void deny_reclaim(u64 x[5])
{
	if (x[0] != RMI_OP_MEM_RECLAIM || reclaim_denied)
		return;
	reclaim_denied = true;
	x[0] = RMI_INCOMPLETE | RMI_MEM_REQ_DONATE << RMI_RESULT_MEM_REQ_SHIFT |
	       1 << RMI_RESULT_CAN_CANCEL_SHIFT;
	x[2] = 0xfffc;		/* more than it may have */
	world.smc_done = true;
}

static void refused_cancel_ends_nothing(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		describe(paid[d]);
		machine.flags = RMM_FLAG_HOST_PAYS | RMM_FLAG_GIVES_UP;
		make(12);
		reclaim_denied = false;
		world.smc = deny_reclaim;
		load();
		assert_true(reclaim_denied);
		assert_int_equal(rmm_commands(world.rmm, RMI_OP_CANCEL), 1);
		assert_unavailable("bad-answer", world_read("detail"));
		assert_int_equal(rmm_donated(world.rmm), METADATA);
		assert_lent();
		shim_module_exit();
		assert_int_equal(rmm_donated(world.rmm), METADATA);
		world_end_with(world.pages_out, METADATA + rmm_delegated(world.rmm));
	}
}

/* The table was made already, and nobody but the call itself takes it back */
static void refuse_fine(u64 x[5])
{
	if (x[0] != RMI_GRANULE_TRACKING_SET)
		return;
	x[0] = RMI_ERROR_GLOBAL;
	world.smc_done = true;
}

static void failed_call_of_a_consumer_leaves_nothing(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		describe(paid[d]);
		machine.flags = HOST_PAYS;
		make(12);
		assert_int_equal(shim_set_cover("lazy"), 0);
		load();
		world.smc = refuse_fine;
		assert_int_equal(cca_rmi_ensure_range(GB, PAGE), -EIO);
		assert_true(rmm_commands(world.rmm, RMI_GPT_L1_CREATE) > 0);
		assert_donated(0);
		assert_int_equal(rmm_par(world.rmm, GB), RMI_PAR_HOST_NOT_CREATED);
		world.smc = NULL;
		unload();
	}
}

/* GPT_INFO says that there is no table, CREATE that there is one: which makes no sense */
static void deny_creation(u64 x[5])
{
	if (x[0] != RMI_GPT_L1_CREATE)
		return;
	x[0] = RMI_ERROR_GPT;
	world.smc_done = true;
}

static void table_that_is_and_is_not(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_HOST_TABLES;
	make(12);
	world.smc = deny_creation;
	load();
	assert_unavailable("bad-answer",
			   "RMI_GPT_L1_CREATE 0x40000000: there is a table, and isn't");
	world.smc = NULL;
	unload();
	/* before beta 3 nobody else can be asked */
	describe(RMM_DIALECT_BETA1);
	machine.flags = RMM_FLAG_HOST_TABLES;
	make(12);
	world.smc = deny_creation;
	load();
	assert_available(GB);
	unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cover_can_be_read),
		cmocka_unit_test(no_memory_for_the_configuration_page),
		cmocka_unit_test(vacating_without_memory),
		cmocka_unit_test(loading_without_memory),
		cmocka_unit_test(region_with_half_a_pageblock),
		cmocka_unit_test(scattered_pages),
		cmocka_unit_test(region_of_an_odd_size),
		cmocka_unit_test(refused_cancel_ends_nothing),
		cmocka_unit_test(table_that_is_and_is_not),
		cmocka_unit_test(failed_call_of_a_consumer_leaves_nothing),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("corners", tests, NULL, NULL);
}
