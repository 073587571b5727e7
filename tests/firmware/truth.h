/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A firmware call for tests, no part of RMI: what the model RMM really holds. Constants only, for
 * the firmware and for what runs in the booted machine.
 *
 * In: X0 TRUTH, X1 which, X2 its argument. Out: X0 0, X1 the value; or X0 -1, and nothing else
 * changed, if there is no RMM or no such truth. (Of an RMM that its description calls absent the
 * truth can be had: how often it was asked, for one.)
 */
#ifndef TRUTH_H
#define TRUTH_H

#define TRUTH			0xC3000001U	/* SMCCC: fast call, SMC64, OEM service */

#define TRUTH_COMMANDS		0	/* commands seen; X2: of this function id, 0 for all */
#define TRUTH_DONATED		1	/* bytes of the host's that the RMM holds */
#define TRUTH_DELEGATED		2	/* bytes delegated, donated ones not counted */
#define TRUTH_TRACKING		3	/* RMI_TRACKING_* of the region of physical address X2 */
#define TRUTH_PAR		4	/* RMI_PAR_* of the PAR of physical address X2 */
#define TRUTH_ACTIVE		5	/* 1 if activated */
#define TRUTH_SANITY		6	/* with or without RMM; see below */
#define TRUTH_TICKS		7	/* of the counter, spent in SMCs that have returned */
#define TRUTH_TICKS_BETWEEN	8	/* see smc_ticks_between() */
#define TRUTH_FORBID		9	/* from now on commands of function id X2 are counted in */
#define TRUTH_FORBIDDEN		10	/* ... what nobody should have issued; all are done */

/* TRUTH_SANITY has three values: X1 the firmware's exception level, X2 SCR_EL3, X3 the CPU */

#endif
