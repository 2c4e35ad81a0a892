/* SPDX-License-Identifier: Apache-2.0 */
/* A growing run of bytes with a ceiling. */
#ifndef VGI_BASE_BUFFER_H
#define VGI_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <vgirpc/sys/alloc.h>
#include <vgirpc/value.h>

typedef struct vgi__buffer {
    uint8_t *data;
    size_t len, cap;
    size_t limit; /* most bytes; SIZE_MAX: none */
    const vgi_allocator *allocator;
    bool failed; /* sticky: an append did not fit or memory ran out; later appends do
                    nothing */
} vgi__buffer;

void vgi__buffer_init(vgi__buffer *b, const vgi_allocator *a, size_t limit);
void vgi__buffer_free(vgi__buffer *b);
/* Room for `n` more bytes; returns where they go (len unchanged), NULL on failure. */
uint8_t *vgi__buffer_reserve(vgi__buffer *b, size_t n);
/* Append `n` unset bytes and return where they start, NULL on failure. */
uint8_t *vgi__buffer_extend(vgi__buffer *b, size_t n);
bool vgi__buffer_append(vgi__buffer *b, const void *p, size_t n);
bool vgi__buffer_str(vgi__buffer *b, const char *text);
bool vgi__buffer_char(vgi__buffer *b, char c);
bool vgi__buffer_printf(vgi__buffer *b, const char *fmt, ...) VGI_PRINTF(2, 3);
bool vgi__buffer_vprintf(vgi__buffer *b, const char *fmt, va_list ap);
static inline void vgi__buffer_clear(vgi__buffer *b)
{
    b->len = 0;
    b->failed = false;
}

#endif
