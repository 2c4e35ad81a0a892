/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/reader.h"

#include <string.h>

#include "arrow/decode.h"
#include "arrow/dictionary.h"
#include "arrow/schema_cache.h"
#include "base/alloc.h"
#include "base/fail.h"

/*
 * Design notes: memory. Framing and states are described in reader.h.
 *
 * `window` is read ahead into, [start, end) of it is not consumed yet. A message that
 * fits is parsed in place and batches refer to it; when it has to move on while it is
 * referenced, `resting` takes its place and the two change roles, so that a steady
 * exchange needs no third. A body that does not fit gets `large`, which is kept for the
 * next one, and then less is read ahead: what of a body is in the window must be copied.
 */
#define WINDOW_BYTES ((size_t)64 << 10)
#define AHEAD_BYTES ((size_t)4 << 10) /* where large bodies come */
/* A larger block of its own goes when its stream is over. */
#define KEPT_BYTES ((size_t)8 << 20)
/* A connection may inflate what one message may, and this many times what it sent. */
#define INFLATE_RATIO 64
#define HOPELESS_BODY (INT64_C(1) << 40) /* not even skipped */

struct vgi__reader {
    vgi__io *io;
    vgi_limits limits;
    const vgi_allocator *allocator;
    vgi__block *window, *resting;
    size_t start, end;
    size_t ahead;         /* most bytes to read at once, unless more is needed */
    vgi__block *large;    /* last body that had a block of its own; or NULL */
    vgi__block *inflated; /* last block of decompressed buffers; or NULL */
    vgi__schema_cache cache;
    vgi_schema *uncached; /* the schema of the stream when it is too large for the cache;
                             or NULL */
    const vgi_schema
        *schema; /* of the stream, in the cache or not; NULL when it was no good */
    vgi__dictionary_table *dictionaries;
    bool dictionaries_begun; /* for this stream */
    bool in_stream;
    bool failed; /* this stream can only be drained */
    bool broken;
    uint64_t skip; /* bytes of a body that nobody wants */
    uint64_t consumed;
    uint64_t inflated_bytes; /* so far */
};

/* A message as it lies in memory. */
typedef struct frame {
    vgi_bytes bytes; /* prefix and metadata */
    vgi__block
        *block;      /* that they lie in: the window, or a block of their own; borrowed */
    vgi__block *own; /* reference to the latter; or NULL */
    vgi__message message;
} frame;

int vgi__reader_new(vgi__reader **out, vgi__io *io, const vgi_limits *limits,
                    const vgi_allocator *a, vgi_error *err)
{
    vgi__reader *r = vgi__calloc(a, 1, sizeof(*r));
    if (!r)
        return vgi__fail_nomem(err);
    r->window = vgi__block_new(a, WINDOW_BYTES);
    if (!r->window) {
        vgi__free(a, r);
        return vgi__fail_nomem(err);
    }
    r->io = io;
    r->ahead = WINDOW_BYTES;
    r->limits = vgi_limits_effective(limits);
    r->allocator = a;
    *out = r;
    return VGI_OK;
}

void vgi__reader_free(vgi__reader *r)
{
    if (!r)
        return;
    vgi__schema_cache_free(&r->cache);
    vgi_schema_unref(r->uncached);
    vgi__dictionary_table_free(r->dictionaries);
    vgi__block_unref(r->window);
    vgi__block_unref(r->resting);
    vgi__block_unref(r->large);
    vgi__block_unref(r->inflated);
    vgi__free(r->allocator, r);
}

void vgi__reader_feed(vgi__reader *r, vgi__block *block, size_t n)
{
    vgi__block_unref(r->window);
    r->window = vgi__block_ref(block);
    r->start = 0;
    r->end = n;
    r->in_stream = r->failed = r->broken = false;
    r->skip = 0;
}

bool vgi__reader_broken(const vgi__reader *r)
{
    return r->broken;
}

bool vgi__reader_in_stream(const vgi__reader *r)
{
    return r->in_stream;
}

uint64_t vgi__reader_bytes(const vgi__reader *r)
{
    return r->consumed;
}

/* ---- bytes ---- */

static size_t buffered(const vgi__reader *r)
{
    return r->end - r->start;
}

static void consume(vgi__reader *r, size_t n)
{
    r->start += n;
    r->consumed += n;
}

/* The failure of a read that wanted more of something. It can be tried again only when
 * nothing of that has come yet. */
static int read_failed(vgi__reader *r, int rc, bool begun, vgi_error *err)
{
    if (rc == VGI_END)
        rc = vgi__fail(err, VGI_ECLOSED, NULL,
                       "the input ended inside of an Arrow stream");
    r->broken = r->broken || begun || rc == VGI_ECLOSED || rc == VGI_EIO;
    return rc;
}

