// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "output.h"

/* As many links as the kernel follows */
#define MAX_LINKS	40

static void too_long(const char *name)
{
	errx(EXIT_TROUBLE, "%s: too long a name", name);
}

/*
 * The name at which the last link of a name leads, also where nothing is there yet: a rename would
 * put the file in the link's place
 */
static void follow(struct output *out)
{
	char link[PATH_MAX], next[PATH_MAX];
	unsigned int links;
	const char *last;
	int directory;
	ssize_t length;

	if (snprintf(out->path, PATH_MAX, "%s", out->name) >= PATH_MAX)
		too_long(out->name);
	for (links = 0; (length = readlink(out->path, link, sizeof(link) - 1)) >= 0; links++) {
		link[length] = '\0';
		if (links == MAX_LINKS) {
			errno = ELOOP;
			err(EXIT_TROUBLE, "%s", out->name);
		}
		last = *link == '/' ? NULL : strrchr(out->path, '/');
		directory = last ? last + 1 - out->path : 0;
		if (snprintf(next, PATH_MAX, "%.*s%s", directory, out->path, link) >= PATH_MAX)
			too_long(out->name);
		memcpy(out->path, next, PATH_MAX);
	}
}

static int open_draft(struct output *out)
{
	mode_t mask;
	int fd;

	follow(out);
	if (snprintf(out->draft, PATH_MAX, "%s.XXXXXX", out->path) >= PATH_MAX)
		too_long(out->name);
	fd = mkstemp(out->draft);
	if (fd < 0)
		err(EXIT_TROUBLE, "%s", out->draft);
	/* As a file that is made in the ordinary way */
	mask = umask(0);
	umask(mask);
	if (fchmod(fd, 0666 & ~mask)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool is_stdout(const struct stat *st)
{
	struct stat standard;

	return !fstat(STDOUT_FILENO, &standard) && standard.st_dev == st->st_dev &&
	       standard.st_ino == st->st_ino;
}

static void fail(const struct output *out)
{
	warn("%s", out->name);
	if (*out->draft)
		unlink(out->draft);
	exit(EXIT_TROUBLE);
}

void output_open(struct output *out, const char *name)
{
	struct stat st;
	int fd;

	out->name = name;
	*out->draft = '\0';
	/* Opened anew, /dev/stdout would begin at the start of a file that it goes on in */
	if (!stat(name, &st) && is_stdout(&st))
		fd = dup(STDOUT_FILENO);
	else if (!stat(name, &st) && !S_ISREG(st.st_mode))
		fd = open(name, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	else
		fd = open_draft(out);
	out->f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out->f)
		fail(out);
}

void output_close(struct output *out)
{
	const bool good = !ferror(out->f);

	if (fclose(out->f) || !good || (*out->draft && rename(out->draft, out->path)))
		fail(out);
}
