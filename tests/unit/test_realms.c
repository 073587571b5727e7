// SPDX-License-Identifier: GPL-2.0-only
/* What consumers do with Realms: cca_rmi_run() and cca_rmi_rec_enter() */
#include "realm_fixture.h"

static void make_it(void)
{
	struct cca_rmi_regs r;
	u64 ipa = IPA;

	assert_int_equal(create_realm(), 0);
	assert_int_equal(run(RMI_RTT_CREATE, granule[RD], granule[TABLE2], 0, 2, 0), 0);
	assert_int_equal(run(RMI_RTT_CREATE, granule[RD], granule[TABLE3], 0, 3, 0), 0);
	while (ipa < IPA + 4 * PAGE) {
		assert_int_equal(run5(RMI_RTT_INIT_RIPAS, granule[RD], ipa, IPA + 4 * PAGE, 0, 0,
				      &r), 0);
		assert_int_equal(r.x[0], 0);
		assert_true(r.x[1] > ipa);
		ipa = r.x[1];
	}
	/* X5 says whether it is measured, or which page it is to be */
	assert_int_equal(run(RMI_RTT_DATA_MAP_INIT, granule[RD], granule[CODE], IPA,
			     virt_to_phys(src), 1), 0);
	assert_int_equal(run(RMI_RTT_DATA_MAP_INIT, granule[RD], granule[SPARE], IPA + PAGE,
			     virt_to_phys(src), 2), 1);
	assert_int_equal(create_rec(0), 0);
	assert_int_equal(run(RMI_REALM_ACTIVATE, granule[RD], 0, 0, 0, 0), 0);
	assert_int_equal(run(RMI_RTT_DATA_MAP, granule[RD], IPA + PAGE, IPA + 2 * PAGE, 1,
			     granule[CALL] | 1 << 2), 0);
	assert_int_equal(run(RMI_RTT_READ_ENTRY, granule[RD], IPA, 3, 0, 0), 0);
}

static void unmake_it(void)
{
	struct cca_rmi_regs r;
	u64 ipa = IPA;

	assert_int_equal(run(RMI_REALM_TERMINATE, granule[RD], 0, 0, 0, 0), 0);
	assert_int_equal(run(RMI_REC_DESTROY, granule[REC], 0, 0, 0, 0), 0);
	for (; ipa < IPA + 2 * PAGE; ipa = r.x[1]) {
		assert_int_equal(run5(RMI_RTT_DATA_UNMAP, granule[RD], ipa, IPA + 2 * PAGE, 0, 0,
				      &r), 0);
		assert_int_equal(r.x[0], 0);
		assert_true(r.x[1] > ipa);
	}
	for (u64 level = 3; level > 1; level--) {
		assert_int_equal(run5(RMI_RTT_DESTROY, granule[RD], 0, level, 0, 0, &r), 0);
		assert_int_equal(r.x[0], 0);
		assert_int_equal(r.x[1], granule[level == 3 ? TABLE3 : TABLE2]);
	}
	assert_int_equal(run(RMI_REALM_DESTROY, granule[RD], 0, 0, 0, 0), 0);
}

static const enum rmm_dialect all[] = { RMM_DIALECT_PUBLIC, RMM_DIALECT_BETA1, RMM_DIALECT_BETA3,
					RMM_DIALECT_AUTUMN };

