/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The little of the kernel that src/ uses, for user space. The build makes a <linux/...> and an
 * <asm/...> header for each one that src/ includes; all of them include this. What the stand-ins do
 * is in shim.c, what tests may order of them in world.h.
 */
#ifndef SHIM_H
#define SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef long long s64;
typedef u64 __le64;
typedef unsigned int gfp_t;
typedef u64 phys_addr_t;
typedef u64 resource_size_t;

#define __printf(a, b)		__attribute__((format(printf, a, b)))
#define __init
#define __exit
#define static_assert		_Static_assert
#define fallthrough		__attribute__((fallthrough))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define BIT_ULL(n)		(1ULL << (n))
#define BIT(n)			(1UL << (n))
#define GENMASK_ULL(h, l)	((~0ULL >> (63 - (h))) & (~0ULL << (l)))
#define ALIGN(x, a)		(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a)	(((x) & ((__typeof__(x))(a) - 1)) == 0)
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define max3(a, b, c)		max(max(a, b), c)
#define min3(a, b, c)		min(min(a, b), c)
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define max_t(t, a, b)		max((t)(a), (t)(b))
#define clamp_t(t, v, lo, hi)	min_t(t, max_t(t, v, lo), hi)
#define swap(a, b)		do { __typeof__(a) swap_ = (a); (a) = (b); (b) = swap_; } while (0)
#define U64_MAX			(~0ULL)
#define is_power_of_2(x)	((x) && !((x) & ((x) - 1)))
#define rounddown_pow_of_two(x)	(1ULL << (63 - __builtin_clzll(x)))
#define roundup_pow_of_two(x)	((x) < 2 ? 1ULL : 1ULL << (64 - __builtin_clzll((x) - 1ULL)))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#define cpu_to_le64(x)		(x)
#define le64_to_cpu(x)		(x)

#define SZ_1K			0x400
#define SZ_4K			0x1000
#define SZ_16K			0x4000
#define SZ_64K			0x10000
#define SZ_512K		(512 * SZ_1K)
#define SZ_1M			0x100000
#define SZ_2M			0x200000
#define SZ_4M			0x400000
#define SZ_32M			0x2000000
#define SZ_64M			0x4000000
#define SZ_256M			0x10000000
#define SZ_512M			0x20000000
#define SZ_1G			0x40000000

/* Pages: 4 or 16 KB, as the test wants */
extern unsigned int shim_page_shift;
#define PAGE_SHIFT		shim_page_shift
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PFN_UP(x)		(((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x)		((x) >> PAGE_SHIFT)
#define PFN_PHYS(x)		((phys_addr_t)(x) << PAGE_SHIFT)
#define PAGES_PER_SECTION	((128UL << 20) >> PAGE_SHIFT)
#define PAGES_PER_SUBSECTION	((2UL << 20) >> PAGE_SHIFT)
#define PHYS_PFN(x)		((unsigned long)((x) >> PAGE_SHIFT))
#define PAGE_ALIGNED(x)		IS_ALIGNED(x, PAGE_SIZE)
extern unsigned long pageblock_nr_pages;
#define MAX_ORDER_NR_PAGES	max(1024UL, pageblock_nr_pages)
struct page {
	u8 flags;
};
struct zone;
struct page *pfn_to_page(unsigned long pfn);
struct page *pfn_to_online_page(unsigned long pfn);
u64 page_to_phys(const struct page *page);
bool pfn_valid(unsigned long pfn);
int pfn_to_nid(unsigned long pfn);
#define NUMA_NO_NODE		(-1)
struct zone *page_zone(const struct page *page);
bool PageReserved(const struct page *page);
void __SetPageOffline(struct page *page);
void __ClearPageOffline(struct page *page);
bool PageOffline(const struct page *page);
void page_offline_begin(void);
void page_offline_end(void);
#define __pfn_to_section(pfn)	(pfn)
bool early_section(unsigned long pfn);
struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order);
void split_page(struct page *page, unsigned int order);
void __free_pages(struct page *page, unsigned int order);
#define __free_page(page)	__free_pages(page, 0)
#define MIGRATE_MOVABLE		1
int alloc_contig_range(unsigned long start, unsigned long end, unsigned int migratetype, gfp_t gfp);
unsigned int get_order(unsigned long size);
long si_mem_available(void);
unsigned long totalram_pages(void);
#define is_zone_movable_page(page)	(world_is_movable(page))
bool world_is_movable(const struct page *page);
unsigned long memory_block_size_bytes(void);
u64 virt_to_phys(const void *p);
void *phys_to_virt(u64 pa);
unsigned long get_zeroed_page(gfp_t flags);
void free_page(unsigned long page);
#define MEMREMAP_WB		1
void *memremap(u64 pa, size_t size, unsigned long flags);
void memunmap(void *at);
u64 get_random_u64(void);
struct vmcore_cb {
	bool (*pfn_is_ram)(struct vmcore_cb *cb, unsigned long pfn);
};
void register_vmcore_cb(struct vmcore_cb *cb);
void unregister_vmcore_cb(struct vmcore_cb *cb);
bool kexec_crash_loaded(void);

/* Memory */
#define GFP_KERNEL		1
#define GFP_DMA			2
#define __GFP_NOWARN		4
#define __GFP_NOFAIL		8
#define __GFP_NORETRY		16
#define __GFP_THISNODE		32
void *kzalloc(size_t size, gfp_t flags);
void kfree(const void *p);
void *kvmalloc_array(size_t n, size_t size, gfp_t flags);
#define kvcalloc(n, size, flags)	kvmalloc_array(n, size, flags)
#define kcalloc(n, size, flags)	kvmalloc_array(n, size, flags)
#define kvfree(p)		kfree(p)

/* Locks and CPUs. One thread there is, but for test_threads. */
#ifdef SHIM_THREADS
#include <pthread.h>

struct mutex {
	pthread_mutex_t lock;		/* all zero is PTHREAD_MUTEX_INITIALIZER */
};
#else
struct mutex {
	bool held;
};
#endif
#define DEFINE_MUTEX(name)	struct mutex name
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);


