// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sizes.h>

#include "exchange.h"
#include "granule.h"
#include "ledger.h"
#include "pagebits.h"
#include "trace.h"
#include "walk.h"

/**
 * exchange_lose() - the RMM has pages and doesn't give them back
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start; all of it is in the ledger
 *
 * Nobody gets them again before the machine is booted anew.
 *
 * Context: may sleep.
 */
void exchange_lose(u64 start, u64 end)
{
	trace_rmi_memory("lose", start, end, ledger_word(LEDGER_LOST), 0);
	ledger_keep(start, end, LEDGER_LOST, 0);
	pr_err_ratelimited("%llu KB are lost until reboot: the RMM doesn't give them back\n",
			   (end - start) / SZ_1K);
}

/*
 * Where the RMM is the kernel's, nothing is delegated but for consumers: so it is for them that it
 * comes back
 */
static struct granule_change change_back(u64 start, u64 end)
{
	return (struct granule_change){ .caller = RMI_FOR_CONSUMER, .start = start, .end = end };
}

/* What is known of granules before they are undelegated */
enum refusal {
	BEGUN,		/* a command on them was begun, and ended with an error */
	REFUSED,	/* one was refused */
	UNTRACKED,	/* likewise, since they can't be delegated at all */
	ORPHANED,	/* one that is about them was ended by an update of the RMM, or BLOCKED */
};

/* What can't be undelegated is so already if it can be delegated */
static int round_trip(struct granule_change *c, unsigned int ms)
{
	return granule_delegate(c, ms) ?: granule_undelegate(c, ms);
}

static enum refusal begun(const struct granule_change *c)
{
	return c->orphan ? ORPHANED : BEGUN;
}

/*
 * Granules of which nobody knows whose they are. One is ours if it can be undelegated; and if no
 * command was begun, also if it can't be delegated at all. Else something has it, an earlier
 * kernel's Realm perhaps.
 */
static void recover(u64 start, u64 end, enum refusal refusal)
{
	for (; start < end; start += PAGE_SIZE) {
		struct granule_change c = change_back(start, start + PAGE_SIZE);
		int rc = granule_undelegate(&c, 1);
		const bool untracked = rc == -EIO && granule_is_untracked(&c);

		if (rc == -EIO && refusal == ORPHANED && !untracked)
			rc = round_trip(&c, 1);
		if (!rc || (rc == -EIO && (refusal == UNTRACKED ||
					   (refusal != BEGUN && untracked))))
			ledger_keep(start, start + PAGE_SIZE, LEDGER_HELD, 0);
		else if (rc == -EIO || rc == -EREMOTEIO)
			exchange_lose(start, start + PAGE_SIZE);
		else if (rc == -ETIMEDOUT)
			ledger_keep(start, start + PAGE_SIZE, LEDGER_READY, 0);
	}
}

/**
 * exchange_recover_lent() - the RMM has no use any more for what it was lent
 * @kind: what for: LEDGER_TABLE, LEDGER_REGION or LEDGER_RMM
 * @payee: for which
 * @told: the RMM said so; else it may have a use for it after all, and pages that it doesn't give
 * back are lost
 *
 * What is this kernel's is held afterwards, the rest ready or lost.
 * Specification: DEN0137, RMI_GRANULE_RANGE_UNDELEGATE.
 *
 * Context: may sleep; under cover_lock.
 */
void exchange_recover_lent(enum ledger_kind kind, u64 payee, bool told)
{
	struct span part;
	u64 at;

	for (at = 0; ledger_find(kind, at, U64_MAX, &part); at = part.end)
		if (part.payee == payee)
			recover(part.start, part.end, told ? ORPHANED : BEGUN);
}

/**
 * exchange_delegate() - delegate pages that are held
 * @caller: for whom
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned, more than @start
 * @ms: for how long a command is repeated that is answered BUSY or BLOCKED
 *
 * As many as could be are LEDGER_READY afterwards, also on error. The rest is held, or lost.
 * Specification: DEN0137, RMI_GRANULE_RANGE_DELEGATE.
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0; -EPERM if the page before them is Linux's, or another has the RMM; -ENOMEM; -EIO if
 * the RMM refused one; -ETIMEDOUT; -EBUSY if an operation is unfinished; -EPROTO.
 */
int exchange_delegate(enum rmi_caller caller, u64 start, u64 end, unsigned int ms)
{
	struct granule_change c = { .caller = caller, .start = start, .end = end };
	int rc;

	if (rmi_latched(NULL))
		return -EPROTO;
	rc = ledger_lend(start, end, LEDGER_CHANGING, 0);
	if (rc)
		return rc;
	rc = granule_delegate(&c, ms);
	ledger_keep(start, c.reached, LEDGER_READY, 0);
	switch (rc) {
	case -EIO:
		recover(c.reached, c.reached + PAGE_SIZE,
			granule_is_untracked(&c) ? UNTRACKED : REFUSED);
		c.reached += PAGE_SIZE;
		fallthrough;
	case -EPERM:
	case -ETIMEDOUT:
		ledger_keep(c.reached, end, LEDGER_HELD, 0);
		return rc;
	case -EREMOTEIO:
		recover(c.reached, end, begun(&c));
		return -EIO;
	default:
		return rc;
	}
}

