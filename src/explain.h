/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict on an answer that its caller has no verdict of its own on. */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "smc.h"
#include "verdict.h"

void explain_where(u64 x0, struct verdict *why);
int explain_answer(u64 fid, u64 addr, int rc, const struct rmi_regs *answer, struct verdict *why);
int explain_delegation(u64 addr, int rc, struct verdict *why);

#endif
