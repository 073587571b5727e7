// SPDX-License-Identifier: GPL-2.0-only
/* The proof: a Realm is made, run and unmade, and each step says what it has seen */
#include "module_fixture.h"
#include "../shim/shim_prove.h"
#include "payload_words.h"
#include "../../src/prove/rec.h"
#include "../../src/prove/run.h"
#include "../../src/prove/seat.h"
#include "../../src/proved.h"
#include "../../src/rmm.h"
#include "../../src/smc.h"
#include "../../src/update.h"

#define PAYLOAD					\
	".pushsection .rodata\n"		\
	".balign 4096\n"			\
	".globl prove_payload\n"		\
	".globl prove_payload_end\n"		\
	"prove_payload:\n"			\
	PAYLOAD_WORDS				\
	"prove_payload_end:\n"			\
	".popsection\n"

asm(PAYLOAD);

/* What runs in the Realm ----------------------------------------------------------------------- */

static const struct prove_run *running;
static unsigned int entries;
static u64 others;		/* RECs that said something */
static u64 challenge;
static void (*lie)(struct rmm_entry *entry, u64 *run);

static void host_call(u64 *run, u64 what)
{
	run[0x800 / 8] = 5;
	run[0xe00 / 8] = what;
}

static void tell_self(const struct rmm_entry *entry, u64 *run)
{
	u64 *gpr = run + 0xa00 / 8, x = running->realm.challenge;

	for (u64 i = 1000; i; i--)
		x = x * 0x2d7f4c95 + i;
	host_call(run, 1);
	gpr[1] = 0x10000;
	gpr[2] = 0x10001;
	gpr[4] = 32;
	gpr[6] = x;
	memcpy(&gpr[8], entry->measurement, 64);
}

/* Behind the pages that it has from the start */
static void touch(u64 *run, u64 ipa)
{
	run[0x800 / 8] = 0;
	run[0x900 / 8] = 0x24ULL << 26 | 0x7;
	run[0x910 / 8] = ipa >> 8;
}

/* What all RECs but the first do */
static void behave_other(const struct rmm_entry *entry, u64 *run)
{
	if (!(others & 1ULL << entry->index)) {
		others |= 1ULL << entry->index;
		host_call(run, 4);
		run[0xa00 / 8] = entry->index;
	} else {
		run[0x800 / 8] = 3;
		run[0xa00 / 8] = 0x84000002;
	}
}

/* As src/prove/payload.S has it */
static void behave(struct rmm_entry *entry, u64 *run, unsigned int step)
{
	if (entry->index) {
		behave_other(entry, run);
		return;
	}
	if (step && !running->realm.nr_probes)
		step++;
	switch (step) {
	case 0:
		tell_self(entry, run);
		break;
	case 1:
		touch(run, 0x100000 + 3 * PAGE_SIZE);
		break;
	case 2:
		host_call(run, 2);
		run[0xa00 / 8] = running->realm.nr_probes;
		break;
	case 3:
		/* an interrupt of others first, then the timer's */
		run[0x800 / 8] = 1;
		break;
	case 4:
		world.now_ns += 60000000;
		run[0x800 / 8] = 2;
		break;
	case 5:
		host_call(run, 3);
		break;
	default:
		run[0x800 / 8] = 3;
		run[0xa00 / 8] = 0x84000008;
		entry->off = true;
	}
}

static void inside(struct rmm_entry *entry)
{
	u64 *run = world_at(entry->run);

	assert_true(prove_world.masked && prove_world.armed && prove_world.no_preemption == 1);
	/* Another one is another Realm's */
	if (challenge != running->realm.challenge) {
		challenge = running->realm.challenge;
		entries = 0;
		others = 0;
	}
	assert_int_equal(prove_world.cpu, entry->index + 1);
	behave(entry, run, entry->index ? 0 : entries++);
	if (lie)
		lie(entry, run);
}

/* Before and after ----------------------------------------------------------------------------- */

static struct prove_run *proof;
static unsigned int recs_order = 5;
static unsigned int hashes = 7;

static void make_host(enum rmm_dialect dialect, u64 flags, unsigned int shift)
{
	describe(dialect);
	machine.flags = flags;
	machine.hashes = hashes;
	machine.recs_order = recs_order;
	if (dialect == RMM_DIALECT_AUTUMN)
		machine.granules = 1;
	make(shift);
	load();
	prove_world = (struct prove_world){ .cpu = 1 };
	proof = calloc(1, sizeof(*proof));
	proof->cpus.bits = 2;
	running = proof;
	challenge = 0;
	lie = NULL;
	world.enter = inside;
}

static void end_host(void)
{
	world.enter = NULL;
	free(proof);
	assert_int_equal(prove_world.timers, 0);
	assert_int_equal(prove_world.hashes, 0);
	assert_int_equal(prove_world.threads, 0);
	assert_int_equal(prove_world.cpu, 1);
	assert_int_equal(prove_world.no_preemption, 0);
	assert_int_equal(rmm_realms(world.rmm), 0);
	assert_int_equal(rmm_operations(world.rmm), 0);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	assert_int_equal(ledger_has("taken") + ledger_has("realm") + ledger_has("ready"), 0);
	assert_file("memory_lost", "0");
	unload();
}

#define assert_says(what)	assert_non_null(strstr(proof->report.text, what))

static unsigned int count(const char *what)
{
	const char *at = proof->report.text;
	unsigned int n = 0;

	while ((at = strstr(at, what))) {
		at++;
		n++;
	}
	return n;
}

static void expect_all(const char *measurement)
{
	prove_run(proof);
	if (proof->report.failed || proof->report.skipped)
		fail_msg("%s", proof->report.text);
	assert_says("PASS: the Realm runs on CPU 1\nPASS: RSI 1.0 to 1.1\n");
	assert_says(measurement);
	assert_says("PASS: it computes what only who has the challenge can\n"
		    "PASS: page faults are served: 1 of 1, and 1 kept what was written\n"
		    "PASS: a loop is broken by the host's timer\n"
		    "PASS: it turns itself off\nPASS: all its granules are back\n");
}

