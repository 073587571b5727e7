// SPDX-License-Identifier: GPL-2.0-only
#include "../../include/arm_cca_rmi.h"
#include "rmi_abi.h"
#include "scenario.h"
#include "../../src/smc.h"

#define GB		(1ULL << 30)
#define MB		(1ULL << 20)
#define MAX_OPS		24
#define MAX_BLOCKS	4
#define MAX_TAKEN	4
#define MAX_GRANULES	48

struct scenario_seen scenario_seen;

/* Choices -------------------------------------------------------------------------------------- */

/* Two streams of bytes, so that a change in one leaves the other alone; or a seed */
struct stream {
	const u8 *at, *end;
};

static struct stream steps, lies;
static bool seeded;
static u64 seed_state;

/* Behind the end all is quiet: the last of the choices means nothing special, or no lie */
static u64 from_bytes(struct stream *s, u64 below)
{
	u64 v = 0, range = 1;

	if (s->at == s->end)
		return below - 1;
	for (; range < below; range <<= 8)
		v = v << 8 | (s->at < s->end ? *s->at++ : 0);
	return v % below;
}

static u64 from_seed(u64 below)
{
	seed_state ^= seed_state >> 12;
	seed_state ^= seed_state << 25;
	seed_state ^= seed_state >> 27;
	return (seed_state * 0x2545f4914f6cdd1dULL >> 16) % below;
}

static u64 choose(u64 below)
{
	return seeded ? from_seed(below) : from_bytes(&steps, below);
}

static u64 choose_lie(u64 below)
{
	return from_bytes(&lies, below);
}

/* The machine ---------------------------------------------------------------------------------- */

static struct rmm_machine machine;
static unsigned int page_shift;

/* Hot-added memory, and what consumers have */
static struct block {
	u64 start, end;
	bool online;
} block[MAX_BLOCKS];
static unsigned int nr_blocks;

static struct taken {
	u64 start, size;
} taken[MAX_TAKEN];		/* pages of their own */
static struct {
	phys_addr_t granule[MAX_GRANULES];
	unsigned int nr;
} granted[MAX_TAKEN];		/* what they took from the module */
static u64 forsaken;		/* bytes that a consumer can't have back */

static bool loaded, released;
static bool left_unfinished;	/* by an earlier load: operations that this one doesn't know */
static u64 smcs_unloaded;	/* SMCs until the module was loaded */

static void add(struct rmm_list *list, u64 base, u64 size, u64 value)
{
	if (list->nr < RMM_MAX_RANGES && size)
		list->at[list->nr++] = (struct rmm_range){ base, size, value };
}

static u64 some_pages(u64 below)
{
	return choose(below >> page_shift) << page_shift;
}

static void describe_lists(u64 top)
{
	static const u8 categories[] = { RMI_MEM_CATEGORY_DEV_COH, RMI_MEM_CATEGORY_DEV_NCOH };
	const u64 par = GB << machine.l0gptsz;

	switch (choose(8)) {
	case 0:		/* it knows less than there is */
		add(&machine.memory, GB, some_pages(2 * GB) + (64 * MB), 0);
		break;
	case 1:		/* banks with holes, and a device */
		add(&machine.memory, GB, some_pages(GB) + 64 * MB, 0);
		add(&machine.memory, 2 * GB + some_pages(GB), some_pages(GB), 0);
		add(&machine.memory, 4 * GB, top, categories[choose(2)]);
		break;
	default:
		add(&machine.memory, GB, top - GB, 0);
	}
	if (!choose(4))
		add(&machine.reserved, GB + 256 * MB + some_pages(top - 2 * GB), some_pages(8 * MB),
		    0);
	if (!choose(4))
		add(&machine.tracking, choose(4) * GB, (1 + choose(2)) * GB,
		    choose(4) << 8 | choose(5));
	if (!choose(4))
		add(&machine.pars, choose(4) * par, (1 + choose(2)) * par, choose(4));
}

