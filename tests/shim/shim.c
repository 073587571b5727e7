// SPDX-License-Identifier: GPL-2.0-only
#include <malloc.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "rmi_abi.h"
#include "world.h"

struct world world;
unsigned int shim_page_shift = 12;
unsigned long pageblock_nr_pages;

static struct rmm_machine machine;
static void *rmm_memory;
static size_t rmm_memory_size;
static u8 *slots;
static size_t slot_used[WORLD_SLOTS];	/* bytes */

/* Threads -------------------------------------------------------------------------------------- */

/*
 * Of the stand-ins, what several threads may call at once keeps its own order by a lock that
 * ThreadSanitizer doesn't see: it must hide no race of the module's. Nor does it look inside.
 */
#ifdef SHIM_THREADS
void ignore_reads_begin(const char *file, int line) __asm__("AnnotateIgnoreReadsBegin");
void ignore_reads_end(const char *file, int line) __asm__("AnnotateIgnoreReadsEnd");
void ignore_writes_begin(const char *file, int line) __asm__("AnnotateIgnoreWritesBegin");
void ignore_writes_end(const char *file, int line) __asm__("AnnotateIgnoreWritesEnd");

#define PER_THREAD	__thread
static __thread unsigned int locks_of_this_thread;
#define LOCKS_HELD	locks_of_this_thread
static __thread unsigned int atomic_of_this_thread;
#define ATOMIC		atomic_of_this_thread
static bool inside;

static void enter(void)
{
	while (__atomic_test_and_set(&inside, __ATOMIC_ACQUIRE))
		sched_yield();
	ignore_reads_begin(__FILE__, __LINE__);
	ignore_writes_begin(__FILE__, __LINE__);
}

static void leave(void)
{
	ignore_writes_end(__FILE__, __LINE__);
	ignore_reads_end(__FILE__, __LINE__);
	__atomic_clear(&inside, __ATOMIC_RELEASE);
}
#else
#define PER_THREAD
#define LOCKS_HELD	world.locks_held
#define ATOMIC		world.atomic
static void enter(void) {}
static void leave(void) {}
#endif

static void might_sleep(void)
{
	assert_int_equal(ATOMIC, 0);
}

/* Memory --------------------------------------------------------------------------------------- */

static bool must_fail(gfp_t flags)
{
	if (flags & __GFP_NOFAIL)
		return false;

	world.allocations++;
	if (world.allocates)
		world.allocates();
	if (!world.fail_alloc || --world.fail_alloc)
		return false;
	world.fail_alloc = world.fail_rest;
	return true;
}

/* Aligned to its size, as kmalloc() does it, and to nothing more */
static void *slot_alloc(size_t size)
{
	int i;

	for (i = 0; i < WORLD_SLOTS; i++) {
		u8 *p = slots + i * WORLD_SLOT + size % WORLD_SLOT;

		if (slot_used[i])
			continue;
		slot_used[i] = size;
		memset(p, 0, size);
		return p;
	}
	return NULL;
}

static bool in_slot(const void *p)
{
	return (const u8 *)p >= slots && (const u8 *)p < slots + WORLD_SLOTS * WORLD_SLOT;
}

static size_t heap_size(const void *p)
{
	return in_slot(p) ? slot_used[((const u8 *)p - slots) / WORLD_SLOT]
			  : malloc_usable_size((void *)p);
}

static void *heap_take(void *p)
{
	assert_non_null(p);
	world.allocated++;
	world.heap_bytes += heap_size(p);
	world.heap_peak = max(world.heap_peak, world.heap_bytes);
	return p;
}

/* Sizes of a page and more are powers of two, and for the RMM to see */
void *kzalloc(size_t size, gfp_t flags)
{
	void *p = NULL;

	might_sleep();
	enter();
	assert_true(size < PAGE_SIZE || (is_power_of_2(size) && size <= WORLD_SLOT));
	if (!must_fail(flags))
		p = heap_take(size < PAGE_SIZE ? calloc(1, size) : slot_alloc(size));
	leave();
	return p;
}

void kfree(const void *p)
{
	if (!p)
		return;
	enter();
	assert_true(world.allocated > 0);
	world.allocated--;
	world.heap_bytes -= heap_size(p);
	if (in_slot(p))
		slot_used[((const u8 *)p - slots) / WORLD_SLOT] = 0;
	else
		free((void *)p);
	leave();
}

/* Not contiguous, so that the RMM can't be shown it */
void *kvmalloc_array(size_t n, size_t size, gfp_t flags)
{
	void *p = NULL;

	might_sleep();
	enter();
	if (!must_fail(flags))
		p = heap_take(calloc(n, size));
	leave();
	return p;
}

/*
 * Pages that only another kernel is to find: their address is theirs in this program. Some remain
 * when the module is gone.
 */
#define MAX_OWN_PAGES	4096
static void *own_pages[MAX_OWN_PAGES];

unsigned long get_zeroed_page(gfp_t flags)
{
	unsigned int i = 0;
	void *p = NULL;

	enter();
	if (!must_fail(flags)) {
		while (own_pages[i])
			assert_true(++i < MAX_OWN_PAGES);
		p = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
		assert_non_null(p);
		memset(p, 0, PAGE_SIZE);
		own_pages[i] = p;
		world.own_pages++;
		world.heap_bytes += PAGE_SIZE;
		world.heap_peak = max(world.heap_peak, world.heap_bytes);
	}
	leave();
	return (unsigned long)p;
}

void free_page(unsigned long page)
{
	unsigned int i = 0;

	if (!page)
		return;
	enter();
	while (own_pages[i] != (void *)page)
		assert_true(++i < MAX_OWN_PAGES);
	own_pages[i] = NULL;
	world.own_pages--;
	world.heap_bytes -= PAGE_SIZE;
	free((void *)page);
	leave();
}

static void forget_own_pages(void)
{
	for (unsigned int i = 0; i < MAX_OWN_PAGES; i++) {
		free(own_pages[i]);
		own_pages[i] = NULL;
	}
}

void *phys_to_virt(u64 pa)
{
	return (void *)pa;
}

void *memremap(u64 pa, size_t size, unsigned long flags)
{
	assert_int_equal(flags, MEMREMAP_WB);
	assert_int_equal(pa & (PAGE_SIZE - 1), 0);
	assert_true(pa && size <= PAGE_SIZE);
	if (world.fail_memremap && !--world.fail_memremap)
		return NULL;
	world.remapped++;
	return (void *)pa;
}

void memunmap(void *at)
{
	assert_non_null(at);
	world.remapped--;
}

u64 get_random_u64(void)
{
	return 0x1234567800000001 + world.randoms++;
}

