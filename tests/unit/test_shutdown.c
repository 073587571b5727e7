// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reboot, kexec and hibernation: whoever comes next finds nothing of ours with the RMM, and what
 * returns is covered again
 */
#include "module_fixture.h"

/* As <linux/suspend.h> numbers them */
#define HIBERNATION_PREPARE	1
#define POST_HIBERNATION	2
#define SUSPEND_PREPARE		3
#define POST_SUSPEND		4
#define RESTORE_PREPARE		5
#define POST_RESTORE		6

#define PAGE	4096ULL

static void make_paid(enum rmm_dialect dialect)
{
	describe(dialect);
	machine.flags = HOST_PAYS;
	make(12);
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, true);
	load();
	assert_available(GB + WORLD_BLOCK);
	assert_donated(2 * PRICE);
}

static void assert_released(void)
{
	assert_file("available", "0");
	assert_file("reason", "released");
	assert_file("detail", "");
	assert_file("memory_covered", "0");
	assert_donated(0);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	assert_int_equal(world.pages_out, 0);
	assert_false(cca_rmi_is_available());
	assert_int_equal(cca_rmi_ensure_range(GB, PAGE), -ENODEV);
}

static void reboot_gives_everything_back(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		make_paid(paid[d]);
		assert_int_equal(world_reboot(), 0);
		assert_released();
		assert_int_equal(rmm_tracking(world.rmm, GB), RMI_TRACKING_COARSE);
		assert_int_equal(rmm_par(world.rmm, GB), RMI_PAR_HOST_NOT_CREATED);
		assert_int_equal(rmm_is_active(world.rmm), paid[d] == RMM_DIALECT_BETA1);
		assert_file("rmm_state", paid[d] == RMM_DIALECT_BETA1 ? "active" : "init");
		/* a second notice is nothing new */
		assert_int_equal(world_reboot(), 0);
		assert_released();
		unload();
	}
}

static void hibernation_releases_and_covers_again(void **state)
{
	static const unsigned long prepare[] = { HIBERNATION_PREPARE, RESTORE_PREPARE };
	static const unsigned long post[] = { POST_HIBERNATION, POST_RESTORE };

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)
		for (unsigned int i = 0; i < ARRAY_SIZE(prepare); i++) {
			make_paid(paid[d]);
			for (int round = 0; round < 20; round++) {
				assert_int_equal(world_pm(prepare[i]), 0);
				assert_released();
				assert_int_equal(world_pm(post[i]), 0);
				assert_available(GB + WORLD_BLOCK);
				assert_donated(2 * PRICE);
			}
			shim_module_exit();
			assert_int_equal(rmm_donated(world.rmm), 0);
			assert_int_equal(rmm_is_active(world.rmm), paid[d] == RMM_DIALECT_BETA1);
			world_end();
		}
}

static void suspend_to_ram_changes_nothing(void **state)
{
	u64 calls;

	(void)state;
	make_paid(RMM_DIALECT_BETA3);
	calls = world.smcs;
	assert_int_equal(world_pm(SUSPEND_PREPARE), 0);
	assert_int_equal(world_pm(POST_SUSPEND), 0);
	assert_int_equal(world.smcs, calls);
	assert_available(GB + WORLD_BLOCK);
	unload();
}

/* The machine was off; the image wakes on an RMM that knows nothing */
static void resume_meets_a_fresh_rmm(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		make_paid(paid[d]);
		for (int round = 0; round < 3; round++) {
			assert_int_equal(world_pm(HIBERNATION_PREPARE), 0);
			assert_released();
			world_new_rmm();
			assert_false(rmm_is_active(world.rmm));
			assert_int_equal(world_pm(POST_HIBERNATION), 0);
			assert_true(rmm_is_active(world.rmm));
			assert_available(GB + WORLD_BLOCK);
			assert_donated(2 * PRICE);
		}
		unload();
	}
}

/* ... or on none, or without the memory to pay it */
static void resume_that_fails_is_told(void **state)
{
	(void)state;
	make_paid(RMM_DIALECT_BETA3);
	assert_int_equal(world_pm(HIBERNATION_PREPARE), 0);
	world.no_pages = true;
	assert_int_equal(world_pm(POST_HIBERNATION), 0);
	assert_file("available", "0");
	assert_file("reason", "no-memory");
	assert_donated(0);
	assert_non_null(strstr(world.log, "Realms are not available any more: no-memory"));
	world.no_pages = false;
	/* the next one finds it */
	assert_int_equal(world_pm(HIBERNATION_PREPARE), 0);
	assert_released();
	assert_int_equal(world_pm(POST_HIBERNATION), 0);
	assert_available(GB + WORLD_BLOCK);
	unload();
}

/* Memory that was hot-added after the resume is covered, and what went is forgotten */
static void hotplug_around_hibernation(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		make_paid(paid[d]);
		assert_int_equal(world_pm(HIBERNATION_PREPARE), 0);
		world_new_rmm();
		assert_int_equal(world_pm(POST_HIBERNATION), 0);
		world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
		assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
		assert_donated(3 * PRICE);
		assert_int_equal(world_offline(3 * GB, 3 * GB + WORLD_BLOCK), 0);
		assert_available(GB + WORLD_BLOCK);
		assert_donated(2 * PRICE);
		unload();
	}
}

/*
 * Between PREPARE and POST, and after a reboot was announced, nothing may be lent: the image, or
 * the next kernel, is near
 */
