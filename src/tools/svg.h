/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory map as a picture. */
#ifndef TOOLS_SVG_H
#define TOOLS_SVG_H

#include "map.h"

/* Writes it whole, or ends the program and leaves what was there before */
void svg_write(const struct map *map, const char *path);

#endif
