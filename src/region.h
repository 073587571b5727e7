/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracking regions: does the RMM follow single granules of this memory, and if not, have it do so.
 */
#ifndef REGION_H
#define REGION_H

#include "sro.h"
#include "verdict.h"

struct span region_at(u64 addr);
int region_survey(const struct ranges *ram, bool pay, struct ranges *fine, struct ranges *payable,
		  struct verdict *why);
u64 region_price(void);
struct payer region_payer(u64 base, const struct places *places);
int region_make_fine(struct payer *payer, unsigned int before, struct verdict *why);
int region_give_up(struct payer *payer, bool *fine);
int region_undo(u64 base, unsigned int before, u64 category, u64 *lent);

#endif
