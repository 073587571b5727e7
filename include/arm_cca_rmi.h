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
 * out is conventional, tracked FINE, and has level 1 granule protection tables (with the module's
 * parameter cover=lazy: or can be made so); memory that goes online later is covered before it
 * does. Where this kernel's own driver has the RMM, that leaves out what was hot-added to
 * ZONE_MOVABLE, as that driver does: cca_rmi_ensure_range() says -ENXIO there.
 *
 * Context: any. Takes no lock, doesn't sleep.
 * Return: true or false; the reason for false is in /sys/firmware/rmi/reason.
 */
bool cca_rmi_is_available(void);

/**
 * cca_rmi_take_granules() - get memory of the module's, delegated
 * @nid: NUMA node that it is rather to be of, or NUMA_NO_NODE
 * @nr: how many granules
 * @granule: array of @nr; set to their physical addresses
 *
 * All or nothing. Where 2 MB or more are taken, they come in blocks of 2 MB, each aligned to its
 * size, as far as @nr goes. Nothing may touch them until they are returned. This is the way to get
 * granules that any kernel survives: they are guarded and marked as offline pages, which nobody can
 * do for pages of one's own (see cca_rmi_delegate_range()).
 * Specification: DEN0137, RMI_GRANULE_RANGE_DELEGATE.
 *
 * Context: may sleep, allocates. Not in a memory notifier, nor in a reboot or power notifier.
 * Return: 0; -EINVAL if @nr is 0; -ENODEV if RMI isn't available; -ENOMEM; -EIO, -ETIMEDOUT,
 * -EBUSY, -ENXIO or -EPROTO if the RMM doesn't do it.
 */
int cca_rmi_take_granules(int nid, unsigned int nr, phys_addr_t *granule);

/**
 * cca_rmi_return_granules() - give back granules that cca_rmi_take_granules() gave
 * @granule: array of @nr physical addresses, of one or of several calls, in any order
 * @nr: how many
 *
 * They are the module's again, also on -EBUSY: it goes on trying to have them undelegated.
 * Specification: DEN0137, RMI_GRANULE_RANGE_UNDELEGATE.
 *
 * Context: may sleep. Not in a memory notifier; in a reboot or power notifier of a priority above
 * INT_MIN, which is the module's own.
 * Return: 0; -EINVAL if one of them wasn't taken, then nothing has changed; -EBUSY if the RMM
 * doesn't give one back now.
 */
int cca_rmi_return_granules(const phys_addr_t *granule, unsigned int nr);

/**
 * cca_rmi_ensure_range() - see that memory can be delegated
 * @phys: physical address, page aligned
 * @size: bytes, page aligned, not zero
 *
 * With the module's parameter cover=eager, and for memory that is online, the RMM is asked nothing;
 * with cover=lazy this is where it is paid. All or nothing. It is what
 * cca_rmi_delegate_range_atomic() needs, once, for as long as Realms are available and the memory
 * stays online.
 * Specification: DEN0137, RMI_GRANULE_TRACKING_SET, RMI_GPT_L1_CREATE.
 *
 * Context: may sleep, allocates. Not in a memory notifier.
 * Return: 0; -EINVAL if it isn't whole pages of online memory; -ENODEV if RMI isn't available;
 * -ENOMEM if the RMM wants memory that can't be had; -ENXIO, -ETIMEDOUT, -EBUSY, -EIO or -EPROTO if
 * the RMM doesn't do it; -ENXIO also for what is left out (see cca_rmi_is_available()), and -ENODEV
 * if it was undone meanwhile.
 */
int cca_rmi_ensure_range(phys_addr_t phys, size_t size);