static void nothing_is_lent_once_it_is_released(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)
		for (unsigned int adopted = 0; adopted < 2; adopted++)
			for (unsigned int reboot = 0; reboot < 2; reboot++) {
				describe(paid[d]);
				machine.flags = HOST_PAYS | (adopted ? RMM_FLAG_BORN_ACTIVE : 0);
				world_make(&machine, 12);
				/* of one region with what comes */
				world_ram(GB, 2 * GB - WORLD_BLOCK, true);
				world_ram(2 * GB - WORLD_BLOCK, 2 * GB, false);
				load();
				assert_int_equal(
					reboot ? world_reboot() : world_pm(HIBERNATION_PREPARE), 0);
				assert_released();
				world_online(2 * GB - WORLD_BLOCK, 2 * GB);
				assert_donated(0);
				assert_file("available", "0");
				unload();
			}
}

/*
 * A consumer has delegated the last page of a region, which can't leave FINE then, and takes it
 * back later
 */
static void hibernation_is_refused_while_pages_are_delegated(void **state)
{
	const u64 page = 2 * GB - PAGE;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		size_t done;

		make_paid(paid[d]);
		own_pages(page, page + PAGE);
		assert_int_equal(cca_rmi_delegate_range(page, PAGE), 0);
		for (int round = 0; round < 3; round++) {
			assert_int_equal(world_pm(HIBERNATION_PREPARE), -EBUSY);
			assert_available(GB + WORLD_BLOCK);
			assert_lent();
			assert_int_equal(rmm_donated(world.rmm), 2 * PRICE);
			assert_int_equal(rmm_delegated(world.rmm), PAGE);
			assert_true(rmm_is_active(world.rmm));
		}
		assert_int_equal(cca_rmi_undelegate_range(page, PAGE, &done), 0);
		assert_int_equal(done, PAGE);
		free_own_pages(page, page + PAGE);
		assert_int_equal(world_pm(HIBERNATION_PREPARE), 0);
		assert_released();
		assert_int_equal(world_pm(POST_HIBERNATION), 0);
		assert_available(GB + WORLD_BLOCK);
		unload();
	}
}

/*
 * The module activated it; that hibernation was refused in between doesn't make it somebody else's
 */
static void refused_hibernation_does_not_disown_the_rmm(void **state)
{
	const u64 page = 2 * GB - PAGE;
	size_t done;

	(void)state;
	make_paid(RMM_DIALECT_BETA3);
	own_pages(page, page + PAGE);
	assert_int_equal(cca_rmi_delegate_range(page, PAGE), 0);
	assert_int_equal(world_pm(HIBERNATION_PREPARE), -EBUSY);
	assert_int_equal(cca_rmi_undelegate_range(page, PAGE, &done), 0);
	free_own_pages(page, page + PAGE);
	shim_module_exit();
	assert_int_equal(rmm_donated(world.rmm), 0);
	assert_false(rmm_is_active(world.rmm));
	world_end();
}

/* A notifier fires as it is taken off its chain: what it does then must not stay behind */
static void fire_all(void)
{
	static bool firing;

	if (firing)
		return;
	firing = true;
	world_online(2 * GB, 2 * GB + WORLD_BLOCK);
	firing = false;
}

static void events_during_unload_leave_nothing(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		make_paid(paid[d]);
		world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
		world.unregistering = fire_all;
		shim_module_exit();
		assert_int_equal(rmm_donated(world.rmm), 0);
		assert_int_equal(rmm_delegated(world.rmm), 0);
		assert_int_equal(rmm_is_active(world.rmm), paid[d] == RMM_DIALECT_BETA1);
		world_end();

		/* a load that fails takes the same way */
		describe(paid[d]);
		machine.flags = HOST_PAYS;
		machine.tracking.nr = 1;
		machine.tracking.at[0] = (struct rmm_range){ 3 * GB, GB, RMI_TRACKING_RESERVED };
		make(12);
		world_ram(3 * GB, 3 * GB + WORLD_BLOCK, true);
		world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
		world.unregistering = fire_all;
		load();
		assert_unavailable("not-tracked", "0xc0000000-0xc8000000 reserved");
		assert_donated(0);
		unload();
	}
}

/* After so many notifiers are registered, no more is */
static unsigned int registrations;

static void refuse_the_rest(void)
{
	if (registrations && --registrations)
		return;
	world.reboot_error = -EEXIST;
	world.pm_error = -EEXIST;
	world.notifier_error = -EEXIST;
}

/* Then there is no module, nothing was said to the RMM, and no other one stays registered */
static void registration_fails(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 4; n++) {
		describe(RMM_DIALECT_BETA3);
		make(12);
		registrations = n;
		if (!n)
			refuse_the_rest();
		world.registered = refuse_the_rest;
		assert_int_equal(shim_module_init(), -EEXIST);
		assert_int_equal(world.smcs, 0);
		world_end();
	}
	make(12);
	world.cpuhp_error = -ENOSPC;
	assert_int_equal(shim_module_init(), -ENOSPC);
	assert_int_equal(world.smcs, 0);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reboot_gives_everything_back),
		cmocka_unit_test(hibernation_releases_and_covers_again),
		cmocka_unit_test(suspend_to_ram_changes_nothing),
		cmocka_unit_test(resume_meets_a_fresh_rmm),
		cmocka_unit_test(resume_that_fails_is_told),
		cmocka_unit_test(hotplug_around_hibernation),
		cmocka_unit_test(nothing_is_lent_once_it_is_released),
		cmocka_unit_test(hibernation_is_refused_while_pages_are_delegated),
		cmocka_unit_test(refused_hibernation_does_not_disown_the_rmm),
		cmocka_unit_test(events_during_unload_leave_nothing),
		cmocka_unit_test(registration_fails),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("shutdown", tests, NULL, NULL);
}
