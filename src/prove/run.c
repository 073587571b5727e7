// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/arch_timer.h>

#include "../../include/rmi_abi.h"
#include "cpus.h"
#include "payload.h"
#include "rec.h"
#include "run.h"
#include "seat.h"

/* For so long a REC may run before it says something, in ms */
#define PATIENCE	1000

/* A Realm loops for longer than it is let */
#define LOOPS_MS	400
#define LET_MS		50

/* So many exits may a step have, interrupts aside */
#define MAX_EXITS	64

#define NR_PROBES	1

#define PSCI_CPU_OFF	0x84000002U
#define PSCI_SYSTEM_OFF	0x84000008U

/* Who is short of memory, is stopped or meets a busy RMM has shown nothing against it */
static enum report_word word_of(int rc)
{
	switch (rc) {
	case -ENOMEM:
	case -EINTR:
	case -EINPROGRESS:
	case -ETIMEDOUT:
	case -EBUSY:
	case -ENODEV:
	case -ENOENT:		/* this kernel has no such hash */
		return REPORT_SKIP;
	default:
		return REPORT_FAIL;
	}
}

/* A step that doesn't go on: what it is about, and what came in place of what was expected */
static int fail(struct prove_run *run, const char *what, const struct prove_rec *rec, int rc)
{
	if (rc == -EINTR)
		report_say(&run->report, REPORT_SKIP, "%s: stopped", what);
	else if (rc == -EXDEV)
		report_say(&run->report, REPORT_SKIP, "%s: CPU %u went offline", what, rec->cpu);
	else if (rc == -ETIME)
		report_say(&run->report, REPORT_FAIL, "%s: nothing for %u ms", what, PATIENCE);
	else if (rc == -EIO)
		report_say(&run->report, REPORT_FAIL, "%s: RMI_REC_ENTER: %#llx", what,
			   rec->result);
	else if (rc)
		report_say(&run->report, REPORT_FAIL, "%s: error %d", what, rc);
	else
		report_say(&run->report, REPORT_FAIL, "%s: exit %llu, call %llu, esr %#llx", what,
			   rec->exit.reason, rec->exit.imm, rec->exit.esr);
	return rc ?: -EPROTO;
}

static int expect_call(struct prove_run *run, struct prove_rec *rec, unsigned int call,
		       const char *what)
{
	const int rc = prove_rec_run(rec, PATIENCE);

	if (rc || rec->exit.reason != RMI_EXIT_HOST_CALL || rec->exit.imm != call)
		return fail(run, what, rec, rc);
	return 0;
}

static u64 computed(u64 challenge)
{
	unsigned int i;

	for (i = PAYLOAD_ROUNDS; i; i--)
		challenge = challenge * PAYLOAD_FACTOR + i;
	return challenge;
}

#define HEX_SIZE	(2 * MEASURE_MAX + 1)

static void spell(char hex[HEX_SIZE], const u8 *value, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < bytes; i++)
		scnprintf(hex + 2 * i, 3, "%02x", value[i]);
}

static void check_measurement(struct prove_run *run, const u64 *gpr)
{
	const struct measure *m = &run->realm.measure;
	const u8 *told = (const u8 *)&gpr[PAYLOAD_MEASUREMENT];
	const bool plain = !memcmp(told, m->value, m->size);
	const bool ripas = !memcmp(told, m->with_ripas, m->size);
	char told_hex[HEX_SIZE], hex[HEX_SIZE];

	spell(told_hex, told, m->size);
	spell(hex, m->value, m->size);
	if (plain || ripas)
		report_say(&run->report, REPORT_PASS, "its measurement is %s, as predicted (%s)",
			   told_hex, plain ? "RIPAS isn't measured" : "RIPAS is measured");
	else
		report_say(&run->report, REPORT_FAIL, "its measurement is %s, not %s", told_hex,
			   hex);
}

/* It says who it is: what it was told, and what it could only find out in the Realm */
static int hear_self(struct prove_run *run, struct prove_rec *rec)
{
	const u64 *gpr = rec->exit.gpr;
	const int rc = expect_call(run, rec, PAYLOAD_SELF, "the Realm runs");

	if (rc)
		return rc;
	report_say(&run->report, REPORT_PASS, "the Realm runs on CPU %u", rec->cpu);
	if (gpr[PAYLOAD_VERSION_RC] || gpr[PAYLOAD_CONFIG_RC] || gpr[PAYLOAD_MEASURE_RC])
		report_say(&run->report, REPORT_FAIL,
			   "RSI: version %llu, config %llu, measurement %llu",
			   gpr[PAYLOAD_VERSION_RC], gpr[PAYLOAD_CONFIG_RC],
			   gpr[PAYLOAD_MEASURE_RC]);
	else
		report_say(&run->report, REPORT_PASS, "RSI %llu.%llu to %llu.%llu",
			   gpr[PAYLOAD_VERSION_LOW] >> 16, gpr[PAYLOAD_VERSION_LOW] & 0xffff,
			   gpr[PAYLOAD_VERSION_HIGH] >> 16, gpr[PAYLOAD_VERSION_HIGH] & 0xffff);
	if (gpr[PAYLOAD_IPA_WIDTH] != PROVE_BITS)
		report_say(&run->report, REPORT_FAIL, "its addresses have %llu bits, not %u",
			   gpr[PAYLOAD_IPA_WIDTH], PROVE_BITS);
	check_measurement(run, gpr);
	report_say(&run->report,
		   gpr[PAYLOAD_COMPUTED] == computed(run->realm.challenge) ? REPORT_PASS :
									     REPORT_FAIL,
		   "it computes what only who has the challenge can");
	return 0;
}

