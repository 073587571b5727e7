// SPDX-License-Identifier: GPL-2.0-only
/* What isn't Linux's is in an index, by which a crash kernel keeps it out of /proc/vmcore */
#include "module_fixture.h"
#include "../../src/index.h"
#include "../../src/vmcore.h"

static char where[64];
static struct index_head *head;

static void load_paid(unsigned int page_shift)
{
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(page_shift);
	load();
	assert_available(GB);
	assert_true(shim_get_vmcore_index(where) > 0);
	head = (struct index_head *)strtoull(where, NULL, 0);
}

/* As a crash kernel finds it, which has this on its command line; NULL: nothing */
static void crash(const char *given)
{
	world.log[0] = 0;
	if (given)
		assert_int_equal(shim_set_vmcore_index(given), 0);
	world.kdump = true;
	vmcore_open();
}

static void wake_up(void)
{
	vmcore_close();
	assert_null(world.vmcore);
	world.kdump = false;
}

/* Each page of RAM is shown if it is Linux's, and only then. Returns how many aren't. */
static u64 expect_hidden(void)
{
	u64 n = 0;

	assert_non_null(world.vmcore);
	for (u64 pfn = PHYS_PFN(GB); pfn < PHYS_PFN(2 * GB); pfn++) {
		const struct page *page = pfn_to_page(pfn);
		const bool ours = page->flags & (PAGE_MARKED | PAGE_WITH_RMM);

		if (world.vmcore->pfn_is_ram(world.vmcore, pfn) == ours)
			fail_msg("page %#llx is %s", (unsigned long long)pfn,
				 ours ? "shown" : "hidden");
		n += ours;
	}
	return n;
}

static void what_is_lent_is_hidden(void **state)
{
	char text[80];
	u64 n;

	(void)state;
	for (unsigned int shift = 12; shift <= 14; shift += 2) {
		load_paid(shift);
		crash(where);
		n = expect_hidden();
		assert_int_equal(n, world.pages_out);
		assert_true(n > PHYS_PFN(rmm_donated(world.rmm)));
		snprintf(text, sizeof(text), "/proc/vmcore shows zeros for %llu KB",
			 n * PAGE_SIZE / KB);
		assert_non_null(strstr(world.log, text));
		/* What lies far away is nobody's that it knows */
		assert_true(world.vmcore->pfn_is_ram(world.vmcore, PHYS_PFN(1ULL << 51)));
		wake_up();
		unload();
	}
}

static void what_comes_back_is_shown(void **state)
{
	size_t done;
	u64 n;

	(void)state;
	load_paid(12);
	crash(where);
	n = expect_hidden();
	wake_up();
	/* Across the end of a section, and of a page of bits */
	own_pages(GB + 128 * MB - 8 * PAGE_SIZE, GB + 128 * MB + 8 * PAGE_SIZE);
	assert_int_equal(cca_rmi_delegate_range(GB + 128 * MB - 8 * PAGE_SIZE, 16 * PAGE_SIZE), 0);
	crash(where);
	assert_int_equal(expect_hidden(), n + 16);
	wake_up();
	assert_int_equal(cca_rmi_undelegate_range(GB + 128 * MB - 4 * PAGE_SIZE, 8 * PAGE_SIZE,
						  &done), 0);
	crash(where);
	assert_int_equal(expect_hidden(), n + 8);
	wake_up();
	assert_int_equal(cca_rmi_undelegate_range(GB + 128 * MB - 8 * PAGE_SIZE, 4 * PAGE_SIZE,
						  &done), 0);
	assert_int_equal(cca_rmi_undelegate_range(GB + 128 * MB + 4 * PAGE_SIZE, 4 * PAGE_SIZE,
						  &done), 0);
	free_own_pages(GB + 128 * MB - 8 * PAGE_SIZE, GB + 128 * MB + 8 * PAGE_SIZE);
	crash(where);
	assert_int_equal(expect_hidden(), n);
	wake_up();
	unload();
}

/* While a command is under way, its pages are hidden */
static void look_while_changing(u64 x[5])
{
	if (x[0] != RMI_GRANULE_RANGE_DELEGATE && x[0] != RMI_GRANULE_RANGE_UNDELEGATE)
		return;
	world.smc = NULL;
	crash(where);
	for (u64 at = x[1]; at < x[2]; at += PAGE_SIZE)
		assert_false(world.vmcore->pfn_is_ram(world.vmcore, PHYS_PFN(at)));
	wake_up();
	world.smc = look_while_changing;
	world.smc_done = false;
}