/* Make room for `want` bytes (at most WINDOW_BYTES) from `start` on. */
static int make_room(vgi__reader *r, size_t want, vgi_error *err)
{
    bool unique = vgi__block_unique(r->window);
    if (r->start == r->end && unique)
        r->start = r->end = 0;
    if (r->window->size - r->start >= want)
        return VGI_OK;
    size_t have = buffered(r);
    if (unique) {
        memmove(r->window->data, r->window->data + r->start, have);
    } else {
        vgi__block *next = r->resting;
        if (!next || !vgi__block_unique(next)) {
            next = vgi__block_new(r->allocator, WINDOW_BYTES);
            if (!next)
                return vgi__fail_nomem(err);
            vgi__block_unref(r->resting);
        }
        memcpy(next->data, r->window->data + r->start, have);
        r->resting = r->window;
        r->window = next;
    }
    r->start = 0;
    r->end = have;
    return VGI_OK;
}

static int fetch(vgi__reader *r, size_t want, vgi_error *err)
{
    if (!r->io) /* what was fed is all there is */
        return buffered(r) == 0 ? VGI_END : read_failed(r, VGI_END, true, err);
    int rc = make_room(r, want, err);
    while (rc == VGI_OK && buffered(r) < want) {
        size_t got = 0, room = r->window->size - r->end;
        size_t most = want > r->ahead ? want : r->ahead;
        rc = vgi__io_read(r->io, r->window->data + r->end, room < most ? room : most,
                          &got, err);
        if (rc != VGI_OK && !(rc == VGI_END && buffered(r) == 0))
            return read_failed(r, rc, buffered(r) > 0, err);
        r->end += got;
    }
    return rc;
}

/* Have at least `want` bytes (at most WINDOW_BYTES) in the window. VGI_END: the input
 * ended before the first of them, which is no failure here. */
static inline int need(vgi__reader *r, size_t want, vgi_error *err)
{
    return buffered(r) >= want ? VGI_OK : fetch(r, want, err);
}

/* As need, where the bytes cannot be missing. */
static int need_more(vgi__reader *r, size_t want, vgi_error *err)
{
    int rc = need(r, want, err);
    return rc == VGI_END ? read_failed(r, rc, true, err) : rc;
}

/* Move `n` bytes out of the window and the input behind it into a block of their own:
 * *kept when nobody else holds it, which becomes that block. It grows with what really
 * comes. */
static int read_block(vgi__reader *r, size_t n, vgi__block **kept, vgi_error *err)
{
    vgi__block *b = *kept;
    if (!b || !vgi__block_unique(b)) {
        vgi__block_unref(b);
        *kept = b = vgi__block_new(r->allocator, n < WINDOW_BYTES ? n : WINDOW_BYTES);
        if (!b) {
            r->broken = true;
            return vgi__fail_nomem(err);
        }
    }
    size_t filled = buffered(r) < n ? buffered(r) : n;
    filled = filled < b->size ? filled : b->size;
    memcpy(b->data, r->window->data + r->start, filled);
    consume(r, filled);
    while (filled < n) {
        size_t twice = filled > n / 2 ? n : 2 * filled;
        int rc = filled == b->size ? vgi__block_grow(&b, filled, twice) : VGI_OK;
        *kept = b;
        size_t room = (b->size < n ? b->size : n) - filled;
        size_t got = 0;
        if (rc == VGI_OK)
            rc = r->io ? vgi__io_read(r->io, b->data + filled, room, &got, err) : VGI_END;
        else
            (void)vgi__fail_nomem(err);
        if (rc != VGI_OK)
            return read_failed(r, rc, true, err);
        filled += got;
        r->consumed += got;
    }
    return VGI_OK;
}

static int skip_body(vgi__reader *r, vgi_error *err)
{
    while (r->skip > 0) {
        int rc = need_more(r, 1, err);
        if (rc != VGI_OK)
            return rc;
        size_t n = buffered(r) < r->skip ? buffered(r) : (size_t)r->skip;
        consume(r, n);
        r->skip -= n;
    }
    return VGI_OK;
}

/* ---- framing ---- */

/* What begins as a message, byte by byte: what does not is refused at its first byte, as
 * there may be no eighth. */
