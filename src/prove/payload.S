/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs in the Realm: position independent, without MMU, stack and memory of its own. Nothing
 * in it depends on how large granules are, so that its measurement is known beforehand.
 *
 * x0: IPA of its page for host calls; x1: of a page for its configuration; x2: of the first page to
 * be tried; x3: 0 for the first REC, which does all of this, else the REC's index, which that REC
 * tells before it turns itself off.
 */
#include "payload.h"

#define RSI_VERSION		0xC4000190
#define RSI_MEASUREMENT_READ	0xC4000192
#define RSI_REALM_CONFIG	0xC4000196
#define RSI_HOST_CALL		0xC4000199
#define PSCI_CPU_OFF		0x84000002
#define PSCI_SYSTEM_OFF		0x84000008

	.macro	call number
	movz	x0, #((\number) & 0xffff)
	movk	x0, #((\number) >> 16), lsl #16
	smc	#0
	.endm

	.macro	tell what
	mov	w9, #\what
	str	w9, [x19]
	mov	x1, x19
	call	RSI_HOST_CALL
	.endm

	.macro	gpr n, reg
	str	\reg, [x19, #(8 + 8 * (\n))]
	.endm

	.section .rodata, "a"
	.balign	4096
	.global	prove_payload
	.global	prove_payload_end
prove_payload:
	mov	x19, x0
	mov	x20, x1
	mov	x21, x2
	cbnz	x3, 5f

	/* Who it is */
	mov	x1, #0x10000
	call	RSI_VERSION
	gpr	PAYLOAD_VERSION_RC, x0
	gpr	PAYLOAD_VERSION_LOW, x1
	gpr	PAYLOAD_VERSION_HIGH, x2
	mov	x1, x20
	call	RSI_REALM_CONFIG
	gpr	PAYLOAD_CONFIG_RC, x0
	ldr	x1, [x20]
	gpr	PAYLOAD_IPA_WIDTH, x1
	mov	x1, #0
	call	RSI_MEASUREMENT_READ
	gpr	PAYLOAD_MEASURE_RC, x0
	gpr	PAYLOAD_MEASUREMENT, x1
	gpr	PAYLOAD_MEASUREMENT + 1, x2
	gpr	PAYLOAD_MEASUREMENT + 2, x3
	gpr	PAYLOAD_MEASUREMENT + 3, x4
	gpr	PAYLOAD_MEASUREMENT + 4, x5
	gpr	PAYLOAD_MEASUREMENT + 5, x6
	gpr	PAYLOAD_MEASUREMENT + 6, x7
	gpr	PAYLOAD_MEASUREMENT + 7, x8

	/* What can't be told without the challenge, nor without computing */
	ldr	x10, [x19, #PAYLOAD_CHALLENGE]
	mov	x11, #PAYLOAD_ROUNDS
	movz	x12, #(PAYLOAD_FACTOR & 0xffff)
	movk	x12, #(PAYLOAD_FACTOR >> 16), lsl #16
1:	madd	x10, x10, x12, x11
	subs	x11, x11, #1
	b.ne	1b
	gpr	PAYLOAD_COMPUTED, x10
	tell	PAYLOAD_SELF

	/* Pages of the host's choice, which may not be there before they are touched */
	ldr	x22, [x19, #PAYLOAD_CHALLENGE]
	ldr	x23, [x19, #PAYLOAD_NR_PROBES]
	ldr	x24, [x19, #PAYLOAD_PAGE_BYTES]
	mov	x25, #0
2:	cbz	x23, 3f
	eor	x10, x21, x22
	str	x10, [x21]
	ldr	x11, [x21]
	cmp	x10, x11
	cinc	x25, x25, eq
	add	x21, x21, x24
	sub	x23, x23, #1
	b	2b
3:	gpr	PAYLOAD_NUMBER, x25
	tell	PAYLOAD_PROBED

	/* Longer than the host lets it */
	ldr	x10, [x19, #PAYLOAD_LOOP_TICKS]
	isb
	mrs	x11, cntvct_el0
	add	x10, x10, x11
4:	isb
	mrs	x11, cntvct_el0
	cmp	x11, x10
	b.lo	4b
	tell	PAYLOAD_LOOPED
	call	PSCI_SYSTEM_OFF
	b	.

	/* A host call structure for each of the others, behind the first one's page for calls */
5:	gpr	PAYLOAD_NUMBER, x3
	tell	PAYLOAD_INDEX
	call	PSCI_CPU_OFF
	b	.
	.balign	16
prove_payload_end:
