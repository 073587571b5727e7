/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether Realms can be had and, if not, why: one word for programs, one line for people. */
#ifndef VERDICT_H
#define VERDICT_H

#include <linux/types.h>

/* The order is that of the words in verdict.c */
enum reason {
	REASON_OK,
	REASON_CRASH_KERNEL,
	REASON_NO_SMC_CONDUIT,
	REASON_NO_RME,
	REASON_NO_RMM,
	REASON_REVISION,
	REASON_GRANULE_SIZE,
	REASON_REGION_SIZE,
	REASON_NOT_TRACKED,
	REASON_NOT_FINE,
	REASON_NOT_CONVENTIONAL,
	REASON_NO_GPT,
	REASON_NO_MEMORY,
	REASON_NO_ANSWER,
	REASON_BLOCKED,
	REASON_UNFINISHED,
	REASON_REFUSED,
	REASON_BAD_ANSWER,
	REASON_RELEASED,
	REASON_INTERRUPTED,
	REASON_COUNT
};

#define VERDICT_DETAIL_SIZE 112

struct verdict {
	enum reason reason;
	char detail[VERDICT_DETAIL_SIZE];
};

__printf(3, 4) int verdict_set(struct verdict *v, enum reason reason, const char *fmt, ...);
const char *verdict_word(enum reason reason);

void verdict_publish(const struct verdict *v);
void verdict_listen(void (*changed)(void));
void verdict_published(struct verdict *v);

#endif
