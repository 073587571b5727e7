// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/string.h>

#include "report.h"

static const char * const words[] = {
	[REPORT_PASS] = "PASS", [REPORT_FAIL] = "FAIL", [REPORT_SKIP] = "SKIP",
	[REPORT_INFO] = "INFO",
};

/**
 * report_say() - a step has ended
 * @r: the report
 * @word: how
 * @fmt: which step, and what was seen, for people
 *
 * What has no room is counted and not shown.
 *
 * Context: any; one caller at a time.
 */
void report_say(struct report *r, enum report_word word, const char *fmt, ...)
{
	char *at = r->text;
	va_list args;

	r->failed += word == REPORT_FAIL;
	r->skipped += word == REPORT_SKIP;
	r->used += scnprintf(at + r->used, REPORT_SIZE - r->used, "%s: ", words[word]);
	va_start(args, fmt);
	r->used += vscnprintf(at + r->used, REPORT_SIZE - r->used, fmt, args);
	va_end(args);
	r->used += scnprintf(at + r->used, REPORT_SIZE - r->used, "\n");
}
