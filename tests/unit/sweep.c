// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine of the fault sweep: replays a scenario with one answer, or two, or an allocation gone
 * wrong. Children do the work, a point at a time from a common counter, so that one that dies takes
 * nothing along.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sweep.h"

#define TIMEOUT_MS	"5"	/* the module's timeout_ms, in the world's time */

/*
 * The bounds. All that a point does, with its clean retry, is a few times the clean run; each of
 * those commands may be repeated for timeout_ms, each repetition taking 2 us and a nap of 100 us.
 */
#define REPEATS		(5000 / 102 + 2)
#define MAX_COMMANDS(clean)	((clean) * 4ULL * REPEATS + 1000)
#define MAX_NS(clean)		((clean) * 4 * 5100000ULL + 1000000000ULL)
/* Of this process's own time, for a loop without a command: a clean run is milliseconds */
#define MAX_CPU_SECONDS(clean_us)	(20 + (clean_us) / 1000)

#define MAX_ANSWERS	(1U << 15)
#define MAX_WORKERS	8
#define MAX_WRONG	40	/* then a scenario is given up; or SWEEP_WRONG */

/*
 * What is played of a scenario without SWEEP_ALL beside the faults at each place. They are numbers,
 * so that a slow machine plays as many. Where a place was tried before: so many single faults and
 * allocations, and so many first faults of pairs. For each first fault, so many second ones, at
 * places that differ as long as there are any.
 */
#define SAMPLE_SINGLES	300
#define SAMPLE_FIRSTS	10
#define SAMPLE_SECONDS	16

/* What the RMM is made to say. INCOMPLETE with each memory request, cancellable or not */
static const u64 words[] = {
	RMI_SUCCESS, RMI_ERROR_INPUT, RMI_ERROR_REALM, RMI_ERROR_REC, RMI_ERROR_RTT,
	RMI_ERROR_NOT_SUPPORTED, RMI_ERROR_DEVICE, RMI_ERROR_RTT_AUX, RMI_ERROR_PSMMU_ST,
	RMI_ERROR_DPT, RMI_BUSY, RMI_ERROR_GLOBAL, RMI_ERROR_TRACKING, RMI_BLOCKED, RMI_ERROR_GPT,
	RMI_ERROR_GRANULE, 255, -1ULL,
	RMI_INCOMPLETE, 0x100 | RMI_INCOMPLETE, 0x200 | RMI_INCOMPLETE, 0x300 | RMI_INCOMPLETE,
	0x400 | RMI_INCOMPLETE, 0x500 | RMI_INCOMPLETE, 0x600 | RMI_INCOMPLETE,
	0x700 | RMI_INCOMPLETE,
};

/* ... where two things go wrong */
static const struct fault pair_words[] = {
	{ .how = BARE, .x0 = RMI_ERROR_INPUT },
	{ .how = BARE, .x0 = RMI_ERROR_GLOBAL },
	{ .how = BARE, .x0 = RMI_BUSY, .for_ever = true },
	{ .how = BARE, .x0 = -1ULL },
	/* no progress, as where it has come to is where it was */
	{ .how = BARE, .x0 = RMI_SUCCESS, .for_ever = true },
};

/* The answers of a run, for LIE */
struct answer {
	u64 in[5], out[5];
	u64 *list;		/* what RECLAIM wrote */
};
/* of the clean run; of the run with the first fault of pairs */
static struct answer *answers;
static unsigned int nr_answers;
static bool recording;

/* The commands of the clean run; of the one that was recorded last */
static struct commands {
	u32 fid[MAX_ANSWERS];
	struct places places;
} clean, recorded;
static unsigned int nr_clean;
/* of the clean run; how many commands came before each */
static struct places allocations;
static unsigned int alloc_after[MAX_ANSWERS];

static const char *only;		/* SWEEP: this point alone */
static unsigned int only_played;
static bool is_quiet;			/* it is one of many tests: no list of its commands */

/* One run */
static struct point now;
static unsigned int issued;
static bool armed;
static u64 max_commands, max_ns;
static unsigned int max_cpu_seconds;

#define ID_SIZE		240	/* of a point's name */

/* What the children tell */
struct tally {
	unsigned int next;		/* job that nobody has begun */
	unsigned int points, kinds[3], hidden, believed, wrong, hung;
	/* singles and allocations; pairs; first ones of pairs, and with each all its pairs */
	unsigned int left_out[3];
	u64 lost;			/* pages */
	u64 most_commands, most_ns;
	struct {
		unsigned int job, part;	/* where this worker is */
		char id[ID_SIZE];
	} worker[MAX_WORKERS];
};
static struct tally *tally;
static unsigned int me;			/* which worker */
static struct tally all;

