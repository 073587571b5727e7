// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "file.h"
#include "map.h"

#define IOMEM		"/proc/iomem"
#define COVERAGE	"/sys/kernel/debug/rmi/coverage"

/* The architecture has no more bits of physical addresses, as Linux knows it */
#define PA_END		(UINT64_C(1) << 52)

/* What one level 0 GPT entry can describe at the least, and at the most */
#define PAR_MIN		GB
#define PAR_MAX		(512 * GB)

/* More cells of one kind than this, after a line of them, are summed up */
#define REPEAT_MIN	(2 * MAP_CELLS)

const char map_letters[NR_CELLS] = {
	[CELL_PLATFORM] = 'P',
	[CELL_HOST] = 'H',
	[CELL_TABLE] = 't',
	[CELL_UNKNOWN] = '-',
	[CELL_HOLE] = '.',
};

const char * const map_words[NR_CELLS] = {
	[CELL_PLATFORM] = "tracked, with a table of the platform's",
	[CELL_HOST] = "tracked, with a table that this host had made",
	[CELL_TABLE] = "with a table, but not all of it is known to be tracked",
	[CELL_UNKNOWN] = "no table is known",
	[CELL_HOLE] = "no RAM",
};

/* Reading -------------------------------------------------------------------------------------- */

/* The kernel's list of what is where: FIRST-LAST : NAME, indented by what it is part of */
static void read_iomem_line(const char *line, const char *path, unsigned int number, void *arg)
{
	struct extents *ram = arg;
	const char *at = line + strspn(line, " ");
	uint64_t start, last;

	if (!file_number(&at, 16, &start) || *at++ != '-' || !file_number(&at, 16, &last) ||
	    strncmp(at, " : ", 3))
		errx(EXIT_TROUBLE, "%s:%u: no range of memory", path, number);
	/* Also what a driver added: System RAM (virtio_mem), which is part of a device */
	at += 3;
	if (strcmp(at, "System RAM") && strncmp(at, "System RAM (", 12))
		return;
	if (!start && !last)
		errx(EXIT_TROUBLE, "%s shows addresses to root alone", path);
	if (start >= last || last >= PA_END)
		errx(EXIT_TROUBLE, "%s:%u: no range of memory", path, number);
	extents_add(ram, start, last + 1);
}

static bool read_address(const char **at, uint64_t *address)
{
	if (strncmp(*at, "0x", 2))
		return false;
	*at += 2;
	return file_number(at, 16, address);
}

/* The module's record: START-END WORD, of which newer modules may have more than are known here */
static void read_coverage_line(const char *line, const char *path, unsigned int number, void *arg)
{
	struct map *map = arg;
	const char *at = line;
	uint64_t start, end;

	if (!read_address(&at, &start) || *at++ != '-' || !read_address(&at, &end) ||
	    *at++ != ' ' || !*at || start >= end)
		errx(EXIT_TROUBLE, "%s:%u: no range and what it is", path, number);
	if (!strcmp(at, "fine"))
		extents_add(&map->fine, start, end);
	else if (!strcmp(at, "table"))
		extents_add(&map->table, start, end);
	else if (!strcmp(at, "table-host"))
		extents_add(&map->host, start, end);
}

void map_read(struct map *map)
{
	const uint64_t *par_size = &map->attributes.of[L0GPT_SIZE].number;

	*map = (struct map){ 0 };
	attributes_need(&map->attributes);
	map->par_size_known = *par_size;
	map->par_size = *par_size ? *par_size : PAR_MIN;
	if (map->par_size < PAR_MIN || map->par_size > PAR_MAX ||
	    map->par_size & (map->par_size - 1))
		errx(EXIT_TROUBLE, ATTRIBUTES_DIR "/l0gpt_size makes no sense");
	if (!file_lines(IOMEM, read_iomem_line, &map->ram))
		err(EXIT_TROUBLE, IOMEM);
	if (!map->ram.nr)
		errx(EXIT_TROUBLE, "no System RAM in " IOMEM);
	if (!file_lines(COVERAGE, read_coverage_line, map))
		err(EXIT_TROUBLE, "%s", errno == ENOENT ? COVERAGE " (is debugfs mounted?)" :
							  COVERAGE);
	extents_sort(&map->ram);
	extents_sort(&map->fine);
	extents_sort(&map->table);
	extents_sort(&map->host);
}

void map_clear(struct map *map)
{
	extents_clear(&map->ram);
	extents_clear(&map->fine);
	extents_clear(&map->table);
	extents_clear(&map->host);
}

/* Layout --------------------------------------------------------------------------------------- */

static uint64_t par_start(const struct map *map, uint64_t at)
{
	return at & ~(map->par_size - 1);
}

static uint64_t cell_end(const struct map *map, uint64_t at, uint64_t end)
{
	const uint64_t next = par_start(map, at) + map->par_size;

	return next < end ? next : end;
}

/* [start, end) is RAM, and in one PAR */
static enum cell judge(const struct map *map, uint64_t start, uint64_t end)
{
	const uint64_t par = par_start(map, start);
	const bool host = extents_have(&map->host, par, par + map->par_size);

	if (!host && !extents_have(&map->table, par, par + map->par_size))
		return CELL_UNKNOWN;
	if (!extents_have(&map->fine, start, end))
		return CELL_TABLE;
	return host ? CELL_HOST : CELL_PLATFORM;
}