static int await_prefix(vgi__reader *r, vgi_error *err)
{
    int rc;
    for (size_t i = 0; i < 4; i++) {
        rc = need_more(r, i + 1, err);
        if (rc != VGI_OK)
            return rc;
        if (r->window->data[r->start + i] != 0xFF) {
            char echo[VGI_ECHO_SIZE];
            size_t n = buffered(r) < 16 ? buffered(r) : 16;
            r->broken = true;
            return vgi__fail(
                err, VGI_EPROTO, NULL, "not an Arrow IPC stream: it begins with '%s'",
                vgi__echo(echo, (vgi_str){ (char *)r->window->data + r->start, n }));
        }
    }
    return need_more(r, VGI__MESSAGE_PREFIX, err);
}

/* The 8 bytes before a message. VGI_END: the input ended before them. */
static int read_prefix(vgi__reader *r, uint32_t *bytes, vgi_error *err)
{
    int rc = need(r, 1, err);
    if (rc != VGI_OK)
        return rc;
    bool whole = buffered(r) >= VGI__MESSAGE_PREFIX &&
                 vgi__message_prefix(r->window->data + r->start, bytes);
    if (!whole && (rc = await_prefix(r, err)) != VGI_OK)
        return rc;
    (void)vgi__message_prefix(r->window->data + r->start, bytes);
    if (*bytes > r->limits.schema_bytes) {
        r->broken = true;
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "Arrow message metadata of %u bytes is over the limit of %u",
                         *bytes, r->limits.schema_bytes);
    }
    return VGI_OK;
}

/* Bring prefix and metadata together. The window's are not consumed yet. */
static int read_metadata(vgi__reader *r, frame *f, uint32_t bytes, vgi_error *err)
{
    size_t total = VGI__MESSAGE_PREFIX + (size_t)bytes;
    int rc;
    if (total <= WINDOW_BYTES) {
        rc = need_more(r, total, err);
        f->block = r->window;
        f->bytes = (vgi_bytes){ r->window->data + r->start, total };
    } else {
        rc = read_block(r, total, &f->own, err);
        f->block = f->own;
        f->bytes = (vgi_bytes){ f->own ? f->own->data : NULL, total };
    }
    return rc;
}

static void frame_done(frame *f)
{
    vgi__block_unref(f->own);
    f->own = NULL;
}

/* Where the body begins: behind the metadata in the window, or at `start` when they are
 * elsewhere. */
static void leave_metadata(vgi__reader *r, const frame *f)
{
    if (!f->own)
        consume(r, f->bytes.len);
}

/* Parse the metadata. On failure the message is left behind, its body to be skipped if
 * that can be. */
static int parse_frame(vgi__reader *r, frame *f, vgi_error *err)
{
    uint32_t bytes = (uint32_t)(f->bytes.len - VGI__MESSAGE_PREFIX);
    int rc =
        vgi__message_parse(&f->message, f->bytes.data + VGI__MESSAGE_PREFIX, bytes, err);
    int64_t body = f->message.body_bytes;
    if (body < 0 || body > HOPELESS_BODY)
        r->broken = true;
    if (rc == VGI_OK && body > r->limits.message_bytes)
        rc = vgi__fail(err, VGI_ELIMIT, NULL,
                       "Arrow message body of %lld bytes is over the limit of %lld",
                       (long long)body, (long long)r->limits.message_bytes);
    if (rc != VGI_OK) {
        leave_metadata(r, f);
        r->skip = body > 0 ? (uint64_t)body : 0;
        frame_done(f);
    }
    return rc;
}

/* The next message of a stream, VGI_END at its end. frame_done ends the frame unless this
 * failed. */
static int read_frame(vgi__reader *r, frame *f, vgi_error *err)
{
    uint32_t bytes = 0;
    f->own = NULL;
    int rc = read_prefix(r, &bytes, err);
    if (rc != VGI_OK)
        return rc == VGI_END ? read_failed(r, rc, true, err) : rc;
    if (bytes == 0) {
        consume(r, VGI__MESSAGE_PREFIX);
        return VGI_END;
    }
    rc = read_metadata(r, f, bytes, err);
    if (rc != VGI_OK) {
        frame_done(f);
        return rc;
    }
    return parse_frame(r, f, err);
}

/* Have the whole body at *body, in *block (borrowed); the message is consumed. */
static int read_body(vgi__reader *r, frame *f, const uint8_t **body, vgi__block **block,
                     vgi_error *err)
{
    size_t n = (size_t)f->message.body_bytes;
    size_t metadata = f->own ? 0 : f->bytes.len;
    if (!f->own && (metadata + n <= WINDOW_BYTES || buffered(r) - metadata >= n)) {
        int rc = need_more(r, metadata + n, err);
        if (rc != VGI_OK)
            return rc;
        const uint8_t *p = r->window->data + r->start; /* it may have moved */
        f->block = r->window;
        f->bytes.data = p;
        f->message.fb.p = p + VGI__MESSAGE_PREFIX;
        *body = p + metadata;
        *block = r->window;
        consume(r, metadata + n);
        r->ahead = WINDOW_BYTES;
        return VGI_OK;
    }
    leave_metadata(r, f);
    r->ahead = AHEAD_BYTES;
    int rc = read_block(r, n, &r->large, err);
    *body = rc == VGI_OK ? r->large->data : NULL;
    *block = r->large;
    return rc;
}

