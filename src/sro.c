// SPDX-License-Identifier: GPL-2.0-only
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "../include/rmi_abi.h"
#include "sro.h"
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
#define MAX_REFUSALS	3

/*
 * Runs in hand. Pages come in the largest blocks that can be had, so there are few; and what must
 * not fail to be allocated had better be small.
 */
#define MAX_RUNS	24

/* One operation on its way */
struct op {
	struct list_head node;		/* of the parked ones */
	struct rmi_regs command;
	struct rmi_regs answer;		/* of a parked one: where it stands */
	const struct payer *payer;	/* NULL: lends nothing, and is given nothing */
	/* of the payer that it began with, as all that came before is known by these */
	u64 owner, granules;
	u64 handle;
	__le64 *list;			/* not while it is parked */
	struct run hand[MAX_RUNS];	/* taken for this operation, not with the RMM */
	unsigned int nr_hand;
	/* offered to an RMM that then didn't say whose it is; owner: 1 if delegated */
	struct ranges unsure;
	u64 wanted;			/* bytes: what could not be had */
	u64 paid;			/* bytes */
	unsigned int refusals;
	bool ended;
	/* the last answer is an error that may be about that call alone, not the operation's end */
	bool doubtful;
};

/*
 * Before beta 3 a descriptor's state has one bit, since then two: the two don't agree on where
 * "undelegated" is
 */
static bool is_beta3;

/*
 * An operation that can neither go on nor be cancelled stays with the RMM, and its handle here.
 * Nothing that memory is lent for is begun until it is through.
 */
static LIST_HEAD(parked);
static DEFINE_MUTEX(parked_lock);	/* a leaf; protects the list */

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

static void drop_hand(struct op *op)
{
	while (op->nr_hand) {
		const struct run *run = &op->hand[--op->nr_hand];

		donor_take_back(run->start, run->start + run->pages * PAGE_SIZE, run->delegated);
	}
}

/* What was asked for */
struct request {
	u64 block;		/* pages in a block */
	unsigned int code;
	u64 pages;
	bool contiguous;
	u64 state;
};

static struct request decode(u64 req)
{
	const unsigned int code = RMI_DONATE_BLOCK(req);
	const u64 block = 1ULL << code * BLOCK_BITS;

	return (struct request){
		.code = code,
		.block = block,
		.pages = RMI_DONATE_COUNT(req) * block,
		.contiguous = RMI_DONATE_CONTIG(req),
		.state = is_beta3 ? RMI_DONATE_STATE_BETA3(req) : RMI_DONATE_STATE_BETA1(req),
	};
}

static int take(struct op *op, const struct request *want, u64 pages, unsigned int how)
{
	struct run *run = &op->hand[op->nr_hand];
	int rc;

	if (op->nr_hand == MAX_RUNS)
		return -ENOMEM;
	if (want->contiguous || want->code)
		how |= DONOR_EXACTLY;
	rc = donor_take(op->payer, want->code && !want->contiguous ? want->block : pages, how, run);
	if (!rc)
		op->nr_hand++;
	return rc;
}

static u64 in_hand(const struct op *op)
{
	u64 pages = 0;
	unsigned int i;

	for (i = 0; i < op->nr_hand; i++)
		pages += op->hand[i].pages;
	return pages;
}

/* How many of single pages will still be wanted of this operation, beyond what is in hand */
static u64 ahead(const struct op *op, const struct request *want)
{
	const u64 had = op->paid / PAGE_SIZE + in_hand(op), price = op->payer->price / PAGE_SIZE;

	return !want->code && !want->contiguous && price > had ? price - had : 0;
}

/* Where the RMM leaves the state of pages to the place where they lie, there is a choice */
static int take_some(struct op *op, const struct request *want, u64 pages)
{
	const bool far = want->state != RMI_MEM_UNDELEGATED && op->payer->far && op->payer->far->nr;
	int rc = -ENOMEM;

	if (want->state != RMI_MEM_DELEGATED && op->payer->self_first)
		rc = take(op, want, pages, DONOR_BRIEFLY);
	/* All at once, as each run is one more command */
	if (rc && far)
		rc = take(op, want, max(pages, ahead(op, want)), DONOR_DELEGATED);
	if (rc && want->state != RMI_MEM_DELEGATED)
		rc = take(op, want, pages, 0);
	return rc;
}

