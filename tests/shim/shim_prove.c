// SPDX-License-Identifier: GPL-2.0-only
/* Stand-ins for what src/prove needs of the kernel, and src/ doesn't. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "shim_prove.h"
#include "../rmm/model.h"

struct prove_world prove_world;

/* Timers: none rings by itself; a REC comes back when the test says so ------------------------- */

void hrtimer_setup_on_stack(struct hrtimer *timer,
			    enum hrtimer_restart (*fn)(struct hrtimer *timer), int clock,
			    enum hrtimer_mode mode)
{
	*timer = (struct hrtimer){ .fn = fn };
	assert_int_equal(fn(timer), HRTIMER_NORESTART);
	assert_int_equal(clock, CLOCK_MONOTONIC);
	assert_int_equal(mode, HRTIMER_MODE_ABS_PINNED_HARD);
	prove_world.timers++;
}

/* Where it could ring before the REC is entered, nothing would end the entry */
void hrtimer_start(struct hrtimer *timer, ktime_t due, enum hrtimer_mode mode)
{
	assert_true(prove_world.masked && prove_world.no_preemption);
	timer->armed = true;
	prove_world.armed = true;
	timer->due = due;
}

int hrtimer_cancel(struct hrtimer *timer)
{
	assert_false(prove_world.masked);
	timer->armed = false;
	prove_world.armed = false;
	return 0;
}

void destroy_hrtimer_on_stack(struct hrtimer *timer)
{
	assert_false(timer->armed);
	prove_world.timers--;
}

/* This CPU ------------------------------------------------------------------------------------- */

void preempt_disable(void)
{
	prove_world.no_preemption++;
}

void preempt_enable(void)
{
	assert_true(prove_world.no_preemption && !prove_world.masked);
	prove_world.no_preemption--;
}

unsigned int smp_processor_id(void)
{
	assert_true(prove_world.no_preemption);
	return prove_world.cpu;
}

unsigned long local_daif_save(void)
{
	assert_true(prove_world.no_preemption && !prove_world.masked);
	prove_world.masked = true;
	return 0x1c0;
}

void local_daif_restore(unsigned long flags)
{
	assert_true(prove_world.masked);
	assert_int_equal(flags, 0x1c0);
	prove_world.masked = false;
}

/* Threads: each runs when somebody waits for it, from its start to its end, on its CPU --------- */

struct task_struct {
	int (*fn)(void *data);
	void *data;
	unsigned int cpu;
	bool stopping;
};

#define MAX_THREADS	64
static struct task_struct *ready[MAX_THREADS];
static unsigned int nr_ready;
static struct task_struct *at_work, *lost;

struct task_struct *shim_kthread(int (*fn)(void *data), void *data)
{
	struct task_struct *task;

	if (prove_world.no_thread)
		return ERR_PTR(-ENOMEM);
	task = calloc(1, sizeof(*task));
	assert_non_null(task);
	*task = (struct task_struct){ .fn = fn, .data = data, .cpu = ~0U };
	if (!prove_world.threads++)
		prove_world.first = data;
	return task;
}

void kthread_bind(struct task_struct *task, unsigned int cpu)
{
	task->cpu = cpu;
}

void wake_up_process(struct task_struct *task)
{
	assert_int_not_equal(task->cpu, ~0U);
	if (prove_world.lost && prove_world.lost == task->cpu) {
		lost = task;
		return;
	}
	assert_true(nr_ready < MAX_THREADS);
	ready[nr_ready++] = task;
}

static void run_first_ready(void)
{
	struct task_struct *before = at_work;
	const unsigned int cpu = prove_world.cpu;
	unsigned int i;

	at_work = ready[0];
	for (i = 1; i < nr_ready; i++)
		ready[i - 1] = ready[i];
	nr_ready--;
	prove_world.cpu = at_work->cpu;
	at_work->fn(at_work->data);
	prove_world.cpu = cpu;
	at_work = before;
}

void prove_world_come_back(void)
{
	assert_non_null(lost);
	ready[nr_ready++] = lost;
	lost = NULL;
	run_first_ready();
}

/* Not at once: who waits for it sleeps first */
bool kthread_should_stop(void)
{
	return at_work->stopping;
}

void schedule(void)
{
	assert_false(at_work->stopping);
	at_work->stopping = true;
}

int kthread_stop(struct task_struct *task)
{
	assert_true(task->stopping);
	prove_world.threads--;
	free(task);
	return 0;
}

void complete_all(struct completion *c)
{
	c->done = true;
}

