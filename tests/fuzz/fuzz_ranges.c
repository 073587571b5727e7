// SPDX-License-Identifier: GPL-2.0-only
/* src/ranges.c against the naive thing: kind and payee for each of a few addresses */
#include <string.h>

#include "../../src/ranges.h"
#include "world.h"

#define ADDRESSES	256
#define NOBODY		255

static u8 owner[ADDRESSES];

static u8 owner_at(unsigned int i)
{
	return i < ADDRESSES ? owner[i] : NOBODY;
}

/* Four owners: of two kinds, with two payees each */
static u8 owner_of(const struct span *s)
{
	return s->kind << 1 | s->payee;
}

/* The first part of [start, end) that is in the set, or that isn't */
static bool naive_part(unsigned int start, unsigned int end, bool in, unsigned int *from,
		       unsigned int *to, bool by_owner)
{
	for (*from = start; *from < end && (owner[*from] != NOBODY) != in;)
		++*from;
	for (*to = *from; *to < end && (owner[*to] != NOBODY) == in &&
			  (!by_owner || owner[*to] == owner[*from]);)
		++*to;
	return *from < end;
}

static void compare(const struct ranges *set)
{
	unsigned int i, at, bytes = 0;

	for (i = 0; i < set->nr; i++) {
		const struct span *s = &set->at[i];

		assert_true(s->start < s->end && s->end <= ADDRESSES);
		/* whole, in order, and apart from the next unless that is another's */
		assert_true(!s->start || owner_at(s->start - 1) != owner_of(s));
		assert_true(owner_at(s->end) != owner_of(s));
		assert_true(!i || set->at[i - 1].end <= s->start);
		for (at = s->start; at < s->end; at++)
			assert_int_equal(owner[at], owner_of(s));
		bytes += s->end - s->start;
	}
	assert_int_equal(ranges_bytes(set), bytes);
	for (at = 0; at < ADDRESSES; at++)
		bytes -= owner[at] != NOBODY;
	assert_int_equal(bytes, 0);
}

static void ask(const struct ranges *set, unsigned int start, unsigned int end)
{
	unsigned int from, to;
	struct span part;

	assert_int_equal(ranges_next(set, start, end, &part),
			 naive_part(start, end, true, &from, &to, true));
	if (from < end)
		assert_true(part.start == from && part.end == to && owner_of(&part) == owner[from]);
	assert_int_equal(ranges_gap(set, start, end, &part),
			 naive_part(start, end, false, &from, &to, false));
	if (from < end)
		assert_true(part.start == from && part.end == to);
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n);

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t n)
{
	struct ranges set = {};

	world_make(NULL, 12);
	memset(owner, NOBODY, sizeof(owner));
	for (; n >= 3; n -= 3, bytes += 3) {
		const unsigned int start = bytes[1], end = min(start + 1 + bytes[2], ADDRESSES);
		const struct span span = { start, end, bytes[0] >> 3 & 1, bytes[0] >> 2 & 1 };

		switch (bytes[0] & 3) {
		case 0:
		case 1:
			world.fail_alloc = bytes[0] >> 7;
			if (!ranges_put(&set, span))
				memset(owner + start, owner_of(&span), end - start);
			world.fail_alloc = 0;
			break;
		case 2:
			ranges_remove(&set, start, end);
			memset(owner + start, NOBODY, end - start);
			break;
		default:
			ask(&set, start, end);
		}
		compare(&set);
	}
	ranges_clear(&set);
	world_end();
	return 0;
}
