/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines in the log about memory that came or went otherwise than was wanted. */
#ifndef NOTICE_H
#define NOTICE_H

#include <linux/types.h>

#include "verdict.h"

void notice_memory(u64 start, u64 end, const char *what, const struct verdict *why);
void notice_close(void);

#endif
