/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of memory, and what we had made for it. No commands. */
#ifndef RECORD_H
#define RECORD_H

#include "ledger.h"
#include "verdict.h"

/* A level 1 table or a tracking region that is there because we asked for it */
struct step {
	enum ledger_kind kind;		/* LEDGER_TABLE or LEDGER_REGION */
	u64 base;			/* of the PAR or region */
	u64 lent;			/* bytes */
	unsigned int before;		/* the region's state, RMI_TRACKING_* */
	u64 category;			/* what the RMM calls the memory at its base */
};

/* To be read under cover_lock alone; it is changed by the functions below */
struct record {
	struct ranges online;	/* memory that Linux uses and that was covered, or can be */
	/* known to be conventional and tracked FINE; stays so while it is offline */
	struct ranges fine;
	struct ranges tables;	/* PARs known to have a level 1 table */
	struct ranges payable;	/* RAM that can be made FINE; its kind is its state */
	/*
	 * In the order in which they were made: a region may hold the metadata of those that came
	 * after it
	 */
	struct step *made;
	unsigned int nr, room;
};

const struct record *record_view(void);
void record_learn(struct ranges *tables, struct ranges *fine, struct ranges *payable);
int record_reserve(void);
void record_made(const struct step *step);
void record_has_table(u64 par);
void record_has_no_tables(const struct ranges *pars);
void record_keeps(unsigned int i, u64 lent);
void record_undone(unsigned int i);
struct span record_span(const struct step *step);
int record_online(const struct ranges *ram);
void record_offline(u64 start, u64 end);
void record_forget(void);

bool record_is_online(u64 start, u64 end);
bool record_is_covered(u64 start, u64 end);
u64 record_bytes(void);
bool record_is_paid(void);

void record_set_verdict(const struct verdict *why);
void record_missed(u64 start, u64 end, const struct verdict *why);
void record_set_cpu(unsigned int cpu, bool has_rme);
void record_publish(void);

#endif