/* What it is of: known answers, by granule size and hash, computed by another program */
static void it_is_proved(void **state)
{
	static const enum rmm_dialect all[] = { RMM_DIALECT_PUBLIC, RMM_DIALECT_BETA1,
						RMM_DIALECT_BETA3, RMM_DIALECT_AUTUMN };
	static const u64 flags[] = { 0, RMM_FLAG_CONTINUES, RMM_FLAG_REALM_PAGES };
	static const struct {
		unsigned int shift, hash;
		u64 flags;
		const char *measurement[2];
	} known[] = {
		{ 12, 0, 0,
		  { "f2bb19b395dc552a1cf16fa4c2c22b4a241599ccb284b4b8e51608e22579659b" } },
		{ 12, 0, RMM_FLAG_RIPAS_MEASURED,
		  { "833139d3111d953a9d43d6eb5164a49cff2d343c5207dc1b70b20bcc3fd5be2f" } },
		{ 12, 1, 0,
		  { "582d1ce797eef734df0efd890ff2d2ad72d05e648b20bab6a6493c85e34c7af0",
		    "5cbd04fe63c8b89af176ddc21c827a32440376dd09fe61a5af767ad6ace1a7ee" } },
		{ 12, 2, 0,
		  { "a7484b1a63c348ae54d27c449e0240e6b471787e7760d423a91dda70840e2c8a",
		    "32687636bbfd5e35e161d2d7aae689e6" } },
		{ 14, 0, 0,
		  { "971081eef9d408c2a78d3503d9ce7c7f824afe0987ed88ce74039d277645804c" } },
		{ 14, 1, 0,
		  { "a79686fb786dca6508e8e65578565a77f8fdb2f15b290ab27e596328b67767fb",
		    "d9c3d03d0ede5a3a46a7c355af2e869af1c693e865a360c99f9ed31b501a4c65" } },
		{ 14, 2, 0,
		  { "5f9d09f10298482d078796041624ca17b5d576a5a0bd1b1b216bac8c9ec4fe80",
		    "9c9f836906f2757495b5a5fd24eecbc7" } },
		{ 16, 0, 0,
		  { "691ef421d5fca199254111e87bd36eead2eda56898738ef74362b700ed9edfcf" } },
		{ 16, 1, 0,
		  { "8c0e2646fa5d9f374c69217af3822118ea4291189a18dbc90004cd5970c7e2bd",
		    "11c71df3add31cb834d331523ce5385f1f06f2bb8545cc2517cbb2da926dda3e" } },
		{ 16, 2, 0,
		  { "e6bf3e9a064f79ad6f9973c2108eae53cdf90ecdfb68bcc85ad2e4bed7734f7d",
		    "02376997e3b49d75b9c34da3252670d7" } },
		{ 16, 0, RMM_FLAG_RIPAS_MEASURED,
		  { "07612864ae435c56837464c19f2c4056ed733bca00c354e2208879af06b4b95c" } },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++) {
		char line[256];

		make_host(RMM_DIALECT_BETA3, known[i].flags, known[i].shift);
		proof->realm.hash = known[i].hash;
		snprintf(line, sizeof(line), "PASS: its measurement is %s%s, as predicted (%s)\n",
			 known[i].measurement[0], known[i].measurement[1] ?: "",
			 known[i].flags ? "RIPAS is measured" : "RIPAS isn't measured");
		expect_all(line);
		end_host();
	}
	for (unsigned int d = 0; d < ARRAY_SIZE(all); d++)
		for (unsigned int f = 0; f < ARRAY_SIZE(flags); f++) {
			make_host(all[d], flags[f], 12);
			expect_all("as predicted (RIPAS isn't measured)\n");
			end_host();
		}
}

/* A REC for each CPU; of a Realm with fewer RECs, for as many as there are */
static void each_cpu_runs_it(void **state)
{
	static const struct {
		unsigned int cpus, order, recs;
		const char *text;
	} wide[] = {
		{ 2, 4, 2, "PASS: 1 CPUs run a REC\n" }, { 4, 4, 4, "PASS: 3 CPUs run a REC\n" },
		{ 8, 15, 8, "PASS: 7 CPUs run a REC\n" },
		{ 4, 1, 2, "SKIP: 2 of 4 CPUs: the RMM has no more RECs\nPASS: 1 CPUs" },
		{ 4, 0, 1, "SKIP: 3 of 4 CPUs: the RMM has no more RECs\nPASS: the Realm runs" },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(wide); i++) {
		char line[64];

		recs_order = wide[i].order + 1;
		make_host(RMM_DIALECT_PUBLIC, 0, 12);
		proof->cpus.bits = ((1ULL << wide[i].cpus) - 1) << 1;
		prove_run(proof);
		assert_int_equal(proof->report.failed, 0);
		assert_int_equal(proof->report.skipped, wide[i].recs < wide[i].cpus);
		assert_says(wide[i].text);
		snprintf(line, sizeof(line), "granules, %u of them RECs\n", wide[i].recs);
		assert_says(line);
		/* both of them: all the steps, the second's measurement its own */
		assert_int_equal(count("as predicted"), 2);
		assert_int_equal(count("PASS: it turns itself off"), 2);
		assert_int_equal(count("PASS: all its granules are back"), 2);
		end_host();
	}
	recs_order = 5;
}

/* Lies ----------------------------------------------------------------------------------------- */

static unsigned int lie_at;		/* the first REC's entry, of both Realms in turn */
static u64 lie_word, lie_value;

static void change_word(struct rmm_entry *entry, u64 *run)
{
	if (!entry->index && entries == lie_at + 1)
		run[lie_word / 8] = lie_value;
}

