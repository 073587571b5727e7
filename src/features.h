/* SPDX-License-Identifier: GPL-2.0-only */
/* /sys/firmware/rmi/features: what the RMM says of itself. */
#ifndef FEATURES_H
#define FEATURES_H

#include <linux/kobject.h>

void features_update(struct kobject *parent);
void features_close(void);

#endif
