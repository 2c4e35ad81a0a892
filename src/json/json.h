/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON documents. The only folder that sees jansson. */
#ifndef VGI_JSON_JSON_H
#define VGI_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vgirpc/error.h>
#include <vgirpc/value.h>

typedef struct vgi__json vgi__json; /* one value; the document owns all of them */
typedef enum vgi__json_kind {
    VGI__JSON_NULL,
    VGI__JSON_BOOL,
    VGI__JSON_INT,
    VGI__JSON_REAL,
    VGI__JSON_STRING,
    VGI__JSON_ARRAY,
    VGI__JSON_OBJECT
} vgi__json_kind;

/* Duplicate keys, trailing text, depth over 64 are refused. VGI_EINVAL with position;
 * VGI_ENOMEM. */
int vgi__json_parse(vgi__json **out, vgi_str text, vgi_error *err);
void vgi__json_free(vgi__json *doc); /* of the document only */
vgi__json_kind vgi__json_kind_of(const vgi__json *v);
bool vgi__json_bool_of(const vgi__json *v);
int64_t vgi__json_int_of(const vgi__json *v);
double vgi__json_real_of(const vgi__json *v); /* of INT or REAL */
vgi_str vgi__json_str_of(const vgi__json *v);
size_t vgi__json_count(const vgi__json *v); /* items or members */
const vgi__json *vgi__json_at(const vgi__json *v, size_t index);
const vgi__json *vgi__json_get(const vgi__json *v, const char *key); /* NULL: absent */
typedef bool vgi__json_member_fn(void *user, vgi_str key,
                                 const vgi__json *value); /* false stops */
bool vgi__json_each(const vgi__json *v, vgi__json_member_fn *fn, void *user);

#endif