static void interrupts_alone(struct rmm_entry *entry, u64 *run)
{
	if (entries <= lie_at)
		return;
	world.now_ns += 100000000;
	run[0x800 / 8] = RMI_EXIT_IRQ;
	entry->off = false;
}

/* What the run page says is checked, word by word; nothing in it is believed */
static void exits_are_checked(void **state)
{
	static const struct {
		unsigned int entry;
		u64 word, value;
		const char *text;
	} lies[] = {
		{ 0, 0x800, 7, "FAIL: the Realm runs: exit 7, call 1, esr 0\n" },
		{ 0, 0x800, 0, "FAIL: the Realm runs: exit 0, call 1, esr 0\n" },
		{ 0, 0xe00, 2, "FAIL: the Realm runs: exit 5, call 2, esr 0\n" },
		{ 0, 0xa00, 1, "FAIL: RSI: version 1, config 0, measurement 0\n" },
		{ 0, 0xa18, 2, "FAIL: RSI: version 0, config 2, measurement 0\n" },
		{ 0, 0xa28, 3, "FAIL: RSI: version 0, config 0, measurement 3\n" },
		{ 0, 0xa20, 33, "FAIL: its addresses have 33 bits, not 32\n" },
		{ 0, 0xa30, 5, "FAIL: it computes what only who has the challenge can\n" },
		{ 0, 0xa40, 0, "FAIL: its measurement is 0000000000000000" },
		{ 0, 0xa58, 0, "FAIL: its measurement is " },
		{ 1, 0x910, 0x1040, "FAIL: page faults are served: exit 0, call 0, esr 0x900" },
		{ 1, 0x910, 0x1020, "FAIL: page faults are served: exit 0" },
		{ 1, 0x900, 0x20ULL << 26,
		  "FAIL: page faults are served: exit 0, call 0, esr 0x80" },
		{ 1, 0x800, 9, "FAIL: page faults are served: exit 9" },
		{ 2, 0xa00, 0,
		  "FAIL: page faults are served: 1 of 1, and 0 kept what was written\n" },
		{ 2, 0xe00, 9, "FAIL: page faults are served: exit 5, call 9" },
		{ 2, 0x800, 0, "FAIL: page faults are served: exit 0" },
		{ 3, 0x800, 5, "FAIL: a loop is broken by the host's timer: exit 5" },
		{ 5, 0xe00, 1, "FAIL: it goes on after that: exit 5, call 1" },
		{ 6, 0x800, 5, "FAIL: it turns itself off: exit 5" },
		{ 6, 0xa00, 0x84000009, "FAIL: it turns itself off: exit 3" },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(lies); i++) {
		make_host(RMM_DIALECT_BETA3, 0, 12);
		lie = change_word;
		lie_at = lies[i].entry;
		lie_word = lies[i].word;
		lie_value = lies[i].value;
		prove_run(proof);
		if (!strstr(proof->report.text, lies[i].text))
			fail_msg("%u: %s", i, proof->report.text);
		assert_int_equal(proof->report.failed, 1);
		assert_says("PASS: all its granules are back\n");
		end_host();
	}
}

/* Bits of HPFAR beside the address mean nothing here */
static void address_is_a_field(void **state)
{
	(void)state;
	make_host(RMM_DIALECT_BETA3, 0, 12);
	lie = change_word;
	lie_at = 1;
	lie_word = 0x910;
	lie_value = 0x1030 | 0xf | 0xffULL << 44;
	prove_run(proof);
	assert_int_equal(proof->report.failed, 0);
	end_host();
}

static void interrupts_prove_nothing(void **state)
{
	static const struct {
		unsigned int from;
		const char *text;
	} cases[] = {
		{ 0, "FAIL: the Realm runs: nothing for 1000 ms\n" },
		{ 1, "FAIL: page faults are served: nothing for 1000 ms\n" },
		{ 5, "FAIL: it goes on after that: nothing for 1000 ms\n" },
		{ 6, "FAIL: it turns itself off: nothing for 1000 ms\n" },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		make_host(RMM_DIALECT_PUBLIC, 0, 12);
		lie = interrupts_alone;
		lie_at = cases[i].from;
		prove_run(proof);
		assert_says(cases[i].text);
		assert_int_equal(proof->report.failed, 1);
		end_host();
	}
}

/* One that touches pages for ever is entered no more than so often */
static void touch_for_ever(struct rmm_entry *entry, u64 *run)
{
	if (entries > 1)
		touch(run, 0x100000 + 3 * PAGE_SIZE);
}

static void faults_have_a_bound(void **state)
{
	(void)state;
	make_host(RMM_DIALECT_PUBLIC, 0, 12);
	lie = touch_for_ever;
	prove_run(proof);
	assert_says("FAIL: page faults are served: exit 0");
	assert_int_equal(entries, 3);
	end_host();
}

static void other_lies(struct rmm_entry *entry, u64 *run)
{
	if (entry->index == 2)
		run[lie_word / 8] = lie_value;
}

/* What one of the others says counts as much */
static void others_are_checked(void **state)
{
	static const struct {
		u64 word, value;
		const char *text;
	} lies[] = {
		{ 0xa00, 1, "FAIL: each CPU runs a REC: exit 5, call 4" },
		{ 0xe00, 1, "FAIL: each CPU runs a REC: exit 5, call 1" },
		{ 0x800, 6, "FAIL: each CPU runs a REC: exit 6" },
		{ 0x800, 5, "FAIL: each CPU runs a REC: exit 5" },
		{ 0x800, 3, "FAIL: each CPU runs a REC: exit 3" },
		{ 0xa00, 2, "FAIL: each CPU runs a REC: exit 3" },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(lies); i++) {
		make_host(RMM_DIALECT_PUBLIC, 0, 12);
		proof->cpus.bits = 0xe;
		lie = other_lies;
		lie_word = lies[i].word;
		lie_value = lies[i].value;
		prove_run(proof);
		if (!strstr(proof->report.text, lies[i].text))
			fail_msg("%u: %s", i, proof->report.text);
		assert_int_equal(proof->report.failed, 1);
		assert_int_equal(count("PASS: all its granules are back"), 2);
		end_host();
	}
}

