/* SPDX-License-Identifier: GPL-2.0-only */
/* Granules: from the Non-secure to the Realm physical address space, and back. */
#ifndef GRANULE_H
#define GRANULE_H

#include "smc.h"

int granule_delegate(u64 start, u64 end, u64 *reached, struct rmi_regs *refusal);
int granule_undelegate(u64 start, u64 end, u64 *reached, struct rmi_regs *refusal);
u64 granule_recover(u64 start, u64 end, bool refused, void (*back)(u64 start, u64 end),
		    void (*gone)(u64 start, u64 end));

#endif
