/* SPDX-License-Identifier: GPL-2.0-only */
/* Online memory is covered when Realms can be given each page of it. */
#ifndef COVER_H
#define COVER_H

#include "ranges.h"
#include "verdict.h"

void cover_lock_all(void);
void cover_unlock_all(void);
bool cover_pays_at_once(void);
bool cover_may_lend(void);
int cover_ranges(const struct ranges *ram, bool pay, bool killable, struct verdict *why);

int cover_start(bool fresh, bool killable, struct verdict *why);
int cover_ensure(u64 start, u64 end, bool movable, struct verdict *why);
int cover_ensure_paid(u64 start, u64 end, struct verdict *why);
void cover_forget(u64 start, u64 end);
int cover_stop(unsigned int patience_ms);
void cover_retry_later(void);
void cover_quiesce(void);

#endif