/* It touches pages that aren't there, one after the other */
static int serve_faults(struct prove_run *run, struct prove_rec *rec)
{
	static const char what[] = "page faults are served";
	const unsigned int nr = run->realm.nr_probes;
	unsigned int exits, served = 0;
	int rc;

	for (exits = 0; exits < MAX_EXITS; exits++) {
		rc = prove_rec_run(rec, PATIENCE);
		if (rc || rec->exit.reason != RMI_EXIT_SYNC)
			break;
		if (served == nr ||
		    !prove_rec_is_fault(&rec->exit, prove_probe_ipa(&run->realm, served)))
			return fail(run, what, rec, 0);
		rc = prove_realm_probe(&run->realm, prove_probe_ipa(&run->realm, served));
		if (rc) {
			report_say(&run->report, word_of(rc), "%s: %s", what, run->realm.why);
			return rc;
		}
		served++;
	}
	if (rc || rec->exit.reason != RMI_EXIT_HOST_CALL || rec->exit.imm != PAYLOAD_PROBED)
		return fail(run, what, rec, rc);
	report_say(&run->report,
		   served == nr && rec->exit.gpr[PAYLOAD_NUMBER] == nr ? REPORT_PASS : REPORT_FAIL,
		   "%s: %u of %u, and %llu kept what was written", what, served, nr,
		   rec->exit.gpr[PAYLOAD_NUMBER]);
	return 0;
}

static int break_loop(struct prove_run *run, struct prove_rec *rec)
{
	static const char what[] = "a loop is broken by the host's timer";
	const int rc = prove_rec_run(rec, LET_MS);

	if (rc != -ETIME)
		return fail(run, what, rec, rc);
	report_say(&run->report, REPORT_PASS, "%s", what);
	return expect_call(run, rec, PAYLOAD_LOOPED, "it goes on after that");
}

static int see_it_off(struct prove_run *run, struct prove_rec *rec)
{
	static const char what[] = "it turns itself off";
	const int rc = prove_rec_run(rec, PATIENCE);

	if (rc || rec->exit.reason != RMI_EXIT_PSCI || (u32)rec->exit.gpr[0] != PSCI_SYSTEM_OFF)
		return fail(run, what, rec, rc);
	report_say(&run->report, REPORT_PASS, "%s", what);
	return 0;
}

/* What the first REC does */
static int run_first(struct prove_run *run, unsigned int cpu)
{
	struct prove_rec *rec = kzalloc(sizeof(*rec), GFP_KERNEL);
	void *page = kzalloc(PAGE_SIZE, GFP_KERNEL);
	int rc = -ENOMEM;

	if (rec && page) {
		*rec = (struct prove_rec){ .rec = prove_rec(&run->realm, 0), .cpu = cpu,
					   .run = page, .stop = &run->stop };
		rc = hear_self(run, rec) ?: serve_faults(run, rec) ?: break_loop(run, rec) ?:
		     see_it_off(run, rec);
	} else {
		report_say(&run->report, REPORT_SKIP, "the Realm runs: no memory");
	}
	kfree(page);
	kfree(rec);
	return rc;
}

/* What each of the others does, on its own CPU: it says which one it is, and is off */
static int run_other(struct seat *seat)
{
	struct prove_rec *rec = &seat->rec;
	int rc = prove_rec_run(rec, PATIENCE);

	if (rc)
		return rc;
	if (rec->exit.reason != RMI_EXIT_HOST_CALL || rec->exit.imm != PAYLOAD_INDEX ||
	    rec->exit.gpr[PAYLOAD_NUMBER] != seat->index)
		return -EPROTO;
	rc = prove_rec_run(rec, PATIENCE);
	if (rc)
		return rc;
	return rec->exit.reason == RMI_EXIT_PSCI && (u32)rec->exit.gpr[0] == PSCI_CPU_OFF ?
	       0 : -EPROTO;
}

