/* SPDX-License-Identifier: GPL-2.0-only */
/* What was made for memory is undone, and what was lent for it comes back. */
#ifndef UNDO_H
#define UNDO_H

#include "smc.h"

void undo_to(unsigned int mark, unsigned int patience_ms);
void undo_unused(void);
void undo_paid_from(u64 start, u64 end);
int undo_resume(const struct rmi_regs *command);

#endif
