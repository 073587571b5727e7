// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>

#include "chunk.h"
#include "exchange.h"
#include "explain.h"
#include "ledger.h"
#include "make.h"
#include "pool.h"
#include "probe.h"
#include "record.h"
#include "rmm.h"
#include "undo.h"

/**
 * probe_table() - can the first PAR that holds RAM have a level 1 table?
 * @ram: the RAM, not empty
 * @why: set on error
 *
 * An RMM that has no GPT_INFO tells by CREATE alone whether a PAR can have a table. So ask it about
 * one, where nothing is to be paid: whatever it makes for that is undone.
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0 or the negative error number of @why.
 */
int probe_table(const struct ranges *ram, struct verdict *why)
{
	struct span first = ram->at[0];
	const struct ranges one = { .at = &first, .nr = 1 };
	const unsigned int mark = record_view()->nr;
	int rc;

	if (rmm_session()->has_gpt_info || record_view()->tables.nr || rmm_is_kernels())
		return 0;
	first.end = first.start + 1;
	rc = make_tables(&one, why);
	undo_to(mark, rmi_timeout_ms());
	return rc;
}

/* A page of ours goes and comes back; the one before it is ours, too */
static int try_page(const struct span *par, const struct ranges *ram)
{
	const struct ranges one = { .at = (struct span *)par, .nr = 1 };
	struct span chunk, page;
	int rc;

	chunk_within(&one);
	rc = pool_stock(chunk_node(par->start, par->end), PAGE_SIZE, 0, rmm_session()->region_size,
			ram, &chunk);
	chunk_within(NULL);
	if (rc)
		return rc;
	chunk_settle();
	page.start = chunk.start + PAGE_SIZE;
	page.end = page.start + PAGE_SIZE;
	rc = exchange_delegate(RMI_FOR_US, page.start, page.end, rmi_timeout_ms()) ?:
	     exchange_undelegate(page.start, page.end, rmi_timeout_ms());
	if (!rc && ledger_find(LEDGER_LOST, page.start, page.end, &page))
		rc = -EIO;
	return rc;
}

static int probe_par(const struct span *par, const struct ranges *ram, struct verdict *why)
{
	struct span part;
	bool fine = true;
	u64 at;
	int rc;

	for (at = par->start; fine && ranges_next(ram, at, par->end, &part); at = part.end)
		fine = ranges_has(&record_view()->fine, part.start, part.end);
	/*
	 * Of memory that goes online, the first pages may be its memory map; the last one is
	 * nobody's
	 */
	if (!fine || rmm_is_kernels())
		rc = -ENOMEM;
	else if (chunk_expected(par->start, par->end, &part))
		rc = exchange_try(part.end - PAGE_SIZE);
	else
		rc = try_page(par, ram);
	if (rc == -ENOMEM || rc == -EIO)
		return verdict_set(why, REASON_NO_GPT, "%#llx-%#llx reserved%s", par->start,
				   par->end, rc == -EIO ? "" : ", and no page could be tried");
	return rc ? explain_delegation(par->start, rc, why) : 0;
}

/**
 * probe_reserved() - has each PAR a table that reads reserved, and whose first granule is no RAM?
 * @ram: the RAM that is to be covered
 * @reserved: the PARs
 * @why: set on error
 *
 * Some RMMs look at that granule alone. Where the RAM is tracked FINE, one granule that is
 * delegated and undelegated decides; an RMM that is the kernel's gets no such command.
 *
 * Context: may sleep, allocates; under cover_lock.
 * Return: 0 or the negative error number of @why.
 */
int probe_reserved(const struct ranges *ram, const struct ranges *reserved, struct verdict *why)
{
	const u64 size = rmm_session()->l0gpt_size;
	unsigned int i;
	u64 par;
	int rc = 0;

	for (i = 0; i < reserved->nr; i++)
		for (par = reserved->at[i].start; !rc && par < reserved->at[i].end; par += size)
			rc = probe_par(&(struct span){ .start = par, .end = par + size }, ram, why);
	return rc;
}
