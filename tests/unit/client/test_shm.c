/* SPDX-License-Identifier: Apache-2.0 */
/* Shared memory from a client's side: a real server behind a socket pair, and scripted
 * ones that have none, are old, or lie. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vgirpc/vgirpc.h>

#include "client/shm.h"
#include "peer.h"

#define SEGMENT_BYTES (4 << 20)

/* ---- what is served ---- */

typedef struct factor {
    double factor;
} factor;
VGI_STRUCT(factor, VGI_FIELD(factor, factor));
typedef struct value {
    double value;
} value;
VGI_STRUCT(value, VGI_FIELD(value, value));
typedef struct blob {
    vgi_bytes data;
} blob;
VGI_STRUCT(blob, VGI_FIELD(blob, data));

static int inputs_shared; /* inputs that came by way of the segment */

static int scale_open(vgi_call *call, const factor *in, factor *st)
{
    (void)call;
    *st = *in;
    return VGI_OK;
}

static int scale_exchange(vgi_call *call, factor *st, const vgi_batch *in,
                          vgi_output *out)
{
    const vgi_metadata m = vgi_batch_metadata(in);
    vgi_f64s x;
    double *y;
    int rc;

    inputs_shared += vgi_metadata_get(&m, VGI_KEY_SHM_SOURCE, NULL);
    if (st->factor == 0)
        return vgi_fail(call, "ValueError", "times nothing");
    if ((rc = vgi_batch_f64(in, "value", &x)) != VGI_OK ||
        (rc = vgi_output_f64(out, "value", x.count, &y)) != VGI_OK)
        return rc;
    for (size_t i = 0; i < x.count; i++)
        y[i] = x.items[i] * st->factor;
    return VGI_OK;
}
VGI_EXCHANGE(scale, factor, factor, value, value);

/* Batches of 5000 values, without end. */
static int fill_open(vgi_call *call, const vgi_void *in, factor *st)
{
    (void)call, (void)in, (void)st;
    return VGI_OK;
}

static int fill_next(vgi_call *call, factor *st, vgi_output *out)
{
    double *y;
    int rc = vgi_output_f64(out, "value", 5000, &y);

    (void)call;
    for (size_t i = 0; rc == VGI_OK && i < 5000; i++)
        y[i] = st->factor;
    st->factor++;
    return rc;
}
VGI_PRODUCER(fill, vgi_void, factor, value);

static int echo(vgi_call *call, const blob *in, vgi_bytes *out)
{
    (void)call;
    *out = in->data;
    return VGI_OK;
}
VGI_UNARY(echo, blob, vgi_bytes);

static const vgi_method *const methods[] = { VGI_METHOD(scale), VGI_METHOD(fill),
                                             VGI_METHOD(echo), NULL };
static const vgi_service service = { VGI_SERVICE_INIT, .name = "Shared",
                                     .methods = methods };

typedef struct fixture {
    vgi_server *server;
    pthread_t thread;
    int fd;
    vgi_client *client;
    char name[64]; /* of the segment */
    vgi_error err;
} fixture;

static void *serve(void *arg)
{
    fixture *f = arg;

    (void)vgi_server_serve_fds(f->server, f->fd, f->fd, VGI_TRANSPORT_UNIX, NULL);
    shutdown(f->fd, SHUT_WR);
    return NULL;
}

