// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "chunk.h"
#include "cover.h"
#include "exchange.h"
#include "ledger.h"
#include "pool.h"
#include "record.h"
#include "rmm.h"
#include "smc.h"
#include "take.h"

/*
 * A chunk that consumers take granules from, kept while any of them is out; the rest is LEDGER_OPEN
 */
struct open_chunk {
	struct list_head node;
	struct span span;
	int nid;
};

static LIST_HEAD(open);			/* under cover_lock */

/* So many granules are a block that Realms can map as one */
static unsigned int block_pages(void)
{
	return SZ_2M / PAGE_SIZE;
}

static int open_new(int nid, unsigned int nr)
{
	const u64 block = nr >= block_pages() ? SZ_2M : 0;
	struct open_chunk *chunk = kzalloc(sizeof(*chunk), GFP_KERNEL);
	struct ranges ram;
	struct verdict why;
	int rc;

	if (!chunk)
		return -ENOMEM;
	rc = chunk_take(nid, (u64)nr * PAGE_SIZE, block, rmm_session()->region_size,
			&record_view()->online, &chunk->span);
	if (rc)
		goto free;
	/* The transaction would end with giving back what is held */
	ledger_set(chunk->span.start, chunk->span.end, LEDGER_HELD, LEDGER_OPEN);
	ram = (struct ranges){ .at = &chunk->span, .nr = 1 };
	if (!record_is_covered(chunk->span.start, chunk->span.end))
		rc = cover_ranges(&ram, true, false, &why);
	if (rc)
		goto close;
	chunk->nid = nid;
	list_add_tail(&chunk->node, &open);
	return 0;

close:
	ledger_set(chunk->span.start, chunk->span.end, LEDGER_OPEN, LEDGER_HELD);
free:
	kfree(chunk);
	return rc;
}

/*
 * The first open run of a chunk, of an aligned block if as many are wanted. The first page behind
 * one that is Linux's is its guard.
 */
static bool find_open(const struct open_chunk *chunk, unsigned int nr, struct span *run)
{
	const u64 align = nr >= block_pages() ? SZ_2M : PAGE_SIZE;
	const u64 most = align == SZ_2M ? SZ_2M : (u64)nr * PAGE_SIZE;
	u64 at, end;
	struct span before;

	for (at = chunk->span.start; ledger_find(LEDGER_OPEN, at, chunk->span.end, run); at = end) {
		end = run->end;
		if (!ledger_next(run->start - PAGE_SIZE, run->start, &before))
			run->start += PAGE_SIZE;
		run->start = ALIGN(run->start, align);
		run->end = min(end, run->start + most);
		if (run->start + align <= end)
			return true;
	}
	return false;
}

static bool find_run(int nid, unsigned int nr, struct span *run)
{
	const struct open_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, &open, node)
		if (chunk->nid == nid && find_open(chunk, nr, run))
			return true;
	return false;
}

/*
 * Delegate a run, or nothing of it. What isn't delegated is held then, and not looked at again
 * before tidy(), or it is lost.
 */
static int take_run(const struct span *run)
{
	int rc;

	chunk_settle();
	rc = exchange_delegate(RMI_FOR_CONSUMER, run->start, run->end, rmi_timeout_ms());
	if (rc)
		exchange_undelegate(run->start, run->end, rmi_timeout_ms());
	else
		ledger_set(run->start, run->end, LEDGER_READY, LEDGER_TAKEN);
	return rc;
}

/* So often may the RMM refuse a page before it is believed that it refuses all */
#define MAX_REFUSALS	8

static int take_all(int nid, unsigned int nr, phys_addr_t *granule, unsigned int *done)
{
	unsigned int refusals = 0;
	struct span run;
	int rc = 0;
	u64 at;

	while (!rc && *done < nr) {
		if (!find_run(nid, nr - *done, &run)) {
			rc = open_new(nid, nr - *done);
			continue;
		}
		rc = take_run(&run);
		for (at = run.start; !rc && at < run.end; at += PAGE_SIZE)
			granule[(*done)++] = at;
		if (rc == -EIO && refusals++ < MAX_REFUSALS)
			rc = 0;
	}
	return rc;
}

/*
 * A chunk of which nothing is out, or nothing comes back, goes; what is held of others is open
 * again
 */
