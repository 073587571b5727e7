/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels that the module builds for. */
#ifndef COMPAT_H
#define COMPAT_H

#include <linux/crash_dump.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/memory.h>
#include <linux/trace_events.h>
#include <linux/version.h>

/*
 * Newer kernels say in their own flags what older ones said by a migrate type. Some have no such
 * function: then nothing larger than the buddy allocator's largest block can be had.
 */
#ifndef CONFIG_CONTIG_ALLOC
#define compat_alloc_contig_range(start, end, gfp)	(-EOPNOTSUPP)
#elif defined(ACR_FLAGS_NONE)
#define compat_alloc_contig_range(start, end, gfp) \
	alloc_contig_range(start, end, ACR_FLAGS_NONE, gfp)
#else
#define compat_alloc_contig_range(start, end, gfp) \
	alloc_contig_range(start, end, MIGRATE_MOVABLE, gfp)
#endif

/* Without memory hotplug there are no blocks, and nothing is announced */
#ifdef CONFIG_MEMORY_HOTPLUG
#define compat_block_size()	memory_block_size_bytes()
#else
#define compat_block_size()	PAGE_SIZE
#endif

/* Distributions' kernels have events; smaller ones needn't */
#ifdef CONFIG_EVENT_TRACING
#define compat_trace_on(system) trace_set_clr_event(system, NULL, 1)
#else
#define compat_trace_on(system) (-EOPNOTSUPP)
#endif

/* What a timer does is told as it is set up since 6.13; the old way went with 6.15 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define compat_hrtimer_on_stack(timer, fn, clock, mode) \
	hrtimer_setup_on_stack(timer, fn, clock, mode)
#else
#define compat_hrtimer_on_stack(timer, fn, clock, mode) do {	\
	hrtimer_init_on_stack(timer, clock, mode);		\
	(timer)->function = fn;					\
} while (0)
#endif

/* A kernel that can't be the one that takes a crash dump isn't */
#ifdef CONFIG_CRASH_DUMP
#define compat_is_kdump_kernel() is_kdump_kernel()
#else
#define compat_is_kdump_kernel() false
#endif

/* Built in where there is one, from 7.4 on; see owner.c */
#define compat_has_rmi_driver() IS_ENABLED(CONFIG_ARM_RMM_RMI)

/* Without /proc/vmcore there is nothing to be kept out of it */
#ifdef CONFIG_PROC_VMCORE
#define compat_register_vmcore_cb(cb)	register_vmcore_cb(cb)
#define compat_unregister_vmcore_cb(cb)	unregister_vmcore_cb(cb)
#else
struct vmcore_cb {
	bool (*pfn_is_ram)(struct vmcore_cb *cb, unsigned long pfn);
};

#define compat_register_vmcore_cb(cb)	((void)(cb))
#define compat_unregister_vmcore_cb(cb)	((void)(cb))
#endif

#endif