/* For part: the first fault of pairs was too much already */
#define DIED		(~0U)

enum { EXIT_WRONG = 3, EXIT_LOST, EXIT_HUNG };

/* Each point makes a world of its own: what was freed needn't be kept from use for long */
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4";
}

/* The names of points -------------------------------------------------------------------------- */

static const char *name_command(u32 fid)
{
#define NAME(fid)	{ RMI_##fid, #fid }
	static const struct {
		u32 fid;
		const char *name;
	} names[] = {
		NAME(VERSION), NAME(FEATURES), NAME(RMM_CONFIG_SET), NAME(RMM_CONFIG_GET),
		NAME(RMM_STATE_GET), NAME(RMM_ACTIVATE), NAME(RMM_DEACTIVATE),
		NAME(GRANULE_TRACKING_GET), NAME(GRANULE_TRACKING_SET),
		NAME(GRANULE_RANGE_DELEGATE), NAME(GRANULE_RANGE_UNDELEGATE), NAME(GPT_INFO),
		NAME(GPT_L1_CREATE), NAME(GPT_L1_DESTROY), NAME(OP_CONTINUE), NAME(OP_MEM_DONATE),
		NAME(OP_MEM_RECLAIM), NAME(OP_CANCEL),
	};
#undef NAME
	static char number[16];

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].fid == fid)
			return names[i].name;
	snprintf(number, sizeof(number), "%#x", fid);
	return number;
}

/*
 * A command is named by its function and how many of these came before, so that a point keeps its
 * name when src/ issues more or fewer of others
 */
static void name_fault(char *to, size_t n, const struct fault *f, const struct commands *c)
{
	static const char * const how[] = { "bare", "lie", "did" };
	unsigned int which = 1;

	for (unsigned int i = 0; i < f->at; i++)
		which += c->fid[i] == c->fid[f->at];
	snprintf(to, n, "%s#%u:status=%#llx:%s%s", name_command(c->fid[f->at]), which, f->x0,
		 how[f->how], f->for_ever ? ":for-ever" : "");
}

/* Likewise an allocation by the command that it comes after, and how many others came between */
static void name_alloc(char *to, size_t n, unsigned int alloc)
{
	const unsigned int after = alloc_after[alloc];
	unsigned int which = 1, nth = 1;

	for (unsigned int i = 0; i < alloc; i++)
		which += alloc_after[i] == after;
	if (!after) {
		snprintf(to, n, "alloc#%u", which);
		return;
	}
	for (unsigned int i = 0; i < after - 1; i++)
		nth += clean.fid[i] == clean.fid[after - 1];
	snprintf(to, n, "alloc#%u-after-%s#%u", which, name_command(clean.fid[after - 1]), nth);
}

static void name_point(char *to, size_t n, const struct scenario *s, const struct point *p)
{
	char a[80] = "clean", b[80] = "";

	if (p->nr)
		name_fault(a, sizeof(a), &p->fault[0], &clean);
	if (p->nr > 1)
		name_fault(b, sizeof(b), &p->fault[1], &recorded);
	if (p->alloc)
		name_alloc(a, sizeof(a), p->alloc - 1);
	snprintf(to, n, "%s:%s%s%s%s", s->name, a, p->alloc_rest ? ":and-all-after" : "",
		 *b ? "+" : "", b);
}

static void say(const char *what)
{
	printf("# fault sweep: %s: %s\n#   alone: SWEEP='%s' SEED=%llu build/unit/test_sweep\n",
	       tally->worker[me].id, what, tally->worker[me].id, sample_seed());
	fflush(stdout);
}

void sweep_wrong(const char *fmt, ...)
{
	char text[300];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	say(text);
	_exit(EXIT_WRONG);
}

void sweep_lost(u64 pages)
{
	char text[60];

	snprintf(text, sizeof(text), "%llu pages are in nobody's hands", pages);
	__atomic_fetch_add(&tally->lost, pages, __ATOMIC_RELAXED);
	say(text);
	_exit(EXIT_LOST);
}

void sweep_hung(const char *what)
{
	say(what);
	_exit(EXIT_HUNG);
}

/* Faults --------------------------------------------------------------------------------------- */

static void ask(u64 x[6])
{
	uint64_t y[6] = { x[0], x[1], x[2], x[3], x[4], x[5] };

	if (!rmm_command(world.rmm, y))
		sweep_wrong("not a command: %#llx", x[0]);
	for (int i = 0; i < 5; i++)
		x[i] = y[i];
}