static void tidy(void)
{
	struct open_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, &open, node) {
		const u64 start = chunk->span.start, end = chunk->span.end;
		struct span part;
		bool out = false;
		u64 at;

		for (at = start; ledger_next(at, end, &part); at = part.end)
			out |= ledger_is_out(part.kind) && part.kind != LEDGER_LOST;
		if (out) {
			ledger_set(start, end, LEDGER_HELD, LEDGER_OPEN);
			continue;
		}
		ledger_set(start, end, LEDGER_OPEN, LEDGER_HELD);
		list_del(&chunk->node);
		kfree(chunk);
	}
}

static void give(const phys_addr_t *granule, unsigned int nr)
{
	struct span part;
	unsigned int i;

	for (i = 0; i < nr; i++)
		ledger_keep(granule[i], granule[i] + PAGE_SIZE, LEDGER_READY, 0);
	for (i = 0; i < nr; i++)
		if (ledger_find(LEDGER_READY, granule[i], granule[i] + PAGE_SIZE, &part) &&
		    (!i || granule[i] != granule[i - 1] + PAGE_SIZE))
			exchange_undelegate(granule[i], U64_MAX, rmi_timeout_ms());
}

/**
 * take_granules() - see cca_rmi_take_granules()
 * @nid: node that they are rather to be of, or NUMA_NO_NODE
 * @nr: how many
 * @granule: set to their physical addresses
 *
 * Context: may sleep, allocates; takes cover_lock.
 * Return: 0; -ENODEV after a release; -ENOMEM, -EIO, -ETIMEDOUT, -EBUSY or -EPROTO; on error
 * nothing is taken.
 */
int take_granules(int nid, unsigned int nr, phys_addr_t *granule)
{
	unsigned int done = 0;
	int rc;

	cover_lock_all();
	/* Who releases everything waits for the lock after saying so */
	rc = cover_may_lend() ? take_all(nid, nr, granule, &done) : -ENODEV;
	if (rc)
		give(granule, done);
	tidy();
	pool_drain();
	cover_unlock_all();
	return rc;
}

/**
 * take_back() - see cca_rmi_return_granules()
 * @granule: their physical addresses
 * @nr: how many
 *
 * Context: may sleep; takes cover_lock.
 * Return: 0; -EINVAL if one of them wasn't taken, then nothing has changed; -EBUSY if the RMM
 * doesn't give one back now.
 */
int take_back(const phys_addr_t *granule, unsigned int nr)
{
	struct span part;
	unsigned int i;
	int rc = 0;

	cover_lock_all();
	for (i = 0; !rc && i < nr; i++)
		if (!PAGE_ALIGNED(granule[i]) ||
		    !ledger_find(LEDGER_TAKEN, granule[i], granule[i] + PAGE_SIZE, &part))
			rc = -EINVAL;
	if (!rc)
		give(granule, nr);
	for (i = 0; !rc && i < nr; i++)
		if (ledger_next(granule[i], granule[i] + PAGE_SIZE, &part) &&
		    ledger_is_out(part.kind))
			rc = -EBUSY;
	tidy();
	pool_drain();
	cover_unlock_all();
	return rc;
}

/**
 * take_stock() - granules for the RMM, which wants them for a consumer's Realm
 * @nr: how many
 *
 * All or nothing: they are in stock then, delegated, until take_settle().
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0; -ENOMEM, -EIO, -ETIMEDOUT, -EBUSY or -EPROTO.
 */
int take_stock(unsigned int nr)
{
	phys_addr_t *granule = kcalloc(nr, sizeof(*granule), GFP_KERNEL);
	unsigned int done = 0, i;
	int rc;

	if (!granule)
		return -ENOMEM;
	rc = take_all(NUMA_NO_NODE, nr, granule, &done);
	for (i = 0; i < done; i++)
		pool_give(granule[i], granule[i] + PAGE_SIZE, true);
	kfree(granule);
	return rc;
}

/**
 * take_settle() - what is in stock, or came back from a Realm, is for others to take, or goes
 *
 * Context: may sleep; under cover_lock.
 */
void take_settle(void)
{
	exchange_undelegate(0, U64_MAX, rmi_timeout_ms());
	tidy();
	pool_drain();
}

/**
 * take_close() - give up the chunks: what is not out, and guards nothing, is the allocator's again
 *
 * Context: may sleep; module unload, no consumer is left.
 */
void take_close(void)
{
	struct open_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, &open, node) {
		ledger_set(chunk->span.start, chunk->span.end, LEDGER_OPEN, LEDGER_HELD);
		list_del(&chunk->node);
		kfree(chunk);
	}
	ledger_free_held();
}
