// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reboot, kexec and hibernation: whoever comes next finds nothing of ours with the RMM, and what
 * returns is covered again
 */
#include "module_fixture.h"
#include "../../src/walk.h"

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

/* Before and in the middle of a load ----------------------------------------------------------- */

static unsigned int at_command;		/* with the load's so many-th one */
static void (*event)(void);

static void reboot_event(void)
{
	assert_int_equal(world_reboot(), 0);
}

static void kexec_event(void)
{
	assert_int_equal(world_reboot_as(SYS_RESTART, "kexec reboot"), 0);
}

static void prepare_event(void)
{
	assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), 0);
}

static void power_off_event(void)
{
	assert_int_equal(world_reboot_as(SYS_POWER_OFF, NULL), 0);
}

static void (*const events[])(void) = { reboot_event, kexec_event, prepare_event };

static void once_all_are_registered(void)
{
	if (world.notifiers.nr)
		event();
}

/* The load sees that everything is released, and says nothing to the RMM at all */
static void events_before_a_load(void **state)
{
	(void)state;
	for (unsigned int e = 0; e < ARRAY_SIZE(events); e++)
		for (unsigned int require = 0; require < 2; require++) {
			describe(RMM_DIALECT_BETA3);
			machine.flags = HOST_PAYS;
			make(12);
			event = events[e];
			world.registered = once_all_are_registered;
			*shim_require = require;
			assert_int_equal(shim_module_init(), require ? -ENODEV : 0);
			assert_int_equal(world.smcs, 0);
			if (require) {
				world_end();
				continue;
			}
			assert_released();
			/* the image has been written, or read: now is the time to load */
			if (event == prepare_event) {
				assert_int_equal(world_pm(PM_POST_HIBERNATION), 0);
				assert_available(GB);
				assert_donated(PRICE);
			}
			unload();
		}
}

static void in_the_middle(u64 x[5])
{
	(void)x;
	if (at_command && !--at_command)
		world_meanwhile(event);
}

static void events_in_the_middle_of_a_load(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++)
		for (unsigned int e = 0; e < ARRAY_SIZE(events); e++) {
			unsigned int n, all;

			describe(paid[d]);
			machine.flags = HOST_PAYS;
			make(12);
			world_ram(2 * GB, 3 * GB, true);
			load();
			all = world.smcs;
			unload();
			for (n = 1; n <= all; n++) {
				make(12);
				world_ram(2 * GB, 3 * GB, true);
				at_command = n;
				event = events[e];
				world.smc = in_the_middle;
				load();
				assert_int_equal(at_command, 0);
				assert_released();
				if (event == prepare_event) {
					assert_int_equal(world_pm(PM_POST_HIBERNATION), 0);
					assert_available(2 * GB);
					assert_donated(2 * PRICE);
				}
				unload();
			}
		}
}

/* Firmware starts anew where the power goes off */
static void power_off_gives_nothing_back(void **state)
{
	static const unsigned long off[] = { SYS_HALT, SYS_POWER_OFF };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(off); i++) {
		u64 calls;

		make_paid(RMM_DIALECT_BETA3);
		calls = world.smcs;
		assert_int_equal(world_reboot_as(off[i], NULL), 0);
		assert_int_equal(world.smcs, calls);
		assert_file("reason", "released");
		assert_file("available", "0");
		assert_donated(2 * PRICE);
		/* nor is anything lent any more */
		world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
		world_online(2 * GB, 2 * GB + WORLD_BLOCK);
		assert_int_equal(cca_rmi_delegate_range(GB, PAGE), -ENODEV);
		assert_int_equal(world.smcs, calls);
		unload();
	}
	/* ... in the middle of a load: what was lent so far comes back, as that fails */
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	at_command = 12;
	event = power_off_event;
	world.smc = in_the_middle;
	load();
	assert_int_equal(at_command, 0);
	assert_released();
	unload();
}

