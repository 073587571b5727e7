/* SPDX-License-Identifier: GPL-2.0-only */
/* The RMM may be updated while the host runs (Live Firmware Activation). */
#ifndef UPDATE_H
#define UPDATE_H

#include "verdict.h"

bool update_is_to_be_looked_at(void);
bool update_check(struct verdict *why);
bool update_took_rmm_away(void);
void update_forget(void);

#endif
