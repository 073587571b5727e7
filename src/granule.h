/* SPDX-License-Identifier: GPL-2.0-only */
/* Granules: from the Non-secure to the Realm physical address space, and back. */
#ifndef GRANULE_H
#define GRANULE_H

#include "smc.h"

struct unfinished;

/* What one command was to do */
struct granule_change {
	enum rmi_caller caller;	/* for whom */
	bool delegate;		/* else undelegate */
	u64 start, end;		/* physical addresses, @end exclusive */
	u64 reached;		/* [start, reached) has changed */
	/* where it is kept if it doesn't end; NULL: there will be memory for it */
	struct unfinished *spare;
	u64 refusal;		/* X0 of the last answer */
	unsigned int pauses;	/* there had been so many before the last command */
	bool orphan;		/* it may have been ended by an update of the RMM, or BLOCKED */
	bool blocked;		/* so did the last operation on what starts at reached end */
};

int granule_delegate(struct granule_change *c, unsigned int ms);
int granule_delegate_atomic(struct granule_change *c);
int granule_reserve(void);
int granule_undelegate(struct granule_change *c, unsigned int ms);
bool granule_is_untracked(const struct granule_change *c);
void granule_resume(void (*ended)(const struct granule_change *change, int rc), unsigned int ms);
unsigned int granule_unfinished(void);
void granule_close(void);

#endif
