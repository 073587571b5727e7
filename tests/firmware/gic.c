// SPDX-License-Identifier: GPL-2.0-only
/*
 * GICv3: all interrupts are Linux's (group 1, Non-secure) except for one SGI, which wakes CPUs that
 * are off. They sleep in WFI, since QEMU makes a busy loop of WFE.
 */
#include "el3.h"

#define GICD_CTLR		(GICD_BASE + 0x0000)
#define GICD_CTLR_GRP0		BIT(0)
#define GICD_CTLR_GRP1NS	BIT(1)
#define GICD_CTLR_ARE_S		BIT(4)		/* affinity routing, what redistributors need */
#define GICD_CTLR_ARE_NS	BIT(5)
#define GICD_CTLR_RWP		BIT(31)		/* a write is under way */
#define GICD_TYPER		(GICD_BASE + 0x0004)
#define GICD_IGROUPR(n)		(GICD_BASE + 0x0080 + 4 * (n))
#define GICD_IGRPMODR(n)	(GICD_BASE + 0x0d00 + 4 * (n))

#define GICR_STRIDE		0x20000
#define GICR_SGI		0x10000		/* the page of SGIs and PPIs */
#define GICR_TYPER		0x0008
#define GICR_TYPER_LAST		BIT(4)
#define GICR_WAKER		0x0014
#define GICR_WAKER_SLEEP	BIT(1)
#define GICR_WAKER_ASLEEP	BIT(2)
#define GICR_IGROUPR0		(GICR_SGI + 0x0080)
#define GICR_ISENABLER0		(GICR_SGI + 0x0100)
#define GICR_IGRPMODR0		(GICR_SGI + 0x0d00)

/* The CPU interface's registers; the assembler may not know their names */
#define ICC_PMR_EL1		s3_0_c4_c6_0
#define ICC_IAR0_EL1		s3_0_c12_c8_0
#define ICC_EOIR0_EL1		s3_0_c12_c8_1
#define ICC_SGI0R_EL1		s3_0_c12_c11_7
#define ICC_IGRPEN0_EL1		s3_0_c12_c12_6
#define ICC_SRE_EL3		s3_6_c12_c12_5
#define ICC_IGRPEN1_EL3		s3_6_c12_c12_7

#define ICC_SRE_ALL		0xf		/* system registers; EL2 may choose them too */
#define ICC_PMR_ALL		0xff
#define ICC_SGI0R_INTID_SHIFT	24

#define WAKE_SGI		15U		/* Arm leaves 8 to 15 to the secure world */

static uint64_t redistributor(unsigned int cpu)
{
	return GICR_BASE + (uint64_t)cpu * GICR_STRIDE;
}

void gic_init(void)
{
	uint32_t banks;

	write32(GICD_CTLR, GICD_CTLR_ARE_S | GICD_CTLR_ARE_NS);
	while (read32(GICD_CTLR) & GICD_CTLR_RWP)
		;
	banks = (read32(GICD_TYPER) & 0x1f) + 1;		/* of 32; first: the CPUs' own */
	for (uint32_t i = 1; i < banks; i++) {
		write32(GICD_IGROUPR(i), ~0U);
		write32(GICD_IGRPMODR(i), 0);
	}
	write32(GICD_CTLR,
		GICD_CTLR_ARE_S | GICD_CTLR_ARE_NS | GICD_CTLR_GRP0 | GICD_CTLR_GRP1NS);
}

unsigned int gic_nr_cpus(void)
{
	unsigned int cpu = 0;

	while (cpu < MAX_CPUS - 1 &&
	       !(read32(redistributor(cpu) + GICR_TYPER) & GICR_TYPER_LAST))
		cpu++;
	return cpu + 1;
}

void gic_cpu_init(void)
{
	uint64_t gicr = redistributor(this_cpu());

	while (!(read32(GICD_CTLR) & GICD_CTLR_ARE_S))		/* about to be, by CPU 0 */
		;
	write32(gicr + GICR_WAKER, read32(gicr + GICR_WAKER) & ~GICR_WAKER_SLEEP);
	while (read32(gicr + GICR_WAKER) & GICR_WAKER_ASLEEP)
		;
	write32(gicr + GICR_IGROUPR0, (uint32_t)~BIT(WAKE_SGI));
	write32(gicr + GICR_IGRPMODR0, 0);
	write32(gicr + GICR_ISENABLER0, BIT(WAKE_SGI));
	write_sysreg(ICC_SRE_EL3, ICC_SRE_ALL);
	isb();
	write_sysreg(ICC_PMR_EL1, ICC_PMR_ALL);			/* Linux can't raise a low one */
}

/*
 * Group 0 is enabled only in here, so that the SGI never interrupts Linux, and group 1 is disabled,
 * so that Linux's interrupts wake nobody: it enables them on each CPU that comes up. An SGI that is
 * sent early stays pending.
 */
void gic_sleep(void)
{
	uint64_t intid;

	write_sysreg(ICC_IGRPEN1_EL3, 0);
	write_sysreg(ICC_IGRPEN0_EL1, 1);
	isb();
	do {
		dsb();
		wfi();
		intid = read_sysreg(ICC_IAR0_EL1);
	} while (intid != WAKE_SGI);
	write_sysreg(ICC_EOIR0_EL1, intid);
	write_sysreg(ICC_IGRPEN0_EL1, 0);
	isb();
}

void gic_wake(unsigned int cpu)
{
	dsb();							/* first, what it is woken for */
	write_sysreg(ICC_SGI0R_EL1, WAKE_SGI << ICC_SGI0R_INTID_SHIFT | BIT(cpu));
	isb();
}
