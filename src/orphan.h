/* SPDX-License-Identifier: GPL-2.0-only */
/* Stateful operations that a live update of the RMM ended. */
#ifndef ORPHAN_H
#define ORPHAN_H

#include "transfer.h"

bool orphan_may_be(const struct op *op);
bool orphan_is(struct op *op);
int orphan_settle(struct op *op, struct rmi_regs *regs, const struct payer *payer);

#endif
