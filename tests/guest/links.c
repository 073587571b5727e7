// SPDX-License-Identifier: GPL-2.0-only
/*
 * links DIR N: what any user can do to a kernel that reads past the end of a string. As user 65534,
 * make N symbolic links in DIR whose text fills a page to its last byte, and look each up: the
 * kernel walks that text word by word.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const long page = sysconf(_SC_PAGESIZE) < 4096 ? sysconf(_SC_PAGESIZE) : 4096;
	char text[4096], name[64];
	struct stat st;
	int i, n;

	if (argc != 3 || chdir(argv[1]) || setgid(65534) || setuid(65534)) {
		perror("links");
		return 1;
	}
	n = atoi(argv[2]);
	/* of slashes, three letters and the NUL: no such file */
	memset(text, '/', page);
	memcpy(text + page - 4, "abc", 4);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		if (symlink(text, name)) {
			perror(name);
			return 1;
		}
		if (!stat(name, &st) || errno != ENOENT) {
			fprintf(stderr, "%s: %s\n", name, strerror(errno));
			return 1;
		}
	}
	/* Once more, from what the kernel has kept */
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		stat(name, &st);
		unlink(name);
	}
	return 0;
}
