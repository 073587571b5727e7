/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory hotplug: nothing goes online that isn't covered. */
#ifndef HOTPLUG_H
#define HOTPLUG_H

#include "verdict.h"

int hotplug_register(struct verdict *why);
void hotplug_unregister(void);

#endif