/* Whichever are operations, and whatever they want: it is lent, and all of it comes back */
static void realm_comes_and_goes(void **state)
{
	/* With REALM_PAGES, two tables, RIPAS and two pages of data cost a page each */
	static const struct {
		u64 flags, pages;
	} cases[] = { { 0 }, { RMM_FLAG_CONTINUES }, { RMM_FLAG_PARTIAL },
		      { RMM_FLAG_REALM_PAGES, 5 },
		      { RMM_FLAG_REALM_PAGES | RMM_FLAG_CONTINUES, 5 } };

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(all); d++)
		for (unsigned int c = 0; c < ARRAY_SIZE(cases); c++) {
			const u64 own = all[d] == RMM_DIALECT_AUTUMN ? 5 : 0;
			u64 out, lent;

			make_realm_world(all[d], cases[c].flags);
			lent = rmm_donated(world.rmm);
			for (int round = 0; round < 3; round++) {
				out = world.pages_out;
				make_it();
				/* 64 KB are for the REC, and in autumn 5 pages for the Realm */
				assert_int_equal(ledger_has("realm"),
						 64 * KB + (own + cases[c].pages) * PAGE);
				/* that is no loan of the host's own, and no granule of its */
				assert_int_equal(ledger_has("taken"), NR_GRANULES * PAGE);
				assert_number("memory_donated", lent);
				assert_int_equal(world_with_rmm(), lent + rmm_delegated(world.rmm));
				unmake_it();
				assert_int_equal(ledger_has("realm"), 0);
				assert_int_equal(world.pages_out, out);
			}
			assert_file("memory_lost", "0");
			end_realm_world();
		}
}

/* A module could delegate, or go on with what isn't its, behind the ledger's back */
static void only_these_commands(void **state)
{
	static const u64 mine[] = { 0x153, 0x157, 0x158, 0x159, 0x15a, 0x15b, 0x15d, 0x15e, 0x161,
				    0x164, 0x168, 0x169, 0x1f5, 0x1f6, 0x201 };
	u64 smcs;

	(void)state;
	make_realm_world(RMM_DIALECT_PUBLIC, 0);
	for (u64 n = 0x150; n < 0x220; n++) {
		bool is_mine = false;

		for (unsigned int i = 0; i < ARRAY_SIZE(mine); i++)
			is_mine |= mine[i] == n;
		smcs = world.smcs;
		if (is_mine)
			assert_int_equal(run(0xC4000000 | n, 0, 0, 0, 0, 0), RMI_ERROR_INPUT);
		else
			assert_int_equal(run(0xC4000000 | n, 0, 0, 0, 0, 0), -EPERM);
		assert_int_equal(world.smcs - smcs, is_mine);
		assert_int_equal(run(0x84000000 | n, 0, 0, 0, 0, 0), -EPERM);
		assert_int_equal(run(0x1C4000000 | n, 0, 0, 0, 0, 0), -EPERM);
	}
	end_realm_world();
}

/* Answers to order ----------------------------------------------------------------------------- */

struct line {
	u64 x0, x1, x2;
};

#define HANDLE		0x77
#define MORE		RMI_INCOMPLETE
#define WANTS(n)	{ MORE | 1 << 8, HANDLE, (u64)(n) << 2 }
#define CAN_CANCEL	(1 << 10)

static const struct line *line, *last_line;
static unsigned int nr_begun, nr_ops;
static u64 last_op;

/* To RTT_CREATE, and to what is done about the operation that it begins */
static void say_lines(u64 x[5])
{
	const bool op = x[0] == RMI_OP_CONTINUE || x[0] == RMI_OP_MEM_DONATE ||
			x[0] == RMI_OP_MEM_RECLAIM || x[0] == RMI_OP_CANCEL;

	if (x[0] != RMI_RTT_CREATE && !(op && x[1] == HANDLE))
		return;
	nr_begun += !op;
	nr_ops += op;
	last_op = op ? x[0] : last_op;
	world.smc_done = true;
	x[0] = line->x0;
	x[1] = line->x1;
	x[2] = line->x2;
	if (line != last_line)
		line++;
}

/* The last one is said again and again */
static void order_all(const struct line *lines, unsigned int nr)
{
	line = lines;
	last_line = lines + nr - 1;
	nr_begun = 0;
	nr_ops = 0;
	world.smc = say_lines;
}

#define order(lines)	order_all(lines, ARRAY_SIZE(lines))

static int create_table(const bool *stop)
{
	struct cca_rmi_regs r = { { RMI_RTT_CREATE, 1, 2, 3, 4 } };
	const struct cca_rmi_regs before = r;
	const int rc = cca_rmi_run(&r, stop);

	/* on an error, the command can be issued again as it is */
	if (rc)
		assert_memory_equal(&r, &before, sizeof(r));
	return rc ?: (int)(r.x[0] & 0xff);
}

