/* SPDX-License-Identifier: Apache-2.0 */
/* Server and client with a store between them, on a byte stream and over HTTP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <vgirpc/client.h>
#include <vgirpc/external.h>
#include <vgirpc/http.h>
#include <vgirpc/vgirpc.h>

#include "support/external/store.h"
#include "support/traced.h"

enum { BIG = 40000, THRESHOLD = 8192, REQUEST_CAP = 16384 };

/* ---- the service ---- */

typedef struct text_params {
    vgi_str text;
} text_params;
typedef struct count_params {
    int64_t count, rows;
} count_params;
typedef struct count_state {
    int64_t count, rows, next;
} count_state;
typedef struct number_row {
    int64_t n;
} number_row;
typedef struct title {
    vgi_str text;
} title;
VGI_STRUCT(text_params, VGI_FIELD(text_params, text));
VGI_STRUCT(count_params, VGI_FIELD(count_params, count), VGI_FIELD(count_params, rows));
VGI_STRUCT(count_state, VGI_FIELD(count_state, count), VGI_FIELD(count_state, rows),
           VGI_FIELD(count_state, next));
VGI_STRUCT(number_row, VGI_FIELD(number_row, n));
VGI_STRUCT(title, VGI_FIELD(title, text));

static int echo(vgi_call *call, const text_params *in, vgi_str *out)
{
    *out = in->text;
    return vgi_log(call, VGI_LOG_INFO, "echo of %zu", in->text.len);
}
VGI_UNARY(echo, text_params, vgi_str);

static int fill(vgi_output *out, int64_t first, int64_t rows)
{
    int64_t *n;
    int rc = vgi_output_i64(out, "n", (size_t)rows, &n);

    for (int64_t i = 0; rc == VGI_OK && i < rows; i++)
        n[i] = first + i;
    return rc;
}

static int count_open(vgi_call *call, const count_params *in, count_state *st)
{
    char *text = vgi_call_alloc(call, BIG);

    if (!text)
        return VGI_ENOMEM;
    memset(text, 't', BIG);
    const title header = { { text, BIG } };
    *st = (count_state){ .count = in->count, .rows = in->rows };
    return vgi_call_header(call, VGI_FROM(title, &header));
}

static int count_next(vgi_call *call, count_state *st, vgi_output *out)
{
    if (st->next == st->count)
        return vgi_output_finish(out);
    int rc = vgi_log(call, VGI_LOG_INFO, "turn %d", (int)st->next);
    if (rc == VGI_OK)
        rc = vgi_output_metadata(out, "turn", VGI_LIT("yes"));
    if (rc == VGI_OK)
        rc = fill(out, st->rows * st->next++, st->rows);
    if (rc == VGI_OK)
        rc = vgi_output_emit(out);
    return rc == VGI_OK ? vgi_log(call, VGI_LOG_INFO, "after it") : rc;
}
VGI_PRODUCER(count, count_params, count_state, number_row, .header = &vgi_type_title);

static int twice_open(vgi_call *call, const vgi_void *in, number_row *st)
{
    (void)call, (void)in;
    st->n = 0;
    return VGI_OK;
}

/* Twice the input, and the sum of the turns so far. Negative numbers are refused. */
static int twice_exchange(vgi_call *call, number_row *st, const vgi_batch *in,
                          vgi_output *out)
{
    vgi_i64s n;
    int64_t *to;
    int rc = vgi_batch_i64(in, "n", &n);

    if (rc == VGI_OK && n.count > 0 && n.items[0] < 0)
        return vgi_fail(call, "ValueError", "not below zero");
    if (rc == VGI_OK)
        rc = vgi_output_i64(out, "n", n.count, &to);
    for (size_t i = 0; rc == VGI_OK && i < n.count; i++)
        to[i] = 2 * n.items[i] + st->n;
    st->n++;
    return rc;
}
VGI_EXCHANGE(twice, vgi_void, number_row, number_row, number_row);

static const vgi_method *const methods[] = { VGI_METHOD(echo), VGI_METHOD(count),
                                             VGI_METHOD(twice), NULL };
static const vgi_service service = { VGI_SERVICE_INIT, .name = "Outside",
                                     .methods = methods };

