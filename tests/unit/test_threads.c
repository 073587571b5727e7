// SPDX-License-Identifier: GPL-2.0-only
/*
 * Consumers in several threads at once, while others read what the module says, hot-add memory and
 * hibernate, under ThreadSanitizer: the locks of src/ are real ones here
 */
#include "module_fixture.h"

#define WORKERS		4
#define ROUNDS		3000
#define PAGES		1024		/* of consumers' own */
#define CONTESTED	64		/* ... of which so many are anybody's, the others in turn */
#define MOST		40		/* granules taken at once */

static u64 own;				/* physical address of the consumers' own pages */
static u8 owned[PAGES];			/* by which worker, plus 1 */
static u8 taken[3 * GB / 4096];		/* granules, counted from 1 GB on: likewise */
static unsigned int wrong, races;
static u64 delegated, refused, unavailable, took, plugged, slept, unslept;
static bool over;

/* cmocka's assertions are for the thread that it began the test in */
#define check(what) do {							\
	if (!(what)) {								\
		fprintf(stderr, "# %s:%d: %s\n", __FILE__, __LINE__, #what);	\
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);		\
	}									\
} while (0)

#define count(what)	__atomic_fetch_add(&(what), 1, __ATOMIC_RELAXED)

/* ThreadSanitizer calls it as it has found something */
void __tsan_on_report(void *report);
void __tsan_on_report(void *report)
{
	(void)report;
	count(races);
}

struct worker {
	pthread_t thread;
	u64 seed;
	u8 id;
};

static u64 draw(struct worker *w, u64 below)
{
	w->seed = w->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (w->seed >> 33) % below;
}

/* Nobody else has it: relaxed, so that it is no order that the module's locks should have made */
static void claim(u8 *of, u8 who)
{
	check(!__atomic_exchange_n(of, who, __ATOMIC_RELAXED));
}

static void disclaim(u8 *of, u8 who)
{
	check(__atomic_exchange_n(of, 0, __ATOMIC_RELAXED) == who);
}

/* Who is told 0 has all of it, alone */
static void exchanges(const struct worker *w, unsigned int first, unsigned int nr)
{
	const u64 start = own + first * PAGE_SIZE;
	size_t done = 0;
	unsigned int i;
	int rc;

	rc = cca_rmi_delegate_range(start, nr * PAGE_SIZE);
	if (rc == -ENODEV) {
		count(unavailable);
		sched_yield();
		return;
	}
	check(rc == 0 || (rc == -EEXIST && first < CONTESTED));
	if (rc) {
		count(refused);
		return;
	}
	count(delegated);
	for (i = first; i < first + nr; i++)
		claim(&owned[i], w->id);
	for (i = first; i < first + nr; i++)
		disclaim(&owned[i], w->id);
	check(cca_rmi_undelegate_range(start, nr * PAGE_SIZE, &done) == 0);
	check(done == nr * PAGE_SIZE);
}

/* The same by one who may not sleep */
static void exchanges_atomic(const struct worker *w, unsigned int page)
{
	const u64 start = own + page * PAGE_SIZE;
	size_t done = 0;
	int rc = cca_rmi_ensure_range(start, PAGE_SIZE);

	check(rc == 0 || rc == -ENODEV);
	if (rc)
		return;
	rc = cca_rmi_delegate_range_atomic(start, PAGE_SIZE, &done);
	/* All may have been given back meanwhile; or another has the room for what it leaves */
	check(rc == 0 || rc == -ENODEV || rc == -ENXIO || rc == -EAGAIN);
	check(done == (rc ? 0 : PAGE_SIZE));
	if (rc)
		return;
	count(unslept);
	claim(&owned[page], w->id);
	disclaim(&owned[page], w->id);
	check(cca_rmi_undelegate_range(start, PAGE_SIZE, &done) == 0);
	check(done == PAGE_SIZE);
}

static void takes(struct worker *w)
{
	phys_addr_t granule[MOST];
	const unsigned int nr = 1 + draw(w, MOST);
	unsigned int i;
	int rc;

	rc = cca_rmi_take_granules(NUMA_NO_NODE, nr, granule);
	check(rc == 0 || rc == -ENODEV);
	if (rc)
		return;
	for (i = 0; i < nr; i++)
		claim(&taken[(granule[i] - GB) / PAGE_SIZE], w->id);
	for (i = 0; i < nr; i++)
		disclaim(&taken[(granule[i] - GB) / PAGE_SIZE], w->id);
	check(cca_rmi_return_granules(granule, nr / 2) == 0);
	check(cca_rmi_return_granules(granule + nr / 2, nr - nr / 2) == 0);
	count(took);
}

