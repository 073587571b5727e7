/* SPDX-License-Identifier: GPL-2.0-only */
/* Three bits for each page that a consumer may delegate: is it, is it changing, is it covered? */
#ifndef PAGEBITS_H
#define PAGEBITS_H

#include <linux/types.h>

int pagebits_prepare(u64 start, u64 end);
void pagebits_usable(u64 start, u64 end);
void pagebits_unusable(u64 start, u64 end);
bool pagebits_claim(u64 start, u64 end, bool out);
int pagebits_claim_atomic(u64 start, u64 end);
void pagebits_settle(u64 start, u64 end, bool out);
void pagebits_abandon(u64 start, u64 end, bool out);
void pagebits_withhold(u64 start, u64 end);
int pagebits_check(u64 start, u64 end);
u64 pagebits_next_run(u64 *at, u64 end);
bool pagebits_any(u64 start, u64 end);
u64 pagebits_bytes(void);
void pagebits_close(void);

#endif
