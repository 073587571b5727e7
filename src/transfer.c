// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../include/rmi_abi.h"
#include "orphan.h"
#include "transfer.h"
#include "trace.h"

/* Descriptors in one list, which may not cross a granule */
#define LIST_SIZE	(PAGE_SIZE / sizeof(__le64))

/*
 * Bits of an address range descriptor's count, and of the binary logarithm of how many pages the
 * next larger block has
 */
#define COUNT_BITS	(PAGE_SHIFT - RMI_RANGE_COUNT_SHIFT)
#define BLOCK_BITS	(PAGE_SHIFT - 3)
#define ADDRESS_BITS	GENMASK_ULL(51, PAGE_SHIFT)

/* So often may the RMM refuse what it is offered */
#define MAX_REFUSALS	8

/*
 * Before beta 3 a descriptor's state has one bit, since then two: the two don't agree on where
 * "undelegated" is
 */
static bool is_beta3;

/* Where lists for the RMM are written, under cover_lock */
static __le64 *list;

static u64 state_of(u64 descriptor)
{
	return is_beta3 ? descriptor >> RMI_RANGE_STATE_BETA3_SHIFT
			: descriptor >> RMI_RANGE_STATE_BETA1_SHIFT;
}

static u64 with_state(bool delegated)
{
	const u64 state = delegated ? RMI_MEM_DELEGATED : RMI_MEM_UNDELEGATED;

	return state << (is_beta3 ? RMI_RANGE_STATE_BETA3_SHIFT : RMI_RANGE_STATE_BETA1_SHIFT);
}

/* Donate --------------------------------------------------------------------------------------- */

static struct request decode(u64 req)
{
	const unsigned int code = RMI_DONATE_BLOCK(req);
	const u64 block = 1ULL << code * BLOCK_BITS, pages = RMI_DONATE_COUNT(req) * block;

	return (struct request){
		.pages = pages,
		.block = RMI_DONATE_CONTIG(req) ? pages : block,
		.code = code,
		.state = is_beta3 ? RMI_DONATE_STATE_BETA3(req) : RMI_DONATE_STATE_BETA1(req),
	};
}

static struct terms terms_for(const struct payer *payer)
{
	return (struct terms){
		.places = &payer->places,
		.self = { .start = payer->base, .end = payer->base + payer->size },
		.elsewhere = payer->kind == LEDGER_TABLE,
	};
}

/* Lend as much as is wanted, or nothing. Returns the number of runs. */
static unsigned int lend(const struct payer *payer, struct request want, struct run *run)
{
	const struct terms terms = terms_for(payer);
	unsigned int n = 0;

	while (want.pages && n < MAX_RUNS &&
	       !pool_take(&terms, &want, payer->kind, payer->base, &run[n]))
		want.pages -= run[n++].pages;
	if (!want.pages || n == MAX_RUNS)
		return n;
	while (n--)
		pool_give(run[n].start, run_end(&run[n]), run[n].delegated);
	return 0;
}

/* Returns the number of descriptors; MAX_RUNS runs of 64 MB need fewer than there is room for */
static unsigned int write_list(const struct run *run, unsigned int nr, unsigned int code)
{
	const u64 most = (BIT_ULL(COUNT_BITS) - 1) << code * BLOCK_BITS;
	unsigned int i, n = 0;

	for (i = 0; i < nr; i++) {
		u64 done, pages;

		for (done = 0; done < run[i].pages && n < LIST_SIZE; done += pages) {
			pages = min(run[i].pages - done, most);
			list[n++] =
				cpu_to_le64((run[i].start + done * PAGE_SIZE) | code |
					    pages >> code * BLOCK_BITS << RMI_RANGE_COUNT_SHIFT |
					    with_state(run[i].delegated));
		}
	}
	return n;
}

/* The RMM took so many pages, in the order of the list; the others are in hand again */
static void settle(const struct payer *payer, const struct run *run, unsigned int nr, u64 taken)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const u64 part = min(taken, run[i].pages);
		const u64 split = run[i].start + part * PAGE_SIZE;

		if (part)
			trace_rmi_memory("donate", run[i].start, split, ledger_word(payer->kind),
					 payer->base);
		if (part < run[i].pages)
			pool_give(split, run_end(&run[i]), run[i].delegated);
		taken -= part;
	}
}

static bool asks(const struct rmi_regs *r, unsigned int mem_req)
{
	return RMI_RESULT_STATUS(r->x[0]) == RMI_INCOMPLETE &&
	       RMI_RESULT_MEM_REQ(r->x[0]) == mem_req;
}

/* The address of the page behind the first @pages of what was offered */
static u64 page_behind(const struct run *run, u64 pages)
{
	for (; run->pages <= pages; run++)
		pages -= run->pages;
	return run->start + pages * PAGE_SIZE;
}

/* What was offered behind the first @pages */
static void note_unsure(struct op *op, const struct run *run, unsigned int nr, u64 pages)
{
	for (op->nr_unsure = 0; nr--; run++) {
		const u64 skip = min(pages, run->pages);

		pages -= skip;
		if (skip < run->pages)
			op->unsure[op->nr_unsure++] = (struct run){ run->start + skip * PAGE_SIZE,
								    run->pages - skip,
								    run->delegated };
	}
}

/*
 * An operation may end for a page that the RMM refuses for good: which one was it? The one after
 * those that it has taken, as far as X1 tells: where it turns to giving back, that is the total.
 */
static void note_taken(struct op *op, struct payer *payer, const struct rmi_regs *r,
		       const struct run *run, unsigned int nr, u64 offered)
{
	const bool total = asks(r, RMI_MEM_REQ_RECLAIM);
	const u64 before = total ? op->lent / PAGE_SIZE : 0;
	const bool tells = (!total || r->x[1]) && r->x[1] >= before && r->x[1] - before <= offered;

	/* Where X1 tells, it is those behind that weren't taken; else it may be any */
	if (total)
		note_unsure(op, run, nr, tells ? r->x[1] - before : 0);
	payer->offered = offered;
	payer->suspect = 0;
	if (offered == 1)
		payer->suspect = run->start;
	else if (tells && r->x[1] - before < offered)
		payer->suspect = page_behind(run, r->x[1] - before);
}

/* The first block that wasn't taken is the one that the RMM didn't like: offer another one */
static int note_refusal(struct op *op, const struct run *run, const struct request *want, u64 taken)
{
	const u64 start = page_behind(run, taken / want->block * want->block);

	pool_set_aside(start, start + want->block * PAGE_SIZE);
	/* What was asked for stands, less what was taken */
	op->answer.x[2] -= taken >> want->code * BLOCK_BITS << RMI_DONATE_COUNT_SHIFT;
	return ++op->refusals > MAX_REFUSALS ? -ENOSPC : 0;
}

/**
 * transfer_go_on() - let an operation go on that asks for nothing
 * @op: the operation
 * @r: set to its answer
 *
 * Specification: DEN0137, RMI_OP_CONTINUE.
 *
 * Context: may sleep; under cover_lock.
 * Return: as rmi_call().
 */
int transfer_go_on(struct op *op, struct rmi_regs *r)
{
	*r = (struct rmi_regs){ .x = { RMI_OP_CONTINUE, op->handle, RMI_OP_CONTINUE_GO } };
	return rmi_call(r, rmi_timeout_ms());
}

/**
 * transfer_donate() - give an operation the memory that it asks for
 * @op: the operation
 * @r: its last answer; set to the next one
 * @payer: what it may be lent; wanted is set
 *
 * Specification: DEN0137, RMI_OP_MEM_DONATE.
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0; -ENOMEM if the stock lacks it, and -ENOSPC if it is not to have it: no command was
 * issued; -ETIMEDOUT; -EPROTO.
 */
int transfer_donate(struct op *op, struct rmi_regs *r, struct payer *payer)
{
	struct request want = decode(r->x[2]);
	struct run run[MAX_RUNS];
	unsigned int nr, i;
	u64 offered = 0;
	int rc;

	payer->wanted = want;
	if (!want.pages)
		return transfer_go_on(op, r);
	if (op->cancelled || want.state > RMI_MEM_CONDITIONAL || op->lent > payer->limit ||
	    want.pages > (payer->limit - op->lent) / PAGE_SIZE)
		return -ENOSPC;
	/* For Realms there are single pages alone, delegated */
	if (op->realm && (want.block > 1 || want.state == RMI_MEM_UNDELEGATED))
		return -ENOSPC;
	if (payer->most && want.block == 1)
		want.pages = min(want.pages, payer->most);
	nr = lend(payer, want, run);
	if (!nr)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		offered += run[i].pages;
	*r = (struct rmi_regs){ .x = { RMI_OP_MEM_DONATE, op->handle, virt_to_phys(list),
				       write_list(run, nr, want.code) } };
	rc = rmi_call_for(op->realm ? RMI_FOR_CONSUMER : RMI_FOR_US, r, rmi_timeout_ms());
	/* Who asks for memory knows this command */
	if (rc == -EOPNOTSUPP)
		return rmi_latch("DONATE for %#llx isn't known", payer->base);
	if (rc == -ETIMEDOUT)
		settle(payer, run, nr, 0);
	if (rc)
		return rc;
	note_taken(op, payer, r, run, nr, offered);
	/* An RMM that turns to giving back counts something else in X1 */
	if (asks(r, RMI_MEM_REQ_RECLAIM)) {
		settle(payer, run, nr, offered);
		op->lent += offered * PAGE_SIZE;
		return 0;
	}
	/* Whatever else it has: of these, all. What its answer says besides holds, for a kexec. */
	if (r->x[1] > offered) {
		rmi_latch("DONATE for %#llx: %llu of %llu granules taken", payer->base, r->x[1],
			  offered);
		r->x[1] = offered;
	}
	settle(payer, run, nr, r->x[1]);
	op->lent += r->x[1] * PAGE_SIZE;
	if (RMI_RESULT_STATUS(r->x[0]) != RMI_ERROR_INPUT)
		return 0;
	if (orphan_is(op))
		return 0;
	if (r->x[1] < offered) {
		rc = note_refusal(op, run, &want, r->x[1]);
		*r = op->answer;
		return rc;
	}
	return transfer_go_on(op, r);
}

