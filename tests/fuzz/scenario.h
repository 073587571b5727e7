/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine, its RMM, which may lie, and what happens to the module there: all of it chosen by a
 * seed or by a fuzzer's bytes. What must hold whatever was chosen is asserted on the way.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "world.h"

/* What was seen, the most of all scenarios so far */
struct scenario_seen {
	u64 commands_per_gb;	/* of one call into the module */
	u64 answers_per_gb;	/* likewise, those that were not BUSY or BLOCKED */
	u64 ns_per_gb;		/* likewise, of virtual time */
	u64 lies;		/* commands while the RMM was hostile, in all */
	u64 fresh;		/* loads on an RMM that had turned honest, in all */
};

extern struct scenario_seen scenario_seen;

void scenario_by_seed(u64 seed);
void scenario_by_bytes(const u8 *bytes, size_t n);

/*
 * What can happen to a host whose RMM is honest, in so many steps: after each, what the module says
 * is compared with what the model knows. Steps whose bit is set in left_out don't happen. Returns
 * whether Realms could be had of the machine in the end.
 */
#define SCENARIO_STEPS	40
bool scenario_history(u64 seed, u64 left_out, bool tell);

#endif