static void begin(fixture *f, int64_t shm_bytes)
{
    const vgi_client_options options = { .size = sizeof(options),
                                         .shm_bytes = shm_bytes };
    int fds[2];

    memset(f, 0, sizeof(*f));
    inputs_shared = 0;
    setenv("VGI_RPC_SHM_MIN_BATCH_BYTES", "1000", 1);
    assert_int_equal(vgi_server_new(&f->server, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_server_add(f->server, &service, NULL), VGI_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    f->fd = fds[0];
    assert_int_equal(vgi_client_open_fds(&f->client, fds[1], fds[1], &options, NULL),
                     VGI_OK);
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
    const vgi_str name = vgi__shm_name(vgi__shm_port_segment(f->client->shm->port));
    (void)snprintf(f->name, sizeof(f->name), "%.*s", VGI_STR_ARG(name));
}

static void finish(fixture *f)
{
    vgi_shm_info info;
    vgi_arena mem = { 0 };

    vgi_client_close(f->client);
    pthread_join(f->thread, NULL);
    vgi_server_free(f->server);
    close(f->fd);
    assert_int_equal(vgi_shm_inspect(f->name, &info, &mem, NULL), VGI_ENOTFOUND);
    vgi_arena_free(&mem);
}

static size_t regions(const fixture *f)
{
    vgi_arena mem = { 0 };
    vgi_shm_info info;
    const int rc = vgi_shm_inspect(f->name, &info, &mem, NULL);

    vgi_arena_free(&mem);
    return rc == VGI_OK ? info.n_regions : SIZE_MAX;
}

/* ---- exchanges ---- */

static void open_scale(fixture *f, double by, vgi_stream **s)
{
    const vgi_stream_options exchange = { .size = sizeof(exchange), .exchange = true };
    const factor in = { by };

    assert_int_equal(
        vgi_client_stream(s, f->client, "scale", VGI_FROM(factor, &in), &exchange, NULL),
        VGI_OK);
}

static vgi_batch *values(int64_t rows)
{
    value *items = calloc((size_t)rows, sizeof(*items));
    vgi_batch *b = NULL;

    for (int64_t i = 0; i < rows; i++)
        items[i].value = (double)i;
    const int rc = vgi_batch_from_rows(&b, VGI_FROM(value, items), (size_t)rows, NULL);
    free(items);
    assert_int_equal(rc, VGI_OK);
    return b;
}

static bool came_shared(const vgi_batch *b)
{
    const vgi_metadata m = vgi_batch_metadata(b);

    assert_false(vgi_metadata_get(&m, VGI_KEY_SHM_OFFSET, NULL));
    assert_false(vgi_metadata_get(&m, VGI_KEY_SHM_LENGTH, NULL));
    return vgi_metadata_get(&m, VGI_KEY_SHM_SOURCE, NULL);
}

/* Send 0, 1, ...; did the answer come by way of the segment? */
static bool exchange(fixture *f, vgi_stream *s, int64_t rows, double by)
{
    vgi_batch *in = values(rows);
    const vgi_batch *out = NULL;
    vgi_f64s x;
    const int rc = vgi_stream_exchange(s, in, &out, &f->err);

    vgi_batch_unref(in);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(vgi_batch_f64(out, "value", &x), VGI_OK);
    assert_int_equal(x.count, rows);
    for (size_t i = 0; i < x.count; i++)
        assert_true(x.items[i] == (double)i * by);
    return came_shared(out);
}

static void both_directions(void **state)
{
    vgi_stream *s;
    fixture f;

    (void)state;
    begin(&f, SEGMENT_BYTES);
    open_scale(&f, 3, &s);
    for (int i = 0; i < 5; i++) {
        assert_true(exchange(&f, s, 5000, 3));
        assert_int_equal(inputs_shared, i); /* the first input goes inline */
        assert_int_equal(regions(&f), 1);   /* the answer */
    }
    assert_false(exchange(&f, s, 10, 3)); /* too small, either way */
    assert_int_equal(inputs_shared, 4);
    assert_int_equal(regions(&f), 0);
    assert_true(exchange(&f, s, 5000, 3));
    vgi_stream_close(s);
    assert_int_equal(regions(&f), 0);
    finish(&f);
}

static void full_segment(void **state)
{
    vgi_stream *s;
    uint64_t at;
    fixture f;

    (void)state;
    begin(&f, 65536 + 12288);
    open_scale(&f, 2, &s);
    assert_false(exchange(&f, s, 5000, 2));
    assert_true(exchange(&f, s, 500, 2));
    assert_false(exchange(&f, s, 5000, 2));
    assert_int_equal(regions(&f), 0);
    /* Nothing at all fits any more. */
    vgi__shm *segment = vgi__shm_port_segment(f.client->shm->port);
    assert_int_equal(vgi__shm_allocate(segment, 12288, 0, &at, NULL), VGI_OK);
    inputs_shared = 0;
    assert_false(exchange(&f, s, 500, 2));
    assert_int_equal(inputs_shared, 0);
    assert_int_equal(vgi__shm_free(segment, at, NULL), VGI_OK);
    vgi_stream_close(s);
    finish(&f);
}

static void failed_turn(void **state)
{
    vgi_batch *in = NULL;
    vgi_stream *s;
    fixture f;

    (void)state;
    begin(&f, SEGMENT_BYTES);
    for (int i = 0; i < 3; i++) {
        open_scale(&f, 0, &s);
        in = values(5000);
        assert_int_equal(vgi_stream_exchange(s, in, NULL, &f.err), VGI_EREMOTE);
        assert_string_equal(f.err.message, "times nothing");
        vgi_batch_unref(in);
        vgi_stream_close(s);
        assert_int_equal(regions(&f), 0);
        open_scale(&f, 2, &s);
        assert_true(exchange(&f, s, 5000, 2));
        assert_true(exchange(&f, s, 5000, 2));
        vgi_stream_close(s);
        assert_int_equal(regions(&f), 0);
    }
    finish(&f);
}

/* A batch that is kept stays where it is. */
static void kept_answer(void **state)
{
    vgi_batch *in = NULL, *kept = NULL, *late = NULL;
    const vgi_batch *out = NULL;
    vgi_stream *s;
    vgi_f64s x;
    fixture f;

    (void)state;
    begin(&f, SEGMENT_BYTES);
    open_scale(&f, 2, &s);
    in = values(5000);
    assert_int_equal(vgi_stream_exchange(s, in, &out, NULL), VGI_OK);
    assert_int_equal(vgi_batch_retain(out, &kept, NULL), VGI_OK);
    vgi_batch_unref(in);
    for (int i = 0; i < 3; i++)
        assert_true(exchange(&f, s, 5000, 2));
    assert_int_equal(regions(&f), 2);
    assert_int_equal(vgi_batch_f64(kept, "value", &x), VGI_OK);
    assert_true(x.items[4999] == 2 * 4999);
    vgi_batch_unref(kept);
    assert_true(exchange(&f, s, 5000, 2));
    assert_int_equal(regions(&f), 1);
    /* Even longer than the client. */
    in = values(5000);
    assert_int_equal(vgi_stream_exchange(s, in, &out, NULL), VGI_OK);
    assert_int_equal(vgi_batch_retain(out, &late, NULL), VGI_OK);
    vgi_batch_unref(in);
    vgi_stream_close(s);
    finish(&f);
    assert_int_equal(vgi_batch_f64(late, "value", &x), VGI_OK);
    assert_true(x.items[4999] == 2 * 4999);
    vgi_batch_unref(late);
}

/* ---- answers ---- */

static void producer(void **state)
{
    const vgi_batch *out = NULL;
    vgi_stream *s;
    vgi_f64s x;
    value row;
    fixture f;

    (void)state;
    begin(&f, SEGMENT_BYTES);
    assert_int_equal(
        vgi_client_stream(&s, f.client, "fill", &vgi_type_vgi_void, NULL, NULL, NULL),
        VGI_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(vgi_stream_next(s, &out, NULL), VGI_OK);
        assert_true(came_shared(out));
        assert_int_equal(vgi_batch_f64(out, "value", &x), VGI_OK);
        assert_true(x.count == 5000 && x.items[4999] == i);
        assert_int_equal(regions(&f), 1);
    }
    assert_int_equal(vgi_stream_cancel(s, NULL), VGI_OK);
    vgi_stream_close(s);
    assert_int_equal(regions(&f), 0);
    assert_int_equal(
        vgi_client_stream(&s, f.client, "fill", &vgi_type_vgi_void, NULL, NULL, NULL),
        VGI_OK);
    for (int i = 0; i < 5001; i++)
        assert_int_equal(vgi_stream_row(s, VGI_INTO(value, &row), NULL), VGI_OK);
    assert_true(row.value == 1);
    vgi_stream_close(s);
    assert_int_equal(regions(&f), 0);
    finish(&f);
}

static void unary_results(void **state)
{
    static uint8_t bytes[100000];
    const blob in = { { bytes, sizeof(bytes) } };
    vgi_batch *params = NULL, *result = NULL;
    vgi_arena mem = { 0 };
    vgi_bytes out;
    fixture f;

    (void)state;
    memset(bytes, 'v', sizeof(bytes));
    begin(&f, SEGMENT_BYTES);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(vgi_client_call(f.client, "echo", VGI_FROM(blob, &in),
                                         VGI_INTO(vgi_bytes, &out), &mem, NULL),
                         VGI_OK);
        assert_int_equal(out.len, sizeof(bytes));
        assert_memory_equal(out.data, bytes, sizeof(bytes));
        assert_int_equal(regions(&f), 0);
        vgi_arena_reset(&mem);
    }
    assert_int_equal(vgi_batch_from_rows(&params, VGI_FROM(blob, &in), 1, NULL), VGI_OK);
    assert_int_equal(vgi_client_call_batch(f.client, "echo", params, &result, NULL),
                     VGI_OK);
    assert_true(came_shared(result));
    assert_int_equal(regions(&f), 1);
    assert_int_equal(vgi_batch_bytes(result, "result", 0, &out), VGI_OK);
    assert_memory_equal(out.data, bytes, sizeof(bytes));
    vgi_batch_unref(result);
    assert_int_equal(vgi_client_call_batch(f.client, "echo", params, NULL, NULL), VGI_OK);
    assert_int_equal(regions(&f), 0);
    vgi_batch_unref(params);
    vgi_arena_free(&mem);
    finish(&f);
}

/* ---- what goes wrong ---- */

static struct sigaction guard;

static void truncated(void **state)
{
    const vgi_batch *out = NULL;
    vgi_batch *in = values(5000);
    char path[80];
    vgi_stream *s;
    fixture f;

    (void)state;
    sigaction(SIGBUS, &guard, NULL); /* cmocka takes it for each test */
    begin(&f, SEGMENT_BYTES);
    open_scale(&f, 2, &s);
    assert_true(exchange(&f, s, 5000, 2));
    (void)snprintf(path, sizeof(path), "/%s", f.name);
    const int fd = shm_open(path, O_RDWR, 0);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 0), 0);
    close(fd);
    assert_int_equal(vgi_stream_exchange(s, in, &out, &f.err), VGI_EPROTO);
    assert_non_null(strstr(f.err.message, "was truncated"));
    vgi_batch_unref(in);
    vgi_stream_close(s);
    finish(&f);
}

