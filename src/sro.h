/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stateful operations: commands that the RMM does step by step, and for which memory changes hands.
 */
#ifndef SRO_H
#define SRO_H

#include "donor.h"
#include "smc.h"

int sro_run(struct rmi_regs *regs, const struct payer *payer, u64 *wanted);
bool sro_parked(struct rmi_regs *command);
int sro_resume(struct rmi_regs *regs, const struct payer *payer);
void sro_set_dialect(bool beta3);
void sro_close(void);

#endif
