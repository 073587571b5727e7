// SPDX-License-Identifier: GPL-2.0-only
/* What those see who look for a fault, and those who wait for a change */
#include "module_fixture.h"

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* debugfs -------------------------------------------------------------------------------------- */

static void record_and_ledger(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	world_ram(2 * GB, 3 * GB, true);
	load();
	assert_available(2 * GB);
	assert_string_equal(world_debug("coverage"),
			    "0x40000000-0xc0000000 online\n"
			    "0x40000000-0xc0000000 fine\n"
			    "0x40000000-0xc0000000 fine-host\n"
			    "0x40000000-0xc0000000 table\n"
			    "0x40000000-0xc0000000 table-host\n");
	unload();
}

/* What a real RMM says of itself, the least that one can say, and one that keeps a register */
static void features(void **state)
{
	(void)state;
	describe(RMM_DIALECT_PUBLIC);
	machine.pps = 5;
	make(12);
	load();
	assert_available(GB);
	assert_file("ipa_bits", "52");
	assert_file("pa_bits", "48");
	assert_file("granule_sizes", "4096 16384 65536");
	assert_file("hash_algorithms", "sha256 sha512");
	assert_file("max_recs_order", "10");
	assert_file("dialect", "older");
	assert_file("tracking", "static");
	assert_file("region_size", "1073741824");
	assert_string_equal(world_debug("features"),
			    "0 0x317f34\n1 0x142af\n2 0x0\n3 0x3\n4 0x0\n");
	unload();

	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	machine.granules = 2;
	machine.nr_faults = 1;
	machine.fault[0] = (struct rmm_fault){
		.fid = RMI_FEATURES, .count = 1, .set = 1, .x = { RMI_ERROR_INPUT }
	};
	make(14);
	load();
	assert_available(GB);
	assert_null(world_read("ipa_bits"));
	assert_file("pa_bits", "40");
	assert_file("granule_sizes", "16384");
	assert_file("hash_algorithms", "none");
	assert_file("max_recs_order", "0");
	assert_file("dialect", "beta3");
	assert_file("tracking", "paid");
	assert_file("region_size", "33554432");
	unload();

	/* A register that it doesn't tell is left out, and another one isn't */
	machine.fault[0].skip = 3;
	make(14);
	load();
	assert_available(GB);
	assert_file("ipa_bits", "40");
	assert_string_equal(world_debug("features"), "0 0x28\n2 0x0\n3 0x0\n4 0x0\n");
	unload();

	/* lazily, it will be paid */
	machine.nr_faults = 0;
	make(14);
	shim_set_cover("lazy");
	load();
	assert_file("reason", "ok");
	assert_file("tracking", "paid");
	unload();
	shim_set_cover("eager");

	world_make(NULL, 12);
	world_ram(GB, 2 * GB, true);
	load();
	assert_null(world_read("granule_sizes"));
	assert_file("dialect", "none");
	assert_file("tracking", "none");
	assert_file("region_size", "0");
	assert_string_equal(world_debug("features"), "");
	unload();
}

/* One PAR is the platform's and FINE, one is the host's, and one is without RAM */
static void record_tells_whose_it_is(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	machine.tracking.nr = 1;
	machine.tracking.at[0] = (struct rmm_range){ GB, GB, RMI_TRACKING_FINE };
	machine.pars.nr = 1;
	machine.pars.at[0] = (struct rmm_range){ GB, GB, RMI_PAR_PLATFORM };
	make(12);
	world_ram(3 * GB, 4 * GB, true);
	load();
	assert_available(2 * GB);
	assert_string_equal(world_debug("coverage"),
			    "0x40000000-0x80000000 online\n"
			    "0xc0000000-0x100000000 online\n"
			    "0x40000000-0x80000000 fine\n"
			    "0xc0000000-0x100000000 fine\n"
			    "0xc0000000-0x100000000 fine-host\n"
			    "0x40000000-0x80000000 table\n"
			    "0xc0000000-0x100000000 table\n"
			    "0xc0000000-0x100000000 table-host\n");
	unload();
}