static bool is_incomplete(u64 x0)
{
	return RMI_RESULT_STATUS(x0) == RMI_INCOMPLETE;
}

/* The command that began the operation which this one is about */
static u32 began;
static bool began_fine;		/* TRACKING_SET to FINE */

static void note_beginning(const u64 x[6])
{
	switch (x[0]) {
	case RMI_OP_CONTINUE:
	case RMI_OP_MEM_DONATE:
	case RMI_OP_MEM_RECLAIM:
	case RMI_OP_CANCEL:
	/* between, for pages to donate */
	case RMI_GRANULE_RANGE_DELEGATE:
	case RMI_GRANULE_RANGE_UNDELEGATE:
		return;
	}
	began = x[0];
	began_fine = began == RMI_GRANULE_TRACKING_SET && x[3] == RMI_TRACKING_FINE;
}

/*
 * What an RMM says of a command that it doesn't know; of one that it does, it is a way to be BUSY
 */
static bool is_unknown(u64 x0)
{
	return x0 == -1ULL || RMI_RESULT_STATUS(x0) == RMI_ERROR_NOT_SUPPORTED;
}

/*
 * Lies that no host can see, about whose pages are:
 * - they are said to be back, and nothing else tells;
 * - none was taken of what was offered, by an RMM that is BUSY ("nothing changed"), or that turns
 *   to giving back what it took, and then gives none;
 * - a consumer's page is said not to have been delegated;
 * - after an update, the handle of an operation is said to be dead, and so its pages to be back.
 */
static bool hides_pages(const struct fault *f, const u64 in[5])
{
	const u64 status = RMI_RESULT_STATUS(f->x0);

	switch (in[0]) {
	case RMI_GRANULE_RANGE_UNDELEGATE:
		return f->how == LIE && status == RMI_SUCCESS;
	case RMI_OP_MEM_RECLAIM:
		return f->how == LIE || (played.scenario->update_at && f->x0 == RMI_ERROR_INPUT);
	case RMI_GRANULE_RANGE_DELEGATE:
		/* what is refused to a consumer may be another's */
		return f->how == DID && !is_incomplete(f->x0) && played.scenario->lazy;
	case RMI_OP_MEM_DONATE:
		return f->how == DID &&
		       (status == RMI_BUSY || is_unknown(f->x0) ||
			(is_incomplete(f->x0) && RMI_RESULT_MEM_REQ(f->x0) == RMI_MEM_REQ_RECLAIM));
	default:
		return false;
	}
}

/* ... and about cover: there was a level 1 table before, by an RMM that can't be asked about it */
static bool hides_cover(const struct fault *f)
{
	return began == RMI_GPT_L1_CREATE && played.scenario->dialect != RMM_DIALECT_BETA3 &&
	       f->x0 == RMI_ERROR_GPT;
}

/*
 * An RMM's word about its own act is believed: to ask again would cost each honest one a command a
 * region. It harms nobody, see oracle_believed(). What it says to have taken has paid for
 * something, which a SUCCESS of CANCEL then says was made.
 */
static bool is_believed(const struct fault *f, const u64 in[5])
{
	return (began == RMI_GPT_L1_CREATE || began_fine) &&
	       (f->x0 == RMI_SUCCESS || (f->how == LIE && in[0] == RMI_OP_MEM_DONATE));
}

/*
 * A refusal, and nothing was done. To a call about an operation that would be the operation's end,
 * which it isn't; what isn't undelegated is rightly lost.
 */
static bool is_honest(const struct fault *f, const u64 in[5])
{
	const u64 status = RMI_RESULT_STATUS(f->x0);

	if (f->how == DID || f->x0 == RMI_SUCCESS || is_incomplete(f->x0))
		return false;
	switch (in[0]) {
	case RMI_OP_CONTINUE:
	case RMI_OP_MEM_DONATE:
	case RMI_OP_MEM_RECLAIM:
	case RMI_OP_CANCEL:
		return status == RMI_BUSY && !f->for_ever;
	case RMI_GRANULE_RANGE_UNDELEGATE:
		return (status == RMI_BUSY || status == RMI_BLOCKED) && !f->for_ever;
	default:
		return true;
	}
}

/* A granule that is refused, and doesn't turn out to be none of the RMM's, is never used again */
static bool loses_one(const struct fault *f, const u64 in[5])
{
	switch (RMI_RESULT_STATUS(f->x0)) {
	case RMI_BUSY:
	case RMI_BLOCKED:
	case RMI_ERROR_GLOBAL:
	case RMI_ERROR_TRACKING:
	case RMI_ERROR_GPT:
		return false;
	default:
		return in[0] == RMI_GRANULE_RANGE_DELEGATE && !is_unknown(f->x0);
	}
}