static enum cell cell_at(const struct map *map, uint64_t start, uint64_t end, bool hole)
{
	return hole ? CELL_HOLE : judge(map, start, cell_end(map, start, end));
}

/* As many cells of a kind as there are from *at on, which is moved behind them */
static uint64_t count_run(const struct map *map, uint64_t *at, uint64_t end, bool hole,
			  enum cell kind)
{
	uint64_t n = 0;

	while (*at < end && cell_at(map, *at, end, hole) == kind) {
		*at = cell_end(map, *at, end);
		n++;
	}
	return n;
}

static void lay_out_row(const struct map *map, const struct extent *row, bool hole,
			map_line_fn line, void *arg)
{
	struct map_line l = { .row = row, .end = row->start };
	unsigned int same;
	uint64_t at, n;

	while (l.end < row->end) {
		l.start = l.end;
		same = 0;
		for (l.nr = 0; l.nr < MAP_CELLS && l.end < row->end; l.nr++) {
			l.cell[l.nr] = cell_at(map, l.end, row->end, hole);
			same += l.cell[l.nr] == l.cell[0];
			l.end = cell_end(map, l.end, row->end);
		}
		line(map, &l, arg);
		l.row = NULL;
		if (same < MAP_CELLS)
			continue;
		at = l.end;
		n = count_run(map, &at, row->end, hole, l.cell[0]);
		if (n < REPEAT_MIN)
			continue;
		l.repeat = n;
		l.start = l.end;
		l.end = at;
		line(map, &l, arg);
		l.repeat = 0;
	}
}

void map_lay_out(const struct map *map, map_line_fn line, void *arg)
{
	struct extent hole = { 0 };
	size_t i;

	for (i = 0; i < map->ram.nr; i++) {
		hole.end = par_start(map, map->ram.at[i].start);
		if (i && hole.start < hole.end)
			lay_out_row(map, &hole, true, line, arg);
		lay_out_row(map, &map->ram.at[i], false, line, arg);
		hole.start = par_start(map, map->ram.at[i].end - 1) + map->par_size;
	}
}

void map_label(const struct map_line *line, char text[64])
{
	if (line->row)
		snprintf(text, 64, "%#" PRIx64 "-%#" PRIx64, line->row->start, line->row->end);
	else
		snprintf(text, 64, "  %#" PRIx64, line->start);
}

unsigned int map_label_width(const struct map *map)
{
	/* The last range has the longest addresses */
	const struct map_line line = { .row = &map->ram.at[map->ram.nr - 1] };
	char text[64];

	map_label(&line, text);
	return strlen(text);
}

unsigned int map_run(const struct map_line *line, unsigned int i)
{
	unsigned int run = 1;

	while (i + run < line->nr && line->cell[i + run] == line->cell[i])
		run++;
	return run;
}

void map_title(const struct map *map, char text[80])
{
	if (map->par_size_known)
		snprintf(text, 80, "Physical memory by PARs of %s",
			 bytes_text(map->par_size).text);
	else
		snprintf(text, 80, "Physical memory by the GB: no RMM told the size of a PAR");
}

void map_verdict(const struct map *map, char text[160])
{
	const struct attributes *a = &map->attributes;

	if (a->of[AVAILABLE].number)
		snprintf(text, 160, "%s covered, %s lent to the RMM: Realms are available",
			 bytes_text(a->of[MEMORY_COVERED].number).text,
			 bytes_text(a->of[MEMORY_DONATED].number).text);
	else
		snprintf(text, 160, "Realms are not available: %.100s", a->of[REASON].text);
}

/* Text ----------------------------------------------------------------------------------------- */

struct text {
	int width;
	bool colour;
};

static void put_cells(const struct text *text, enum cell cell, unsigned int nr)
{
	static const char * const colours[NR_CELLS] = {
		[CELL_PLATFORM] = "30;42",	/* black on green */
		[CELL_HOST] = "30;46",		/* on cyan */
		[CELL_TABLE] = "30;43",		/* on yellow */
		[CELL_UNKNOWN] = "97;41",	/* white on red */
		[CELL_HOLE] = "2",		/* faint */
	};

	if (text->colour)
		printf("\033[%sm", colours[cell]);
	while (nr--)
		putchar(map_letters[cell]);
	if (text->colour)
		printf("\033[0m");
}

static void put_line(const struct map *map, const struct map_line *line, void *arg)
{
	const struct text *text = arg;
	struct bytes size = { "" };
	unsigned int i, run;
	char label[64];

	map_label(line, label);
	if (line->row)
		size = bytes_text(line->row->end - line->row->start);
	printf("%-*s %9s  ", text->width, label, size.text);
	if (line->repeat) {
		put_cells(text, line->cell[0], 1);
		printf(" x %" PRIu64 "\n", line->repeat);
		return;
	}
	for (i = 0; i < line->nr; i += run) {
		run = map_run(line, i);
		put_cells(text, line->cell[i], run);
	}
	putchar('\n');
}

void map_show(const struct map *map, bool colour)
{
	struct text text = { map_label_width(map), colour };
	char sentence[160];
	enum cell cell;

	map_title(map, sentence);
	printf("%s\n\n", sentence);
	map_lay_out(map, put_line, &text);
	putchar('\n');
	for (cell = 0; cell < NR_CELLS; cell++) {
		put_cells(&text, cell, 1);
		printf("  %s\n", map_words[cell]);
	}
	map_verdict(map, sentence);
	printf("\n%s\n", sentence);
}
