/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C side of the property tests (run.py is the other).
 *
 *   roundtrip copy   reads IPC streams, one after another; writes each three times,
 * behind its length in 8 bytes: as it came; through a builder, with a schema message of
 * our own; and without its first and last row roundtrip check  reads frames of uint32
 * length and that many bytes; writes for each a line with the number of batches read, or
 * -1 and the error
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arrow/builder.h"
#include "arrow/reader.h"
#include "arrow/writer.h"
#include "base/alloc.h"

/* ---- bytes in and out ---- */

typedef struct file_io {
    vgi__io io;
    int in, out;
} file_io;

static int file_read(vgi__io *io, void *buf, size_t n, size_t *got, vgi_error *err)
{
    (void)err;
    ssize_t k = read(((file_io *)io)->in, buf, n);
    if (k <= 0)
        return k == 0 ? VGI_END : VGI_EIO;
    *got = (size_t)k;
    return VGI_OK;
}

static int file_write(vgi__io *io, struct iovec *iov, size_t n, vgi_error *err)
{
    (void)err;
    for (size_t i = 0; i < n; i++) {
        const char *p = iov[i].iov_base;
        for (size_t left = iov[i].iov_len; left > 0;) {
            ssize_t k = write(((file_io *)io)->out, p, left);
            if (k <= 0)
                return VGI_EIO;
            p += k;
            left -= (size_t)k;
        }
    }
    return VGI_OK;
}

static void no_close(vgi__io *io)
{
    (void)io;
}

static const struct vgi__io_ops file_ops = { file_read, file_write, no_close };

typedef struct memory_io {
    vgi__io io;
    const uint8_t *p;
    size_t n;
} memory_io;

static int memory_read(vgi__io *io, void *buf, size_t n, size_t *got, vgi_error *err)
{
    (void)err;
    memory_io *m = (memory_io *)io;
    if (m->n == 0)
        return VGI_END;
    *got = n < m->n ? n : m->n;
    memcpy(buf, m->p, *got);
    m->p += *got;
    m->n -= *got;
    return VGI_OK;
}

static const struct vgi__io_ops memory_ops = { memory_read, file_write, no_close };

static void must(int rc, const vgi_error *err, const char *what)
{
    if (rc == VGI_OK)
        return;
    fprintf(stderr, "roundtrip: %s: %s: %s: %s\n", what, vgi_status_name(rc), err->type,
            err->message);
    exit(2);
}

/* ---- copy ---- */

enum { PLAIN, BUILT, SLICED, WAYS };

typedef struct copier {
    vgi__writer *writers[WAYS];
    vgi__builder *builder;
    vgi_error err;
} copier;

static void copy_batch(copier *c, const vgi_batch *b)
{
    const vgi_schema *s = b->schema;
    int rc = vgi__writer_batch(c->writers[PLAIN], b->root, &b->metadata, &c->err);
    must(rc, &c->err, "write");
    vgi__builder_reset(c->builder);
    int32_t node = vgi__child(0);
    for (int32_t i = 0; i < s->n_columns; i++, node = vgi__sibling(s, node)) {
        int64_t half =
            b->root->length / 2; /* two copies: the second lands behind the first */
        int64_t rest = b->root->length - half;
        const struct ArrowArray *a = b->root->children[i];
        must(vgi__builder_copy(c->builder, node, s, node, a, 0, half, &c->err), &c->err,
             "copy");
        must(vgi__builder_copy(c->builder, node, s, node, a, half, rest, &c->err),
             &c->err, "copy");
    }
    struct ArrowArray *built;
    must(vgi__builder_finish(c->builder, b->root->length, &built, &c->err), &c->err,
         "finish");
    rc = vgi__writer_batch(c->writers[BUILT], built, &b->metadata, &c->err);
    must(rc, &c->err, "write built");
    struct ArrowArray slice = *b->root;
    if (slice.length >= 2) {
        slice.offset += 1;
        slice.length -= 2;
    }
    rc = vgi__writer_batch(c->writers[SLICED], &slice, &b->metadata, &c->err);
    must(rc, &c->err, "write slice");
}

