/* SPDX-License-Identifier: GPL-2.0-only */
/* In a crash kernel: what /proc/vmcore is to leave out. In any other: how it can know that. */
#ifndef VMCORE_H
#define VMCORE_H

void vmcore_open(void);
void vmcore_close(void);

#endif
