/* SPDX-License-Identifier: GPL-2.0-only */
/* For the fuzzers: of cmocka what the shim and scenario.c use. What isn't so is a crash. */
#ifndef FUZZ_CMOCKA_H
#define FUZZ_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define assert_true(c) do {							\
	if (!(c)) {								\
		fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #c);	\
		abort();							\
	}									\
} while (0)
#define assert_false(c)			assert_true(!(c))
#define assert_null(p)			assert_true(!(p))
#define assert_non_null(p)		assert_true(p)
#define assert_int_equal(a, b) \
	assert_true((unsigned long long)(a) == (unsigned long long)(b))
#define assert_int_not_equal(a, b)	assert_true((a) != (b))
#define assert_ptr_not_equal(a, b)	assert_true((a) != (b))
#define assert_ptr_equal(a, b)		assert_true((a) == (b))
#define assert_string_equal(a, b)	assert_true(!strcmp(a, b))
#define print_message(...)		fprintf(stderr, __VA_ARGS__)

#endif