/* Reclaim -------------------------------------------------------------------------------------- */

/*
 * Only what was lent for this very thing can come back: anything else may be in use, by either side
 */
static int take_back(struct op *op, u64 descriptor, const struct payer *payer)
{
	const u64 start = descriptor & ADDRESS_BITS;
	const u64 count = descriptor >> RMI_RANGE_COUNT_SHIFT & (BIT_ULL(COUNT_BITS) - 1);
	const u64 size = (count << RMI_RANGE_BLOCK(descriptor) * BLOCK_BITS) * PAGE_SIZE;
	const u64 state = state_of(descriptor);

	if (!count)
		return 0;
	if (size >> PAGE_SHIFT >> RMI_RANGE_BLOCK(descriptor) * BLOCK_BITS != count ||
	    start + size < start || state > RMI_MEM_UNDELEGATED ||
	    !ledger_is_lent(start, start + size, payer->kind, payer->base))
		return rmi_latch("RECLAIM for %#llx: %#llx was never lent", payer->base,
				 descriptor);
	trace_rmi_memory("reclaim", start, start + size, ledger_word(payer->kind), payer->base);
	pool_give(start, start + size, state == RMI_MEM_DELEGATED);
	op->lent -= min(op->lent, size);
	return 0;
}

/**
 * transfer_reclaim() - take from an operation what it gives back
 * @op: the operation
 * @r: set to its next answer
 * @payer: what it may be of
 *
 * Specification: DEN0137, RMI_OP_MEM_RECLAIM.
 *
 * Context: may sleep; under cover_lock.
 * Return: 0; -ETIMEDOUT; -EPROTO.
 */
int transfer_reclaim(struct op *op, struct rmi_regs *r, const struct payer *payer)
{
	const u64 before = op->lent;
	bool is_error;
	unsigned int i;
	int rc;

	memset(list, 0, PAGE_SIZE);
	*r = (struct rmi_regs){ .x = { RMI_OP_MEM_RECLAIM, op->handle, virt_to_phys(list),
				       LIST_SIZE } };
	rc = rmi_call(r, rmi_timeout_ms());
	if (rc == -EOPNOTSUPP)
		return rmi_latch("RECLAIM for %#llx isn't known", payer->base);
	if (rc)
		return rc;
	/*
	 * An operation that failed may give back the last pages together with its error. A refused
	 * call has written no list, and X1 may be what it was.
	 */
	is_error = RMI_RESULT_STATUS(r->x[0]) != RMI_SUCCESS &&
		   RMI_RESULT_STATUS(r->x[0]) != RMI_INCOMPLETE;
	if (!is_error && r->x[1] > LIST_SIZE)
		return rmi_latch("RECLAIM for %#llx: %llu entries", payer->base, r->x[1]);
	for (i = 0; !rc && r->x[1] <= LIST_SIZE && i < r->x[1]; i++)
		rc = take_back(op, le64_to_cpu(READ_ONCE(list[i])), payer);
	/* Nothing came back: that says nothing of who has what the RMM may have taken */
	if (is_error && op->lent == before)
		op->nr_unsure = 0;
	return rc;
}

/**
 * transfer_set_dialect() - which encoding of a page's state do both sides speak?
 * @beta3: that of beta 3
 *
 * Context: any; before the first operation.
 */
void transfer_set_dialect(bool beta3)
{
	is_beta3 = beta3;
}

/**
 * transfer_open() - before the first transfer
 *
 * Context: may sleep; module load.
 * Return: 0 or -ENOMEM.
 */
int transfer_open(void)
{
	list = kzalloc(PAGE_SIZE, GFP_KERNEL);
	return list ? 0 : -ENOMEM;
}

/**
 * transfer_close() - undo transfer_open()
 *
 * Context: may sleep; module load or unload.
 */
void transfer_close(void)
{
	kfree(list);
}
