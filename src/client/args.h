/* SPDX-License-Identifier: Apache-2.0 */
/* From JSON values to cells. */
#ifndef VGI_CLIENT_ARGS_H
#define VGI_CLIENT_ARGS_H

#include "arrow/builder.h"
#include "json/json.h"

/* Where in the document a value stands: "$.values[3]". */
typedef struct vgi__json_path vgi__json_path;
struct vgi__json_path {
    const vgi__json_path *up; /* NULL: the document itself */
    vgi_str key;              /* data NULL: an item of an array */
    size_t index;
};

/* A value, or a key of an object that stands for one. */
typedef struct vgi__json_value {
    vgi__json_kind kind;
    const vgi__json *json; /* NULL: a key */
    vgi_str text;          /* STRING */
} vgi__json_value;

typedef struct vgi__json_cells {
    vgi__builder *builder;
    const vgi_schema *schema;
    vgi_error *err;
} vgi__json_cells;

/* Set the error "<path>: ..." and return VGI_EINVAL. */
int vgi__json_bad(vgi__json_cells *c, const vgi__json_path *at, const char *fmt, ...)
    VGI_PRINTF(3, 4);
/* "<path>: <value> is no <type of the node>". */
int vgi__json_misfit(vgi__json_cells *c, const vgi__json_path *at,
                     const vgi__json_value *v, int32_t node);
/* Append one value that is not null to a node without children. */
int vgi__json_scalar(vgi__json_cells *c, int32_t node, const vgi__json_value *v,
                     const vgi__json_path *at);

/* ---- texts of times; false: not of that form, or out of range ---- */

bool vgi__date_parse(vgi_str text, int64_t *days); /* 2024-02-29 */
bool vgi__time_parse(vgi_str text, vgi__time_unit unit,
                     int64_t *value); /* 23:59[:59[.999]] */
/* 2024-02-29T23:59:59.5Z. `zoned`: the column has a time zone, so that an offset has a
 * meaning. */
bool vgi__timestamp_parse(vgi_str text, vgi__time_unit unit, bool zoned, int64_t *value);

/* A duration or an interval: P[nY][nM][nW][nD][T[nH][nM][n.nS]], each n with a sign of
 * its own. */
typedef struct vgi__span {
    int64_t months, days, units; /* hours and below, in the unit */
} vgi__span;

bool vgi__span_parse(vgi_str text, vgi__time_unit unit, vgi__span *out);
/* Days and units together, in the unit; false: overflow. */
bool vgi__span_units(const vgi__span *span, vgi__time_unit unit, int64_t *value);

#endif