/* One run, from *start on. Returns -EAGAIN if what remains of it is worth another command. */
static int undelegate(u64 *start, u64 end, unsigned int ms)
{
	struct granule_change c = change_back(*start, end);
	int rc;

	/* No command is going to be issued */
	if (rmi_latched(NULL))
		return -EPROTO;
	ledger_keep(*start, end, LEDGER_CHANGING, 0);
	rc = granule_undelegate(&c, ms);
	ledger_keep(*start, c.reached, LEDGER_HELD, 0);
	*start = c.reached;
	switch (rc) {
	case -EIO:
		/* Whatever it says, it delegated this one */
		exchange_lose(*start, *start + PAGE_SIZE);
		*start += PAGE_SIZE;
		ledger_keep(*start, end, LEDGER_READY, 0);
		return *start < end ? -EAGAIN : 0;
	case -ETIMEDOUT:
		ledger_keep(*start, end, LEDGER_READY, 0);
		return rc;
	case -EREMOTEIO:
		recover(*start, end, begun(&c));
		return 0;
	default:
		return rc;
	}
}

/**
 * exchange_undelegate() - take back what is ready
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; what is not LEDGER_READY in it stays as it is
 * @ms: for how long a command is repeated that is answered BUSY or BLOCKED
 *
 * It is held afterwards. What the RMM refuses to undelegate is lost, and never reaches the
 * allocator.
 * Specification: DEN0137, RMI_GRANULE_RANGE_UNDELEGATE.
 *
 * Context: may sleep; under cover_lock.
 * Return: 0 if nothing is ready any more; -ETIMEDOUT or -EBUSY if something is, or is unfinished;
 * -EPROTO.
 */
int exchange_undelegate(u64 start, u64 end, unsigned int ms)
{
	struct span part;
	int rc, result = 0;

	while (ledger_find(LEDGER_READY, start, end, &part)) {
		start = part.end;
		do
			rc = undelegate(&part.start, part.end, ms);
		while (rc == -EAGAIN);
		if (rc == -EPROTO)
			return rc;
		result = result ?: rc;
	}
	return result;
}

/* Page by page, those that may be back; returns false if one isn't */
static bool recover_foreign(u64 start, u64 end, bool orphan)
{
	bool all = true;

	for (; start < end; start += PAGE_SIZE) {
		struct granule_change c = change_back(start, start + PAGE_SIZE);
		int rc = granule_undelegate(&c, rmi_timeout_ms());

		if (rc == -EIO && orphan)
			rc = round_trip(&c, rmi_timeout_ms());
		all &= !rc;
		if (rc != -EBUSY && rc != -EPROTO)
			pagebits_settle(start, start + PAGE_SIZE, rc);
	}
	return all;
}

/* Take back what was delegated before the command failed; returns false if some of it stays */
static bool undo_foreign(u64 start, u64 end)
{
	struct granule_change c = change_back(start, end);
	const int rc = granule_undelegate(&c, rmi_timeout_ms());

	pagebits_settle(start, c.reached, false);
	if (rc == -EIO || rc == -EREMOTEIO)
		return recover_foreign(c.reached, end, c.orphan);
	if (rc == -ETIMEDOUT)
		pagebits_settle(c.reached, end, true);
	return !rc;
}

static int delegate_foreign(enum rmi_caller caller, u64 start, u64 end)
{
	struct granule_change c = { .caller = caller, .start = start, .end = end };
	bool back = true;
	int rc = granule_delegate(&c, rmi_timeout_ms());

	if (!rc) {
		pagebits_settle(start, end, true);
		return 0;
	}
	if (rc == -EIO || rc == -ETIMEDOUT || rc == -EPERM)
		pagebits_settle(c.reached, end, false);
	else if (rc == -EREMOTEIO)
		back = recover_foreign(c.reached, end, c.orphan);
	else
		back = false;	/* an operation on them is under way, or nobody will ever tell */
	back &= undo_foreign(start, c.reached);
	if (!back) {
		pagebits_withhold(start, end);
		pr_err_ratelimited(
			"%#llx-%#llx: some of it stays delegated after a delegation that failed\n",
			start, end);
		return -ENOTRECOVERABLE;
	}
	return rc == -EREMOTEIO ? -EIO : rc;
}

/**
 * exchange_delegate_foreign() - delegate pages of a consumer's own
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; pagebits_claim() claimed it
 *
 * All or nothing.
 * Specification: DEN0137, RMI_GRANULE_RANGE_DELEGATE.
 *
 * Context: may sleep; no lock is held across commands.
 * Return: 0; -EIO, -ETIMEDOUT or -EPROTO; -ENOTRECOVERABLE if it failed and not all came back.
 */
int exchange_delegate_foreign(u64 start, u64 end)
{
	return delegate_foreign(RMI_FOR_CONSUMER, start, end);
}