/* The module's own are leaves; under one, and while world.atomic, nobody may sleep */
typedef struct mutex spinlock_t;
#define DEFINE_SPINLOCK(name)	struct mutex name
void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);

struct list_head {
	struct list_head *next, *prev;
};
#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)
#define list_entry(p, type, member)	((type *)((char *)(p) - offsetof(type, member)))
#define list_first_entry_or_null(head, type, member) \
	((head)->next == (head) ? NULL : list_entry((head)->next, type, member))
#define list_for_each_entry_safe(p, n, head, member)				\
	for (p = list_entry((head)->next, __typeof__(*p), member),		\
	     n = list_entry(p->member.next, __typeof__(*p), member);		\
	     &p->member != (head);						\
	     p = n, n = list_entry(n->member.next, __typeof__(*n), member))
static inline void list_add_tail(struct list_head *e, struct list_head *head)
{
	e->next = head;
	e->prev = head->prev;
	head->prev->next = e;
	head->prev = e;
}
static inline void list_del(struct list_head *e)
{
	e->prev->next = e->next;
	e->next->prev = e->prev;
}

typedef struct { int v; } atomic_t;
typedef struct { s64 v; } atomic64_t;
#define ATOMIC_INIT(i)		{ i }
#define atomic_inc(a)		((void)__atomic_fetch_add(&(a)->v, 1, __ATOMIC_RELAXED))
#define atomic_read(a)		READ_ONCE((a)->v)
#define atomic64_inc(a)		atomic_inc(a)
#define atomic64_add(i, a)	((void)__atomic_fetch_add(&(a)->v, i, __ATOMIC_RELAXED))
#define atomic64_try_cmpxchg(a, old, new) \
	__atomic_compare_exchange_n(&(a)->v, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define atomic64_read(a)	READ_ONCE((a)->v)

/* What this kernel's own driver exports, and whether it is configured */
void *__symbol_get(const char *name);
void __symbol_put(const char *name);
#define IS_ENABLED(CONFIG_option)	world_has_option(#CONFIG_option)
bool world_has_option(const char *name);

/* Grace periods, and what refers to this module */
void synchronize_rcu_tasks(void);
#define THIS_MODULE		NULL
void __module_get(void *module);
void module_put(void *module);

/* Bitmaps, for single bits of few words */
#define BITS_PER_LONG		(8 * sizeof(long))
#define BITS_TO_LONGS(n)	DIV_ROUND_UP(n, BITS_PER_LONG)
void bitmap_set(unsigned long *map, unsigned int start, unsigned int nr);
void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nr);
unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long at);
unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long at);

