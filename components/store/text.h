/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows in an arena: what requests, URLs and signatures are written with. */
#ifndef VGI_STORE_TEXT_H
#define VGI_STORE_TEXT_H

#include <stdbool.h>

#include <vgirpc/arena.h>
#include <vgirpc/value.h>

/* `{ .mem = arena }` is an empty one. An append that finds no memory makes it fail for
 * good; vgi__text_done tells. */
typedef struct vgi__text {
    vgi_arena *mem;
    char *data;
    size_t len, cap;
    bool failed;
} vgi__text;

void vgi__text_add(vgi__text *t, vgi_str s);
void vgi__text_char(vgi__text *t, char c);
void vgi__text_printf(vgi__text *t, const char *fmt, ...) VGI_PRINTF(2, 3);
/* Lowercase digits. */
void vgi__text_hex(vgi__text *t, vgi_bytes bytes);
/* The escapes of signed requests: every byte but letters, digits and "-._~" becomes %XX,
 * with uppercase digits; '/' stays as it is when `slashes`. */
void vgi__text_escape(vgi__text *t, vgi_str s, bool slashes);
/* What was written, with a NUL behind it; a null string when memory ran out. */
vgi_str vgi__text_done(vgi__text *t);

/* A copy in `mem` with a NUL behind it; NULL: no memory. */
const char *vgi__text_copy(vgi_arena *mem, vgi_str s);
/* printf into `mem`; NULL: no memory. */
const char *vgi__text_format(vgi_arena *mem, const char *fmt, ...) VGI_PRINTF(2, 3);

#endif
