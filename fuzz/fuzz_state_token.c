/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream tokens. The first byte says how the rest is used:
 *
 *   0, 1   the text of a token, signed or sealed
 *   2      the bytes of a token, which get a good signature
 *   3      the parts of a signed token for the second byte's method: state, output and
 *          input schema, each with a length of two bytes before it; 0 takes what the
 *          method's own token has. The stream is gone on with
 */
#include <stdlib.h>
#include <string.h>

#include <vgirpc/vgirpc.h>

#include "arrow/writer.h"
#include "base/endian.h"
#include "base/text.h"
#include "crypto/openssl/mac.h"
#include "http/server/app.h"
#include "wire/keys.h"

#define ARROW_TYPE "application/vnd.apache.arrow.stream"

static const vgi__token_bearer bearer = { .now = 1700000000 };
static const uint8_t key[32] = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

/* ---- a service ---- */

typedef struct number {
    int64_t n;
} number;
VGI_STRUCT(number, VGI_FIELD(number, n));

typedef enum colour { RED, GREEN } colour;
static const char *const colours[] = { "RED", "GREEN", NULL };
VGI_ENUM(colour, colours);

typedef struct everything {
    int64_t left;
    vgi_str text;
    vgi_bytes raw;
    const double *maybe;
    colour colour;
    number inner;
    VGI_SLICE(number) list;
    vgi_batch *batch;
} everything;
VGI_STRUCT(everything, VGI_FIELD(everything, left), VGI_FIELD(everything, text),
           VGI_FIELD(everything, raw), VGI_FIELD(everything, maybe),
           VGI_NESTED(everything, colour, colour), VGI_NESTED(everything, inner, number),
           VGI_LIST(everything, list, number),
           VGI_FIELD(everything, batch, .nullable = true));

static int count_open(vgi_call *call, const number *in, everything *st)
{
    (void)call;
    st->left = in->n;
    st->text = VGI_LIT("text");
    st->raw = (vgi_bytes){ key, sizeof(key) };
    return VGI_OK;
}

static int count_next(vgi_call *call, everything *st, vgi_output *out)
{
    const number row = { st->left };
    int64_t sum = 0;

    for (size_t i = 0; i < st->list.count; i++)
        sum ^= st->list.items[i].n; /* all of it can be read */
    if (st->left-- <= 0)
        return vgi_output_finish(out);
    int rc = vgi_log(call, VGI_LOG_INFO, VGI_STR_FMT " %zu %s %d %lld",
                     VGI_STR_ARG(st->text), st->raw.len, colours[st->colour],
                     st->maybe && *st->maybe > 0, (long long)sum);
    return rc == VGI_OK ? vgi_output_row(out, VGI_FROM(number, &row)) : rc;
}
VGI_PRODUCER(count, number, everything, number);

static int sum_open(vgi_call *call, const number *in, number *st)
{
    (void)call;
    *st = *in;
    return VGI_OK;
}

static int sum_exchange(vgi_call *call, number *st, const vgi_batch *in, vgi_output *out)
{
    vgi_i64s n;
    int rc = vgi_batch_i64(in, "n", &n);

    (void)call;
    for (size_t i = 0; rc == VGI_OK && i < n.count; i++)
        st->n ^= n.items[i];
    return rc == VGI_OK ? vgi_output_row(out, VGI_FROM(number, st)) : rc;
}
VGI_EXCHANGE(sum, number, number, number, number);

static int echo_open(vgi_call *call, const number *in, vgi_void *st)
{
    (void)call, (void)in, (void)st;
    return VGI_OK;
}

static int echo_exchange(vgi_call *call, vgi_void *st, const vgi_batch *in,
                         vgi_output *out)
{
    (void)call, (void)st;
    return vgi_output_batch(out, in);
}
VGI_EXCHANGE(echo, number, vgi_void, number, number);

static const vgi_method *const methods[] = { VGI_METHOD(count), VGI_METHOD(sum),
                                             VGI_METHOD(echo), NULL };
static const vgi_service service = { VGI_SERVICE_INIT, .name = "Fuzz",
                                     .methods = methods };
