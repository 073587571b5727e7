/* SPDX-License-Identifier: GPL-2.0-only */
/* Granule protection tables: does each PAR have a level 1 table, and if not, make it one. */
#ifndef GPT_H
#define GPT_H

#include "sro.h"
#include "verdict.h"

int gpt_survey(const struct ranges *ram, struct ranges *tables, struct ranges *reserved,
	       struct verdict *why);
int gpt_check(const struct ranges *ram, const struct ranges *tables, struct verdict *why);
u64 gpt_price(void);
struct payer gpt_payer(u64 par, const struct places *places);
int gpt_create(struct payer *payer, bool *created, struct verdict *why);
int gpt_give_up(struct payer *payer, bool *created);
int gpt_destroy(u64 par, u64 *lent);

#endif