void register_vmcore_cb(struct vmcore_cb *cb)
{
	assert_null(world.vmcore);
	world.vmcore = cb;
}

void unregister_vmcore_cb(struct vmcore_cb *cb)
{
	assert_ptr_equal(world.vmcore, cb);
	world.vmcore = NULL;
}

bool kexec_crash_loaded(void)
{
	return world.crash_loaded;
}

u64 virt_to_phys(const void *p)
{
	if (!in_slot(p))
		return (unsigned long)p;
	return WORLD_SLOTS_AT + ((const u8 *)p - slots);
}

static u8 *phys_to_slot(u64 pa)
{
	assert_true(pa >= WORLD_SLOTS_AT && pa < WORLD_SLOTS_AT + WORLD_SLOTS * WORLD_SLOT);
	return slots + (pa - WORLD_SLOTS_AT);
}

void *world_at(u64 pa)
{
	return phys_to_slot(pa);
}

/* Locks, CPUs, time, messages ------------------------------------------------------------------ */

#ifdef SHIM_THREADS
static void lock(struct mutex *m)
{
	pthread_mutex_lock(&m->lock);
	LOCKS_HELD++;
}

bool mutex_trylock(struct mutex *m)
{
	if (pthread_mutex_trylock(&m->lock))
		return false;
	LOCKS_HELD++;
	return true;
}

static void unlock(struct mutex *m)
{
	LOCKS_HELD--;
	pthread_mutex_unlock(&m->lock);
}
#else
/* Somebody else, on a stack of his own; and what this one was about meanwhile */
#define STACK_SIZE	(1 << 20)
static struct {
	ucontext_t here, there;
	void *stack, *fake_here, *fake_there;
	const void *stack_here;
	size_t size_here;
	void (*fn)(void);
	struct mutex *waits;		/* the one that it wants, and who runs has */
	unsigned int locks_held;	/* by who isn't running */
	bool exists, runs;
} other;

/* Of ASan, which must know what stack is in use; not there in builds without it */
__attribute__((weak)) void __sanitizer_start_switch_fiber(void **fake, const void *bottom,
							  size_t size);
__attribute__((weak)) void __sanitizer_finish_switch_fiber(void *fake, const void **bottom,
							   size_t *size);

static void leave_stack(void **fake, const void *bottom, size_t size)
{
	swap(LOCKS_HELD, other.locks_held);
	if (__sanitizer_start_switch_fiber)
		__sanitizer_start_switch_fiber(fake, bottom, size);
}

static void enter_stack(void *fake, const void **bottom, size_t *size)
{
	if (__sanitizer_finish_switch_fiber)
		__sanitizer_finish_switch_fiber(fake, bottom, size);
}

static void other_begins(void)
{
	enter_stack(NULL, &other.stack_here, &other.size_here);
	other.fn();
	assert_int_equal(world.locks_held, 0);
	other.exists = false;
	other.runs = false;
	leave_stack(NULL, other.stack_here, other.size_here);
}

static void let_other_run(void)
{
	other.runs = true;
	leave_stack(&other.fake_here, other.stack, STACK_SIZE);
	swapcontext(&other.here, &other.there);
	enter_stack(other.fake_here, NULL, NULL);
}

static void wait_for(struct mutex *m)
{
	other.waits = m;
	other.runs = false;
	leave_stack(&other.fake_there, other.stack_here, other.size_here);
	swapcontext(&other.there, &other.here);
	enter_stack(other.fake_there, &other.stack_here, &other.size_here);
}

void world_meanwhile(void (*fn)(void))
{
	assert_false(other.exists);
	if (!other.stack)
		other.stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(other.stack != MAP_FAILED);
	other.fn = fn;
	other.exists = true;
	other.waits = NULL;
	other.locks_held = 0;
	getcontext(&other.there);
	other.there.uc_stack.ss_sp = other.stack;
	other.there.uc_stack.ss_size = STACK_SIZE;
	other.there.uc_link = &other.here;
	makecontext(&other.there, other_begins, 0);
	let_other_run();
}

static void lock(struct mutex *m)
{
	if (m->held && other.runs)
		wait_for(m);
	assert_false(m->held);
	m->held = true;
	LOCKS_HELD++;
}

bool mutex_trylock(struct mutex *m)
{
	if (m->held)
		return false;
	lock(m);
	return true;
}

static void unlock(struct mutex *m)
{
	assert_true(m->held);
	m->held = false;
	LOCKS_HELD--;
}
#endif

static struct work_struct *scheduled;

static void work_off(void)
{
	struct work_struct *work = scheduled;

	if (!work || LOCKS_HELD)
		return;
	scheduled = NULL;
	work->fn(work);
}

void mutex_lock(struct mutex *m)
{
	might_sleep();
	lock(m);
}

/* Who holds one doesn't wait for anybody, so that nobody finds it held, but for other threads */
void spin_lock(spinlock_t *l)
{
	lock(l);
	ATOMIC++;
}

void spin_unlock(spinlock_t *l)
{
	assert_true(ATOMIC > 0);
	ATOMIC--;
	unlock(l);
	if (world.spun)
		world.spun();
}

void mutex_unlock(struct mutex *m)
{
	unlock(m);
#ifndef SHIM_THREADS
	if (other.exists && !other.runs && other.waits == m)
		let_other_run();
#endif
	work_off();
	if (world.unlocked)
		world.unlocked();
}

/* There is but one */
void schedule_work(struct work_struct *work)
{
	scheduled = work;
	work_off();
}

void flush_work(const struct work_struct *work)
{
	assert_int_equal(LOCKS_HELD, 0);
	if (scheduled == work)
		work_off();
}

bool schedule_delayed_work(struct delayed_work *work, unsigned long delay)
{
	struct delayed_work **at = &world.delayed;

	(void)delay;
	while (*at && *at != work)
		at = &(*at)->next;
	if (*at)
		return false;
	work->next = NULL;
	*at = work;
	return true;
}

/* cppcheck-suppress constParameter; the kernel's isn't constant */
bool cancel_delayed_work_sync(struct delayed_work *work)
{
	struct delayed_work **at = &world.delayed;

	assert_int_equal(LOCKS_HELD, 0);
	while (*at && *at != work)
		at = &(*at)->next;
	if (!*at)
		return false;
	*at = work->next;
	return true;
}

void world_work_later(void)
{
	struct delayed_work *work = world.delayed, *next;

	assert_int_equal(LOCKS_HELD, 0);
	world.delayed = NULL;
	for (; work; work = next) {
		next = work->next;
		work->work.fn(&work->work);
	}
	assert_int_equal(LOCKS_HELD, 0);
}

