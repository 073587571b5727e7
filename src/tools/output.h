/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that is written for a user: whole, or not at all where that can be. */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

#include <limits.h>
#include <stdio.h>

struct output {
	FILE *f;
	const char *name;		/* as the user has it */
	char path[PATH_MAX];		/* where it leads, all links followed */
	char draft[PATH_MAX];		/* what becomes that; empty if nothing does */
};

/*
 * A regular file, or one that isn't there, changes at once in output_close(). What else is there
 * (a device, a FIFO, standard output) is written into. Ends the program if it can't be.
 */
void output_open(struct output *out, const char *name);

/* Ends the program if not all was written, and then leaves a regular file as it was */
void output_close(struct output *out);

#endif
