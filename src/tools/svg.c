// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>

#include "bytes.h"
#include "output.h"
#include "svg.h"

/* In pixels. A column of text is as wide as in the usual monospaced fonts of that size. */
#define FONT		12U
#define COLUMN		7.3
#define MARGIN		16U
#define LINE		18U
#define CELL		14U

struct picture {
	FILE *f;
	unsigned int lines;
	double cells;			/* where they begin */
};

/* They differ in brightness as well, for those who see no colours */
static const char * const colours[NR_CELLS] = {
	[CELL_PLATFORM] = "#2e9e5b",
	[CELL_HOST] = "#8fd3f4",
	[CELL_TABLE] = "#f2c14e",
	[CELL_UNKNOWN] = "#b3282d",
	[CELL_HOLE] = "#e8e8e8",
};

static void count_line(const struct map *map, const struct map_line *line, void *arg)
{
	struct picture *p = arg;

	p->lines++;
}

static unsigned int next_line(struct picture *p)
{
	return MARGIN + LINE * p->lines++;
}

static void put_text(const struct picture *p, double x, unsigned int y, const char *text)
{
	fprintf(p->f, "<text x=\"%.1f\" y=\"%u\" xml:space=\"preserve\">%s</text>\n", x,
		y + FONT, text);
}

/* Of a kind, side by side; who points at one is told of which */
static void put_cells(const struct picture *p, double x, unsigned int y, enum cell cell,
		      unsigned int nr)
{
	unsigned int i;

	fprintf(p->f, "<g fill=\"%s\"><title>%s</title><path d=\"", colours[cell],
		map_words[cell]);
	for (i = 0; i < nr; i++)
		fprintf(p->f, "M%.1f %uh%uv%uh-%uz", x + i * CELL, y, CELL - 1, CELL - 1, CELL - 1);
	fprintf(p->f, "\"/></g>\n");
}

static void put_line(const struct map *map, const struct map_line *line, void *arg)
{
	struct picture *p = arg;
	const unsigned int y = next_line(p);
	unsigned int i, run;
	char text[64];

	map_label(line, text);
	put_text(p, MARGIN, y, text);
	if (line->row)
		put_text(p, MARGIN + (map_label_width(map) + 2) * COLUMN, y,
			 bytes_text(line->row->end - line->row->start).text);
	if (line->repeat) {
		put_cells(p, p->cells, y, line->cell[0], 1);
		snprintf(text, sizeof(text), "x %" PRIu64, line->repeat);
		put_text(p, p->cells + CELL + COLUMN, y, text);
		return;
	}
	for (i = 0; i < line->nr; i += run) {
		run = map_run(line, i);
		put_cells(p, p->cells + i * CELL, y, line->cell[i], run);
	}
}

static void draw(const struct map *map, FILE *f)
{
	struct picture p = { .f = f };
	char text[160];
	enum cell cell;
	unsigned int y;

	map_lay_out(map, count_line, &p);
	p.cells = MARGIN + (map_label_width(map) + 12) * COLUMN;
	/* Besides the map: a heading, a legend and a sentence, with blank lines between */
	fprintf(f,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<!-- by rmi-host " RMI_HOST_VERSION " -->\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%u\"\n"
		"font-family=\"monospace\" font-size=\"%u\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
		p.cells + MAP_CELLS * CELL + MARGIN, 2 * MARGIN + LINE * (p.lines + NR_CELLS + 5),
		FONT);
	p.lines = 0;
	map_title(map, text);
	put_text(&p, MARGIN, next_line(&p), text);
	next_line(&p);
	map_lay_out(map, put_line, &p);
	next_line(&p);
	for (cell = 0; cell < NR_CELLS; cell++) {
		y = next_line(&p);
		put_cells(&p, MARGIN, y, cell, 1);
		put_text(&p, MARGIN + CELL + COLUMN, y, map_words[cell]);
	}
	next_line(&p);
	map_verdict(map, text);
	put_text(&p, MARGIN, next_line(&p), text);
	fprintf(f, "</svg>\n");
}

void svg_write(const struct map *map, const char *path)
{
	struct output out;

	output_open(&out, path);
	draw(map, out.f);
	output_close(&out);
}
