/* SPDX-License-Identifier: Apache-2.0 */
/* The first batch of a stream: its rows into structs of every shape, those back into
 * rows, and every cell as text. */
#include <stdlib.h>
#include <string.h>

#include "types/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_ROWS 4
#define MAX_COLUMNS 64
#define MEMORY_BYTES ((size_t)64 << 20)

/* ---- every shape, as the one member `v` of a struct ---- */

typedef struct point {
    double x, y;
} point;
VGI_STRUCT(point, VGI_FIELD(point, x), VGI_FIELD(point, y));
typedef struct entry {
    vgi_str key;
    int64_t value;
} entry;
VGI_STRUCT(entry, VGI_FIELD(entry, key), VGI_FIELD(entry, value));
typedef VGI_SLICE(int64_t) i64s;
VGI_LIST_TYPE(i64s, int64_t);
typedef const int64_t *maybe_i64;
VGI_OPTIONAL_TYPE(maybe_i64, int64_t);
typedef enum status { PENDING, ACTIVE, CLOSED } status;
static const char *const status_names[] = { "PENDING", "ACTIVE", "CLOSED", NULL };
VGI_ENUM(status, status_names);
typedef struct deep {
    point at;
    const point *maybe;
    vgi_str label;
    VGI_SLICE(entry) map;
    status state;
} deep;
VGI_STRUCT(deep, VGI_NESTED(deep, at, point), VGI_NESTED(deep, maybe, point),
           VGI_FIELD(deep, label, .nullable = true),
           VGI_LIST(deep, map, entry, .arrow = "+m"),
           VGI_NESTED(deep, state, status, .fallback = "\"ACTIVE\""));

#define SHAPE(name, declaration, ...) \
    typedef struct name { \
        declaration; \
    } name; \
    VGI_STRUCT(name, __VA_ARGS__)

SHAPE(as_bool, bool v, VGI_FIELD(as_bool, v));
SHAPE(as_i8, int8_t v, VGI_FIELD(as_i8, v));
SHAPE(as_u32, uint32_t v, VGI_FIELD(as_u32, v));
SHAPE(as_i64, int64_t v, VGI_FIELD(as_i64, v));
SHAPE(as_u64, const uint64_t *v, VGI_FIELD(as_u64, v));
SHAPE(as_float, float v, VGI_FIELD(as_float, v));
SHAPE(as_double, double v, VGI_FIELD(as_double, v));
SHAPE(as_date, int32_t v, VGI_FIELD(as_date, v, .arrow = "tdD"));
SHAPE(as_time, int64_t v, VGI_FIELD(as_time, v, .arrow = "ttu"));
SHAPE(as_stamp, int64_t v, VGI_FIELD(as_stamp, v, .arrow = "tsu:UTC"));
SHAPE(as_span, int64_t v, VGI_FIELD(as_span, v, .arrow = "tDn"));
SHAPE(as_str, vgi_str v, VGI_FIELD(as_str, v, .nullable = true));
SHAPE(as_bytes, vgi_bytes v, VGI_FIELD(as_bytes, v, .nullable = true));
SHAPE(as_fixed, vgi_bytes v, VGI_FIELD(as_fixed, v, .arrow = "w:8"));
SHAPE(as_raw, vgi_bytes v, VGI_FIELD(as_raw, v, .arrow = "tin"));
SHAPE(as_decimal, vgi_str v, VGI_FIELD(as_decimal, v, .arrow = "d:20,4"));
SHAPE(as_enum, status v, VGI_NESTED(as_enum, v, status));
SHAPE(as_coded, vgi_str v, VGI_FIELD(as_coded, v, .dictionary = "s"));
SHAPE(as_point, point v, VGI_NESTED(as_point, v, point));
SHAPE(as_deep, const deep *v, VGI_NESTED(as_deep, v, deep));
SHAPE(as_blob, deep v, VGI_NESTED(as_blob, v, deep, .arrow = "z"));
SHAPE(as_batch, struct vgi_batch *v, VGI_FIELD(as_batch, v));
SHAPE(as_schema, struct vgi_schema *v, VGI_FIELD(as_schema, v));
SHAPE(as_ints, VGI_SLICE(int64_t) v, VGI_LIST(as_ints, v, int64_t));
SHAPE(as_bools, VGI_SLICE(bool) v, VGI_LIST(as_bools, v, bool));
SHAPE(as_strs, VGI_SLICE(vgi_str) v, VGI_LIST(as_strs, v, vgi_str, .dictionary = "s"));
SHAPE(as_maybes, VGI_SLICE(maybe_i64) v, VGI_LIST(as_maybes, v, maybe_i64));
SHAPE(as_points, VGI_SLICE(point) v, VGI_LIST(as_points, v, point));
SHAPE(as_lists, VGI_SLICE(i64s) v, VGI_LIST(as_lists, v, i64s));
SHAPE(as_vector, VGI_SLICE(double) v, VGI_LIST(as_vector, v, double, .arrow = "+w:2"));
SHAPE(as_map, VGI_SLICE(entry) v, VGI_LIST(as_map, v, entry, .arrow = "+m"));
SHAPE(as_default, int64_t v, VGI_FIELD(as_default, v, .fallback = "7"));

