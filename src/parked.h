/* SPDX-License-Identifier: GPL-2.0-only */
/* What the RMM began and could not end. */
#ifndef PARKED_H
#define PARKED_H

#include "ranges.h"
#include "verdict.h"

unsigned int parked_any(void);
int parked_clear(const struct ranges *ram, struct verdict *why);
void parked_resume(void);
void parked_undo_all(unsigned int patience_ms);

#endif
