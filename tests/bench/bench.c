// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench [--csv FILE] MAP...: how many commands it takes to find or make all RAM of a host usable
 * for Realms, by whom, on which RMM. bench --check EXPECTED MAP...: the same as tests (TAP).
 *
 * Counted is from the end of RMM_ACTIVATE to `available` = 1; what sets the session up before that
 * is the same for all. Rows whose map ends in +add are what hot-adding the map's other memory takes
 * after that, block by block.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bound.h"
#include "host.h"
#include "subject.h"
#include "peer.h"
#include "witness.h"

#define MAX_ROWS	100

/* In place of a number: it can't succeed */
#define NEVER		UINT64_MAX

struct row {
	char map[40];
	const char *flavour;
	uint64_t v14, newest, module, bound, witness;
	uint64_t slack;			/* commands more than the bound that are healthy */
	bool misled;			/* v14 was */
	double cpu_ms_per_tb;
	uint64_t heap_per_tb;
	uint64_t expected;		/* NEVER: nothing is */
	struct cost cost;
};

static struct row rows[MAX_ROWS];
static unsigned int nr_rows;

/* TAP ------------------------------------------------------------------------------------------ */

static unsigned int nr_tests, nr_failed;

__attribute__((format(printf, 2, 3)))
static void test(bool good, const char *format, ...)
{
	va_list args;

	printf("%s %u bench: ", good ? "ok" : "not ok", ++nr_tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	nr_failed += !good;
}

/* Counting ------------------------------------------------------------------------------------- */

typedef bool (*peer_fn)(struct host *host, struct map_range range, uint64_t par_size,
			bool *misled);

/* For boot memory a range at a time, for what is added later a block at a time */
static void count_peer(const struct flavour *f, const struct map *map, peer_fn walk,
		       uint64_t count[2], bool misled[2])
{
	struct host *host = calloc(1, sizeof(*host));
	struct rmm_machine machine;
	bool good = true;
	unsigned int i;
	uint64_t at;

	count[0] = count[1] = NEVER;
	flavour_machine(f, map, &machine);
	if (!host || !host_open(host, &machine)) {
		fprintf(stderr, "%s: the model doesn't take this machine\n", map->name);
		exit(1);
	}
	for (i = 0; good && i < map->ram.nr; i++)
		good = walk(host, map->ram.at[i], map->par_size, &misled[0]);
	if (good)
		count[0] = host->commands;
	for (i = 0; good && i < map->hot.nr; i++)
		for (at = map->hot.at[i].start; good && at < map->hot.at[i].end; at += MAP_BLOCK)
			good = walk(host, (struct map_range){ at, at + MAP_BLOCK }, map->par_size,
				    &misled[1]);
	if (good)
		count[1] = host->commands - count[0];
	host_close(host);
	free(host);
}

/*
 * Of the first chunk, one page is the guard and some are the first region's own: the rest is no
 * multiple of what one DELEGATE takes
 */
static uint64_t slack_of(const struct flavour *f)
{
	return f->pays;
}

static struct row *add_row(const struct flavour *f, const struct map *map, const char *suffix,
			   const struct cost *cost, uint64_t bytes)
{
	struct row *row = &rows[nr_rows++];

	if (nr_rows > MAX_ROWS)
		abort();
	*row = (struct row){ .flavour = f->name, .cost = *cost, .expected = NEVER };
	snprintf(row->map, sizeof(row->map), "%s%s", map->name, suffix);
	row->module = cost->good ? cost->commands : NEVER;
	row->cpu_ms_per_tb = cost->cpu_s * 1000 * TB / bytes;
	row->heap_per_tb = (double)cost->heap * TB / bytes;
	return row;
}

static void count(const struct flavour *f, const struct map *map, struct costs *costs)
{
	uint64_t v14[2], newest[2];
	bool misled[2] = { false }, unused[2];
	struct bound bound, witness;
	struct row *row;

	count_peer(f, map, peer_v14, v14, misled);
	count_peer(f, map, peer_newest, newest, unused);
	if (!bound_count(f, map, &bound))
		abort();
	if (!witness_count(f, map, &witness))
		witness = (struct bound){ NEVER, NEVER };
	subject_measure(f, map, costs);

	row = add_row(f, map, "", &costs->load, map_bytes(&map->ram));
	row->v14 = v14[0];
	row->newest = newest[0];
	row->misled = misled[0];
	row->bound = bound.load;
	row->slack = slack_of(f);
	row->witness = witness.load;
	if (!map->hot.nr)
		return;
	row = add_row(f, map, "+add", &costs->add, map_bytes(&map->hot));
	row->v14 = v14[1];
	row->newest = newest[1];
	row->misled = misled[1];
	row->bound = bound.add;
	row->witness = witness.add;
	if (!costs->load.good)
		snprintf(row->cost.why, sizeof(row->cost.why), "the load failed");
}

/* What is printed ------------------------------------------------------------------------------ */

static const char *cell(uint64_t number, const char *never, const char *mark)
{
	static char text[4][32];
	static unsigned int next;
	char *to = text[next++ % 4];

	if (number == NEVER)
		snprintf(to, sizeof(text[0]), "%s", never);
	else
		snprintf(to, sizeof(text[0]), "%llu%s", (unsigned long long)number, mark);
	return to;
}

static void print_table(void)
{
	unsigned int i;

	printf("%-13s %-13s %8s  %8s %8s %8s %10s %12s\n", "map", "RMM", "v14", "newest", "module",
	       "bound", "CPU ms/TB", "heap KB/TB");
	for (i = 0; i < nr_rows; i++) {
		const struct row *r = &rows[i];

		printf("%-13s %-13s %9s %8s %8s %8s", r->map, r->flavour,
		       cell(r->v14, "- ", r->misled ? "*" : " "), cell(r->newest, "-", ""),
		       cell(r->module, "-", ""), cell(r->bound, "-", ""));
		if (r->module == NEVER)
			printf(" %s\n", r->cost.why);
		else
			printf(" %10.2f %12llu\n", r->cpu_ms_per_tb,
			       (unsigned long long)r->heap_per_tb / 1024);
	}
	printf("\n-  can't succeed on this RMM\n"
	       "*  asks an RMM older than beta 3 about more than one region at a time:\n"
	       "   the answer is about the first, and is taken for all\n");
}

static bool write_csv(const char *path)
{
	FILE *f = fopen(path, "w");
	unsigned int i;

	if (!f) {
		perror(path);
		return false;
	}
	fprintf(f, "map,flavour,v14,newest,module,bound,");
	fprintf(f, "cpu_ms_per_tb,heap_bytes_per_tb,v14_misled\n");
	for (i = 0; i < nr_rows; i++) {
		const struct row *r = &rows[i];

		fprintf(f, "%s,%s,%s,%s,%s,%s,", r->map, r->flavour, cell(r->v14, "", ""),
			cell(r->newest, "", ""), cell(r->module, "", ""), cell(r->bound, "", ""));
		if (r->module != NEVER)
			fprintf(f, "%.3f,%llu", r->cpu_ms_per_tb,
				(unsigned long long)r->heap_per_tb);
		else
			fputc(',', f);
		fprintf(f, ",%d\n", r->misled);
	}
	return !fclose(f);
}

/* The gate ------------------------------------------------------------------------------------- */

/*
 * Where v14 must be undercut five times: on fragmented maps, if answers are long. Elsewhere the
 * RMM's answers are about a region or PAR each, so that no host could: see the bound.
 */
static const struct {
	const char *map, *flavour;
} five_times[] = {
	{ "efi-256g", "static-long" },
	{ "2s-4t", "static-long" },
	{ NULL }
};

static bool must_be_fifth(const struct row *r)
{
	unsigned int i;

	for (i = 0; five_times[i].map; i++)
		if (!strcmp(r->map, five_times[i].map) &&
		    !strcmp(r->flavour, five_times[i].flavour))
			return true;
	return false;
}

static void check_row(const struct row *r)
{
	const bool can_compare = r->v14 != NEVER && !r->misled;
	bool good = true;
	char text[400];
	size_t n;

	n = snprintf(text, sizeof(text), "%s %s: %s commands, bound %llu", r->map, r->flavour,
		     cell(r->module, "no", ""), (unsigned long long)r->bound);
#define must(what, ...) do {							\
	if (!(what)) {								\
		good = false;							\
		n += snprintf(text + n, sizeof(text) - n, __VA_ARGS__);		\
	}									\
} while (0)
	must(r->module != NEVER, ": %s", r->cost.why);
	must(r->module >= r->bound && r->module <= r->bound + r->slack,
	     ", of which it must be within %llu", (unsigned long long)r->slack);
	must(r->expected != NEVER, ", no line in expected.csv");
	must(r->expected == NEVER || r->module <= r->expected, ", expected no more than %llu",
	     (unsigned long long)r->expected);
	must(!can_compare || r->module <= r->v14, ", v14 has %llu", (unsigned long long)r->v14);
	must(!must_be_fifth(r) || (can_compare && r->module <= r->v14 / 5),
	     ", v14 has %llu, which must be five times as many", (unsigned long long)r->v14);
#undef must
	test(good, "%s", text);
	if (!good && r->cost.by_kind[0])
		printf("# %s\n", r->cost.by_kind);
	test(r->witness == r->bound, "%s %s: a host that knows this model does with %s, bound %llu",
	     r->map, r->flavour, cell(r->witness, "none", ""), (unsigned long long)r->bound);
}

