/* SPDX-License-Identifier: Apache-2.0 */
/* Stream state: what the reference encoded, and our own both ways. */
#include <stdio.h>
#include <string.h>

#include "shapes.h"
#include "support/traced.h"
#include "types/record.h"

typedef struct counter {
    int64_t count, current;
    vgi_str label;
    status status;
    VGI_SLICE(point) points;
    vgi_str note;
} counter;
VGI_STRUCT(counter, VGI_FIELD(counter, count), VGI_FIELD(counter, current),
           VGI_FIELD(counter, label), VGI_NESTED(counter, status, status),
           VGI_LIST(counter, points, point), VGI_FIELD(counter, note, .nullable = true));

static vgi__record *record_of(const vgi_type *type)
{
    vgi__record *r;
    assert_int_equal(vgi__record_compile(&r, type, VGI__ROLE_ROW, NULL, NULL, NULL, NULL),
                     VGI_OK);
    return r;
}

static void assert_golden(const counter *c)
{
    assert_int_equal(c->count, 5);
    assert_int_equal(c->current, -2);
    assert_true(vgi_str_eq(c->label, "\xc3\xa9tat"));
    assert_int_equal(c->status, CLOSED);
    assert_int_equal(c->points.count, 1);
    assert_true(c->points.items[0].x == 1 && c->points.items[0].y == 2);
    assert_null(c->note.data);
}

static void test_reference_state(void **state)
{
    uint8_t bytes[4096];
    vgi__record *r = record_of(&vgi_type_counter);
    vgi_arena mem = { 0 };
    vgi_bytes encoded;
    counter c;
    (void)state;
    FILE *f = fopen(VGI_GOLDEN_DIR "/state.ipc", "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    assert_int_equal(vgi__state_decode(r, (vgi_bytes){ bytes, n }, &c, &mem, NULL),
                     VGI_OK);
    memset(bytes, 0xee, sizeof(bytes)); /* nothing of it is needed any more */
    assert_golden(&c);
    assert_int_equal(vgi__state_encode(r, &c, &mem, &encoded, NULL), VGI_OK);
    memset(&c, 0xee, sizeof(c));
    assert_int_equal(vgi__state_decode(r, encoded, &c, &mem, NULL), VGI_OK);
    assert_golden(&c);
    vgi_arena_free(&mem);
    vgi__record_free(r);
}

static void test_bad_state(void **state)
{
    vgi__record *r = record_of(&vgi_type_point);
    vgi_batch *two;
    vgi_arena mem = { 0 };
    static const point points[2] = { { 1, 2 }, { 3, 4 } };
    vgi_bytes bytes;
    vgi_error err;
    point p;
    (void)state;
    assert_int_equal(vgi__state_decode(r, (vgi_bytes){ (const uint8_t *)"seven b", 7 },
                                       &p, &mem, &err),
                     VGI_EPROTO);
    assert_int_equal(vgi_batch_from_rows(&two, &vgi_type_point, points, 2, NULL), VGI_OK);
    assert_int_equal(vgi_batch_encode(two, NULL, &mem, &bytes, NULL), VGI_OK);
    assert_int_equal(vgi__state_decode(r, bytes, &p, &mem, &err), VGI_EINVAL);
    assert_string_equal(err.message, "stream state of 2 rows, not 1");
    vgi_batch_unref(two);
    assert_int_equal(
        vgi_batch_from_rows(&two, &vgi_type_box, &(box){ .label = { NULL, 0 } }, 1, NULL),
        0);
    assert_int_equal(vgi_batch_encode(two, NULL, &mem, &bytes, NULL), VGI_OK);
    assert_int_equal(vgi__state_decode(r, bytes, &p, &mem, &err), VGI_ESCHEMA);
    assert_string_equal(err.message, "column 'x' is missing");
    vgi_batch_unref(two);
    vgi_arena_free(&mem);
    vgi__record_free(r);
}

/* State without members still has a turn to be carried over. */
static void test_empty_state(void **state)
{
    vgi__record *r = record_of(&vgi_type_vgi_void);
    vgi_arena mem = { 0 };
    vgi_bytes bytes;
    vgi_void nothing = { 0 };
    (void)state;
    assert_int_equal(vgi__state_encode(r, &nothing, &mem, &bytes, NULL), VGI_OK);
    assert_int_equal(vgi__state_decode(r, bytes, &nothing, &mem, NULL), VGI_OK);
    vgi_arena_free(&mem);
    vgi__record_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_state),
        cmocka_unit_test(test_bad_state),
        cmocka_unit_test(test_empty_state),
    };
    return vgi_test_run(tests);
}
