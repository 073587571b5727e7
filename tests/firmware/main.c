// SPDX-License-Identifier: GPL-2.0-only
/* From reset to Linux, cold and warm; exceptions; the power switch. */
#include "el3.h"

#define SPSR_EL2H_MASKED	0x3c9		/* EL2, its own stack pointer; D, A, I, F masked */

#define ESR_EC(esr)		((esr) >> 26 & 0x3f)
#define ESR_EC_SMC64		0x17

#define IMAGE_MAGIC_OFFSET	56
#define IMAGE_MAGIC		0x644d5241	/* "ARM\x64" */
#define DTB_MAGIC		0xedfe0dd0	/* big-endian d00dfeed */

#define PL061_DIR		0x400
#define PL061_DATA(pins)	((pins) << 2)	/* the address selects the pins */
#define PIN_POWER_OFF		BIT(0)
#define PIN_RESET		BIT(1)

static void __noreturn gpio_raise(uint32_t pin)
{
	write32(SECURE_GPIO_BASE + PL061_DIR, PIN_POWER_OFF | PIN_RESET);
	write32(SECURE_GPIO_BASE + PL061_DATA(pin), 0);
	write32(SECURE_GPIO_BASE + PL061_DATA(pin), pin);	/* QEMU acts on the edge */
	for (;;)
		wfi();
}

void power_off(void)
{
	gpio_raise(PIN_POWER_OFF);
}

void reset(void)
{
	gpio_raise(PIN_RESET);
}

/*
 * The one way to Linux, on every CPU and each time that it comes up. On a CPU that was on before,
 * MMU and protection still are, and are told the same again.
 */
static void __noreturn enter_host(uint64_t entry, uint64_t context)
{
	if (cpu_has_rme()) {
		mmu_enable();
		gpt_enable();
	}
	cpu_prepare();
	exit_to_host(entry, context, SPSR_EL2H_MASKED);
}

static void require(bool found, const char *what)
{
	if (found)
		return;
	print("EL3: no ");
	print(what);
	print(" in its place, powering off\n");
	power_off();
}

void cold_boot(void)
{
	const char *rmm;

	memset(__bss_start, 0, __bss_end - __bss_start);
	console_init();
	gic_init();
	gic_cpu_init();
	psci_init(gic_nr_cpus());
	require(read32(HOST_KERNEL + IMAGE_MAGIC_OFFSET) == IMAGE_MAGIC, "kernel");
	require(read32(HOST_DTB) == DTB_MAGIC, "device tree");
	mmu_init();
	gpt_init();
	rmm = rmi_init();
	print("EL3: firmware ready, ");
	print(rmm);
	print("\n");
	enter_host(HOST_KERNEL, HOST_DTB);
}

/*
 * A CPU that isn't on: not yet, or no longer. After reset this runs while CPU 0 may still be
 * clearing .bss, so that before the first wake-up only the GIC and the stack may be used.
 */
void cpu_wait(unsigned int cpu)
{
	uint64_t entry, context;

	gic_cpu_init();
	do
		gic_sleep();
	while (!psci_starts(cpu, &entry, &context));
	enter_host(entry, context);
}

/* One line that says where to look; and the machine ends, so that no test waits for its timeout */
void fatal_exception(void)
{
	print("EL3: unexpected exception, cpu=");
	print_hex(this_cpu());
	print(" esr=");
	print_hex(read_sysreg(esr_el3));
	print(" elr=");
	print_hex(read_sysreg(elr_el3));
	print(" far=");
	print_hex(read_sysreg(far_el3));
	print(" spsr=");
	print_hex(read_sysreg(spsr_el3));
	print("\n");
	power_off();
}

/* A synchronous exception from a lower level; when, by the counter */
void host_exception(uint64_t *x, uint64_t when)
{
	if (ESR_EC(read_sysreg(esr_el3)) != ESR_EC_SMC64)
		fatal_exception();
	smc(x, when);
}
