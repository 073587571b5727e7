// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lines.h"

void lines_say(const char *label, const char *format, ...)
{
	const int indent = 6, width = 80;
	int column = indent;
	char text[1024];
	const char *at;
	va_list args;
	int length;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("%-*s", indent, label);
	for (at = text; *at; at += length + strspn(at + length, " ")) {
		length = strcspn(at, " ");
		if (column > indent && column + 1 + length > width) {
			printf("\n%*s", indent, "");
			column = indent;
		}
		column += printf("%s%.*s", column > indent ? " " : "", length, at);
	}
	putchar('\n');
}