/*
 * What is in hand from the last round will do if nothing but single pages is asked for, in a state
 * that they have
 */
static bool hand_will_do(const struct op *op, const struct request *want)
{
	unsigned int i;

	for (i = 0; i < op->nr_hand; i++) {
		const u64 state = op->hand[i].delegated ? RMI_MEM_DELEGATED : RMI_MEM_UNDELEGATED;

		if (want->state != RMI_MEM_CONDITIONAL && want->state != state)
			return false;
	}
	return !want->contiguous && !want->code;
}

static int fill_hand(struct op *op, const struct request *want)
{
	int rc = 0;

	if (!hand_will_do(op, want))
		drop_hand(op);
	while (!rc && in_hand(op) < want->pages)
		rc = take_some(op, want, want->pages - in_hand(op));
	/* A part of it is a beginning, unless it has to be whole */
	return rc && (want->contiguous || !op->nr_hand) ? rc : 0;
}

/*
 * Of what is in hand, as much as is wanted and as the list takes. Returns the number of
 * descriptors.
 */
static unsigned int write_list(struct op *op, const struct request *want, u64 *offered)
{
	const u64 most = (BIT_ULL(COUNT_BITS) - 1) * want->block;
	unsigned int n = 0, i;

	*offered = 0;
	for (i = 0; i < op->nr_hand; i++) {
		u64 done = 0;

		while (done < op->hand[i].pages && *offered < want->pages && n < LIST_SIZE) {
			const u64 pages = min3(op->hand[i].pages - done, want->pages - *offered,
					       most);

			op->list[n++] = cpu_to_le64((op->hand[i].start + done * PAGE_SIZE) |
						    want->code |
						    (pages / want->block) << RMI_RANGE_COUNT_SHIFT |
						    with_state(op->hand[i].delegated));
			done += pages;
			*offered += pages;
		}
	}
	return n;
}

/* These pages are in the RMM's hands now, or may be */
static void hand_over(struct op *op, u64 pages, bool sure)
{
	unsigned int i = 0;

	while (pages) {
		struct run *run = &op->hand[i];
		const u64 part = min(pages, run->pages);

		/*
		 * An entry that can't be written down counts as lent, which loses it at the worst
		 */
		trace_rmi_memory("donate", run->start, run->start + part * PAGE_SIZE,
				 donor_kind(op->owner), donor_base(op->owner));
		if (!sure)
			ranges_add_owned(&op->unsure, run->start, run->start + part * PAGE_SIZE,
					 run->delegated);
		run->start += part * PAGE_SIZE;
		run->pages -= part;
		pages -= part;
		if (!run->pages)
			i++;
	}
	op->nr_hand -= i;
	memmove(op->hand, op->hand + i, op->nr_hand * sizeof(*op->hand));
}

static int donate(struct op *op, struct rmi_regs *regs)
{
	const struct request want = decode(regs->x[2]);
	unsigned int n;
	u64 offered;
	int rc;

	op->wanted = min(want.pages, U64_MAX >> PAGE_SHIFT) * PAGE_SIZE;
	if (!op->payer || want.state > RMI_MEM_CONDITIONAL ||
	    want.pages > (op->payer->limit - op->paid) / PAGE_SIZE)
		return -ENOMEM;
	rc = fill_hand(op, &want);
	if (rc)
		return rc;
	n = write_list(op, &want, &offered);
	*regs = (struct rmi_regs){ .x = { RMI_OP_MEM_DONATE, op->handle, virt_to_phys(op->list),
					  n } };
	rc = rmi_call(regs);
	/* Who asks for memory knows this command: that answer makes no sense, so fear the worst */
	if (rc == -EOPNOTSUPP)
		hand_over(op, offered, false);
	if (rc)
		return rc;	/* or else it was too BUSY to take anything */
	/*
	 * An RMM that turns to giving back counts something else in X1; and a number beyond the
	 * offer counts nothing
	 */
	if (regs->x[1] > offered || (RMI_RESULT_STATUS(regs->x[0]) == RMI_INCOMPLETE &&
				     RMI_RESULT_MEM_REQ(regs->x[0]) == RMI_MEM_REQ_RECLAIM)) {
		const bool goes_on = RMI_RESULT_STATUS(regs->x[0]) == RMI_INCOMPLETE &&
				     RMI_RESULT_MEM_REQ(regs->x[0]) != RMI_MEM_REQ_RECLAIM;

		hand_over(op, offered, false);
		return goes_on ? -EPROTO : 0;
	}
	hand_over(op, regs->x[1], true);
	op->paid += regs->x[1] * PAGE_SIZE;
	if (RMI_RESULT_STATUS(regs->x[0]) != RMI_ERROR_INPUT)
		return 0;
	/*
	 * One of these pages wasn't to its liking, but the operation lives on: try others, perhaps
	 * from elsewhere
	 */
	drop_hand(op);
	if (++op->refusals > MAX_REFUSALS)
		return -EPROTO;
	*regs = (struct rmi_regs){ .x = { RMI_OP_CONTINUE, op->handle, RMI_OP_CONTINUE_GO } };
	return rmi_call(regs);
}

