/* SPDX-License-Identifier: Apache-2.0 */
/* The services that the tests and the fuzz target of dispatch serve. */
#ifndef VGI_TESTS_SUPPORT_RPC_CALC_H
#define VGI_TESTS_SUPPORT_RPC_CALC_H

#include <vgirpc/vgirpc.h>

typedef struct calc_pair {
    double a, b;
} calc_pair;
typedef struct calc_text {
    vgi_str text;
} calc_text;
typedef struct calc_count {
    int64_t count;
} calc_count;
typedef struct calc_row {
    int64_t index;
} calc_row;
typedef struct calc_value {
    double value;
} calc_value;
typedef struct calc_header {
    vgi_str title;
    int64_t total;
} calc_header;

VGI_STRUCT(calc_pair, VGI_FIELD(calc_pair, a), VGI_FIELD(calc_pair, b));
VGI_STRUCT(calc_text, VGI_FIELD(calc_text, text));
VGI_STRUCT(calc_count, VGI_FIELD(calc_count, count));
VGI_STRUCT(calc_row, VGI_FIELD(calc_row, index));
VGI_STRUCT(calc_value, VGI_FIELD(calc_value, value));
VGI_STRUCT(calc_header, VGI_FIELD(calc_header, title), VGI_FIELD(calc_header, total));

/* "Calc" 2.0.0: unary add, echo, blob, silent, log_twice, fail; producer count,
 * bad_turns, titled (with a header); exchange scale, odd, rows; and what goes wrong in
 * them. */
extern const vgi_service calc_service;
/* "other.Calc": no version; add, which subtracts. */
extern const vgi_service calc_other;

/* What the handlers saw, for tests of one thread. */
typedef struct calc_seen {
    int destroyed, cancelled, opened;
    char tick[32]; /* the value of the last tick's key "tick" */
} calc_seen;
extern calc_seen calc_saw;

#endif
