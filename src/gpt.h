/* SPDX-License-Identifier: GPL-2.0-only */
/* Granule protection tables: does each PAR have a level 1 table, and if not, make it one. */
#ifndef GPT_H
#define GPT_H

#include "donor.h"
#include "verdict.h"

int gpt_survey(const struct ranges *ram, struct ranges *tables, struct verdict *why);
int gpt_create(u64 par, const struct places *places, bool *created, struct verdict *why);
int gpt_destroy(u64 par);
void gpt_payer(u64 par, const struct places *places, struct payer *payer);

#endif
