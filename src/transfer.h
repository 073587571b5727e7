/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that changes hands for one operation. */
#ifndef TRANSFER_H
#define TRANSFER_H

#include <linux/list.h>

#include "sro.h"

/* Runs of pages in one donation. Chunks are large, so there are few. */
#define MAX_RUNS	32

/* An operation that has begun and not ended: its handle is the only way to end it */
struct op {
	struct list_head node;
	struct rmi_regs command;
	struct rmi_regs answer;		/* the last one from which the RMM can go on */
	u64 handle;
	u64 lent;			/* bytes that its payee has */
	/* there had been so many as it began, or as the RMM last knew it */
	unsigned int pauses;
	unsigned int refusals;
	/* offered in a donation whose answer doesn't say how many were taken */
	struct run unsure[MAX_RUNS];
	unsigned int nr_unsure;
	bool realm;			/* its command is a consumer's */
	bool cancelled;
	bool orphan;			/* its handle is dead */
	bool parked;			/* holds a reference to this module */
	bool said;			/* that it remains unfinished */
};

void transfer_set_dialect(bool beta3);
int transfer_open(void);
void transfer_close(void);
int transfer_donate(struct op *op, struct rmi_regs *regs, struct payer *payer);
int transfer_reclaim(struct op *op, struct rmi_regs *regs, const struct payer *payer);
int transfer_go_on(struct op *op, struct rmi_regs *regs);

#endif
