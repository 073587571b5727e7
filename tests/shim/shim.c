// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

struct world world;
unsigned int shim_page_shift = 12;

static struct rmm_machine machine;
static void *rmm_memory;
static u8 *slots;
static bool slot_used[WORLD_SLOTS];

/* Memory ------------------------------------------------------------------------------------------------------ */

static bool must_fail(void)
{
	world.allocations++;
	return world.fail_alloc && !--world.fail_alloc;
}

static void *slot_alloc(void)
{
	int i;

	for (i = 0; i < WORLD_SLOTS; i++) {
		if (slot_used[i])
			continue;
		slot_used[i] = true;
		memset(slots + i * WORLD_SLOT, 0, WORLD_SLOT);
		return slots + i * WORLD_SLOT;
	}
	return NULL;
}

static bool in_slot(const void *p)
{
	return (const u8 *)p >= slots && (const u8 *)p < slots + WORLD_SLOTS * WORLD_SLOT;
}

void *kzalloc(size_t size, gfp_t flags)
{
	void *p;

	(void)flags;
	if (must_fail())
		return NULL;
	p = size >= PAGE_SIZE && size <= WORLD_SLOT ? slot_alloc() : calloc(1, size);
	assert_non_null(p);
	world.allocated++;
	return p;
}

void kfree(const void *p)
{
	if (!p)
		return;
	assert_true(world.allocated > 0);
	world.allocated--;
	if (in_slot(p))
		slot_used[((const u8 *)p - slots) / WORLD_SLOT] = false;
	else
		free((void *)p);
}

void *kvmalloc_array(size_t n, size_t size, gfp_t flags)
{
	return kzalloc(n * size, flags);
}

u64 virt_to_phys(const void *p)
{
	assert_true(in_slot(p));
	return WORLD_SLOTS_AT + ((const u8 *)p - slots);
}

static u8 *phys_to_slot(u64 pa)
{
	assert_true(pa >= WORLD_SLOTS_AT && pa < WORLD_SLOTS_AT + WORLD_SLOTS * WORLD_SLOT);
	return slots + (pa - WORLD_SLOTS_AT);
}

/* Locks, CPUs, time, messages --------------------------------------------------------------------------------- */

void mutex_lock(struct mutex *m)
{
	assert_false(m->held);
	m->held = true;
	world.locks_held++;
}

void mutex_unlock(struct mutex *m)
{
	assert_true(m->held);
	m->held = false;
	world.locks_held--;
}

static unsigned int this_cpu;

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

ktime_t ktime_get(void)
{
	return world.now_ns;
}

void usleep_range(unsigned long lo, unsigned long hi)
{
	assert_true(lo <= hi && hi <= 10000);
	world.now_ns += hi * 1000;
	world.slept_ns += hi * 1000;
}

void cond_resched(void)
{
	world.reschedules++;
}

void shim_printk(const char *fmt, ...)
{
	size_t used = strlen(world.log);
	va_list args;

	va_start(args, fmt);
	vsnprintf(world.log + used, sizeof(world.log) - used, fmt, args);
	va_end(args);
	world.lines++;
}

/* The RMM ----------------------------------------------------------------------------------------------------- */

int arm_smccc_1_1_get_conduit(void)
{
	return world.conduit;
}

void arm_smccc_1_2_smc(const struct arm_smccc_1_2_regs *args, struct arm_smccc_1_2_regs *res)
{
	u64 x[5] = { args->a0, args->a1, args->a2, args->a3, args->a4 };

	assert_int_equal(world.conduit, SMCCC_CONDUIT_SMC);
	world.smcs++;
	world.now_ns += 2000;
	world.smc_done = false;
	if (world.smc)
		world.smc(x);
	if (!world.smc_done) {
		uint64_t y[5] = { x[0], x[1], x[2], x[3], x[4] };

		if (!world.rmm || !rmm_command(world.rmm, y))
			y[0] = -1;
		for (int i = 0; i < 5; i++)
			x[i] = y[i];
	}
	*res = (struct arm_smccc_1_2_regs){ x[0], x[1], x[2], x[3], x[4] };
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

static const struct rmm_ops ops = { .read = host_read, .write = host_write };

/* Physical memory --------------------------------------------------------------------------------------------- */

void world_ram(u64 start, u64 end, bool online)
{
	assert_true(world.nr_ram < WORLD_MAX_RAM);
	world.ram[world.nr_ram++] = (struct world_ram){ start, end, online };
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

		rc = fn(&res, arg);
		if (rc)
			break;
	}
	return rc;
}

