/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON into a buffer, and reading one JSON scalar (a default value in a table).
 * Reading whole documents is src/json. */
#ifndef VGI_BASE_JSON_H
#define VGI_BASE_JSON_H

#include "base/buffer.h"

/* Append-only: the caller writes structure with the buffer, these write the leaves.
 * Invalid UTF-8 becomes U+FFFD. */
bool vgi__json_string(vgi__buffer *b, const char *p, size_t n); /* with quotes */
bool vgi__json_f64(vgi__buffer *b,
                   double v); /* non-finite: "NaN", "Infinity", "-Infinity" as strings */
bool vgi__json_i64(vgi__buffer *b, int64_t v);
bool vgi__json_u64(vgi__buffer *b, uint64_t v);
bool vgi__json_bool(vgi__buffer *b, bool v);

typedef enum vgi__scalar_kind {
    VGI__SCALAR_NULL,
    VGI__SCALAR_BOOL,
    VGI__SCALAR_INT,
    VGI__SCALAR_UINT,
    VGI__SCALAR_REAL,
    VGI__SCALAR_STRING
} vgi__scalar_kind;

typedef struct vgi__scalar {
    vgi__scalar_kind kind;
    bool boolean;
    int64_t i;        /* INT: fits int64 */
    uint64_t u;       /* UINT: above INT64_MAX */
    double real;      /* REAL */
    vgi__buffer text; /* STRING: decoded; caller frees with vgi__scalar_free */
} vgi__scalar;

/* Parse one JSON scalar with nothing around it. False: not one, or no memory. */
bool vgi__scalar_parse(vgi__scalar *out, const char *json, size_t n,
                       const vgi_allocator *a);
void vgi__scalar_free(vgi__scalar *s);

#endif