static void operation_is_resumed(void **state)
{
	static const struct line lines[] = { { MORE, HANDLE }, { MORE, 1 }, { MORE, 1 },
					     { RMI_ERROR_RTT | 3 << 8, 5 } };
	struct cca_rmi_regs r;

	(void)state;
	make_realm_world(RMM_DIALECT_BETA3, 0);
	order(lines);
	assert_int_equal(create_table(&stop_at_once), -EINPROGRESS);
	assert_int_equal(nr_begun, 1);
	assert_int_equal(nr_ops, 0);
	assert_int_equal(world.module_refs, 1);
	/* none other, not even the same one of something else */
	assert_int_equal(create_realm(), -EBUSY);
	assert_int_equal(run5(RMI_RTT_CREATE, 1, 2, 3, 4, 5, &r), -EBUSY);
	assert_int_equal(create_table(&stop_at_once), -EINPROGRESS);
	assert_int_equal(world.module_refs, 1);
	assert_int_equal(create_table(NULL), RMI_ERROR_RTT);
	assert_int_equal(nr_begun, 1);
	assert_int_equal(nr_ops, 3);
	assert_int_equal(world.module_refs, 0);
	/* the answer is the last one's, as it is */
	order(lines);
	assert_int_equal(run5(RMI_RTT_CREATE, 1, 2, 3, 4, 0, &r), 0);
	assert_int_equal(r.x[0], RMI_ERROR_RTT | 3 << 8);
	assert_int_equal(r.x[1], 5);
	world.smc = NULL;
	end_realm_world();
}