unsigned long wait_for_completion_timeout(struct completion *c, unsigned long ticks)
{
	assert_int_equal(ticks, 10 * HZ);
	while (!c->done && nr_ready)
		run_first_ready();
	return c->done;
}

int wait_for_completion_interruptible(struct completion *c)
{
	if (prove_world.interrupted)
		return -ERESTARTSYS;
	while (!c->done && nr_ready)
		run_first_ready();
	assert_true(c->done);
	return 0;
}

/* The device ----------------------------------------------------------------------------------- */

static const struct miscdevice *registered;

int misc_register(struct miscdevice *device)
{
	if (prove_world.misc_error)
		return prove_world.misc_error;
	assert_null(registered);
	assert_int_equal(device->mode, 0600);
	assert_string_equal(device->name, "arm_cca_prove");
	registered = device;
	return 0;
}

void misc_deregister(struct miscdevice *device)
{
	assert_ptr_equal(registered, device);
	registered = NULL;
}

const struct file_operations *prove_device(void)
{
	return registered ? registered->fops : NULL;
}

char *memdup_user_nul(const char *from, size_t size)
{
	char *text;

	if (!from)
		return ERR_PTR(-EFAULT);
	text = kzalloc(size + 1, GFP_KERNEL);
	if (!text)
		return ERR_PTR(-ENOMEM);
	memcpy(text, from, size);
	return text;
}

ssize_t simple_read_from_buffer(char *to, size_t size, loff_t *pos, const void *from,
				size_t available)
{
	const size_t at = *pos, left = at < available ? available - at : 0;
	const size_t n = min(size, left);

	memcpy(to, (const char *)from + *pos, n);
	*pos += n;
	return n;
}

char *strim(char *text)
{
	size_t n = strlen(text);

	while (n && isspace(text[n - 1]))
		text[--n] = 0;
	while (isspace(*text))
		text++;
	return text;
}

/* "A-B,C" */
int cpulist_parse(const char *text, struct cpumask *cpus)
{
	unsigned int from, to;
	int n;

	cpus->bits = 0;
	for (; *text; text += n + (text[n] == ',')) {
		if (sscanf(text, "%u-%u%n", &from, &to, &n) != 2) {
			if (sscanf(text, "%u%n", &from, &n) != 1)
				return -EINVAL;
			to = from;
		}
		if (to < from || to > 63 || (text[n] && text[n] != ','))
			return -EINVAL;
		cpus->bits |= (~0ULL >> (63 - (to - from))) << from;
	}
	return 0;
}

bool zalloc_cpumask_var(cpumask_var_t *cpus, gfp_t gfp)
{
	*cpus = kzalloc(sizeof(**cpus), gfp);
	return *cpus;
}

const struct cpumask *shim_online_cpus(void)
{
	return &prove_world.online;
}

bool cpu_is_isolated(int cpu)
{
	return prove_world.isolated.bits >> cpu & 1;
}

bool is_kernel_in_hyp_mode(void)
{
	return !prove_world.at_el1;
}

/* Numbers and text ----------------------------------------------------------------------------- */

int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	const int n = vsnprintf(buf, size, fmt, args);

	return size ? min(n, (int)size - 1) : 0;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

/* Hashes: the model's, which test_rmm_realms.c holds to what others compute -------------------- */

struct crypto_shash {
	unsigned int algorithm;
};

struct crypto_shash *crypto_alloc_shash(const char *name, u32 type, u32 mask)
{
	static const char * const names[] = {
		[RMI_HASH_SHA256] = "sha256", [RMI_HASH_SHA512] = "sha512",
		[RMI_HASH_SHA384] = "sha384",
	};
	struct crypto_shash *shash;
	unsigned int i;

	if (prove_world.no_hash)
		return ERR_PTR(-ENOENT);
	for (i = 0; i < ARRAY_SIZE(names) && strcmp(names[i], name); i++)
		;
	assert_true(i < ARRAY_SIZE(names));
	shash = malloc(sizeof(*shash));
	assert_non_null(shash);
	shash->algorithm = i;
	prove_world.hashes++;
	return shash;
}

void crypto_free_shash(struct crypto_shash *shash)
{
	free(shash);
	prove_world.hashes--;
}

unsigned int crypto_shash_digestsize(const struct crypto_shash *shash)
{
	return hash_size(shash->algorithm);
}

int crypto_shash_tfm_digest(struct crypto_shash *shash, const void *from, unsigned int size,
			    u8 *out)
{
	u8 whole[64];

	if (prove_world.fail_hash && !--prove_world.fail_hash)
		return -EIO;
	hash(shash->algorithm, from, size, whole);
	memcpy(out, whole, hash_size(shash->algorithm));
	return 0;
}
