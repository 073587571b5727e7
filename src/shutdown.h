/* SPDX-License-Identifier: GPL-2.0-only */
/* Reboot, kexec and hibernation: whoever comes next finds nothing of ours with the RMM. */
#ifndef SHUTDOWN_H
#define SHUTDOWN_H

#include "verdict.h"

int shutdown_register(struct verdict *why);
void shutdown_unregister(void);

#endif