/**
 * exchange_delegate_atomic() - delegate pages of a consumer's own, by one who may not sleep
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; pagebits_claim_atomic() claimed it
 * @reached: set to where what is delegated ends, also on error
 *
 * Specification: DEN0137, RMI_GRANULE_RANGE_DELEGATE.
 *
 * Context: any but interrupts; after granule_reserve().
 * Return: 0; -EIO if the RMM refuses; -EAGAIN if it was BUSY or BLOCKED too often: what lies behind
 * @reached is Linux's on either; -EINPROGRESS if an operation on it is unfinished;
 * -ENOTRECOVERABLE if nobody knows whose it is.
 */
int exchange_delegate_atomic(u64 start, u64 end, u64 *reached)
{
	struct granule_change c = { .start = start, .end = end };
	int rc = granule_delegate_atomic(&c);

	*reached = c.reached;
	pagebits_settle(start, c.reached, true);
	switch (rc) {
	case 0:
		return 0;
	case -EIO:
	case -ETIMEDOUT:
		pagebits_settle(c.reached, end, false);
		return rc == -EIO ? rc : -EAGAIN;
	case -EREMOTEIO:
		/* Its consumer may find out, page by page */
		pagebits_settle(c.reached, end, true);
		return -ENOTRECOVERABLE;
	default:
		return rc == -EBUSY ? -EINPROGRESS : -ENOTRECOVERABLE;
	}
}

/**
 * exchange_undelegate_foreign() - take back pages of a consumer's own
 * @start: physical address, page aligned
 * @end: physical address, exclusive, page aligned; pagebits_claim() claimed it
 * @reached: set to where what is back ends
 *
 * Specification: DEN0137, RMI_GRANULE_RANGE_UNDELEGATE.
 *
 * Context: may sleep; no lock is held across commands.
 * Return: 0; -EIO if the RMM refuses; -ETIMEDOUT; -EBUSY if an operation is unfinished; -EPROTO.
 */
int exchange_undelegate_foreign(u64 start, u64 end, u64 *reached)
{
	struct granule_change c = change_back(start, end);
	int rc = granule_undelegate(&c, rmi_timeout_ms());

	*reached = c.reached;
	pagebits_settle(start, c.reached, false);
	if (rc == -EIO || rc == -ETIMEDOUT || rc == -EREMOTEIO)
		pagebits_settle(c.reached, end, true);
	return rc == -EREMOTEIO ? -EIO : rc;
}

/**
 * exchange_try() - can a granule that nobody uses change hands?
 * @granule: its physical address; of memory that isn't Linux's yet, and must not become so on error
 *
 * One that doesn't come back counts as a consumer's that has it delegated.
 * Specification: DEN0137, RMI_GRANULE_RANGE_DELEGATE, RMI_GRANULE_RANGE_UNDELEGATE.
 *
 * Context: may sleep, allocates.
 * Return: 0; -ENOMEM; -EIO if the RMM refuses; -EPERM if another has it; -ETIMEDOUT, -EBUSY or
 * -EPROTO.
 */
int exchange_try(u64 granule)
{
	const u64 end = granule + PAGE_SIZE;
	u64 reached;
	int rc = pagebits_prepare(granule, end);

	if (rc)
		return rc;
	if (!pagebits_claim(granule, end, false))
		return -EIO;
	rc = delegate_foreign(RMI_FOR_US, granule, end);
	if (!rc)
		rc = pagebits_claim(granule, end, true) ?
		     exchange_undelegate_foreign(granule, end, &reached) : -EIO;
	return rc == -ENOTRECOVERABLE ? -EIO : rc;
}

/* What came of a command whose caller was told that it is unfinished */
static void ended(const struct granule_change *c, int rc)
{
	const u64 reached = rc ? c->start : c->reached;
	struct span part;

	if (!ledger_next(c->start, c->end, &part)) {
		pagebits_abandon(c->start, reached, c->delegate);
		pagebits_abandon(reached, c->end, rc || !c->delegate);
		return;
	}
	ledger_keep(c->start, reached, c->delegate ? LEDGER_READY : LEDGER_HELD, 0);
	if (rc)
		recover(reached, c->end, begun(c));
	else
		ledger_keep(reached, c->end, c->delegate ? LEDGER_HELD : LEDGER_READY, 0);
}

/**
 * exchange_resume() - try to end the commands that could not be ended
 *
 * Where nothing is unfinished, pages that are changing are those of commands whose answer made no
 * sense. Nothing is lost by trying to undelegate them, if a kexec has the RMM asked once more.
 *
 * Context: may sleep, allocates; under cover_lock.
 */
void exchange_resume(void)
{
	granule_resume(ended, walk_ms());
	if (!granule_unfinished())
		ledger_set(0, U64_MAX, LEDGER_CHANGING, LEDGER_READY);
}

/**
 * exchange_unfinished() - how many commands have begun and not ended?
 *
 * Context: any.
 * Return: their number.
 */
unsigned int exchange_unfinished(void)
{
	return granule_unfinished();
}

/**
 * exchange_close() - forget all: nothing is talked about with the RMM any more
 *
 * Context: may sleep; module unload.
 */
void exchange_close(void)
{
	granule_close();
	pagebits_close();
}
