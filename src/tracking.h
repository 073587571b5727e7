/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Granule tracking: does the RMM follow single granules of this memory, and if not, have it do so.
 */
#ifndef TRACKING_H
#define TRACKING_H

#include "donor.h"
#include "verdict.h"

/*
 * A tracking region that was made FINE: its base, with the state that it had before in the low bits
 */
#define TRACKING_STEP_STATE	7ULL

int tracking_survey(const struct ranges *ram, bool pay, struct ranges *fine,
		    struct ranges *payable, struct verdict *why);
void tracking_announce(unsigned int regions);
int tracking_set_fine(u64 ram, u64 before, const struct places *places, u64 *step,
		      struct verdict *why);
int tracking_unset(u64 step);
struct span tracking_region(u64 addr);
void tracking_payer(u64 base, const struct places *places, struct payer *payer);

#endif
