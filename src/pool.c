// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stock: memory that is in hand before an operation begins that wants some. All of this file is
 * called under cover_lock alone, which protects its variables.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "../include/rmi_abi.h"
#include "chunk.h"
#include "exchange.h"
#include "pool.h"

/* What may be handed out, as LEDGER_HELD or LEDGER_READY: guards aren't in it */
static struct ranges stock;

/**
 * pool_stock() - take a chunk into stock
 * @nid: as for chunk_take()
 * @bytes: likewise
 * @block: likewise, but any number of pages; one page is no block
 * @most: likewise
 * @ram: likewise
 * @chunk: set to it
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0 or -ENOMEM.
 */
int pool_stock(int nid, u64 bytes, u64 block, u64 most, const struct ranges *ram,
	       struct span *chunk)
{
	int rc = chunk_take(nid, bytes, block > PAGE_SIZE ? roundup_pow_of_two(block) : 0, most,
			    ram, chunk);

	if (rc)
		return rc;
	pool_give(chunk->start, chunk->end, false);
	return 0;
}

/**
 * pool_give() - pages are in hand
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; all of it is in the ledger
 * @delegated: they are
 *
 * Context: may sleep; under cover_lock.
 */
void pool_give(u64 start, u64 end, bool delegated)
{
	const enum ledger_kind kind = delegated ? LEDGER_READY : LEDGER_HELD;
	struct span before;

	ledger_keep(start, end, kind, 0);
	/* The first page is a guard if the one before it is Linux's */
	if (!ledger_next(start - PAGE_SIZE, start, &before))
		start += PAGE_SIZE;
	if (start < end)
		ranges_keep(&stock, (struct span){ start, end, kind, 0 });
}

/**
 * pool_set_aside() - the RMM didn't like these pages: offer them to nobody until pool_drain()
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 *
 * Context: may sleep; under cover_lock.
 */
void pool_set_aside(u64 start, u64 end)
{
	ranges_remove(&stock, start, end);
}

/* The first run of wanted blocks in @s */
static bool fits(const struct request *want, struct span s, struct run *run)
{
	/* A contiguous piece may have any number of pages */
	const u64 block = want->block * PAGE_SIZE, align = roundup_pow_of_two(block);
	u64 start = ALIGN(s.start, align), blocks;

	if (start >= s.end)
		return false;
	blocks = min((s.end - start) / block, want->pages / want->block);
	*run = (struct run){ start, blocks * want->block, s.kind == LEDGER_READY };
	return blocks;
}

static bool find_held(const struct terms *t, const struct request *want, const struct span *s,
		      struct run *run)
{
	struct span part = *s;
	u64 at;

	part.start = max(s->start, t->self.start);
	part.end = min(s->end, t->self.end);
	if (part.start < part.end && fits(want, part, run))
		return true;
	for (at = s->start; t->elsewhere && ranges_next(t->places->tables, at, s->end, &part);
	     at = part.end) {
		part.kind = LEDGER_HELD;
		if (fits(want, part, run))
			return true;
	}
	return false;
}

static bool find(const struct terms *t, const struct request *want, struct run *run)
{
	unsigned int i;

	for (i = 0; i < stock.nr; i++) {
		const struct span *s = &stock.at[i];

		if (s->kind == LEDGER_READY && want->state != RMI_MEM_UNDELEGATED &&
		    fits(want, *s, run))
			return true;
		if (s->kind == LEDGER_HELD && want->state != RMI_MEM_DELEGATED &&
		    find_held(t, want, s, run))
			return true;
	}
	return false;
}

/**
 * pool_take() - lend pages of the stock
 * @terms: where they may lie
 * @want: how many at the most, and how
 * @kind: what for
 * @payee: for which
 * @run: set to what was taken
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0; -ENOMEM if there is nothing in stock that will do.
 */
int pool_take(const struct terms *terms, const struct request *want, enum ledger_kind kind,
	      u64 payee, struct run *run)
{
	if (!find(terms, want, run))
		return -ENOMEM;
	chunk_settle();
	if (ledger_lend(run->start, run_end(run), kind, payee))
		return -ENOMEM;
	ranges_remove(&stock, run->start, run_end(run));
	return 0;
}

/* How much of a span of the stock is of this kind, and in these ranges */
static u64 counts(const struct span *s, const struct ranges *fine, enum ledger_kind kind)
{
	struct span part;
	u64 sum = 0, at;

	if (s->kind != kind)
		return 0;
	for (at = s->start; ranges_next(fine, at, s->end, &part); at = part.end)
		sum += part.end - part.start;
	return sum;
}

/**
 * pool_in_hand() - how much is in stock
 * @fine: count what lies in these ranges alone
 * @kind: LEDGER_HELD or LEDGER_READY
 *
 * Context: any; under cover_lock.
 * Return: bytes.
 */
u64 pool_in_hand(const struct ranges *fine, enum ledger_kind kind)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < stock.nr; i++)
		sum += counts(&stock.at[i], fine, kind);
	return sum;
}

/* The ledger knows what became of [start, end) */
static void look_again(u64 start, u64 end)
{
	struct span part;

	ranges_remove(&stock, start, end);
	for (; ledger_next(start, end, &part); start = part.end)
		if (part.kind == LEDGER_HELD || part.kind == LEDGER_READY)
			ranges_keep(&stock, part);
}

/**
 * pool_delegate() - delegate held pages of the stock
 * @fine: regions that are tracked FINE: what lies elsewhere can't be
 * @bytes: as many as that, if there are
 * @ms: for how long a command is repeated that is answered BUSY or BLOCKED
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0 or as exchange_delegate().
 */
int pool_delegate(const struct ranges *fine, u64 bytes, unsigned int ms)
{
	struct span part, refused;
	unsigned int i;
	int rc = 0;

	chunk_settle();
	for (i = 0; bytes && i < stock.nr; i++) {
		const struct span s = stock.at[i];

		if (s.kind != LEDGER_HELD || !ranges_next(fine, s.start, s.end, &part))
			continue;
		part.end = min(part.end, part.start + bytes);
		rc = exchange_delegate(RMI_FOR_US, part.start, part.end, ms);
		look_again(part.start, part.end);
		/* The one that the RMM refused is held still, unless it is lost: don't ask again */
		if (rc == -EIO && ledger_find(LEDGER_HELD, part.start, part.end, &refused))
			pool_set_aside(refused.start, refused.start + PAGE_SIZE);
		else if (rc && rc != -EIO)
			break;
		bytes -= part.end - part.start;
	}
	return rc;
}

/**
 * pool_drain() - nothing more is going to be lent for now: give the stock back
 *
 * What guards a page that is out stays.
 *
 * Context: may sleep; under cover_lock.
 * Return: 0; -ETIMEDOUT or -EBUSY if something is delegated still.
 */
int pool_drain(void)
{
	const int rc = exchange_undelegate(0, U64_MAX, 1);

	ranges_clear(&stock);
	ledger_free_held();
	chunk_forget();
	return rc;
}