/* ---- schemas ---- */

static int decode_schema(vgi__reader *r, frame *f, vgi_error *err)
{
    int rc = parse_frame(r, f, err);
    if (rc != VGI_OK)
        return rc;
    leave_metadata(r, f);
    r->skip = (uint64_t)f->message.body_bytes;
    vgi_schema *s = NULL;
    size_t used;
    if (f->message.kind != VGI__MESSAGE_SCHEMA)
        rc = vgi__fail(err, VGI_EPROTO, NULL,
                       "an Arrow stream must begin with its schema");
    else if (r->skip)
        rc = vgi__fail(err, VGI_EPROTO, NULL, "Arrow schema message with a body");
    else
        rc = vgi__schema_decode(&s, f->bytes.data, f->bytes.len, &used, &r->limits,
                                r->allocator, err);
    if (rc != VGI_OK)
        return rc;
    r->schema = s;
    if (s->message_len > VGI__CACHED_SCHEMA_BYTES)
        r->uncached = s;
    else
        vgi__schema_cache_put(&r->cache, s);
    return VGI_OK;
}

static int read_schema(vgi__reader *r, uint32_t bytes, vgi_error *err)
{
    frame f = { .own = NULL };
    int rc = read_metadata(r, &f, bytes, err);
    if (rc == VGI_OK) {
        vgi_schema *cached = vgi__schema_cache_find(&r->cache, f.bytes.data, f.bytes.len);
        if (cached) {
            r->schema = cached;
            leave_metadata(r, &f);
        } else {
            rc = decode_schema(r, &f, err);
        }
    }
    frame_done(&f);
    return rc;
}

/* Before a wait that may be long: to map a big block again costs less than to hold it. */
static void give_back(vgi__block **b)
{
    if (*b && (*b)->size > KEPT_BYTES) {
        vgi__block_unref(*b);
        *b = NULL;
    }
}

int vgi__reader_begin(vgi__reader *r, const vgi_schema **schema, vgi_error *err)
{
    if (r->broken)
        return vgi__fail(err, VGI_ECLOSED, NULL,
                         "the input is out of step and cannot be read on");
    if (r->in_stream)
        return vgi__fail(err, VGI_EINTERNAL, NULL, "the former stream was not drained");
    give_back(&r->large);
    give_back(&r->inflated);
    uint32_t bytes = 0;
    int rc = read_prefix(r, &bytes, err);
    if (rc != VGI_OK)
        return rc;
    vgi_schema_unref(r->uncached);
    r->uncached = NULL;
    r->schema = NULL;
    if (r->dictionaries_begun)
        vgi__dictionary_table_end(r->dictionaries);
    r->dictionaries_begun = false;
    if (bytes == 0) {
        r->broken = true; /* no peer goes on after this; one could without end */
        return vgi__fail(err, VGI_EPROTO, NULL, "an Arrow stream without a schema");
    }
    r->in_stream = true;
    rc = read_schema(r, bytes, err);
    r->failed = rc != VGI_OK;
    *schema = r->schema;
    return rc;
}

/* ---- batches ---- */

static int take_metadata(vgi__reader *r, vgi_batch *b, frame *f, vgi_error *err)
{
    int rc = vgi__decode_metadata(b, &f->message, &r->limits, err);
    if (rc == VGI_OK && b->metadata.count && f->block != b->body)
        b->meta = vgi__block_ref(f->block);
    return rc;
}

/* The dictionaries of the stream, ready; untouched when its schema has none. */
static int begin_dictionaries(vgi__reader *r, vgi_error *err)
{
    if (r->dictionaries_begun || r->schema->n_dictionaries == 0)
        return VGI_OK;
    if (!r->dictionaries)
        r->dictionaries = vgi__dictionary_table_new(r->allocator);
    if (!r->dictionaries)
        return vgi__fail_nomem(err);
    int rc = vgi__dictionary_table_begin(r->dictionaries, r->schema, err);
    r->dictionaries_begun = rc == VGI_OK;
    return rc;
}

