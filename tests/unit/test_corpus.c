// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fuzzers found worth keeping, and what once crashed, played again: tests/fuzz/corpus,
 * from the top of the tree or below $CORPUS.
 */
#include <dirent.h>
#include <stdio.h>

#include "world.h"

int fuzz_module(const u8 *bytes, size_t n);
int fuzz_ranges(const u8 *bytes, size_t n);
int fuzz_describe(const u8 *bytes, size_t n);

static char path[512];		/* of the last one played */

static size_t read_file(const char *name, u8 *bytes, size_t room)
{
	FILE *f = fopen(name, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(bytes, 1, room, f);
	assert_true(n < room && !ferror(f));
	fclose(f);
	return n;
}

static void replay(const char *name, int (*fuzz)(const u8 *bytes, size_t n))
{
	const char *top = getenv("CORPUS") ?: "tests/fuzz/corpus";
	static u8 bytes[1 << 16];
	struct dirent *entry;
	unsigned int files = 0;
	DIR *dir;
	u8 *copy;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", top, name, entry->d_name);
		n = read_file(path, bytes, sizeof(bytes));
		/* One of its own, so that the sanitizer sees what reads behind it */
		copy = malloc(n ?: 1);
		assert_non_null(copy);
		memcpy(copy, bytes, n);
		assert_int_equal(fuzz(copy, n), 0);
		free(copy);
		files++;
	}
	closedir(dir);
	assert_true(files > 0);
	print_message("corpus: %u files of %s\n", files, name);
}

static void corpus_of_the_module(void **state)
{
	(void)state;
	replay("module", fuzz_module);
}

static void corpus_of_ranges(void **state)
{
	(void)state;
	replay("ranges", fuzz_ranges);
}

static void corpus_of_descriptions(void **state)
{
	(void)state;
	replay("describe", fuzz_describe);
}

static int say_which(void **state)
{
	(void)state;
	print_message("# the last was %s\n", path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(corpus_of_the_module, say_which),
		cmocka_unit_test_teardown(corpus_of_ranges, say_which),
		cmocka_unit_test_teardown(corpus_of_descriptions, say_which),
	};

	return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}
