/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An EL3 firmware for QEMU's virt machine (secure=on,virtualization=on,gic-version=3,acpi=off, at
 * most 8 CPUs, with or without RME): starts Linux at Non-secure EL2, serves PSCI, and answers RMI
 * commands out of the model RMM. With RME, Linux can't touch what it has handed to that. This
 * header is what its files share.
 *
 * The code runs from the flash at 0, its data is in secure SRAM. The MMU is off, except with RME
 * from a CPU's first entry to Linux on. An SMC runs to its end on the CPU that made it, interrupts
 * masked; nothing here nests.
 */
#ifndef EL3_H
#define EL3_H

#define MAX_CPUS		8
#define STACK_SHIFT		14		/* 16 KB for each CPU */

/*
 * What QEMU's loader devices put into RAM. These three addresses are known here and to whoever
 * writes QEMU's command line, and nowhere else. They suit machines of 256 MB and more: QEMU's own
 * choice for an initramfs is 0x48000000 or below, which leaves it 125 MB. The machine description
 * is copied at cold boot; its memory becomes Linux's.
 */
#define HOST_KERNEL		0x40200000	/* Image, uncompressed, of Linux 5.8 or later */
#define HOST_MACHINE		0x4fd00000	/* struct rmm_machine; without it there is no RMM */
#define HOST_DTB		0x4fe00000	/* at most 2 MB, aligned to that */

/* The machine */
#define FLASH_BASE		0x00000000
#define FLASH_SIZE		0x04000000
#define GIC_BASE		0x08000000
#define GIC_SIZE		0x01000000
#define GICD_BASE		0x08000000
#define GICR_BASE		0x080a0000	/* one redistributor after the other */
#define UART_BASE		0x09000000	/* PL011, shared with Linux */
#define SECURE_UART_BASE	0x09040000
#define SECURE_GPIO_BASE	0x090b0000	/* PL061 */
#define SRAM_BASE		0x0e000000	/* secure */
#define SRAM_SIZE		0x01000000
#define RAM_BASE		0x40000000	/* all that is secure lies below */
#define RAM_LIMIT		0x4000000000	/* from here on: PCI */

/* All RES1 bits of SCTLR_ELx: MMU and caches off, little-endian */
#define SCTLR_RES1		0x30c50830

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BIT(n)			(UINT64_C(1) << (n))

/* reg may be a macro: the encoding of a register whose name the assembler doesn't know */
#define STRING(s)		STRING_(s)
#define STRING_(s)		#s
#define read_sysreg(reg) ({							\
	uint64_t __v;								\
										\
	__asm__ volatile("mrs %0, " STRING(reg) : "=r" (__v));			\
	__v;									\
})
#define write_sysreg(reg, v) \
	__asm__ volatile("msr " STRING(reg) ", %x0" :: "rZ" ((uint64_t)(v)) : "memory")
#define isb()			__asm__ volatile("isb" ::: "memory")
#define dsb()			__asm__ volatile("dsb sy" ::: "memory")
#define wfi()			__asm__ volatile("wfi" ::: "memory")

/* A four-bit field of an ID register: 0 where the CPU lacks the feature */
#define id_field(reg, shift)	((unsigned int)(read_sysreg(reg) >> (shift)) & 0xf)

static inline uint32_t read32(uint64_t address)
{
	return *(volatile uint32_t *)address;
}

static inline void write32(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

/* start.S parks all CPUs with other affinity levels: here level 0 is the number */
static inline unsigned int this_cpu(void)
{
	return read_sysreg(mpidr_el1) & 0xff;
}

static inline bool cpu_has_rme(void)
{
	return id_field(id_aa64pfr0_el1, 52);
}

/*
 * SRAM isn't cached, with the MMU on or off, and hardware needn't support the exclusives that this
 * is made of in such memory. QEMU does.
 */
struct spinlock {
	uint32_t taken;
};

static inline void spin_lock(struct spinlock *lock)
{
	while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		;
}

static inline void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

#define __noreturn		__attribute__((noreturn))

/* start.S */
void __noreturn cpu_restart(void);		/* to cpu_wait() with an empty stack */
void __noreturn exit_to_host(uint64_t entry, uint64_t context, uint64_t spsr);

/* firmware.ld; what is from __free to __sram_end is sram.c's */
extern char __bss_start[], __bss_end[], __free[], __sram_end[];

/* sram.c */
size_t sram_left(void);
void *sram_alloc(size_t size, size_t align);	/* not cleared; NULL: no room */

/* main.c; the first four are start.S's to call */
void __noreturn cold_boot(void);
void __noreturn cpu_wait(unsigned int cpu);
void __noreturn fatal_exception(void);
void host_exception(uint64_t *x, uint64_t when);
void __noreturn power_off(void);
void __noreturn reset(void);

/* cpu.c */
void cpu_prepare(void);				/* system registers, as Linux must find them */
void cpu_standby(void);				/* until Linux has an interrupt to take */

/* gpt.c; without FEAT_RME these do nothing */
void gpt_init(void);				/* all memory is Linux's; cold boot only */
void gpt_enable(void);				/* on this CPU */
/* Both under the RMM's lock: a granule changes hands; did any since this was asked last? */
void gpt_move(uint64_t pa, uint64_t size, bool to_host);
bool gpt_changed(void);
void gpt_settle(void);				/* all CPUs heed what has changed */

/* mmu.c */
void mmu_init(void);				/* cold boot only */
void mmu_enable(void);				/* on this CPU */

/* gic.c */
void gic_init(void);				/* the part that all CPUs share; cold boot only */
unsigned int gic_nr_cpus(void);
void gic_cpu_init(void);			/* this CPU's part */
void gic_sleep(void);				/* until somebody calls gic_wake() for this CPU */
void gic_wake(unsigned int cpu);

/* console.c */
void console_init(void);
void print(const char *s);
void print_hex(uint64_t value);
void print_decimal(uint64_t value);

/* string.c; the model RMM may use them too */
void *memset(void *to, int c, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* x is the caller's X0 to X17. false: the call isn't one of ours, and x is as it was */
void smc(uint64_t *x, uint64_t start);		/* smc.c: dispatches to the others */
uint64_t smc_ticks(void);			/* of the counter, spent in EL3 by all CPUs */
/*
 * Between the first command to the RMM that came since this was asked last, and the last one, but
 * not in EL3; of one CPU
 */
uint64_t smc_ticks_between(void);
bool psci_call(uint64_t *x);
bool rmi_call(uint64_t *x);
bool truth_call(uint64_t *x);

#define SMCCC_VERSION		0x80000000
#define SMCCC_ARCH_FEATURES	0x80000001
#define SMCCC_NOT_SUPPORTED	((uint64_t)-1)
#define SMCCC_SMC64		BIT(30)		/* in a function id: arguments are 64 bits wide */

/* psci.c */
void psci_init(unsigned int nr_cpus);		/* all off but this one */
/* Has this CPU been asked to come on? Then it is on from now, and here is where it goes */
bool psci_starts(unsigned int cpu, uint64_t *entry, uint64_t *context);

/* rmi.c */
const char *rmi_init(void);			/* returns what to call the RMM, for people */
/* before the machine goes: what the RMM still holds */
void rmi_farewell(void);

#endif /* __ASSEMBLER__ */

#endif
