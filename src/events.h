/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel announces: memory that comes and goes, CPUs, and the ways to leave this kernel.
 */
#ifndef EVENTS_H
#define EVENTS_H

int events_register(void);
void events_unregister(void);

#endif
