/* SPDX-License-Identifier: GPL-2.0-only */
/* What no answer of the RMM says can be tried. */
#ifndef PROBE_H
#define PROBE_H

#include "ranges.h"
#include "verdict.h"

int probe_table(const struct ranges *ram, struct verdict *why);
int probe_reserved(const struct ranges *ram, const struct ranges *reserved, struct verdict *why);

#endif