static void *works(void *arg)
{
	struct worker *w = arg;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		const unsigned int page =
			CONTESTED + draw(w, (PAGES - CONTESTED) / WORKERS) * WORKERS;

		/* one beside another's, so that they share a word */
		exchanges(w, page + w->id - 1, 1);
		exchanges_atomic(w, page + w->id - 1);
		exchanges(w, draw(w, CONTESTED - 8), 1 + draw(w, 8));
		if (!draw(w, 8))
			takes(w);
	}
	return NULL;
}

static bool is_over(void)
{
	sched_yield();
	return __atomic_load_n(&over, __ATOMIC_RELAXED);
}

static void *reads(void *arg)
{
	static const char * const files[] = { "available", "reason", "detail", "memory_donated",
					      "memory_lost", "memory_covered", "smc_calls" };

	(void)arg;
	while (!is_over()) {
		for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
			check(world_read(files[i]));
		check(world_debug("donated") && world_debug("coverage") && world_debug("commands"));
	}
	return NULL;
}

/* Somebody else refuses it each time: the regions come and go */
static void *plugs(void *arg)
{
	(void)arg;
	while (!is_over()) {
		if (!world_event(MEM_GOING_ONLINE, 3 * GB, 3 * GB + WORLD_BLOCK))
			count(plugged);
		world_event(MEM_CANCEL_ONLINE, 3 * GB, 3 * GB + WORLD_BLOCK);
	}
	return NULL;
}

/* What is said to be prepared must be so: nobody has anything then, nor gets it */
static void *hibernates(void *arg)
{
	(void)arg;
	while (!is_over()) {
		if (world_pm(PM_HIBERNATION_PREPARE))
			continue;
		for (unsigned int i = 0; i < 100; i++) {
			check(!__atomic_load_n(&world.with_rmm, __ATOMIC_RELAXED));
			sched_yield();
		}
		count(slept);
		world_pm(PM_POST_HIBERNATION);
	}
	return NULL;
}

static void set_foreign(bool foreign)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		struct page *page = pfn_to_page(PHYS_PFN(own) + i);

		page->flags ^= PAGE_FOREIGN;
		if (!foreign)
			__free_page(page);
	}
}

static void consumers_at_once(u64 flags)
{
	static void *(*const others[])(void *arg) = { reads, plugs, hibernates };
	pthread_t other[ARRAY_SIZE(others)];
	struct worker w[WORKERS];
	unsigned int i;

	describe(RMM_DIALECT_BETA3);
	machine.flags = flags;
	make(12);
	world_ram(3 * GB, 3 * GB + WORLD_BLOCK, false);
	load();
	assert_available(GB);
	own = page_to_phys(alloc_pages_node(0, GFP_KERNEL | __GFP_NORETRY, 10));
	set_foreign(true);
	/*
	 * No page of ours may go out before a grace period; the allocator's pages here are not ours
	 */
	world.fresh_pages = false;
	wrong = races = 0;
	delegated = refused = unavailable = took = plugged = slept = unslept = 0;
	over = false;

	for (i = 0; i < WORKERS; i++) {
		w[i] = (struct worker){ .seed = i + 1, .id = i + 1 };
		assert_int_equal(pthread_create(&w[i].thread, NULL, works, &w[i]), 0);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(pthread_create(&other[i], NULL, others[i], NULL), 0);
	for (i = 0; i < WORKERS; i++)
		pthread_join(w[i].thread, NULL);
	while (!READ_ONCE(plugged) || !READ_ONCE(slept))
		sched_yield();
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		pthread_join(other[i], NULL);

	print_message("threads: %llu delegations, %llu of another's, %llu without Realms\n",
		      delegated, refused, unavailable);
	print_message("threads: %llu times taken, %llu plugged, %llu hibernations\n", took,
		      plugged, slept);
	assert_int_equal(wrong, 0);
	assert_int_equal(races, 0);
	assert_true(delegated && took && plugged && slept && unslept);
	assert_available(GB);
	assert_int_equal(rmm_delegated(world.rmm), 0);
	set_foreign(false);
	unload();
}

static void consumers_of_a_paid_rmm(void **state)
{
	(void)state;
	consumers_at_once(HOST_PAYS);
}

/* Each command is an operation, so that others' come between its steps */
static void consumers_and_operations(void **state)
{
	(void)state;
	consumers_at_once(HOST_PAYS | RMM_FLAG_CONTINUES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(consumers_of_a_paid_rmm),
		cmocka_unit_test(consumers_and_operations),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
