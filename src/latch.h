/* SPDX-License-Identifier: GPL-2.0-only */
/* Set by the first answer about who holds a page that makes no sense. */
#ifndef LATCH_H
#define LATCH_H

#include <linux/types.h>

#define RMI_LATCH_SIZE	96

__printf(1, 2) int rmi_latch(const char *fmt, ...);
bool rmi_latched(char what[RMI_LATCH_SIZE]);
void rmi_unlatch(void);

#endif