/* Other modules' notifiers --------------------------------------------------------------------- */

/* A page of its own, and granules that it took */
static struct {
	u64 own;
	phys_addr_t taken[3];
	bool keeps;		/* its notifiers do nothing */
	int refuses;		/* ... but this */
	unsigned int called;
} consumer;

static void consumer_takes(void)
{
	own_pages(consumer.own, consumer.own + PAGE);
	assert_int_equal(cca_rmi_delegate_range(consumer.own, PAGE), 0);
	assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 3, consumer.taken), 0);
}

static void consumer_returns(void)
{
	size_t done;

	assert_int_equal(cca_rmi_undelegate_range(consumer.own, PAGE, &done), 0);
	assert_int_equal(done, PAGE);
	free_own_pages(consumer.own, consumer.own + PAGE);
	assert_int_equal(cca_rmi_return_granules(consumer.taken, 3), 0);
}

static int consumer_reboots(struct notifier_block *nb, unsigned long action, void *arg)
{
	(void)nb;
	(void)action;
	(void)arg;
	consumer.called++;
	if (!consumer.keeps)
		consumer_returns();
	return NOTIFY_DONE;
}

static int consumer_sleeps(struct notifier_block *nb, unsigned long action, void *arg)
{
	(void)nb;
	(void)arg;
	consumer.called++;
	if (action == PM_HIBERNATION_PREPARE && consumer.refuses)
		return notifier_from_errno(consumer.refuses);
	if (consumer.keeps)
		return NOTIFY_DONE;
	if (action == PM_HIBERNATION_PREPARE)
		consumer_returns();
	if (action == PM_POST_HIBERNATION) {
		/* Realms are there again */
		assert_true(cca_rmi_is_available());
		consumer_takes();
	}
	return NOTIFY_DONE;
}

static struct notifier_block consumer_reboot = { .notifier_call = consumer_reboots };
static struct notifier_block consumer_pm = { .notifier_call = consumer_sleeps };

static void make_with_consumer(enum rmm_dialect dialect, u64 flags)
{
	describe(dialect);
	machine.flags = flags;
	make(12);
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, true);
	load();
	consumer.own = 2 * GB - PAGE;
	consumer.keeps = false;
	consumer.refuses = 0;
	consumer.called = 0;
	consumer_takes();
	/* a consumer needs us to be loaded: it comes later, and of the same priority as most */
	assert_int_equal(register_reboot_notifier(&consumer_reboot), 0);
	assert_int_equal(register_pm_notifier(&consumer_pm), 0);
}

static void end_with_consumer(void)
{
	unregister_reboot_notifier(&consumer_reboot);
	unregister_pm_notifier(&consumer_pm);
	unload();
}

static void consumers_give_back_before_a_reboot(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int kexec = 0; kexec < 2; kexec++) {
			make_with_consumer(dialects[d], d ? HOST_PAYS : 0);
			assert_int_equal(
				world_reboot_as(SYS_RESTART, kexec ? "kexec reboot" : NULL), 0);
			assert_int_equal(consumer.called, 1);
			assert_released();
			assert_null(strstr(world.log, "the next kernel"));
			end_with_consumer();
		}
}

/* One that doesn't: what can come back does, and the rest is told */
static void what_consumers_keep_is_told(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++) {
		make_with_consumer(dialects[d], d ? HOST_PAYS : 0);
		consumer.keeps = true;
		assert_int_equal(world_reboot_as(SYS_RESTART, "kexec reboot"), 0);
		assert_int_equal(rmm_delegated(world.rmm), 4 * PAGE);
		/* the regions and PARs with no page of it are as they were */
		assert_int_equal(rmm_tracking(world.rmm, 3 * GB),
				 d ? RMI_TRACKING_COARSE : RMI_TRACKING_FINE);
		assert_non_null(strstr(world.log, "16 KB that other modules delegated are left"));
		consumer_returns();
		end_with_consumer();
	}
}

