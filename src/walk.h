/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A walk over memory: passes, and for how long an RMM is waited for that doesn't do what it is
 * asked.
 */
#ifndef WALK_H
#define WALK_H

#include "ranges.h"
#include "verdict.h"

enum walk_kind {
	WALK_MAKE,		/* ends as soon as everything is released */
	WALK_MAKE_KILLABLE,	/* ... or a signal ends this process */
	WALK_UNDO,
};

void walk_open(enum walk_kind kind, unsigned int patience_ms);
unsigned int walk_ms(void);
void walk_note(int rc);
bool walk_is_over(void);
bool walk_again(void);
int walk_tick(const char *what, const struct ranges *ram, u64 at, struct verdict *why);
int walk_end(struct verdict *why);
void walk_set_released(bool is);
bool walk_is_released(void);

#endif
