// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../include/rmi_abi.h"
#include "cover.h"
#include "parked.h"
#include "realm.h"
#include "sro.h"
#include "take.h"

/* A REC takes 64 KB. What an RMM may want for one command is far more than any is known to. */
#define LIMIT		SZ_2M

/* There is no memory for it: 0 if it was too late for that */
static int give_up(const struct rmi_regs *command, struct rmi_regs *r, struct payer *payer)
{
	int rc;

	*r = *command;
	rc = sro_cancel(r, payer);
	if (rc)
		return rc;
	return payer->lent ? 0 : -ENOMEM;
}

/*
 * To the command's end; what it wants is taken as it says so. What it doesn't take stays in stock,
 * so that the stock lacks nothing at last, up to the limit.
 */
static int see_through(struct rmi_regs *r, struct payer *payer)
{
	const struct rmi_regs command = *r;
	int rc;

	for (;;) {
		rc = sro_run(r, payer, rmi_timeout_ms());
		if (rc != -ENOMEM)
			return rc;
		rc = take_stock(payer->wanted.pages);
		if (rc)
			return give_up(&command, r, payer);
		*r = command;
	}
}

/*
 * An RMM has few contexts for operations, which others need, too. So one of a Realm's that is
 * unfinished is ended before another one begins.
 */
static int begin(const struct rmi_regs *r)
{
	struct rmi_regs unfinished;

	if (!cover_may_lend())
		return -ENODEV;
	if (sro_unfinished_realm(&unfinished))
		return memcmp(&unfinished, r, sizeof(*r)) ? -EBUSY : 0;
	if (parked_any())
		parked_resume();
	return parked_any() ? -EBUSY : 0;
}

/**
 * realm_run() - see cca_rmi_run()
 * @r: function id and arguments; set to the final answer
 * @stop: once true, what has begun is left unfinished; or NULL
 *
 * Specification: DEN0137, RMI_REALM_*, RMI_RTT_*, RMI_REC_*, "Stateful RMI operations".
 *
 * Context: may sleep, allocates; takes cover_lock.
 * Return: as cca_rmi_run().
 */
int realm_run(struct rmi_regs *r, const bool *stop)
{
	struct payer payer = { .kind = LEDGER_REALM, .limit = LIMIT, .stop = stop };
	const struct rmi_regs command = *r;
	struct rmi_regs unfinished;
	int rc;

	/* Others would change what the ledger knows, or end what isn't the caller's */
	if (!rmi_is_of_realms(r->x[0]))
		return -EPERM;
	cover_lock_all();
	rc = begin(r);
	if (!rc) {
		rc = see_through(r, &payer);
		if (rc && rc != -EPROTO && sro_unfinished_realm(&unfinished))
			rc = -EINPROGRESS;
		if (rc)
			*r = command;
		take_settle();
	}
	cover_unlock_all();
	return rc;
}
