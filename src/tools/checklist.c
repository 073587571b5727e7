// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "attributes.h"
#include "bytes.h"
#include "checklist.h"
#include "file.h"
#include "kvm.h"
#include "lines.h"

/* In the order in which the module comes to them */
enum check {
	LOADED,
	CONDUIT,
	CPUS,
	ANSWERS,
	AGREED,
	GRANULES,
	REGIONS,
	COMMANDS,
	MEMORY,
	KEPT,
	TABLES,
	TRACKED,
	NR_CHECKS
};

static const char * const checks[] = {
	[LOADED] = "the module arm_cca_rmi is loaded",
	[CONDUIT] = "this kernel is the host itself, and its firmware takes SMCs",
	[CPUS] = "all CPUs have the Realm Management Extension (RME)",
	[ANSWERS] = "an RMM answers",
	[AGREED] = "RMM and module have a revision in common",
	[GRANULES] = "the RMM's granules are of the size of this kernel's pages",
	[REGIONS] = "the size of the RMM's tracking regions is known",
	[COMMANDS] = "the RMM does what it is asked to",
	[MEMORY] = "there is memory for what the RMM and the module need",
	[KEPT] = "nothing was broken off or given back",
	[TABLES] = "every PAR with RAM has a level 1 table, or can have one",
	[TRACKED] = "all RAM is tracked as FINE conventional memory",
};

_Static_assert(sizeof(checks) / sizeof(checks[0]) == NR_CHECKS, "each says what it is");

static const char not_loaded_help[] =
	"what helps: install it as its README tells, and `modprobe arm_cca_rmi`; see `dmesg`";

static const char lost[] = "no page is lost: the RMM gave back all that it was asked for";

static const char lost_help[] =
	"what helps: reboot; nobody uses these pages until then. It is a bug in the RMM";

/* What each reason word of the module is about */
static const struct reason {
	const char *word;
	enum check fails;
	/* It may come of any command: what was reached before is for other attributes to tell */
	bool anywhere;
	const char *help;
} reasons[] = {
	{ "ok", NR_CHECKS, false, NULL },
	{ "crash-kernel", CONDUIT, false,
	  "nothing: it ends with the dump; take that by makedumpfile, since cp reads lent pages" },
	{ "no-smc-conduit", CONDUIT, false,
	  "run it on the host: this kernel is itself a guest, or its firmware has no SMCCC 1.1" },
	{ "no-rme", CPUS, false, "other hardware; in QEMU: -cpu max,x-rme=on" },
	{ "no-rmm", ANSWERS, false, "install a firmware that has an RMM" },
	{ "revision", AGREED, false, "install another RMM, one that offers RMI 2.0" },
	{ "granule-size", GRANULES, false,
	  "boot another kernel, of another page size, or install another RMM" },
	{ "region-size", REGIONS, false,
	  "have the RMM set to tracking regions of a size that the module knows, or reboot" },
	{ "no-answer", COMMANDS, true,
	  "unload the module and load it again, with a larger timeout_ms if need be" },
	{ "blocked", COMMANDS, true,
	  "an earlier kernel left an operation on that region unfinished: reboot, without kexec; "
	  "or others' operations take all that the RMM can have: load the module again later" },
	{ "unfinished", COMMANDS, true,
	  "an operation waits in the RMM for memory: free some, unload the module, load it again" },
	{ "refused", COMMANDS, true,
	  "the RMM has a reason of its own: look up command and status in its manual" },
	{ "bad-answer", COMMANDS, true,
	  "the RMM's answer makes no sense, which is a bug: tell those who made it" },
	{ "no-memory", MEMORY, true,
	  "free memory and load the module again, or load it earlier after boot" },
	{ "released", KEPT, false,
	  "the machine is about to reboot or to hibernate: wait until it has" },
	{ "interrupted", KEPT, false, "a signal ended it: try again" },
	{ "no-gpt", TABLES, false, "correct the firmware's memory map: it gives no table there" },
	{ "not-tracked", TRACKED, false,
	  "have the firmware tell the RMM of all DRAM, or don't put that memory online" },
	{ "not-fine", TRACKED, false,
	  "install an RMM with preallocated metadata, or one that lets the host change tracking" },
	{ "not-conventional", TRACKED, false,
	  "correct the RMM's memory map: it takes RAM for device memory" },
};

/* One that is of a newer module comes in place of the first check that no attribute tells of */
static const struct reason unknown = {
	.fails = COMMANDS,
	.anywhere = true,
	.help = "this rmi-host is older than the module, whose reference.md tells what it means",
};

/* What failed instead of the check that a reason is about, which wasn't reached; or NULL */
static const char *fails_instead(const struct reason *why)
{
	if (!why->word)
		return "the module's reason is one that this rmi-host knows";
	if (!strcmp(why->word, "crash-kernel"))
		return "this kernel isn't one that only takes the dump of another";
	return NULL;
}

static const struct reason *find_reason(const char *word)
{
	unsigned int i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strcmp(reasons[i].word, word))
			return &reasons[i];
	return &unknown;
}

