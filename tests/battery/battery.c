/* SPDX-License-Identifier: Apache-2.0 */
/* One list of behaviours, run over the transport that the argument names. */
#include <stdlib.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "rig.h"

typedef struct number {
    int64_t value;
} number;
VGI_STRUCT(number, VGI_FIELD(number, value));

typedef struct blob {
    vgi_bytes data;
} blob;
VGI_STRUCT(blob, VGI_FIELD(blob, data));

static const transport *chosen;

static int request(rig *r, const char *method, int64_t value)
{
    const number in = { value };

    return peer_request(&r->p, method, VGI_FROM(number, &in));
}

static int call(rig *r, const char *method, int64_t value, int64_t *out)
{
    const int rc = request(r, method, value);

    return rc == VGI_OK ? peer_answer_i64(&r->p, out) : rc;
}

/* The connection is in step: a plain call is answered. */
static void assert_usable(rig *r)
{
    int64_t out = 0;

    assert_int_equal(call(r, "twice", 21, &out), VGI_OK);
    assert_int_equal(out, 42);
}

static int64_t value_of(const peer *p)
{
    vgi_i64s items;

    assert_int_equal(vgi_batch_i64(&p->batch, "value", &items), VGI_OK);
    assert_int_equal(items.count, 1);
    return items.items[0];
}

/* ---- unary ---- */

static void calls_are_answered(void **state)
{
    (void)state;
    rig r;
    int64_t out = 0;

    rig_open(&r, chosen);
    for (int64_t i = -50; i < 50; i++) {
        assert_int_equal(call(&r, "twice", i, &out), VGI_OK);
        assert_int_equal(out, 2 * i);
    }
    assert_int_equal(rig_close(&r), VGI_OK);
}

static void nothing_is_an_answer(void **state)
{
    (void)state;
    const vgi_void none = { 0 };
    rig r;

    rig_open(&r, chosen);
    assert_int_equal(peer_request(&r.p, "nothing", VGI_FROM(vgi_void, &none)), VGI_OK);
    assert_int_equal(peer_begin(&r.p), VGI_OK);
    assert_int_equal(peer_next(&r.p), VGI_OK);
    assert_int_equal(vgi_schema_columns(vgi_batch_schema(&r.p.batch)), 0);
    assert_int_equal(peer_next(&r.p), VGI_END);
    assert_usable(&r);
    assert_int_equal(rig_close(&r), VGI_OK);
}

static void failures_come_back(void **state)
{
    (void)state;
    rig r;
    int64_t out;

    rig_open(&r, chosen);
    assert_int_equal(call(&r, "refuse", 7, &out), VGI_EREMOTE);
    assert_non_null(strstr(r.p.message, "7 is refused"));
    assert_usable(&r);
    assert_int_equal(rig_close(&r), VGI_OK);
}

static void wrong_requests_are_refused(void **state)
{
    (void)state;
    const blob empty = { { (const uint8_t *)"", 0 } };
    rig r;
    int64_t out;

    rig_open(&r, chosen);
    assert_int_equal(call(&r, "no_such_method", 1, &out), VGI_EREMOTE);
    assert_non_null(strstr(r.p.message, "no_such_method"));
    assert_usable(&r);
    assert_int_equal(peer_request(&r.p, "twice", VGI_FROM(blob, &empty)), VGI_OK);
    assert_int_equal(peer_answer_i64(&r.p, &out), VGI_EREMOTE);
    assert_non_null(strstr(r.p.message, "data"));
    assert_usable(&r);
    assert_int_equal(peer_send_row(&r.p, NULL, VGI_FROM(blob, &empty)), VGI_OK);
    assert_int_equal(peer_answer_i64(&r.p, &out), VGI_EREMOTE); /* names no method */
    assert_usable(&r);
    assert_int_equal(rig_close(&r), VGI_OK);
}

static void logs_come_before_the_result(void **state)
{
    (void)state;
    rig r;
    int64_t out = 0;

    rig_open(&r, chosen);
    assert_int_equal(call(&r, "chatter", 100, &out), VGI_OK);
    assert_int_equal(out, 100);
    assert_int_equal(r.p.logs, 100);
    assert_int_equal(rig_close(&r), VGI_OK);
}