/* As the true answer, where it has the parts that this status makes one look for */
static void make_up(const struct fault *f, const struct answer *a, u64 x[6])
{
	const u64 in2 = x[2];

	for (int i = 1; i < 5; i++)
		x[i] = a->out[i];
	if (a->in[0] == RMI_OP_MEM_RECLAIM && a->list)
		memcpy(world_at(in2), a->list, min(a->out[1], PAGE_SIZE / 8) * 8);
	if (is_incomplete(f->x0) && !is_incomplete(a->out[0])) {
		x[1] = a->in[0] == RMI_OP_MEM_RECLAIM || a->in[0] == RMI_OP_MEM_DONATE ? x[1] : 77;
		x[2] = 1 << RMI_DONATE_COUNT_SHIFT | 1 << RMI_DONATE_STATE_SHIFT;
	}
	if (f->x0 == RMI_SUCCESS && (a->in[0] == RMI_GRANULE_RANGE_DELEGATE ||
				     a->in[0] == RMI_GRANULE_RANGE_UNDELEGATE) &&
	    is_incomplete(a->out[0]))
		x[1] = in2;
}

/* Commands that take something back, or see to it */
static bool is_undo(const u64 in[5])
{
	switch (in[0]) {
	case RMI_GRANULE_TRACKING_SET:
		return in[3] != RMI_TRACKING_FINE;
	case RMI_GPT_L1_DESTROY:
	case RMI_GRANULE_RANGE_UNDELEGATE:
	case RMI_OP_MEM_RECLAIM:
	case RMI_OP_CANCEL:
	case RMI_OP_CONTINUE:
	case RMI_RMM_DEACTIVATE:
		return true;
	default:
		return false;
	}
}

/*
 * What became of an undo that an update ended, which here takes longer than the module is patient:
 * an RMM that doesn't say isn't asked again at unload
 */
static bool asks_after_update(const u64 in[5])
{
	return played.scenario->update_at && in[0] == RMI_GRANULE_TRACKING_GET;
}

static void hit(struct fault *f, unsigned int n, u64 x[6])
{
	f->fid = x[0];
	played.hidden_pages |= hides_pages(f, x);
	world.lied = played.hidden_pages;
	played.hidden_cover |= hides_cover(f);
	played.believed |= is_believed(f, x);
	played.honest &= is_honest(f, x);
	played.may_lose |= loses_one(f, x);
	played.undo_refused |= is_undo(x);
	played.kept |= (is_undo(x) || asks_after_update(x)) && (f->for_ever || played.unloading);
	if (f->how == LIE && n < nr_answers)
		make_up(f, &answers[n], x);
	if (f->how == DID)
		ask(x);
	x[0] = f->x0;
}

static void record(unsigned int n, const u64 in[5], const u64 out[5])
{
	struct answer *a = &answers[n];

	memcpy(a->in, in, sizeof(a->in));
	memcpy(a->out, out, sizeof(a->out));
	free(a->list);
	a->list = NULL;
	if (in[0] == RMI_OP_MEM_RECLAIM && out[1] && out[1] <= PAGE_SIZE / 8) {
		a->list = malloc(out[1] * 8);
		memcpy(a->list, world_at(in[2]), out[1] * 8);
	}
	nr_answers = n + 1;
}

static void on_smc(u64 x[6])
{
	const u64 in[5] = { x[0], x[1], x[2], x[3], x[4] };
	struct fault *f = NULL;
	unsigned int n;

	if (world.smcs > max_commands)
		sweep_hung("more commands than the bound");
	world.smc_done = true;
	note_beginning(x);
	if (!armed) {
		ask(x);
		return;
	}
	n = issued++;
	for (unsigned int i = 0; i < now.nr && !f; i++)
		if (now.fault[i].at == n ||
		    (now.fault[i].for_ever && n > now.fault[i].at && now.fault[i].fid == x[0]))
			f = &now.fault[i];
	if (f)
		hit(f, n, x);
	else
		ask(x);
	if (only && !recording && !is_quiet)
		printf("# %u%s: %#llx(%#llx, %#llx, %#llx) = %#llx, %#llx, %#llx, %#llx\n", n,
		       f ? " FAULT" : "", in[0] & 0xffff, in[1], in[2], in[3], x[0], x[1], x[2],
		       x[3]);
	if (recording) {
		if (n >= MAX_ANSWERS)
			sweep_hung("more commands than can be recorded");
		record(n, in, x);
		recorded.fid[n] = in[0];
		places_add(&recorded.places, place_with(place_with(place_here(), in[0]), x[0]));
	}
}

