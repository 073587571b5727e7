// SPDX-License-Identifier: GPL-2.0-only
/*
 * The four functions that gcc may call in any program, even a freestanding one. With the MMU off
 * all memory is Device memory, where unaligned accesses fault: words if both sides allow it, else
 * bytes.
 */
#include "el3.h"

static size_t misaligned(const void *p)
{
	return (uintptr_t)p % sizeof(uint64_t);
}

void *memset(void *to, int c, size_t n)
{
	uint64_t word = (uint8_t)c * UINT64_C(0x0101010101010101);
	uint8_t *t = to;

	for (; n && misaligned(t); n--)
		*t++ = c;
	for (; n >= sizeof(word); n -= sizeof(word), t += sizeof(word))
		*(uint64_t *)t = word;
	while (n--)
		*t++ = c;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	const uint8_t *f = from;
	uint8_t *t = to;

	if (!misaligned(t) && !misaligned(f)) {
		for (; n >= sizeof(uint64_t); n -= sizeof(uint64_t)) {
			*(uint64_t *)t = *(const uint64_t *)f;
			t += sizeof(uint64_t);
			f += sizeof(uint64_t);
		}
	}
	while (n--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	const uint8_t *f = from;
	uint8_t *t = to;

	if (t <= f)
		while (n--)
			*t++ = *f++;
	else
		while (n--)
			t[n] = f[n];
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;

	for (; n--; p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}
