/* SPDX-License-Identifier: GPL-2.0-only */
/* A proof: its steps, one after the other, and what each has shown. */
#ifndef PROVE_RUN_H
#define PROVE_RUN_H

#include <linux/cpumask.h>

#include "realm.h"
#include "report.h"

struct seat;

struct prove_run {
	struct prove_realm realm;
	struct report report;
	struct cpumask cpus;		/* where RECs are entered */
	/* a CPU doesn't come back: nothing may be freed, and these are kept */
	bool stuck;
	struct seat *seats;
	bool stop;			/* to be set by whoever wants it to end */
};

void prove_run(struct prove_run *run);

#endif
