/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether Realms can be had, step by step, and what to do where not. */
#ifndef TOOLS_CHECKLIST_H
#define TOOLS_CHECKLIST_H

#include <stdbool.h>

/* Prints it; true if Realms can be had */
bool checklist_show(void);

#endif