/* So many turns, and the caller may do something else */
static void operation_without_end(void **state)
{
	static const struct line endless[] = { { MORE, HANDLE } };
	static const struct line end[] = { { 0, 1 } };

	(void)state;
	make_realm_world(RMM_DIALECT_BETA3, 0);
	order(endless);
	assert_int_equal(create_table(NULL), -EINPROGRESS);
	assert_int_equal(nr_ops, 4 * 16384 + 1024);
	/* what happens meanwhile to the host's own memory is as ever */
	world.smc = NULL;
	assert_int_equal(world_online(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	order(end);
	assert_int_equal(create_table(NULL), 0);
	assert_int_equal(nr_begun, 0);
	assert_int_equal(world_offline(2 * GB, 2 * GB + WORLD_BLOCK), 0);
	world.smc = NULL;
	end_realm_world();
}

static void busy_is_waited_for(void **state)
{
	static const struct line busy[] = { { RMI_BUSY } }, blocked[] = { { RMI_BLOCKED } };
	static const struct line given_up[] = { { MORE, HANDLE }, { RMI_BLOCKED } };
	static const struct line unknown[] = { { -1ULL } };

	(void)state;
	make_realm_world(RMM_DIALECT_BETA3, 0);
	order(busy);
	assert_int_equal(create_table(NULL), -ETIMEDOUT);
	assert_true(nr_begun > 100);
	order(blocked);
	assert_int_equal(create_table(NULL), -ETIMEDOUT);
	order(given_up);
	assert_int_equal(create_table(NULL), -ETIMEDOUT);
	assert_int_equal(nr_ops, 1);
	order(unknown);
	assert_int_equal(create_table(NULL), -ETIMEDOUT);	/* it knew it a moment ago */
	world.smc = NULL;
	end_realm_world();
	make_realm_world(RMM_DIALECT_BETA3, RMM_FLAG_NO_REALMS);
	assert_int_equal(create_realm(), -EOPNOTSUPP);
	assert_int_equal(world.module_refs, 0);
	end_realm_world();
}

/* Single pages, delegated, and not too many: what else there may be, it isn't to have */
static void strange_wishes(void **state)
{
	static const u64 wish[] = { 1 << 2 | 1, 4 << 2 | 1 << 16, 1 << 2 | 1 << 17, 513 << 2 };
	struct line lines[] = { { MORE | 1 << 8 | CAN_CANCEL, HANDLE }, { RMI_ERROR_INPUT, 1 } };

	(void)state;
	make_realm_world(RMM_DIALECT_BETA3, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(wish); i++) {
		lines[0].x2 = wish[i];
		order(lines);
		assert_int_equal(create_table(NULL), -ENOSPC);
		assert_int_equal(last_op, RMI_OP_CANCEL);
		assert_int_equal(nr_ops, 1);
		/* cancelled is cancelled, whatever that ends with */
		lines[1].x0 = RMI_SUCCESS;
		order(lines);
		assert_int_equal(create_table(NULL), -ENOSPC);
		lines[1].x0 = RMI_ERROR_INPUT;
	}
	/* also if that takes a while */
	lines[1].x0 = MORE;
	order(lines);
	assert_int_equal(create_table(NULL), -EINPROGRESS);
	lines[1].x0 = RMI_SUCCESS;
	assert_int_equal(create_table(NULL), -ENOSPC);
	assert_int_equal(world.module_refs, 0);
	/* one that can't be cancelled remains */
	lines[0].x0 = MORE | 1 << 8;
	order(lines);
	assert_int_equal(create_table(NULL), -EINPROGRESS);
	assert_int_equal(nr_ops, 0);
	/* until the RMM thinks better of it */
	assert_int_equal(create_table(NULL), -EINPROGRESS);
	world.smc = NULL;
	assert_int_equal(world.module_refs, 1);
	assert_int_equal(cca_rmi_return_granules(granule, NR_GRANULES), 0);
	kfree(params);
	kfree(src);
	kfree(run_page);
	shim_module_exit();
	world_end();
}

/* There is none, and the RMM is told so; later there is */
static void memory_runs_out(void **state)
{
	static phys_addr_t others[1024];
	unsigned int nr;

	(void)state;
	make_realm_world(RMM_DIALECT_BETA3, 0);
	assert_int_equal(create_realm(), 0);
	/* what is left of the chunk that the granules are of will do */
	world.no_pages = true;
	assert_int_equal(create_rec(0), 0);
	assert_int_equal(run(RMI_REC_DESTROY, granule[REC], 0, 0, 0, 0), 0);
	nr = ledger_has("open") / PAGE - 10;
	assert_in_range(nr, 1, ARRAY_SIZE(others));
	assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, nr, others), 0);
	for (unsigned int i = 0; i < 2; i++) {
		world.no_pages = !i;
		world.fail_alloc = i;
		world.fail_rest = true;
		assert_int_equal(create_rec(1), -ENOMEM);
		world.fail_alloc = 0;
		assert_int_equal(rmm_operations(world.rmm), 0);
		assert_int_equal(ledger_has("ready") + ledger_has("realm"), 0);
		assert_int_equal(world.module_refs, 0);
	}
	assert_int_equal(cca_rmi_return_granules(others, nr), 0);
	assert_int_equal(create_rec(1), 0);
	assert_int_equal(run(RMI_REC_DESTROY, granule[REC], 0, 0, 0, 0), 0);
	assert_int_equal(run(RMI_REALM_DESTROY, granule[RD], 0, 0, 0, 0), 0);
	end_realm_world();

	/* where it can't be cancelled, it is gone on with when there is memory again */
	make_realm_world(RMM_DIALECT_PUBLIC, 0);
	assert_int_equal(create_realm(), 0);
	world.fail_alloc = 1;
	world.fail_rest = true;
	assert_int_equal(create_rec(0), -EINPROGRESS);
	world.fail_alloc = 0;
	assert_int_equal(rmm_operations(world.rmm), 1);
	assert_int_equal(create_rec(0), 0);
	assert_int_equal(run(RMI_REC_DESTROY, granule[REC], 0, 0, 0, 0), 0);
	assert_int_equal(run(RMI_REALM_DESTROY, granule[RD], 0, 0, 0, 0), 0);
	end_realm_world();
}