static void describe(void)
{
	static const u8 l0gptsz[] = { 4, 6, 9, 0, 0, 0, 0, 0 };
	static const u8 shifts[] = { 14, 16, 12, 12, 12, 12 };
	const u64 off = choose(1ULL << 32) | choose(1ULL << 32);

	page_shift = shifts[choose(ARRAY_SIZE(shifts))];
	machine = (struct rmm_machine){
		.magic = RMM_MACHINE_MAGIC,
		.dialect = choose(RMM_DIALECT_BETA3 + 1),
		/* Paid by the host in most cases; the others are rarer */
		.flags = (~off & RMM_FLAGS & ~RMM_FLAG_ABSENT) ^
			 (choose(4) ? RMM_FLAG_HOST_PAYS | RMM_FLAG_HOST_TABLES : 0),
		.revision_low = RMI_REVISION_WANTED,
		.revision_high = RMI_REVISION_WANTED,
		.granules = choose(8) ? 7 : 1 + choose(7),
		.active_granule = choose(16) ? (page_shift - 12) / 2 : choose(3),
		.l0gptsz = l0gptsz[choose(ARRAY_SIZE(l0gptsz))],
		.pps = choose(8) ? 2 : 1 + choose(6),
	};
	describe_lists((4 + choose(2) * 60) * GB);
}

/* Boot memory holds what the module shows the RMM */
static void add_ram(void)
{
	const u64 odd = choose(4) ? 0 : some_pages(MB);
	u64 end = GB + 128 * MB * (1 + choose(8)) + odd, at;
	unsigned int i;

	world_ram(GB, end, true);
	if (!choose(4)) {	/* behind a hole of a few pages */
		const u64 start = end + ((1 + choose(5)) << page_shift);

		end = start + some_pages(64 * MB) + (1ULL << page_shift);
		world_ram(start, end, true);
	}
	nr_blocks = choose(MAX_BLOCKS + 1);
	at = ALIGN(end, WORLD_BLOCK);
	for (i = 0; i < nr_blocks; i++) {
		at += WORLD_BLOCK * choose(10);
		block[i] = (struct block){ at, at + WORLD_BLOCK, false };
		world_ram(at, at + WORLD_BLOCK, false);
		at += WORLD_BLOCK;
	}
}

static u64 ram_online(void)
{
	unsigned int i;
	u64 bytes = 0;

	for (i = 0; i < world.nr_ram; i++)
		if (world.ram[i].online)
			bytes += world.ram[i].end - world.ram[i].start;
	return bytes;
}

/* What must hold ------------------------------------------------------------------------------- */

static const char * const words[] = {
	"ok", "crash-kernel", "no-smc-conduit", "no-rme", "no-rmm", "revision", "granule-size",
	"region-size",
	"not-tracked", "not-fine", "not-conventional", "no-gpt", "no-memory", "no-answer",
	"blocked", "unfinished", "refused", "bad-answer", "released",
};

static u64 number(const char *file)
{
	const char *text = world_read(file);
	char *end;
	u64 v;

	assert_non_null(text);
	v = strtoull(text, &end, 10);
	assert_true(end != text && !*end);
	return v;
}

static u64 bytes_taken(void)
{
	u64 bytes = forsaken;
	unsigned int i;

	for (i = 0; i < MAX_TAKEN; i++)
		bytes += taken[i].size;
	return bytes;
}

static void check_verdict(void)
{
	const bool ok = !strcmp(world_read("reason"), "ok");
	unsigned int i;

	for (i = 0; strcmp(world_read("reason"), words[i]); i++)
		assert_true(i + 1 < ARRAY_SIZE(words));
	assert_string_equal(world_read("available"), ok ? "1" : "0");
	assert_int_equal(cca_rmi_is_available(), ok);
	assert_true(!ok || !*world_read("detail"));
	assert_true(!ok || !released);
	assert_true(!ok || !rmi_latched(NULL));
	assert_true(number("memory_covered") <= ram_online());
}

/* What the ledger has, by the words that debugfs has for it */
struct sums {
	u64 all, lent, lost, taken;
};

static struct sums ledger_sums(void)
{
	const char *line = world_debug("donated");
	struct sums sums = {};
	u64 start, end;
	char word[16];

	for (; *line; line = strchr(line, '\n') + 1) {
		assert_int_equal(sscanf(line, "0x%llx-0x%llx %15s", &start, &end, word), 3);
		sums.all += end - start;
		if (!strcmp(word, "lost"))
			sums.lost += end - start;
		else if (!strcmp(word, "taken"))
			sums.taken += end - start;
		else if (strcmp(word, "held") && strcmp(word, "open"))
			sums.lent += end - start;
	}
	return sums;
}

static u64 bytes_granted(void)
{
	unsigned int i;
	u64 bytes = 0;

	for (i = 0; i < MAX_TAKEN; i++)
		bytes += granted[i].nr * PAGE_SIZE;
	return bytes;
}