/* Does an attribute tell that the module came past this check, whatever happened then? */
static bool came_past(const struct attributes *a, enum check check)
{
	switch (check) {
	case LOADED:
	case CONDUIT:
	case CPUS:
		return true;	/* no command is issued before */
	case ANSWERS:
		return strcmp(a->of[RMM_STATE].text, "none");
	case AGREED:
		return strcmp(a->of[REVISION].text, "none");
	case GRANULES:
		return a->of[GRANULE_SIZE].number;
	default:
		return !strcmp(a->of[RMM_STATE].text, "active");
	}
}

static void say_pass(const struct attributes *a, enum check check)
{
	const char *what = checks[check];

	switch (check) {
	case AGREED:
		lines_say("PASS", "%s: RMI %s", what, a->of[REVISION].text);
		break;
	case GRANULES:
		lines_say("PASS", "%s: %s", what, bytes_text(a->of[GRANULE_SIZE].number).text);
		break;
	case MEMORY:
		lines_say("PASS", "%s: %s lent", what,
			  bytes_text(a->of[MEMORY_DONATED].number).text);
		break;
	case TRACKED:
		lines_say("PASS", "%s: %s", what, bytes_text(a->of[MEMORY_COVERED].number).text);
		break;
	default:
		lines_say("PASS", "%s", what);
	}
}

static void say_fail(const struct attributes *a, const char *what, const char *help)
{
	const char *word = a->of[REASON].text, *detail = a->of[DETAIL].text;

	lines_say("FAIL", "%s", what);
	if (a->detail_hidden)
		lines_say("", "%s (the detail is for root alone to read)", word);
	else
		lines_say("", "%s%s%s", word, *detail ? ": " : "", detail);
	lines_say("", "what helps: %s", help);
}

static void say_skip(const char *what, const char *why)
{
	lines_say("SKIP", "%s (%s)", what, why);
}

static void show_checks(const struct attributes *a, const struct reason *why)
{
	const char *instead = fails_instead(why);
	enum check check;

	for (check = LOADED; check < NR_CHECKS; check++) {
		if (check == why->fails)
			say_fail(a, instead ? instead : checks[check], why->help);
		if (check < why->fails && (!why->anywhere || came_past(a, check)))
			say_pass(a, check);
		else if (check != why->fails || instead)
			say_skip(checks[check], check < why->fails ? "not known" : "not reached");
	}
}

static void show_lost(const struct attributes *a)
{
	const uint64_t bytes = a->of[MEMORY_LOST].number;

	if (!bytes) {
		lines_say("PASS", "%s", lost);
		return;
	}
	lines_say("FAIL", "%s but %s", lost, bytes_text(bytes).text);
	lines_say("", "%s", lost_help);
}

/* What this kernel's own driver has made of the RMM, and what that means for KVM */
static void show_kernel_driver(const struct attributes *a)
{
	static const struct {
		const char *word, *text, *until;
	} known[] = {
		{ "available", "has the RMM, for its KVM: arm_cca_rmi looks, and changes nothing",
		  "" },
		{ "gave-up", "gave up at boot: its KVM starts no Realms",
		  " until it is rebooted on firmware with static memory" },
		{ "stuck", "gave up at boot, and the RMM stayed active: no kexec, no hibernation,",
		  " and its KVM starts no Realms until it is rebooted on newer firmware" },
	};
	const char *word = a->of[KERNEL_DRIVER].text;
	unsigned int i;

	/* Older modules don't say, and few kernels have one */
	if (a->of[KERNEL_DRIVER].missing || !strcmp(word, "absent"))
		return;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(word, known[i].word)) {
			lines_say("INFO", "this kernel's own driver %s%s", known[i].text,
				  known[i].until);
			return;
		}
	}
	lines_say("INFO", "this kernel's own driver: %s", word);
}

/* What they find isn't memory's, and fails nothing */
static void show_beyond(uint64_t ipa_bits)
{
	static const char kvm_what[] = "KVM of this kernel starts Realms";
	static const char lfa_what[] = "the firmware can be updated while the host runs (LFA)";
	struct kvm_answer kvm;

	kvm_ask(ipa_bits, &kvm);
	if (kvm.asked)
		lines_say(kvm.yes ? "PASS" : "INFO", "%s: %s", kvm_what, kvm.text);
	else
		say_skip(kvm_what, kvm.text);
	lines_say("INFO", "%s: %s", lfa_what, file_is_there("/sys/firmware/lfa") ? "yes" : "no");
}

static void show_not_loaded(void)
{
	enum check check;

	lines_say("FAIL", "%s", checks[LOADED]);
	lines_say("", "%s", not_loaded_help);
	for (check = LOADED + 1; check < NR_CHECKS; check++)
		say_skip(checks[check], "not reached");
	say_skip(lost, "not reached");
	show_beyond(0);
	printf("Realms are not available: the module isn't loaded\n");
}

bool checklist_show(void)
{
	struct attributes a;
	const char *word;

	if (!attributes_read(&a)) {
		show_not_loaded();
		return false;
	}
	word = a.of[REASON].text;
	show_checks(&a, find_reason(word));
	show_lost(&a);
	show_kernel_driver(&a);
	show_beyond(attributes_feature(&a, "ipa_bits"));
	if (a.of[AVAILABLE].number)
		printf("Realms are available\n");
	else
		printf("Realms are not available: %s\n", word);
	return a.of[AVAILABLE].number;
}