/* What the next message may be inflated to, beside the dictionaries that are. */
static int64_t inflate_limit(const vgi__reader *r)
{
    uint64_t one = (uint64_t)r->limits.decompressed_bytes;
    uint64_t held = r->dictionaries_begun
                        ? (uint64_t)vgi__dictionary_table_inflated(r->dictionaries)
                        : 0;
    uint64_t left = one + INFLATE_RATIO * r->consumed - r->inflated_bytes;
    one = one > held ? one - held : 0;
    return (int64_t)(one < left ? one : left);
}

/* Read the body of a message and do what it says. VGI_END: it was no batch. */
static int apply_message(vgi__reader *r, vgi_batch *b, frame *f, vgi_error *err)
{
    vgi__decode_input in = { .message = &f->message,
                             .spare = &r->inflated,
                             .limits = &r->limits };
    int rc = read_body(r, f, &in.body, &in.block, err);
    if (rc == VGI_OK)
        rc = begin_dictionaries(r, err);
    if (rc != VGI_OK)
        return rc;
    in.dictionaries = r->dictionaries;
    in.inflate_limit = inflate_limit(r);
    switch (f->message.kind) {
    case VGI__MESSAGE_BATCH:
        rc = vgi__decode_batch(b, r->schema, &in, err);
        r->inflated_bytes += (uint64_t)in.inflated;
        return rc == VGI_OK ? take_metadata(r, b, f, err) : rc;
    case VGI__MESSAGE_DICTIONARY:
        if (r->schema->n_dictionaries == 0)
            return vgi__fail(err, VGI_EPROTO, NULL,
                             "a dictionary in an Arrow stream whose schema has none");
        rc = vgi__dictionary_table_apply(r->dictionaries, &in, err);
        r->inflated_bytes += (uint64_t)in.inflated;
        return rc == VGI_OK ? VGI_END : rc;
    default:
        return vgi__fail(err, VGI_EPROTO, NULL, "a second schema in an Arrow stream");
    }
}

int vgi__reader_next(vgi__reader *r, vgi_batch *b, vgi_error *err)
{
    vgi__batch_drop_data(b);
    if (r->broken)
        return vgi__fail(err, VGI_ECLOSED, NULL,
                         "the input is out of step and cannot be read on");
    if (!r->in_stream || r->failed)
        return vgi__fail(err, VGI_EINTERNAL, NULL, "no stream to read a batch from");
    for (;;) {
        frame f;
        int rc = read_frame(r, &f, err);
        if (rc == VGI_END) {
            r->in_stream = false;
            vgi__batch_clear(b);
            return rc;
        }
        if (rc == VGI_OK) {
            rc = apply_message(r, b, &f, err);
            frame_done(&f);
            if (rc == VGI_END)
                continue;
        }
        if (rc != VGI_OK)
            vgi__batch_clear(b);
        r->failed = rc < 0 && rc != VGI_ETIMEDOUT && rc != VGI_ECANCELLED;
        return rc;
    }
}

int vgi__reader_drain(vgi__reader *r, vgi_error *err)
{
    while (r->in_stream && !r->broken) {
        int rc = skip_body(r, err);
        if (rc != VGI_OK)
            return rc;
        frame f;
        vgi_error cause;
        rc = read_frame(r, &f, &cause);
        if (rc == VGI_END) {
            r->in_stream = false;
            return VGI_OK;
        }
        if (rc == VGI_OK) {
            leave_metadata(r, &f);
            r->skip = (uint64_t)f.message.body_bytes;
            frame_done(&f);
        } else if (r->broken || rc == VGI_ETIMEDOUT || rc == VGI_ECANCELLED ||
                   rc == VGI_ENOMEM) {
            return vgi__fail(err, rc, cause.type, "%s", cause.message);
        } /* else: a message that is no good, but ends where it says */
    }
    return r->broken ? vgi__fail(err, VGI_ECLOSED, NULL,
                                 "the input is out of step and cannot be read on")
                     : VGI_OK;
}

bool vgi__reader_has_buffered(const vgi__reader *r)
{
    size_t have = buffered(r);
    const uint8_t *p = r->window->data + r->start;
    uint32_t bytes;
    if (have < VGI__MESSAGE_PREFIX || r->skip > 0)
        return false;
    if (!vgi__message_prefix(p, &bytes) || bytes == 0)
        return true; /* an error, or the end: no need to wait for either */
    size_t total = VGI__MESSAGE_PREFIX + (size_t)bytes;
    if (have < total)
        return false;
    vgi__message m;
    (void)vgi__message_parse(&m, p + VGI__MESSAGE_PREFIX, bytes, NULL);
    return m.body_bytes < 0 || (uint64_t)m.body_bytes <= have - total;
}
