/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands about consumers' Realms, and memory for them. */
#ifndef REALM_H
#define REALM_H

#include "smc.h"

int realm_run(struct rmi_regs *regs, const bool *stop);

#endif
