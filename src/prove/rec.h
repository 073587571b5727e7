/* SPDX-License-Identifier: GPL-2.0-only */
/* A REC that runs on a CPU until it says something. */
#ifndef PROVE_REC_H
#define PROVE_REC_H

#include <linux/types.h>

#define PROVE_NR_GPRS	31

/* Why a REC came back, copied from its run page once */
struct prove_exit {
	u64 reason, imm, esr, hpfar;
	u64 gpr[PROVE_NR_GPRS];
};

struct prove_rec {
	phys_addr_t rec;
	unsigned int cpu;
	void *run;			/* its run page */
	const bool *stop;
	struct prove_exit exit;
	u64 result;			/* of the last entry */
	unsigned int entries, interrupts;
};

int prove_rec_run(struct prove_rec *rec, unsigned int ms);
bool prove_rec_is_fault(const struct prove_exit *exit, u64 ipa);

#endif
