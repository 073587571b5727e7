/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stateful operations: commands that the RMM does step by step, and for which memory changes hands.
 */
#ifndef SRO_H
#define SRO_H

#include "pool.h"
#include "smc.h"

/* Who is lent memory, and what may be lent */
struct payer {
	enum ledger_kind kind;	/* LEDGER_TABLE, LEDGER_REGION, LEDGER_RMM or LEDGER_REALM */
	u64 base;		/* of the PAR or tracking region; else 0 */
	u64 size;		/* of the PAR or region, in bytes */
	u64 limit;		/* bytes; an RMM that wants more is mistaken */
	u64 category;		/* of a region: what the RMM calls the memory at its base */
	struct places places;
	/* bytes that it has: as the caller knows before, and as it is afterwards */
	u64 lent;
	/* set where there was not enough in stock: what is wanted */
	struct request wanted;
	/*
	 * of the last donation: how many pages, and the first one that wasn't taken, if that is
	 * known
	 */
	u64 offered, suspect;
	u64 most;		/* pages that a donation may have; 0: as many as are wanted */
	unsigned int refused;	/* pages that were set aside */
	const bool *stop;	/* once true, the operation is left unfinished; or NULL */
};

void sro_forget(void);
int sro_run(struct rmi_regs *regs, struct payer *payer, unsigned int ms);
int sro_cancel(struct rmi_regs *regs, struct payer *payer);
bool sro_unfinished(unsigned int i, struct rmi_regs *command);
bool sro_unfinished_realm(struct rmi_regs *command);

#endif
