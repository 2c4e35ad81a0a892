/* SPDX-License-Identifier: Apache-2.0 */
#include "load_script.h"

#include <stdlib.h>
#include <string.h>

#include "../../bench/replay.h"

enum { ECHO_BYTES = 64 << 10, PRODUCED = 5, EXCHANGED = 5, LONGEST_TOKEN = 8192 };

typedef enum kind {
    ADD,
    ECHO,
    PRODUCE,
    PRODUCE_TURN,
    EXCHANGE,
    EXCHANGE_TURN,
    CANCEL
} kind;

/* A stream stays at its place until it is over. */
static const kind cycle[] = { ADD, ADD, PRODUCE, ADD, ECHO, ADD, EXCHANGE, ADD };

static const char *const paths[] = {
    [ADD] = "add_floats",
    [ECHO] = "echo_bytes",
    [PRODUCE] = "produce_n/init",
    [PRODUCE_TURN] = "produce_n/exchange",
    [EXCHANGE] = "exchange_scale/init",
    [EXCHANGE_TURN] = "exchange_scale/exchange",
    [CANCEL] = "exchange_scale/exchange",
};

typedef struct add_params {
    double a, b;
} add_params;
typedef struct echo_params {
    vgi_bytes data;
} echo_params;
typedef struct count_params {
    int64_t count;
} count_params;
typedef struct factor_params {
    double factor;
} factor_params;
typedef struct value_row {
    double value;
} value_row;
VGI_STRUCT(add_params, VGI_FIELD(add_params, a), VGI_FIELD(add_params, b));
VGI_STRUCT(echo_params, VGI_FIELD(echo_params, data));
VGI_STRUCT(count_params, VGI_FIELD(count_params, count));
VGI_STRUCT(factor_params, VGI_FIELD(factor_params, factor));
VGI_STRUCT(value_row, VGI_FIELD(value_row, value));

struct load_script {
    kind now;
    size_t place; /* in the cycle */
    int64_t n;    /* requests so far: what they ask depends on it */
    int64_t rows; /* of the stream so far */
    char token[LONGEST_TOKEN];
    size_t token_len; /* 0: none came with the last answer */
    uint8_t *noise;   /* 2 * ECHO_BYTES */
    uint8_t *request;
    size_t capacity;
    vgi_arena mem; /* of one request and its answer */
};

load_script *load_script_new(unsigned number)
{
    load_script *s = calloc(1, sizeof(*s));
    uint32_t x = number * 2654435761u + 1;

    if (!s || !(s->noise = malloc(2 * ECHO_BYTES)))
        replay_die("out of memory");
    for (size_t i = 0; i < 2 * ECHO_BYTES; i++) {
        x = x * 1664525u + 1013904223u;
        s->noise[i] = (uint8_t)(x >> 24);
    }
    s->place = number % (sizeof(cycle) / sizeof(*cycle));
    s->now = cycle[s->place];
    s->n = number;
    return s;
}

void load_script_free(load_script *s)
{
    vgi_arena_free(&s->mem);
    free(s->noise);
    free(s->request);
    free(s);
}

const char *load_script_method(const load_script *s)
{
    return paths[s->now];
}

/* ---- requests ---- */

static double a_number(const load_script *s)
{
    return (double)s->n * 0.5;
}

static vgi_bytes echoed(const load_script *s)
{
    return (vgi_bytes){ s->noise + s->n % ECHO_BYTES, ECHO_BYTES };
}

static vgi_bytes encode(load_script *s, const vgi_type *type, const void *row,
                        size_t rows, const vgi_pair *pairs, size_t count)
{
    const vgi_metadata metadata = { pairs, count };
    vgi_batch *batch = NULL;
    vgi_bytes bytes = { 0 };
    vgi_error err = { 0 };

    if (vgi_batch_from_rows(&batch, type, row, rows, &err) != VGI_OK ||
        vgi_batch_encode(batch, &metadata, &s->mem, &bytes, &err) != VGI_OK)
        replay_die("cannot encode a request: %s", err.message);
    vgi_batch_unref(batch);
    return bytes;
}

static vgi_bytes opening(load_script *s, const char *method, const vgi_type *type,
                         const void *params)
{
    const vgi_pair pairs[] = {
        { VGI_LIT("vgi_rpc.method"), { method, strlen(method) } },
        { VGI_LIT("vgi_rpc.request_version"), VGI_LIT("1") },
    };

    return encode(s, type, params, 1, pairs, 2);
}

static vgi_bytes turn(load_script *s, const vgi_type *type, const void *row, size_t rows)
{
    const vgi_pair pairs[] = {
        { VGI_LIT("vgi_rpc.stream_state#b64"), { s->token, s->token_len } },
        { VGI_LIT("vgi_rpc.cancel"), VGI_LIT("1") },
    };

    return encode(s, type, row, rows, pairs, s->now == CANCEL ? 2 : 1);
}

static vgi_bytes make_body(load_script *s)
{
    const add_params add = { a_number(s), 1.0 };
    const echo_params echo = { echoed(s) };
    const count_params count = { PRODUCED };
    const factor_params factor = { 2.0 };
    const value_row value = { a_number(s) };

    switch (s->now) {
    case ADD:
        return opening(s, "add_floats", &vgi_type_add_params, &add);
    case ECHO:
        return opening(s, "echo_bytes", &vgi_type_echo_params, &echo);
    case PRODUCE:
        return opening(s, "produce_n", &vgi_type_count_params, &count);
    case EXCHANGE:
        return opening(s, "exchange_scale", &vgi_type_factor_params, &factor);
    case EXCHANGE_TURN:
        return turn(s, &vgi_type_value_row, &value, 1);
    case PRODUCE_TURN:
    case CANCEL:
        break;
    }
    return turn(s, &vgi_type_vgi_void, NULL, 0);
}