/* Pointers by number; it grows and never shrinks */
struct xarray {
	void **at;
	unsigned long room;
};
#define DEFINE_XARRAY(name)	struct xarray name
void *xa_load(struct xarray *xa, unsigned long i);
void *xa_store(struct xarray *xa, unsigned long i, void *p, gfp_t gfp);
#define xa_err(p)		shim_xa_err(p)
int shim_xa_err(const void *p);	/* looked at once: it is what was stored */
void xa_destroy(struct xarray *xa);
#define xa_for_each(xa, i, p)					\
	for ((i) = 0; (i) < (xa)->room; (i)++)			\
		for ((p) = (xa)->at[i]; (p); (p) = NULL)

/* CPUs by number, of which worlds have few */
struct cpumask {
	unsigned long bits;
};
#define cpumask_empty(m)	(!(m)->bits)
#define cpumask_first(m)	((unsigned int)__builtin_ctzl((m)->bits))
#define cpumask_set_cpu(cpu, m)	((void)((m)->bits |= 1UL << (cpu)))
#define cpumask_clear_cpu(cpu, m)	((void)((m)->bits &= ~(1UL << (cpu))))
enum cpuhp_state { CPUHP_AP_ONLINE_DYN = 100 };
int cpuhp_setup_state_nocalls(enum cpuhp_state state, const char *name,
			      int (*online)(unsigned int cpu), int (*offline)(unsigned int cpu));
void cpuhp_remove_state_nocalls(enum cpuhp_state state);

void on_each_cpu(void (*fn)(void *info), void *info, int wait);
unsigned int num_online_cpus(void);
#define SYS_ID_AA64PFR0_EL1	0
u64 read_sysreg_s(int reg);

#define atomic_set(a, i)	((a)->v = (i))
#define atomic_inc_return(a)	(++(a)->v)
#define atomic_xchg(a, i)	__atomic_exchange_n(&(a)->v, i, __ATOMIC_SEQ_CST)
#define container_of(p, type, member)	list_entry(p, type, member)

/*
 * Work of the kernel's own queue is done when nobody holds a lock; delayed work when a test says so
 */
struct work_struct {
	void (*fn)(struct work_struct *work);
};
#define DECLARE_WORK(w, f)	struct work_struct w = { f }
struct delayed_work {
	struct work_struct work;
	struct delayed_work *next;	/* of those in world.delayed */
};
#define DECLARE_DELAYED_WORK(w, f)	struct delayed_work w = { { f }, NULL }
bool schedule_delayed_work(struct delayed_work *work, unsigned long delay);
bool cancel_delayed_work_sync(struct delayed_work *work);
void schedule_work(struct work_struct *work);
void flush_work(const struct work_struct *work);

/* Time */
typedef s64 ktime_t;
#define MSEC_PER_SEC		1000L
ktime_t ktime_get(void);
#define ktime_add_ms(t, ms)	((t) + (s64)(ms) * 1000000)
#define ktime_after(a, b)	((a) > (b))
#define NSEC_PER_SEC		1000000000L
#ifndef NSEC_PER_MSEC
#define NSEC_PER_MSEC		1000000L
#endif
#define get_cycles()		((u64)ktime_get() / 10)
#define arch_timer_get_cntfrq()	(world_frequency())
u32 world_frequency(void);
#define mul_u64_u32_div(a, b, c)	((u64)((__uint128_t)(a) * (b) / (c)))
#define div64_u64(a, b)		((a) / (b))
#define HZ			250
#define ilog2(n)		(63 - __builtin_clzll(n))
#define jiffies			((unsigned long)ktime_get() / (1000000000 / HZ))
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define time_before(a, b)	time_after(b, a)
#define msecs_to_jiffies(ms)	(((unsigned long)(ms) * HZ + 999) / 1000)
void usleep_range(unsigned long lo, unsigned long hi);
void udelay(unsigned long us);
void cond_resched(void);

/* Of this process */
#define CAP_SYS_ADMIN		21
#define CAP_SYS_MODULE		16
#define capable(cap)		((void)(cap), !shim_is_powerless())
bool shim_is_powerless(void);
#define current			NULL
#define fatal_signal_pending(task)	((void)(task), shim_signal_pending())
bool shim_signal_pending(void);