static void the_kind_is_told(void **state)
{
    (void)state;
    const vgi_void none = { 0 };
    vgi_str kind;
    rig r;

    rig_open(&r, chosen);
    assert_int_equal(peer_request(&r.p, "kind", VGI_FROM(vgi_void, &none)), VGI_OK);
    assert_int_equal(peer_begin(&r.p), VGI_OK);
    assert_int_equal(peer_next(&r.p), VGI_OK);
    assert_int_equal(vgi_batch_str(&r.p.batch, "result", 0, &kind), VGI_OK);
    assert_true(vgi_str_eq(kind, chosen->kind));
    assert_int_equal(peer_next(&r.p), VGI_END);
    assert_int_equal(rig_close(&r), VGI_OK);
}

static void large_values_pass(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 65535, 65536, 1 << 20, (5 << 20) + 3 };
    const size_t largest = sizes[5];
    uint8_t *data = vgi__alloc(NULL, largest);
    vgi_bytes back;
    rig r;

    assert_non_null(data);
    for (size_t i = 0; i < largest; i++)
        data[i] = (uint8_t)(i * 31 + (i >> 12));
    rig_open(&r, chosen);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const blob in = { { data, sizes[i] } };

        assert_int_equal(peer_request(&r.p, "echo", VGI_FROM(blob, &in)), VGI_OK);
        assert_int_equal(peer_begin(&r.p), VGI_OK);
        assert_int_equal(peer_next(&r.p), VGI_OK);
        assert_int_equal(vgi_batch_bytes(&r.p.batch, "result", 0, &back), VGI_OK);
        assert_int_equal(back.len, sizes[i]);
        assert_memory_equal(back.data, data, back.len);
        assert_int_equal(peer_next(&r.p), VGI_END);
    }
    vgi__free(NULL, data);
    assert_int_equal(rig_close(&r), VGI_OK);
}

static void requests_can_be_sent_ahead(void **state)
{
    (void)state;
    rig r;
    int64_t out = 0;

    rig_open(&r, chosen);
    for (int64_t i = 0; i < 20; i++)
        assert_int_equal(request(&r, "twice", i), VGI_OK);
    for (int64_t i = 0; i < 20; i++) {
        assert_int_equal(peer_answer_i64(&r.p, &out), VGI_OK);
        assert_int_equal(out, 2 * i);
    }
    assert_int_equal(rig_close(&r), VGI_OK);
}

/* The bytes of a request, in the peer's arena. */
static vgi_bytes request_bytes(rig *r, int64_t value)
{
    const vgi_pair pairs[] = {
        { VGI_LIT(VGI_KEY_METHOD), VGI_LIT("twice") },
        { VGI_LIT(VGI_KEY_REQUEST_VERSION), VGI_LIT(VGI_REQUEST_VERSION) },
    };
    const vgi_metadata metadata = { pairs, 2 };
    const number in = { value };
    vgi_bytes bytes = { 0 };
    vgi_batch *batch;

    assert_int_equal(vgi_batch_from_rows(&batch, VGI_FROM(number, &in), 1, NULL), VGI_OK);
    const int rc = vgi_batch_encode(batch, &metadata, &r->p.mem, &bytes, NULL);
    vgi_batch_unref(batch);
    assert_int_equal(rc, VGI_OK);
    return bytes;
}

static void bytes_may_come_one_by_one(void **state)
{
    (void)state;
    rig r;
    int64_t out = 0;

    rig_open(&r, chosen);
    const vgi_bytes bytes = request_bytes(&r, 4);
    for (size_t i = 0; i < bytes.len; i++)
        assert_int_equal(peer_send(&r.p, bytes.data + i, 1), VGI_OK);
    assert_int_equal(peer_answer_i64(&r.p, &out), VGI_OK);
    assert_int_equal(out, 8);
    assert_int_equal(rig_close(&r), VGI_OK);
}

/* ---- streams ---- */

/* Open a stream up to its first batch. */
static void open_stream(rig *r, const char *method, int64_t value, const vgi_type *input)
{
    assert_int_equal(request(r, method, value), VGI_OK);
    assert_int_equal(peer_open_input(&r->p, input), VGI_OK);
}

static int tick(rig *r)
{
    const int rc = peer_input(&r->p, &vgi_type_vgi_void, NULL);

    return rc == VGI_OK ? peer_next(&r->p) : rc;
}

