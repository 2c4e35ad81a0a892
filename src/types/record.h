/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: described structs at work.
 *
 * A record is a described type compiled once for one role: its schema, and a flat list of
 * steps that say which schema node each member is and how it converts. Compiling checks
 * everything that registration promises.
 *
 * Roles differ in one rule of the reference's mapping: a described struct that is itself
 * a parameter or a result (not inside a container) travels as binary holding a one-row
 * IPC stream; in rows, headers and state, and inside lists and structs, it is an Arrow
 * struct. `.arrow` overrides ("z" forces binary, "+s" struct). Role RESULT makes a
 * one-column schema named "result" of the type (VOID: no columns); the struct pointer is
 * then the value itself.
 *
 * A compiled record does not change: any number of threads may use one.
 */
#ifndef VGI_TYPES_RECORD_H
#define VGI_TYPES_RECORD_H

#include <vgirpc/type.h>

#include "arrow/batch.h"
#include "arrow/builder.h"
#include "base/buffer.h"

typedef enum vgi__role { VGI__ROLE_PARAMS, VGI__ROLE_RESULT, VGI__ROLE_ROW } vgi__role;

typedef struct vgi__record vgi__record;

/* VGI_EINVAL with "point: bytes 32..39 belong to no described member" and the like;
 * VGI_ELIMIT; VGI_ENOMEM. `where` prefixes messages ("Greeter.hello parameters"). The
 * type may be VOID (empty schema) or STRUCT; any kind for RESULT. Tables with another abi
 * are refused. field_size strides are honoured. */
int vgi__record_compile(vgi__record **out, const vgi_type *type, vgi__role role,
                        const char *where, const vgi_limits *limits,
                        const vgi_allocator *a, vgi_error *err);
void vgi__record_free(vgi__record *r);
const vgi_schema *vgi__record_schema(const vgi__record *r);
const vgi_type *vgi__record_type(const vgi__record *r);
size_t vgi__record_size(const vgi__record *r); /* of the C struct */

/* Row `row` of `batch` into *out (fully written: absent optionals become NULL / null
 * strings). Columns by name. A missing column takes its fallback, else null if nullable,
 * else VGI_ESCHEMA. Safe widening as documented at vgi_batch_row. `method` (may be NULL)
 * shapes messages as the reference's: "m() parameter 'p' is not optional but got None".
 * Unknown enum member, bad embedded blob: VGI_EINVAL, type "ValueError" or
 * "ArrowInvalid". A column in its place costs one comparison of names. Handles (batch and
 * schema members) end with `mem`. */
int vgi__record_bind(const vgi__record *r, const vgi_batch *batch, int64_t row, void *out,
                     vgi_arena *mem, const char *method, vgi_error *err);
/* Append one struct as one row to a builder of the record's schema, or of `target`'s: a
 * schema with (at least) the same columns by name and type. */
int vgi__record_append(const vgi__record *r, const void *row, vgi__builder *b,
                       vgi_error *err);

/* Structural identity of two described types. */
bool vgi__type_equal(const vgi_type *a, const vgi_type *b);

/* Stream state: one struct as a one-row IPC stream, and back. */
int vgi__state_encode(vgi__record *r, const void *state, vgi_arena *mem, vgi_bytes *out,
                      vgi_error *err);
int vgi__state_decode(vgi__record *r, vgi_bytes bytes, void *state, vgi_arena *mem,
                      vgi_error *err);

/* Append the JSON scalar `json` as one value of a builder's column, which may be of any
 * type that a C scalar holds (and null to any). VGI_EINVAL: no JSON scalar of the
 * column's type. */
int vgi__append_scalar(vgi__builder *b, int32_t node, const char *json, vgi_error *err);

/* Canonical type token of protocol_hash v1 for a node ("list<item?:int64>"); false: no
 * memory. */
bool vgi__canonical_type(vgi__buffer *b, const vgi_schema *s, int32_t node);

#endif