/* Faults --------------------------------------------------------------------------------------- */

static u64 fault_at, fault_answer, seen;
static bool fault_lasts;

static bool is_realms(u64 fid)
{
	switch (fid) {
	case RMI_REALM_CREATE: case RMI_REALM_ACTIVATE: case RMI_REALM_TERMINATE:
	case RMI_REALM_DESTROY: case RMI_RTT_CREATE: case RMI_RTT_DESTROY:
	case RMI_RTT_INIT_RIPAS: case RMI_RTT_DATA_MAP_INIT: case RMI_RTT_DATA_MAP:
	case RMI_RTT_DATA_UNMAP: case RMI_REC_CREATE: case RMI_REC_DESTROY: case RMI_REC_ENTER:
		return true;
	default:
		return false;
	}
}

static void strike(u64 x[5])
{
	if (!is_realms(x[0]))
		return;
	if (seen++ != fault_at && !(fault_lasts && seen > fault_at))
		return;
	x[0] = fault_answer;
	x[1] = 0x1234;
	world.smc_done = true;
}

/* What an RMM that is well again gives back */
static void clean_up(void)
{
	world.smc = NULL;
	if (proof->realm.nr_granules)
		assert_int_equal(prove_realm_unmake(&proof->realm), 0);
}

/*
 * Each command of the proof fails once, or from then on: that is told, and nothing is lost. One
 * that is BUSY once was only late.
 */
static void each_command_fails(void **state)
{
	static const u64 answers[] = { 1, 0x304, 10, -1ULL };
	unsigned int n = 0;

	(void)state;
	for (unsigned int a = 0; a < ARRAY_SIZE(answers); a++)
		for (unsigned int lasts = 0; lasts < 2; lasts++)
			for (fault_at = 0; ; fault_at++, n++) {
				const bool late = !lasts && (answers[a] == 10 || answers[a] == 14);
				bool hit;

				make_host(RMM_DIALECT_PUBLIC, 0, 12);
				proof->cpus.bits = 6;
				fault_answer = answers[a];
				fault_lasts = lasts;
				seen = 0;
				world.smc = strike;
				prove_run(proof);
				hit = seen > fault_at;
				if (hit && !late && !proof->report.failed &&
				    !proof->report.skipped && answers[a] != -1ULL)
					fail_msg("%llu at %llu: %s", answers[a], fault_at,
						 proof->report.text);
				if (!hit || (late && fault_answer == 10))
					assert_int_equal(proof->report.failed, 0);
				clean_up();
				end_host();
				if (!hit)
					break;
			}
	assert_true(n > 300);
}

static void no_realms(void **state)
{
	(void)state;
	make_host(RMM_DIALECT_PUBLIC, RMM_FLAG_NO_REALMS, 12);
	proof->cpus.bits = 6;
	prove_run(proof);
	assert_string_equal(proof->report.text, "SKIP: this RMM has no Realms\n");
	end_host();
}

/* Of each allocation that fails, the report says so, or it wasn't needed */
static void each_allocation_fails(void **state)
{
	unsigned int n, skipped = 0;

	(void)state;
	for (n = 1; ; n++) {
		unsigned int left;

		make_host(RMM_DIALECT_PUBLIC, 0, 12);
		proof->cpus.bits = 6;
		world.fail_alloc = n;
		prove_run(proof);
		left = world.fail_alloc;
		world.fail_alloc = 0;
		assert_int_equal(proof->report.failed, 0);
		skipped += proof->report.skipped;
		clean_up();
		end_host();
		if (left)
			break;
	}
	assert_true(n > 10);
	assert_true(skipped > 5);
}

static void hashes_fail(void **state)
{
	(void)state;
	make_host(RMM_DIALECT_PUBLIC, 0, 12);
	prove_world.no_hash = true;
	prove_run(proof);
	assert_says("SKIP: a Realm is made: error -2\n");
	prove_world.no_hash = false;
	end_host();
	for (unsigned int n = 1; n < 12; n++) {
		make_host(RMM_DIALECT_PUBLIC, 0, 12);
		prove_world.fail_hash = n;
		prove_run(proof);
		assert_int_equal(proof->report.failed, !prove_world.fail_hash);
		end_host();
	}
}

static void is_stopped(struct rmm_entry *entry, u64 *run)
{
	if (entries > lie_at)
		proof->stop = true;
}

/* At once, wherever it is; and what is there is unmade */
static void it_can_be_stopped(void **state)
{
	(void)state;
	for (lie_at = 0; lie_at < 6; lie_at++) {
		make_host(RMM_DIALECT_PUBLIC, 0, 12);
		proof->cpus.bits = 6;
		lie = is_stopped;
		prove_run(proof);
		assert_int_equal(entries, lie_at + 1);
		assert_int_equal(proof->report.failed, 0);
		assert_int_equal(proof->report.skipped, 1);
		assert_says(": stopped\nPASS: all its granules are back\n");
		assert_int_equal(count("a Realm is made"), 1);
		end_host();
	}
}

static void cpu_is_gone(void **state)
{
	(void)state;
	make_host(RMM_DIALECT_PUBLIC, 0, 12);
	proof->cpus.bits = 4;		/* this is CPU 1 */
	prove_run(proof);
	assert_says("SKIP: the Realm runs: CPU 2 went offline\n");
	assert_int_equal(proof->report.failed, 0);
	end_host();
}

static void no_thread(void **state)
{
	(void)state;
	make_host(RMM_DIALECT_PUBLIC, 0, 12);
	proof->cpus.bits = 6;
	prove_world.no_thread = true;
	prove_run(proof);
	assert_says("SKIP: CPU 2 runs a REC: error -12\n");
	assert_int_equal(count("PASS: all its granules are back"), 2);
	end_host();
}