static void bad_sizes(void **state)
{
    static const int64_t sizes[] = { -1, 1, 65536 };
    vgi_client *client = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        const vgi_client_options options = { .size = sizeof(options),
                                             .shm_bytes = sizes[i] };
        assert_int_equal(vgi_client_open(&client, "unix:/nowhere", &options, NULL),
                         VGI_EINVAL);
    }
}

/* ---- scripted servers ---- */

static void connect_sharing(peer *p)
{
    p->protocol = "Numbers";
    setenv("VGI_RPC_SHM_MIN_BATCH_BYTES", "1000", 1);
    peer_connect(p);
    assert_int_equal(
        vgi__client_shm_new(&p->client->shm, SEGMENT_BYTES, NULL, NULL, NULL), VGI_OK);
    p->client->channel->shm = p->client->shm;
}

static void answer_question(peer *p, const char *shm)
{
    const vgi_pair pair = peer_pair(VGI_KEY_TRANSPORT_SHM, shm);

    peer_begin(p, vgi__schema_empty());
    peer_pairs(p, &pair, 1);
    peer_end(p);
}

static int call_void(peer *p, vgi_error *err)
{
    return vgi_client_call(p->client, "noop", &vgi_type_vgi_void, NULL,
                           &vgi_type_vgi_void, NULL, NULL, err);
}

