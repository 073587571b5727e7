// SPDX-License-Identifier: GPL-2.0-only
/* Stand-ins for what src/prove needs of the kernel, and src/ doesn't. */
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

/* Threads: each runs from its start to its end before anybody else does, on its CPU -------------- */

struct task_struct {
	int (*fn)(void *data);
	void *data;
	unsigned int cpu;
	bool stopping;
};

struct task_struct *shim_kthread(int (*fn)(void *data), void *data)
{
	struct task_struct *task;

	if (prove_world.no_thread)
		return ERR_PTR(-ENOMEM);
	task = calloc(1, sizeof(*task));
	*task = (struct task_struct){ .fn = fn, .data = data, .cpu = ~0U };
	prove_world.threads++;
	return task;
}

void kthread_bind(struct task_struct *task, unsigned int cpu)
{
	task->cpu = cpu;
}

static struct task_struct *at_work;

void wake_up_process(struct task_struct *task)
{
	struct task_struct *before = at_work;
	const unsigned int cpu = prove_world.cpu;

	assert_int_not_equal(task->cpu, ~0U);
	if (prove_world.lost && prove_world.lost == task->cpu) {
		prove_world.threads--;
		free(task);
		return;
	}
	at_work = task;
	prove_world.cpu = task->cpu;
	task->fn(task->data);
	prove_world.cpu = cpu;
	at_work = before;
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
	return c->done;
}

/* Numbers and text ----------------------------------------------------------------------------- */

u64 get_random_u64(void)
{
	return 0x0123456789abcdefULL * ++prove_world.randoms;
}

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

/* Hashes: the model's, which test_rmm_realms.c holds to what others compute --------------------- */

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
	for (i = 0; strcmp(names[i], name); i++)
		assert_true(i < RMI_HASH_SHA384);
	shash = malloc(sizeof(*shash));
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
