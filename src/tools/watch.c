// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module wakes those who poll `available`. Nobody is woken when it is unloaded or loaded, so it
 * is looked at each second as well.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attributes.h"
#include "file.h"
#include "watch.h"

struct state {
	uint64_t available;
	char reason[sizeof(((struct attributes *)0)->of[REASON].text)];
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
	ended = 1;
}

/* Before anything is read of which a change is to be told */
static int open_available(void)
{
	char path[PATH_MAX], text[16];
	int fd;

	file_path(path, ATTRIBUTES_DIR "/available");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* sysfs tells of changes since it was read by this descriptor */
	if (fd >= 0 && read(fd, text, sizeof(text)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void look(struct state *now)
{
	struct attributes a;

	*now = (struct state){ .reason = "not-loaded" };
	if (!attributes_read(&a))
		return;
	now->available = a.of[AVAILABLE].number;
	memcpy(now->reason, a.of[REASON].text, sizeof(now->reason));
}

static bool is_other(const struct state *a, const struct state *b)
{
	return a->available != b->available || strcmp(a->reason, b->reason);
}

static void print_state(const struct state *now)
{
	const time_t t = time(NULL);
	struct tm tm;
	char text[40];

	if (!localtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm))
		errx(EXIT_TROUBLE, "no time can be told");
	printf("%s %" PRIu64 " %s\n", text, now->available, now->reason);
	if (fflush(stdout))
		err(EXIT_TROUBLE, "standard output");
}

int watch(bool once)
{
	const struct timespec second = { .tv_sec = 1 };
	struct sigaction action = { .sa_handler = end };
	struct state before, now;
	sigset_t ending, normal;
	unsigned int lines = 0;

	/* They come while it waits, and at no other time */
	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &ending, &normal) || sigaction(SIGINT, &action, NULL) ||
	    sigaction(SIGTERM, &action, NULL))
		err(EXIT_TROUBLE, "signals");
	sigdelset(&normal, SIGINT);
	sigdelset(&normal, SIGTERM);
	while (!ended) {
		struct pollfd available = { .fd = open_available(), .events = POLLPRI | POLLERR };

		look(&now);
		if (!lines || is_other(&now, &before)) {
			print_state(&now);
			before = now;
			if (++lines == 2 && once)
				return 0;
		}
		if (ppoll(&available, 1, &second, &normal) < 0 && errno != EINTR)
			err(EXIT_TROUBLE, "poll");
		if (available.fd >= 0)
			close(available.fd);
	}
	return once;
}
