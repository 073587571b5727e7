/* SPDX-License-Identifier: GPL-2.0-only */
/* Chunks of memory, from the allocator to the ledger. */
#ifndef CHUNK_H
#define CHUNK_H

#include "ranges.h"

int chunk_take(int nid, u64 bytes, u64 block, u64 most, const struct ranges *ram,
	       struct span *chunk);
void chunk_settle(void);
void chunk_forget(void);
void chunk_avoid(u64 start, u64 end);
void chunk_within(const struct ranges *ranges);
void chunk_expect(u64 start, u64 end);
bool chunk_expected(u64 start, u64 end, struct span *part);
int chunk_node(u64 start, u64 end);

#endif