static void consumers_give_back_before_hibernation(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++) {
		make_with_consumer(dialects[d], d ? HOST_PAYS : 0);
		for (unsigned int round = 1; round <= 3; round++) {
			assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), 0);
			assert_released();
			assert_int_equal(world_pm(PM_POST_HIBERNATION), 0);
			assert_available(GB + WORLD_BLOCK);
			assert_int_equal(consumer.called, 2 * round);
			assert_int_equal(rmm_delegated(world.rmm), 4 * PAGE);
		}
		consumer_returns();
		end_with_consumer();
	}
}

/* No RMM is lent anything in the static case, and yet the image must not be written */
static void hibernation_is_refused_while_consumers_keep_pages(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++) {
		u64 calls;

		make_with_consumer(dialects[d], d ? HOST_PAYS : 0);
		consumer.keeps = true;
		calls = world.smcs;
		for (unsigned int i = 0; i < 3; i++) {
			static const unsigned long prepare[] = {
				PM_HIBERNATION_PREPARE, PM_RESTORE_PREPARE, PM_HIBERNATION_PREPARE,
			};

			assert_int_equal(world_pm(prepare[i]), -EBUSY);
			assert_available(GB + WORLD_BLOCK);
			assert_lent();
			assert_int_equal(rmm_delegated(world.rmm), 4 * PAGE);
		}
		/* it isn't worth giving anything back */
		assert_int_equal(world.smcs, calls);
		assert_non_null(strstr(world.log,
				       "no hibernation: other modules have delegated 16 KB"));
		/* each way of having pages is enough */
		assert_int_equal(cca_rmi_return_granules(consumer.taken, 3), 0);
		assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EBUSY);
		assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 3, consumer.taken), 0);
		consumer_returns();
		assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 3, consumer.taken), 0);
		assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EBUSY);
		assert_int_equal(cca_rmi_return_granules(consumer.taken, 3), 0);
		assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), 0);
		assert_released();
		end_with_consumer();
	}
}

/* Another module refuses before us: that it is over is told to us, too, and changes nothing */
static void hibernation_that_others_refuse_changes_nothing(void **state)
{
	u64 calls;

	(void)state;
	make_with_consumer(RMM_DIALECT_BETA3, HOST_PAYS);
	consumer.refuses = -EAGAIN;
	calls = world.smcs;
	assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EAGAIN);
	assert_int_equal(world.smcs, calls);
	assert_available(GB + WORLD_BLOCK);
	assert_int_equal(rmm_delegated(world.rmm), 4 * PAGE);
	consumer_returns();
	end_with_consumer();
}

/* Changes that are under way ------------------------------------------------------------------- */

static u64 event_fid;
static unsigned int fired;
static int event_result;

/* The command is on its way to the RMM as hibernation begins: no lock of ours is held */
static void prepare_at_command(u64 x[5])
{
	if (x[0] != event_fid || fired++)
		return;
	event_result = world_pm(PM_HIBERNATION_PREPARE);
}

static void hibernation_is_refused_while_pages_change(void **state)
{
	const u64 page = GB + 512 * MB;
	size_t done;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int back = 0; back < 2; back++) {
			describe(dialects[d]);
			machine.flags = d ? HOST_PAYS : 0;
			make(12);
			load();
			own_pages(page, page + PAGE);
			if (back)
				assert_int_equal(cca_rmi_delegate_range(page, PAGE), 0);
			world.smc = prepare_at_command;
			fired = 0;
			event_fid = back ? RMI_GRANULE_RANGE_UNDELEGATE :
					   RMI_GRANULE_RANGE_DELEGATE;
			assert_int_equal(back ? cca_rmi_undelegate_range(page, PAGE, &done) :
						cca_rmi_delegate_range(page, PAGE), 0);
			assert_true(fired > 0);
			assert_int_equal(event_result, -EBUSY);
			assert_int_equal(rmm_delegated(world.rmm), back ? 0 : PAGE);
			assert_available(GB);
			if (!back)
				assert_int_equal(cca_rmi_undelegate_range(page, PAGE, &done), 0);
			free_own_pages(page, page + PAGE);
			unload();
		}
}