static void expect_call(peer *p, const char *method, bool named)
{
    assert_int_equal(peer_sent_stream(p), 0);
    assert_true(peer_sent_batch(p));
    assert_string_equal(peer_sent_key(p, VGI_KEY_METHOD), method);
    assert_int_equal(peer_sent_key(p, VGI_KEY_SHM_SEGMENT_NAME)[0], named ? 'v' : '-');
    assert_false(peer_sent_batch(p));
}

static void asked_once(void **state)
{
    peer p;

    (void)state;
    peer_init(&p);
    answer_question(&p, "true");
    peer_void(&p);
    peer_void(&p);
    connect_sharing(&p);
    assert_int_equal(call_void(&p, NULL), VGI_OK);
    assert_int_equal(call_void(&p, NULL), VGI_OK);
    assert_int_equal(peer_sent_stream(&p), 0);
    assert_true(peer_sent_batch(&p));
    assert_string_equal(peer_sent_key(&p, VGI_KEY_METHOD), VGI_METHOD_TRANSPORT_OPTIONS);
    assert_string_equal(peer_sent_key(&p, VGI_KEY_TRANSPORT_SHM), "true");
    assert_string_equal(peer_sent_key(&p, VGI_KEY_PROTOCOL), "-");
    assert_false(peer_sent_batch(&p));
    expect_call(&p, "noop", true);
    assert_string_equal(peer_sent_key(&p, VGI_KEY_METHOD), "-"); /* that was its end */
    expect_call(&p, "noop", true);
    peer_sent_end(&p);
    peer_free(&p);
}