static void on_alloc(void)
{
	if (!recording || now.nr)
		return;
	if (allocations.nr >= MAX_ANSWERS)
		sweep_hung("more allocations than can be recorded");
	alloc_after[allocations.nr] = issued;
	places_add(&allocations, place_here());
}

/* One point ------------------------------------------------------------------------------------ */

static void set_parameters(const struct scenario *s)
{
	shim_set_timeout_ms(TIMEOUT_MS);
	shim_set_cover(s->lazy ? "lazy" : "eager");
}

static void check_time(void)
{
	if (world.now_ns > max_ns)
		sweep_hung("more time than the bound");
}

/* Faults off, in the same world, as a user would try again */
static void retry(const struct scenario *s)
{
	const u64 before = world.with_rmm;

	if (!oracle_may_load())
		return;
	world_forget_module();
	set_parameters(s);
	/*
	 * A region that was COARSE may be NONE now, as the RMM refused the former: without
	 * GPT_INFO, and with cover=lazy, the module takes that for none that can be had
	 */
	shim_set_cover("eager");
	world.log[0] = 0;
	if (shim_module_init())
		sweep_wrong("a clean retry isn't loaded");
	if (strcmp(world_read("available"), "1"))
		sweep_wrong("a clean retry: %s (%s)", world_read("reason"), world_read("detail"));
	if (!played.hidden_cover && oracle_covered() != oracle_online())
		sweep_wrong("a clean retry covered %llu of %llu", oracle_covered(),
			    oracle_online());
	shim_module_exit();
	oracle_retried(before);
}

void sweep_unload(void)
{
	world.log[0] = 0;
	played.unloading = true;
	shim_module_exit();
	played.unloading = false;
	played.loaded = false;
}

/* After the steps, and what the scenario itself looks at */
static void come_to_rest(void)
{
	world.fail_alloc = 0;
	if (played.loaded) {
		oracle_loaded();
		armed = false;
		if (played.believed)
			oracle_believed();
		armed = true;
		sweep_unload();
	}
	armed = false;
}

/* Not by the clock: this machine may be busy with something else */
static void watch_for(unsigned int seconds)
{
	const struct itimerval timer = { .it_value.tv_sec = seconds };

	assert_int_equal(setitimer(ITIMER_PROF, &timer, NULL), 0);
}

static void play(const struct scenario *s, const struct point *p, bool record_it)
{
	now = *p;
	issued = 0;
	recording = record_it;
	recorded.places.nr = record_it ? 0 : recorded.places.nr;
	armed = false;
	began = 0;
	place_begin(__builtin_frame_address(0));
	played = (struct played){ .scenario = s, .point = &now, .honest = true, .loaded = true };
	s->make(s);
	watch_for(max_cpu_seconds);
	world.smc = on_smc;
	armed = true;
	world.fail_alloc = p->alloc;
	world.fail_rest = p->alloc_rest;
	world.allocates = on_alloc;
	allocations.nr = record_it && !p->nr ? 0 : allocations.nr;
	s->run();
	world.allocates = NULL;
	/* what comes to rest has no faults of its own, but as the second of two */
	if (record_it && !p->nr) {
		nr_clean = issued;
		memcpy(clean.fid, recorded.fid, nr_clean * sizeof(*clean.fid));
	}
}

static void run_point(const struct scenario *s, const struct point *p, bool record_it)
{
	name_point(tally->worker[me].id, sizeof(tally->worker[me].id), s, p);
	play(s, p, record_it);
	come_to_rest();
	oracle_rest();
	check_time();
	retry(s);
	check_time();
	watch_for(0);
	if (world.smcs > tally->most_commands)
		tally->most_commands = world.smcs;
	if (world.now_ns > tally->most_ns)
		tally->most_ns = world.now_ns;
	__atomic_fetch_add(&tally->hidden, played.hidden_pages || played.hidden_cover,
			   __ATOMIC_RELAXED);
	__atomic_fetch_add(&tally->believed, played.believed, __ATOMIC_RELAXED);
	world_end_with(world.pages_out, world.with_rmm);
}

/* All points ----------------------------------------------------------------------------------- */

static bool wanted(const struct scenario *s, const struct point *p)
{
	char id[ID_SIZE];

	if (!only)
		return true;
	name_point(id, sizeof(id), s, p);
	return !strcmp(id, only);
}