static void prepare_meanwhile(void)
{
	event_result = world_pm(PM_HIBERNATION_PREPARE);
}

static void others_prepare_at_command(u64 x[5])
{
	if (x[0] == event_fid && !fired++)
		world_meanwhile(prepare_meanwhile);
}

/* Granules that are being taken are a consumer's by the time that everything else is back */
static void hibernation_is_refused_while_granules_are_taken(void **state)
{
	phys_addr_t granule[40];

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++) {
		int rc;

		describe(dialects[d]);
		machine.flags = d ? HOST_PAYS : 0;
		make(12);
		load();
		world.smc = others_prepare_at_command;
		fired = 0;
		event_fid = RMI_GRANULE_RANGE_DELEGATE;
		rc = cca_rmi_take_granules(NUMA_NO_NODE, 40, granule);
		assert_true(fired > 0);
		assert_int_equal(rc, 0);
		assert_int_equal(event_result, -EBUSY);
		assert_available(GB);
		assert_int_equal(rmm_delegated(world.rmm), 40 * PAGE);
		assert_int_equal(cca_rmi_return_granules(granule, 40), 0);
		unload();
	}
}

static bool release_next;

static void release_at_unlock(void)
{
	if (!release_next || world.locks_held)
		return;
	release_next = false;
	assert_int_equal(world_reboot(), 0);
}

/* Whatever lock a delegation has just let go of as everything is released: none is issued then */
static void nothing_is_delegated_once_it_is_released(void **state)
{
	const u64 page = GB + 512 * MB;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++)
		for (unsigned int take = 0; take < 2; take++) {
			phys_addr_t granule;
			u64 before;

			describe(dialects[d]);
			machine.flags = d ? HOST_PAYS : 0;
			make(12);
			load();
			own_pages(page, page + PAGE);
			assert_int_equal(cca_rmi_ensure_range(page, PAGE), 0);
			before = rmm_commands(world.rmm, RMI_GRANULE_RANGE_DELEGATE);
			release_next = true;
			world.unlocked = release_at_unlock;
			if (!take) {
				assert_int_equal(cca_rmi_delegate_range(page, PAGE), -ENODEV);
				assert_false(release_next);
				assert_int_equal(rmm_commands(world.rmm,
							      RMI_GRANULE_RANGE_DELEGATE), before);
			}
			release_next = false;
			world.unlocked = NULL;
			assert_int_equal(world_reboot(), 0);
			assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, 1, &granule), -ENODEV);
			assert_int_equal(rmm_delegated(world.rmm), 0);
			free_own_pages(page, page + PAGE);
			assert_released();
			unload();
		}
}

static int waiting_result;
static void (*waits)(void);

static void take_one(void)
{
	phys_addr_t granule;

	waiting_result = cca_rmi_take_granules(NUMA_NO_NODE, 1, &granule);
}

static void ensure_one(void)
{
	waiting_result = cca_rmi_ensure_range(GB, PAGE);
}

/* While memory is covered, somebody waits for his turn, and all is released */
static void wait_and_release(u64 x[5])
{
	if (x[0] != RMI_GRANULE_TRACKING_GET || fired++)
		return;
	world_meanwhile(waits);
	walk_set_released(true);
}

static void wait_for_nothing(const char *cover, u64 flags, void (*fn)(void))
{
	describe(RMM_DIALECT_BETA3);
	machine.flags = flags;
	make(12);
	shim_set_cover(cover);
	load();
	world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
	world.smc = wait_and_release;
	waits = fn;
	fired = 0;
	waiting_result = 1;
	world_online(2 * GB, 2 * GB + WORLD_BLOCK);
	assert_int_equal(fired, 1);
	assert_int_equal(waiting_result, -ENODEV);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	assert_int_equal(rmm_donated(world.rmm), 0);
	unload();
}

