// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "../include/rmi_abi.h"
#include "granule.h"

/*
 * An RMM may pause after each granule, and a few times besides. An operation that hasn't ended
 * after that many turns is left unfinished for now.
 */
#define TURNS(granules)	(4 * (granules) + 1024)

/* Who may not sleep has less patience: with that, and with operations that the RMM gives up */
#define ATOMIC_TURNS(granules)	(2 * (granules) + 64)
#define ATOMIC_STARTS	8

/* A command that the RMM began and didn't end: its handle is the only way to end it */
struct unfinished {
	struct list_head node;
	struct granule_change change;
	u64 handle;
};

struct queue {
	struct list_head list;
	unsigned int nr;
};

static struct queue unfinished = { LIST_HEAD_INIT(unfinished.list) };
/* For those who may not allocate: one is taken before a command is issued */
static struct queue spares = { LIST_HEAD_INIT(spares.list) };
static DEFINE_SPINLOCK(unfinished_lock);	/* a leaf; protects both */

static struct unfinished *take_first(struct queue *q)
{
	struct unfinished *u;

	spin_lock(&unfinished_lock);
	u = list_first_entry_or_null(&q->list, struct unfinished, node);
	if (u) {
		list_del(&u->node);
		WRITE_ONCE(q->nr, q->nr - 1);
	}
	spin_unlock(&unfinished_lock);
	return u;
}

static void add_last(struct unfinished *u, struct queue *q)
{
	spin_lock(&unfinished_lock);
	list_add_tail(&u->node, &q->list);
	WRITE_ONCE(q->nr, q->nr + 1);
	spin_unlock(&unfinished_lock);
}

/* One for each CPU, since who may not sleep has a CPU for himself */
static bool lacks_spares(void)
{
	return READ_ONCE(spares.nr) < num_online_cpus();
}

/* From the answer INCOMPLETE in @r to one that isn't, or an error of rmi_call() */
static int finish(enum rmi_caller caller, u64 handle, u64 granules, struct rmi_regs *r,
		  unsigned int ms)
{
	u64 turns = TURNS(granules);
	int rc;

	if (caller == RMI_FOR_CONSUMER_ATOMIC)
		turns = ATOMIC_TURNS(granules);
	for (; turns; turns--) {
		*r = (struct rmi_regs){ .x = { RMI_OP_CONTINUE, handle, RMI_OP_CONTINUE_GO } };
		rc = rmi_call_for(caller, r, ms);
		if (rc)
			return rc;
		if (RMI_RESULT_STATUS(r->x[0]) != RMI_INCOMPLETE)
			return 0;
	}
	return -ETIMEDOUT;
}

/* No memory for a few bytes must not make a handle be forgotten */
static void keep(struct granule_change *change, u64 handle)
{
	struct unfinished *u =
		change->spare ?: kzalloc(sizeof(*u), GFP_KERNEL | __GFP_NOFAIL);

	change->spare = NULL;
	u->change = *change;
	u->change.start = change->reached;
	u->handle = handle;
	__module_get(THIS_MODULE);
	add_last(u, &unfinished);
	pr_warn("%s of %#llx-%#llx remains unfinished in the RMM\n",
		change->delegate ? "DELEGATE" : "UNDELEGATE", change->reached, change->end);
}

/* What the final answer of one command means; @begun: it was an operation */
static int judge(struct granule_change *c, const struct rmi_regs *r, bool begun)
{
	c->orphan = c->blocked || (begun && c->pauses != rmi_pauses());
	c->refusal = r->x[0];
	switch (RMI_RESULT_STATUS(r->x[0])) {
	case RMI_SUCCESS:
		if (r->x[1] <= c->reached || r->x[1] > c->end || !PAGE_ALIGNED(r->x[1]))
			return rmi_latch("%s of %#llx-%#llx: out_top %#llx",
					 c->delegate ? "DELEGATE" : "UNDELEGATE", c->reached,
					 c->end, r->x[1]);
		c->reached = r->x[1];
		c->blocked = false;
		return 0;
	case RMI_BLOCKED:
		c->blocked |= begun;
		return -EAGAIN;
	default:
		return begun || c->blocked ? -EREMOTEIO : -EIO;
	}
}

