// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Linux must find in this CPU's system registers when it is entered at EL2: everything that
 * the CPU has may be used without a trap to EL3, and nothing is left over from before CPU_OFF.
 */
#include "el3.h"

/* Registers that the assembler doesn't know at armv8-a */
#define ID_AA64ISAR2_EL1	s3_0_c0_c6_2
#define ID_AA64MMFR3_EL1	s3_0_c0_c7_3
#define ID_AA64SMFR0_EL1	s3_0_c0_c4_5
#define ID_AA64PFR2_EL1		s3_0_c0_c4_2
#define ZCR_EL3			s3_6_c1_c2_0
#define SMCR_EL3		s3_6_c1_c2_6

/*
 * Lower levels are Non-secure. FIQ, which is how interrupts of group 0 arrive, would be ours if any
 * ever came (see gic.c); all others are Linux's.
 */
#define SCR_NS			BIT(0)
#define SCR_IRQ			BIT(1)
#define SCR_FIQ			BIT(2)
#define SCR_RES1		(BIT(4) | BIT(5))
#define SCR_HCE			BIT(8)		/* HVC works */
#define SCR_RW			BIT(10)		/* EL2 is AArch64 */

/* Each of these stops a feature's registers or instructions from trapping to EL3 */
#define SCR_APK			BIT(16)		/* pointer authentication: keys */
#define SCR_API			BIT(17)		/* ... and instructions */
#define SCR_ENSCXT		BIT(25)		/* SCXTNUM_ELx */
#define SCR_ATA			BIT(26)		/* MTE tags */
#define SCR_FGTEN		BIT(27)		/* fine-grained traps */
#define SCR_ECVEN		BIT(28)		/* CNTPOFF_EL2 */
#define SCR_HXEN		BIT(38)		/* HCRX_EL2 */
#define SCR_GCSEN		BIT(39)		/* guarded control stacks */
#define SCR_ENTP2		BIT(41)		/* TPIDR2_EL0 of SME */
#define SCR_TCR2EN		BIT(43)
#define SCR_SCTLR2EN		BIT(44)
#define SCR_PIEN		BIT(45)		/* permission indirection and overlays */
#define SCR_AIEN		BIT(46)		/* MAIR2_ELx, AMAIR2_ELx */
#define SCR_D128EN		BIT(47)		/* 128-bit table registers */
#define SCR_ENFPM		BIT(50)		/* FPMR */
#define SCR_FGTEN2		BIT(59)

#define CPTR_EZ			BIT(8)		/* SVE doesn't trap */
#define CPTR_ESM		BIT(12)		/* SME doesn't trap */
#define VECTOR_LEN_MAX		0xf		/* ZCR_EL3, SMCR_EL3: whatever the CPU has */
#define SMCR_EZT0		BIT(30)		/* SME2's ZT0 */
#define SMCR_FA64		BIT(31)		/* all of A64 in streaming mode */
#define SMFR0_FA64		BIT(63)

#define MMFR3_PIE_POE		0xffff00	/* S1PIE, S2PIE, S1POE, S2POE */

#define MDCR_NSPB		(3 << 12)	/* statistical profiling: Non-secure, no trap */
#define MDCR_NSTB		(3 << 24)	/* trace buffer: the same */

/* CPTR_EL2 while HCR_EL2.E2H is 0: its RES1 bits, less those that trap SVE (8) and SME (12) */
#define CPTR_EL2_NO_TRAPS	0x22ff

static bool has_pauth(void)
{
	return id_field(id_aa64isar1_el1, 4) || id_field(id_aa64isar1_el1, 8) ||
	       id_field(ID_AA64ISAR2_EL1, 12);
}

static bool has_sve(void)
{
	return id_field(id_aa64pfr0_el1, 32);
}

static unsigned int sme_version(void)
{
	return id_field(id_aa64pfr1_el1, 24);
}