/* A load that failed leaves nothing covered; what it learnt until then can be looked at */
static void record_after_failure(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.memory.at[0].size = GB;
	make(12);
	world_ram(2 * GB, 3 * GB, true);
	load();
	assert_file("available", "0");
	assert_string_equal(world_debug("coverage"), "0x40000000-0x80000000 table\n");
	assert_string_equal(world_debug("donated"), "");
	unload();
}

static void record_without_memory(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	load();
	world.allocations = 0;
	world.fail_alloc = 1;
	assert_null(world_debug("coverage"));
	world.fail_alloc = 0;
	assert_int_equal(lines(world_debug("coverage")), 5);
	unload();
}

/* Each range is lent for something that is there, or guards what is; nothing else is kept */
static void ledger_adds_up(void **state)
{
	u64 start, end, base, last = 0;
	char kind[16];
	int used;

	(void)state;
	describe(RMM_DIALECT_BETA1);
	machine.flags = HOST_PAYS;
	make(12);
	load();
	assert_donated(PRICE);
	for (const char *p = world_debug("donated"); *p; p = strchr(p, '\n') + 1) {
		assert_int_equal(sscanf(p, "0x%llx-0x%llx %15s%n", &start, &end, kind, &used), 3);
		assert_true(start < end && start >= last);
		if (strcmp(kind, "held")) {
			assert_int_equal(sscanf(p + used, " 0x%llx\n", &base), 1);
			assert_int_equal(base, GB);
			/* of a run the first page is a guard */
			assert_int_equal(start, last);
		}
		last = end;
	}
	assert_int_equal(ledger_has("table"), TABLE);
	assert_int_equal(ledger_has("region"), METADATA);
	assert_int_equal(guards(), 2);
	assert_held();
	unload();
}

static bool keeps_pages;

/* An RMM that doesn't undelegate */
static void keep(u64 x[5])
{
	if (keeps_pages && x[0] == RMI_GRANULE_RANGE_UNDELEGATE) {
		x[0] = RMI_ERROR_INPUT;
		world.smc_done = true;
	}
}

static void lost_pages_are_told(void **state)
{
	u64 left;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
	load();
	/* its metadata is delegated pages of boot memory */
	assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	world.smc = keep;
	keeps_pages = true;
	assert_int_equal(world.traced.lost, 0);
	world_offline(2 * GB, 2 * GB + WORLD_BLOCK);
	keeps_pages = false;
	assert_int_equal(world.traced.lost, METADATA);
	assert_string_equal(world.traced.kind, "lost");
	assert_int_equal(ledger_has("lost"), METADATA);
	assert_number("memory_lost", METADATA);
	assert_available(GB);
	left = guards();
	shim_module_exit();
	/* They lie in the region of boot memory, which therefore stays as it is, with its table */
	world_end_with((METADATA + PRICE) / PAGE_SIZE + left, METADATA + PRICE);
}

#define HANDLE	0x77ULL

static u64 descriptor;

/* An RMM that wants two pages for itself to be activated, and gives them back */
static void hungry(u64 x[5])
{
	switch (x[0]) {
	case RMI_RMM_ACTIVATE:
		ask_model(x);
		x[0] = RMI_INCOMPLETE | RMI_MEM_REQ_DONATE << 8;
		x[1] = HANDLE;
		x[2] = 2 << 2 | RMI_MEM_UNDELEGATED << 17;
		break;
	case RMI_OP_MEM_DONATE:
		assert_int_equal(x[1], HANDLE);
		assert_int_equal(x[3], 1);
		descriptor = *(u64 *)world_at(x[2]);
		x[0] = RMI_SUCCESS;
		x[1] = 2;
		world.smc_done = true;
		break;
	case RMI_RMM_DEACTIVATE:
		x[0] = RMI_INCOMPLETE | RMI_MEM_REQ_RECLAIM << 8;
		x[1] = HANDLE;
		world.smc_done = true;
		break;
	case RMI_OP_MEM_RECLAIM:
		assert_int_equal(x[1], HANDLE);
		*(u64 *)world_at(x[2]) = descriptor;
		x[0] = RMI_SUCCESS;
		x[1] = 1;
		world.smc_done = true;
		break;
	}
}