static void copy_stream(copier *c, vgi__reader *r, const vgi_schema *s,
                        vgi__buffer out[WAYS])
{
    vgi_batch batch;
    struct ArrowSchema c_data;
    vgi_schema *ours; /* encoded here; that of a schema that was read is what was read */
    vgi__batch_init(&batch, NULL);
    must(vgi_schema_export(s, &c_data, &c->err), &c->err, "export");
    must(vgi_schema_import(&ours, &c_data, &c->err), &c->err, "import");
    c_data.release(&c_data);
    must(vgi__builder_new(&c->builder, ours, NULL, NULL, &c->err), &c->err, "builder");
    for (int i = 0; i < WAYS; i++) {
        out[i].len = 0;
        must(vgi__writer_schema(c->writers[i], i == BUILT ? ours : s, &c->err), &c->err,
             "schema");
    }
    int rc;
    while ((rc = vgi__reader_next(r, &batch, &c->err)) == VGI_OK) {
        copy_batch(c, &batch);
        for (int i = 0; i < WAYS; i++)
            must(vgi__writer_gather(c->writers[i], &out[i], &c->err), &c->err, "gather");
    }
    if (rc != VGI_END)
        must(rc, &c->err, "next");
    for (int i = 0; i < WAYS; i++) {
        must(vgi__writer_eos(c->writers[i], &c->err), &c->err, "eos");
        must(vgi__writer_gather(c->writers[i], &out[i], &c->err), &c->err, "gather");
    }
    vgi__builder_free(c->builder);
    vgi_schema_unref(ours);
    vgi__batch_free(&batch);
}

static int copy(void)
{
    file_io io = { { &file_ops, 0, 0 }, STDIN_FILENO, STDOUT_FILENO };
    copier c = { .err = { 0 } };
    vgi__reader *r;
    vgi__buffer out[WAYS];
    must(vgi__reader_new(&r, &io.io, NULL, NULL, &c.err), &c.err, "reader");
    for (int i = 0; i < WAYS; i++) {
        vgi__buffer_init(&out[i], NULL, SIZE_MAX);
        must(vgi__writer_new(&c.writers[i], NULL, NULL, &c.err), &c.err, "writer");
    }
    const vgi_schema *s;
    int rc;
    while ((rc = vgi__reader_begin(r, &s, &c.err)) == VGI_OK) {
        copy_stream(&c, r, s, out);
        for (int i = 0; i < WAYS; i++) {
            uint64_t n = out[i].len;
            struct iovec iov[] = { { &n, sizeof(n) }, { out[i].data, out[i].len } };
            must(vgi__io_write(&io.io, iov, 2, &c.err), &c.err, "output");
        }
    }
    if (rc != VGI_END)
        must(rc, &c.err, "begin");
    for (int i = 0; i < WAYS; i++) {
        vgi__buffer_free(&out[i]);
        vgi__writer_free(c.writers[i]);
    }
    vgi__reader_free(r);
    return 0;
}

/* ---- check ---- */

static int check_frame(const uint8_t *p, size_t n, vgi_error *err)
{
    memory_io io = { { &memory_ops, 0, 0 }, p, n };
    vgi__reader *r;
    vgi_batch batch;
    const vgi_schema *s;
    int batches = 0;
    must(vgi__reader_new(&r, &io.io, NULL, NULL, err), err, "reader");
    vgi__batch_init(&batch, NULL);
    int rc = vgi__reader_begin(r, &s, err);
    while (rc == VGI_OK && (rc = vgi__reader_next(r, &batch, err)) == VGI_OK)
        batches++;
    vgi__batch_free(&batch);
    vgi__reader_free(r);
    return rc == VGI_END ? batches : -1;
}

static int check(void)
{
    uint32_t n;
    while (fread(&n, sizeof(n), 1, stdin) == 1) {
        vgi_error err = { 0 };
        uint8_t *frame = vgi__alloc(NULL, n);
        if (!frame || fread(frame, 1, n, stdin) != n)
            return 2;
        int batches = check_frame(frame, n, &err);
        printf("%d %s\n", batches, batches < 0 ? err.message : "");
        vgi__free(NULL, frame);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "copy") == 0)
        return copy();
    if (argc == 2 && strcmp(argv[1], "check") == 0)
        return check();
    fprintf(stderr, "usage: roundtrip copy | check\n");
    return 2;
}
