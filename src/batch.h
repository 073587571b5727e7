/* SPDX-License-Identifier: GPL-2.0-only */
/* Work on PARs or tracking regions that don't depend on each other, on several CPUs at once. */
#ifndef BATCH_H
#define BATCH_H

#include <linux/atomic.h>

#include "donor.h"
#include "verdict.h"

/* One piece of it */
struct job {
	u64 at;			/* physical address */
	u64 before;		/* what it was, for whom that matters */
	int nid;		/* node of the memory */
	atomic_t taken;
	/* what came of it */
	int rc;
	u64 done;
	struct verdict why;	/* set where rc isn't 0 */
};

struct batch {
	void (*run)(struct job *job, const struct places *places);
	struct places places;	/* as they were before the first job */
	struct job *job;
	unsigned int nr;
};

/* As many jobs at once bound the memory for them, and for how long nothing is heard */
#define BATCH_JOBS	128U

int batch_open(void);
void batch_close(void);
void batch_run(struct batch *batch);

#endif
