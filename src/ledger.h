/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every page that isn't Linux's, and the only place where one is freed. A page is *held* once the
 * allocator gave it to us, and *out* while the RMM may have it, so that touching it is fatal.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "ranges.h"

enum ledger_kind {
	LEDGER_HELD,		/* in hand, or guard of the page behind it */
	LEDGER_OPEN,		/* in hand, for consumers to take */
	/* From here on, they are out */
	LEDGER_READY,		/* in hand, delegated */
	LEDGER_CHANGING,	/* a command to delegate or undelegate them is under way */
	LEDGER_TABLE,		/* lent for the level 1 table of a PAR; payee: its base */
	LEDGER_REGION,		/* lent for a tracking region; payee: its base */
	LEDGER_RMM,		/* lent for the RMM as a whole */
	LEDGER_TAKEN,		/* a consumer took it, delegated */
	LEDGER_REALM,		/* lent for a consumer's Realm */
	LEDGER_LOST,		/* never comes back */
	LEDGER_KINDS
};

int ledger_enter(u64 start, u64 end);
void ledger_decline(u64 start, u64 end);
int ledger_lend(u64 start, u64 end, enum ledger_kind kind, u64 payee);
void ledger_keep(u64 start, u64 end, enum ledger_kind kind, u64 payee);
bool ledger_is_lent(u64 start, u64 end, enum ledger_kind kind, u64 payee);
void ledger_set(u64 start, u64 end, enum ledger_kind from, enum ledger_kind to);
void ledger_free_held(void);
bool ledger_find(enum ledger_kind kind, u64 start, u64 end, struct span *part);
bool ledger_next(u64 start, u64 end, struct span *part);
bool ledger_has_marked(u64 start, u64 end);
bool ledger_is_out(enum ledger_kind kind);
bool ledger_is_loan(enum ledger_kind kind);
bool ledger_is_consumers(enum ledger_kind kind);
u64 ledger_bytes(bool (*counts)(enum ledger_kind kind));
void ledger_walk(void (*see)(void *arg, const struct span *span), void *arg);
const char *ledger_word(enum ledger_kind kind);
void ledger_close(void);

#endif