bool is_kdump_kernel(void)
{
	return world.kdump;
}

void world_work_latest(void)
{
	struct delayed_work *work = world.delayed;

	while (work && work->next)
		work = work->next;
	if (!work)
		return;
	cancel_delayed_work_sync(work);
	work->work.fn(&work->work);
}

/* Who would wait for a CPU that is inside of a read-side section is none of ours */
void synchronize_rcu_tasks(void)
{
	world.fresh_pages = false;
	world.grace_periods++;
}

void __module_get(void *module)
{
	assert_null(module);
	world.module_refs++;
}

void module_put(void *module)
{
	assert_null(module);
	assert_true(world.module_refs > 0);
	world.module_refs--;
}

/* Bit by bit: nothing to get wrong */
void bitmap_set(unsigned long *map, unsigned int start, unsigned int nr)
{
	for (; nr--; start++)
		map[start / BITS_PER_LONG] |= 1UL << start % BITS_PER_LONG;
}

void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nr)
{
	for (; nr--; start++)
		map[start / BITS_PER_LONG] &= ~(1UL << start % BITS_PER_LONG);
}

static unsigned long find_bit(const unsigned long *map, unsigned long size, unsigned long at,
			      unsigned long value)
{
	while (at < size && (map[at / BITS_PER_LONG] >> at % BITS_PER_LONG & 1) != value)
		at++;
	return at;
}

unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long at)
{
	return find_bit(map, size, at, 1);
}

unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long at)
{
	return find_bit(map, size, at, 0);
}

void *xa_load(struct xarray *xa, unsigned long i)
{
	return i < xa->room ? xa->at[i] : NULL;
}

void *xa_store(struct xarray *xa, unsigned long i, void *p, gfp_t gfp)
{
	void **at;

	if (i >= xa->room) {
		const unsigned long room = max(2 * xa->room, i + 1);

		at = kvmalloc_array(room, sizeof(*at), gfp);
		if (!at)
			return ERR_PTR(-ENOMEM);
		if (xa->room)
			memcpy(at, xa->at, xa->room * sizeof(*at));
		kvfree(xa->at);
		xa->at = at;
		xa->room = room;
	}
	at = &xa->at[i];
	swap(*at, p);
	return p;
}

int shim_xa_err(const void *p)
{
	return IS_ERR(p) ? PTR_ERR(p) : 0;
}

void xa_destroy(struct xarray *xa)
{
	kvfree(xa->at);
	*xa = (struct xarray){};
}

static unsigned int this_cpu;

int cpuhp_setup_state_nocalls(enum cpuhp_state state, const char *name,
			      int (*online)(unsigned int cpu), int (*offline)(unsigned int cpu))
{
	assert_int_equal(state, CPUHP_AP_ONLINE_DYN);
	assert_string_equal(name, "arm_cca_rmi:online");
	assert_int_equal(LOCKS_HELD, 0);
	if (world.cpuhp_error)
		return world.cpuhp_error;
	world.cpu_online = online;
	world.cpu_offline = offline;
	return CPUHP_AP_ONLINE_DYN + 7;
}

void cpuhp_remove_state_nocalls(enum cpuhp_state state)
{
	assert_int_equal(state, CPUHP_AP_ONLINE_DYN + 7);
	assert_int_equal(LOCKS_HELD, 0);
	world.cpu_online = NULL;
	world.cpu_offline = NULL;
}

void world_cpu_online(unsigned int cpu)
{
	this_cpu = cpu;
	if (world.cpu_online)
		assert_int_equal(world.cpu_online(cpu), 0);
	world.cpus++;
}

void world_cpu_offline(unsigned int cpu)
{
	this_cpu = cpu;
	if (world.cpu_offline)
		assert_int_equal(world.cpu_offline(cpu), 0);
	world.cpus--;
}

void on_each_cpu(void (*fn)(void *info), void *info, int wait)
{
	(void)wait;
	for (this_cpu = 0; this_cpu < world.cpus; this_cpu++)
		fn(info);
}

unsigned int num_online_cpus(void)
{
	return world.cpus;
}

u64 read_sysreg_s(int reg)
{
	assert_int_equal(reg, SYS_ID_AA64PFR0_EL1);
	return world.pfr0[this_cpu];
}

u32 world_frequency(void)
{
	return world.no_frequency ? 0 : 100000000;
}

ktime_t ktime_get(void)
{
	return world.now_ns;
}

void usleep_range(unsigned long lo, unsigned long hi)
{
	assert_true(lo <= hi && hi <= 10000);
	world.now_ns += hi * 1000;
	might_sleep();
	world.slept_ns += hi * 1000;
}

void udelay(unsigned long us)
{
	world.now_ns += us * 1000;
}

void cond_resched(void)
{
	might_sleep();
	world.reschedules++;
}

void shim_printk(const char *fmt, ...)
{
	va_list args;
	size_t used;

	enter();
	used = strlen(world.log);
	/* Of much, the end */
	if (used > sizeof(world.log) - 512) {
		used /= 2;
		memmove(world.log, world.log + used, strlen(world.log + used) + 1);
		used = strlen(world.log);
	}
	va_start(args, fmt);
	vsnprintf(world.log + used, sizeof(world.log) - used, fmt, args);
	va_end(args);
	world.lines++;
	world.index_stays |= !!strstr(fmt, "stay out of crash dumps until reboot");
	leave();
}

bool shim_is_powerless(void)
{
	return world.powerless;
}

bool shim_signal_pending(void)
{
	return world.killed;
}

/* The kernel shows three digits of it */
void string_get_size(u64 size, u64 block, int units, char *buf, int len)
{
	unsigned int unit = 0;

	assert_true(block == 1 && units == STRING_UNITS_2);
	for (; size >= 1024 && unit < 6; unit++)
		size /= 1024;
	snprintf(buf, len, "%llu %.1s%s", size, &"\0KMGTPE"[unit], unit ? "iB" : "B");
}

/* The RMM -------------------------------------------------------------------------------------- */

int arm_smccc_1_1_get_conduit(void)
{
	return world.conduit;
}

void arm_smccc_1_2_smc(const struct arm_smccc_1_2_regs *args, struct arm_smccc_1_2_regs *res)
{
	u64 x[6] = { args->a0, args->a1, args->a2, args->a3, args->a4, args->a5 };

	assert_int_equal(world.conduit, SMCCC_CONDUIT_SMC);
	enter();
	world.smcs++;
	world.now_ns += 2000;
	world.smc_done = false;
	if (world.smc)
		world.smc(x);
	if (!world.smc_done) {
		uint64_t y[6] = { x[0], x[1], x[2], x[3], x[4], x[5] };

		if (!world.rmm || !rmm_command(world.rmm, y))
			y[0] = -1;
		for (int i = 0; i < 5; i++)
			x[i] = y[i];
	}
	leave();
	*res = (struct arm_smccc_1_2_regs){ x[0], x[1], x[2], x[3], x[4] };
}