/* How far RIPAS reaches, and what was unmapped, is checked before it is used */
static u64 liar;

static void tell_top(u64 x[5])
{
	const u64 base = x[2];

	if (x[0] != liar)
		return;
	x[0] = RMI_SUCCESS;
	x[1] = lie_value == 3 ? base + 8 : lie_value == 2 ? base : base + (1ULL << 40);
	world.smc_done = true;
}

static void tops_are_checked(void **state)
{
	(void)state;
	for (lie_value = 1; lie_value < 4; lie_value++) {
		make_host(RMM_DIALECT_PUBLIC, 0, 12);
		liar = RMI_RTT_INIT_RIPAS;
		world.smc = tell_top;
		prove_run(proof);
		assert_says("FAIL: a Realm is made: RTT_INIT_RIPAS: out_top 0x");
		assert_says("PASS: all its granules are back\n");
		end_host();
	}
	for (lie_value = 1; lie_value < 3; lie_value++) {
		make_host(RMM_DIALECT_PUBLIC, 0, 12);
		liar = RMI_RTT_DATA_UNMAP;
		world.smc = tell_top;
		prove_run(proof);
		assert_says("FAIL: its granules come back: RTT_DATA_UNMAP: out_top 0x");
		clean_up();
		end_host();
	}
}

/* The RMM is busy with a granule: it is the first module's to have it back */
static void busy_undelegate(u64 x[5])
{
	if (x[0] != RMI_GRANULE_RANGE_UNDELEGATE || !rmm_commands(world.rmm, RMI_REALM_DESTROY))
		return;
	x[0] = RMI_BUSY;
	world.smc_done = true;
}

static void granules_come_late(void **state)
{
	(void)state;
	make_host(RMM_DIALECT_PUBLIC, 0, 12);
	world.smc = busy_undelegate;
	prove_run(proof);
	assert_says("FAIL: its granules come back: 9 granules: error -16\n");
	assert_int_equal(proof->realm.nr_granules, 0);
	world.smc = NULL;
	world_work_later();
	end_host();
}

/* Of a Realm whose pages were all mapped */
static void no_more_pages(void **state)
{
	(void)state;
	make_host(RMM_DIALECT_PUBLIC, 0, 12);
	proof->realm.nr_recs = 1;
	proof->realm.nr_probes = 1;
	proof->realm.stop = &proof->stop;
	assert_int_equal(prove_realm_make(&proof->realm), 0);
	assert_int_equal(prove_realm_probe(&proof->realm, 0x104000), -ERANGE);
	assert_int_equal(prove_realm_probe(&proof->realm, 0x102000), -ERANGE);
	assert_int_equal(prove_realm_probe(&proof->realm, 0x103000), 0);
	assert_int_equal(prove_realm_probe(&proof->realm, 0x104000), -ERANGE);
	assert_int_equal(prove_realm_unmake(&proof->realm), 0);
	end_host();
}

static struct seat lost_seat;

static int nothing(struct seat *seat)
{
	return 0;
}

/* Nothing that it uses is freed, and nobody waits for it again */
static void cpu_is_lost(void **state)
{
	(void)state;
	make_host(RMM_DIALECT_PUBLIC, 0, 12);
	prove_world.lost = 3;
	lost_seat = (struct seat){ .rec = { .cpu = 3 } };
	assert_int_equal(seat_start(&lost_seat, nothing), 0);
	assert_false(seat_end(&lost_seat));
	prove_world_come_back();
	assert_true(seat_end(&lost_seat));
	end_host();

	make_host(RMM_DIALECT_PUBLIC, 0, 12);
	proof->cpus.bits = 0xe;
	prove_world.lost = 3;
	prove_run(proof);
	assert_true(proof->stuck);
	assert_says("FAIL: CPU 3 doesn't come back from a REC\n");
	/* of the first Realm alone */
	assert_int_equal(count("PASS: all its granules are back"), 1);
	assert_int_equal(rmm_realms(world.rmm), 1);
	prove_world_come_back();
	assert_true(seat_end(&proof->seats[2]));
	kfree(proof->seats);
	clean_up();
	end_host();
}

/* The device ----------------------------------------------------------------------------------- */

static const struct file_operations *device;
static char heard[REPORT_SIZE];

static void make_device(enum rmm_dialect dialect, u64 flags)
{
	make_host(dialect, flags, 12);
	prove_world.online.bits = 0x3f;
	assert_int_equal(shim_prove_init(), 0);
	device = prove_device();
	assert_non_null(device);
}

static void end_device(void)
{
	shim_prove_exit();
	assert_null(prove_device());
	end_host();
}

static long request(const char *text)
{
	loff_t pos = 0;

	return device->write(NULL, text, strlen(text), &pos);
}

static long listen(void)
{
	loff_t pos = 0;
	const long n = device->read(NULL, heard, sizeof(heard) - 1, &pos);

	heard[max(n, 0L)] = 0;
	return n;
}

/* Nobody is in it, so that nothing runs: but all else is as it is */
static void device_reports(void **state)
{
	char part[5] = "";
	loff_t pos = 4;

	(void)state;
	make_device(RMM_DIALECT_PUBLIC, 0);
	world.enter = NULL;
	assert_int_equal(device->open(NULL, NULL), 0);
	assert_int_equal(device->open(NULL, NULL), -EBUSY);
	assert_int_equal(listen(), -ENODATA);
	assert_int_equal(request("cpus 1,3-4\n"), 11);
	assert_int_equal(request("cpus 1\n"), -EBUSY);
	prove_world.interrupted = true;
	assert_int_equal(listen(), -ERESTARTSYS);
	prove_world.interrupted = false;
	assert_true(listen() > 0);
	assert_non_null(strstr(heard, "PASS: a Realm is made of 9 granules, 1 of them RECs\n"
			       "FAIL: the Realm runs: nothing for 1000 ms\n"
			       "PASS: all its granules are back\n"));
	assert_non_null(strstr(heard, "3 of them RECs\n"));
	/* from where one was */
	assert_int_equal(device->read(NULL, part, 4, &pos), 4);
	assert_memory_equal(part, heard + 4, 4);
	assert_int_equal(pos, 8);
	assert_int_equal(device->release(NULL, NULL), 0);
	/* the next one begins anew */
	assert_int_equal(device->open(NULL, NULL), 0);
	assert_int_equal(listen(), -ENODATA);
	assert_int_equal(device->release(NULL, NULL), 0);
	end_device();
}