static void try(const struct scenario *s, const struct point *p, unsigned int kind)
{
	if (!wanted(s, p))
		return;
	__atomic_fetch_add(&tally->points, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&tally->kinds[kind], 1, __ATOMIC_RELAXED);
	run_point(s, p, false);
}

/* Is this what the command says anyway? */
static bool is_true(const struct fault *f)
{
	return f->how != BARE && answers[f->at].out[0] == f->x0;
}

/*
 * Of the commands from @from on, which undo is to be the second one that fails, and by which of
 * pair_words: a bit for each. A pair has one of them, by turns, where all are played, or with
 * SWEEP_ALL=2 each.
 */
static void choose_seconds(const struct scenario *s, unsigned int job, unsigned int from,
			   unsigned char *undo)
{
	const char *all_of = getenv("SWEEP_ALL");
	struct random r = sample_random(s->name, job);
	unsigned int *old = malloc((nr_answers + 1) * sizeof(*old)), *new, nr_old = 0, nr_new = 0;
	unsigned int turn = job + from - 1, left_out = 0, j;

	new = malloc((nr_answers + 1) * sizeof(*new));
	assert_true(old && new);
	places_mark_first(&recorded.places);
	memset(undo, 0, nr_answers);
	for (j = from; j < nr_answers; j++) {
		if (!is_undo(answers[j].in))
			continue;
		if (only || (all_of && !strcmp(all_of, "2")))
			undo[j] = (1 << ARRAY_SIZE(pair_words)) - 1;
		else if (all_of)
			undo[j] = 1 << ++turn % ARRAY_SIZE(pair_words);
		else if (recorded.places.is_first[j])
			new[nr_new++] = j;
		else
			old[nr_old++] = j;
		left_out += ARRAY_SIZE(pair_words) - __builtin_popcount(undo[j]);
	}
	sample_draw(&r, new, nr_new, SAMPLE_SECONDS);
	sample_draw(&r, old, nr_old, SAMPLE_SECONDS);
	for (j = 0; j < SAMPLE_SECONDS && j < nr_new + nr_old; j++, left_out--)
		undo[j < nr_new ? new[j] : old[j - nr_new]] =
			1 << random_below(&r, ARRAY_SIZE(pair_words));
	__atomic_fetch_add(&tally->left_out[1], left_out, __ATOMIC_RELAXED);
	free(old);
	free(new);
}

/* The job of pairs whose first is this; from the part on that a child before has not done */
static void try_pairs(const struct scenario *s, const struct fault *first, unsigned int job,
		      unsigned int part)
{
	struct point p = { .nr = 1, .fault = { *first } };
	static unsigned char undo[MAX_ANSWERS];
	unsigned int n = 0, last, j;
	char id[ID_SIZE];

	name_point(id, sizeof(id), s, &p);
	if (part == DIED || (only && (strncmp(id, only, strlen(id)) ||
				      (only[strlen(id)] && only[strlen(id)] != '+'))))
		return;
	if (!part && first->for_ever && wanted(s, &p)) {
		__atomic_fetch_add(&tally->points, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&tally->kinds[2], 1, __ATOMIC_RELAXED);
	}
	tally->worker[me].part = DIED;
	run_point(s, &p, true);	/* but for those for ever, one of the single ones again */
	last = nr_answers;
	choose_seconds(s, job, first->at + 1, undo);
	p.nr = 2;
	for (j = first->at + 1; j < last; j++) {
		for (unsigned int k = 0; undo[j] && k < ARRAY_SIZE(pair_words); k++, n++) {
			if (n < part || !(undo[j] & 1 << k))
				continue;
			tally->worker[me].part = n + 1;
			p.fault[1] = pair_words[k];
			p.fault[1].at = j;
			try(s, &p, 2);
		}
	}
}

/* Jobs in this order: each command with each word in each way; allocations; pairs by their first */
static unsigned int nr_jobs(void)
{
	return nr_clean * ARRAY_SIZE(words) * 3 + allocations.nr * 2 +
	       nr_clean * ARRAY_SIZE(pair_words);
}

