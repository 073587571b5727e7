/* SPDX-License-Identifier: GPL-2.0-only */
/* /sys/firmware/rmi: what programs and people see. */
#ifndef SYSFS_H
#define SYSFS_H

int sysfs_register(void);
void sysfs_update(void);
void sysfs_unregister(void);

#endif