/* Messages */
#define STRING_UNITS_2		1
void string_get_size(u64 size, u64 block, int units, char *buf, int len);
__printf(1, 2) void shim_printk(const char *fmt, ...);
#define pr_debug(...)		((void)(0 && printf(__VA_ARGS__)))
#define pr_info			shim_printk
#define pr_warn			shim_printk
#define pr_err			shim_printk
#define pr_warn_ratelimited	shim_printk
#define pr_err_once		shim_printk
#define pr_err_ratelimited	shim_printk
#define pr_warn_once(...)	do {			\
	static bool said_;				\
	if (!said_)					\
		pr_warn(__VA_ARGS__);			\
	said_ = true;					\
} while (0)

/* SMCCC */
struct arm_smccc_1_2_regs {
	unsigned long a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16,
		a17;
};

enum { SMCCC_CONDUIT_NONE, SMCCC_CONDUIT_SMC, SMCCC_CONDUIT_HVC };
#define SMCCC_RET_NOT_SUPPORTED	(-1)
void arm_smccc_1_2_smc(const struct arm_smccc_1_2_regs *args, struct arm_smccc_1_2_regs *res);
int arm_smccc_1_1_get_conduit(void);

/* The resource tree */
struct resource {
	resource_size_t start, end;
};
#define IORES_DESC_NONE		0
#define IORESOURCE_SYSTEM_RAM	1
#define IORESOURCE_BUSY		2
int walk_iomem_res_desc(unsigned long desc, unsigned long flags, u64 start, u64 end, void *arg,
			int (*fn)(struct resource *res, void *arg));

/* Memory hotplug */
#define MEM_ONLINE		(1 << 0)
#define MEM_GOING_OFFLINE	(1 << 1)
#define MEM_OFFLINE		(1 << 2)
#define MEM_GOING_ONLINE	(1 << 3)
#define MEM_CANCEL_ONLINE	(1 << 4)
#define MEM_CANCEL_OFFLINE	(1 << 5)
struct memory_notify {
	unsigned long start_pfn, nr_pages;
};
struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long action, void *arg);
	int priority;
};
#define NOTIFY_DONE		0
#define NOTIFY_OK		1
#define NOTIFY_STOP_MASK	0x8000
int notifier_from_errno(int err);
int register_memory_notifier(struct notifier_block *nb);
void unregister_memory_notifier(struct notifier_block *nb);

/* Reboot and hibernation */
#define SYS_RESTART		1
#define SYS_HALT		2
#define SYS_POWER_OFF		3
#define PM_HIBERNATION_PREPARE	1
#define PM_POST_HIBERNATION	2
#define PM_SUSPEND_PREPARE	3
#define PM_POST_SUSPEND		4
#define PM_RESTORE_PREPARE	5
#define PM_POST_RESTORE		6
int register_reboot_notifier(struct notifier_block *nb);
void unregister_reboot_notifier(struct notifier_block *nb);
int register_pm_notifier(struct notifier_block *nb);
void unregister_pm_notifier(struct notifier_block *nb);

/* sysfs */
struct kobject {
	int unused;
};
struct attribute {
	const char *name;
	unsigned short mode;
};
struct kobj_attribute {
	struct attribute attr;
	long (*show)(struct kobject *kobj, struct kobj_attribute *attr, char *buf);
};
typedef long ssize_t_;
#define ssize_t			ssize_t_
#define __ATTR_RO(name)			{ { #name, 0444 }, name##_show }
#define __ATTR_RO_MODE(name, mode)	{ { #name, mode }, name##_show }
extern struct kobject *firmware_kobj;
struct kobject *kobject_create_and_add(const char *name, const struct kobject *parent);
int sysfs_create_file(const struct kobject *kobj, const struct attribute *attr);
void kobject_del(const struct kobject *kobj);
void kobject_put(const struct kobject *kobj);
bool sysfs_streq(const char *a, const char *b);
__printf(2, 3) long sysfs_emit(char *buf, const char *fmt, ...);

void sysfs_notify(struct kobject *kobj, const char *sub, const char *attr);

