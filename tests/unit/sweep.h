/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scenario is played once for each fault that can be put into it; after each, an oracle that
 * knows the model and the stand-ins for the kernel, and nothing of src/, looks at what is left.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "rmi_abi.h"
#include "world.h"

#define GB	(1ULL << 30)
#define MB	(1ULL << 20)

/* How the answer to a command is replaced */
enum how {
	BARE,		/* the RMM isn't asked; X1.. are the caller's arguments */
	LIE,		/* the RMM isn't asked; X1.. (and a list) are what it would have said */
	DID,		/* the RMM does it, and gives another status */
};

struct fault {
	unsigned int at;	/* the number of the command, from 0 */
	enum how how;
	bool for_ever;		/* and so is each later command with that function id */
	u64 x0;
	u32 fid;		/* of the command that it hit; 0: none so far */
};

/* One thing, or two, that go wrong in a scenario */
struct point {
	unsigned int nr;
	struct fault fault[2];
	unsigned int alloc;	/* this allocation fails; 0: none */
	bool alloc_rest;	/* and all behind it */
};

struct scenario {
	const char *name;
	void (*make)(const struct scenario *s);	/* up to where faults begin */
	void (*run)(void);
	u64 dialect, flags;
	unsigned int page_shift;
	bool lazy;		/* cover= */
	u64 update_at;		/* before this command, from 1 on, the RMM is updated; 0: never */
};

/* What the oracle is told beside the world itself */
struct played {
	const struct scenario *scenario;
	const struct point *point;
	bool loaded;		/* module_init() said so */
	/* the RMM lied about what no host can see: whose pages are; what is covered */
	bool hidden_pages, hidden_cover;
	bool believed;		/* the RMM said SUCCESS to what it was to make, and didn't */
	bool honest;		/* what the RMM said is true: it did that, and no more */
	bool may_lose;		/* ... but a granule that it refused is rightly lost */
	/* ... but it refused an undo; one that nobody tries again */
	bool undo_refused, kept;
	bool unloading;		/* module_exit() runs */
	bool refused;		/* a hot-add was, with an error number */
	u64 kept_online;	/* then: bytes that were covered before */
	/* a load that fails, or a hot-add, leaves as much lent as before */
	bool all_or_nothing;
	u64 lent_before;	/* bytes */
	u64 mine;		/* pages that the test has, from the allocator */
	u64 mine_with_rmm;	/* of these, the RMM has */
};
extern struct played played;

void sweep_unload(void);	/* as a scenario's step, or when it has ended */

/* sweep_oracle.c: each ends the point if what it finds is wrong */
void oracle_loaded(void);
void oracle_rest(void);
bool oracle_may_load(void);
void oracle_retried(u64 with_rmm_before);
u64 oracle_online(void);
u64 oracle_covered(void);
void oracle_believed(void);

/* sweep.c */
void sweep(const struct scenario *s);	/* the points of one scenario, in a cmocka test */
void sweep_point(const struct scenario *s, const char *point);	/* as SWEEP names it, alone */
bool sweep_is_of(const struct scenario *s, const char *point);
bool sweep_missed(void);		/* SWEEP names a point that there isn't */
int sweep_close(void **state);
__printf(1, 2) void sweep_wrong(const char *fmt, ...) __attribute__((noreturn));
void sweep_lost(u64 pages) __attribute__((noreturn));
void sweep_hung(const char *what) __attribute__((noreturn));

/* sweep_sample.c: a place in the code, a hash of the calls that lead there and what else counts */
struct places {
	u64 *at;
	bool *is_first;		/* no earlier one is the same */
	unsigned int nr, room, distinct;
};
void place_begin(const void *frame);
u64 place_here(void);
u64 place_with(u64 place, u64 what);
void places_add(struct places *p, u64 place);
void places_mark_first(struct places *p);

struct random {
	u64 state;
};
u64 sample_seed(void);
bool sample_is_all(void);		/* SWEEP_ALL */
struct random sample_random(const char *name, u64 what);
u64 random_below(struct random *r, u64 n);
void sample_draw(struct random *r, unsigned int *from, unsigned int nr, unsigned int most);

#endif