/* Single pages: a byte for each page frame, most of which are never touched */
#define FRAMES_END	(1ULL << 41)	/* or where the RMM's last bank does */
static struct page *frames;
static u64 frames_end;
static size_t frames_size;

static void make_frames(const struct rmm_machine *m)
{
	frames_end = FRAMES_END;
	for (u64 i = 0; m && i < m->memory.nr; i++)
		frames_end = max(frames_end, (u64)m->memory.at[i].base + m->memory.at[i].size);
	frames_size = (frames_end >> PAGE_SHIFT) * sizeof(struct page);
	frames = mmap(NULL, frames_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(frames != MAP_FAILED);
}

static uint64_t host_read(void *ctx, uint64_t pa)
{
	uint64_t v;

	(void)ctx;
	memcpy(&v, phys_to_slot(pa), sizeof(v));
	return v;
}

static void host_write(void *ctx, uint64_t pa, uint64_t value)
{
	(void)ctx;
	memcpy(phys_to_slot(pa), &value, sizeof(value));
}

static void host_granule(void *ctx, uint64_t pa, uint64_t size, bool to_host)
{
	struct page *page = frames + (pa >> PAGE_SHIFT);

	(void)ctx;
	assert_int_equal(size, PAGE_SIZE);
	assert_int_equal(!(page->flags & PAGE_WITH_RMM), !to_host);
	page->flags ^= PAGE_WITH_RMM;
	world.with_rmm += to_host ? -size : size;
	if (to_host)
		return;
	/* Nobody's yet; but the block may begin with its memory map, of 64 bytes a page */
	if (pa >= world.going_online && pa < world.going_end) {
		assert_int_equal(page->flags, PAGE_WITH_RMM);
		assert_true(pa >= world.going_online +
				  (world.going_end - world.going_online) / PAGE_SIZE * 64);
		return;
	}
	/* Whatever Linux lends is its own to lend, and marked; nobody reads it any more */
	if (page->flags & PAGE_FOREIGN) {
		assert_int_equal(page->flags & ~PAGE_MARKED,
				 PAGE_TAKEN | PAGE_FOREIGN | PAGE_WITH_RMM);
		return;
	}
	assert_int_equal(page->flags, PAGE_TAKEN | PAGE_MARKED | PAGE_WITH_RMM);
	assert_false(world.fresh_pages);
	/* The guard rule: the page before it is not Linux's */
	assert_true(page > frames && page[-1].flags & PAGE_MARKED);
}

static bool host_choose(void *ctx, uint64_t below, uint64_t *choice)
{
	(void)ctx;
	if (world.choose)
		*choice = world.choose(below);
	return world.choose;
}

static void host_delay(void *ctx, uint64_t ns)
{
	(void)ctx;
	world.now_ns += ns;
}

static void host_enter(void *ctx, struct rmm_entry *entry)
{
	(void)ctx;
	if (world.enter)
		world.enter(entry);
	else
		host_write(NULL, entry->run + RMI_RUN_REASON, RMI_EXIT_IRQ);
}

static const struct rmm_ops ops = { .read = host_read,
				    .write = host_write,
				    .granule = host_granule,
				    .delay = host_delay,
				    .choose = host_choose,
				    .enter = host_enter };

/* Physical memory ------------------------------------------------------------------------------ */

void world_ram(u64 start, u64 end, bool online)
{
	assert_true(world.nr_ram < WORLD_MAX_RAM);
	world.ram[world.nr_ram++] = (struct world_ram){ start, end, online, online };
}

int walk_iomem_res_desc(unsigned long desc, unsigned long flags, u64 start, u64 end, void *arg,
			int (*fn)(struct resource *res, void *arg))
{
	unsigned int i;
	int rc = -EINVAL;

	assert_int_equal(desc, IORES_DESC_NONE);
	assert_int_equal(flags, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY);
	assert_true(start == 0 && end == ~0ULL);
	for (i = 0; i < world.nr_ram; i++) {
		struct resource res = { world.ram[i].start, world.ram[i].end - 1 };
		while (world.one_resource && i + 1 < world.nr_ram &&
		       world.ram[i + 1].start == res.end + 1)
			res.end = world.ram[++i].end - 1;
		rc = fn(&res, arg);
		if (rc)
			break;
	}
	return rc;
}

/* Most often it is where the last one was */
static const struct world_ram *ram_of(u64 pa)
{
	static unsigned int last;
	unsigned int i;

	if (last < world.nr_ram && world.ram[last].start <= pa &&
	    pa + PAGE_SIZE <= world.ram[last].end)
		return &world.ram[last];
	for (i = 0; i < world.nr_ram; i++) {
		if (world.ram[i].start > pa || pa + PAGE_SIZE > world.ram[i].end)
			continue;
		last = i;
		return &world.ram[i];
	}
	return NULL;
}

struct page *pfn_to_page(unsigned long pfn)
{
	assert_true(PFN_PHYS(pfn) < frames_end);
	return frames + pfn;
}

bool pfn_valid(unsigned long pfn)
{
	return ram_of(PFN_PHYS(pfn));
}

/* As in the kernel, what devices of 32 bits reach is a zone of its own; nobody looks into one */
struct zone *page_zone(const struct page *page)
{
	static char zone[2];

	return (struct zone *)&zone[page >= frames + PHYS_PFN(4ULL * SZ_1G)];
}

struct page *pfn_to_online_page(unsigned long pfn)
{
	const struct world_ram *ram = ram_of(PFN_PHYS(pfn));

	return ram && ram->online ? pfn_to_page(pfn) : NULL;
}

/* The memory map of what never was online isn't initialised, until it is announced */
int pfn_to_nid(unsigned long pfn)
{
	const u64 pa = PFN_PHYS(pfn);

	assert_true(pfn_to_online_page(pfn) || (pa >= world.going_online && pa < world.going_end));
	return world.node_bytes && pa / world.node_bytes % 2;
}

u64 page_to_phys(const struct page *page)
{
	return PFN_PHYS(page - frames);
}

bool PageReserved(const struct page *page)
{
	(void)page;
	return false;
}

bool early_section(unsigned long pfn)
{
	const struct world_ram *ram = ram_of(PFN_PHYS(pfn));

	return ram && ram->boot;
}

static bool marking;

void page_offline_begin(void)
{
	assert_false(marking);
	marking = true;
}

void page_offline_end(void)
{
	assert_true(marking);
	marking = false;
}

bool PageOffline(const struct page *page)
{
	return page->flags & PAGE_MARKED;
}

void __SetPageOffline(struct page *page)
{
	assert_true(marking);
	assert_int_equal(page->flags, PAGE_TAKEN);
	page->flags |= PAGE_MARKED;
}

/* What a lying RMM still has is never handed out again: it keeps that flag */
static u8 flags_of(const struct page *page)
{
	return page->flags & ~(world.lied ? PAGE_WITH_RMM : 0);
}

void __ClearPageOffline(struct page *page)
{
	assert_true(marking);
	assert_int_equal(flags_of(page), PAGE_TAKEN | PAGE_MARKED);
	page->flags &= ~PAGE_MARKED;
}

/* Where the pages lie that the module shows the RMM, nothing else does */
static bool is_free(u64 start, u64 end)
{
	u64 pa, top;

	if (start < WORLD_SLOTS_AT + WORLD_SLOTS * WORLD_SLOT && end > WORLD_SLOTS_AT)
		return false;
	/* What is about to go offline was isolated before anybody is told */
	if (start < world.isolated_end && end > world.isolated)
		return false;
	for (pa = start; pa < end; pa = top) {
		const struct world_ram *ram = ram_of(pa);
		u8 used = 0;

		if (!ram || !ram->online)
			return false;
		top = min(end, ALIGN_DOWN(ram->end, PAGE_SIZE));
		for (; pa < top; pa += PAGE_SIZE)
			used |= frames[PHYS_PFN(pa)].flags;
		if (used)
			return false;
	}
	return true;
}

static struct page *take_frames(u64 start, u64 end)
{
	u64 pa;

	for (pa = start; pa < end; pa += PAGE_SIZE)
		frames[PHYS_PFN(pa)].flags = PAGE_TAKEN;
	world.pages_out += (end - start) >> PAGE_SHIFT;
	return frames + PHYS_PFN(start);
}

/*
 * How far free blocks of each size were looked for in vain, from pages_from on: in no one's way,
 * and quadratic otherwise
 */
#define ORDERS		14
#define PAGE_ALLOC_COSTLY_ORDER	3	/* as the kernel has it */
static struct place {
	unsigned int ram;
	u64 pa;
} looked[ORDERS];
static struct place looked_most;	/* for none of them was it further */
static u64 looked_from;

static void look_anew(void)
{
	memset(looked, 0, sizeof(looked));
	looked_most = (struct place){};
}

static bool is_before(struct place a, struct place b)
{
	return a.ram < b.ram || (a.ram == b.ram && a.pa < b.pa);
}

static void look_again_at(u64 pa)
{
	const unsigned int ram = ram_of(pa) - world.ram;
	unsigned int order;

	if (is_before(looked_most, (struct place){ ram, pa }))
		return;
	for (order = 0; order < ORDERS; order++) {
		const struct place at = { ram, ALIGN_DOWN(pa, PAGE_SIZE << order) };

		if (is_before(at, looked[order]))
			looked[order] = at;
	}
}

static struct page *search(unsigned int order, u64 from, u64 to, struct place *at)
{
	const u64 size = PAGE_SIZE << order;
	u64 pa;

	for (; at->ram < world.nr_ram; *at = (struct place){ at->ram + 1, 0 }) {
		const struct world_ram *ram = &world.ram[at->ram];

		if (!ram->online)
			continue;
		for (pa = ALIGN(max3(from, ram->start, at->pa), size);
		     pa + size <= min(to, ram->end); pa += size) {
			at->pa = pa;
			if (is_free(pa, pa + size))
				return take_frames(pa, pa + size);
		}
	}
	return NULL;
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	struct place anywhere = {};
	struct page *page = NULL;

	assert_true(1UL << order <= MAX_ORDER_NR_PAGES);
	/* A load is not worth that others are swapped out, or killed */
	assert_true(order == 0 || gfp & __GFP_NORETRY);
	world.fresh_pages |= !!(gfp & __GFP_NORETRY);
	if (world.no_pages || must_fail(gfp))
		return NULL;
	if (world.node_bytes && nid != NUMA_NO_NODE) {
		for (u64 at = nid * world.node_bytes; !page && at < frames_end;
		     at += 2 * world.node_bytes) {
			anywhere = (struct place){};
			page = search(order, max(at, world.pages_from), at + world.node_bytes,
				      &anywhere);
			anywhere = (struct place){};
			if (!page)
				page = search(order, at, at + world.node_bytes, &anywhere);
		}
		if (page || gfp & __GFP_THISNODE)
			return page;
		anywhere = (struct place){};
		return search(order, 0, ~0ULL, &anywhere);
	}
	if (world.pages_from != looked_from) {
		looked_from = world.pages_from;
		look_anew();
	}
	if (world.small_from && order <= PAGE_ALLOC_COSTLY_ORDER)
		return search(order, world.small_from, ~0ULL, &anywhere);
	page = search(order, world.pages_from, ~0ULL, &looked[order]);
	if (is_before(looked_most, looked[order]))
		looked_most = looked[order];
	return page ? page : search(order, 0, world.pages_from, &anywhere);
}

void split_page(struct page *page, unsigned int order)
{
	assert_true(page->flags == PAGE_TAKEN && order < 20);
}

void __free_pages(struct page *page, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < 1U << order; i++) {
		/* not marked, and not with the RMM; nor is what it would guard */
		assert_int_equal(flags_of(&page[i]), PAGE_TAKEN);
		if (!world.lied)
			assert_int_not_equal(page[i + 1].flags & (PAGE_WITH_RMM | PAGE_FOREIGN),
					     PAGE_WITH_RMM);
		page[i].flags &= ~PAGE_TAKEN;
		world.pages_out--;
	}
	look_again_at(page_to_phys(page));
}