static void a_producer_runs_to_its_end(void **state)
{
    (void)state;
    rig r;

    rig_open(&r, chosen);
    for (int64_t from = 0; from < 4; from++) {
        open_stream(&r, "countdown", from, &vgi_type_vgi_void);
        assert_int_equal(peer_input(&r.p, &vgi_type_vgi_void, NULL), VGI_OK);
        assert_int_equal(peer_begin(&r.p), VGI_OK);
        for (int64_t n = from; n > 0; n--) {
            assert_int_equal(n == from ? peer_next(&r.p) : tick(&r), VGI_OK);
            assert_int_equal(value_of(&r.p), n);
        }
        assert_int_equal(from == 0 ? peer_next(&r.p) : tick(&r), VGI_END);
        assert_int_equal(peer_end_input(&r.p), VGI_OK);
        assert_usable(&r);
    }
    assert_int_equal(rig_close(&r), VGI_OK);
}

static void ticks_can_be_sent_ahead(void **state)
{
    (void)state;
    rig r;

    rig_open(&r, chosen);
    open_stream(&r, "countdown", 10, &vgi_type_vgi_void);
    for (int i = 0; i < 11; i++)
        assert_int_equal(peer_input(&r.p, &vgi_type_vgi_void, NULL), VGI_OK);
    assert_int_equal(peer_end_input(&r.p), VGI_OK);
    assert_int_equal(peer_begin(&r.p), VGI_OK);
    for (int64_t n = 10; n > 0; n--) {
        assert_int_equal(peer_next(&r.p), VGI_OK);
        assert_int_equal(value_of(&r.p), n);
    }
    assert_int_equal(peer_next(&r.p), VGI_END);
    assert_usable(&r);
    assert_int_equal(rig_close(&r), VGI_OK);
}

static void a_producer_may_fail_on_the_way(void **state)
{
    (void)state;
    rig r;

    rig_open(&r, chosen);
    open_stream(&r, "countdown", 14, &vgi_type_vgi_void);
    assert_int_equal(peer_input(&r.p, &vgi_type_vgi_void, NULL), VGI_OK);
    assert_int_equal(peer_begin(&r.p), VGI_OK);
    assert_int_equal(peer_next(&r.p), VGI_OK);
    assert_int_equal(tick(&r), VGI_EREMOTE);
    assert_non_null(strstr(r.p.message, "unlucky"));
    assert_int_equal(peer_end_input(&r.p), VGI_OK);
    assert_usable(&r);
    assert_int_equal(rig_close(&r), VGI_OK);
}

static int exchange(rig *r, int64_t value)
{
    const number in = { value };
    const int rc = peer_input(&r->p, VGI_FROM(number, &in));

    return rc == VGI_OK ? peer_next(&r->p) : rc;
}

/* Open sum and make the first exchange. */
static void open_sum(rig *r)
{
    const number first = { 1 };

    open_stream(r, "sum", 100, &vgi_type_number);
    assert_int_equal(peer_input(&r->p, VGI_FROM(number, &first)), VGI_OK);
    assert_int_equal(peer_begin(&r->p), VGI_OK);
    assert_int_equal(peer_next(&r->p), VGI_OK);
    assert_int_equal(value_of(&r->p), 101);
}

static void an_exchange_answers_each_batch(void **state)
{
    (void)state;
    rig r;

    rig_open(&r, chosen);
    open_sum(&r);
    for (int64_t i = 0; i < 50; i++) {
        assert_int_equal(exchange(&r, 2), VGI_OK);
        assert_int_equal(value_of(&r.p), 103 + 2 * i);
    }
    assert_int_equal(peer_end_input(&r.p), VGI_OK);
    assert_int_equal(peer_next(&r.p), VGI_END);
    assert_usable(&r);
    assert_int_equal(rig_close(&r), VGI_OK);
}

static void an_exchange_may_fail_on_the_way(void **state)
{
    (void)state;
    rig r;

    rig_open(&r, chosen);
    open_sum(&r);
    assert_int_equal(exchange(&r, 13), VGI_EREMOTE);
    assert_non_null(strstr(r.p.message, "unlucky"));
    assert_int_equal(peer_end_input(&r.p), VGI_OK);
    assert_usable(&r);
    assert_int_equal(rig_close(&r), VGI_OK);
}

static void a_stream_may_fail_to_open(void **state)
{
    (void)state;
    rig r;

    rig_open(&r, chosen);
    assert_int_equal(request(&r, "countdown", -1), VGI_OK); /* sends no input */
    assert_int_equal(peer_begin(&r.p), VGI_OK);
    assert_int_equal(peer_next(&r.p), VGI_EREMOTE);
    assert_non_null(strstr(r.p.message, "cannot count down from -1"));
    assert_usable(&r);
    open_stream(&r, "sum", -1, &vgi_type_number); /* sends its input all the same */
    assert_int_equal(peer_end_input(&r.p), VGI_OK);
    assert_int_equal(peer_begin(&r.p), VGI_OK);
    assert_int_equal(peer_next(&r.p), VGI_EREMOTE);
    assert_usable(&r);
    assert_int_equal(rig_close(&r), VGI_OK);
}