/* Every page that isn't the allocator's is accounted for, and counted once */
static void check(void)
{
	struct sums sums;

	assert_int_equal(world.locks_held, 0);
	assert_true(world_with_rmm() <= world.pages_out << page_shift);
	if (!loaded)
		return;
	check_verdict();
	sums = ledger_sums();
	assert_int_equal(sums.all + bytes_taken(), world.pages_out << page_shift);
	assert_int_equal(number("memory_donated"), sums.lent);
	assert_int_equal(number("memory_lost"), sums.lost);
	assert_int_equal(sums.taken, bytes_granted());
	assert_int_equal(number("smc_calls"), world.smcs - smcs_unloaded);
}

/*
 * What one call into the module may cost, for each GB of RAM that there is: so many commands that
 * are answered with something else than BUSY or BLOCKED, which is one for each 256 bytes. A survey
 * may be answered granule by granule, at two commands each: 2^19 with granules of 4 KB. A stateful
 * operation may pause after each granule that it works on: 2^18 for a PAR or region of a GB, of
 * which six are tried at the most (table, region, and what undoes them), and as much for single
 * pages on their way, be they delegated, undelegated or looked for. That makes 2^21; where regions
 * are small, the least that each operation is granted doubles it.
 * A command that is answered BUSY or BLOCKED is repeated for timeout_ms, with pauses of 20 us or
 * more, and an operation ends after 30 s at the most.
 */
#define MOST_ANSWERS	(1ULL << 22)
#define MOST_NS		(600ULL * 1000000000)

static u64 smcs_before, answers, ns_before;

static u64 gigabytes(void)
{
	unsigned int i;
	u64 bytes = 0;

	for (i = 0; i < world.nr_ram; i++)
		bytes += world.ram[i].end - world.ram[i].start;
	return (bytes + GB - 1) / GB;
}

/* Handles that the RMM gave away as it began something, the latest ones */
static u64 handles[64];
static unsigned int nr_handles;

static bool was_given(u64 handle)
{
	unsigned int i;

	for (i = 0; i < min(nr_handles, ARRAY_SIZE(handles)); i++)
		if (handles[i] == handle)
			return true;
	return nr_handles > ARRAY_SIZE(handles);
}

static bool is_operation(u64 fid)
{
	return fid == RMI_OP_CONTINUE || fid == RMI_OP_MEM_DONATE || fid == RMI_OP_MEM_RECLAIM ||
	       fid == RMI_OP_CANCEL;
}

/*
 * Only pages that somebody has taken for this, and marked where they are ours, change hands; or
 * that are nobody's, as they are about to go online
 */
static bool all_taken(u64 start, u64 end)
{
	for (; start < end; start += PAGE_SIZE) {
		const u8 flags = pfn_to_page(PHYS_PFN(start))->flags;

		if (start >= world.going_online && start < world.going_end)
			continue;
		if (!(flags & PAGE_TAKEN) || !(flags & (PAGE_MARKED | PAGE_FOREIGN)))
			return false;
	}
	return true;
}

static void check_command(const u64 in[5])
{
	if (in[0] == RMI_GRANULE_RANGE_DELEGATE || in[0] == RMI_GRANULE_RANGE_UNDELEGATE)
		assert_true(in[1] < in[2] && all_taken(in[1], in[2]));
	if (is_operation(in[0]))
		assert_true(was_given(in[1]));
}

/* Of a hundred commands so many are answered in that way and not carried out, by chance */
static struct {
	unsigned int busy, blocked, refused;
	bool ever_refused;
} trouble;

static u32 chance;

static unsigned int one_of_hundred(void)
{
	chance = chance * 1664525 + 1013904223;
	return (chance >> 16) % 100;
}

/* Of an honest RMM: what it has begun it doesn't end BLOCKED while it goes on with it */
static bool has_trouble(u64 x[5])
{
	if (one_of_hundred() < trouble.busy) {
		x[0] = RMI_BUSY;
		return true;
	}
	if (!is_operation(x[0]) && x[0] != RMI_VERSION && one_of_hundred() < trouble.blocked) {
		x[0] = RMI_BLOCKED;
		return true;
	}
	if ((x[0] == RMI_GRANULE_RANGE_DELEGATE || x[0] == RMI_GRANULE_RANGE_UNDELEGATE) &&
	    one_of_hundred() < trouble.refused) {
		x[0] = RMI_ERROR_INPUT;
		trouble.ever_refused = true;
		return true;
	}
	return false;
}