static void requests_are_checked(void **state)
{
	static const char * const bad[] = { "", "cpus", "cpus ", "cpus x", "cpus 6", "cpus 1-6",
					    "cpu 1", "CPUS 1", "cpus 2-1" };
	static char large[2050];

	(void)state;
	make_device(RMM_DIALECT_PUBLIC, 0);
	world.powerless = true;
	assert_int_equal(device->open(NULL, NULL), -EPERM);
	world.powerless = false;
	assert_int_equal(device->open(NULL, NULL), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(request(bad[i]), -EINVAL);
	memset(large, ' ', sizeof(large) - 1);
	memcpy(large, "cpus 1", 6);
	assert_int_equal(request(large), -EINVAL);
	assert_int_equal(device->write(NULL, NULL, 5, NULL), -EFAULT);
	prove_world.at_el1 = true;
	assert_int_equal(request("cpus 1"), -EOPNOTSUPP);
	prove_world.at_el1 = false;
	for (unsigned int n = 1; n < 5; n++) {
		world.fail_alloc = n;
		assert_int_equal(request("cpus 1"), -ENOMEM);
		assert_int_equal(world.fail_alloc, 0);
	}
	prove_world.no_thread = true;
	assert_int_equal(request("cpus 1"), -ENOMEM);
	prove_world.no_thread = false;
	/* as long as it may be */
	large[2048] = 0;
	assert_int_equal(request(large), 2048);
	assert_int_equal(device->release(NULL, NULL), 0);
	end_device();
	make_device(RMM_DIALECT_PUBLIC, 0);
	assert_int_equal(device->open(NULL, NULL), 0);
	world_reboot();
	assert_int_equal(request("cpus 1"), -ENODEV);
	assert_int_equal(device->release(NULL, NULL), 0);
	end_device();
}

/* Also one that was only begun: whoever is killed closes */
static void closing_ends_it(void **state)
{
	(void)state;
	make_device(RMM_DIALECT_PUBLIC, 0);
	world.enter = NULL;
	assert_int_equal(device->open(NULL, NULL), 0);
	assert_int_equal(request("cpus 1-2"), 8);
	assert_int_equal(prove_world.threads, 1);
	assert_int_equal(device->release(NULL, NULL), 0);
	assert_int_equal(prove_world.threads, 0);
	assert_int_equal(rmm_commands(world.rmm, RMI_REC_ENTER), 0);
	end_device();
}

/* The module stays, and nothing else is begun before it is back */
static void late_cpu_is_waited_for(void **state)
{
	(void)state;
	make_device(RMM_DIALECT_PUBLIC, 0);
	world.enter = NULL;
	prove_world.lost = 1;
	assert_int_equal(device->open(NULL, NULL), 0);
	assert_int_equal(request("cpus 1"), 6);
	assert_int_equal(world_pm(PM_SUSPEND_PREPARE), 0);
	assert_non_null(strstr(world.log, "a CPU doesn't come back from a REC\n"));
	world.log[0] = 0;
	assert_int_equal(world_pm(PM_POST_SUSPEND), 0);
	assert_int_equal(device->release(NULL, NULL), 0);
	assert_non_null(strstr(world.log, "a CPU doesn't come back from a REC\n"));
	assert_int_equal(world.module_refs, 1);
	assert_int_equal(device->open(NULL, NULL), 0);
	assert_int_equal(request("cpus 2"), -EBUSY);
	prove_world.lost = 0;
	prove_world_come_back();
	assert_int_equal(request("cpus 2"), 6);
	assert_int_equal(world.module_refs, 0);
	assert_int_equal(device->release(NULL, NULL), 0);
	end_device();
}

static bool deny_destroy;

static void deny(u64 x[5])
{
	if (x[0] != RMI_REALM_DESTROY || !deny_destroy)
		return;
	x[0] = RMI_ERROR_REALM;
	world.smc_done = true;
}

/* A Realm that can't be destroyed stays, and the module with it; the next proof ends it first */
static void what_is_left_is_ended_first(void **state)
{
	(void)state;
	make_device(RMM_DIALECT_PUBLIC, 0);
	world.enter = NULL;
	world.smc = deny;
	deny_destroy = true;
	assert_int_equal(device->open(NULL, NULL), 0);
	assert_int_equal(request("cpus 1-2"), 8);
	assert_true(listen() > 0);
	assert_non_null(strstr(heard, "FAIL: its granules come back: REALM_DESTROY: 0x2\n"));
	/* no second one */
	assert_int_equal(rmm_commands(world.rmm, RMI_REALM_CREATE), 1);
	assert_int_equal(device->release(NULL, NULL), 0);
	assert_int_equal(world.module_refs, 1);
	assert_non_null(strstr(world.log, "a Realm of 9 granules remains: REALM_DESTROY: 0x2\n"));
	assert_int_equal(device->open(NULL, NULL), 0);
	assert_int_equal(request("cpus 1"), -EBUSY);
	assert_int_equal(world.module_refs, 1);
	deny_destroy = false;
	assert_int_equal(request("cpus 1"), 6);
	assert_int_equal(world.module_refs, 0);
	assert_int_equal(rmm_realms(world.rmm), 0);
	assert_int_equal(device->release(NULL, NULL), 0);
	world.smc = NULL;
	end_device();
}

/* Before everything is released, so that the next kernel finds nothing of it */
static void realm_ends_before_this_kernel(void **state)
{
	(void)state;
	for (unsigned int how = 0; how < 4; how++) {
		const bool sleeps = how > 1;

		make_device(RMM_DIALECT_BETA3, 0);
		world.enter = NULL;
		world.smc = deny;
		deny_destroy = how == 1;
		assert_int_equal(device->open(NULL, NULL), 0);
		assert_int_equal(request("cpus 1"), 6);
		if (how == 1) {
			/* one that is left is tried once more */
			assert_true(listen() > 0);
			assert_int_equal(device->release(NULL, NULL), 0);
			assert_int_equal(world.module_refs, 1);
			deny_destroy = false;
		}
		if (how == 2)
			assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), 0);
		else if (how == 3)
			assert_int_equal(world_pm(PM_SUSPEND_PREPARE), 0);
		else
			world_reboot();
		assert_int_equal(rmm_realms(world.rmm), 0);
		assert_int_equal(rmm_delegated(world.rmm), 0);
		assert_int_equal(world.module_refs, 0);
		if (how != 1)
			assert_int_equal(device->release(NULL, NULL), 0);
		if (sleeps) {
			assert_int_equal(device->open(NULL, NULL), 0);
			assert_int_equal(request("cpus 1"), how == 2 ? -ENODEV : -EBUSY);
			assert_int_equal(world_pm(how == 2 ? PM_POST_HIBERNATION :
							     PM_POST_SUSPEND), 0);
			assert_int_equal(request("cpus 1"), 6);
			assert_int_equal(device->release(NULL, NULL), 0);
		}
		world.smc = NULL;
		end_device();
	}
}