/* It wants pages, and takes none of them, again and again */
static void wants_in_vain(void **state)
{
	static const struct line lines[] = { WANTS(2), { MORE | 1 << 8, 0, 2 << 2 } };
	static const struct line end[] = { { MORE, 0 }, { RMI_ERROR_INPUT, 1 } };

	(void)state;
	make_realm_world(RMM_DIALECT_BETA3, 0);
	order(lines);
	assert_int_equal(create_table(NULL), -EINPROGRESS);
	assert_int_equal(ledger_has("realm"), 0);
	order(end);
	assert_int_equal(create_table(NULL), RMI_ERROR_INPUT);
	world.smc = NULL;
	end_realm_world();
}

/* An operation that failed has pages still: nobody knows whose they are any more */
static void nonsense_latches(void **state)
{
	static const struct line lines[] = { WANTS(2), { MORE, 2 }, { RMI_ERROR_INPUT, 1 } };
	u64 result = 7;

	(void)state;
	make_realm_world(RMM_DIALECT_BETA3, 0);
	order(lines);
	assert_int_equal(create_table(NULL), -EPROTO);
	assert_int_equal(nr_ops, 2);
	assert_non_null(strstr(world.log, "RMI_RTT_CREATE 0x1 ended with 1, and keeps 8192"));
	assert_int_equal(create_table(NULL), -EPROTO);
	assert_int_equal(cca_rmi_rec_enter(granule[REC], virt_to_phys(run_page), &result), -EPROTO);
	assert_int_equal(nr_ops, 2);
	assert_int_equal(ledger_has("realm"), 2 * PAGE);
	assert_false(cca_rmi_is_available());
	world.smc = NULL;
	kfree(params);
	kfree(src);
	kfree(run_page);
	shim_module_exit();
	world_end_with(world.pages_out, world_with_rmm());
}

static void busy_with_continue(u64 x[5])
{
	if (x[0] != RMI_OP_CONTINUE)
		return;
	x[0] = RMI_BUSY;
	world.smc_done = true;
}

/* The RMM has few contexts: one of the host's own is ended first, or waited for */
static void one_operation_at_a_time(void **state)
{
	const u64 own = GB + 512 * MB;
	size_t done;

	(void)state;
	make_realm_world(RMM_DIALECT_BETA1, RMM_FLAG_CONTINUES);
	own_pages(own, own + PAGE);
	world.smc = busy_with_continue;
	assert_int_equal(cca_rmi_delegate_range(own, PAGE), -ENOTRECOVERABLE);
	assert_int_equal(create_realm(), -EBUSY);
	world.smc = NULL;
	assert_int_equal(create_realm(), 0);
	assert_int_equal(run(RMI_REALM_DESTROY, granule[RD], 0, 0, 0, 0), 0);
	assert_int_equal(cca_rmi_undelegate_range(own, PAGE, &done), 0);
	free_own_pages(own, own + PAGE);
	end_realm_world();
}

/*
 * A live update ends an operation: its pages are back, or the RMM has done it. In either case the
 * first REC's pages, which can't be told from it, stay with the RMM.
 */
static unsigned int ended_early, ended_done;
static u64 first_command, last_command;		/* about the second one */