/* Sees each command and its answer. TRACE=1 shows them to those who look for a failure. */
static void watch(u64 x[6])
{
	const u64 in[5] = { x[0], x[1], x[2], x[3], x[4] };
	uint64_t y[6] = { x[0], x[1], x[2], x[3], x[4], x[5] };
	unsigned int i;

	check_command(in);
	if (has_trouble(x)) {
		world.smc_done = true;
		return;
	}
	world.smc_done = rmm_command(world.rmm, y);
	for (i = 0; i < 5; i++)
		x[i] = y[i];
	if (RMI_RESULT_STATUS(x[0]) == RMI_INCOMPLETE && !is_operation(in[0]) && !was_given(x[1]))
		handles[nr_handles++ % ARRAY_SIZE(handles)] = x[1];
	if (RMI_RESULT_STATUS(x[0]) != RMI_BUSY && RMI_RESULT_STATUS(x[0]) != RMI_BLOCKED)
		answers++;
	/* here, so that what would never end is found as well */
	assert_true(answers <= MOST_ANSWERS * gigabytes());
	assert_true(world.now_ns - ns_before <= MOST_NS * gigabytes());
	if (getenv("TRACE"))
		fprintf(stderr, "%s %#llx %#llx %#llx = %#llx %#llx %#llx %#llx\n",
			rmi_name(in[0]), in[1], in[2], in[3], x[0], x[1], x[2], x[3]);
}

static void begin(void)
{
	smcs_before = world.smcs;
	ns_before = world.now_ns;
	answers = 0;
}

static void end(void)
{
	const u64 gb = gigabytes();

	scenario_seen.commands_per_gb =
		max(scenario_seen.commands_per_gb, (world.smcs - smcs_before) / gb);
	scenario_seen.answers_per_gb = max(scenario_seen.answers_per_gb, answers / gb);
	scenario_seen.ns_per_gb = max(scenario_seen.ns_per_gb, (world.now_ns - ns_before) / gb);
	world.fail_alloc = 0;
	check();
}

/* What happens --------------------------------------------------------------------------------- */

/*
 * What stays with the RMM is said: all that the allocator lacks but for guards, of which there are
 * fewer
 */
static void check_farewell(void)
{
	const u64 missing = (world.pages_out << page_shift) - bytes_taken();
	const char *at = strstr(world.log, " KB of memory remain with the RMM");
	const char *start = at;
	u64 said;

	while (at && start > world.log && start[-1] >= '0' && start[-1] <= '9')
		start--;
	said = at ? strtoull(start, NULL, 10) << 10 : 0;
	assert_true(said <= missing && missing <= 2 * said);
}

/* The next load is by another module, to which what remains here is nobody's */
static void leave(void)
{
	loaded = false;
	left_unfinished |= rmm_operations(world.rmm);
	assert_int_equal(world.allocated, 0);
	assert_int_equal(world.files, 0);
	assert_true(!world.notifiers.nr && !world.reboots.nr && !world.pms.nr);
	assert_null(world.delayed);
	check_farewell();
	forsaken = (world.pages_out << page_shift) - bytes_taken() + forsaken;
	world.module_refs = 0;
	world_forget_module();
	assert_int_equal(shim_set_timeout_ms("5"), 0);
}

static void load(void)
{
	if (loaded)
		return;
	begin();
	world.log[0] = 0;
	smcs_unloaded = world.smcs;
	loaded = !shim_module_init();
	if (!loaded)
		leave();
	released = false;
	end();
}

/* They come from the allocator */
static void let_go(u64 start, u64 end)
{
	for (; start < end; start += PAGE_SIZE) {
		pfn_to_page(PHYS_PFN(start))->flags &= ~PAGE_FOREIGN;
		__free_page(pfn_to_page(PHYS_PFN(start)));
	}
}

static void give_back(struct taken *t)
{
	size_t done;

	if (!t->size)
		return;
	cca_rmi_undelegate_range(t->start, t->size, &done);
	assert_true(done <= t->size && PAGE_ALIGNED(done));
	let_go(t->start, t->start + done);
	forsaken += t->size - done;
	*t = (struct taken){};
}

/* They are the module's again, whether the RMM gives them back or not */
static void return_granules(unsigned int i)
{
	int rc;

	if (!granted[i].nr)
		return;
	rc = cca_rmi_return_granules(granted[i].granule, granted[i].nr);
	assert_true(rc == 0 || rc == -EBUSY);
	granted[i].nr = 0;
}

/* Not before its consumers; by force where an unfinished operation keeps it */
static void unload(void)
{
	unsigned int i;

	if (!loaded)
		return;
	begin();
	for (i = 0; i < MAX_TAKEN; i++) {
		give_back(&taken[i]);
		return_granules(i);
	}
	end();
	begin();
	world.log[0] = 0;
	shim_module_exit();
	leave();
	end();
}

