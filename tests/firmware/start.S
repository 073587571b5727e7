/* SPDX-License-Identifier: GPL-2.0-only */
/* Reset, exception vectors, and the ways in and out of Linux. */
#include "el3.h"

#define MPIDR_AFFINITY	0xff00ffffff

/* What an SMC's caller gets back: X0 to X18, X29, X30. C functions preserve the others. */
#define FRAME_SIZE	(22 * 8)

	/* An empty stack for this CPU, whose number is left in x0. Changes x1. */
	.macro	own_stack
	mrs	x0, mpidr_el1
	and	x0, x0, #0xff
	adrp	x1, __stacks
	add	x1, x1, :lo12:__stacks
	add	x1, x1, x0, lsl #STACK_SHIFT
	add	sp, x1, #(1 << STACK_SHIFT)
	.endm

	.section .text.start, "ax"
	/*
	 * All CPUs come here from reset at the same time, and nothing in SRAM can be believed: it
	 * holds what it held before the reset. CPU 0 boots; the others sleep until what it has
	 * booted asks for them.
	 */
	.global	_start
_start:
	msr	daifset, #0xf
	ldr	x0, =SCTLR_RES1
	msr	sctlr_el3, x0
	adr	x0, vectors
	msr	vbar_el3, x0
	isb
	mrs	x0, mpidr_el1
	ldr	x1, =MPIDR_AFFINITY
	and	x0, x0, x1
	cmp	x0, #MAX_CPUS
	b.hs	no_such_cpu
	own_stack
	cbz	x0, cold_boot
	b	cpu_wait

no_such_cpu:				/* it has no stack, and PSCI denies that it exists */
	wfi
	b	no_such_cpu

	.global	cpu_restart
cpu_restart:
	own_stack
	b	cpu_wait

	/* Linux wants X1 to X3 zero; what we have in the others is none of its business */
	.global	exit_to_host
exit_to_host:
	msr	elr_el3, x0
	msr	spsr_el3, x2
	mov	x0, x1
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov	x\n, xzr
	.endr
	eret

	.macro	vector to
	.balign	0x80
	b	\to
	.endm

	.balign	0x800
vectors:
	.rept	8				/* in EL3 itself, with SP_EL0 and with SP_EL3 */
	vector	unexpected
	.endr
	vector	from_below			/* synchronous, from AArch64 */
	.rept	7				/* other kinds, and all from AArch32 */
	vector	unexpected
	.endr

	/* The stack may be what is wrong: take an empty one, we don't go back */
unexpected:
	own_stack
	b	fatal_exception

from_below:
	sub	sp, sp, #FRAME_SIZE
	stp	x0, x1, [sp]
	mrs	x1, cntpct_el0			/* from here on it is the firmware's time */
	stp	x2, x3, [sp, #0x10]
	stp	x4, x5, [sp, #0x20]
	stp	x6, x7, [sp, #0x30]
	stp	x8, x9, [sp, #0x40]
	stp	x10, x11, [sp, #0x50]
	stp	x12, x13, [sp, #0x60]
	stp	x14, x15, [sp, #0x70]
	stp	x16, x17, [sp, #0x80]
	stp	x18, x29, [sp, #0x90]
	str	x30, [sp, #0xa0]
	mov	x0, sp
	bl	host_exception
	ldp	x0, x1, [sp]
	ldp	x2, x3, [sp, #0x10]
	ldp	x4, x5, [sp, #0x20]
	ldp	x6, x7, [sp, #0x30]
	ldp	x8, x9, [sp, #0x40]
	ldp	x10, x11, [sp, #0x50]
	ldp	x12, x13, [sp, #0x60]
	ldp	x14, x15, [sp, #0x70]
	ldp	x16, x17, [sp, #0x80]
	ldp	x18, x29, [sp, #0x90]
	ldr	x30, [sp, #0xa0]
	add	sp, sp, #FRAME_SIZE
	eret
