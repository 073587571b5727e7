// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>

#include "bytes.h"

struct bytes bytes_text(uint64_t n)
{
	static const char * const units[] = { "bytes", "KB", "MB", "GB", "TB", "PB", "EB" };
	unsigned int unit = 0, shift;
	struct bytes b;
	uint64_t tenths;

	while (n >> 10 * unit >= 1024)
		unit++;
	shift = 10 * unit;
	tenths = shift ? (n >> (shift - 10) & 1023) * 10 / 1024 : 0;
	if (n == n >> shift << shift)
		snprintf(b.text, sizeof(b.text), "%" PRIu64 " %s", n >> shift, units[unit]);
	else
		snprintf(b.text, sizeof(b.text), "%" PRIu64 ".%" PRIu64 " %s", n >> shift, tenths,
			 units[unit]);
	return b;
}