static void go_online(bool online)
{
	struct block *b;

	if (!nr_blocks)
		return;
	b = &block[choose(nr_blocks)];
	begin();
	if (online && !b->online)
		b->online = !world_online(b->start, b->end);
	else if (!online && b->online)
		b->online = world_offline(b->start, b->end);
	end();
}

/* The kernel sends these also where nothing went before */
static void stray_event(void)
{
	if (!nr_blocks)
		return;
	begin();
	world_event(MEM_CANCEL_OFFLINE, block[0].start, block[0].end);
	if (!block[0].online)
		world_event(MEM_CANCEL_ONLINE, block[0].start, block[0].end);
	world_event(1 << 10, block[0].start, block[0].end);
	end();
}

static void ensure_range(void)
{
	const u64 start = choose(4) ? GB + some_pages(GB) : choose(1ULL << 32) << choose(32);
	const u64 size = choose(4) ? some_pages(GB) : choose(1ULL << 32) << choose(32);

	begin();
	cca_rmi_ensure_range(start, size);
	end();
}

static bool any_with_rmm(u64 start, u64 end)
{
	for (; start < end; start += PAGE_SIZE)
		if (pfn_to_page(PHYS_PFN(start))->flags & PAGE_WITH_RMM)
			return true;
	return false;
}

static void consumer_takes(void)
{
	struct taken *t = &taken[choose(MAX_TAKEN)];
	const unsigned int order = choose(7);
	const bool fresh = world.fresh_pages;
	struct page *page;
	unsigned int i;
	int rc;

	if (!loaded || t->size)
		return;
	page = alloc_pages_node(0, GFP_KERNEL | __GFP_NORETRY, order);
	world.fresh_pages = fresh;	/* those are not the module's */
	if (!page)
		return;
	for (i = 0; i < 1U << order; i++)
		page[i].flags |= PAGE_FOREIGN;
	*t = (struct taken){ page_to_phys(page), PAGE_SIZE << order };
	begin();
	rc = cca_rmi_delegate_range(t->start, t->size);
	if (rc == -ENOTRECOVERABLE) {
		forsaken += t->size;
	} else if (rc) {
		assert_false(any_with_rmm(t->start, t->start + t->size));
		let_go(t->start, t->start + t->size);
	}
	if (rc)
		*t = (struct taken){};
	end();
}

static void consumer_returns(void)
{
	begin();
	if (loaded)
		give_back(&taken[choose(MAX_TAKEN)]);
	end();
}

static void take_granules(void)
{
	const unsigned int which = choose(MAX_TAKEN), nr = 1 + choose(MAX_GRANULES);

	if (!loaded || granted[which].nr)
		return;
	begin();
	if (!cca_rmi_take_granules(choose(3) - 1, nr, granted[which].granule)) {
		granted[which].nr = nr;
		for (unsigned int i = 0; i < nr; i++)
			assert_true(all_taken(granted[which].granule[i],
					      granted[which].granule[i] + PAGE_SIZE));
	}
	end();
}

static void granules_come_back(void)
{
	begin();
	if (loaded)
		return_granules(choose(MAX_TAKEN));
	end();
}

static void hibernate(void)
{
	static const unsigned long before[] = { PM_HIBERNATION_PREPARE, PM_RESTORE_PREPARE };
	static const unsigned long after[] = { PM_POST_HIBERNATION, PM_POST_RESTORE };
	const unsigned int which = choose(2);

	begin();
	if (!world_pm(before[which])) {
		/* Off and on, if that takes nothing from anybody */
		if (choose(2) && !world_with_rmm())
			world_new_rmm();
		world_pm(after[which]);
	}
	released = false;
	end();
}

/* By the kernel, or to another one: in the end nothing happens, as another notifier may see to */
static void reboot(void)
{
	static const char * const commands[] = { "kexec reboot", NULL };

	begin();
	world_reboot_as(SYS_RESTART, commands[choose(2)]);
	released = released || world.reboots.nr;
	end();
}

static void later(void)
{
	begin();
	world_work_later();
	end();
}

static void look(void)
{
	unsigned int i;

	for (i = 0; i < world.files; i++)
		assert_non_null(world_read(world.file[i]->attr.name));
}

/* Of a hundred allocations so many fail, by chance */
static unsigned int scarcity;

static void on_alloc(void)
{
	if (one_of_hundred() < scarcity)
		world.fail_alloc = 1;
}

static void maybe_unload(void)
{
	if (!world.module_refs)
		unload();
}

