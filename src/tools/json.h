/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of JSON. */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

/* A text of what can be printed, as a string */
void json_string(const char *text);

#endif
