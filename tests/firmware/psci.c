// SPDX-License-Identifier: GPL-2.0-only
/* PSCI 1.1 (Arm DEN0022): CPUs on and off, the machine off and reset. No power is saved. */
#include "el3.h"

#define PSCI_VERSION		0x84000000
#define PSCI_CPU_SUSPEND	0x84000001
#define PSCI_CPU_OFF		0x84000002
#define PSCI_CPU_ON		0x84000003
#define PSCI_AFFINITY_INFO	0x84000004
#define PSCI_MIGRATE_INFO_TYPE	0x84000006
#define PSCI_SYSTEM_OFF		0x84000008
#define PSCI_SYSTEM_RESET	0x84000009
#define PSCI_FEATURES		0x8400000a

#define PSCI_VERSION_1_1	0x10001
#define PSCI_NO_TRUSTED_OS	2		/* MIGRATE_INFO_TYPE: nothing has to migrate */

#define PSCI_SUCCESS		0
#define PSCI_NOT_SUPPORTED	(-1)
#define PSCI_INVALID_PARAMETERS	(-2)
#define PSCI_ALREADY_ON		(-4)
#define PSCI_ON_PENDING		(-5)
#define PSCI_INVALID_ADDRESS	(-9)

#define POWER_STATE_STANDBY	0		/* original format: this CPU, nothing lost, id 0 */

/* Numbered as AFFINITY_INFO answers */
enum state { ON, OFF, ON_PENDING };

/* Of each CPU; psci_lock protects them */
static struct cpu {
	enum state state;
	uint64_t entry, context;	/* while ON_PENDING */
} cpus[MAX_CPUS];
static struct spinlock psci_lock;

static unsigned int nr_cpus;		/* constant from psci_init() on */

void psci_init(unsigned int nr)
{
	nr_cpus = nr;
	for (unsigned int i = 0; i < nr; i++)
		cpus[i].state = OFF;
	cpus[this_cpu()].state = ON;
}

bool psci_starts(unsigned int cpu, uint64_t *entry, uint64_t *context)
{
	bool starts;

	spin_lock(&psci_lock);
	starts = cpus[cpu].state == ON_PENDING;
	if (starts) {
		*entry = cpus[cpu].entry;
		*context = cpus[cpu].context;
		cpus[cpu].state = ON;
	}
	spin_unlock(&psci_lock);
	return starts;
}

static int64_t version(const uint64_t *arg)
{
	return PSCI_VERSION_1_1;
}

static int64_t cpu_suspend(const uint64_t *arg)
{
	if (arg[0] != POWER_STATE_STANDBY)
		return PSCI_INVALID_PARAMETERS;
	cpu_standby();
	return PSCI_SUCCESS;
}

static int64_t cpu_off(const uint64_t *arg)
{
	spin_lock(&psci_lock);
	cpus[this_cpu()].state = OFF;
	spin_unlock(&psci_lock);
	cpu_restart();
}

static bool is_entry_address(uint64_t pa)
{
	return pa >= RAM_BASE && pa < RAM_LIMIT && !(pa & 3);
}

/* MPIDR, entry address, context. On this machine the MPIDR of CPUs 0 to 7 is the number. */
static int64_t cpu_on(const uint64_t *arg)
{
	int64_t answer = PSCI_SUCCESS;
	struct cpu *cpu;

	if (arg[0] >= nr_cpus)
		return PSCI_INVALID_PARAMETERS;
	if (!is_entry_address(arg[1]))
		return PSCI_INVALID_ADDRESS;
	cpu = &cpus[arg[0]];
	spin_lock(&psci_lock);
	switch (cpu->state) {
	case ON:
		answer = PSCI_ALREADY_ON;
		break;
	case ON_PENDING:
		answer = PSCI_ON_PENDING;
		break;
	case OFF:
		cpu->entry = arg[1];
		cpu->context = arg[2];
		cpu->state = ON_PENDING;
		gic_wake(arg[0]);
	}
	spin_unlock(&psci_lock);
	return answer;
}

/* MPIDR, affinity level: since PSCI 1.0 only that of single CPUs must be served */
static int64_t affinity_info(const uint64_t *arg)
{
	enum state state;

	if (arg[0] >= nr_cpus || arg[1] != 0)
		return PSCI_INVALID_PARAMETERS;
	spin_lock(&psci_lock);
	state = cpus[arg[0]].state;
	spin_unlock(&psci_lock);
	return state;
}

static int64_t migrate_info_type(const uint64_t *arg)
{
	return PSCI_NO_TRUSTED_OS;
}

static int64_t system_off(const uint64_t *arg)
{
	rmi_farewell();
	power_off();
}

static int64_t system_reset(const uint64_t *arg)
{
	rmi_farewell();
	reset();
}

static int64_t features(const uint64_t *arg);

static const struct function {
	uint32_t fid;
	int64_t (*call)(const uint64_t *arg);	/* X1.. in, X0 out */
} functions[] = {
	{ PSCI_VERSION,				version },
	{ PSCI_CPU_SUSPEND,			cpu_suspend },
	{ PSCI_CPU_SUSPEND | SMCCC_SMC64,	cpu_suspend },
	{ PSCI_CPU_OFF,				cpu_off },
	{ PSCI_CPU_ON,				cpu_on },
	{ PSCI_CPU_ON | SMCCC_SMC64,		cpu_on },
	{ PSCI_AFFINITY_INFO,			affinity_info },
	{ PSCI_AFFINITY_INFO | SMCCC_SMC64,	affinity_info },
	{ PSCI_MIGRATE_INFO_TYPE,		migrate_info_type },
	{ PSCI_SYSTEM_OFF,			system_off },
	{ PSCI_SYSTEM_RESET,			system_reset },
	{ PSCI_FEATURES,			features },
};

static const struct function *find(uint32_t fid)
{
	for (unsigned int i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (functions[i].fid == fid)
			return &functions[i];
	return NULL;
}

/* No function has flags to tell of: CPU_SUSPEND's 0 is the original format, no OS-initiated mode */
static int64_t features(const uint64_t *arg)
{
	if (find(arg[0]) || (uint32_t)arg[0] == SMCCC_VERSION)
		return PSCI_SUCCESS;
	return PSCI_NOT_SUPPORTED;
}

bool psci_call(uint64_t *x)
{
	const struct function *function = find(x[0]);
	uint64_t mask = x[0] & SMCCC_SMC64 ? UINT64_MAX : UINT32_MAX;
	uint64_t arg[] = { x[1] & mask, x[2] & mask, x[3] & mask };

	if (!function)
		return false;
	x[0] = function->call(arg);
	return true;
}