static void block_comes(void)
{
	go_online(true);
}

static void block_goes(void)
{
	go_online(false);
}

static void allocations_fail(void)
{
	const unsigned int nth = choose(80);

	if (nth < 40)
		world.fail_alloc = 1 + nth;
	else
		scarcity = nth - 40;
}

static void pages_run_out(void)
{
	world.no_pages = choose(2);
}

static void contiguous_pages_run_out(void)
{
	world.no_contig = choose(2);
}

static void set_timeout(void)
{
	static const char * const timeouts[] = { "0", "1", "5", "20" };

	assert_int_equal(shim_set_timeout_ms(timeouts[choose(ARRAY_SIZE(timeouts))]), 0);
}

static bool lazy;

static void set_cover(void)
{
	if (loaded)
		return;
	lazy = !choose(2);
	assert_int_equal(shim_set_cover(lazy ? "lazy" : "eager"), 0);
}

static void allocator_moves_on(void)
{
	world.pages_from = choose(4) * GB + some_pages(GB);
}

static void look_and_load(void)
{
	look();
	load();
}

/* The module refuses it, or somebody else what the module has agreed to: all are told then */
static void refused_block(void)
{
	struct block *b = &block[nr_blocks ? choose(nr_blocks) : 0];

	if (!nr_blocks)
		return;
	begin();
	world_event(b->online ? MEM_GOING_OFFLINE : MEM_GOING_ONLINE, b->start, b->end);
	world_event(b->online ? MEM_CANCEL_OFFLINE : MEM_CANCEL_ONLINE, b->start, b->end);
	end();
}

static void rmm_is_troubled(void)
{
	const unsigned int much = choose(3) * 10;

	switch (choose(3)) {
	case 0:
		trouble.busy = much;
		break;
	case 1:
		trouble.blocked = much;
		break;
	default:
		trouble.refused = much / 10;
	}
}

static void cpu_comes(void)
{
	begin();
	if (world.cpus < 8)
		world_cpu_online(world.cpus);
	end();
}

static void cpu_goes(void)
{
	begin();
	if (world.cpus > 1)
		world_cpu_offline(world.cpus - 1);
	end();
}

/* Each as often as it stands here. Those of histories alone come last. */
static const struct step {
	const char *name;
	void (*play)(void);
} steps_of_all[] = {
	{ "unload", maybe_unload },
	{ "a block goes online", block_comes },
	{ "a block goes online", block_comes },
	{ "a block goes online", block_comes },
	{ "a block goes offline", block_goes },
	{ "a block goes offline", block_goes },
	{ "ensure_range", ensure_range },
	{ "delegate pages of one's own", consumer_takes },
	{ "delegate pages of one's own", consumer_takes },
	{ "undelegate them", consumer_returns },
	{ "hibernate", hibernate },
	{ "reboot", reboot },
	{ "allocations fail", allocations_fail },
	{ "pages run out, or are there again", pages_run_out },
	{ "contiguous pages run out, or are there again", contiguous_pages_run_out },
	{ "a stray event", stray_event },
	{ "set timeout_ms", set_timeout },
	{ "set cover", set_cover },
	{ "the allocator moves on", allocator_moves_on },
	{ "take granules", take_granules },
	{ "take granules", take_granules },
	{ "return granules", granules_come_back },
	{ "scheduled work", later },
	{ "read all files, load", look_and_load },
	/* histories */
	{ "load", load },
	{ "a block is refused by somebody else", refused_block },
	{ "the RMM gets busy, blocked or refuses, or no longer", rmm_is_troubled },
	{ "a CPU goes online", cpu_comes },
	{ "a CPU goes offline", cpu_goes },
};

#define NR_FUZZED_STEPS	24

static void op(void)
{
	steps_of_all[choose(NR_FUZZED_STEPS)].play();
}

static bool is_covered_in_truth(u64 pa)
{
	const unsigned int par = rmm_par(world.rmm, pa);

	return rmm_is_active(world.rmm) && rmm_tracking(world.rmm, pa) == RMI_TRACKING_FINE &&
	       (par == RMI_PAR_PLATFORM || par == RMI_PAR_HOST_CREATED);
}

/* Online memory that Realms can be given of, as the model knows it. Regions are of 2 MB or more. */
static u64 covered_in_truth(void)
{
	u64 bytes = 0, at, next;
	unsigned int i;

	for (i = 0; i < world.nr_ram; i++)
		for (at = world.ram[i].start; world.ram[i].online && at < world.ram[i].end;
		     at = next) {
			next = min(ALIGN(at + 1, 2 * MB), world.ram[i].end);
			if (is_covered_in_truth(at))
				bytes += next - at;
		}
	return bytes;
}