static void what_the_rmm_itself_is_lent(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	world.smc = hungry;
	load();
	assert_available(GB);
	assert_number("memory_donated", 2 * PAGE_SIZE);
	/* behind their guard, and that is all */
	assert_int_equal(ledger_has("rmm"), 2 * PAGE_SIZE);
	assert_int_equal(guards(), 1);
	assert_int_equal(lines(world_debug("donated")), 2);
	assert_int_equal(world.traced.donated, 2 * PAGE_SIZE);
	shim_module_exit();
	assert_int_equal(world.traced.reclaimed, 2 * PAGE_SIZE);
	world_end();
}

/* Commands ------------------------------------------------------------------------------------- */

static unsigned int asked;

/* Some SMCs take longer than the 2000 ns of all; the first TRACKING_GET is BUSY twice */
static void slow(u64 x[5])
{
	static const u64 took[] = { 100, 200, 300 };

	if (x[0] != RMI_GRANULE_TRACKING_GET)
		return;
	if (asked < ARRAY_SIZE(took))
		world.now_ns += took[asked];
	if (asked++ < 2) {
		x[0] = RMI_BUSY;
		world.smc_done = true;
	}
}

static void commands_are_counted(void **state)
{
	u64 count, retries, failures, least, avg, most, all = 0, tries = 0;
	const char *text;
	char name[40];
	int used;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	world_ram(2 * GB, 3 * GB, true);
	world.smc = slow;
	asked = 0;
	load();
	assert_available(2 * GB);
	text = world_debug("commands");
	/*
	 * 3 * 2000 + 100 + 200 + 300, and another one, as the model tells of a region at a time; of
	 * GPT_INFO one more, to find out whether there is such a command
	 */
	assert_non_null(strstr(text, "\nRMI_GRANULE_TRACKING_GET 2 2 0 2000 4300 2300\n"));
	assert_non_null(strstr(text, "\nRMI_GPT_INFO 3 0 1 2000 2000 2000\n"));
	assert_non_null(strstr(text, "\nRMI_VERSION 1 0 0 2000 2000 2000\n"));
	assert_null(strstr(text, "RMI_OP_CANCEL"));
	assert_int_equal(strncmp(text, "command count retries failures min_ns avg_ns max_ns\n",
				 52), 0);
	for (text += 52; *text; text += used) {
		assert_int_equal(sscanf(text, "%39s %llu %llu %llu %llu %llu %llu\n%n", name,
					&count, &retries, &failures, &least, &avg, &most, &used),
				 7);
		all += count;
		tries += retries;
	}
	assert_int_equal(all + tries, world.smcs);
	assert_number("smc_calls", world.smcs);
	assert_int_equal(world.traced.commands, all);
	assert_int_equal(world.traced.retries, 2);
	assert_int_equal(world.traced.ns, 2000 * world.smcs + 600);
	unload();
}

/* The way back takes long, twice; who sees that the machine stood still is told why, once */
static void very_slow(u64 x[5])
{
	if (x[0] == RMI_GRANULE_TRACKING_SET && x[3] != RMI_TRACKING_FINE)
		world.now_ns += 1234 * NSEC_PER_MSEC;
	/* Not longer than a second */
	if (x[0] == RMI_RMM_ACTIVATE)
		world.now_ns += NSEC_PER_SEC - 2000;
}

