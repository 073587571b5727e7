/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread that is bound to a CPU, and runs a REC there. */
#ifndef PROVE_SEAT_H
#define PROVE_SEAT_H

#include <linux/completion.h>

#include "rec.h"

struct task_struct;

struct seat {
	struct prove_rec rec;
	int (*run)(struct seat *seat);
	unsigned int index;		/* of its REC */
	int rc;				/* of run() */
	struct completion done;
	struct task_struct *task;
};

int seat_start(struct seat *seat, int (*run)(struct seat *seat));
bool seat_end(struct seat *seat);

#endif
