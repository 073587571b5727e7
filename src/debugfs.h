/* SPDX-License-Identifier: GPL-2.0-only */
/* /sys/kernel/debug/rmi: what those who look for a fault see. */
#ifndef DEBUGFS_H
#define DEBUGFS_H

void debugfs_open(void);
void debugfs_close(void);

#endif
