/* SPDX-License-Identifier: GPL-2.0-only */
/* Stateful operations: commands that the RMM does step by step. */
#ifndef SRO_H
#define SRO_H

#include "smc.h"

int sro_run(struct rmi_regs *regs);

#endif
