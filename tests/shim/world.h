/* SPDX-License-Identifier: GPL-2.0-only */
/* What a test orders of the stand-ins for the kernel, and what it can ask them. */
#ifndef SHIM_WORLD_H
#define SHIM_WORLD_H

#include <setjmp.h>
#include <stdlib.h>

#include "shim.h"
#include "../../src/smc.h"
#include "rmm.h"

#include <cmocka.h>	/* wants the C library's headers before it */

#define WORLD_MAX_RAM		1024
#define WORLD_BLOCK		(128ULL << 20)

/*
 * Pages that the module shows the RMM lie here: whatever it allocates in a page's size or more, one
 * a slot
 */
#define WORLD_SLOTS_AT		0x40080000ULL
#define WORLD_SLOTS		16
#define WORLD_SLOT		0x10000

/*
 * A page frame's flags: not free, PageOffline, the model's word that it is the RMM's, and a page of
 * a consumer's own, which a test sets and for which no guard is demanded
 */
enum { PAGE_TAKEN = 1, PAGE_MARKED = 2, PAGE_WITH_RMM = 4, PAGE_FOREIGN = 8 };

/* Members of a notifier chain: by priority, then by when they were registered, as in the kernel */
#define WORLD_MAX_MEMBERS	8
struct world_chain {
	struct notifier_block *member[WORLD_MAX_MEMBERS];
	unsigned int nr;
};

struct world_ram {
	u64 start, end;		/* end is exclusive */
	bool online;
	bool boot;		/* there from the start: can't be taken out */
};

struct world {
	int conduit;
	unsigned int cpus;
	u64 pfr0[8];
	bool crash_loaded;		/* there is one that will take it */
	unsigned int fail_memremap;	/* this one of memory of another kernel from now on */
	bool kdump;			/* this kernel takes the dump of one that crashed */
	struct world_ram ram[WORLD_MAX_RAM];
	unsigned int nr_ram;
	void (*smc)(u64 x[5]);		/* sees, and may change, each SMC before the RMM does */
	bool smc_done;			/* set by smc(): x is the answer, the RMM isn't asked */
	/* what the kernel returns when a notifier is registered */
	int notifier_error, reboot_error, pm_error, cpuhp_error;
	unsigned int fail_alloc;	/* this allocation from now on fails; 0: none */
	bool fail_rest;			/* and so do all that come after it */
	void (*allocates)(void);	/* called before each that may fail */
	unsigned int fail_sysfs;	/* likewise for sysfs files */
	/* the RMM says that it gave back what it has: what is freed may be its own */
	bool lied;
	/* RAM that touches is one resource, whatever of it is online */
	bool one_resource;
	bool no_pages;			/* no page can be had */
	int no_device;			/* the error that there is instead of a platform device */
	bool no_frequency;		/* firmware didn't say what the counter has */
	bool powerless;			/* this process has no capability */
	bool killed;			/* a signal that ends this process is pending */
	/* each pageblock has a page that can't be moved: only the buddy allocator has some */
	bool no_contig;
	void (*unlocked)(void);		/* called after each mutex_unlock() */
	void (*spun)(void);		/* called after each spin_unlock() */
	u64 (*choose)(u64 below);	/* which lie a hostile RMM tells; NULL: by its seed */
	/* what runs in a REC: writes an exit into its run page; NULL: an interrupt ends it */
	void (*enter)(struct rmm_entry *entry);
	/* called as a notifier is put on a chain, or taken off, where events may come in */
	void (*registered)(void);
	void (*unregistering)(void);
	/* what this kernel's own RMI driver says, if it is there; and whether it is configured */
	struct {
		bool active_there, available_there, active, available, configured;
		unsigned int refs;	/* functions that were got and not put */
	} driver;
	u64 movable_from, movable_to;	/* memory of ZONE_MOVABLE */
	/* the buddy allocator hands out the first free ones from here on, then those below */
	u64 pages_from;
	/* ... but small blocks, which are what is left between others, from here on; 0: likewise */
	u64 small_from;
	u64 node_bytes; /* so much is of node 0 and of node 1 in turn; 0: all is of 0 */