static void who_waited_for_his_turn_has_nothing(void **state)
{
	(void)state;
	wait_for_nothing("eager", 0, take_one);
	wait_for_nothing("lazy", HOST_PAYS, ensure_one);
}

static unsigned int busy_left;

static void busy_with_undelegation(u64 x[5])
{
	if (x[0] != RMI_GRANULE_RANGE_UNDELEGATE || !busy_left)
		return;
	busy_left--;
	x[0] = RMI_BUSY;
	world.smc_done = true;
}

/* Stock that doesn't come back at once, in a region that was FINE before: an unload waits for it */
static void stock_comes_back_at_last(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = RMM_FLAG_HOST_PAYS;
	machine.tracking.nr = 1;
	machine.tracking.at[0] = (struct rmm_range){ GB, GB, RMI_TRACKING_FINE };
	make(12);
	load();
	/* what the RMM makes anew is paid from a region that stays FINE */
	world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
	world.smc = busy_with_undelegation;
	busy_left = ~0U;
	assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	busy_left = 200;
	unload();
	assert_int_equal(busy_left, 0);
}

/* RMMs that don't do it at once, or not at all ------------------------------------------------- */

#define MS	1000000ULL

static void make_large(u64 gb)
{
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	machine.memory.at[0].size = gb * GB;
	world_make(&machine, 12);
	world_ram(GB, (1 + gb) * GB, true);
	load();
	assert_available(gb * GB);
	assert_donated(gb * PRICE);
}

static u64 dead_answer;

static void dead(u64 x[5])
{
	if (!dead_answer)
		return;
	x[0] = dead_answer;
	world.smc_done = true;
}

/* Its patience is of the whole, not of each PAR and region; what it kept comes back later */
static void an_rmm_that_is_dead_costs_one_patience(void **state)
{
	static const u64 answers[] = { RMI_BUSY, RMI_BLOCKED, RMI_ERROR_NOT_SUPPORTED, -1ULL };
	static const u64 sizes[] = { 1, 100 };

	(void)state;
	for (unsigned int a = 0; a < ARRAY_SIZE(answers); a++)
		for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
			for (unsigned int kexec = 0; kexec < 2; kexec++) {
				const u64 patience = kexec ? 10000 * MS : 1000 * MS;
				u64 start, took;

				make_large(sizes[i]);
				world.smc = dead;
				dead_answer = answers[a];
				start = world.now_ns;
				world_reboot_as(SYS_RESTART, kexec ? "kexec reboot" : NULL);
				took = world.now_ns - start;
				/* in jiffies of 4 ms */
				assert_true(took >= patience - 4 * MS);
				assert_true(took <= patience + 1000 * MS);
				assert_int_equal(rmm_donated(world.rmm), sizes[i] * PRICE);
				assert_file("reason", "released");
				/* it answers again */
				dead_answer = 0;
				unload();
			}
}

/* With nothing lent there is little to ask */
static void a_static_rmm_that_is_dead(void **state)
{
	u64 start;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	load();
	world.smc = dead;
	dead_answer = RMI_BUSY;
	start = world.now_ns;
	world_reboot();
	assert_true(world.now_ns - start <= 2000 * MS);
	dead_answer = 0;
	unload();
}

/* It died in the middle of an operation, of which its other commands know nothing */
static void die_in_operation(u64 x[5])
{
	if (dead_answer && (x[0] == RMI_OP_CONTINUE || x[0] == RMI_OP_MEM_DONATE ||
			    x[0] == RMI_OP_MEM_RECLAIM || x[0] == RMI_OP_CANCEL)) {
		x[0] = dead_answer;
		world.smc_done = true;
	}
}