/* Reclaim -------------------------------------------------------------------------------------- */

/*
 * Only what was lent for this very thing can come back. Anything else is left alone: it may be in
 * use, by either side.
 */
static bool take_back(struct op *op, u64 descriptor)
{
	const u64 start = descriptor & ADDRESS_BITS;
	const u64 count = descriptor >> RMI_RANGE_COUNT_SHIFT & (BIT_ULL(COUNT_BITS) - 1);
	const u64 size = (count << RMI_RANGE_BLOCK(descriptor) * BLOCK_BITS) * PAGE_SIZE;
	const u64 state = state_of(descriptor);

	if (!count)
		return false;
	if (size >> PAGE_SHIFT >> RMI_RANGE_BLOCK(descriptor) * BLOCK_BITS != count ||
	    start + size < start || state > RMI_MEM_UNDELEGATED || !op->payer ||
	    !donor_has(start, start + size, op->owner)) {
		pr_err_once("the RMM gave back what it never got (%#llx); ignored\n", descriptor);
		return false;
	}
	trace_rmi_memory("reclaim", start, start + size, donor_kind(op->owner),
			 donor_base(op->owner));
	ranges_remove(&op->unsure, start, start + size);
	donor_take_back(start, start + size, state == RMI_MEM_DELEGATED);
	return true;
}

static bool is_error(const struct rmi_regs *regs)
{
	return RMI_RESULT_STATUS(regs->x[0]) != RMI_SUCCESS &&
	       RMI_RESULT_STATUS(regs->x[0]) != RMI_INCOMPLETE;
}

static int reclaim(struct op *op, struct rmi_regs *regs)
{
	unsigned int i, back = 0;
	int rc;

	drop_hand(op);	/* what it names from here on, it has */
	memset(op->list, 0, LIST_SIZE * sizeof(*op->list));
	*regs = (struct rmi_regs){ .x = { RMI_OP_MEM_RECLAIM, op->handle, virt_to_phys(op->list),
					  LIST_SIZE } };
	rc = rmi_call(regs);
	if (rc)
		return rc;
	if (regs->x[1] > LIST_SIZE)
		return -EPROTO;
	for (i = 0; i < regs->x[1]; i++)
		back += take_back(op, le64_to_cpu(READ_ONCE(op->list[i])));
	op->doubtful = is_error(regs) && !back;
	return 0;
}

/* The whole of it ------------------------------------------------------------------------------ */

static int cancel(struct op *op, struct rmi_regs *regs)
{
	int rc;

	drop_hand(op);
	*regs = (struct rmi_regs){ .x = { RMI_OP_CANCEL, op->handle } };
	rc = rmi_call(regs);
	op->doubtful = is_error(regs);
	return rc;
}

static int transfer(struct op *op, bool cancelled, struct rmi_regs *regs)
{
	switch (RMI_RESULT_MEM_REQ(regs->x[0])) {
	case RMI_MEM_REQ_DONATE:
		return cancelled ? -EPROTO : donate(op, regs);
	case RMI_MEM_REQ_RECLAIM:
		return reclaim(op, regs);
	default:
		return -EPROTO;
	}
}

