/* SPDX-License-Identifier: Apache-2.0 */
#include "types/encode.h"

#include <string.h>

#include "arrow/writer.h"
#include "base/alloc.h"
#include "base/fail.h"

#define KEEP_BYTES ((size_t)1 << 20) /* a spare encoder holds at most this much text */

struct vgi__encoder {
    vgi__record *record;
    vgi__builder *builder;
    vgi__writer *writer;
    vgi__buffer stream;
};

void vgi__encoder_free(vgi__encoder *e)
{
    if (!e)
        return;
    vgi__builder_free(e->builder);
    vgi__writer_free(e->writer);
    vgi__buffer_free(&e->stream);
    vgi__free(e->record->allocator, e);
}

int vgi__encoder_take(vgi__record *r, vgi__encoder **out, vgi_error *err)
{
    vgi__encoder *e = atomic_exchange_explicit(&r->encoder, NULL, memory_order_acq_rel);
    if (!e) {
        if (!(e = vgi__calloc(r->allocator, 1, sizeof(*e))))
            return vgi__fail_nomem(err);
        e->record = r;
        vgi__buffer_init(&e->stream, r->allocator, SIZE_MAX);
        int rc = vgi__builder_new(&e->builder, r->schema, &r->limits, r->allocator, err);
        if (rc == VGI_OK)
            rc = vgi__writer_new(&e->writer, &r->limits, r->allocator, err);
        if (rc != VGI_OK) {
            vgi__encoder_free(e);
            return rc;
        }
    }
    *out = e;
    return VGI_OK;
}

void vgi__encoder_give(vgi__encoder *e)
{
    if (e->stream.cap > KEEP_BYTES) {
        vgi__encoder_free(e);
        return;
    }
    vgi__encoder_free(
        atomic_exchange_explicit(&e->record->encoder, e, memory_order_acq_rel));
}

static int write_stream(vgi__encoder *e, const struct ArrowArray *array, vgi_error *err)
{
    int rc = vgi__writer_schema(e->writer, e->record->schema, err);
    if (rc == VGI_OK)
        rc = vgi__writer_batch(e->writer, array, NULL, err);
    if (rc == VGI_OK)
        rc = vgi__writer_eos(e->writer, err);
    if (rc == VGI_OK)
        rc = vgi__writer_gather(e->writer, &e->stream, err);
    return rc;
}

int vgi__encoder_row(vgi__encoder *e, const void *row, vgi_bytes *bytes, vgi_error *err)
{
    vgi__writer_mark start = vgi__writer_mark_here(e->writer);
    struct ArrowArray *array;
    vgi__builder_reset(e->builder);
    vgi__buffer_clear(&e->stream);
    int rc = vgi__record_append(e->record, row, e->builder, err);
    if (rc == VGI_OK)
        rc = vgi__builder_finish(e->builder, 1, &array, err);
    if (rc == VGI_OK)
        rc = write_stream(e, array, err);
    if (rc != VGI_OK) {
        vgi__writer_rewind(e->writer, start);
        return rc;
    }
    if (e->stream.cap > KEEP_BYTES) { /* it will not be kept: one copy less until then */
        vgi__builder_free(e->builder);
        e->builder = NULL;
    }
    *bytes = (vgi_bytes){ e->stream.data, e->stream.len };
    return VGI_OK;
}

/* ---- stream state ---- */

int vgi__state_encode(vgi__record *r, const void *state, vgi_arena *mem, vgi_bytes *out,
                      vgi_error *err)
{
    vgi__encoder *e;
    vgi_bytes bytes;
    int rc = vgi__encoder_take(r, &e, err);
    if (rc != VGI_OK)
        return rc;
    rc = vgi__encoder_row(e, state, &bytes, err);
    if (rc == VGI_OK) {
        uint8_t *copy = vgi_arena_alloc(mem, bytes.len);
        if (copy) {
            memcpy(copy, bytes.data, bytes.len);
            *out = (vgi_bytes){ copy, bytes.len };
        } else {
            rc = vgi__fail_nomem(err);
        }
    }
    vgi__encoder_give(e);
    return rc;
}

int vgi__state_decode(vgi__record *r, vgi_bytes bytes, void *state, vgi_arena *mem,
                      vgi_error *err)
{
    vgi__bind b = { .mem = mem,
                    .err = err,
                    .budget = SIZE_MAX,
                    .decoding = SIZE_MAX,
                    .inflate = r->limits.decompressed_bytes };
    return vgi__embedded_row(&b, r, bytes, state);
}