static void what_changes_is_hidden(void **state)
{
	size_t done;

	(void)state;
	load_paid(12);
	world.smc = look_while_changing;
	own_pages(GB + 128 * MB, GB + 129 * MB);
	assert_int_equal(cca_rmi_delegate_range(GB + 128 * MB, MB), 0);
	assert_int_equal(cca_rmi_undelegate_range(GB + 128 * MB, MB, &done), 0);
	free_own_pages(GB + 128 * MB, GB + 129 * MB);
	world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
	assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	assert_int_equal(world_offline(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	world.smc = NULL;
	unload();
}

static void expect_unread(const char *given, const char *why)
{
	char text[120];

	crash(given);
	snprintf(text, sizeof(text), "%s (%s)\n",
		 "/proc/vmcore has pages that the RMM may have: use makedumpfile", why);
	assert_non_null(strstr(world.log, text));
	assert_null(world.vmcore);
	wake_up();
}

/* An index of another load, or none, is no index */
static void stale_index_is_told(void **state)
{
	static const char stale[] = "vmcore_index is of another load of the module";
	static const char unread[] = "the index can't be read";
	char other[64];
	u64 *table;
	u64 root;

	(void)state;
	load_paid(12);
	expect_unread(NULL, "no vmcore_index on the command line");
	snprintf(other, sizeof(other), "%p,%#llx", (void *)head, (u64)head->generation + 1);
	expect_unread(other, stale);
	head->magic++;
	expect_unread(where, stale);
	head->magic--;
	head->page_shift = 14;
	expect_unread(where, stale);
	head->page_shift = 12;
	snprintf(other, sizeof(other), "%p,%#llx", (char *)head + 8, (u64)head->generation);
	expect_unread(other, unread);
	for (unsigned int nth = 1; nth < 5; nth++) {
		world.fail_memremap = nth;
		expect_unread(where, unread);
		assert_int_equal(world.fail_memremap, 0);
	}
	root = head->root;
	head->root = 0;
	expect_unread(where, unread);
	head->root = root + 8;
	expect_unread(where, unread);
	head->root = root;
	/* One that refers to itself, so that three levels are of 41 + 41^2 + 41^3 pages */
	table = (u64 *)root;
	for (unsigned int i = 1; i <= 41; i++)
		table[i] = root;
	expect_unread(where, unread);
	for (unsigned int i = 1; i <= 41; i++)
		table[i] = 0;
	crash(where);
	expect_hidden();
	wake_up();
	unload();
}

static void no_memory_is_told(void **state)
{
	(void)state;
	load_paid(12);
	/* for the ranges that are read */
	world.fail_alloc = 1;
	expect_unread(where, "the index can't be read");
	world.fail_alloc = 0;
	unload();
}

static void parameter_is_what_it_says(void **state)
{
	char buf[64], other[64];

	(void)state;
	load_paid(12);
	assert_int_equal(shim_set_vmcore_index("0x1000"), -EINVAL);
	assert_int_equal(shim_set_vmcore_index("0x1000,2,3"), -EINVAL);
	assert_int_equal(shim_set_vmcore_index("on"), -EINVAL);
	snprintf(other, sizeof(other), "%p,%#llx\n", (void *)head, (u64)head->generation);
	assert_string_equal(where, other);
	shim_module_exit();
	/* Another load has another one */
	load();
	assert_true(shim_get_vmcore_index(buf) > 0);
	assert_string_not_equal(strchr(buf, ','), strchr(where, ','));
	shim_module_exit();
	assert_true(shim_get_vmcore_index(buf) > 0);
	assert_string_equal(buf, "0,0\n");
	assert_int_equal(shim_set_vmcore_index("0x1000,0x2"), 0);
	assert_true(shim_get_vmcore_index(buf) > 0);
	assert_string_equal(buf, "0x1000,0x2\n");
	world_end();
}

static void crash_kernel_of_before_is_told_of(void **state)
{
	static const char text[] = "the crash kernel was loaded before: only makedumpfile can";

	(void)state;
	load_paid(12);
	assert_null(strstr(world.log, text));
	unload();
	describe(RMM_DIALECT_BETA3);
	make(12);
	world.crash_loaded = true;
	load();
	assert_non_null(strstr(world.log, text));
	unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_lent_is_hidden),
		cmocka_unit_test(what_comes_back_is_shown),
		cmocka_unit_test(what_changes_is_hidden),
		cmocka_unit_test(stale_index_is_told),
		cmocka_unit_test(no_memory_is_told),
		cmocka_unit_test(parameter_is_what_it_says),
		cmocka_unit_test(crash_kernel_of_before_is_told_of),
	};

	return cmocka_run_group_tests_name("vmcore", tests, NULL, NULL);
}