/* Bits of features that a CPU lacks are reserved, so ask for each. */
static uint64_t scr_features(void)
{
	uint64_t scr = 0;

	if (has_pauth())
		scr |= SCR_APK | SCR_API;
	if (id_field(id_aa64pfr0_el1, 56) >= 2)			/* CSV2 */
		scr |= SCR_ENSCXT;
	if (id_field(id_aa64pfr1_el1, 8) >= 2)			/* MTE */
		scr |= SCR_ATA;
	if (id_field(id_aa64pfr1_el1, 44))			/* GCS */
		scr |= SCR_GCSEN;
	if (id_field(ID_AA64PFR2_EL1, 32))			/* FPMR */
		scr |= SCR_ENFPM;
	if (sme_version())
		scr |= SCR_ENTP2;
	if (id_field(id_aa64mmfr0_el1, 56))			/* FGT */
		scr |= SCR_FGTEN;
	if (id_field(id_aa64mmfr0_el1, 56) >= 2)		/* FGT2 */
		scr |= SCR_FGTEN2;
	if (id_field(id_aa64mmfr0_el1, 60) >= 2)		/* ECV with an offset */
		scr |= SCR_ECVEN;
	if (id_field(id_aa64mmfr1_el1, 40))			/* HCX */
		scr |= SCR_HXEN;
	if (id_field(ID_AA64MMFR3_EL1, 0))			/* TCRX */
		scr |= SCR_TCR2EN;
	if (id_field(ID_AA64MMFR3_EL1, 4))			/* SCTLRX */
		scr |= SCR_SCTLR2EN;
	if (read_sysreg(ID_AA64MMFR3_EL1) & MMFR3_PIE_POE)
		scr |= SCR_PIEN;
	if (id_field(ID_AA64MMFR3_EL1, 24))			/* AIE */
		scr |= SCR_AIEN;
	if (id_field(ID_AA64MMFR3_EL1, 32))			/* D128 */
		scr |= SCR_D128EN;
	return scr;
}

static void enable_vectors(void)
{
	uint64_t smcr = VECTOR_LEN_MAX;

	write_sysreg(cptr_el3, (has_sve() ? CPTR_EZ : 0) | (sme_version() ? CPTR_ESM : 0));
	isb();							/* else the next writes trap */
	if (has_sve())
		write_sysreg(ZCR_EL3, VECTOR_LEN_MAX);
	if (!sme_version())
		return;
	if (read_sysreg(ID_AA64SMFR0_EL1) & SMFR0_FA64)
		smcr |= SMCR_FA64;
	if (sme_version() >= 2)
		smcr |= SMCR_EZT0;
	write_sysreg(SMCR_EL3, smcr);
}

static void enable_debug(void)
{
	uint64_t mdcr = 0;

	if (id_field(id_aa64dfr0_el1, 32))			/* statistical profiling */
		mdcr |= MDCR_NSPB;
	if (id_field(id_aa64dfr0_el1, 44))			/* trace buffer */
		mdcr |= MDCR_NSTB;
	write_sysreg(mdcr_el3, mdcr);
}

void cpu_prepare(void)
{
	write_sysreg(scr_el3, SCR_NS | SCR_FIQ | SCR_RES1 | SCR_HCE | SCR_RW | scr_features());
	isb();							/* EL2 is Non-secure from now on */
	enable_vectors();
	enable_debug();
	write_sysreg(hcr_el2, 0);
	write_sysreg(sctlr_el2, SCTLR_RES1);
	write_sysreg(cptr_el2, CPTR_EL2_NO_TRAPS);
	write_sysreg(cntvoff_el2, 0);				/* must be the same on all CPUs */
	isb();
}

/* An interrupt surely ends WFI if it is routed to where we are. Masked here, it is taken later. */
void cpu_standby(void)
{
	uint64_t scr = read_sysreg(scr_el3);

	write_sysreg(scr_el3, scr | SCR_IRQ);
	isb();
	dsb();
	wfi();
	write_sysreg(scr_el3, scr);
	isb();
}
