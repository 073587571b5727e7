/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What arm_cca_rmi offers to other kernel modules. Build against it with this directory in the
 * include path and arm_cca_rmi's Module.symvers in KBUILD_EXTRA_SYMBOLS. A module that calls one of
 * these functions depends on arm_cca_rmi: modprobe loads it first, and it can't be unloaded
 * meanwhile.
 */
#ifndef ARM_CCA_RMI_H
#define ARM_CCA_RMI_H

#include <linux/types.h>

/**
 * cca_rmi_is_available() - can Realms be had on this host?
 *
 * True once an RMM of a revision that this host speaks is active and all memory that Linux hands
 * out is conventional, tracked FINE, and has level 1 granule protection tables; memory that goes
 * online later is covered before it does.
 *
 * Context: any. Takes no lock, doesn't sleep.
 * Return: true or false; the reason for false is in /sys/firmware/rmi/reason.
 */
bool cca_rmi_is_available(void);

/**
 * cca_rmi_ensure_range() - see that memory can be delegated
 * @phys: physical address, page aligned
 * @size: bytes, page aligned, not zero
 *
 * With the module's parameter cover=eager, and for memory that is online, there is nothing left to
 * be done; with cover=lazy this is where the RMM is paid. All or nothing. Specification: DEN0137,
 * RMI_GRANULE_TRACKING_SET, RMI_GPT_L1_CREATE.
 *
 * Context: may sleep, allocates. Not in a memory notifier.
 * Return: 0; -EINVAL if it isn't whole pages of online memory; -ENODEV if RMI isn't available;
 * -ENOMEM if the RMM wants memory that can't be had; -ENXIO, -ETIMEDOUT, -EBUSY, -EIO or -EPROTO if
 * the RMM doesn't do it.
 */
int cca_rmi_ensure_range(phys_addr_t phys, size_t size);

/**
 * cca_rmi_delegate_range() - give pages to the Realm world, after cca_rmi_ensure_range()
 * @phys: physical address, page aligned
 * @size: bytes, page aligned, not zero
 *
 * The pages are the caller's; nothing may touch them until they are undelegated. All or nothing.
 * Specification: DEN0137, RMI_GRANULE_RANGE_DELEGATE.
 *
 * Context: may sleep, allocates. Not in a memory notifier.
 * Return: 0 or as cca_rmi_ensure_range(); -EIO if the RMM refuses, for example a page that is
 * delegated already; -ENOTRECOVERABLE if it failed half-way and didn't give everything back: then
 * no page of the range may be touched, nor freed, until reboot.
 */
int cca_rmi_delegate_range(phys_addr_t phys, size_t size);

/**
 * cca_rmi_undelegate_range() - take pages back
 * @phys: physical address, page aligned
 * @size: bytes, page aligned, not zero
 * @done: set to the bytes from @phys on that are the caller's again, also on error
 *
 * The contents are lost. What doesn't come back must not be touched, nor freed, until reboot.
 * Specification: DEN0137, RMI_GRANULE_RANGE_UNDELEGATE.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL; -EIO if the RMM refuses; -ETIMEDOUT; -EPROTO.
 */
int cca_rmi_undelegate_range(phys_addr_t phys, size_t size, size_t *done);

#endif