vgi_bytes load_script_next(load_script *s, bool last)
{
    char head[256];
    vgi_bytes body;
    size_t n;

    vgi_arena_reset(&s->mem);
    s->n++;
    body = make_body(s);
    n = (size_t)snprintf(head, sizeof(head),
                         "POST /%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s"
                         "Content-Type: application/vnd.apache.arrow.stream\r\n"
                         "Content-Length: %zu\r\n\r\n",
                         paths[s->now], last ? "Connection: close\r\n" : "", body.len);
    if (s->capacity < n + body.len) {
        s->capacity = n + body.len;
        s->request = realloc(s->request, s->capacity);
        if (!s->request)
            replay_die("out of memory");
    }
    memcpy(s->request, head, n);
    memcpy(s->request + n, body.data, body.len);
    return (vgi_bytes){ s->request, n + body.len };
}

/* ---- answers ---- */

static const char *check_row(load_script *s, const vgi_batch *batch)
{
    vgi_bytes bytes = { 0 };
    vgi_f64s floats;
    vgi_i64s index, value;

    switch (s->now) {
    case ADD:
        if (vgi_batch_f64(batch, "result", &floats) != VGI_OK ||
            floats.items[0] != a_number(s) + 1.0)
            return "another sum";
        break;
    case ECHO:
        if (vgi_batch_bytes(batch, "result", 0, &bytes) != VGI_OK ||
            bytes.len != ECHO_BYTES ||
            memcmp(bytes.data, echoed(s).data, ECHO_BYTES) != 0)
            return "other bytes";
        break;
    case PRODUCE:
    case PRODUCE_TURN:
        if (vgi_batch_i64(batch, "index", &index) != VGI_OK ||
            vgi_batch_i64(batch, "value", &value) != VGI_OK ||
            index.items[0] != s->rows || value.items[0] != s->rows * 10)
            return "not the next row";
        break;
    case EXCHANGE_TURN:
        if (vgi_batch_f64(batch, "value", &floats) != VGI_OK ||
            floats.items[0] != a_number(s) * 2.0)
            return "another product";
        break;
    case EXCHANGE:
    case CANCEL:
        return "a row that nobody asked for";
    }
    s->rows++;
    return NULL;
}

static const char *check_batch(load_script *s, const vgi_batch *batch)
{
    const vgi_metadata metadata = vgi_batch_metadata(batch);

    for (size_t i = 0; i < metadata.count; i++) {
        const vgi_pair *pair = &metadata.pairs[i];
        if (!vgi_str_eq(pair->key, "vgi_rpc.stream_state#b64"))
            continue;
        if (s->token_len != 0 || pair->value.len > sizeof(s->token))
            return "a second token, or a very long one";
        memcpy(s->token, pair->value.data, pair->value.len);
        s->token_len = pair->value.len;
    }
    if (vgi_batch_rows(batch) == 0)
        return NULL;
    return vgi_batch_rows(batch) == 1 ? check_row(s, batch) : "several rows";
}

/* Go through the batches: each one is decoded as a stream of its own. */
static const char *check_batches(load_script *s, vgi_bytes body)
{
    static const uint8_t end[8] = { 0xff, 0xff, 0xff, 0xff };
    size_t schema = replay_message_bytes(body.data, body.len), size;
    const char *wrong = NULL;

    if (schema == 0)
        return "no Arrow stream";
    for (size_t at = schema; !wrong && at < body.len; at += size) {
        vgi_batch *batch = NULL;
        uint8_t *one;

        size = replay_message_bytes(body.data + at, body.len - at);
        if (size == 0)
            return "an Arrow stream that is cut off";
        if (size == sizeof(end))
            return at + size == body.len ? NULL : "bytes after the stream";
        one = vgi_arena_alloc(&s->mem, schema + size + sizeof(end));
        if (!one)
            replay_die("out of memory");
        memcpy(one, body.data, schema);
        memcpy(one + schema, body.data + at, size);
        memcpy(one + schema + size, end, sizeof(end));
        if (vgi_batch_decode(&batch, (vgi_bytes){ one, schema + size + sizeof(end) },
                             NULL) != VGI_OK)
            return "a batch that cannot be decoded";
        wrong = check_batch(s, batch);
        vgi_batch_unref(batch);
    }
    return wrong ? wrong : "no end of the stream";
}

static const char *begin_next(load_script *s)
{
    s->place = (s->place + 1) % (sizeof(cycle) / sizeof(*cycle));
    s->now = cycle[s->place];
    s->rows = 0;
    return NULL;
}

/* The answer was right as far as it went; was it all of it, and what comes next? */
static const char *conclude(load_script *s)
{
    const bool more = s->token_len != 0;

    switch (s->now) {
    case ADD:
    case ECHO:
        return s->rows == 1 && !more ? begin_next(s) : "no result";
    case PRODUCE:
    case PRODUCE_TURN:
        s->now = PRODUCE_TURN;
        if (more)
            return NULL;
        return s->rows == PRODUCED ? begin_next(s) : "an early end";
    case EXCHANGE:
    case EXCHANGE_TURN:
        s->now = s->rows < EXCHANGED ? EXCHANGE_TURN : CANCEL;
        return more ? NULL : "no token";
    case CANCEL:
        break;
    }
    return more ? "a token of a stream that was cancelled" : begin_next(s);
}

const char *load_script_check(load_script *s, vgi_bytes body)
{
    const int64_t before = s->rows;
    const char *wrong;

    s->token_len = 0;
    wrong = check_batches(s, body);
    if (!wrong && s->now == EXCHANGE_TURN && s->rows != before + 1)
        wrong = "no row";
    return wrong ? wrong : conclude(s);
}
