// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "json.h"

void json_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}
