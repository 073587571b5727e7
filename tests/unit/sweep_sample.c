// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is played where all points would take too long. Places in the code are told apart by the
 * calls that lead there, so that each has its faults, whatever src/ comes to do. Of the rest a seed
 * draws a number that doesn't depend on how fast this machine is.
 */
#include <time.h>
#include <unistd.h>

#include "sweep.h"

/* Where those calls begin: a frame of the sweep's own */
static const uintptr_t *outermost;
static u64 seed;

/* SplitMix64's */
static u64 mix(u64 x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

void place_begin(const void *frame)
{
	outermost = frame;
}

/*
 * By frame pointers, since the unwinder would take longer than the points. A frame begins with that
 * of its caller and the address to return to, on x86-64 as on arm64. One that leads elsewhere is
 * the last.
 */
u64 place_here(void)
{
	const uintptr_t *frame = __builtin_frame_address(0), *caller;
	u64 place = 0;

	for (; frame < outermost; frame = caller) {
		place = mix(place ^ (frame[1] - (uintptr_t)place_here));
		caller = (const uintptr_t *)frame[0];
		if (caller <= frame || (uintptr_t)caller % sizeof(*caller))
			break;
	}
	return place;
}

u64 place_with(u64 place, u64 what)
{
	return mix(place ^ mix(what));
}

/* Few of many are different */
void places_mark_first(struct places *p)
{
	unsigned int distinct = 0, i, k;
	u64 *seen = malloc((p->nr + 1) * sizeof(*seen));

	assert_non_null(seen);
	for (i = 0; i < p->nr; i++) {
		for (k = 0; k < distinct && seen[k] != p->at[i]; k++)
			;
		p->is_first[i] = k == distinct;
		if (k == distinct)
			seen[distinct++] = p->at[i];
	}
	p->distinct = distinct;
	free(seen);
}

void places_add(struct places *p, u64 place)
{
	if (p->nr == p->room) {
		p->room = p->room * 2 + 64;
		p->at = realloc(p->at, p->room * sizeof(*p->at));
		p->is_first = realloc(p->is_first, p->room * sizeof(*p->is_first));
		assert_true(p->at && p->is_first);
	}
	p->is_first[p->nr] = false;
	p->at[p->nr++] = place;
}

/* SEED, or another one each time, small enough to be typed */
u64 sample_seed(void)
{
	const char *text = getenv("SEED");
	struct timespec now;

	if (!seed && text)
		seed = strtoull(text, NULL, 0);
	if (!seed) {
		clock_gettime(CLOCK_REALTIME, &now);
		seed = mix(now.tv_nsec ^ ((u64)getpid() << 32)) % 999999 + 1;
	}
	return seed;
}

bool sample_is_all(void)
{
	return !!getenv("SWEEP_ALL");
}

/* A sequence of its own for each scenario and purpose, so that one alone is as it was among all */
struct random sample_random(const char *name, u64 what)
{
	struct random r = { place_with(sample_seed(), what) };

	for (; *name; name++)
		r.state = place_with(r.state, *name);
	return r;
}

u64 random_below(struct random *r, u64 n)
{
	r->state += 0x9e3779b97f4a7c15ULL;
	return mix(r->state) % n;
}

/* The first @most of @from are so many of all its @nr, each with the same chance */
void sample_draw(struct random *r, unsigned int *from, unsigned int nr, unsigned int most)
{
	for (unsigned int i = 0; i < nr && i < most; i++) {
		const unsigned int k = i + random_below(r, nr - i), with = from[k];

		from[k] = from[i];
		from[i] = with;
	}
}
