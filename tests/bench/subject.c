// SPDX-License-Identifier: GPL-2.0-only
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "subject.h"
#include "rmi_abi.h"
#include "world.h"

static const struct {
	const char *name;
	uint32_t fid;
} kinds[] = {
	{ "TRACKING_GET", RMI_GRANULE_TRACKING_GET }, { "TRACKING_SET", RMI_GRANULE_TRACKING_SET },
	{ "GPT_INFO", RMI_GPT_INFO }, { "CREATE", RMI_GPT_L1_CREATE },
	{ "DESTROY", RMI_GPT_L1_DESTROY }, { "DONATE", RMI_OP_MEM_DONATE },
	{ "RECLAIM", RMI_OP_MEM_RECLAIM }, { "CONTINUE", RMI_OP_CONTINUE },
	{ "CANCEL", RMI_OP_CANCEL }, { "DELEGATE", RMI_GRANULE_RANGE_DELEGATE },
	{ "UNDELEGATE", RMI_GRANULE_RANGE_UNDELEGATE },
};

static struct {
	bool active;			/* the session is set up */
	u64 commands;			/* since then */
	u64 by_kind[ARRAY_SIZE(kinds)];
	double rmm_s;			/* CPU time spent in the RMM */
	double clock_s;			/* what reading the clock adds to a measured time */
} seen;

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* About half of what a pair of readings takes is inside of the pair, half outside */
static void calibrate_clock(void)
{
	const unsigned int rounds = 10000;
	double from = cpu_now();

	for (unsigned int i = 0; i < rounds; i++)
		cpu_now();
	seen.clock_s = (cpu_now() - from) / rounds;
}

static void watch(u64 x[5])
{
	uint64_t y[6] = { x[0], x[1], x[2], x[3], x[4] };
	double from = cpu_now();

	if (!rmm_command(world.rmm, y))
		y[0] = -1;
	seen.rmm_s += cpu_now() - from + seen.clock_s;
	seen.commands += seen.active;
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		seen.by_kind[i] += seen.active && kinds[i].fid == (uint32_t)x[0];
	seen.active |= x[0] == RMI_RMM_ACTIVATE && RMI_RESULT_STATUS(y[0]) == RMI_SUCCESS;
	for (int i = 0; i < 5; i++)
		x[i] = y[i];
	world.smc_done = true;
}

/* What was counted since the last time, for people */
static void tell_kinds(struct cost *cost)
{
	size_t used = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		if (seen.by_kind[i])
			used += snprintf(cost->by_kind + used, sizeof(cost->by_kind) - used,
					 "%s%s %llu", used ? ", " : "", kinds[i].name,
					 seen.by_kind[i]);
	memset(seen.by_kind, 0, sizeof(seen.by_kind));
}

static bool is_available(struct cost *cost)
{
	const char *available = world_read("available");

	cost->good = available && !strcmp(available, "1");
	if (!cost->good)
		snprintf(cost->why, sizeof(cost->why), "not available: %.120s", world.log);
	return cost->good;
}

static void load(struct cost *cost)
{
	double from = cpu_now();
	int rc;

	rc = shim_module_init();
	cost->cpu_s = cpu_now() - from - seen.rmm_s;
	cost->commands = seen.commands;
	cost->heap = world.heap_peak;
	tell_kinds(cost);
	if (!rc)
		is_available(cost);
}

/* Has the RMM something that lies in it? */
static bool has_lent(u64 start, u64 end)
{
	for (u64 pa = start; pa < end; pa += PAGE_SIZE)
		if (pfn_to_page(PHYS_PFN(pa))->flags)
			return true;
	return false;
}

/* Out and in again, where others of the region stay and nothing is to be moved */
static void toggle(u64 start, struct costs *costs)
{
	const u64 before = seen.commands, end = start + MAP_BLOCK;

	if (has_lent(start, end))
		return;
	if (world_offline(start, end) || world_online(start, end))
		costs->add.good = false;
	costs->toggled_blocks++;
	costs->toggle_commands += seen.commands - before;
}

static void add_block(u64 start, bool covered, struct costs *costs)
{
	const u64 before = seen.commands;
	double from = cpu_now();

	seen.rmm_s = 0;
	if (world_online(start, start + MAP_BLOCK)) {
		costs->add.good = false;
		snprintf(costs->add.why, sizeof(costs->add.why), "%#llx refused: %.100s", start,
			 world.log + (strlen(world.log) > 100 ? strlen(world.log) - 100 : 0));
	}
	costs->add.cpu_s += cpu_now() - from - seen.rmm_s;
	costs->add.commands += seen.commands - before;
	if (!covered)
		return;
	costs->covered_blocks++;
	costs->covered_commands += seen.commands - before;
	toggle(start, costs);
}

/* Regions are no larger than PARs: a block that isn't its region's first comes to covered memory */
static void add_all(const struct map *map, struct costs *costs)
{
	costs->add.good = true;
	for (unsigned int i = 0; i < map->hot.nr && costs->add.good; i++)
		for (u64 at = map->hot.at[i].start; at < map->hot.at[i].end && costs->add.good;
		     at += MAP_BLOCK)
			add_block(at, at % MAP_REGION && at > map->hot.at[i].start, costs);
	costs->add.heap = world.heap_peak;
	tell_kinds(&costs->add);
	if (costs->add.good)
		is_available(&costs->add);
}

static void measure(const struct flavour *f, const struct map *map, struct costs *costs)
{
	struct rmm_machine machine;

	flavour_machine(f, map, &machine);
	world_make(&machine, 12);
	for (unsigned int i = 0; i < map->ram.nr; i++)
		world_ram(map->ram.at[i].start, map->ram.at[i].end, true);
	for (unsigned int i = 0; i < map->hot.nr; i++)
		for (u64 at = map->hot.at[i].start; at < map->hot.at[i].end; at += MAP_BLOCK)
			world_ram(at, at + MAP_BLOCK, false);
	calibrate_clock();
	world.smc = watch;
	load(&costs->load);
	if (costs->load.good && map->hot.nr)
		add_all(map, costs);
}

void subject_measure(const struct flavour *f, const struct map *map, struct costs *costs)
{
	int fd[2], status = 0;
	pid_t child;

	*costs = (struct costs){ 0 };
	fflush(NULL);
	child = pipe(fd) ? -1 : fork();
	if (!child) {
		measure(f, map, costs);
		_exit(write(fd[1], costs, sizeof(*costs)) != sizeof(*costs));
	}
	if (child < 0) {
		snprintf(costs->load.why, sizeof(costs->load.why), "no process for it");
		return;
	}
	close(fd[1]);
	if (read(fd[0], costs, sizeof(*costs)) != sizeof(*costs)) {
		*costs = (struct costs){ 0 };
		snprintf(costs->load.why, sizeof(costs->load.why), "it crashed");
	}
	close(fd[0]);
	waitpid(child, &status, 0);
}
