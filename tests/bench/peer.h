/* SPDX-License-Identifier: GPL-2.0-only */
/* How the public Linux series walk memory */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "host.h"
#include "map.h"

/*
 * Walk one range. false: it can't succeed on this RMM. *misled is set if the RMM spoke for more
 * than it looked at.
 */
bool peer_v14(struct host *host, struct map_range range, uint64_t par_size, bool *misled);
bool peer_newest(struct host *host, struct map_range range, uint64_t par_size, bool *misled);

#endif
