/* SPDX-License-Identifier: GPL-2.0-only */
/* What a test orders of the stand-ins that src/prove has besides, and can ask them. */
#ifndef SHIM_PROVE_H
#define SHIM_PROVE_H

#include "world.h"

struct prove_world {
	unsigned int cpu;		/* this one */
	bool no_hash;			/* the kernel has none */
	bool no_thread;			/* none can be had */
	unsigned int lost;		/* CPU whose thread doesn't end; 0: none */
	bool interrupted;		/* who waits gets a signal */
	bool at_el1;			/* this kernel is */
	int misc_error;			/* that there is instead of a device */
	struct cpumask online, isolated;
	unsigned int fail_hash;		/* this one from now on fails; 0: none */

	/* to look at */
	unsigned int timers, hashes;	/* there are */
	unsigned int no_preemption;
	bool masked, armed;
	unsigned int threads;		/* not ended */
	const void *first;		/* what the first of them was given */
};

extern struct prove_world prove_world;

/* That thread runs after all, to its end */
void prove_world_come_back(void);
/* NULL: there is none */
const struct file_operations *prove_device(void);
int shim_prove_init(void);
void shim_prove_exit(void);

#endif
