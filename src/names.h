/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands are called that the module issues. */
#ifndef NAMES_H
#define NAMES_H

#include <linux/types.h>

#define NR_NAMES	34

unsigned int name_index(u64 fid);
const char *name_at(unsigned int i);
const char *rmi_name(u64 fid);
bool rmi_is_of_realms(u64 fid);

#endif