/* As src/prove/device.c has it */
struct device_proof {
	/* cppcheck-suppress unusedStructMember ; what counts is their size */
	struct prove_run run;
	/* cppcheck-suppress unusedStructMember */
	struct seat seat;
};

static unsigned int fail_alloc;		/* of the proof's, this one; 0: none */

/* A whole proof by way of the device, in which the Realm is as good as @lie lets it be */
static void prove_by(const char *text)
{
	assert_int_equal(device->open(NULL, NULL), 0);
	assert_int_equal(request(text), strlen(text));
	running = &container_of((struct seat *)prove_world.first, struct device_proof, seat)->run;
	challenge = 0;
	world.fail_alloc = fail_alloc;
	fail_alloc = 0;
	assert_true(listen() > 0);
	running = NULL;
	assert_int_equal(device->release(NULL, NULL), 0);
}

static void takes_long(u64 x[5])
{
	world.now_ns += 150 * NSEC_PER_MSEC;
}

static void forgets(struct rmm_entry *entry, u64 *run)
{
	proved_forget();
}

static void computes_badly(struct rmm_entry *entry, u64 *run)
{
	if (entries == 1)
		run[0xa30 / 8]++;
}

/* Of all CPUs alone; and what shows nothing changes nothing */
static void outcome_is_told(void **state)
{
	(void)state;
	make_device(RMM_DIALECT_PUBLIC, 0);
	prove_world.online.bits = 0x3e;
	assert_file("proved", "never");
	prove_by("cpus 1-4");
	assert_non_null(strstr(heard, "4 of them RECs\n"));
	assert_null(strstr(heard, "FAIL"));
	assert_file("proved", "never");
	lie = forgets;
	prove_by("cpus all");
	assert_file("proved", "never");
	lie = NULL;
	prove_by("cpus all\n");
	assert_non_null(strstr(heard, "5 of them RECs\n"));
	assert_null(strstr(heard, "INFO"));
	assert_file("proved", "passed");
	fail_alloc = 2;
	prove_by("cpus all");
	assert_non_null(strstr(heard, "SKIP: a Realm is made: error -12\n"));
	assert_null(strstr(heard, "FAIL"));
	assert_file("proved", "passed");
	lie = computes_badly;
	prove_by("cpus 1");
	assert_file("proved", "failed");
	/* a stop says nothing */
	lie = NULL;
	assert_int_equal(device->open(NULL, NULL), 0);
	assert_int_equal(request("cpus all"), 8);
	assert_int_equal(device->release(NULL, NULL), 0);
	assert_file("proved", "failed");
	prove_by("cpus 1-5");
	assert_file("proved", "passed");
	end_device();
}

/* It was another RMM, or is none any more */
static void outcome_is_forgotten(void **state)
{
	struct verdict why;

	(void)state;
	for (unsigned int how = 0; how < 5; how++) {
		struct rmi_regs ask = { { RMI_RMM_STATE_GET } };

		make_device(RMM_DIALECT_BETA3, 0);
		prove_world.online.bits = 0x6;
		prove_by("cpus all");
		assert_file("proved", "passed");
		switch (how) {
		case 0:
			rmi_latch("as a test");
			assert_file("proved", "never");
			rmi_unlatch();
			break;
		case 1:
			rmi_begin_session(false);
			break;
		case 2:
			world_reboot();
			break;
		case 3:
			/* a pause is all that is seen of a live update */
			assert_false(update_check(&why));
			assert_file("proved", "passed");
			world.smc = takes_long;
			assert_int_equal(rmi_call(&ask, 0), 0);
			world.smc = NULL;
			assert_false(update_check(&why));
			break;
		default:
			assert_int_equal(world_pm(PM_HIBERNATION_PREPARE), 0);
			assert_int_equal(world_pm(PM_POST_HIBERNATION), 0);
			assert_true(cca_rmi_is_available());
		}
		assert_file("proved", "never");
		end_device();
	}
}

