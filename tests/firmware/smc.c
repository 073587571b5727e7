// SPDX-License-Identifier: GPL-2.0-only
/* Whose call is it? SMC Calling Convention 1.2 (Arm DEN0028): what isn't a result is preserved. */
#include "el3.h"

#define SMCCC_VERSION_1_2	0x10002

static bool arch_call(uint64_t *x)
{
	switch (x[0]) {
	case SMCCC_VERSION:
		x[0] = SMCCC_VERSION_1_2;
		return true;
	case SMCCC_ARCH_FEATURES:
		switch ((uint32_t)x[1]) {
		case SMCCC_VERSION:
		case SMCCC_ARCH_FEATURES:
			x[0] = 0;
			return true;
		}
	}
	return false;
}

static uint64_t ticks;				/* of all CPUs; one that goes off isn't counted */

uint64_t smc_ticks(void)
{
	return __atomic_load_n(&ticks, __ATOMIC_RELAXED);
}

/*
 * Of a machine with one CPU: since the first command to the RMM had ended, and before the last one
 */
static uint64_t first_ended, in_between, outside;

uint64_t smc_ticks_between(void)
{
	const uint64_t since = outside;

	first_ended = in_between = outside = 0;
	return since;
}

static void note_command(uint64_t start, uint64_t end)
{
	if (!first_ended) {
		first_ended = end;
		return;
	}
	outside = start - first_ended - in_between;
	in_between += end - start;
}

void smc(uint64_t *x, uint64_t start)
{
	bool to_rmm = false;
	uint64_t end;

	x[0] = (uint32_t)x[0];			/* a function id is 32 bits wide */
	if (!arch_call(x) && !psci_call(x)) {
		to_rmm = rmi_call(x);
		if (!to_rmm && !truth_call(x))
			x[0] = SMCCC_NOT_SUPPORTED;
	}
	end = read_sysreg(cntpct_el0);
	__atomic_fetch_add(&ticks, end - start, __ATOMIC_RELAXED);
	if (to_rmm)
		note_command(start, end);
}