static const char *const names[] = { "count", "sum", "echo" };
#define METHODS (sizeof(names) / sizeof(names[0]))

/* ---- the surface that serves it ---- */

typedef struct world {
    vgi__token_keys *keys[2];
    vgi__http_app engine;
    vgi__app *app;
    void *worker;
    vgi__http_response response;
    vgi__writer *writer; /* of the client */
    vgi__buffer body, text, plain;
    uint8_t own[METHODS][8192]; /* the methods' own tokens, taken apart */
    vgi__token tokens[METHODS];
} world;

static void need(bool ok)
{
    if (!ok)
        abort();
}

/* A request of one number with this pair. */
static int ask(world *w, const char *method, const char *route, const vgi_metadata *m)
{
    const vgi__http_header type = { VGI_LIT("Content-Type"), VGI_LIT(ARROW_TYPE) };
    const number row = { 3 };
    char path[64] = "/";
    vgi_batch *b;

    need(vgi_batch_from_rows(&b, VGI_FROM(number, &row), 1, NULL) == VGI_OK);
    vgi__buffer_clear(&w->body);
    need(vgi__writer_schema(w->writer, b->schema, NULL) == VGI_OK &&
         vgi__writer_batch(w->writer, b->root, m, NULL) == VGI_OK &&
         vgi__writer_eos(w->writer, NULL) == VGI_OK &&
         vgi__writer_gather(w->writer, &w->body, NULL) == VGI_OK);
    vgi_batch_unref(b);
    vgi__block *held = vgi__block_new(NULL, w->body.len);
    need(held != NULL);
    memcpy(held->data, w->body.data, w->body.len);
    memcpy(path + 1, method, strlen(method));
    memcpy(path + 1 + strlen(method), route, strlen(route));
    const vgi__http_request rq = { .method = VGI__HTTP_POST,
                                   .verb = VGI_LIT("POST"),
                                   .path = vgi_str_from(path),
                                   .minor = 1,
                                   .headers = &type,
                                   .n_headers = 1,
                                   .body = { held->data, w->body.len },
                                   .held = held,
                                   .peer = "fuzz" };

    vgi__http_response_reset(&w->response);
    w->engine.handle(w->app, w->worker, &rq, &w->response);
    vgi__buffer_clear(&w->text);
    for (size_t i = 0; i < w->response.n_iov; i++)
        vgi__buffer_append(&w->text, w->response.iov[i].iov_base,
                           w->response.iov[i].iov_len);
    w->engine.sent(w->app, w->worker);
    vgi__block_unref(held);
    return w->response.status;
}

