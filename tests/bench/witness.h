/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A host that needs no more commands than the bound says, so that this can be met: it goes by the
 * model's answers and by nothing else, but was written for this one model.
 */
#ifndef BENCH_WITNESS_H
#define BENCH_WITNESS_H

#include "bound.h"

/* false: it didn't come so far that the model has all RAM FINE and with tables */
bool witness_count(const struct flavour *f, const struct map *map, struct bound *count);

#endif