	/* to look at */
	struct vmcore_cb *vmcore;	/* registered */
	unsigned int remapped;		/* and not unmapped */
	u64 randoms;
	unsigned int own_pages;		/* of get_zeroed_page(), and not freed */
	struct rmm *rmm;
	u64 smcs;
	u64 now_ns, slept_ns;
	u64 going_online, going_end;	/* memory that a notifier is being told of */
	u64 isolated, isolated_end;	/* ... that is going offline: no page of it can be had */
	unsigned int reschedules;
	unsigned int allocated;		/* blocks not freed */
	unsigned int allocations;	/* ever */
	u64 heap_bytes, heap_peak;	/* of those blocks: now, and the most there were */
	unsigned int locks_held;
	unsigned int atomic;		/* spinlocks held, a test's own included: nobody sleeps */
	unsigned int lines;		/* printed */
	char log[8192];
	bool index_stays;		/* the module left some of its own pages, and said so */
	u64 with_rmm;			/* bytes, see world_with_rmm() */
	u64 contig_calls;		/* of alloc_contig_range() */
	u64 pages_out;			/* allocated and not freed */
	struct world_chain notifiers, reboots, pms;
	int (*cpu_online)(unsigned int cpu);
	int (*cpu_offline)(unsigned int cpu);
	unsigned int module_refs;	/* held by the module itself: it can't be unloaded */
	struct delayed_work *delayed;	/* scheduled, for world_work_later() */
	bool fresh_pages;		/* allocated, and no grace period since */
	unsigned int grace_periods;
	const struct kobj_attribute *file[32];
	unsigned int files, own_files;	/* of both directories; of rmi alone, which come first */
	unsigned int notified;		/* who polls `available` was woken */
	unsigned int uevents;
	char uevent[128];		/* the last one's variables */
	/* what tracepoints saw: sums, in bytes those of memory; the last command, the last loss */
	struct {
		u64 commands, retries, ns, donated, reclaimed, lost;
		const char *name, *kind;
		struct rmi_regs in, out;
		u64 base;
		unsigned int on;	/* events were turned on */
		int refused;		/* ... and this is what the kernel says to that */
	} traced;
};

extern struct world world;

/*
 * A machine with one CPU and no RAM, whose RMM is as described; the description is copied. NULL: no
 * RMM
 */
void world_make(const struct rmm_machine *described, unsigned int page_shift);
/* the module's variables as they were before it was first loaded; world_make() does this, too */
void world_forget_module(void);
void world_end(void);				/* asserts that nothing remains */
/* asserts that this remains, the second in bytes */
void world_end_with(u64 pages_out, u64 with_rmm);
/* the machine is switched off and on; the RMM must hold nothing */
void world_new_rmm(void);
void world_ram(u64 start, u64 end, bool online);	/* end is exclusive */
int world_event(unsigned long action, u64 start, u64 end);	/* 0 or a negative error number */
int world_reboot(void);				/* a plain restart */
int world_reboot_as(unsigned long action, const char *command);
void world_work_later(void);			/* what was scheduled for later is done now */
void world_work_latest(void);			/* of that, what was scheduled last */
void world_cpu_online(unsigned int cpu);
void world_cpu_offline(unsigned int cpu);
/*
 * Somebody else does this meanwhile; where he waits for a mutex, he goes on as soon as that is
 * unlocked. One at a time.
 */
void world_meanwhile(void (*fn)(void));
int world_pm(unsigned long action);		/* 0 or a negative error number */
void *world_at(u64 pa);				/* of what the module shows the RMM */
/* bytes that changed hands and did not come back, as the RMM's hooks tell */
u64 world_with_rmm(void);
int world_online(u64 start, u64 end);		/* as the kernel does it, with all events */
int world_offline(u64 start, u64 end);
/* without the newline; NULL if there is no such file */
const char *world_read(const char *file);
/* the same for debugfs; all of its lines, NULL also if it can't be read */
const char *world_debug(const char *file);

#endif