/* For those who look for a failure */
static void tell_state(void)
{
	unsigned int i;

	if (!loaded)
		return;
	print_message("#   %s %s, covered %#llx, in truth %#llx, online %#llx, unfinished %u\n",
		      world_read("reason"), world_read("detail"), number("memory_covered"),
		      covered_in_truth(), ram_online(), rmm_operations(world.rmm));
	for (i = 0; i < world.nr_ram; i++)
		print_message("#   %#llx-%#llx %s, tracking %u, PAR %u\n", world.ram[i].start,
			      world.ram[i].end, world.ram[i].online ? "online" : "offline",
			      rmm_tracking(world.rmm, world.ram[i].start),
			      rmm_par(world.rmm, world.ram[i].start));
	print_message("%s", world.log);
	world.log[0] = 0;
}

/* The RMM is honest now, and nothing unfinished holds it up: does it make Realms available? */
static bool load_afresh(bool *available)
{
	unsigned int i;
	bool possible;

	for (i = 0; loaded && i < 3; i++)
		later();
	unload();
	world.fail_alloc = scarcity = 0;
	world.no_pages = world.no_contig = false;
	world.pages_from = 0;
	assert_int_equal(shim_set_timeout_ms("1000"), 0);
	assert_int_equal(shim_set_cover("eager"), 0);
	rmm_set_hostile_rate(world.rmm, 0);
	trouble.busy = trouble.blocked = trouble.refused = 0;
	/* What a live update leaves in transition for ever keeps Realms from being had */
	possible = !rmm_operations(world.rmm) &&
		   !(machine.update_at && machine.flags & RMM_FLAG_UPDATE_STICKS);
	load();
	*available = loaded && cca_rmi_is_available();
	if (getenv("TELL"))
		tell_state();
	/*
	 * A page that is lost may be one of the many next to each other that a table takes, for
	 * which an RMM that can't be cancelled waits for ever
	 */
	if (forsaken && loaded && (!strcmp(world_read("reason"), "no-memory") ||
				   (!strcmp(world_read("reason"), "unfinished") &&
				    machine.flags & RMM_FLAG_NO_CANCEL)))
		possible = false;
	unload();
	return possible;
}

static void make(void)
{
	world_make(&machine, page_shift);
	assert_int_equal(shim_set_timeout_ms("5"), 0);
	memset(taken, 0, sizeof(taken));
	memset(granted, 0, sizeof(granted));
	forsaken = 0;
	loaded = released = left_unfinished = false;
	smcs_unloaded = 0;
	nr_handles = 0;
	world.smc = watch;
	scarcity = 0;
	lazy = false;
	memset(&trouble, 0, sizeof(trouble));
	chance = 1;
	world.allocates = on_alloc;
}

static void finish(void)
{
	world_end_with(world.pages_out, world.with_rmm);
}

/* The same memory, where no lie was ever told */
static bool is_good_machine(void)
{
	struct world_ram ram[WORLD_MAX_RAM];
	const unsigned int nr = world.nr_ram;
	bool available;

	memcpy(ram, world.ram, sizeof(ram));
	finish();
	machine.hostile_rate = 0;
	make();
	memcpy(world.ram, ram, sizeof(ram));
	world.nr_ram = nr;
	load_afresh(&available);
	return available;
}

static void run(u64 rate, u64 seed)
{
	unsigned int i;
	bool available;

	machine.hostile_rate = rate;
	machine.hostile_seed = seed;
	make();
	add_ram();
	world.choose = seeded ? NULL : choose_lie;
	world.cpus = 1 + choose(3);
	/* Half of them turn hostile only when all is paid */
	if (choose(2))
		rmm_set_hostile_rate(world.rmm, 0);
	load();
	rmm_set_hostile_rate(world.rmm, rate);
	for (i = 0; i < MAX_OPS && (seeded || steps.at < steps.end); i++)
		op();
	scenario_seen.lies += world.smcs;
	if (load_afresh(&available) && !available)
		assert_false(is_good_machine());
	scenario_seen.fresh += available;
	finish();
}

/* Lies are rare, common, or all that there is */
static const u16 rates[] = { 1, 4, 16, 64, 256 };

void scenario_by_seed(u64 seed)
{
	seeded = true;
	seed_state = seed * 0x9e3779b97f4a7c15ULL + 1;
	choose(2);
	do {
		describe();
	} while (!rmm_size(&machine));
	run(rates[choose(ARRAY_SIZE(rates))], choose(1ULL << 32));
}

