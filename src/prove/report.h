/* SPDX-License-Identifier: GPL-2.0-only */
/* What a proof says, a line a step. */
#ifndef PROVE_REPORT_H
#define PROVE_REPORT_H

#include <linux/types.h>

#define REPORT_SIZE	3072

enum report_word { REPORT_PASS, REPORT_FAIL, REPORT_SKIP, REPORT_INFO };

struct report {
	unsigned int failed, skipped;
	size_t used;
	char text[REPORT_SIZE];
};

__printf(3, 4) void report_say(struct report *r, enum report_word word, const char *fmt, ...);

#endif