int alloc_contig_range(unsigned long start, unsigned long end, unsigned int migratetype, gfp_t gfp)
{
	assert_int_equal(migratetype, MIGRATE_MOVABLE);
	assert_true(IS_ALIGNED(start, pageblock_nr_pages) && IS_ALIGNED(end, pageblock_nr_pages));
	/* Nor does it look at others than those of the first page's zone */
	assert_ptr_equal(page_zone(pfn_to_page(start)), page_zone(pfn_to_page(end - 1)));
	world.contig_calls++;
	if (world.no_pages || must_fail(gfp))
		return -ENOMEM;
	if (world.no_contig || !is_free(PFN_PHYS(start), PFN_PHYS(end)))
		return -EBUSY;
	take_frames(PFN_PHYS(start), PFN_PHYS(end));
	world.fresh_pages = true;
	return 0;
}

unsigned int get_order(unsigned long size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

long si_mem_available(void)
{
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < world.nr_ram; i++)
		if (world.ram[i].online)
			bytes += world.ram[i].end - world.ram[i].start;
	return world.no_pages ? 0 : PHYS_PFN(bytes) - world.pages_out;
}

unsigned long totalram_pages(void)
{
	u64 bytes = 0;

	for (unsigned int i = 0; i < world.nr_ram; i++)
		if (world.ram[i].online)
			bytes += world.ram[i].end - world.ram[i].start;
	return PHYS_PFN(bytes);
}