static void long_command_is_told_of(void **state)
{
	const char *line;

	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	world_ram(2 * GB, 3 * GB, true);
	world.smc = very_slow;
	load();
	assert_available(2 * GB);
	assert_non_null(strstr(world_debug("commands"),
			       "\nRMI_RMM_ACTIVATE 1 0 0 1000000000 1000000000 1000000000\n"));
	assert_null(strstr(world.log, "took"));
	shim_module_exit();
	line = strstr(world.log, "RMI_GRANULE_TRACKING_SET 0x80000000 took 1234 ms, in which");
	assert_non_null(line);
	assert_non_null(strstr(line, "its CPU took no interrupt\n"));
	assert_null(strstr(strchr(line, '\n'), "ms, in which"));
	world_end();
}

static void no_clock_no_time(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	world.no_frequency = true;
	load();
	assert_available(GB);
	assert_non_null(strstr(world_debug("commands"), "\nRMI_VERSION 1 0 0 0 0 0\n"));
	unload();
}

static void failures_are_counted(void **state)
{
	const char *text;

	(void)state;
	/* it knows neither GPT_INFO nor DEACTIVATE */
	describe(RMM_DIALECT_PUBLIC);
	make(12);
	load();
	assert_available(GB);
	text = world_debug("commands");
	assert_non_null(strstr(text, "\nRMI_GPT_INFO 1 0 1 2000 2000 2000\n"));
	/* ERROR_GPT: there is a table */
	assert_non_null(strstr(text, "\nRMI_GPT_L1_CREATE 1 0 1 2000 2000 2000\n"));
	unload();
}

/* Tracepoints ---------------------------------------------------------------------------------- */

static u64 seen[5], answered[5];

static void watch(u64 x[5])
{
	memcpy(seen, x, sizeof(seen));
	ask_model(x);
	memcpy(answered, x, sizeof(answered));
}

static void trace_has_what_was_said(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	world.smc = watch;
	load();
	/* RMI_GRANULE_TRACKING_GET of all that there is */
	assert_string_equal(world.traced.name, "RMI_GRANULE_TRACKING_GET");
	assert_int_equal(seen[0], 0xC40001E1);
	assert_memory_equal(world.traced.in.x, seen, sizeof(seen));
	assert_memory_equal(world.traced.out.x, answered, 4 * sizeof(u64));
	unload();
}

static void trace_has_the_memory(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		describe(paid[d]);
		machine.flags = HOST_PAYS;
		make(12);
		load();
		assert_int_equal(world.traced.donated, PRICE);
		assert_int_equal(world.traced.reclaimed, 0);
		shim_module_exit();
		assert_int_equal(world.traced.donated, PRICE);
		assert_int_equal(world.traced.reclaimed, PRICE);
		assert_int_equal(world.traced.lost, 0);
		world_end();
	}
}

static void trace_is_turned_on_first(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	load();
	assert_int_equal(world.traced.on, 0);
	unload();
	make(12);
	*shim_trace = true;
	load();
	assert_int_equal(world.traced.on, 1);
	assert_null(strstr(world.log, "no events"));
	unload();
	make(12);
	*shim_trace = true;
	world.traced.refused = -ENOENT;
	load();
	assert_available(GB);
	assert_non_null(strstr(world.log, "this kernel has no events to be traced\n"));
	unload();
}

/* Changes -------------------------------------------------------------------------------------- */

static void changes_are_told(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	load();
	assert_int_equal(world.uevents, 1);
	assert_int_equal(world.notified, 1);
	assert_string_equal(world.uevent, "RMI_AVAILABLE=1 RMI_REASON=ok");
	assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), 0);
	assert_int_equal(world.uevents, 2);
	assert_string_equal(world.uevent, "RMI_AVAILABLE=0 RMI_REASON=released");
	world_new_rmm();
	world_pm(PM_POST_HIBERNATION);
	assert_int_equal(world.uevents, 3);
	assert_int_equal(world.notified, 3);
	assert_string_equal(world.uevent, "RMI_AVAILABLE=1 RMI_REASON=ok");
	unload();
}