/* The command makes progress from its base, as far as it cares to */
static int step(struct granule_change *c, unsigned int ms)
{
	struct rmi_regs r = { .x = { c->delegate ? RMI_GRANULE_RANGE_DELEGATE :
						   RMI_GRANULE_RANGE_UNDELEGATE,
				     c->reached, c->end } };
	u64 handle;
	int rc;

	c->pauses = rmi_pauses();
	rc = rmi_call_for(c->caller, &r, ms);
	if (rc == -EOPNOTSUPP) {
		c->refusal = RMI_ERROR_NOT_SUPPORTED;
		return -EIO;
	}
	if (rc)
		return rc;
	if (RMI_RESULT_STATUS(r.x[0]) != RMI_INCOMPLETE)
		return judge(c, &r, false);
	handle = r.x[1];	/* no later answer has it */
	rc = finish(c->caller, handle, PHYS_PFN(c->end - c->reached), &r, rmi_timeout_ms());
	if (!rc)
		return judge(c, &r, true);
	if (rc != -EPROTO) {
		keep(c, handle);
		rc = -EBUSY;
	}
	return rc;
}

/*
 * An operation that ends BLOCKED says that it has done nothing, and its handle is dead: the command
 * starts anew. If the RMM refuses it then, that may not have been so.
 */
static int change(struct granule_change *c, unsigned int ms)
{
	const bool atomic = c->caller == RMI_FOR_CONSUMER_ATOMIC;
	unsigned int starts = 0;
	ktime_t deadline = 0;
	int rc = 0;

	c->reached = c->start;
	while (!rc && c->reached < c->end) {
		rc = step(c, ms);
		if (rc != -EAGAIN) {
			deadline = 0;
			continue;
		}
		if (atomic) {
			if (++starts == ATOMIC_STARTS)
				return -ETIMEDOUT;
			udelay(1);
			rc = 0;
			continue;
		}
		if (!deadline)
			deadline = ktime_add_ms(ktime_get(), ms);
		if (!ms || ktime_after(ktime_get(), deadline))
			return -ETIMEDOUT;
		usleep_range(20, 100);
		rc = 0;
	}
	return rc;
}

/**
 * granule_delegate() - give memory to the Realm world: this kernel may not touch it any more
 * @c: start and end, page aligned; the rest is set
 * @ms: for how long a command is repeated that is answered BUSY or BLOCKED
 *
 * [start, reached) is delegated, also on error.
 * Specification: DEN0137, RMI_GRANULE_RANGE_DELEGATE.
 *
 * Context: may sleep. Any lock may be held that allows for that.
 * Return: 0; -EIO if the RMM refuses the granule at @reached, what lies behind is as it was;
 * -ETIMEDOUT if it was BUSY or BLOCKED, likewise; -EBUSY if an operation on [reached, end) has
 * begun and isn't finished: granule_resume() will tell; -EREMOTEIO if such an operation ended in an
 * error: nobody knows what it did to [reached, end); -EPROTO if the RMM makes no sense.
 */
int granule_delegate(struct granule_change *c, unsigned int ms)
{
	c->delegate = true;
	return change(c, ms);
}

/**
 * granule_reserve() - have room for what granule_delegate_atomic() may leave unfinished
 *
 * Context: may sleep, allocates.
 * Return: 0 or -ENOMEM.
 */
int granule_reserve(void)
{
	struct unfinished *u;

	while (lacks_spares()) {
		u = kzalloc(sizeof(*u), GFP_KERNEL | __GFP_NOWARN);
		if (!u)
			return -ENOMEM;
		add_last(u, &spares);
	}
	return 0;
}