/* This kernel's own driver --------------------------------------------------------------------- */

static bool is_rmm_active(void)
{
	assert_int_equal(world.driver.refs, 1);
	return world.driver.active;
}

static bool is_rmi_available(void)
{
	assert_int_equal(world.driver.refs, 1);
	return world.driver.available;
}

static bool driver_has(const char *name)
{
	if (!strcmp(name, "is_rmm_active"))
		return world.driver.active_there;
	assert_string_equal(name, "is_rmi_available");
	return world.driver.available_there;
}

void *__symbol_get(const char *name)
{
	if (!driver_has(name))
		return NULL;
	world.driver.refs++;
	return !strcmp(name, "is_rmm_active") ? (void *)is_rmm_active : (void *)is_rmi_available;
}

void __symbol_put(const char *name)
{
	assert_true(driver_has(name) && world.driver.refs);
	world.driver.refs--;
}

bool world_has_option(const char *name)
{
	assert_string_equal(name, "CONFIG_ARM_RMM_RMI");
	return world.driver.configured;
}

bool world_is_movable(const struct page *page)
{
	const u64 pa = page_to_phys(page);

	return pa >= world.movable_from && pa < world.movable_to;
}

u64 world_with_rmm(void)
{
	return world.with_rmm;
}

unsigned long memory_block_size_bytes(void)
{
	return WORLD_BLOCK;
}

int notifier_from_errno(int err)
{
	return err ? NOTIFY_STOP_MASK | (NOTIFY_OK - err) : NOTIFY_OK;
}

/* Notifier chains ------------------------------------------------------------------------------ */

static int join_chain(struct world_chain *chain, struct notifier_block *nb, int error)
{
	unsigned int at, i;

	assert_int_equal(LOCKS_HELD, 0);
	if (error)
		return error;
	assert_true(chain->nr < WORLD_MAX_MEMBERS);
	for (i = 0; i < chain->nr; i++)
		assert_ptr_not_equal(chain->member[i], nb);
	for (at = 0; at < chain->nr && chain->member[at]->priority >= nb->priority; at++)
		;
	for (i = chain->nr++; i > at; i--)
		chain->member[i] = chain->member[i - 1];
	chain->member[at] = nb;
	if (world.registered)
		world.registered();
	return 0;
}

static void leave_chain(struct world_chain *chain, const struct notifier_block *nb)
{
	unsigned int i;

	assert_int_equal(LOCKS_HELD, 0);
	for (i = 0; i < chain->nr && chain->member[i] != nb; i++)
		;
	assert_true(i < chain->nr);
	if (world.unregistering)
		world.unregistering();
	chain->nr--;
	for (; i < chain->nr; i++)
		chain->member[i] = chain->member[i + 1];
}

/* 0 or the negative error number of the member that ended it; *called: how many were */
static int call_chain(const struct world_chain *chain, unsigned long action, void *arg,
		      unsigned int *called)
{
	/* as it was when the event came */
	const struct world_chain now = *chain;

	for (*called = 0; *called < now.nr;) {
		struct notifier_block *nb = now.member[(*called)++];
		const int rc = nb->notifier_call(nb, action, arg);

		assert_int_equal(LOCKS_HELD, 0);
		if (rc & NOTIFY_STOP_MASK)
			return NOTIFY_OK - (rc & ~NOTIFY_STOP_MASK);
	}
	return 0;
}

int register_memory_notifier(struct notifier_block *nb)
{
	return join_chain(&world.notifiers, nb, world.notifier_error);
}

void unregister_memory_notifier(struct notifier_block *nb)
{
	leave_chain(&world.notifiers, nb);
}

int register_reboot_notifier(struct notifier_block *nb)
{
	return join_chain(&world.reboots, nb, world.reboot_error);
}

void unregister_reboot_notifier(struct notifier_block *nb)
{
	leave_chain(&world.reboots, nb);
}

int register_pm_notifier(struct notifier_block *nb)
{
	return join_chain(&world.pms, nb, world.pm_error);
}

void unregister_pm_notifier(struct notifier_block *nb)
{
	leave_chain(&world.pms, nb);
}

int world_reboot_as(unsigned long action, const char *command)
{
	unsigned int called;

	return call_chain(&world.reboots, action, (void *)command, &called);
}

int world_reboot(void)
{
	return world_reboot_as(SYS_RESTART, NULL);
}

/* As the kernel does it: who was told of a preparation that fails is told that it is over */
int world_pm(unsigned long action)
{
	const bool prepares = action == PM_HIBERNATION_PREPARE || action == PM_SUSPEND_PREPARE ||
			      action == PM_RESTORE_PREPARE;
	unsigned int called, i;
	int rc = call_chain(&world.pms, action, NULL, &called);

	for (i = 0; rc && prepares && i + 1 < called; i++) {
		struct notifier_block *nb = world.pms.member[i];

		nb->notifier_call(nb, action + 1, NULL);
		assert_int_equal(LOCKS_HELD, 0);
	}
	return rc;
}

int world_event(unsigned long action, u64 start, u64 end)
{
	struct memory_notify mem = { start >> PAGE_SHIFT, (end - start) >> PAGE_SHIFT };
	unsigned int called;
	int rc;

	if (action == MEM_GOING_ONLINE) {
		world.going_online = start;
		world.going_end = end;
	}
	if (action == MEM_GOING_OFFLINE || action == MEM_CANCEL_OFFLINE || action == MEM_OFFLINE) {
		world.isolated = start;
		world.isolated_end = action == MEM_GOING_OFFLINE ? end : start;
		look_anew();
	}
	rc = call_chain(&world.notifiers, action, &mem, &called);
	world.going_end = world.going_online;
	return rc;
}

static void set_online(u64 start, u64 end, bool online)
{
	unsigned int i;

	for (i = 0; i < world.nr_ram; i++)
		if (world.ram[i].start >= start && world.ram[i].end <= end)
			world.ram[i].online = online;
	look_anew();
}

