/* SPDX-License-Identifier: GPL-2.0-only */
/* A proof: its steps, one after the other, and what each has shown. */
#ifndef PROVE_RUN_H
#define PROVE_RUN_H

#include "realm.h"
#include "report.h"

struct prove_run {
	struct prove_realm realm;
	struct report report;
	unsigned int cpu;		/* that the REC is entered on */
	bool stop;			/* to be set by whoever wants it to end */
};

void prove_run(struct prove_run *run);

#endif
