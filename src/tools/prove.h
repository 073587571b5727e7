/* SPDX-License-Identifier: GPL-2.0-only */
/* Realms are run, by the module arm_cca_prove, to see that they do. */
#ifndef TOOLS_PROVE_H
#define TOOLS_PROVE_H

#include <stdbool.h>

struct prove_options {
	const char *cpus;		/* as sysfs has lists of them, or "all" */
	unsigned int rounds;
	bool json;
};

/* Prints what came of it. The program's exit status: 0 only if all was done, and passed. */
int prove(const struct prove_options *options);

#endif
