/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of bytes, for people. */
#ifndef TOOLS_BYTES_H
#define TOOLS_BYTES_H

#include <stdint.h>

#define KB	(UINT64_C(1) << 10)
#define GB	(UINT64_C(1) << 30)

struct bytes {
	char text[24];
};

/* In the largest unit in which there is one, with a tenth where it isn't whole: 4 KB, 1.5 GB */
struct bytes bytes_text(uint64_t n);

#endif