/**
 * cca_rmi_delegate_range() - give pages of one's own to the Realm world
 * @phys: physical address, page aligned
 * @size: bytes, page aligned, not zero
 *
 * What cca_rmi_ensure_range() does is part of it. The pages are the caller's; nothing may touch
 * them until they are undelegated. All or nothing.
 *
 * Kernels whose arm64 fault handler doesn't know granule protection faults (all before Linux 7.4's
 * series, which brings do_gpf()) do not survive what the module can't prevent for such pages: the
 * kernel's string functions read up to 7 bytes past the end of a string, so that any user can crash
 * the host if the page *before* one of these is used for path names; /proc/kcore and crash dumps
 * read the pages themselves (Documentation/operate.md, *Crash dumps*). On those kernels, use
 * cca_rmi_take_granules().
 * Specification: DEN0137, RMI_GRANULE_RANGE_DELEGATE.
 *
 * Context: may sleep, allocates. Not in a memory notifier.
 * Return: 0 or as cca_rmi_ensure_range(); -EEXIST if a page of it is delegated already, or the
 * module's; -EIO if the RMM refuses; -ENOTRECOVERABLE if it failed half-way and didn't give
 * everything back: then no page of the range may be touched, nor freed, unless
 * cca_rmi_undelegate_range() says that it is back.
 */
int cca_rmi_delegate_range(phys_addr_t phys, size_t size);

/**
 * cca_rmi_delegate_range_atomic() - the same for those who may not sleep, as KVM under its lock
 * @phys: physical address, page aligned
 * @size: bytes, page aligned, not zero, at most 1 GB; cca_rmi_ensure_range() was called for all of
 * it
 * @done: set to the bytes from @phys on that are delegated, also on error
 *
 * Not all or nothing: go on behind @done, or take back what is delegated. What an RMM answers BUSY
 * or BLOCKED is repeated a fixed number of times, some 64 microseconds; an operation that it has
 * begun is gone on with in place. Allocates nothing and takes no lock but spinlocks for a few
 * instructions.
 * Specification: DEN0137, RMI_GRANULE_RANGE_DELEGATE.
 *
 * Context: process context, or any in which neither interrupts nor soft interrupts are served; may
 * be called with a spinlock_t or rwlock_t held, and without PREEMPT_RT with preemption disabled.
 * Return: 0; -EINVAL; -ENODEV if RMI isn't available; -ENXIO if cca_rmi_ensure_range() has not been
 * called for a page of it, or it is not covered any more: nothing has changed; -EAGAIN if the RMM
 * was BUSY or BLOCKED for too long, too much is unfinished, or another call has a page of it: try
 * again, also from @done on; -EEXIST if a page of it is delegated already, or the module's; -EIO if
 * the RMM refuses the page at @done; -EINPROGRESS if an operation on the pages behind @done has
 * begun and isn't done: nothing may touch them, and cca_rmi_undelegate_range() says -EBUSY until it
 * is, and takes them back then; -ENOTRECOVERABLE if nobody knows what became of the pages behind
 * @done: as there, page by page.
 */
int cca_rmi_delegate_range_atomic(phys_addr_t phys, size_t size, size_t *done);

/**
 * cca_rmi_undelegate_range() - take pages back
 * @phys: physical address, page aligned
 * @size: bytes, page aligned, not zero
 * @done: set to the bytes from @phys on that are the caller's again, also on error
 *
 * The contents are lost. What doesn't come back must not be touched, nor freed. The range may also
 * hold pages that nobody has delegated: they stay as they are.
 * Specification: DEN0137, RMI_GRANULE_RANGE_UNDELEGATE.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL, also if no page of it was delegated by cca_rmi_delegate_range() or its like,
 * or one is the module's: nothing has changed; -EIO if the RMM refuses; -ETIMEDOUT; -EBUSY if it
 * has begun and isn't done: try again later; -EPROTO.
 */
int cca_rmi_undelegate_range(phys_addr_t phys, size_t size, size_t *done);

/**
 * struct cca_rmi_regs - a command's registers
 * @x: X0 to X5: a function id and its arguments, those that it hasn't zero; the answer
 */
struct cca_rmi_regs {
	u64 x[6];
};