/**
 * granule_delegate_atomic() - granule_delegate() by one who may not sleep
 * @c: as there
 *
 * What is BUSY or BLOCKED is repeated a fixed number of times.
 * Specification: DEN0137, RMI_GRANULE_RANGE_DELEGATE.
 *
 * Context: any but interrupts; after granule_reserve().
 * Return: as granule_delegate(); -ETIMEDOUT also if too much is unfinished.
 */
int granule_delegate_atomic(struct granule_change *c)
{
	int rc;

	c->delegate = true;
	c->caller = RMI_FOR_CONSUMER_ATOMIC;
	c->reached = c->start;
	c->spare = take_first(&spares);
	if (!c->spare)
		return -ETIMEDOUT;
	rc = change(c, 0);
	if (c->spare)
		add_last(c->spare, &spares);
	return rc;
}

/**
 * granule_undelegate() - take memory back; its contents are lost
 * @c: start and end, page aligned; the rest is set
 * @ms: for how long a command is repeated that is answered BUSY or BLOCKED
 *
 * Specification: DEN0137, RMI_GRANULE_RANGE_UNDELEGATE.
 *
 * Context: may sleep. Any lock may be held that allows for that.
 * Return: as granule_delegate().
 */
int granule_undelegate(struct granule_change *c, unsigned int ms)
{
	c->delegate = false;
	return change(c, ms);
}

/**
 * granule_is_untracked() - does a refusal say that the granule can't be delegated at all?
 * @c: of granule_delegate() or granule_undelegate() that returned -EIO
 *
 * Then it is this kernel's: in a region that isn't FINE, or a PAR without a table, no single
 * granule is anybody else's.
 *
 * Context: any.
 * Return: true if so.
 */
bool granule_is_untracked(const struct granule_change *c)
{
	switch (RMI_RESULT_STATUS(c->refusal)) {
	case RMI_ERROR_NOT_SUPPORTED:
	case RMI_ERROR_GLOBAL:
		/* Nothing was delegated by this command; but it may have been by another */
		return c->delegate;
	case RMI_ERROR_TRACKING:
	case RMI_ERROR_GPT:
		return true;
	default:
		return false;
	}
}

/**
 * granule_resume() - try to end the commands that could not be ended
 * @ended: called for each that ended: with 0, [start, reached) has changed and the rest is as it
 * was; with -EREMOTEIO, nobody knows
 * @ms: for how long the RMM is waited for, for each
 *
 * Specification: DEN0137, RMI_OP_CONTINUE.
 *
 * Context: may sleep; one caller at a time.
 */
void granule_resume(void (*ended)(const struct granule_change *change, int rc), unsigned int ms)
{
	unsigned int n = granule_unfinished();
	struct unfinished *u;

	while (n-- && (u = take_first(&unfinished))) {
		struct rmi_regs r = { .x = { RMI_INCOMPLETE } };
		int rc;

		rc = finish(RMI_FOR_CONSUMER, u->handle,
			    PHYS_PFN(u->change.end - u->change.start), &r, ms);
		if (rc) {
			add_last(u, &unfinished);
			continue;
		}
		rc = judge(&u->change, &r, true);
		/* One that was given up has changed nothing */
		if (rc != -EPROTO)
			ended(&u->change, rc == -EAGAIN ? 0 : rc);
		if (lacks_spares())
			add_last(u, &spares);
		else
			kfree(u);
		module_put(THIS_MODULE);
	}
}

/**
 * granule_unfinished() - how many commands have begun and not ended?
 *
 * Context: any.
 * Return: their number.
 */
unsigned int granule_unfinished(void)
{
	return READ_ONCE(unfinished.nr);
}

/**
 * granule_close() - forget the commands that could not be ended; the RMM doesn't
 *
 * Context: may sleep; module unload.
 */
void granule_close(void)
{
	struct unfinished *u;

	while ((u = take_first(&unfinished))) {
		kfree(u);
		module_put(THIS_MODULE);
	}
	while ((u = take_first(&spares)))
		kfree(u);
}
