/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory map as a picture. */
#ifndef TOOLS_SVG_H
#define TOOLS_SVG_H

#include "map.h"

/* Writes it as output.h has it, or ends the program */
void svg_write(const struct map *map, const char *path);

#endif