/**
 * cca_rmi_run() - issue a command about a Realm, and see it to its end
 * @regs: the command; set to its final answer if 0 is returned, and else unchanged
 * @stop: once this is true, an operation is left unfinished at its next step; NULL: never
 *
 * For the commands that make, run and unmake Realms: RMI_REALM_*, RMI_RTT_*, RMI_REC_CREATE,
 * RMI_REC_DESTROY and RMI_PSCI_COMPLETE. What the RMM wants for one is lent to it from the module's
 * memory, and what it gives back goes there. Granules that the command names are the caller's, of
 * cca_rmi_take_granules(); they can be returned when the RMM is done with them.
 *
 * BUSY and BLOCKED are waited for as long as the parameter timeout_ms says. A command that has
 * begun and isn't done is unfinished: the RMM may read the pages that it names until it ends. The
 * caller goes on with it by calling this again with the same registers; the module can't be
 * unloaded before, and no other command about a Realm is begun.
 * Specification: DEN0137, "Realm Management Interface", "Stateful RMI operations".
 *
 * Context: may sleep, allocates. Not in a memory notifier; in a reboot or power notifier of a
 * priority above INT_MIN, which is the module's own.
 * Return: 0 with an answer of any status but BUSY, BLOCKED and INCOMPLETE; -EPERM if it is none of
 * these commands; -ENODEV if no load succeeded, or everything is released; -EOPNOTSUPP if the RMM
 * doesn't know it; -ETIMEDOUT if it is BUSY or BLOCKED, nothing was done; -ENOMEM or -ENOSPC if the
 * RMM wants memory that can't be had, and the command was given up; -EBUSY if another operation is
 * unfinished; -EINPROGRESS if this one is; -EPROTO if the RMM makes no sense.
 */
int cca_rmi_run(struct cca_rmi_regs *regs, const bool *stop);

/**
 * cca_rmi_rec_enter() - run a REC on this CPU, once
 * @rec: physical address of the REC
 * @run: physical address of its run page, which isn't delegated
 * @result: set to RmiResult, X0 of the answer, unless -ENODEV or -EPROTO is returned
 *
 * It returns with the first interrupt at the latest, and why is told by the run page. Nothing is
 * repeated. The caller sees to it that an interrupt comes, that this CPU's state is one in which a
 * REC may be entered, and that the Realm isn't destroyed meanwhile.
 * Specification: DEN0137, RMI_REC_ENTER.
 *
 * Context: any, also with interrupts masked.
 * Return: 0 with an answer of any status, BUSY, too; -ENODEV if everything is released; -EOPNOTSUPP
 * if the RMM doesn't know it; -EPROTO if the RMM makes no sense.
 */
int cca_rmi_rec_enter(phys_addr_t rec, phys_addr_t run, u64 *result);

/**
 * cca_rmi_feature_register() - what the RMM says of itself
 * @index: 0 or 1
 *
 * Specification: DEN0137, RMI_FEATURES.
 *
 * Context: may sleep.
 * Return: the register as it was read when the RMM was found or updated; 0 if there is none.
 */
u64 cca_rmi_feature_register(unsigned int index);

/* What a proof that Realms run came to, as /sys/firmware/rmi/proved tells it */
enum cca_rmi_proved {
	CCA_RMI_PROVED_NEVER,
	CCA_RMI_PROVED_PASSED,
	CCA_RMI_PROVED_FAILED,
};

/**
 * cca_rmi_set_proved() - Realms were seen to run here, or not to
 * @proof: 0 when a proof begins; then what was returned
 * @outcome: what it came to; of none when a proof begins
 *
 * It counts only if this is still the RMM that there was when the proof began: it is forgotten with
 * each session, latch, live update and whenever Realms aren't available any more.
 *
 * Context: any but interrupts.
 * Return: what to pass as @proof, never 0.
 */
u64 cca_rmi_set_proved(u64 proof, enum cca_rmi_proved outcome);

#endif
