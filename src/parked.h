/* SPDX-License-Identifier: GPL-2.0-only */
/* What the RMM began and could not end. */
#ifndef PARKED_H
#define PARKED_H

unsigned int parked_any(void);
void parked_resume(void);
void parked_undo_all(unsigned int patience_ms);

#endif
