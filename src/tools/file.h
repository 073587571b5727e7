/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of /sys and /proc, and what may stand in them. */
#ifndef TOOLS_FILE_H
#define TOOLS_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The exit status of a usage that is none, and of what can't be read or written */
#define EXIT_TROUBLE	2

/* Where a file is: tests have trees of their own */
void file_path(char path[PATH_MAX], const char *name);

/* A short text, without the newline at its end. 0 or -errno: -EFBIG if it isn't shorter. */
int file_read(const char *name, char *text, size_t size);

bool file_is_there(const char *name);

/* Each line of a longer one, without its newline. False if it can't be opened: see errno. */
typedef void (*file_line_fn)(const char *line, const char *path, unsigned int number, void *arg);
bool file_lines(const char *name, file_line_fn line, void *arg);

/* The digits at *text, which is moved behind them. False if there are none, or too many. */
bool file_number(const char **text, int base, uint64_t *number);

#endif