/* What it plays: 0 for a single fault, 1 for an allocation, 2 for pairs, -1 for nothing */
static int kind_of(unsigned int job, struct point *p, bool *is_first)
{
	const unsigned int singles = nr_clean * ARRAY_SIZE(words) * 3;
	const unsigned int pairs = singles + allocations.nr * 2;
	struct fault *f = &p->fault[0];
	int kind;

	*p = (struct point){};
	if (job >= singles && job < pairs) {
		job -= singles;
		p->alloc = job / 2 + 1;
		p->alloc_rest = job % 2;
		*is_first = allocations.is_first[job / 2];
		return 1;
	}
	p->nr = 1;
	if (job < singles) {
		*f = (struct fault){ .how = job % 3, .x0 = words[job / 3 % ARRAY_SIZE(words)],
				     .at = job / 3 / ARRAY_SIZE(words) };
		kind = is_true(f) ? -1 : 0;
	} else {
		job -= pairs;
		*f = pair_words[job % ARRAY_SIZE(pair_words)];
		f->at = job / ARRAY_SIZE(pair_words);
		kind = 2;
	}
	*is_first = clean.places.is_first[f->at];
	return kind;
}

/* The jobs to be done */
static bool *chosen;

static void draw(struct random *r, unsigned int *from, unsigned int nr, unsigned int most,
		 unsigned int *left_out)
{
	sample_draw(r, from, nr, most);
	for (unsigned int i = 0; i < min(nr, most); i++)
		chosen[from[i]] = true;
	*left_out += nr - min(nr, most);
}

static void choose_jobs(const struct scenario *s)
{
	struct random r = sample_random(s->name, ~0ULL);
	unsigned int *rest[2], nr[2] = {}, job;
	struct point p;
	bool is_first;
	int kind;

	free(clean.places.at);
	free(clean.places.is_first);
	clean.places = (struct places){};
	for (unsigned int i = 0; i < nr_clean; i++)
		places_add(&clean.places, recorded.places.at[i]);
	places_mark_first(&clean.places);
	places_mark_first(&allocations);

	chosen = realloc(chosen, nr_jobs() + 1);
	rest[0] = malloc((nr_jobs() + 1) * sizeof(**rest));
	rest[1] = malloc((nr_jobs() + 1) * sizeof(**rest));
	assert_true(chosen && rest[0] && rest[1]);
	for (job = 0; job < nr_jobs(); job++) {
		kind = kind_of(job, &p, &is_first);
		chosen[job] = kind >= 0 && (is_first || only || sample_is_all());
		if (kind >= 0 && !chosen[job])
			rest[kind == 2][nr[kind == 2]++] = job;
	}
	draw(&r, rest[0], nr[0], SAMPLE_SINGLES, &tally->left_out[0]);
	draw(&r, rest[1], nr[1], SAMPLE_FIRSTS, &tally->left_out[2]);
	free(rest[0]);
	free(rest[1]);
}

static void do_job(const struct scenario *s, unsigned int job, unsigned int part)
{
	struct point p;
	bool is_first;
	const int kind = kind_of(job, &p, &is_first);

	if (kind == 2)
		try_pairs(s, &p.fault[0], job, part);
	else if (!part)
		try(s, &p, kind);
}

static void on_time(int sig)
{
	static const char text[] = "# fault sweep: no end, without a command\n";

	(void)sig;
	(void)!write(1, text, sizeof(text) - 1);
	_exit(EXIT_HUNG);
}

static void work(const struct scenario *s)
{
	unsigned int job = tally->worker[me].job, part = tally->worker[me].part;

	/* an assertion that fails here is not for the cmocka of the parent */
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	signal(SIGPROF, on_time);
	for (;;) {
		if (job == ~0U)
			job = __atomic_fetch_add(&tally->next, 1, __ATOMIC_RELAXED);
		if (job >= nr_jobs())
			_exit(0);
		if (!chosen[job]) {
			job = ~0U;
			continue;
		}
		tally->worker[me].job = job;
		tally->worker[me].part = 1;	/* of a job that isn't pairs, the only one */
		do_job(s, job, part);
		job = ~0U;
		part = 0;
	}
}

static pid_t start(const struct scenario *s, unsigned int w)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	me = w;
	work(s);
	_exit(0);
}

static void tell_end(unsigned int w, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_HUNG)
		tally->hung++;
	else if (!(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_LOST))
		tally->wrong++;
	if (WIFSIGNALED(status) || WEXITSTATUS(status) < EXIT_WRONG) {
		me = w;
		say("an assertion failed, or it crashed");
	}
}