/* Numbers that are kept by hand: `map,flavour,commands` */
static void read_expected(const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned long long commands;
	char line[200], map[40], flavour[40];
	unsigned int i;

	if (!f) {
		test(false, "%s can be read", path);
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%39[^,#],%39[^,],%llu", map, flavour, &commands) != 3)
			continue;
		for (i = 0; i < nr_rows; i++)
			if (!strcmp(rows[i].map, map) && !strcmp(rows[i].flavour, flavour))
				break;
		if (i < nr_rows)
			rows[i].expected = commands;
		else
			test(false, "%s %s: expected %llu commands, but there is no such row", map,
			     flavour, commands);
	}
	fclose(f);
}

/* The oracle has its own idea of the machine: is it the model's? */
static void check_oracle(const struct flavour *f, const struct map *map)
{
	static const unsigned int tracking[] = {
		[TRUTH_NOTHING] = RMI_TRACKING_NONE, [TRUTH_RESERVED] = RMI_TRACKING_RESERVED,
		[TRUTH_COARSE] = RMI_TRACKING_COARSE, [TRUTH_FINE] = RMI_TRACKING_FINE,
	};
	const uint64_t end = UINT64_C(1) << map->pa_bits;
	uint64_t at, wrong = 0, units = 0;
	struct host *host = calloc(1, sizeof(*host));
	struct rmm_machine machine;
	unsigned int is;

	flavour_machine(f, map, &machine);
	if (!host || !host_open(host, &machine))
		abort();
	/* The RMM before beta 3 speaks of the address at the base only: see the model */
	for (at = 0; at < end && !f->old; at += MAP_REGION, units++) {
		const enum truth truth = bound_region(f, map, at);

		is = rmm_tracking(host->rmm, at);
		wrong += truth == TRUTH_DEVICE ?
			 is != (f->pays ? RMI_TRACKING_COARSE : RMI_TRACKING_FINE) :
			 is != tracking[truth];
	}
	for (at = 0; at < end && !f->old; at += map->par_size, units++) {
		const enum par_truth truth = bound_par(f, map, at);

		is = rmm_par(host->rmm, at);
		wrong += is != (truth == PAR_HOST ? RMI_PAR_HOST_NOT_CREATED :
				truth == PAR_PLATFORM ? RMI_PAR_PLATFORM : RMI_PAR_RESERVED);
	}
	host_close(host);
	free(host);
	if (units)
		test(!wrong, "%s %s: of %llu regions and PARs, the oracle is wrong about %llu",
		     map->name, f->name, (unsigned long long)units, (unsigned long long)wrong);
}

static void check_covered(const struct flavour *f, const struct map *map, const struct costs *c)
{
	if (!map->hot.nr)
		return;
	test(c->add.good && c->covered_blocks && !c->covered_commands,
	     "%s %s: %llu commands for hot-adding %llu blocks to covered regions and PARs",
	     map->name, f->name, (unsigned long long)c->covered_commands,
	     (unsigned long long)c->covered_blocks);
	test(c->add.good && c->toggled_blocks && !c->toggle_commands,
	     "%s %s: %llu commands for taking %llu blocks offline and online again", map->name,
	     f->name, (unsigned long long)c->toggle_commands,
	     (unsigned long long)c->toggled_blocks);
}

#define NR_SIZES	3
#define SCALE_TB	64U
#define SCALE_MAP	"64t"
/*
 * Twice as much takes twice as long, some more where caches are full, and four times if quadratic
 */
#define MAX_RATIO	3.0
#define MAX_ROUNDS	5

static unsigned int size_tb(unsigned int i)
{
	return SCALE_TB >> (NR_SIZES - 1 - i);
}

/* What else runs on this machine makes it slower only, so that the least of several runs counts */
static void measure_again(const struct flavour *f, const struct map *map, struct costs *costs)
{
	struct map *part = malloc(sizeof(*part));
	struct costs again;
	unsigned int i;

	for (i = 0; i < NR_SIZES; i++) {
		*part = *map;
		map_cut(part, size_tb(i) * TB);
		subject_measure(f, part, &again);
		if (!costs[i].load.good || again.load.cpu_s < costs[i].load.cpu_s)
			costs[i] = again;
	}
	free(part);
}

static double ratio(const struct costs *costs, unsigned int i)
{
	return costs[i].load.cpu_s / costs[i - 1].load.cpu_s;
}

static bool is_linear(const struct costs *costs)
{
	unsigned int i;

	for (i = 0; i < NR_SIZES; i++)
		if (!costs[i].load.good || (i && ratio(costs, i) >= MAX_RATIO))
			return false;
	return true;
}

/* The largest map, 64 TB but for its holes, and half and a quarter of it */
static void check_scale(const struct flavour *f, const struct map *map)
{
	struct costs costs[NR_SIZES] = { 0 };
	const struct cost *largest = &costs[NR_SIZES - 1].load;
	struct map *part = malloc(sizeof(*part));
	unsigned int i, round = 0;
	struct bound bound;
	bool good = true;

	do {
		measure_again(f, map, costs);
	} while (++round < MAX_ROUNDS && !is_linear(costs));
	for (i = 0; i < NR_SIZES; i++) {
		const struct cost *cost = &costs[i].load;

		*part = *map;
		map_cut(part, size_tb(i) * TB);
		if (!bound_count(f, part, &bound))
			abort();
		test(cost->good && cost->commands >= bound.load &&
		     cost->commands <= bound.load + slack_of(f),
		     "%u TB %s: %llu commands, bound %llu%s%s", size_tb(i), f->name,
		     (unsigned long long)cost->commands, (unsigned long long)bound.load,
		     cost->good ? "" : ": ", cost->why);
		good = good && cost->good;
	}
	for (i = 1; i < NR_SIZES; i++)
		test(good && ratio(costs, i) < MAX_RATIO,
		     "%u TB %s: %.2f times the CPU time of %u TB, less than %.1f", size_tb(i),
		     f->name, good ? ratio(costs, i) : 0, size_tb(i - 1), MAX_RATIO);
	/* That depends on the machine, and is for people to look at */
	printf("# %u TB %s: %.3f s of one CPU\n", SCALE_TB, f->name, largest->cpu_s);
	/*
	 * For each region and table a span in the ledger and a step in the record, of 32 bytes
	 * each; twice the room while there is some to spare, and three times while it grows. And
	 * the index, of a bit for each page that is lent.
	 */
	test(good && largest->heap < 28 * MB, "%u TB %s: %llu KB of heap, less than 28 MB",
	     SCALE_TB, f->name, (unsigned long long)largest->heap / 1024);
	free(part);
}

/* ---------------------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "csv", required_argument, NULL, 'c' },
		{ "check", required_argument, NULL, 'e' },
		{ 0 },
	};
	const char *csv = NULL, *expected = NULL;
	struct map *map = malloc(sizeof(*map));
	struct costs costs;
	unsigned int f, i;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			csv = optarg;
			break;
		case 'e':
			expected = optarg;
			break;
		default:
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (; optind < argc; optind++) {
		if (!map_read(map, argv[optind]))
			return 1;
		for (f = 0; f < NR_FLAVOURS; f++) {
			count(&flavours[f], map, &costs);
			if (!expected)
				continue;
			check_oracle(&flavours[f], map);
			check_covered(&flavours[f], map, &costs);
		}
		if (expected && !strcmp(map->name, SCALE_MAP))
			check_scale(&flavours[DYNAMIC], map);
	}
	if (expected)
		read_expected(expected);
	for (i = 0; expected && i < nr_rows; i++)
		check_row(&rows[i]);
	if (!expected)
		print_table();
	free(map);
	if (!nr_rows || (csv && !write_csv(csv)))
		return 1;
	return nr_failed ? 3 : 0;
}