static void end_by_update(enum rmm_dialect dialect, u64 at)
{
	u64 kept;
	int rc;

	describe_realms(dialect, 0);
	machine.update_at = at;
	machine.update_ns = 150 * NSEC_PER_MSEC;
	make_described();
	assert_int_equal(create_realm(), 0);
	assert_int_equal(create_rec(0), 0);
	kept = ledger_has("realm");
	first_command = rmm_commands(world.rmm, 0) + 1;
	rec_params();
	params[0x100 / 8] = 1;
	rc = run(RMI_REC_CREATE, granule[RD], granule[SPARE], virt_to_phys(params), 0, 0);
	if (rc == -ETIMEDOUT) {
		const bool done = ledger_has("realm") > kept;

		ended_early += !done;
		ended_done += done;
		rc = run(RMI_REC_CREATE, granule[RD], granule[SPARE], virt_to_phys(params), 0, 0);
		assert_int_equal(rc, done ? RMI_ERROR_INPUT : 0);
	} else {
		assert_int_equal(rc, 0);
	}
	assert_int_equal(ledger_has("realm"), kept + 16 * PAGE);
	assert_int_equal(run(RMI_REALM_TERMINATE, granule[RD], 0, 0, 0, 0), 0);
	rc = run(RMI_REC_DESTROY, granule[SPARE], 0, 0, 0, 0);
	if (rc == -ETIMEDOUT) {
		ended_done++;
		assert_true(run(RMI_REC_DESTROY, granule[SPARE], 0, 0, 0, 0) > 0);
	} else {
		assert_int_equal(rc, 0);
	}
	last_command = rmm_commands(world.rmm, 0);
	assert_int_equal(ledger_has("realm"), kept);
	assert_int_equal(run(RMI_REC_DESTROY, granule[REC], 0, 0, 0, 0), 0);
	assert_int_equal(run(RMI_REALM_DESTROY, granule[RD], 0, 0, 0, 0), 0);
	assert_file("memory_lost", "0");
}

static void update_ends_it(void **state)
{
	static const enum rmm_dialect all[] = { RMM_DIALECT_PUBLIC, RMM_DIALECT_BETA3 };
	u64 at, last;

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(all); d++) {
		end_by_update(all[d], 0);
		at = first_command;
		last = last_command;
		end_realm_world();
		ended_early = 0;
		ended_done = 0;
		for (; at <= last; at++) {
			end_by_update(all[d], at);
			end_realm_world();
		}
		/* also when the last page was lent, and as they came back */
		assert_true(ended_early && ended_done > 2);
	}
}

/* Life ----------------------------------------------------------------------------------------- */

/* Until the module's own notifier, a Realm can be unmade; from there on nothing can be done */
static void after_a_release(void **state)
{
	u64 result = 7, smcs;

	(void)state;
	make_realm_world(RMM_DIALECT_BETA3, 0);
	assert_int_equal(cca_rmi_return_granules(granule, NR_GRANULES), 0);
	world_reboot();
	smcs = world.smcs;
	assert_int_equal(create_realm(), -ENODEV);
	assert_int_equal(cca_rmi_rec_enter(granule[REC], virt_to_phys(run_page), &result), -ENODEV);
	assert_int_equal(result, 7);
	assert_int_equal(world.smcs, smcs);
	kfree(params);
	kfree(src);
	kfree(run_page);
	unload();
}

static void nothing_without_a_load(void **state)
{
	(void)state;
	describe(RMM_DIALECT_BETA3);
	machine.pars.nr = 1;
	machine.pars.at[0] = (struct rmm_range){ GB, GB, RMI_PAR_RESERVED };
	make(12);
	load();
	assert_false(cca_rmi_is_available());
	assert_int_equal(run(RMI_REALM_CREATE, GB, GB, 0, 0, 0), -ENODEV);
	unload();
}

/* Its pages are no more the host's to take away than its granules are */
static void realm_keeps_its_memory(void **state)
{
	const u64 at = 3 * GB, end = 3 * GB + WORLD_BLOCK;
	static phys_addr_t others[1024];
	unsigned int nr;
	u64 calls;

	(void)state;
	make_realm_world(RMM_DIALECT_BETA3, 0);
	assert_int_equal(create_realm(), 0);
	assert_int_equal(create_rec(0), 0);
	assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), -EBUSY);
	assert_non_null(strstr(world.log, "other modules have delegated 96 KB"));
	assert_available(GB);
	assert_int_equal(run(RMI_REC_DESTROY, granule[REC], 0, 0, 0, 0), 0);

	/* those of another REC come from memory that is to be taken out */
	world_ram(at, end, false);
	assert_int_equal(world_online(at, end), 0);
	nr = ledger_has("open") / PAGE - 10;
	assert_in_range(nr, 1, ARRAY_SIZE(others));
	assert_int_equal(cca_rmi_take_granules(NUMA_NO_NODE, nr, others), 0);
	world.pages_from = at;
	world.no_contig = true;
	assert_int_equal(create_rec(1), 0);
	calls = world.smcs;
	assert_int_equal(world_offline(at, end), -EBUSY);
	assert_int_equal(world.smcs, calls);
	assert_notice("stays with a consumer");
	assert_int_equal(run(RMI_REC_DESTROY, granule[REC], 0, 0, 0, 0), 0);
	assert_int_equal(world_offline(at, end), 0);
	assert_int_equal(cca_rmi_return_granules(others, nr), 0);
	assert_int_equal(run(RMI_REALM_DESTROY, granule[RD], 0, 0, 0, 0), 0);
	end_realm_world();
}

