// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/arch_timer.h>

#include "../../include/rmi_abi.h"
#include "payload.h"
#include "rec.h"
#include "run.h"

/* For so long a REC may run before it says something, in ms */
#define PATIENCE	1000

/* A Realm loops for longer than it is let */
#define LOOPS_MS	400
#define LET_MS		50

/* So many exits may a step have, interrupts aside */
#define MAX_EXITS	64

#define NR_PROBES	1

#define PSCI_SYSTEM_OFF	0x84000008U

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
		report_say(&run->report, REPORT_FAIL, "RSI: version %llu, config %llu, measurement %llu",
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
		   gpr[PAYLOAD_COMPUTED] == computed(run->realm.challenge) ? REPORT_PASS : REPORT_FAIL,
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
		    !prove_rec_is_fault(&rec->exit, prove_ipa(PROVE_NR_PAGES + served)))
			return fail(run, what, rec, 0);
		rc = prove_realm_probe(&run->realm, prove_ipa(PROVE_NR_PAGES + served));
		if (rc) {
			report_say(&run->report, REPORT_FAIL, "%s: %s", what, run->realm.why);
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

static void run_rec(struct prove_run *run)
{
	struct prove_rec *rec = kzalloc(sizeof(*rec), GFP_KERNEL);
	void *page = kzalloc(PAGE_SIZE, GFP_KERNEL);

	if (rec && page) {
		*rec = (struct prove_rec){ .rec = prove_rec(&run->realm, 0), .cpu = run->cpu,
					   .run = page, .stop = &run->stop };
		if (!hear_self(run, rec) && !serve_faults(run, rec) && !break_loop(run, rec))
			see_it_off(run, rec);
	} else {
		report_say(&run->report, REPORT_SKIP, "the Realm runs: no memory");
	}
	kfree(page);
	kfree(rec);
}

/* Who is short of memory, is stopped or meets a busy RMM has shown nothing against it */
static enum report_word word_of(int rc)
{
	return rc == -ENOMEM || rc == -EINPROGRESS || rc == -ETIMEDOUT || rc == -EBUSY ||
	       rc == -EOPNOTSUPP ? REPORT_SKIP : REPORT_FAIL;
}

/**
 * prove_run() - make a Realm, run it, unmake it
 * @run: cpu is set, and realm.hash; the rest is zero. The report is filled.
 *
 * Each step has a line in the report, and a bound; what was made is unmade wherever it stops.
 *
 * Context: may sleep, allocates; a thread that is bound to @run->cpu.
 */
void prove_run(struct prove_run *run)
{
	struct prove_realm *realm = &run->realm;
	int rc;

	realm->nr_recs = 1;
	realm->nr_probes = NR_PROBES;
	realm->stop = &run->stop;
	realm->challenge = get_random_u64();
	realm->loop_ticks = (u64)arch_timer_get_cntfrq() / 1000 * LOOPS_MS;
	rc = prove_realm_make(realm);
	if (rc == -EOPNOTSUPP)
		report_say(&run->report, REPORT_SKIP, "this RMM has no Realms");
	else if (rc)
		report_say(&run->report, word_of(rc), "a Realm is made: %s", realm->why);
	else
		report_say(&run->report, REPORT_PASS, "a Realm is made of %u granules",
			   realm->nr_granules);
	if (!rc)
		run_rec(run);
	if (rc == -EOPNOTSUPP || !realm->nr_granules)
		prove_realm_unmake(realm);
	else if (prove_realm_unmake(realm))
		report_say(&run->report, REPORT_FAIL, "its granules come back: %s", realm->why);
	else
		report_say(&run->report, REPORT_PASS, "all its granules are back");
}