static void an_rmm_whose_operations_are_dead(void **state)
{
	static const u64 sizes[] = { 1, 3, 100 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
		for (unsigned int early = 0; early < 2; early++)
			for (unsigned int kexec = 0; kexec < 2; kexec++) {
				const u64 patience = kexec ? 10000 * MS : 1000 * MS;
				u64 start, took;

				dead_answer = 0;
				describe(RMM_DIALECT_BETA3);
				machine.flags = HOST_PAYS;
				machine.memory.at[0].size = sizes[i] * GB;
				world_make(&machine, 12);
				world_ram(GB, (1 + sizes[i]) * GB, true);
				world.smc = die_in_operation;
				if (early)
					dead_answer = RMI_BUSY;
				load();
				assert_file("reason", early ? "unfinished" : "ok");
				assert_int_equal(rmm_operations(world.rmm), early);
				dead_answer = RMI_BUSY;
				start = world.now_ns;
				world_reboot_as(SYS_RESTART, kexec ? "kexec reboot" : NULL);
				took = world.now_ns - start;
				assert_true(took >= patience - 4 * MS);
				assert_true(took <= patience + 1000 * MS);
				/* few are begun, and waited for */
				assert_in_range(rmm_operations(world.rmm), 1, 2);
				dead_answer = 0;
				assert_int_equal(world_reboot(), 0);
				assert_donated(0);
				unload();
			}
}

/* Each consumer left one unfinished: that is no more to wait for */
static void several_operations_that_are_dead(void **state)
{
	const u64 gb = 6;
	u64 start, took;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	machine.memory.at[0].size = gb * GB;
	world_make(&machine, 12);
	world_ram(GB, (1 + gb) * GB, true);
	assert_int_equal(shim_set_cover("lazy"), 0);
	load();
	world.smc = die_in_operation;
	dead_answer = RMI_BUSY;
	for (u64 i = 1; i <= gb; i++) {
		const int rc = cca_rmi_ensure_range(i * GB, PAGE);

		assert_true(rc == -EBUSY || rc == -ETIMEDOUT);
	}
	assert_true(rmm_operations(world.rmm) >= 5);
	start = world.now_ns;
	world_reboot();
	took = world.now_ns - start;
	assert_in_range(took / MS, 996, 2000);
	dead_answer = 0;
	assert_int_equal(world_reboot(), 0);
	assert_int_equal(rmm_operations(world.rmm), 0);
	assert_donated(0);
	unload();
}

/* The same of delegations: consumers' pages are nobody's to wait for, one by one */
static void several_delegations_that_are_dead(void **state)
{
	const u64 first = GB + 64 * MB, nr = 6;
	u64 start, took, heap;
	size_t done;

	(void)state;
	describe(RMM_DIALECT_AUTUMN);
	machine.granules = 1;
	machine.yield_every = 1;
	make(12);
	load();
	assert_file("reason", "ok");
	for (u64 i = 0; i < nr; i++)
		assert_int_equal(cca_rmi_ensure_range(first + i * MB, 2 * PAGE), 0);
	heap = world.heap_bytes;
	world.smc = die_in_operation;
	dead_answer = RMI_BUSY;
	for (u64 i = 0; i < nr; i++) {
		const u64 at = first + i * MB;

		own_pages(at, at + 2 * PAGE);
		assert_int_equal(cca_rmi_delegate_range(at, 2 * PAGE), -ENOTRECOVERABLE);
	}
	assert_int_equal(rmm_operations(world.rmm), nr);
	start = world.now_ns;
	world_reboot();
	took = world.now_ns - start;
	assert_in_range(took / MS, 996, 2000);
	dead_answer = 0;
	world_reboot();
	assert_int_equal(rmm_operations(world.rmm), 0);
	for (u64 i = 0; i < nr; i++) {
		assert_int_equal(cca_rmi_undelegate_range(first + i * MB, 2 * PAGE, &done), 0);
		free_own_pages(first + i * MB, first + i * MB + 2 * PAGE);
	}
	/* what they were kept in, 80 bytes each, is free again */
	assert_in_range(world.heap_bytes - heap, 0, 128);
	unload();
}

static u64 stalled_until;
static bool undelegates;

/* An UNDELEGATE can't be continued for longer than any command is waited for, once */
static void stall_once(u64 x[5])
{
	if (x[0] != RMI_OP_CONTINUE) {
		undelegates = x[0] == RMI_GRANULE_RANGE_UNDELEGATE;
		return;
	}
	if (!undelegates)
		return;
	if (!stalled_until)
		stalled_until = world.now_ns + 1100 * MS;
	if (world.now_ns < stalled_until) {
		x[0] = RMI_BUSY;
		world.smc_done = true;
	}
}

/* It is gone on with as soon as that works, and not when nothing else is left to do */
static void a_stalled_undelegation_is_resumed(void **state)
{
	u64 start;

	(void)state;
	describe(RMM_DIALECT_AUTUMN);
	machine.granules = 1;
	machine.yield_every = 1;
	machine.memory.at[0].size = 3 * GB;
	world_make(&machine, 12);
	world_ram(GB, 4 * GB, true);
	load();
	assert_file("reason", "ok");
	world.smc = stall_once;
	stalled_until = 0;
	start = world.now_ns;
	assert_int_equal(world_reboot_as(SYS_RESTART, "kexec reboot"), 0);
	assert_true(stalled_until > 0);
	assert_in_range((world.now_ns - start) / MS, 1000, 1500);
	assert_donated(0);
	assert_int_equal(rmm_operations(world.rmm), 0);
	unload();
}

static u64 held_region;

static void hold_region(u64 x[5])
{
	if (x[0] != RMI_GRANULE_TRACKING_SET || x[1] != held_region)
		return;
	x[0] = RMI_BLOCKED;
	world.smc_done = true;
}

/* One region BLOCKED for ever: all others come back, but for those whose metadata it holds */
static void one_region_that_is_held(void **state)
{
	const u64 gb = 40;

	(void)state;
	for (u64 i = 1; i < gb; i++) {
		u64 start;

		make_large(gb);
		/* all of it lies in the first */
		held_region = (1 + i) * GB;
		world.smc = hold_region;
		start = world.now_ns;
		world_reboot();
		assert_true(world.now_ns - start <= 2000 * MS);
		/*
		 * its own metadata, in the first region, and what describes that; and that one's
		 * table
		 */
		assert_donated(2 * METADATA + TABLE);
		for (u64 at = 1; at < 1 + gb; at++)
			assert_int_equal(rmm_tracking(world.rmm, at * GB),
					 at == 1 || at == 1 + i ? RMI_TRACKING_FINE :
								  RMI_TRACKING_COARSE);
		/* the other one has let go of it */
		held_region = 0;
		assert_int_equal(world_reboot(), 0);
		assert_donated(0);
		unload();
	}
}

#define CONTENTIONS	1000

static unsigned int contentions;
static u64 contended_until;

/* After each command that is let through, all others are held up for 5 ms, a thousand times */
static void contend(u64 x[5])
{
	if (world.now_ns >= contended_until) {
		if (contentions < CONTENTIONS) {
			contentions++;
			contended_until = world.now_ns + 5 * MS;
		}
		return;
	}
	/* What is not begun may be BLOCKED as well */
	x[0] = contentions & 1 && x[0] != RMI_OP_MEM_RECLAIM && x[0] != RMI_OP_CONTINUE ?
	       RMI_BLOCKED : RMI_BUSY;
	world.smc_done = true;
}

static void a_thousand_contentions(void **state)
{
	u64 start;

	(void)state;
	make_large(300);
	contentions = 0;
	contended_until = 0;
	world.smc = contend;
	start = world.now_ns;
	world_reboot();
	assert_int_equal(contentions, CONTENTIONS);
	assert_true(world.now_ns - start >= CONTENTIONS * 5 * MS);
	assert_donated(0);
	unload();
}

/* What a load leaves behind -------------------------------------------------------------------- */

static bool refuses, keeps;

/* The second region can't be had, and the first not be had back */
static void refuse_and_keep(u64 x[5])
{
	if (x[0] == RMI_GRANULE_TRACKING_SET && x[1] == 2 * GB && refuses) {
		x[0] = RMI_ERROR_TRACKING;
		world.smc_done = true;
	}
	if (x[0] == RMI_GRANULE_TRACKING_SET && x[3] != RMI_TRACKING_FINE && keeps) {
		x[0] = RMI_BLOCKED;
		world.smc_done = true;
	}
}

/*
 * A load that fails and can't have everything back stays: somebody must be there at kexec, whatever
 * `require` says
 */
static void what_a_failed_load_left_comes_back_later(void **state)
{
	(void)state;
	for (unsigned int require = 0; require < 2; require++)
		for (unsigned int way = 0; way < 4; way++) {
			describe(RMM_DIALECT_BETA3);
			machine.flags = HOST_PAYS;
			make(12);
			world_ram(2 * GB, 3 * GB, true);
			*shim_require = require;
			world.smc = refuse_and_keep;
			refuses = true;
			keeps = true;
			load();
			assert_file("reason", "not-fine");
			assert_file("available", "0");
			/* the first region and its table */
			assert_donated(PRICE);
			keeps = false;
			if (way == 0)
				assert_int_equal(world_reboot(), 0);
			if (way == 1)
				assert_int_equal(world_reboot_as(SYS_RESTART, "kexec reboot"), 0);
			if (way == 2)
				assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), 0);
			if (way < 3)
				assert_released();
			unload();
		}
	/* With nothing left, `require` is obeyed */
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	world_ram(2 * GB, 3 * GB, true);
	*shim_require = true;
	world.smc = refuse_and_keep;
	keeps = false;
	assert_int_equal(shim_module_init(), -ENODEV);
	assert_int_equal(rmm_donated(world.rmm), 0);
	world_end();
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
		cmocka_unit_test(events_before_a_load),
		cmocka_unit_test(events_in_the_middle_of_a_load),
		cmocka_unit_test(power_off_gives_nothing_back),
		cmocka_unit_test(consumers_give_back_before_a_reboot),
		cmocka_unit_test(what_consumers_keep_is_told),
		cmocka_unit_test(consumers_give_back_before_hibernation),
		cmocka_unit_test(hibernation_is_refused_while_consumers_keep_pages),
		cmocka_unit_test(hibernation_that_others_refuse_changes_nothing),
		cmocka_unit_test(hibernation_is_refused_while_pages_change),
		cmocka_unit_test(hibernation_is_refused_while_granules_are_taken),
		cmocka_unit_test(nothing_is_delegated_once_it_is_released),
		cmocka_unit_test(who_waited_for_his_turn_has_nothing),
		cmocka_unit_test(stock_comes_back_at_last),
		cmocka_unit_test(an_rmm_that_is_dead_costs_one_patience),
		cmocka_unit_test(a_static_rmm_that_is_dead),
		cmocka_unit_test(an_rmm_whose_operations_are_dead),
		cmocka_unit_test(several_operations_that_are_dead),
		cmocka_unit_test(several_delegations_that_are_dead),
		cmocka_unit_test(a_stalled_undelegation_is_resumed),
		cmocka_unit_test(one_region_that_is_held),
		cmocka_unit_test(a_thousand_contentions),
		cmocka_unit_test(what_a_failed_load_left_comes_back_later),
		cmocka_unit_test(registration_fails),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("shutdown", tests, NULL, NULL);
}
