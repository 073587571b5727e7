// SPDX-License-Identifier: GPL-2.0-only
/*
 * Granule protection: where CPUs have FEAT_RME, what the RMM holds is really out of Linux's reach.
 *
 * All memory starts as Linux's. Level 0 of the tables has an entry for each GB: a block, which
 * belongs to one address space, or a table of the GB's 4 KB parts. A GB gets that table when the
 * first granule of it changes hands, and keeps it. The tables are the firmware's own, in SRAM, and
 * have nothing to do with those that the model RMM says there are: what these are made of are
 * pages like others, to be kept from Linux.
 *
 * There is no cache maintenance here: nobody has anything in these granules while they are with the
 * RMM, nor need their contents survive it, so that no line that is written back late does harm.
 */
#include "el3.h"

/* Registers that the assembler doesn't know at armv8-a */
#define GPTBR_EL3		s3_6_c2_c1_4
#define GPTBR_SHIFT		12
#define GPCCR_EL3		s3_6_c2_c1_6

/*
 * Walks don't look into caches, like our own accesses to SRAM; a walk of that kind must be outer
 * shareable. 40 bits are all addresses that the machine has.
 */
#define GPCCR_PPS_40		2
#define GPCCR_NON_CACHEABLE	(0 << 8 | 0 << 10)	/* IRGN, ORGN */
#define GPCCR_OUTER_SHAREABLE	(2 << 12)
#define GPCCR_PGS_4K		(0 << 14)
#define GPCCR_GPC		BIT(16)			/* on */
#define GPCCR_L0GPTSZ(gpccr)	((gpccr) >> 20 & 0xf)	/* read-only */
#define L0GPTSZ_1G		0

#define PA_BITS			40
#define GB_SHIFT		30
#define PART_SHIFT		12			/* what a level 1 table divides a GB into */
#define PART			BIT(PART_SHIFT)

/* Granule protection information: which address spaces reach it. Level 1 has 16 in a word. */
#define GPI_NS			UINT64_C(0x9)
#define GPI_ROOT		UINT64_C(0xa)		/* ours alone */
#define GPI_REALM		UINT64_C(0xb)
#define GPI_ANY			UINT64_C(0xf)
#define GPI_BITS		4
#define GPI_MASK		UINT64_C(0xf)
#define GPIS_IN_WORD		16
#define GPI_TWICE(gpi)		((gpi) << GPI_BITS | (gpi))	/* a byte of them */

#define L0_ENTRIES		BIT(PA_BITS - GB_SHIFT)
#define L0_BLOCK(gpi)		((gpi) << 4 | 1)
#define L0_TABLE(table)		((uint64_t)(table) | L0_IS_TABLE)
#define L0_IS_TABLE		UINT64_C(3)
#define L0_KIND			UINT64_C(0xf)

#define L1_WORDS		(BIT(GB_SHIFT - PART_SHIFT) / GPIS_IN_WORD)
#define L1_SIZE			(L1_WORDS * sizeof(uint64_t))

/* Both levels must be aligned to their sizes, or walks go astray */
static uint64_t level0[L0_ENTRIES] __attribute__((aligned(L0_ENTRIES * sizeof(uint64_t))));

/* Tables differ from what CPUs may have cached. Protected, as all tables are, by the RMM's lock. */
static bool changed;

/*
 * Of the first GB, what isn't Linux's alone. Our accesses to devices are in the Root address space,
 * so those that are shared must be reached from any.
 */
static const struct {
	uint64_t base, size, gpi;
} low[] = {
	{ FLASH_BASE, FLASH_SIZE, GPI_ROOT },
	{ GIC_BASE, GIC_SIZE, GPI_ANY },
	{ UART_BASE, PART, GPI_ANY },
	{ SECURE_UART_BASE, PART, GPI_ROOT },
	{ SECURE_GPIO_BASE, PART, GPI_ROOT },
	{ SRAM_BASE, SRAM_SIZE, GPI_ROOT },
};

static void __noreturn wrong(const char *what, uint64_t value)
{
	print("EL3: granule protection: ");
	print(what);
	print(" ");
	print_hex(value);
	print(", powering off\n");
	power_off();
}