/* They run at the same time, and are waited for in turn */
static int end_others(struct prove_run *run, struct seat *seats, unsigned int nr)
{
	unsigned int i;
	int rc, result = 0;

	for (i = 1; i < nr; i++) {
		if (!seat_end(&seats[i])) {
			run->stuck = true;
			report_say(&run->report, REPORT_FAIL, "CPU %u doesn't come back from a REC",
				   seats[i].rec.cpu);
			return -EIO;
		}
		rc = seats[i].rc;
		if (rc)
			fail(run, "each CPU runs a REC", &seats[i].rec, rc == -EPROTO ? 0 : rc);
		result = result ?: rc;
	}
	return result;
}

static int run_others(struct prove_run *run, struct seat *seats)
{
	unsigned int i = 1, cpu = cpumask_first(&run->cpus);
	int rc = 0;

	for (; !rc && i < run->realm.recs; i += !rc) {
		cpu = cpumask_next(cpu, &run->cpus);
		seats[i].index = i;
		seats[i].rec = (struct prove_rec){ .rec = prove_rec(&run->realm, i), .cpu = cpu,
						   .stop = &run->stop };
		rc = seat_start(&seats[i], run_other);
		if (rc)
			report_say(&run->report, REPORT_SKIP, "CPU %u runs a REC: error %d", cpu,
				   rc);
	}
	return end_others(run, seats, i) ?: rc;
}

/* Each CPU runs a REC of it; the first one's is what ends it */
static void run_all(struct prove_run *run)
{
	const unsigned int wanted = run->realm.nr_recs, nr = run->realm.recs;
	struct seat *seats = kcalloc(nr, sizeof(*seats), GFP_KERNEL);

	if (nr < wanted)
		report_say(&run->report, REPORT_SKIP, "%u of %u CPUs: the RMM has no more RECs",
			   wanted - nr, wanted);
	if (!seats) {
		report_say(&run->report, REPORT_SKIP, "each CPU runs a REC: no memory");
		return;
	}
	if (nr == 1 || !run_others(run, seats)) {
		if (nr > 1)
			report_say(&run->report, REPORT_PASS, "%u CPUs run a REC", nr - 1);
		run_first(run, cpumask_first(&run->cpus));
	}
	if (run->stuck)
		run->seats = seats;
	else
		kfree(seats);
}

static void unmake(struct prove_run *run)
{
	struct prove_realm *realm = &run->realm;
	const unsigned int nr = realm->nr_granules;

	if (prove_realm_unmake(realm))
		report_say(&run->report, REPORT_FAIL, "its granules come back: %s", realm->why);
	else if (nr)
		report_say(&run->report, REPORT_PASS, "all its granules are back");
}

/* Returns 0 if there is something to go on with */
static int prove_one(struct prove_run *run, unsigned int nr_recs, unsigned int nr_probes)
{
	struct prove_realm *realm = &run->realm;
	const unsigned int hash = realm->hash;
	int rc;

	*realm = (struct prove_realm){ .hash = hash, .nr_recs = nr_recs, .nr_probes = nr_probes,
				       .stop = &run->stop, .challenge = get_random_u64() };
	realm->loop_ticks = (u64)arch_timer_get_cntfrq() / 1000 * LOOPS_MS;
	rc = prove_realm_make(realm);
	if (rc == -EOPNOTSUPP) {
		report_say(&run->report, REPORT_SKIP, "this RMM has no Realms");
		return prove_realm_unmake(realm) ?: rc;
	}
	if (rc) {
		report_say(&run->report, word_of(rc), "a Realm is made: %s", realm->why);
	} else {
		report_say(&run->report, REPORT_PASS,
			   "a Realm is made of %u granules, %u of them RECs",
			   realm->nr_granules, realm->recs);
		run_all(run);
	}
	if (run->stuck)
		return -EIO;
	unmake(run);
	return realm->nr_granules ? -EIO : 0;
}

static void say_left_out(struct prove_run *run)
{
	char numbers[256];

	prove_cpus_left_out(&run->cpus, numbers, sizeof(numbers));
	if (*numbers)
		report_say(&run->report, REPORT_INFO, "left out, since they are isolated: CPUs%s",
			   numbers);
}

/**
 * prove_run() - make Realms, run them, unmake them
 * @run: cpus is set, and realm.hash; the rest is zero. The report is filled.
 *
 * The first one is the canonical one: its measurement is the same on each host. The second has a
 * REC for each of several CPUs. Each step has a line in the report, and a bound; what was made is
 * unmade wherever it stops. If something of it remains, @run->realm.nr_granules isn't 0.
 *
 * Context: may sleep, allocates; a thread that is bound to the first of @run->cpus.
 */
void prove_run(struct prove_run *run)
{
	const unsigned int nr = min_t(unsigned int, cpumask_weight(&run->cpus), PROVE_MAX_RECS);

	say_left_out(run);
	if (!prove_one(run, 1, NR_PROBES) && nr > 1 && !READ_ONCE(run->stop))
		prove_one(run, nr, 0);
}
