/* SPDX-License-Identifier: GPL-2.0-only */
/* One command to the RMM. */
#ifndef SMC_H
#define SMC_H

#include <linux/types.h>

#include "latch.h"
#include "names.h"

/*
 * X0 to X5: a function id and its arguments on the way in (unused ones zero), the answer on the way
 * out
 */
struct rmi_regs {
	u64 x[6];
};

/* What commands of one kind cost since the module was loaded */
struct rmi_tally {
	u64 count;		/* repetitions apart */
	u64 retries;
	u64 failures;		/* the last answer was neither success nor INCOMPLETE */
	/* in SMCs: of all; the least of one command with its repetitions; the longest SMC */
	u64 ns, min_ns, max_ns;
};

/* For whom a command is issued */
enum rmi_caller {
	RMI_FOR_US,
	RMI_FOR_CONSUMER,		/* to have pages delegated, or back */
	RMI_FOR_CONSUMER_ATOMIC,	/* likewise, by one who may not sleep */
};

int rmi_call(struct rmi_regs *regs, unsigned int ms);
int rmi_call_atomic(struct rmi_regs *regs);
int rmi_call_for(enum rmi_caller caller, struct rmi_regs *regs, unsigned int ms);
void rmi_begin_session(bool look);
bool rmi_tally(unsigned int i, const char **name, struct rmi_tally *tally);
bool rmi_can_call(void);
unsigned int rmi_pauses(void);
u64 rmi_call_count(void);
unsigned int rmi_timeout_ms(void);

#endif
