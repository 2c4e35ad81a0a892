/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows in an arena. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdio.h>

#include <vgirpc/vgirpc.h>

typedef struct text {
    vgi_arena *mem;
    char *data;
    size_t len, cap;
    bool failed; /* no memory; later appends do nothing */
} text;

void text_bytes(text *t, const char *p, size_t n);
void text_add(text *t, const char *s);
void text_json_string(text *t, const char *s); /* with quotes */
bool text_read(text *t, FILE *f);              /* to the end; false: a read error */
/* One line without its newline; false: at the end, or a read error (ferror). Clears the
 * text. */
bool text_line(text *t, FILE *f);

/* The bytes of the UTF-8 character at `p`; 0: there is none. */
size_t text_char(const char *p, size_t n);
bool text_is_utf8(vgi_str s);

static inline vgi_str text_str(const text *t)
{
    return (vgi_str){ t->data ? t->data : "", t->len };
}

#endif