/* ---- the store ---- */

static store objects;
static atomic_int n_objects;
static atomic_bool garble_next;

static int new_object(const void *bytes, size_t n, vgi_arena *mem, vgi_str *url,
                      store_object **o)
{
    char *text = vgi_arena_alloc(mem, 256);
    char path[32];

    if (!text)
        return VGI_ENOMEM;
    (void)snprintf(path, sizeof(path), "/%d", atomic_fetch_add(&n_objects, 1));
    *o = store_add(&objects, path, bytes, n);
    *url = vgi_str_from(store_url(&objects, path, text));
    return VGI_OK;
}

static int upload(void *user, const vgi_storage_object *given, vgi_arena *mem,
                  vgi_str *url, vgi_error *err)
{
    store_object *o;
    int rc = new_object(given->data.data, given->data.len, mem, url, &o);

    (void)user, (void)err;
    if (rc == VGI_OK)
        o->manner = (store_manner){ .encoding = given->content_encoding,
                                    .garbles = atomic_exchange(&garble_next, false) };
    return rc;
}

static int upload_url(void *user, vgi_arena *mem, vgi_upload_url *out, vgi_error *err)
{
    store_object *o;

    (void)user, (void)err;
    int rc = new_object(NULL, 0, mem, &out->put_url, &o);
    out->get_url = out->put_url;
    out->expires_at_us = (int64_t)time(NULL) * 1000000;
    return rc;
}

static const vgi_storage storage = { .size = sizeof(storage),
                                     .upload = upload,
                                     .upload_url = upload_url };

/* ---- both sides ---- */

typedef struct rig {
    vgi_external *server_side, *client_side;
    vgi_server *server;
    pthread_t thread;
    int fds[2];
    char path[64]; /* of HTTP's socket; "": a byte stream */
    vgi_client *client;
    vgi_arena mem;
    int logs;
    vgi_error err;
} rig;

static void on_log(void *user, const vgi_log_record *record)
{
    rig *r = user;

    assert_true(record->message.len > 0);
    r->logs++;
}

static void *serve_fd(void *user)
{
    rig *r = user;

    (void)vgi_server_serve_fds(r->server, r->fds[1], r->fds[1], VGI_TRANSPORT_UNIX, NULL);
    close(r->fds[1]);
    return NULL;
}

static void *serve_http(void *user)
{
    rig *r = user;
    const vgi_http_options o = { .size = sizeof(o),
                                 .unix_path = r->path,
                                 .threads = 2,
                                 .max_request_bytes = REQUEST_CAP,
                                 .signing_key = "0123456789abcdef",
                                 .signing_key_bytes = 16 };

    (void)vgi_server_serve_http(r->server, &o, NULL);
    return NULL;
}

static void connect_client(rig *r, bool with_external)
{
    const vgi_client_options o = { .size = sizeof(o),
                                   .on_log = on_log,
                                   .user = r,
                                   .external = with_external ? r->client_side : NULL };
    const vgi_http_client_options http = {
        .size = sizeof(http), .unix_path = r->path, .no_compression = true, .retries = 6
    };
    int rc =
        r->path[0]
            ? vgi_client_open_http(&r->client, "http://server", &http, &o, &r->err)
            : vgi_client_open_fds(&r->client, r->fds[0], dup(r->fds[0]), &o, &r->err);

    assert_int_equal(rc, VGI_OK);
}

static void begin(rig *r, bool http, bool with_external, const char *compression)
{
    const vgi_external_options o = { .size = sizeof(o),
                                     .storage = &storage,
                                     .threshold_bytes = THRESHOLD,
                                     .compression = compression,
                                     .allow_http = true,
                                     .allow_private = true };
    vgi_external_options fetch_only = o;

    memset(r, 0, sizeof(*r));
    store_start(&objects);
    atomic_store(&n_objects, 0);
    fetch_only.storage = NULL;
    assert_int_equal(vgi_external_new(&r->server_side, &o, &r->err), VGI_OK);
    assert_int_equal(vgi_external_new(&r->client_side, &fetch_only, &r->err), VGI_OK);
    const vgi_server_options so = { .size = sizeof(so), .external = r->server_side };
    assert_int_equal(vgi_server_new(&r->server, &so, &r->err), VGI_OK);
    assert_int_equal(vgi_server_add(r->server, &service, &r->err), VGI_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, r->fds), 0);
    if (http)
        (void)snprintf(r->path, sizeof(r->path), "/tmp/vgi-outside-%d.sock", getpid());
    assert_int_equal(pthread_create(&r->thread, NULL, http ? serve_http : serve_fd, r),
                     0);
    connect_client(r, with_external);
}

