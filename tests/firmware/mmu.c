// SPDX-License-Identifier: GPL-2.0-only
/*
 * EL3's address translation, used only together with granule protection (gpt.c): with its MMU off,
 * EL3 is confined to the Root address space, which has none of Linux's memory then. All addresses
 * are translated to themselves. The first GB is Root's: flash and devices, as without MMU. All
 * above is accessed as Linux does it, as Non-secure and cached memory: so both see the same, and
 * an access to a granule that is with the RMM faults as Linux's own would.
 */
#include "el3.h"

#define GB_SHIFT		30
#define BLOCK_SHIFT		21			/* 2 MB, a level 2 block */
#define BLOCK			BIT(BLOCK_SHIFT)
#define ENTRIES			512

/* Indices into MAIR_EL3, and what stands there */
#define DEVICE			0
#define NON_CACHEABLE		1
#define WRITE_BACK		2
#define MAIR			UINT64_C(0xff4400)	/* Device-nGnRnE, Normal, Normal */

#define TCR_T0SZ_39		(64 - 39)		/* one level 1 table; RAM ends far below */
#define TCR_NON_CACHEABLE	(0 << 8 | 0 << 10)	/* walks, like our accesses to SRAM */
#define TCR_OUTER_SHAREABLE	(2 << 12)
#define TCR_PS_40		(2 << 16)
#define TCR_RES1		(BIT(31) | BIT(23))

#define SCTLR_M			BIT(0)			/* on */
#define SCTLR_C			BIT(2)			/* caches, where memory is cacheable */

#define PTE_BLOCK		UINT64_C(1)
#define PTE_TABLE		UINT64_C(3)
#define PTE_ATTR(index)		((uint64_t)(index) << 2)
#define PTE_NS			BIT(5)			/* address space: with NSE */
#define PTE_RES1		BIT(6)
#define PTE_READ_ONLY		BIT(7)
#define PTE_INNER_SHAREABLE	(UINT64_C(3) << 8)
#define PTE_AF			BIT(10)
#define PTE_NSE			BIT(11)
#define PTE_XN			BIT(54)

#define PTE_ROOT		(PTE_BLOCK | PTE_RES1 | PTE_AF | PTE_NSE)
#define PTE_CODE		(PTE_ROOT | PTE_ATTR(NON_CACHEABLE) | PTE_READ_ONLY)
#define PTE_DATA		(PTE_ROOT | PTE_ATTR(NON_CACHEABLE) | PTE_XN)
#define PTE_DEVICE		(PTE_ROOT | PTE_ATTR(DEVICE) | PTE_XN)
#define PTE_HOST		(PTE_BLOCK | PTE_RES1 | PTE_AF | PTE_NS | PTE_XN | \
				 PTE_ATTR(WRITE_BACK) | PTE_INNER_SHAREABLE)

#define TABLE_ALIGNED		__attribute__((aligned(ENTRIES * sizeof(uint64_t))))

static uint64_t level1[ENTRIES] TABLE_ALIGNED;
static uint64_t first_gb[ENTRIES] TABLE_ALIGNED;

static void map(uint64_t base, uint64_t size, uint64_t pte)
{
	for (uint64_t pa = base; pa < base + size; pa += BLOCK)
		first_gb[pa >> BLOCK_SHIFT] = pa | pte;
}

void mmu_init(void)
{
	/*
	 * SRAM isn't cached, since CPUs whose MMU isn't on yet share it. It could be Device memory
	 * as it is for those, if QEMU weren't five times slower with that: it checks alignment.
	 */
	map(FLASH_BASE, FLASH_SIZE, PTE_CODE);
	map(GIC_BASE, GIC_SIZE, PTE_DEVICE);
	map(UART_BASE, BLOCK, PTE_DEVICE);		/* the GPIO is in it, too */
	map(SRAM_BASE, SRAM_SIZE, PTE_DATA);
	level1[0] = (uint64_t)first_gb | PTE_TABLE;
	for (uint64_t i = 1; i < ENTRIES; i++)
		level1[i] = i << GB_SHIFT | PTE_HOST;
}

void mmu_enable(void)
{
	dsb();
	write_sysreg(mair_el3, MAIR);
	write_sysreg(tcr_el3, TCR_T0SZ_39 | TCR_NON_CACHEABLE | TCR_OUTER_SHAREABLE | TCR_PS_40 |
			      TCR_RES1);
	write_sysreg(ttbr0_el3, level1);
	isb();
	__asm__ volatile("tlbi alle3" ::: "memory");
	dsb();
	isb();
	write_sysreg(sctlr_el3, SCTLR_RES1 | SCTLR_M | SCTLR_C);
	isb();
}
