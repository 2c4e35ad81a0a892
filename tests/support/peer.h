/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of a byte stream, by hand: requests as bytes, answers as batches.
 * For tests of layers that know the wire. */
#ifndef VGI_TESTS_SUPPORT_PEER_H
#define VGI_TESTS_SUPPORT_PEER_H

#include <stdio.h>
#include <string.h>

#include "arrow/reader.h"
#include "base/io.h"
#include "wire/wire.h"

typedef struct peer {
    vgi__io *io; /* owned */
    vgi__reader *reader;
    vgi_arena mem;
    vgi_batch batch;   /* the last one received */
    char message[512]; /* of the last exception */
    int logs;          /* received since the request */
} peer;

static inline int peer_open(peer *p, vgi__io *io)
{
    memset(p, 0, sizeof(*p));
    p->io = io;
    io->read_timeout_ms = 5000;
    vgi__batch_init(&p->batch, NULL);
    const int rc = vgi__reader_new(&p->reader, io, NULL, NULL, NULL);
    if (rc != VGI_OK)
        vgi__io_close(io);
    return rc;
}

static inline void peer_close(peer *p)
{
    vgi__batch_free(&p->batch);
    vgi__reader_free(p->reader);
    vgi_arena_free(&p->mem);
    vgi__io_close(p->io);
}

static inline int peer_send(peer *p, const void *bytes, size_t n)
{
    struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = n };

    return vgi__io_write(p->io, &iov, 1, NULL);
}

/* One row as a stream with its metadata. */
static inline int peer_send_row(peer *p, const vgi_metadata *metadata,
                                const vgi_type *type, const void *row)
{
    vgi_batch *batch;
    vgi_bytes bytes;
    int rc = vgi_batch_from_rows(&batch, type, row, 1, NULL);

    if (rc != VGI_OK)
        return rc;
    vgi_arena_reset(&p->mem);
    rc = vgi_batch_encode(batch, metadata, &p->mem, &bytes, NULL);
    vgi_batch_unref(batch);
    return rc == VGI_OK ? peer_send(p, bytes.data, bytes.len) : rc;
}

/* A request of the seed epoch. */
static inline int peer_request(peer *p, const char *method, const vgi_type *type,
                               const void *row)
{
    const vgi_pair pairs[] = {
        { VGI_LIT(VGI_KEY_METHOD), vgi_str_from(method) },
        { VGI_LIT(VGI_KEY_REQUEST_VERSION), VGI_LIT(VGI_REQUEST_VERSION) },
    };
    const vgi_metadata metadata = { pairs, 2 };

    p->logs = 0;
    return peer_send_row(p, &metadata, type, row);
}

/* Begin the next stream of the server's. */
static inline int peer_begin(peer *p)
{
    const vgi_schema *schema;

    return vgi__reader_begin(p->reader, &schema, NULL);
}

/* Its next data batch, into p->batch. VGI_END; VGI_EREMOTE with p->message. */
static inline int peer_next(peer *p)
{
    vgi_str text = { 0 };
    int rc;

    while ((rc = vgi__reader_next(p->reader, &p->batch, NULL)) == VGI_OK) {
        switch (vgi__batch_classify(&p->batch)) {
        case VGI__BATCH_LOG:
            p->logs++;
            break;
        case VGI__BATCH_ERROR:
            vgi_metadata_get(&p->batch.metadata, VGI_KEY_LOG_MESSAGE, &text);
            snprintf(p->message, sizeof(p->message), VGI_STR_FMT, VGI_STR_ARG(text));
            rc = vgi__reader_drain(p->reader, NULL);
            return rc == VGI_OK ? VGI_EREMOTE : rc;
        default:
            return VGI_OK;
        }
    }
    return rc;
}

/* A whole unary answer whose result is an int64. */
static inline int peer_answer_i64(peer *p, int64_t *value)
{
    vgi_i64s items;
    int rc;

    if ((rc = peer_begin(p)) != VGI_OK || (rc = peer_next(p)) != VGI_OK)
        return rc;
    if ((rc = vgi_batch_i64(&p->batch, "result", &items)) != VGI_OK || items.count != 1)
        return rc != VGI_OK ? rc : VGI_ESCHEMA;
    *value = items.items[0];
    return vgi__reader_drain(p->reader, NULL);
}

/* The open input stream of a producer or an exchange: its schema and its end apart. */
static inline int peer_send_part(peer *p, const vgi_type *type, const void *row,
                                 bool schema_only)
{
    static const uint8_t end[] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 };
    vgi_batch *batch;
    vgi_bytes bytes, schema;
    int rc = vgi_batch_from_rows(&batch, type, row, row ? 1 : 0, NULL);

    if (rc != VGI_OK)
        return rc;
    schema = vgi_schema_message(vgi_batch_schema(batch));
    vgi_arena_reset(&p->mem);
    if (schema_only)
        rc = peer_send(p, schema.data, schema.len);
    else if ((rc = vgi_batch_encode(batch, NULL, &p->mem, &bytes, NULL)) == VGI_OK)
        rc = peer_send(p, bytes.data + schema.len, bytes.len - schema.len - sizeof(end));
    vgi_batch_unref(batch);
    return rc;
}

static inline int peer_open_input(peer *p, const vgi_type *type)
{
    return peer_send_part(p, type, NULL, true);
}

/* One batch of one row; of no row when `row` is NULL (a tick). */
static inline int peer_input(peer *p, const vgi_type *type, const void *row)
{
    return peer_send_part(p, type, row, false);
}

static inline int peer_end_input(peer *p)
{
    static const uint8_t end[] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 };

    return peer_send(p, end, sizeof(end));
}

#endif