/* Histories with an honest RMM ----------------------------------------------------------------- */

static bool is_reason(const char *word)
{
	return !strcmp(world_read("reason"), word);
}

/*
 * What the module says is what the model, which hasn't lied, knows. What it found as it was loaded
 * it doesn't look for again because a block went offline.
 */
static void check_truth(bool fresh)
{
	const u64 covered = covered_in_truth(), online = ram_online();
	struct sums sums;

	if (!loaded)
		return;
	sums = ledger_sums();
	assert_true(rmm_donated(world.rmm) <= sums.lent + sums.lost + forsaken);
	assert_true(world_with_rmm() <= sums.lent + sums.lost + sums.taken + bytes_taken());
	/* A live update may end what nobody here knows of */
	if (machine.update_at && left_unfinished)
		return;
	assert_true(number("memory_covered") <= covered);
	if (is_reason("ok")) {
		assert_true(rmm_is_active(world.rmm));
		assert_true(lazy || covered == online);
		assert_true(lazy || number("memory_covered") == online);
	}
	if (fresh && !trouble.ever_refused &&
	    (is_reason("not-tracked") || is_reason("not-fine") || is_reason("no-gpt")) &&
	    !strstr(world_read("detail"), "no page could be tried"))
		assert_true(covered < online);
	assert_false(is_reason("bad-answer"));
	/* After a live update, an RMM may say nothing that tells whose a page is */
	if (!trouble.ever_refused && !machine.update_at)
		assert_int_equal(sums.lost, 0);
}

/* Each step has choices of its own, so that leaving one out changes no other */
static void begin_choosing(u64 seed, u64 step)
{
	seeded = true;
	seed_state = (seed * 0x9e3779b97f4a7c15ULL ^ step * 0xd1342543de82ef95ULL) | 1;
	choose(2);
	choose(2);
}

static void describe_honest(u64 seed)
{
	do {
		describe();
		/* What it doesn't know of, no command asks about: region by region it says FINE */
		machine.memory.nr = 0;
		add(&machine.memory, GB, (4 + choose(2) * 60) * GB - GB, 0);
		machine.dialect = seed % (RMM_DIALECT_AUTUMN + 1);
		if (machine.dialect == RMM_DIALECT_AUTUMN) {
			machine.granules = 1;
			machine.active_granule = 0;
			page_shift = 12;
			machine.pps = 5;
			machine.contexts = choose(4) * 8;
			machine.turns = choose(3);
			machine.yield_every = choose(3) * 7;
			machine.stop_after = choose(3) * 5;
			machine.refuse_every = choose(4) ? 0 : 100;
		}
		if (!choose(4)) {
			machine.update_at = 1 + choose(300);
			machine.update_ns = 150 * NSEC_PER_MSEC;
		}
	} while (!rmm_size(&machine));
}

bool scenario_history(u64 seed, u64 left_out, bool tell)
{
	const struct step *step;
	unsigned int i;
	bool available, before;

	begin_choosing(seed, 0);
	describe_honest(seed);
	make();
	add_ram();
	world.choose = NULL;
	world.cpus = 1 + choose(3);
	trouble.ever_refused = machine.refuse_every;
	if (tell)
		print_message("# dialect %u, flags %#llx, granules of %llu\n",
			      (unsigned int)machine.dialect, (u64)machine.flags, (u64)PAGE_SIZE);
	for (i = 0; i < SCENARIO_STEPS; i++) {
		begin_choosing(seed, 1 + i);
		step = &steps_of_all[i ? choose(ARRAY_SIZE(steps_of_all)) : NR_FUZZED_STEPS];
		if (left_out & BIT_ULL(i))
			continue;
		if (tell)
			print_message("# step %u: %s\n", i, step->name);
		before = loaded;
		step->play();
		if (tell)
			tell_state();
		check_truth(!before);
	}
	if (load_afresh(&available) && !available)
		assert_false(is_good_machine());
	finish();
	return available;
}

/* The first byte says how many of the others are steps; the rest are lies */
void scenario_by_bytes(const u8 *bytes, size_t n)
{
	const size_t nr_steps = n ? min(n - 1, 4 * (size_t)bytes[0]) : 0;

	seeded = false;
	if (!n)
		return;
	steps = (struct stream){ bytes + 1, bytes + 1 + nr_steps };
	lies = (struct stream){ steps.end, bytes + n };
	describe();
	if (rmm_size(&machine))
		run(32, 0);
}