/* Is there anything that was lent for this very thing? */
static bool owes(const struct op *op)
{
	struct span part;
	u64 at;

	for (at = 0; donor_next(at, U64_MAX, &part); at = part.end)
		if (part.owner == op->owner)
			return true;
	return false;
}

/*
 * From the answer INCOMPLETE in regs to one that isn't. op->answer is the last one from which the
 * RMM can go on.
 */
static int finish(struct op *op, struct rmi_regs *regs)
{
	const ktime_t deadline = ktime_add_ms(ktime_get(), rmi_timeout_ms());
	struct rmi_budget budget;
	bool cancelled = false;
	int rc, result = 0;

	op->doubtful = false;
	rmi_budget_open(&budget, op->granules);
	for (;;) {
		op->answer = *regs;
		rc = rmi_continue(op->handle, regs, &budget);
		if (!rc && RMI_RESULT_STATUS(regs->x[0]) != RMI_INCOMPLETE) {
			/*
			 * Whether it has ended, a continuation would tell, but not while others
			 * begin operations: the handle may be theirs by now
			 */
			op->ended = !op->doubtful || !owes(op);
			if (!op->ended)
				op->answer.x[0] = RMI_INCOMPLETE;
			return op->ended ? result : -EPROTO;
		}
		if (!rc) {
			op->answer = *regs;
			rc = rmi_budget_spend(&budget) ? transfer(op, cancelled, regs) : -EPROTO;
		}
		if (!rc)
			continue;
		if (!cancelled && RMI_RESULT_CAN_CANCEL(op->answer.x[0]) && rc != -ETIMEDOUT &&
		    rc != -EOPNOTSUPP) {
			cancelled = true;
			result = rc;
			/* What it did it may undo step by step */
			rmi_budget_open(&budget, op->granules);
			rc = cancel(op, regs);
			if (!rc)
				continue;
		}
		if ((rc != -ENOMEM && rc != -EIO) || ktime_after(ktime_get(), deadline))
			return rc;
		/* It can't be left alone, so keep trying */
		usleep_range(1000, 2000);
		*regs = op->answer;
	}
}

/*
 * What nobody said whose it is: ours if the operation came to nothing; else, and if that isn't
 * known by now, the RMM's
 */
static void settle(struct op *op, bool nothing)
{
	unsigned int i;

	for (i = 0; nothing && i < op->unsure.nr; i++)
		donor_take_back(op->unsure.at[i].start, op->unsure.at[i].end,
				op->unsure.at[i].owner);
	ranges_clear(&op->unsure);
}

static int park(struct op *op, int err)
{
	pr_warn("%s %#llx remains unfinished in the RMM (error %d, %llu KB wanted)\n",
		rmi_name(op->command.x[0]), op->command.x[1], err, op->wanted / SZ_1K);
	mutex_lock(&parked_lock);
	list_add_tail(&op->node, &parked);
	mutex_unlock(&parked_lock);
	return -EBUSY;
}

/* Consumes op, unless it is parked */
static int go_on(struct op *op, struct rmi_regs *regs, u64 *wanted)
{
	int rc;

	/*
	 * The RMM has begun already: there is no way back without memory for the list, and it is
	 * little
	 */
	op->list = kzalloc(PAGE_SIZE, GFP_KERNEL | __GFP_NOFAIL);
	rc = finish(op, regs);
	drop_hand(op);
	settle(op, op->ended && (rc || RMI_RESULT_STATUS(regs->x[0]) != RMI_SUCCESS));
	if (wanted)
		*wanted = rc ? op->wanted : op->paid;
	kfree(op->list);
	if (!op->ended)
		return park(op, rc);
	kfree(op);
	return rc;
}

static int begin(const struct rmi_regs *command, struct rmi_regs *regs, const struct payer *payer,
		 u64 *wanted)
{
	/* As little a choice as there is about the list */
	struct op *op = kzalloc(sizeof(*op), GFP_KERNEL | __GFP_NOFAIL);

	op->command = *command;
	op->payer = payer;
	op->owner = payer ? payer->owner : 0;
	op->granules = payer ? PHYS_PFN(payer->self.end - payer->self.start) : U64_MAX;
	op->handle = regs->x[1];	/* no later answer has it */
	return go_on(op, regs, wanted);
}

