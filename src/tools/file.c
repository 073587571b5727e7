// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

/* More than any machine has ranges */
#define MAX_LINES	(1U << 20)

void file_path(char path[PATH_MAX], const char *name)
{
	const char *root = getenv("RMI_HOST_ROOT");

	if (snprintf(path, PATH_MAX, "%s%s", root ? root : "", name) >= PATH_MAX)
		errx(EXIT_TROUBLE, "RMI_HOST_ROOT is too long");
}

int file_read(const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	size_t length = 0;
	ssize_t n;
	int fd, rc = 0;

	file_path(path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		n = read(fd, text + length, size - length);
		if (n > 0)
			length += n;
		else if (n < 0 && errno != EINTR)
			rc = -errno;
	} while (!rc && n && length < size);
	close(fd);
	if (rc)
		return rc;
	if (length == size)
		return -EFBIG;
	if (length && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	return strlen(text) == length ? 0 : -EINVAL;
}

bool file_is_there(const char *name)
{
	char path[PATH_MAX];

	file_path(path, name);
	return !access(path, F_OK);
}

bool file_lines(const char *name, file_line_fn line, void *arg)
{
	unsigned int number = 0;
	char path[PATH_MAX];
	char text[256];
	size_t length;
	FILE *f;

	file_path(path, name);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (fgets(text, sizeof(text), f)) {
		length = strlen(text);
		if (++number > MAX_LINES)
			errx(EXIT_TROUBLE, "%s: more than %u lines", path, MAX_LINES);
		if (!length || (text[length - 1] != '\n' && !feof(f)))
			errx(EXIT_TROUBLE, "%s:%u: no line of text", path, number);
		if (text[length - 1] == '\n')
			text[length - 1] = '\0';
		line(text, path, number, arg);
	}
	if (ferror(f))
		err(EXIT_TROUBLE, "%s", path);
	fclose(f);
	return true;
}

bool file_number(const char **text, int base, uint64_t *number)
{
	const unsigned char first = **text;
	char *end;

	/* strtoull() takes blanks and signs as well, and 0x twice */
	if (!(base == 16 ? isxdigit(first) : isdigit(first)) || tolower((*text)[1]) == 'x')
		return false;
	errno = 0;
	*number = strtoull(*text, &end, base);
	*text = end;
	return !errno;
}
