// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random histories of a host with an honest RMM: see scenario_history() in tests/fuzz/scenario.h.
 * First those of fixed seeds, then some of seeds that no run has had; SECONDS=N goes on with such
 * for so long. Of a history that fails, steps are left out as long as it fails, and the command
 * that repeats what remains is printed: SEED=N LEFT_OUT=0xN test_histories.
 *
 * A failed assertion leaves nothing in order, so each batch of histories is played by a child: this
 * same program, with another argument list.
 */
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../fuzz/scenario.h"

#define FIXED	3000
#define FRESH	50
#define BATCH	250

extern char **environ;

static char *program;

/* A child's exit status: 0 if all histories held; @last: the seed of the last one played */
static int play(u64 first, u64 nr, u64 left_out, bool tell, u64 *last)
{
	char text[4][32], *argv[6] = { program };
	u64 seed;
	int fds[2], status;
	pid_t child;

	snprintf(text[0], sizeof(text[0]), "%llu", first);
	snprintf(text[1], sizeof(text[1]), "%llu", nr);
	snprintf(text[2], sizeof(text[2]), "%llu", left_out);
	assert_int_equal(pipe(fds), 0);
	snprintf(text[3], sizeof(text[3]), "%d", tell ? -1 : fds[1]);
	for (unsigned int i = 0; i < ARRAY_SIZE(text); i++)
		argv[1 + i] = text[i];
	assert_int_equal(posix_spawn(&child, "/proc/self/exe", NULL, NULL, argv, environ), 0);
	close(fds[1]);
	while (read(fds[0], &seed, sizeof(seed)) == sizeof(seed))
		*last = seed;
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* The child's part; what it has to say of a failure is of interest once it is the shortest */

static struct {
	u64 first, nr, left_out;
	int to;
} batch;

static void histories(void **state)
{
	u64 seed;

	(void)state;
	for (seed = batch.first; seed < batch.first + batch.nr; seed++) {
		if (batch.to >= 0)
			assert_int_equal(write(batch.to, &seed, sizeof(seed)), sizeof(seed));
		scenario_history(seed, batch.left_out, batch.to < 0);
	}
}

static int play_here(char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(histories) };

	batch.first = strtoull(argv[1], NULL, 10);
	batch.nr = strtoull(argv[2], NULL, 10);
	batch.left_out = strtoull(argv[3], NULL, 10);
	batch.to = atoi(argv[4]);
	if (batch.to >= 0 && (!freopen("/dev/null", "w", stderr) ||
			      !freopen("/dev/null", "w", stdout)))
		return 1;
	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}

static void shorten(u64 seed)
{
	u64 left_out = 0, unused;

	for (int i = SCENARIO_STEPS - 1; i >= 0; i--)
		if (play(seed, 1, left_out | BIT_ULL(i), false, &unused))
			left_out |= BIT_ULL(i);
	print_message("# SEED=%llu LEFT_OUT=%#llx %s\n", seed, left_out, program);
	play(seed, 1, left_out, true, &unused);
	fail();
}

static void play_all(u64 first, u64 nr)
{
	u64 seed, last = 0;

	for (seed = first; seed < first + nr; seed += BATCH)
		if (play(seed, min(first + nr - seed, (u64)BATCH), 0, false, &last))
			shorten(last);
}

static void fixed_histories(void **state)
{
	const char *one = getenv("SEED"), *left_out = getenv("LEFT_OUT");
	u64 unused;

	(void)state;
	if (one) {
		assert_int_equal(play(strtoull(one, NULL, 0), 1,
				      left_out ? strtoull(left_out, NULL, 0) : 0, true, &unused),
				 0);
		return;
	}
	play_all(1, FIXED);
	print_message("histories: %u of fixed seeds, %u steps each\n", FIXED, SCENARIO_STEPS);
}

static void fresh_histories(void **state)
{
	const char *seconds = getenv("SECONDS");
	const time_t begun = time(NULL);
	u64 first = (u64)begun << 20, nr = 0;

	(void)state;
	if (getenv("SEED"))
		return;
	do {
		play_all(first + nr, FRESH);
		nr += FRESH;
	} while (seconds && time(NULL) - begun < atol(seconds));
	print_message("histories: %llu of fresh seeds, from %llu on\n", nr, first);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_histories),
		cmocka_unit_test(fresh_histories),
	};

	program = argv[0];
	if (argc == 5)
		return play_here(argv);
	return cmocka_run_group_tests_name("histories", tests, NULL, NULL);
}