/* No entry may lead to a table that isn't seen to be complete by all CPUs */
static uint64_t *make_table(uint64_t pa)
{
	uint64_t *table = sram_alloc(L1_SIZE, L1_SIZE);

	if (!table)
		wrong("no SRAM left for the table of", pa);
	memset(table, GPI_TWICE(GPI_NS), L1_SIZE);
	dsb();
	level0[pa >> GB_SHIFT] = L0_TABLE(table);
	return table;
}

static uint64_t *table_of(uint64_t pa)
{
	uint64_t entry;

	if (pa >> PA_BITS)
		wrong("no such address:", pa);
	entry = level0[pa >> GB_SHIFT];
	if ((entry & L0_KIND) == L0_IS_TABLE)
		return (uint64_t *)(entry & ~L0_KIND);
	return make_table(pa);
}

static uint64_t *word_of(uint64_t *table, uint64_t pa)
{
	return &table[(pa >> PART_SHIFT) / GPIS_IN_WORD % L1_WORDS];
}

static unsigned int shift_of(uint64_t pa)
{
	return (pa >> PART_SHIFT) % GPIS_IN_WORD * GPI_BITS;
}

static uint64_t gpi_of(uint64_t *table, uint64_t pa)
{
	return *word_of(table, pa) >> shift_of(pa) & GPI_MASK;
}

/* One store for each word: a walk on another CPU finds the old or the new */
static void set_gpi(uint64_t *table, uint64_t pa, uint64_t gpi)
{
	volatile uint64_t *word = word_of(table, pa);

	*word = (*word & ~(GPI_MASK << shift_of(pa))) | gpi << shift_of(pa);
}

void gpt_init(void)
{
	uint64_t *table;

	if (!cpu_has_rme())
		return;
	if (GPCCR_L0GPTSZ(read_sysreg(GPCCR_EL3)) != L0GPTSZ_1G)
		wrong("not of 1 GB: L0GPTSZ", GPCCR_L0GPTSZ(read_sysreg(GPCCR_EL3)));
	for (uint64_t i = 0; i < L0_ENTRIES; i++)
		level0[i] = L0_BLOCK(GPI_NS);
	table = table_of(0);
	for (size_t i = 0; i < sizeof(low) / sizeof(low[0]); i++)
		for (uint64_t at = low[i].base; at < low[i].base + low[i].size; at += PART)
			set_gpi(table, at, low[i].gpi);
}

void gpt_enable(void)
{
	if (!cpu_has_rme())
		return;
	dsb();
	write_sysreg(GPTBR_EL3, (uint64_t)level0 >> GPTBR_SHIFT);
	write_sysreg(GPCCR_EL3, GPCCR_PPS_40 | GPCCR_NON_CACHEABLE | GPCCR_OUTER_SHAREABLE |
				GPCCR_PGS_4K | GPCCR_GPC);
	isb();
	__asm__ volatile("sys #6, c8, c7, #4" ::: "memory");	/* TLBI PAALL: this CPU's */
	dsb();
	isb();
}

/* A granule is in one GB, whatever its size */
void gpt_move(uint64_t pa, uint64_t size, bool to_host)
{
	uint64_t from = to_host ? GPI_REALM : GPI_NS;
	uint64_t to = to_host ? GPI_NS : GPI_REALM;
	uint64_t *table;

	if (!cpu_has_rme())
		return;
	table = table_of(pa);
	for (uint64_t at = pa; at < pa + size; at += PART) {
		if (gpi_of(table, at) != from)
			wrong(to_host ? "not the RMM's:" : "not Linux's:", at);
		set_gpi(table, at, to);
	}
	changed = true;
}

bool gpt_changed(void)
{
	bool was = changed;

	changed = false;
	return was;
}

/* One invalidation of everything is cheaper in QEMU than one for each granule of many */
void gpt_settle(void)
{
	dsb();
	__asm__ volatile("sys #6, c8, c1, #4" ::: "memory");	/* TLBI PAALLOS: on all CPUs */
	dsb();
	isb();
}