void *pfn_to_online_page(unsigned long pfn)
{
	const u64 pa = PFN_PHYS(pfn);
	unsigned int i;

	for (i = 0; i < world.nr_ram; i++)
		if (world.ram[i].start <= pa && pa < world.ram[i].end && world.ram[i].online)
			return &world.ram[i];
	return NULL;
}

unsigned long memory_block_size_bytes(void)
{
	return WORLD_BLOCK;
}

int notifier_from_errno(int err)
{
	return err ? NOTIFY_STOP_MASK | (NOTIFY_OK - err) : NOTIFY_OK;
}

int register_memory_notifier(struct notifier_block *nb)
{
	assert_int_equal(world.locks_held, 0);
	assert_null(world.notifier);
	if (!world.notifier_error)
		world.notifier = nb;
	return world.notifier_error;
}

void unregister_memory_notifier(struct notifier_block *nb)
{
	assert_int_equal(world.locks_held, 0);
	assert_ptr_equal(world.notifier, nb);
	world.notifier = NULL;
}

int world_event(unsigned long action, u64 start, u64 end)
{
	struct memory_notify mem = { start >> PAGE_SHIFT, (end - start) >> PAGE_SHIFT };
	int rc;

	if (!world.notifier)
		return 0;
	rc = world.notifier->notifier_call(world.notifier, action, &mem);
	assert_int_equal(world.locks_held, 0);
	return rc & NOTIFY_STOP_MASK ? NOTIFY_OK - (rc & ~NOTIFY_STOP_MASK) : 0;
}

static void set_online(u64 start, u64 end, bool online)
{
	unsigned int i;

	for (i = 0; i < world.nr_ram; i++)
		if (world.ram[i].start >= start && world.ram[i].end <= end)
			world.ram[i].online = online;
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

void world_offline(u64 start, u64 end)
{
	assert_int_equal(world_event(MEM_GOING_OFFLINE, start, end), 0);
	set_online(start, end, false);
	world_event(MEM_OFFLINE, start, end);
}

/* sysfs and parameters ---------------------------------------------------------------------------------------- */

static struct kobject firmware, *rmi_dir;
struct kobject *firmware_kobj = &firmware;

struct kobject *kobject_create_and_add(const char *name, struct kobject *parent)
{
	assert_string_equal(name, "rmi");
	assert_ptr_equal(parent, firmware_kobj);
	assert_null(rmi_dir);
	rmi_dir = kzalloc(sizeof(*rmi_dir), GFP_KERNEL);
	return rmi_dir;
}

int sysfs_create_file(struct kobject *kobj, const struct attribute *attr)
{
	assert_ptr_equal(kobj, rmi_dir);
	if (world.fail_sysfs && !--world.fail_sysfs)
		return -ENOMEM;
	assert_true(world.files < ARRAY_SIZE(world.file));
	world.file[world.files++] = (const struct kobj_attribute *)attr;
	return 0;
}

void kobject_put(struct kobject *kobj)
{
	assert_ptr_equal(kobj, rmi_dir);
	kfree(rmi_dir);
	rmi_dir = NULL;
	world.files = 0;
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
	static char buf[4096];
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

int param_set_uint_minmax(const char *val, const struct kernel_param *kp, unsigned int lo, unsigned int hi)
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

/* The world --------------------------------------------------------------------------------------------------- */

void world_make(const struct rmm_machine *described, unsigned int page_shift)
{
	size_t size;

	world = (struct world){ .conduit = SMCCC_CONDUIT_SMC, .cpus = 1, .now_ns = 1000 };
	for (unsigned int i = 0; i < ARRAY_SIZE(world.pfr0); i++)
		world.pfr0[i] = 1ULL << 52 | 0x11112222;
	shim_page_shift = page_shift;
	assert_int_equal(shim_set_timeout_ms("1000"), 0);
	*shim_require = false;
	memset(slot_used, 0, sizeof(slot_used));
	slots = aligned_alloc(WORLD_SLOT, WORLD_SLOTS * WORLD_SLOT);
	assert_non_null(slots);
	if (!described)
		return;
	machine = *described;
	size = rmm_size(&machine);
	assert_true(size > 0);
	size = (size + 63) & ~63UL;
	rmm_memory = aligned_alloc(64, size);
	assert_non_null(rmm_memory);
	memset(rmm_memory, 0, size);
	world.rmm = rmm_init(rmm_memory, &machine, &ops);
	assert_non_null(world.rmm);
}

void world_end(void)
{
	assert_int_equal(world.allocated, 0);
	assert_int_equal(world.locks_held, 0);
	assert_int_equal(world.files, 0);
	assert_null(world.notifier);
	free(rmm_memory);
	rmm_memory = NULL;
	free(slots);
	slots = NULL;
}
