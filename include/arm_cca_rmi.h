/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What arm_cca_rmi offers to other kernel modules. Build against it with this directory in the include path and
 * arm_cca_rmi's Module.symvers in KBUILD_EXTRA_SYMBOLS. A module that calls one of these functions depends on
 * arm_cca_rmi: modprobe loads it first, and it can't be unloaded meanwhile.
 */
#ifndef ARM_CCA_RMI_H
#define ARM_CCA_RMI_H

#include <linux/types.h>

/**
 * cca_rmi_is_available() - can Realms be had on this host?
 *
 * True once an RMM of a revision that this host speaks is active and all memory that Linux hands out is conventional,
 * tracked FINE, and has level 1 granule protection tables; memory that goes online later is covered before it does.
 *
 * Context: any. Takes no lock, doesn't sleep.
 * Return: true or false; the reason for false is in /sys/firmware/rmi/reason.
 */
bool cca_rmi_is_available(void);

#endif