/**
 * sro_parked() - is there an operation that could not be finished?
 * @command: set to what began it
 *
 * Context: may sleep; takes parked_lock.
 * Return: true if so.
 */
bool sro_parked(struct rmi_regs *command)
{
	const struct op *op;

	mutex_lock(&parked_lock);
	op = list_first_entry_or_null(&parked, struct op, node);
	if (op)
		*command = op->command;
	mutex_unlock(&parked_lock);
	return op;
}

/**
 * sro_resume() - try to finish the operation that sro_parked() told of
 * @regs: set to its command's final answer
 * @payer: what memory the RMM may be lent for it; the owner of what may come back is known
 *
 * Context: may sleep; no other sro_run() or sro_resume() at the same time.
 * Return: as sro_run(); -EBUSY if it is parked again.
 */
int sro_resume(struct rmi_regs *regs, const struct payer *payer)
{
	struct op *op;

	mutex_lock(&parked_lock);
	op = list_first_entry_or_null(&parked, struct op, node);
	if (op)
		list_del(&op->node);
	mutex_unlock(&parked_lock);
	if (!op)
		return -ENOENT;
	op->payer = payer;
	*regs = op->answer;
	return go_on(op, regs, NULL);
}

/**
 * sro_set_dialect() - which encoding of a page's state do both sides speak?
 * @beta3: that of beta 3
 *
 * Context: any; before the first operation.
 */
void sro_set_dialect(bool beta3)
{
	is_beta3 = beta3;
}

/**
 * sro_close() - forget operations that could not be finished; the RMM doesn't
 *
 * Context: may sleep; module unload.
 */
void sro_close(void)
{
	struct op *op, *next;

	list_for_each_entry_safe(op, next, &parked, node) {
		list_del(&op->node);
		kfree(op);
	}
}

/**
 * sro_run() - issue a command that may turn into a stateful operation, and see it to its end
 * @regs: function id and arguments; set to the command's final answer (on error: to the last answer
 * there was)
 * @payer: what memory the RMM may be lent for it, and of what it may come back; NULL for none
 * @wanted: set to how many bytes the RMM was lent or, on -ENOMEM and -EBUSY, asked for last; may be
 * NULL
 *
 * An operation whose memory can't be had is cancelled. One that can't be cancelled is tried for as
 * long as a BUSY command is repeated, and then parked: the RMM has it until sro_resume(), and no
 * other that memory is lent for is begun. An operation that ends BLOCKED has been given up by the
 * RMM: the command starts anew, for as long again.
 * Specification: DEN0137, "Stateful RMI operations", RMI_OP_*.
 *
 * Context: may sleep; the caller may hold mutexes.
 * Return: 0 with a final answer of any other status; -EOPNOTSUPP and -ETIMEDOUT as rmi_call();
 * -ENOMEM if the RMM asked for memory and got too little, and has given back what it got; -EBUSY if
 * an operation is parked; -EPROTO if the RMM's answers made no sense.
 */
int sro_run(struct rmi_regs *regs, const struct payer *payer, u64 *wanted)
{
	const struct rmi_regs command = *regs;
	struct rmi_regs other;
	ktime_t deadline = 0;
	int rc;

	/* What takes memory back may be what it needs to go on */
	if (payer && payer->limit && sro_parked(&other))
		return -EBUSY;
	for (;;) {
		rc = rmi_call(regs);
		if (!rc && RMI_RESULT_STATUS(regs->x[0]) == RMI_INCOMPLETE)
			rc = begin(&command, regs, payer, wanted);
		if (rc || RMI_RESULT_STATUS(regs->x[0]) != RMI_BLOCKED)
			return rc;
		if (!deadline)
			deadline = ktime_add_ms(ktime_get(), rmi_timeout_ms());
		else if (ktime_after(ktime_get(), deadline))
			return -ETIMEDOUT;
		usleep_range(20, 100);
		*regs = command;
	}
}