static void run_all(const struct scenario *s)
{
	const char *jobs = getenv("JOBS");
	const unsigned int nr = min(max(jobs ? atoi(jobs) : 1, 1), MAX_WORKERS);
	const char *wrong = getenv("SWEEP_WRONG");
	const unsigned int most_wrong = wrong ? atoi(wrong) : MAX_WRONG;
	pid_t pid[MAX_WORKERS] = {};
	unsigned int running = 0, w;
	int status;

	for (w = 0; w < nr; w++, running++) {
		tally->worker[w].job = ~0U;
		tally->worker[w].part = 0;
		pid[w] = start(s, w);
	}
	while (running) {
		const pid_t ended = wait(&status);

		for (w = 0; w < nr && pid[w] != ended; w++)
			;
		if (w == nr)
			continue;
		running--;
		pid[w] = 0;
		if (WIFEXITED(status) && !WEXITSTATUS(status))
			continue;
		tell_end(w, status);
		if (tally->wrong + tally->hung >= most_wrong) {
			tally->next = nr_jobs();
			tally->worker[w].job = ~0U;
			continue;
		}
		pid[w] = start(s, w);
		running++;
	}
}

/* The clean run in a child first: one that dies says so */
static bool is_sound(const struct scenario *s)
{
	const struct point none = {};
	int status;

	fflush(stdout);
	if (!fork()) {
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		run_point(s, &none, true);
		_exit(0);
	}
	wait(&status);
	if (status)
		tell_end(0, status);
	return !status;
}

bool sweep_is_of(const struct scenario *s, const char *point)
{
	return !strncmp(point, s->name, strlen(s->name)) && point[strlen(s->name)] == ':';
}

static void tell(const struct scenario *s)
{
	printf("# fault sweep: %s: %u commands at %u places, %u allocations at %u", s->name,
	       nr_clean, clean.places.distinct, allocations.nr, allocations.distinct);
	printf(": %u + %u + %u points", tally->kinds[0], tally->kinds[1], tally->kinds[2]);
	printf(", %u lies that no host can see, %u believed on the RMM's word", tally->hidden,
	       tally->believed);
	printf(", at the most %llu commands and %llu ms", tally->most_commands,
	       tally->most_ns / 1000000);
	if (tally->wrong)
		printf(", %u WRONG", tally->wrong);
	printf("\n");
	fflush(stdout);
}

static u64 cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

/* The points of one scenario; of one that SWEEP or @point names, this alone */
static void sweep_some(const struct scenario *s)
{
	const struct point none = {};
	u64 began_at;

	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	assert_true(tally != MAP_FAILED);
	if (!answers)
		answers = calloc(MAX_ANSWERS, sizeof(*answers));
	me = 0;
	max_commands = MAX_ANSWERS;
	max_ns = ~0ULL;
	max_cpu_seconds = MAX_CPU_SECONDS(0) * 10;
	assert_true(is_sound(s));
	began_at = cpu_us();
	run_point(s, &none, true);	/* for all the children */
	max_cpu_seconds = MAX_CPU_SECONDS(cpu_us() - began_at);
	max_commands = MAX_COMMANDS(world.smcs);
	max_ns = MAX_NS(world.smcs);
	memset(tally, 0, sizeof(*tally));
	tally->points = only && wanted(s, &none);
	choose_jobs(s);
	run_all(s);
	tell(s);
	only_played += tally->points;
	all.points += tally->points;
	all.lost += tally->lost;
	all.hung += tally->hung;
	all.wrong += tally->wrong;
	for (unsigned int i = 0; i < ARRAY_SIZE(all.left_out); i++)
		all.left_out[i] += tally->left_out[i];
	assert_int_equal(tally->wrong + tally->hung + tally->lost, 0);
	munmap(tally, sizeof(*tally));
}

void sweep(const struct scenario *s)
{
	only = getenv("SWEEP");
	if (only)
		setvbuf(stdout, NULL, _IONBF, 0);
	if (!only || sweep_is_of(s, only))
		sweep_some(s);
}

void sweep_point(const struct scenario *s, const char *point)
{
	only = point;
	only_played = 0;
	is_quiet = true;
	sweep_some(s);
	is_quiet = false;
	only = NULL;
	/* after a change the point may have another name: then this has to be said here */
	if (!only_played)
		fail_msg("there is no such point");
}

bool sweep_missed(void)
{
	return getenv("SWEEP") && !only_played;
}

int sweep_close(void **state)
{
	(void)state;
	printf("fault sweep: %u points, %llu lost, %u hung", all.points, all.lost, all.hung);
	if (sample_is_all() || getenv("SWEEP"))
		printf(" (%u pairs are left out: SWEEP_ALL=2)\n", all.left_out[1]);
	else
		printf(" (SEED=%llu left out %u singles, %u pairs, all pairs of %u others)\n",
		       sample_seed(), all.left_out[0], all.left_out[1], all.left_out[2]);
	fflush(stdout);
	return 0;
}