static void end(rig *r)
{
    vgi_client_close(r->client);
    vgi_server_stop(r->server);
    pthread_join(r->thread, NULL);
    if (r->path[0]) {
        close(r->fds[0]);
        close(r->fds[1]);
    }
    vgi_server_free(r->server);
    vgi_external_free(r->server_side);
    vgi_external_free(r->client_side);
    vgi_arena_free(&r->mem);
    store_stop(&objects);
}

static vgi_external_statistics stats(const vgi_external *x)
{
    vgi_external_statistics st = { .size = sizeof(st) };

    vgi_external_stats(x, &st);
    return st;
}

static int call_echo(rig *r, vgi_str text, vgi_str *out)
{
    const text_params in = { text };

    r->err = (vgi_error){ 0 };
    return vgi_client_call(r->client, "echo", &vgi_type_text_params, &in,
                           &vgi_type_vgi_str, out, &r->mem, &r->err);
}

static void expect_echo(rig *r, size_t n)
{
    char *text = vgi_arena_alloc(&r->mem, n);
    vgi_str out;

    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('a' + i % 26);
    if (call_echo(r, (vgi_str){ text, n }, &out) != VGI_OK)
        fail_msg("%s", r->err.message);
    assert_int_equal(out.len, n);
    assert_memory_equal(out.data, text, n);
}

/* ---- tests ---- */

static void test_unary(rig *r)
{
    expect_echo(r, 10);
    assert_int_equal(stats(r->server_side).uploads, 0);
    expect_echo(r, THRESHOLD);
    assert_int_equal(stats(r->server_side).uploads, 1);
    assert_int_equal(stats(r->client_side).fetches, 1);
    assert_int_equal(r->logs, 2);
}

static void test_producer(rig *r)
{
    const count_params in = { 3, 2000 };
    const vgi_stream_options o = { .size = sizeof(o), .has_header = true };
    const vgi_batch *b;
    vgi_stream *s;
    vgi_i64s n;
    vgi_str text;

    r->logs = 0;
    assert_int_equal(vgi_client_stream(&s, r->client, "count", &vgi_type_count_params,
                                       &in, &o, &r->err),
                     VGI_OK);
    assert_int_equal(vgi_batch_str(vgi_stream_header(s), "text", 0, &text), VGI_OK);
    assert_int_equal(text.len, BIG);
    for (int64_t turn = 0; turn < 3; turn++) {
        assert_int_equal(vgi_stream_next(s, &b, &r->err), VGI_OK);
        assert_int_equal(vgi_batch_i64(b, "n", &n), VGI_OK);
        assert_int_equal(n.count, 2000);
        assert_int_equal(n.items[1999], 2000 * turn + 1999);
        const vgi_metadata m = vgi_batch_metadata(b);
        assert_true(vgi_metadata_get(&m, "turn", NULL));
        assert_true(vgi_metadata_get(&m, "vgi_rpc.location.source", NULL));
        assert_int_equal(r->logs, 2 * (turn + 1));
    }
    assert_int_equal(vgi_stream_next(s, &b, &r->err), VGI_END);
    vgi_stream_close(s);
}