int world_online(u64 start, u64 end)
{
	int rc = world_event(MEM_GOING_ONLINE, start, end);

	if (rc) {
		world_event(MEM_CANCEL_ONLINE, start, end);
		return rc;
	}
	set_online(start, end, true);
	return world_event(MEM_ONLINE, start, end);
}

/*
 * Pages in use can't be moved here: they keep the memory from going offline, unless they are marked
 */
int world_offline(u64 start, u64 end)
{
	int rc = world_event(MEM_GOING_OFFLINE, start, end);
	u64 pa;

	for (pa = start; !rc && pa < end; pa += PAGE_SIZE)
		if (frames[PHYS_PFN(pa)].flags)
			rc = -EBUSY;
	if (rc) {
		world_event(MEM_CANCEL_OFFLINE, start, end);
		return rc;
	}
	set_online(start, end, false);
	world_event(MEM_OFFLINE, start, end);
	return 0;
}

/* sysfs and parameters ------------------------------------------------------------------------- */

static struct kobject firmware, *rmi_dir, *features_dir;
struct kobject *firmware_kobj = &firmware;

struct kobject *kobject_create_and_add(const char *name, const struct kobject *parent)
{
	struct kobject **dir = parent == firmware_kobj ? &rmi_dir : &features_dir;

	assert_string_equal(name, parent == firmware_kobj ? "rmi" : "features");
	assert_true(parent == firmware_kobj || (parent && parent == rmi_dir));
	assert_null(*dir);
	*dir = kzalloc(sizeof(**dir), GFP_KERNEL);
	return *dir;
}

/* The names in both directories differ */
int sysfs_create_file(const struct kobject *kobj, const struct attribute *attr)
{
	assert_true(kobj && (kobj == rmi_dir || kobj == features_dir));
	if (world.fail_sysfs && !--world.fail_sysfs)
		return -ENOMEM;
	assert_true(world.files < ARRAY_SIZE(world.file));
	world.file[world.files++] = (const struct kobj_attribute *)attr;
	if (kobj == rmi_dir)
		world.own_files = world.files;
	return 0;
}

void kobject_del(const struct kobject *kobj)
{
	assert_true(kobj && (kobj == rmi_dir || kobj == features_dir));
	world.files = kobj == features_dir ? world.own_files : 0;
}

bool sysfs_streq(const char *a, const char *b)
{
	size_t n = strcspn(a, "\n");

	return strlen(b) == n && !strncmp(a, b, n);
}

void kobject_put(const struct kobject *kobj)
{
	struct kobject **dir = kobj == rmi_dir ? &rmi_dir : &features_dir;

	assert_true(kobj && kobj == *dir);
	assert_int_equal(world.files, dir == &rmi_dir ? 0 : world.own_files);
	kfree(*dir);
	*dir = NULL;
}

long sysfs_emit(char *buf, const char *fmt, ...)
{
	va_list args;
	long n;

	va_start(args, fmt);
	n = vsnprintf(buf, 4096, fmt, args);
	va_end(args);
	return n;
}

const char *world_read(const char *file)
{
	static PER_THREAD char buf[4096];
	unsigned int i;
	long n;

	for (i = 0; i < world.files; i++) {
		if (strcmp(world.file[i]->attr.name, file))
			continue;
		n = world.file[i]->show(rmi_dir, (struct kobj_attribute *)world.file[i], buf);
		assert_true(n > 0 && buf[n - 1] == '\n');
		buf[n - 1] = 0;
		return buf;
	}
	return NULL;
}

void sysfs_notify(struct kobject *kobj, const char *sub, const char *attr)
{
	assert_ptr_equal(kobj, rmi_dir);
	assert_null(sub);
	assert_int_equal(LOCKS_HELD, 0);
	assert_non_null(world_read(attr));
	world.notified += !strcmp(attr, "available");
}

static struct platform_device *device;

struct platform_device *platform_device_register_simple(const char *name, int id,
							const void *resources, unsigned int nr)
{
	assert_string_equal(name, "arm_cca_rmi");
	assert_int_equal(id, PLATFORM_DEVID_NONE);
	assert_true(!resources && !nr && !device);
	if (world.no_device)
		return ERR_PTR(world.no_device);
	device = kzalloc(sizeof(*device), GFP_KERNEL);
	return device ?: ERR_PTR(-ENOMEM);
}

void platform_device_unregister(struct platform_device *d)
{
	assert_ptr_equal(d, device);
	kfree(device);
	device = NULL;
}

int kobject_uevent_env(struct kobject *kobj, int action, char *env[])
{
	assert_ptr_equal(kobj, &device->dev.kobj);
	assert_int_equal(action, KOBJ_CHANGE);
	assert_int_equal(LOCKS_HELD, 0);
	enter();
	world.uevents++;
	world.uevent[0] = 0;
	for (int i = 0; env[i]; i++)
		snprintf(world.uevent + strlen(world.uevent),
			 sizeof(world.uevent) - strlen(world.uevent), "%s%s", i ? " " : "",
			 env[i]);
	leave();
	return 0;
}

/* debugfs -------------------------------------------------------------------------------------- */

#define MAX_DEBUG_FILES	8

static struct {
	const char *name;
	const struct file_operations *fops;
} debug_file[MAX_DEBUG_FILES];
static unsigned int nr_debug_files;
static char debug_dir;

struct dentry *debugfs_create_dir(const char *name, struct dentry *parent)
{
	assert_string_equal(name, "rmi");
	assert_null(parent);
	return (struct dentry *)&debug_dir;
}

void debugfs_create_file(const char *name, unsigned short mode, struct dentry *parent, void *data,
			 const struct file_operations *fops)
{
	assert_ptr_equal(parent, (struct dentry *)&debug_dir);
	assert_int_equal(mode, 0400);
	assert_null(data);
	assert_true(nr_debug_files < MAX_DEBUG_FILES);
	debug_file[nr_debug_files].name = name;
	debug_file[nr_debug_files++].fops = fops;
}

void debugfs_remove(struct dentry *dir)
{
	assert_ptr_equal(dir, (struct dentry *)&debug_dir);
	nr_debug_files = 0;
}

void seq_printf(struct seq_file *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	s->used += vsnprintf(s->text + s->used, sizeof(s->text) - s->used, fmt, args);
	va_end(args);
	assert_true(s->used < sizeof(s->text));
}

const char *world_debug(const char *file)
{
	static PER_THREAD struct seq_file s;

	s.used = 0;
	s.text[0] = 0;
	for (unsigned int i = 0; i < nr_debug_files; i++)
		if (!strcmp(debug_file[i].name, file))
			return debug_file[i].fops->show(&s, NULL) ? NULL : s.text;
	return NULL;
}

