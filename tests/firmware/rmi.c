// SPDX-License-Identifier: GPL-2.0-only
/* The model RMM behind the function ids of RMI, on the machine that QEMU's loader describes */
#include "el3.h"
#include "rmm.h"
#include "truth.h"

#define NS_PER_S		UINT64_C(1000000000)
#define SPIN			1000			/* a microsecond or so */
#define RMM_ALIGNMENT		64			/* rmm_size() */

static struct rmm_machine machine;		/* the original's memory becomes Linux's */
static struct rmm *rmm;				/* constant from rmi_init() on; may be NULL */

/* Protects what rmm points to, and owed_ns: the model knows of one CPU only */
static struct spinlock rmm_lock;
static uint64_t owed_ns;			/* time that the command under way takes */

/*
 * With RME, mmu.c sees to it that these reach the same memory and the same cache lines as Linux's
 * own accesses. Without, they go past the caches, which QEMU doesn't have.
 */
static uint64_t host_read(void *ctx, uint64_t pa)
{
	return *(volatile uint64_t *)pa;
}

static void host_write(void *ctx, uint64_t pa, uint64_t value)
{
	*(volatile uint64_t *)pa = value;
}

static void host_granule(void *ctx, uint64_t pa, uint64_t size, bool to_host)
{
	if (!(machine.flags & RMM_FLAG_UNPROTECTED))
		gpt_move(pa, size, to_host);
}

/* Only noted down, since the lock is held; see spend() */
static void owe(void *ctx, uint64_t ns)
{
	owed_ns += ns;
}

/*
 * The time that a command takes passes without the lock, between its effect and its answer. Its
 * caller can't tell the difference, and commands of several CPUs overlap, as they would in an RMM
 * with locks finer than ours.
 */
static void spend(uint64_t ns)
{
	uint64_t start = read_sysreg(cntpct_el0);
	uint64_t ticks = ns * (read_sysreg(cntfrq_el0) / 1000) / (NS_PER_S / 1000);

	while (read_sysreg(cntpct_el0) - start < ticks)
		/* QEMU lets one CPU read the counter at a time: give others a chance */
		for (unsigned int i = 0; i < SPIN; i++)
			__asm__ volatile("");
}

static const struct rmm_ops ops = {
	.read = host_read,
	.write = host_write,
	.granule = host_granule,
	.delay = owe,
};

static const char *name(void)
{
	if (machine.flags & RMM_FLAG_ABSENT)
		return "RMM absent, by its description";
	switch (machine.dialect) {
	case RMM_DIALECT_PUBLIC:
		return "RMM public";
	case RMM_DIALECT_BETA1:
		return "RMM beta1";
	case RMM_DIALECT_BETA3:
		return "RMM beta3";
	case RMM_DIALECT_AUTUMN:
		return "RMM autumn";
	}
	return "RMM of an unknown dialect";
}

const char *rmi_init(void)
{
	void *memory;
	size_t size;

	memcpy(&machine, (const void *)HOST_MACHINE, sizeof(machine));
	if (machine.magic != RMM_MACHINE_MAGIC)
		return "no RMM";
	size = rmm_size(&machine);
	memory = sram_alloc(size, RMM_ALIGNMENT);
	if (!memory) {
		print("EL3: the model RMM wants ");
		print_hex(size);
		print(" bytes, SRAM has left ");
		print_hex(sram_left());
		print("\n");
		return "no RMM: machine too big";
	}
	memset(memory, 0, size);
	if (size)
		rmm = rmm_init(memory, &machine, &ops);
	return rmm ? name() : "no RMM: its machine makes no sense";
}

/* A line of one kind, whatever it holds, so that whoever reads the log can look for it */
void rmi_farewell(void)
{
	if (!rmm || machine.flags & RMM_FLAG_ABSENT)
		return;
	spin_lock(&rmm_lock);
	print("EL3: firmware off, RMM holds ");
	print_decimal(rmm_donated(rmm));
	print(" bytes donated, ");
	print_decimal(rmm_delegated(rmm));
	print(" delegated\n");
	spin_unlock(&rmm_lock);
}

bool rmi_call(uint64_t *x)
{
	bool done, moved;
	uint64_t ns;

	if (!rmm)
		return false;
	spin_lock(&rmm_lock);
	owed_ns = 0;
	done = rmm_command(rmm, x);
	moved = gpt_changed();
	ns = owed_ns;
	spin_unlock(&rmm_lock);
	/*
	 * Without the lock, since QEMU stops all CPUs for this; but before the caller is answered
	 */
	if (moved)
		gpt_settle();
	spend(ns);
	return done;
}

static bool sanity(uint64_t *x)
{
	x[0] = 0;
	x[1] = read_sysreg(CurrentEL) >> 2;
	x[2] = read_sysreg(scr_el3);
	x[3] = this_cpu();
	return true;
}

/* Any truth but TRUTH_SANITY; the lock is held */
static bool model_truth(uint64_t what, uint64_t arg, uint64_t *value)
{
	switch (what) {
	case TRUTH_COMMANDS:
		*value = rmm_commands(rmm, arg);
		return true;
	case TRUTH_DONATED:
		*value = rmm_donated(rmm);
		return true;
	case TRUTH_DELEGATED:
		*value = rmm_delegated(rmm);
		return true;
	case TRUTH_TRACKING:
		*value = rmm_tracking(rmm, arg);
		return true;
	case TRUTH_PAR:
		*value = rmm_par(rmm, arg);
		return true;
	case TRUTH_ACTIVE:
		*value = rmm_is_active(rmm);
		return true;
	case TRUTH_FORBID:
		rmm_forbid(rmm, arg);
		*value = 0;
		return true;
	case TRUTH_FORBIDDEN:
		*value = rmm_forbidden(rmm);
		return true;
	case TRUTH_TICKS:
		*value = smc_ticks();
		return true;
	case TRUTH_TICKS_BETWEEN:
		*value = smc_ticks_between();
		return true;
	}
	return false;
}

bool truth_call(uint64_t *x)
{
	uint64_t value;
	bool known;

	if (x[0] != TRUTH)
		return false;
	if (x[1] == TRUTH_SANITY)
		return sanity(x);
	if (!rmm)
		return false;
	spin_lock(&rmm_lock);
	known = model_truth(x[1], x[2], &value);
	spin_unlock(&rmm_lock);
	if (!known)
		return false;
	x[0] = 0;
	x[1] = value;
	return true;
}