static void test_exchange(rig *r, size_t rows)
{
    const vgi_stream_options o = { .size = sizeof(o), .exchange = true };
    number_row *items = calloc(rows, sizeof(*items));
    const vgi_batch *b;
    vgi_batch *in = NULL;
    vgi_stream *s;
    vgi_i64s n;

    for (size_t i = 0; i < rows; i++)
        items[i].n = (int64_t)i;
    assert_int_equal(vgi_batch_from_rows(&in, &vgi_type_number_row, items, rows, &r->err),
                     VGI_OK);
    assert_int_equal(
        vgi_client_stream(&s, r->client, "twice", &vgi_type_vgi_void, NULL, &o, &r->err),
        VGI_OK);
    for (int64_t turn = 0; turn < 3; turn++) {
        if (vgi_stream_exchange(s, in, &b, &r->err) != VGI_OK)
            fail_msg("%s", r->err.message);
        assert_int_equal(vgi_batch_i64(b, "n", &n), VGI_OK);
        assert_int_equal(n.count, rows);
        assert_int_equal(n.items[rows - 1], 2 * (int64_t)(rows - 1) + turn);
    }
    vgi_batch_unref(in);
    items[0].n = -1;
    assert_int_equal(vgi_batch_from_rows(&in, &vgi_type_number_row, items, rows, &r->err),
                     VGI_OK);
    assert_int_equal(vgi_stream_exchange(s, in, &b, &r->err), VGI_EREMOTE);
    assert_string_equal(r->err.message, "not below zero");
    vgi_stream_close(s);
    vgi_batch_unref(in);
    free(items);
}

static void all(bool http, const char *compression)
{
    rig r;

    begin(&r, http, true, compression);
    test_unary(&r);
    test_producer(&r);
    test_exchange(&r, 10);
    test_exchange(&r, 1500);
    expect_echo(&r, 100);
    assert_int_equal(stats(r.client_side).fetch_failures, 0);
    end(&r);
}

static void test_byte_stream(void **state)
{
    (void)state;
    all(false, NULL);
    all(false, "zstd");
}

static void test_http(void **state)
{
    (void)state;
    all(true, NULL);
    all(true, "gzip");
}

/* Requests over the cap go by way of the store: the first after 413, the others at once.
 */
static void test_big_requests(void **state)
{
    rig r;

    (void)state;
    begin(&r, true, true, NULL);
    expect_echo(&r, BIG);
    assert_int_equal(stats(r.client_side).uploads, 1);
    assert_int_equal(stats(r.server_side).fetches, 1);
    expect_echo(&r, BIG);
    assert_int_equal(stats(r.client_side).uploads, 2);
    test_exchange(&r, BIG / 8);
    assert_int_equal(stats(r.client_side).uploads, 6);
    assert_int_equal(stats(r.server_side).fetches, 6);
    expect_echo(&r, 100);
    assert_int_equal(stats(r.client_side).uploads, 6);
    end(&r);
}

/* Without a vgi_external a pointer is a failure, of the call and not of the connection.
 */
static void test_nothing_to_follow_with(void **state)
{
    vgi_str out;
    rig r;

    (void)state;
    for (int http = 0; http < 2; http++) {
        char text[THRESHOLD];

        begin(&r, http, false, NULL);
        memset(text, 'x', sizeof(text));
        assert_int_equal(call_echo(&r, (vgi_str){ text, sizeof(text) }, &out),
                         VGI_ENOTSUP);
        expect_echo(&r, 100);
        end(&r);
    }
    begin(&r, true, false, NULL);
    char *text = calloc(1, BIG);
    memset(text, 'x', BIG);
    assert_int_equal(call_echo(&r, (vgi_str){ text, BIG }, &out), VGI_ELIMIT);
    free(text);
    end(&r);
}

/* An object that is not what was stored: the call fails, the next one works. */
static void test_tampered(void **state)
{
    vgi_str out;
    rig r;

    (void)state;
    for (int http = 0; http < 2; http++) {
        char text[THRESHOLD];

        begin(&r, http, true, NULL);
        memset(text, 'x', sizeof(text));
        expect_echo(&r, 100);
        atomic_store(&garble_next, true);
        assert_int_equal(call_echo(&r, (vgi_str){ text, sizeof(text) }, &out),
                         VGI_ESCHEMA);
        assert_non_null(strstr(r.err.message, "SHA-256 checksum mismatch"));
        expect_echo(&r, THRESHOLD);
        end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_stream),
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_big_requests),
        cmocka_unit_test(test_nothing_to_follow_with),
        cmocka_unit_test(test_tampered),
    };

    return vgi_test_run(tests);
}