/* `code` NULL: by a server of release 0.15, which knows segments but not the question. */
static void refuse_question(peer *p, const char *message, const char *type,
                            const char *code)
{
    char extra[80];

    (void)snprintf(extra, sizeof(extra), "{\"exception_type\": \"%s\"}", type);
    const vgi_pair pairs[] = { peer_pair(VGI_KEY_LOG_LEVEL, "EXCEPTION"),
                               peer_pair(VGI_KEY_LOG_MESSAGE, message),
                               peer_pair(VGI_KEY_LOG_EXTRA, extra),
                               peer_pair(VGI_KEY_ERROR_CODE, code ? code : "") };
    peer_begin(p, vgi__schema_empty());
    peer_pairs(p, pairs, code ? 4 : 3);
    peer_end(p);
}

static void refused(const char *message, const char *type, const char *code, bool named)
{
    peer p;

    peer_init(&p);
    refuse_question(&p, message, type, code);
    peer_void(&p);
    connect_sharing(&p);
    assert_int_equal(call_void(&p, NULL), VGI_OK);
    assert_null(vgi_client_failure(p.client));
    expect_call(&p, VGI_METHOD_TRANSPORT_OPTIONS, false);
    expect_call(&p, "noop", named);
    peer_free(&p);
}

static void refusals(void **state)
{
    (void)state;
    refused("Unknown method", "AttributeError", NULL, true);
    refused("Unknown method", "AttributeError", "UNIMPLEMENTED", false);
    refused("no", "ValueError", NULL, false);
}