/* Nobody is woken for what stays as it is: memory that comes, or that is refused */
static void what_stays_is_not_told(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.memory.at[0].size = 2 * GB;
	make(12);
	world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
	load();
	assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	assert_int_equal(world_online(3 * GB, 3 * GB + WORLD_BLOCK), -ENXIO);
	assert_int_equal(world.uevents, 1);
	assert_int_equal(world.notified, 1);
	unload();
}

static void unavailable_is_told(void **state)
{
	(void)state;
	make(12);
	world.conduit = SMCCC_CONDUIT_HVC;
	load();
	assert_int_equal(world.uevents, 1);
	assert_string_equal(world.uevent, "RMI_AVAILABLE=0 RMI_REASON=no-smc-conduit");
	unload();
}

/* What is wrong, and then isn't any more ------------------------------------------------------- */

/* A CPU that a Realm could not run on comes online after the load, and goes again */
static void a_cpu_without_rme(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	world.cpus = 2;
	load();
	assert_available(GB);
	world_cpu_online(2);
	assert_available(GB);
	world.pfr0[3] = 0x11112222;
	world_cpu_online(3);
	assert_file("available", "0");
	assert_file("reason", "no-rme");
	assert_file("detail", "CPU 3 came online without FEAT_RME");
	assert_string_equal(world.uevent, "RMI_AVAILABLE=0 RMI_REASON=no-rme");
	assert_int_equal(cca_rmi_ensure_range(GB, PAGE_SIZE), -ENODEV);
	/* another one */
	world.pfr0[4] = 0;
	world_cpu_online(4);
	world_cpu_offline(3);
	assert_file("detail", "CPU 4 came online without FEAT_RME");
	world_cpu_offline(4);
	assert_available(GB);
	assert_string_equal(world.uevent, "RMI_AVAILABLE=1 RMI_REASON=ok");
	world_cpu_offline(2);
	assert_available(GB);
	unload();
	assert_null(world.cpu_online);
}

/* It comes while the load is under way: after the load asked those that were online */
static void come_online(void)
{
	world_cpu_online(1);
}

static void come_online_at_tracking(u64 x[5])
{
	static const struct rmm *done;

	if (x[0] != RMI_GRANULE_TRACKING_GET || done == world.rmm)
		return;
	done = world.rmm;
	world_meanwhile(come_online);
}

static void a_cpu_without_rme_during_the_load(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	make(12);
	world.pfr0[1] = 0;
	world.smc = come_online_at_tracking;
	load();
	assert_file("reason", "no-rme");
	assert_file("detail", "CPU 1 came online without FEAT_RME");
	world_cpu_offline(1);
	assert_available(GB);
	unload();
}

/* A block went online without cover, since nobody asked us, and goes offline again */
static void uncovered_memory_that_goes(void **state)
{
	const u64 at = 8 * GB, other = 9 * GB;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(dialects); d++) {
		char reason[32];

		describe(dialects[d]);
		make(12);
		load();
		world_ram(at, at + WORLD_BLOCK, true);
		world_ram(other, other + WORLD_BLOCK, true);
		assert_int_equal(world_event(MEM_ONLINE, at, at + WORLD_BLOCK), 0);
		assert_int_equal(world_event(MEM_ONLINE, other, other + WORLD_BLOCK), 0);
		assert_file("available", "0");
		snprintf(reason, sizeof(reason), "%s", world_read("reason"));
		assert_true(!strcmp(reason, "no-gpt") || !strcmp(reason, "not-tracked"));
		/* what happens elsewhere changes nothing of that */
		world_ram(2 * GB, 2 * GB + WORLD_BLOCK, false);
		assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
		assert_file("reason", reason);
		assert_int_equal(world_event(MEM_OFFLINE, at, at + WORLD_BLOCK), 0);
		assert_file("reason", reason);
		assert_int_equal(world_event(MEM_OFFLINE, other, other + WORLD_BLOCK), 0);
		assert_available(GB + WORLD_BLOCK);
		assert_string_equal(world.uevent, "RMI_AVAILABLE=1 RMI_REASON=ok");
		unload();
	}
}