/* Open each stream, and keep its token. */
static void learn_token(world *w, size_t i)
{
    const vgi_pair pairs[] = { { VGI_LIT(VGI_KEY_METHOD), vgi_str_from(names[i]) },
                               { VGI_LIT(VGI_KEY_REQUEST_VERSION), VGI_LIT("1") } };
    vgi_str text = { NULL, 0 };

    need(ask(w, names[i], "/init", &(vgi_metadata){ pairs, 2 }) == 200);
    /* The value of the last batch's only pair is the longest run of digits. */
    const char *p = (const char *)w->text.data;
    for (size_t at = 0; at < w->text.len; at++) {
        size_t n = strspn(p + at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789+/=");
        if (n > text.len)
            text = (vgi_str){ p + at, n };
        at += n;
    }
    need(vgi__token_read(w->keys[0], bearer, text, &w->plain, &w->tokens[i], NULL) ==
         VGI_OK);
    need(w->plain.len <= sizeof(w->own[i]));
    memcpy(w->own[i], w->plain.data, w->plain.len);
    vgi__token *t = &w->tokens[i];
    t->state.data = w->own[i] + (t->state.data - w->plain.data);
    t->output_schema.data = w->own[i] + (t->output_schema.data - w->plain.data);
    t->input_schema.data = w->own[i] + (t->input_schema.data - w->plain.data);
    t->stream_id = VGI_LIT("0123456789abcdef0123456789abcdef");
}

static world *make_world(void)
{
    static world w;
    const vgi_server_options server = { .size = sizeof(server), .server_id = "fuzz" };
    const vgi_http_options http = { .size = sizeof(http),
                                    .signing_key = key,
                                    .signing_key_bytes = sizeof(key),
                                    .token_no_ttl = true,
                                    .no_compression = true };
    vgi__registry *r;

    for (int i = 0; i < 2; i++)
        need(vgi__token_keys_new(&w.keys[i], (vgi_bytes){ key, sizeof(key) },
                                 (vgi__token_format)i, 0, NULL, NULL) == VGI_OK);
    need(vgi__registry_new(&r, &server, NULL) == VGI_OK &&
         vgi__registry_add(r, &service, NULL) == VGI_OK &&
         vgi__app_new(&w.app, r, &http, NULL, NULL) == VGI_OK);
    w.engine = vgi__app_callbacks(w.app);
    need(w.engine.worker_new(w.app, &w.worker, NULL) == VGI_OK);
    need(vgi__writer_new(&w.writer, NULL, NULL, NULL) == VGI_OK);
    vgi__http_response_init(&w.response, NULL);
    vgi__buffer_init(&w.body, NULL, SIZE_MAX);
    vgi__buffer_init(&w.text, NULL, SIZE_MAX);
    vgi__buffer_init(&w.plain, NULL, SIZE_MAX);
    for (size_t i = 0; i < METHODS; i++)
        learn_token(&w, i);
    return &w;
}

/* ---- the three uses ---- */

static void read_text(world *w, int format, const uint8_t *data, size_t size)
{
    const vgi_str text = { (const char *)data, size };
    vgi__token t;

    (void)vgi__token_read(w->keys[format], bearer, text, &w->plain, &t, NULL);
}

static void read_signed(world *w, const uint8_t *data, size_t size)
{
    static const char subject[] = "vgi_rpc.stream_state:\0anonymous";
    uint8_t derived[32];

    vgi__buffer_clear(&w->body);
    vgi__buffer_clear(&w->text);
    uint8_t *p = vgi__buffer_extend(&w->body, size + 32);
    char *text = (char *)vgi__buffer_extend(&w->text, 4 * ((size + 32 + 2) / 3));
    need(p && text);
    if (size > 0)
        memcpy(p, data, size);
    need(vgi__hmac_sha256(key, sizeof(key), subject, sizeof(subject) - 1, derived,
                          NULL) == VGI_OK &&
         vgi__hmac_sha256(derived, 32, p, size, p + size, NULL) == VGI_OK);
    (void)vgi__base64(text, p, size + 32);
    read_text(w, 0, w->text.data, w->text.len);
}

/* The next part of the data, when there is one. */
static void take_part(vgi_bytes *part, const uint8_t **data, size_t *size)
{
    size_t n = *size >= 2 ? vgi__load16(*data) : 0;

    if (n == 0 || n > *size - 2) {
        *data += *size >= 2 ? 2 : *size;
        *size -= *size >= 2 ? 2 : *size;
        return;
    }
    *part = (vgi_bytes){ *data + 2, n };
    *data += 2 + n;
    *size -= 2 + n;
}

static void go_on(world *w, const uint8_t *data, size_t size)
{
    if (size == 0)
        return;
    const size_t method = data[0] % METHODS;
    vgi__token t = w->tokens[method];

    data++;
    size--;
    take_part(&t.state, &data, &size);
    take_part(&t.output_schema, &data, &size);
    take_part(&t.input_schema, &data, &size);
    need(vgi__token_write(w->keys[0], NULL, &t, &w->plain, NULL) == VGI_OK);
    const vgi_pair pair = { VGI_LIT(VGI_KEY_STREAM_STATE),
                            { (const char *)w->plain.data, w->plain.len } };
    const int status = ask(w, names[method], "/exchange", &(vgi_metadata){ &pair, 1 });

    need(status == 200 || status == 400);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static world *w;

    if (!w)
        w = make_world();
    if (size == 0)
        return 0;
    switch (data[0] & 3) {
    case 0:
    case 1:
        read_text(w, data[0] & 1, data + 1, size - 1);
        break;
    case 2:
        read_signed(w, data + 1, size - 1);
        break;
    default:
        go_on(w, data + 1, size - 1);
    }
    return 0;
}