static void told_no(void **state)
{
    peer p;

    (void)state;
    peer_init(&p);
    answer_question(&p, "false");
    peer_void(&p);
    connect_sharing(&p);
    assert_int_equal(call_void(&p, NULL), VGI_OK);
    expect_call(&p, VGI_METHOD_TRANSPORT_OPTIONS, false);
    expect_call(&p, "noop", false);
    peer_free(&p);
}

/* They leave the last input of a stream to the client. */
static void last_input_of_old_servers(void **state)
{
    const vgi_stream_options exchange = { .size = sizeof(exchange), .exchange = true };
    vgi_schema *schema = peer_schema("value", "g");
    vgi_arena mem = { 0 };
    vgi_stream *s = NULL;
    vgi_shm_info info;
    char name[64];
    peer p;

    (void)state;
    peer_init(&p);
    refuse_question(&p, "Unknown method", "AttributeError", NULL);
    peer_begin(&p, schema);
    peer_json(&p, schema, "{\"value\": 1}");
    peer_json(&p, schema, "{\"value\": 2}");
    peer_end(&p);
    connect_sharing(&p);
    (void)snprintf(
        name, sizeof(name), "%.*s",
        VGI_STR_ARG(vgi__shm_name(vgi__shm_port_segment(p.client->shm->port))));
    assert_int_equal(
        vgi_client_stream_batch(&s, p.client, "scale", NULL, &exchange, NULL), VGI_OK);
    vgi_batch *in = values(5000);
    assert_int_equal(vgi_stream_exchange(s, in, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_stream_exchange(s, in, NULL, NULL), VGI_OK);
    vgi_batch_unref(in);
    assert_int_equal(vgi_shm_inspect(name, &info, &mem, NULL), VGI_OK);
    assert_int_equal(info.n_regions, 1);
    assert_true(info.bytes == SEGMENT_BYTES && info.used_bytes > 40000);
    vgi_stream_close(s);
    assert_int_equal(vgi_shm_inspect(name, &info, &mem, NULL), VGI_OK);
    assert_int_equal(info.n_regions, 0);
    vgi_arena_free(&mem);
    vgi_schema_unref(schema);
    peer_free(&p);
}

/* Pointers to nowhere; the connection goes on. */
static void hostile_pointers(void **state)
{
    static const char *const offsets[] = { "0", "70000", "4194304", "x",
                                           "18446744073709551615" };

    (void)state;
    for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
        const vgi_pair pairs[] = { peer_pair(VGI_KEY_SHM_OFFSET, offsets[i]),
                                   peer_pair(VGI_KEY_SHM_LENGTH, "4190000") };
        vgi_schema *schema = peer_schema("result", "l");
        vgi_batch *result = NULL;
        vgi_error err = { 0 };
        peer p;

        peer_init(&p);
        answer_question(&p, "true");
        peer_begin(&p, schema);
        peer_pairs(&p, pairs, 2);
        peer_end(&p);
        peer_void(&p);
        connect_sharing(&p);
        assert_int_equal(vgi_client_call_batch(p.client, "get", NULL, &result, &err),
                         VGI_EPROTO);
        assert_int_equal(call_void(&p, NULL), VGI_OK);
        vgi_schema_unref(schema);
        peer_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions),  cmocka_unit_test(full_segment),
        cmocka_unit_test(failed_turn),      cmocka_unit_test(kept_answer),
        cmocka_unit_test(producer),         cmocka_unit_test(unary_results),
        cmocka_unit_test(truncated),        cmocka_unit_test(bad_sizes),
        cmocka_unit_test(asked_once),       cmocka_unit_test(refusals),
        cmocka_unit_test(told_no),          cmocka_unit_test(last_input_of_old_servers),
        cmocka_unit_test(hostile_pointers),
    };
    vgi__shm *s;

    if (vgi__shm_create(&s, 1 << 20, NULL, NULL) != VGI_OK)
        return 1;
    sigaction(SIGBUS, NULL, &guard);
    vgi__shm_unref(s);
    return vgi_test_run(tests);
}
