// SPDX-License-Identifier: GPL-2.0-only
/* The proof: a Realm is made, run and unmade, and each step says what it has seen */
#include "module_fixture.h"
#include "../shim/shim_prove.h"
#include "payload_words.h"
#include "../../src/prove/rec.h"
#include "../../src/prove/run.h"

asm(".pushsection .rodata\n"
    ".balign 4096\n"
    ".globl prove_payload, prove_payload_end\n"
    "prove_payload:\n"
    PAYLOAD_WORDS
    "prove_payload_end:\n"
    ".popsection\n");

/* What runs in the Realm ------------------------------------------------------------------------ */

static const struct prove_run *running;
static unsigned int entries;
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

static void touch(u64 *run, u64 ipa)
{
	run[0x800 / 8] = 0;
	run[0x900 / 8] = 0x24ULL << 26 | 0x7;
	run[0x910 / 8] = ipa >> 8;
}

/* As src/prove/payload.S has it */
static void behave(struct rmm_entry *entry, u64 *run, unsigned int step)
{
	switch (step) {
	case 0:
		tell_self(entry, run);
		break;
	case 1:
		touch(run, 0x100000 + 3 * PAGE_SIZE);
		break;
	case 2:
		host_call(run, 2);
		run[0xa00 / 8] = 1;
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
	behave(entry, run, entries++);
	if (lie)
		lie(entry, run);
}

/* Before and after ------------------------------------------------------------------------------ */

static struct prove_run *proof;

static void make_host(enum rmm_dialect dialect, u64 flags, unsigned int shift)
{
	describe(dialect);
	machine.flags = flags;
	machine.hashes = 7;
	machine.recs_order = 5;
	if (dialect == RMM_DIALECT_AUTUMN)
		machine.granules = 1;
	make(shift);
	load();
	prove_world = (struct prove_world){ .cpu = 1 };
	proof = calloc(1, sizeof(*proof));
	proof->cpu = 1;
	running = proof;
	entries = 0;
	lie = NULL;
	world.enter = inside;
}

static void end_host(void)
{
	world.enter = NULL;
	free(proof);
	assert_int_equal(prove_world.timers, 0);
	assert_int_equal(prove_world.hashes, 0);
	assert_int_equal(prove_world.no_preemption, 0);
	assert_int_equal(rmm_realms(world.rmm), 0);
	assert_int_equal(rmm_operations(world.rmm), 0);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	assert_int_equal(ledger_has("taken") + ledger_has("realm") + ledger_has("ready"), 0);
	assert_file("memory_lost", "0");
	unload();
}

#define assert_says(what)	assert_non_null(strstr(proof->report.text, what))

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
		{ 12, 0, 0, { "f2bb19b395dc552a1cf16fa4c2c22b4a241599ccb284b4b8e51608e22579659b" } },
		{ 12, 0, RMM_FLAG_RIPAS_MEASURED,
		  { "833139d3111d953a9d43d6eb5164a49cff2d343c5207dc1b70b20bcc3fd5be2f" } },
		{ 12, 1, 0, { "582d1ce797eef734df0efd890ff2d2ad72d05e648b20bab6a6493c85e34c7af0",
			      "5cbd04fe63c8b89af176ddc21c827a32440376dd09fe61a5af767ad6ace1a7ee" } },
		{ 12, 2, 0, { "a7484b1a63c348ae54d27c449e0240e6b471787e7760d423a91dda70840e2c8a",
			      "32687636bbfd5e35e161d2d7aae689e6" } },
		{ 14, 0, 0, { "971081eef9d408c2a78d3503d9ce7c7f824afe0987ed88ce74039d277645804c" } },
		{ 14, 1, 0, { "a79686fb786dca6508e8e65578565a77f8fdb2f15b290ab27e596328b67767fb",
			      "d9c3d03d0ede5a3a46a7c355af2e869af1c693e865a360c99f9ed31b501a4c65" } },
		{ 14, 2, 0, { "5f9d09f10298482d078796041624ca17b5d576a5a0bd1b1b216bac8c9ec4fe80",
			      "9c9f836906f2757495b5a5fd24eecbc7" } },
		{ 16, 0, 0, { "691ef421d5fca199254111e87bd36eead2eda56898738ef74362b700ed9edfcf" } },
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_proved),
	};

	if (getenv("T"))
		cmocka_set_test_filter(getenv("T"));
	return cmocka_run_group_tests_name("prove", tests, NULL, NULL);
}