/* Nobody else is to run there; by name they can be had */
static void isolated_cpus_are_left_out(void **state)
{
	(void)state;
	make_device(RMM_DIALECT_PUBLIC, 0);
	prove_world.online.bits = 0x3e;
	prove_world.isolated.bits = 0x70;
	prove_by("cpus all");
	assert_non_null(strstr(heard,
			       "INFO: left out, since they are isolated: CPUs 4 5\nPASS: a Realm"));
	assert_non_null(strstr(heard, "3 of them RECs\n"));
	assert_null(strstr(heard, "SKIP"));
	assert_file("proved", "passed");
	prove_by("cpus 1-2");
	assert_null(strstr(heard, "3 of them RECs\n"));
	proved_forget();
	prove_world.isolated.bits = 0x20;
	prove_by("cpus 1-4");
	assert_non_null(strstr(heard, "INFO: left out, since they are isolated: CPUs 5\n"));
	assert_file("proved", "passed");
	prove_by("cpus 1-5");
	assert_null(strstr(heard, "INFO"));
	prove_world.isolated.bits = 0x3e;
	assert_int_equal(device->open(NULL, NULL), 0);
	assert_int_equal(request("cpus all"), -EINVAL);
	assert_int_equal(device->release(NULL, NULL), 0);
	end_device();
}

/* The smallest of those that the RMM has, which are bits for SHA-256, SHA-384, SHA-512 */
static void hash_is_chosen(void **state)
{
	static const unsigned int digits[] = { 0, 64, 96, 64, 128, 64, 96, 64 };
	static const char no_hash[] =
		"SKIP: this RMM has no hash that is known: feature register 1 is 0x8107\n";
	char *at;

	(void)state;
	for (hashes = 0; hashes < ARRAY_SIZE(digits); hashes++) {
		make_device(RMM_DIALECT_BETA3, 0);
		assert_true(cca_rmi_feature_register(0));
		assert_int_equal(cca_rmi_feature_register(1) >> 3 & 7, hashes);
		assert_int_equal(cca_rmi_feature_register(2), 0);
		prove_world.online.bits = 0x6;
		prove_by("cpus all");
		at = strstr(heard, "its measurement is ");
		if (at)
			assert_int_equal(strspn(at + 19, "0123456789abcdef"), digits[hashes]);
		else
			assert_string_equal(heard, no_hash);
		assert_int_equal(!at, !hashes);
		assert_file("proved", hashes ? "passed" : "never");
		end_device();
	}
	hashes = 7;
}

/* Entries don't count, nor that this RMM comes on by one granule, and is called again */
static u64 counted;

static void count_commands(u64 x[5])
{
	static u64 last[2];
	const bool range = x[0] == RMI_GRANULE_RANGE_DELEGATE ||
			   x[0] == RMI_GRANULE_RANGE_UNDELEGATE;

	counted += x[0] != RMI_REC_ENTER && !(range && x[0] == last[0] && x[2] == last[1]);
	last[0] = x[0];
	last[1] = x[2];
}

/* Nothing is lost, and ranges are undelegated as ranges */
static void many_rounds(void **state)
{
	const unsigned int rounds = 200;

	(void)state;
	make_device(RMM_DIALECT_PUBLIC, 0);
	prove_world.online.bits = 0x1e;
	counted = 0;
	world.smc = count_commands;
	for (unsigned int i = 0; i < rounds; i++) {
		prove_by("cpus all");
		if (strstr(heard, "FAIL") || strstr(heard, "SKIP"))
			fail_msg("%s", heard);
		assert_non_null(strstr(heard, "4 of them RECs\n"));
	}
	print_message("%llu commands a round but REC_ENTER and repetitions\n",
		      counted / rounds);
	assert_true(counted < 100 * rounds);
	world.smc = NULL;
	assert_file("proved", "passed");
	assert_file("memory_lost", "0");
	end_device();
}

static void nothing_is_registered_in_part(void **state)
{
	(void)state;
	make_host(RMM_DIALECT_PUBLIC, 0, 12);
	world.reboot_error = -ENOMEM;
	assert_int_equal(shim_prove_init(), -ENOMEM);
	world.reboot_error = 0;
	world.pm_error = -ENOSPC;
	assert_int_equal(shim_prove_init(), -ENOSPC);
	world.pm_error = 0;
	prove_world.misc_error = -EBUSY;
	assert_int_equal(shim_prove_init(), -EBUSY);
	assert_int_equal(world.reboots.nr, 1);
	assert_int_equal(world.pms.nr, 2);
	end_host();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_proved),
		cmocka_unit_test(each_cpu_runs_it),
		cmocka_unit_test(exits_are_checked),
		cmocka_unit_test(address_is_a_field),
		cmocka_unit_test(interrupts_prove_nothing),
		cmocka_unit_test(faults_have_a_bound),
		cmocka_unit_test(others_are_checked),
		cmocka_unit_test(each_command_fails),
		cmocka_unit_test(no_realms),
		cmocka_unit_test(each_allocation_fails),
		cmocka_unit_test(hashes_fail),
		cmocka_unit_test(it_can_be_stopped),
		cmocka_unit_test(cpu_is_gone),
		cmocka_unit_test(no_thread),
		cmocka_unit_test(tops_are_checked),
		cmocka_unit_test(granules_come_late),
		cmocka_unit_test(no_more_pages),
		cmocka_unit_test(cpu_is_lost),
		cmocka_unit_test(device_reports),
		cmocka_unit_test(requests_are_checked),
		cmocka_unit_test(closing_ends_it),
		cmocka_unit_test(late_cpu_is_waited_for),
		cmocka_unit_test(what_is_left_is_ended_first),
		cmocka_unit_test(realm_ends_before_this_kernel),
		cmocka_unit_test(outcome_is_told),
		cmocka_unit_test(outcome_is_forgotten),
		cmocka_unit_test(isolated_cpus_are_left_out),
		cmocka_unit_test(hash_is_chosen),
		cmocka_unit_test(many_rounds),
		cmocka_unit_test(nothing_is_registered_in_part),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("prove", tests, NULL, NULL);
}
