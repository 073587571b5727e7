/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether Realms can be had, now and whenever that changes. */
#ifndef TOOLS_WATCH_H
#define TOOLS_WATCH_H

#include <stdbool.h>

/* Prints a line now and at each change, or until the next one. Gives the exit status. */
int watch(bool once);

#endif