/* A device, for its events */
struct device {
	struct kobject kobj;
};
struct platform_device {
	struct device dev;
};
#define PLATFORM_DEVID_NONE	(-1)
#define KOBJ_CHANGE		2
#define ERR_PTR(err)		((void *)(intptr_t)(err))
#define PTR_ERR(p)		((int)(intptr_t)(p))
#define IS_ERR(p)		((uintptr_t)(p) > (uintptr_t)-4096)
struct platform_device *platform_device_register_simple(const char *name, int id,
							const void *resources, unsigned int nr);
void platform_device_unregister(struct platform_device *device);
int kobject_uevent_env(struct kobject *kobj, int action, char *env[]);

/* debugfs */
struct dentry;
struct seq_file {
	char text[1 << 20];
	size_t used;
};
struct inode;
struct file;
#define __user
struct file_operations {
	int (*show)(struct seq_file *s, void *unused);
	/* of a device */
	void *owner;
	int (*open)(struct inode *inode, struct file *file);
	int (*release)(struct inode *inode, struct file *file);
	ssize_t (*write)(struct file *file, const char *from, size_t size, loff_t *pos);
	ssize_t (*read)(struct file *file, char *to, size_t size, loff_t *pos);
};
#define DEFINE_SHOW_ATTRIBUTE(name) \
	static const struct file_operations name##_fops = { name##_show }
__printf(2, 3) void seq_printf(struct seq_file *s, const char *fmt, ...);
#define seq_puts(s, text)	seq_printf(s, "%s", text)
struct dentry *debugfs_create_dir(const char *name, struct dentry *parent);
void debugfs_create_file(const char *name, unsigned short mode, struct dentry *parent, void *data,
			 const struct file_operations *fops);
void debugfs_remove(struct dentry *dir);