static const vgi_type *const types[] = {
    &vgi_type_as_bool,  &vgi_type_as_i8,     &vgi_type_as_u32,    &vgi_type_as_i64,
    &vgi_type_as_u64,   &vgi_type_as_float,  &vgi_type_as_double, &vgi_type_as_date,
    &vgi_type_as_time,  &vgi_type_as_stamp,  &vgi_type_as_span,   &vgi_type_as_str,
    &vgi_type_as_bytes, &vgi_type_as_fixed,  &vgi_type_as_raw,    &vgi_type_as_decimal,
    &vgi_type_as_enum,  &vgi_type_as_coded,  &vgi_type_as_point,  &vgi_type_as_deep,
    &vgi_type_as_blob,  &vgi_type_as_batch,  &vgi_type_as_schema, &vgi_type_as_ints,
    &vgi_type_as_bools, &vgi_type_as_strs,   &vgi_type_as_maybes, &vgi_type_as_points,
    &vgi_type_as_lists, &vgi_type_as_vector, &vgi_type_as_map,    &vgi_type_as_default,
    &vgi_type_deep,
};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static vgi__record *records[N_TYPES];

static void compile_once(void)
{
    for (size_t i = 0; i < N_TYPES && !records[i]; i++)
        if (vgi__record_compile(&records[i], types[i], VGI__ROLE_PARAMS, NULL, NULL, NULL,
                                NULL) != VGI_OK)
            abort();
}

/* ---- what is tried ---- */

/* What was bound is a value that its own type can hold, but for texts of decimals with
 * more digits. */
static void append_back(vgi__record *r, const void *value)
{
    vgi__builder *b;
    struct ArrowArray *array;
    if (vgi__builder_new(&b, vgi__record_schema(r), NULL, NULL, NULL) != VGI_OK)
        abort();
    if (vgi__record_append(r, value, b, NULL) == VGI_OK &&
        vgi__builder_finish(b, 1, &array, NULL) != VGI_OK)
        abort();
    vgi__builder_free(b);
}

static void bind_row(const vgi_batch *batch, int64_t row)
{
    for (size_t i = 0; i < N_TYPES; i++) {
        vgi_arena mem = { .limit = MEMORY_BYTES };
        max_align_t value[16];
        vgi_error err = { 0 };
        if (vgi__record_size(records[i]) > sizeof(value))
            abort();
        int rc = vgi__record_bind(records[i], batch, row, value, &mem, "method", &err);
        if (rc == VGI_OK)
            append_back(records[i], value);
        else if (err.code != rc || !err.message[0])
            abort(); /* every failure says why */
        vgi_arena_free(&mem);
    }
}

static void write_row(const vgi_batch *batch, int64_t row)
{
    vgi_arena mem = { .limit = MEMORY_BYTES };
    size_t columns = vgi_schema_columns(vgi_batch_schema(batch));
    vgi_str text;
    (void)vgi_batch_row_json(batch, row, &mem, &text, NULL);
    for (size_t i = 0; i < columns && i < MAX_COLUMNS; i++) {
        vgi_arena_reset(&mem);
        (void)vgi_batch_cell_text(batch, row, i, &mem, &text, NULL);
    }
    vgi_arena_free(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vgi_batch *batch;
    compile_once();
    if (vgi_batch_decode(&batch, (vgi_bytes){ data, size }, NULL) != VGI_OK)
        return 0;
    for (int64_t row = 0; row < vgi_batch_rows(batch) && row < MAX_ROWS; row++) {
        bind_row(batch, row);
        write_row(batch, row);
    }
    vgi_batch_unref(batch);
    return 0;
}