static void a_stream_can_be_cancelled(void **state)
{
    (void)state;
    const vgi_pair pair = { VGI_LIT(VGI_KEY_CANCEL), VGI_LIT("1") };
    const vgi_metadata metadata = { &pair, 1 };
    const number in = { 0 };
    const int before = battery_cancelled();
    vgi_bytes bytes = { 0 };
    vgi_batch *batch;
    rig r;

    rig_open(&r, chosen);
    open_sum(&r);
    assert_int_equal(vgi_batch_from_rows(&batch, VGI_FROM(number, &in), 1, NULL), VGI_OK);
    const int rc = vgi_batch_encode(batch, &metadata, &r.p.mem, &bytes, NULL);
    const size_t schema = vgi_schema_message(vgi_batch_schema(batch)).len;
    vgi_batch_unref(batch);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(peer_send(&r.p, bytes.data + schema, bytes.len - schema), VGI_OK);
    assert_int_equal(peer_next(&r.p), VGI_END);
    assert_usable(&r);
    assert_int_equal(battery_cancelled(), before + 1);
    assert_int_equal(rig_close(&r), VGI_OK);
}

/* ---- ends ---- */

/* Close the client's side; the server must live on, or have ended with `status`. */
static void assert_survived(rig *r, int status)
{
    if (r->transport->many) {
        rig_reconnect(r);
        assert_usable(r);
        assert_int_equal(rig_close(r), VGI_OK);
    } else {
        assert_int_equal(rig_close(r), status);
    }
}

static void garbage_ends_the_connection(void **state)
{
    (void)state;
    rig r;
    int rc;

    rig_open(&r, chosen);
    assert_usable(&r);
    assert_int_equal(peer_send(&r.p, "seven bytes, and more", 21), VGI_OK);
    rc = peer_begin(&r.p);
    assert_int_equal(rc == VGI_OK ? peer_next(&r.p) : rc, VGI_EREMOTE);
    assert_survived(&r, VGI_EPROTO);
}

static void a_client_may_vanish_within_a_request(void **state)
{
    (void)state;
    rig r;

    rig_open(&r, chosen);
    const vgi_bytes bytes = request_bytes(&r, 4);
    assert_int_equal(peer_send(&r.p, bytes.data, bytes.len / 2), VGI_OK);
    assert_survived(&r, VGI_ECLOSED);
}

static void a_client_may_vanish_within_a_stream(void **state)
{
    (void)state;
    rig r;

    rig_open(&r, chosen);
    open_sum(&r);
    if (r.transport->many) {
        assert_survived(&r, VGI_OK);
    } else {
        assert_true(rig_close(&r) <= VGI_OK);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_answered),
        cmocka_unit_test(nothing_is_an_answer),
        cmocka_unit_test(failures_come_back),
        cmocka_unit_test(wrong_requests_are_refused),
        cmocka_unit_test(logs_come_before_the_result),
        cmocka_unit_test(the_kind_is_told),
        cmocka_unit_test(large_values_pass),
        cmocka_unit_test(requests_can_be_sent_ahead),
        cmocka_unit_test(bytes_may_come_one_by_one),
        cmocka_unit_test(a_producer_runs_to_its_end),
        cmocka_unit_test(ticks_can_be_sent_ahead),
        cmocka_unit_test(a_producer_may_fail_on_the_way),
        cmocka_unit_test(an_exchange_answers_each_batch),
        cmocka_unit_test(an_exchange_may_fail_on_the_way),
        cmocka_unit_test(a_stream_may_fail_to_open),
        cmocka_unit_test(a_stream_can_be_cancelled),
        cmocka_unit_test(garbage_ends_the_connection),
        cmocka_unit_test(a_client_may_vanish_within_a_request),
        cmocka_unit_test(a_client_may_vanish_within_a_stream),
    };

    if (argc != 2 || !(chosen = rig_transport(argv[1]))) {
        fprintf(stderr, "usage: battery mem|pipe|unix|unix_threaded\n");
        return 2;
    }
    return vgi_test_run(tests);
}