/* Until the load has ended, the files say so */
static void look_at_the_load(u64 x[5])
{
	(void)x;
	assert_file("available", "0");
	assert_file("reason", "unfinished");
	assert_file("detail", "the module is loading");
}

static void a_load_that_is_under_way(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.flags = HOST_PAYS;
	make(12);
	world.smc = look_at_the_load;
	load();
	world.smc = NULL;
	assert_available(GB);
	unload();
}

/* An activation that the RMM doesn't end: it is gone on with, and the load with it */
static bool activating;

static void activate_slowly(u64 x[5])
{
	if (x[0] == RMI_RMM_ACTIVATE) {
		x[0] = RMI_INCOMPLETE;
		x[1] = HANDLE;
		world.smc_done = true;
	}
	if (x[0] != RMI_OP_CONTINUE || x[1] != HANDLE)
		return;
	if (activating) {
		x[0] = RMI_BUSY;
		world.smc_done = true;
		return;
	}
	memset(x, 0, 5 * sizeof(*x));
	x[0] = RMI_RMM_ACTIVATE;
	ask_model(x);
}

static void an_activation_that_is_slow(void **state)
{
	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(paid); d++) {
		describe(paid[d]);
		machine.flags = HOST_PAYS;
		make(12);
		assert_int_equal(shim_set_timeout_ms("5"), 0);
		world.smc = activate_slowly;
		activating = true;
		load();
		assert_unavailable("unfinished", "RMI_RMM_ACTIVATE 0");
		assert_int_equal(world.module_refs, 1);
		assert_non_null(world.delayed);
		world_work_later();
		assert_file("reason", "unfinished");
		activating = false;
		world_work_later();
		assert_available(GB);
		assert_donated(PRICE);
		assert_int_equal(world.module_refs, 0);
		assert_null(world.delayed);
		unload();
	}
}

/* Without it there is no event, so that nobody relies on one; what the driver core says stands */
static void no_device_no_load(void **state)
{
	static const int errors[] = { -ENOMEM, -EINVAL, -EEXIST };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(errors); i++) {
		describe(RMM_DIALECT_BETA3);
		make(12);
		world.no_device = errors[i];
		assert_int_equal(shim_module_init(), errors[i]);
		assert_int_equal(world.smcs, 0);
		assert_int_equal(world.uevents, 0);
		assert_null(world_debug("commands"));
		world_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_and_ledger),
		cmocka_unit_test(features),
		cmocka_unit_test(record_tells_whose_it_is),
		cmocka_unit_test(record_after_failure),
		cmocka_unit_test(record_without_memory),
		cmocka_unit_test(ledger_adds_up),
		cmocka_unit_test(lost_pages_are_told),
		cmocka_unit_test(what_the_rmm_itself_is_lent),
		cmocka_unit_test(commands_are_counted),
		cmocka_unit_test(long_command_is_told_of),
		cmocka_unit_test(no_clock_no_time),
		cmocka_unit_test(failures_are_counted),
		cmocka_unit_test(trace_has_what_was_said),
		cmocka_unit_test(trace_has_the_memory),
		cmocka_unit_test(trace_is_turned_on_first),
		cmocka_unit_test(changes_are_told),
		cmocka_unit_test(what_stays_is_not_told),
		cmocka_unit_test(unavailable_is_told),
		cmocka_unit_test(a_cpu_without_rme),
		cmocka_unit_test(a_cpu_without_rme_during_the_load),
		cmocka_unit_test(uncovered_memory_that_goes),
		cmocka_unit_test(a_load_that_is_under_way),
		cmocka_unit_test(an_activation_that_is_slow),
		cmocka_unit_test(no_device_no_load),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("observe", tests, NULL, NULL);
}