static unsigned int nr_entries;

static void count_entries(u64 x[5])
{
	assert_int_equal(x[0], 0xC400015C);
	assert_int_equal(x[1], granule[REC]);
	assert_int_equal(x[2], virt_to_phys(run_page));
	assert_int_equal(x[3], 0);
	nr_entries++;
	if (nr_entries == 1) {
		x[0] = RMI_BUSY;
		world.smc_done = true;
	} else if (nr_entries == 2) {
		x[0] = -1ULL;
		world.smc_done = true;
	}
}

/* Once, whatever comes of it, and without a wait; it is counted and traced */
static void entry_is_one_smc(void **state)
{
	u64 result = 7, slept, rescheduled, traced;
	const char *text;

	(void)state;
	make_realm_world(RMM_DIALECT_PUBLIC, 0);
	make_it();
	slept = world.slept_ns;
	rescheduled = world.reschedules;
	traced = world.traced.commands;
	nr_entries = 0;
	world.smc = count_entries;
	assert_int_equal(cca_rmi_rec_enter(granule[REC], virt_to_phys(run_page), &result), 0);
	assert_int_equal(result, RMI_BUSY);
	assert_int_equal(cca_rmi_rec_enter(granule[REC], virt_to_phys(run_page), &result),
			 -EOPNOTSUPP);
	assert_int_equal(cca_rmi_rec_enter(granule[REC], virt_to_phys(run_page), &result), 0);
	assert_int_equal(result, RMI_SUCCESS);
	world.smc = NULL;
	assert_int_equal(nr_entries, 3);
	assert_int_equal(run_page[0x800 / 8], RMI_EXIT_IRQ);
	assert_int_equal(world.slept_ns, slept);
	assert_int_equal(world.reschedules, rescheduled);
	assert_int_equal(world.traced.commands, traced + 3);
	assert_string_equal(world.traced.name, "RMI_REC_ENTER");
	assert_int_equal(world.traced.in.x[2], virt_to_phys(run_page));
	text = strstr(world_debug("commands"), "RMI_REC_ENTER");
	assert_non_null(text);
	{
		unsigned long long count, retries, failures, most;

		assert_int_equal(sscanf(text, "RMI_REC_ENTER %llu %llu %llu %*s %*s %llu", &count,
					&retries, &failures, &most), 4);
		assert_true(most);
		assert_int_equal(count, 3);
		assert_int_equal(retries, 0);
		assert_int_equal(failures, 2);
	}
	unmake_it();
	end_realm_world();
}

static int end(void **state)
{
	(void)state;
	world.smc = NULL;
	return 0;
}

#define test(name)	cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(realm_comes_and_goes),
		test(only_these_commands),
		test(operation_is_resumed),
		test(operation_without_end),
		test(busy_is_waited_for),
		test(strange_wishes),
		test(memory_runs_out),
		test(wants_in_vain),
		test(nonsense_latches),
		test(one_operation_at_a_time),
		test(update_ends_it),
		test(after_a_release),
		test(nothing_without_a_load),
		test(realm_keeps_its_memory),
		test(entry_is_one_smc),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("realms", tests, NULL, NULL);
}