/* Tracepoints: what they are called with is what tests see */
#define TP_PROTO(...)		__VA_ARGS__
#define TP_ARGS(...)		__VA_ARGS__
#define TRACE_EVENT(name, proto, args, entry, assign, print)	\
	void shim_trace_##name(proto);				\
	static inline void trace_##name(proto)			\
	{							\
		shim_trace_##name(args);			\
	}							\
	static inline bool trace_##name##_enabled(void)		\
	{							\
		return true;					\
	}							\
	_Static_assert(1, #name)
#define CONFIG_EVENT_TRACING	1
#define CONFIG_CONTIG_ALLOC	1
#define CONFIG_MEMORY_HOTPLUG	1
#define CONFIG_CRASH_DUMP	1
#define CONFIG_PROC_VMCORE	1
#define CONFIG_KEXEC_CORE	1
bool is_kdump_kernel(void);
int trace_set_clr_event(const char *system, const char *event, int set);

/* What the module that proves Realms needs besides; see shim_prove.c */
#define LINUX_VERSION_CODE	KERNEL_VERSION(6, 13, 0)
#define KERNEL_VERSION(a, b, c)	((a) << 16 | (b) << 8 | (c))
enum hrtimer_restart { HRTIMER_NORESTART };
struct hrtimer {
	enum hrtimer_restart (*fn)(struct hrtimer *timer);
	ktime_t due;
	bool armed;
};
enum hrtimer_mode { HRTIMER_MODE_ABS_PINNED_HARD };
#ifndef CLOCK_MONOTONIC
#define CLOCK_MONOTONIC		1
#endif
void hrtimer_setup_on_stack(struct hrtimer *timer,
			    enum hrtimer_restart (*fn)(struct hrtimer *timer), int clock,
			    enum hrtimer_mode mode);
void hrtimer_start(struct hrtimer *timer, ktime_t due, enum hrtimer_mode mode);
int hrtimer_cancel(struct hrtimer *timer);
void destroy_hrtimer_on_stack(struct hrtimer *timer);
#define ktime_before(a, b)	((a) < (b))
void preempt_disable(void);
void preempt_enable(void);
unsigned int smp_processor_id(void);
unsigned long local_daif_save(void);
void local_daif_restore(unsigned long flags);
#define pmr_sync()		((void)0)
__printf(3, 4) int scnprintf(char *buf, size_t size, const char *fmt, ...);
int vscnprintf(char *buf, size_t size, const char *fmt, va_list args);
#define cpumask_next(cpu, m) ((unsigned int)__builtin_ctzl((m)->bits & ~0UL << ((cpu) + 1)))
#define cpumask_weight(m)	((unsigned int)__builtin_popcountl((m)->bits))
struct completion {
	bool done;
};
#define init_completion(c)	((void)((c)->done = false))
void complete_all(struct completion *c);
#define completion_done(c)	((c)->done)
unsigned long wait_for_completion_timeout(struct completion *c, unsigned long ticks);
int wait_for_completion_interruptible(struct completion *c);
#define ERESTARTSYS		512
struct miscdevice {
	int minor;
	const char *name;
	const struct file_operations *fops;
	unsigned short mode;
};
#define MISC_DYNAMIC_MINOR	255
int misc_register(struct miscdevice *device);
void misc_deregister(struct miscdevice *device);
char *memdup_user_nul(const char *from, size_t size);
ssize_t simple_read_from_buffer(char *to, size_t size, loff_t *pos, const void *from,
				size_t available);
char *strim(char *text);
int cpulist_parse(const char *text, struct cpumask *cpus);
typedef struct cpumask *cpumask_var_t;
bool zalloc_cpumask_var(cpumask_var_t *cpus, gfp_t gfp);
#define free_cpumask_var(cpus)	kfree(cpus)
#define cpumask_copy(to, from)	((void)((to)->bits = (from)->bits))
#define cpumask_subset(a, b)	(!((a)->bits & ~(b)->bits))
#define cpu_online_mask		(shim_online_cpus())
const struct cpumask *shim_online_cpus(void);
bool cpu_is_isolated(int cpu);
#define cpumask_test_cpu(cpu, m)	((m)->bits >> (cpu) & 1)
#define for_each_online_cpu(cpu)			\
	for ((cpu) = 0; (cpu) < 64; (cpu)++)		\
		if (cpumask_test_cpu(cpu, cpu_online_mask))
bool is_kernel_in_hyp_mode(void);
struct task_struct;
#define kthread_create(fn, data, ...)	shim_kthread(fn, data)
struct task_struct *shim_kthread(int (*fn)(void *data), void *data);
void kthread_bind(struct task_struct *task, unsigned int cpu);
void wake_up_process(struct task_struct *task);
bool kthread_should_stop(void);
int kthread_stop(struct task_struct *task);
#define TASK_RUNNING		0
#define TASK_INTERRUPTIBLE	1
#define set_current_state(state)	((void)(state))
#define __set_current_state(state)	((void)(state))
void schedule(void);
struct crypto_shash;
struct crypto_shash *crypto_alloc_shash(const char *name, u32 type, u32 mask);
void crypto_free_shash(struct crypto_shash *shash);
unsigned int crypto_shash_digestsize(const struct crypto_shash *shash);
int crypto_shash_tfm_digest(struct crypto_shash *shash, const void *from, unsigned int size,
			    u8 *out);

/* Modules */
struct kernel_param {
	void *arg;
};
struct kernel_param_ops {
	int (*set)(const char *val, const struct kernel_param *kp);
	int (*get)(char *buf, const struct kernel_param *kp);
};
int param_set_uint_minmax(const char *val, const struct kernel_param *kp, unsigned int lo,
			  unsigned int hi);
int param_get_uint(char *buf, const struct kernel_param *kp);
#define module_param(name, type, perm)	typeof(name) *shim_##name = &name
#define module_param_cb(name, ops, var, perm)                          \
	int shim_set_##name(const char *val)                           \
	{                                                              \
		return (ops)->set(val, &(struct kernel_param){ var }); \
	}                                                              \
	int shim_get_##name(char *buf)                                 \
	{                                                              \
		return (ops)->get(buf, &(struct kernel_param){ var }); \
	}
#define MODULE_PARM_DESC(name, text)		_Static_assert(1, text)
#define MODULE_DESCRIPTION(text)		_Static_assert(1, text)
#define MODULE_LICENSE(text)			_Static_assert(1, text)
#define MODULE_VERSION(text)			_Static_assert(1, text)
#define EXPORT_SYMBOL_GPL(name)			_Static_assert(1, #name)
#define module_init(fn)				int shim_module_init(void) { return fn(); }
#define module_exit(fn)				void shim_module_exit(void) { fn(); }
int shim_module_init(void);
void shim_module_exit(void);
int shim_set_timeout_ms(const char *val);
int shim_set_cover(const char *val);
int shim_set_vmcore_index(const char *val);
int shim_get_vmcore_index(char *buf);
extern bool *shim_require, *shim_trace;

#endif