/* Tracepoints ---------------------------------------------------------------------------------- */

void shim_trace_rmi_command(const char *name, const struct rmi_regs *in,
			    const struct rmi_regs *out, unsigned int retries, u64 ns)
{
	world.traced.commands++;
	world.traced.retries += retries;
	world.traced.ns += ns;
	world.traced.name = name;
	world.traced.in = *in;
	world.traced.out = *out;
}

void shim_trace_rmi_memory(const char *what, u64 start, u64 end, const char *kind, u64 base)
{
	u64 *bytes = !strcmp(what, "donate") ? &world.traced.donated :
		     !strcmp(what, "reclaim") ? &world.traced.reclaimed : &world.traced.lost;

	assert_true(bytes != &world.traced.lost || !strcmp(what, "lose"));
	assert_true(start < end);
	*bytes += end - start;
	if (bytes != &world.traced.lost)
		return;
	world.traced.kind = kind;
	world.traced.base = base;
}

int trace_set_clr_event(const char *system, const char *event, int set)
{
	assert_string_equal(system, "rmi");
	assert_null(event);
	assert_int_equal(set, 1);
	/* before the first command */
	assert_int_equal(world.smcs, 0);
	world.traced.on++;
	return world.traced.refused;
}

int param_set_uint_minmax(const char *val, const struct kernel_param *kp, unsigned int lo,
			  unsigned int hi)
{
	char *end;
	unsigned long v = strtoul(val, &end, 0);

	if (end == val || *end || v < lo || v > hi)
		return -EINVAL;
	*(unsigned int *)kp->arg = v;
	return 0;
}

int param_get_uint(char *buf, const struct kernel_param *kp)
{
	return sprintf(buf, "%u\n", *(unsigned int *)kp->arg);
}

/* The module's variables ----------------------------------------------------------------------- */

/* Of the linker, about sections that the Makefile named */
extern char __start_module_data[], __stop_module_data[];
extern char __start_module_data_rel_local[], __stop_module_data_rel_local[];
extern char __start_module_bss[], __stop_module_bss[];

static const struct {
	char *start, *stop;
} sections[] = {
	{ __start_module_data, __stop_module_data },
	{ __start_module_data_rel_local, __stop_module_data_rel_local },
	{ __start_module_bss, __stop_module_bss },
};
static char *as_built[ARRAY_SIZE(sections)];

/* With what lies between the variables, which is not for others to read */
__attribute__((no_sanitize("address")))
static void copy_all(volatile char *to, const volatile char *from, size_t n)
{
	volatile u64 *to8 = (volatile u64 *)to;
	const volatile u64 *from8 = (const volatile u64 *)from;
	size_t i;

	for (i = 0; i < n / sizeof(*to8); i++)
		to8[i] = from8[i];
	for (i *= sizeof(*to8); i < n; i++)
		to[i] = from[i];
}

__attribute__((constructor)) static void remember_module(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(sections); i++) {
		const size_t n = sections[i].stop - sections[i].start;

		as_built[i] = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);
		copy_all(as_built[i], sections[i].start, n);
	}
}

/* As the kernel reads it anew from its file each time */
void world_forget_module(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(sections); i++)
		copy_all(sections[i].start, as_built[i], sections[i].stop - sections[i].start);
}

/* The world ------------------------------------------------------------------------------------ */

static void make_rmm(void)
{
	rmm_memory_size = rmm_size(&machine);
	assert_true(rmm_memory_size > 0);
	/* Most of it is never touched */
	rmm_memory = mmap(NULL, rmm_memory_size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(rmm_memory != MAP_FAILED);
	world.rmm = rmm_init(rmm_memory, &machine, &ops);
	assert_non_null(world.rmm);
}

void world_make(const struct rmm_machine *described, unsigned int page_shift)
{
	world = (struct world){ .conduit = SMCCC_CONDUIT_SMC, .cpus = 1, .now_ns = 1000 };
	for (unsigned int i = 0; i < ARRAY_SIZE(world.pfr0); i++)
		world.pfr0[i] = 1ULL << 52 | 0x11112222;
	shim_page_shift = page_shift;
	/* as arm64 has it: what a level 2 block of the page table maps */
	pageblock_nr_pages = PAGE_SIZE / 8;
	world_forget_module();
#ifndef SHIM_THREADS
	other.exists = false;
	other.runs = false;
#endif
	rmi_dir = NULL;
	device = NULL;
	scheduled = NULL;
	nr_debug_files = 0;
	marking = false;
	assert_int_equal(shim_set_timeout_ms("1000"), 0);
	assert_int_equal(shim_set_cover("eager"), 0);
	*shim_require = false;
	memset(slot_used, 0, sizeof(slot_used));
	forget_own_pages();
	/* once for all worlds: it is large, and tests make very many */
	if (!slots)
		slots = aligned_alloc(WORLD_SLOT, WORLD_SLOTS * WORLD_SLOT);
	assert_non_null(slots);
	make_frames(described);
	look_anew();
	if (!described)
		return;
	machine = *described;
	make_rmm();
}

void world_new_rmm(void)
{
	assert_int_equal(world.with_rmm, 0);
	munmap(rmm_memory, rmm_memory_size);
	make_rmm();
}

void world_end_with(u64 pages_out, u64 with_rmm)
{
	assert_int_equal(world.allocated, 0);
	assert_int_equal(LOCKS_HELD, 0);
	assert_int_equal(world.files, 0);
	assert_int_equal(nr_debug_files, 0);
	assert_null(device);
	assert_null(world.vmcore);
	assert_int_equal(world.remapped, 0);
	assert_null(scheduled);
	assert_int_equal(world.notifiers.nr, 0);
	assert_int_equal(world.reboots.nr, 0);
	assert_int_equal(world.pms.nr, 0);
	assert_null(world.cpu_online);
	assert_null(world.delayed);
	assert_int_equal(world.module_refs, 0);
	assert_int_equal(world.driver.refs, 0);
	assert_int_equal(ATOMIC, 0);
#ifndef SHIM_THREADS
	assert_false(other.exists);
#endif
	assert_int_equal(world.pages_out, pages_out);
	assert_int_equal(world.with_rmm, with_rmm);
	/* Nothing of the index, unless a crash kernel is to find it */
	assert_int_equal(!!world.own_pages, world.index_stays);
	forget_own_pages();
	munmap(frames, frames_size);
	frames = NULL;
	if (rmm_memory)
		munmap(rmm_memory, rmm_memory_size);
	rmm_memory = NULL;
}

void world_end(void)
{
	world_end_with(0, 0);
}
