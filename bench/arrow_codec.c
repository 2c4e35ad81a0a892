/* SPDX-License-Identifier: Apache-2.0 */
/* What the Arrow codec alone costs: whole streams (schema, one batch, end) to memory and
 * back. Prints nanoseconds per stream, the best and the median of nine rounds. --json: as
 * JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrow/builder.h"
#include "arrow/reader.h"
#include "arrow/writer.h"
#include "base/clock.h"

#define ROUNDS 9
#define ROUND_NS UINT64_C(20000000)

/* An endless input: the same stream again and again. */
typedef struct loop_io {
    vgi__io io;
    const uint8_t *data;
    size_t n, at;
} loop_io;

static int loop_read(vgi__io *io, void *buf, size_t n, size_t *got, vgi_error *err)
{
    loop_io *l = (loop_io *)io;
    (void)err;
    *got = n < l->n - l->at ? n : l->n - l->at;
    memcpy(buf, l->data + l->at, *got);
    l->at = (l->at + *got) % l->n;
    return VGI_OK;
}

/* Output that goes nowhere. */
static int null_write(vgi__io *io, struct iovec *iov, size_t n, vgi_error *err)
{
    (void)io;
    (void)iov;
    (void)n;
    (void)err;
    return VGI_OK;
}

static void no_close(vgi__io *io)
{
    (void)io;
}

static const struct vgi__io_ops loop_ops = { loop_read, null_write, no_close };

/* Everything that one measured call needs. */
typedef struct subject {
    vgi_schema *schema;
    vgi__builder *builder;
    struct ArrowArray *rows;
    vgi__writer *writer;
    vgi__reader *reader;
    vgi_batch batch;
    vgi__buffer stream;
    loop_io io;
    int64_t sink;
    vgi_error err;
} subject;

static void must(int rc, const vgi_error *err)
{
    if (rc == VGI_OK)
        return;
    fprintf(stderr, "arrow_codec: %s: %s\n", vgi_status_name(rc), err->message);
    exit(1);
}

static void encode(subject *s)
{
    int rc = vgi__writer_schema(s->writer, s->schema, &s->err);
    if (rc == VGI_OK)
        rc = vgi__writer_batch(s->writer, s->rows, NULL, &s->err);
    if (rc == VGI_OK)
        rc = vgi__writer_eos(s->writer, &s->err);
    if (rc == VGI_OK)
        rc = vgi__writer_flush(s->writer, &s->io.io, &s->err);
    must(rc, &s->err);
}

static void decode(subject *s)
{
    const vgi_schema *schema;
    int rc = vgi__reader_begin(s->reader, &schema, &s->err);
    if (rc == VGI_OK)
        rc = vgi__reader_next(s->reader, &s->batch, &s->err);
    s->sink += vgi_batch_rows(&s->batch);
    if (rc == VGI_OK)
        rc = vgi__reader_drain(s->reader, &s->err);
    must(rc, &s->err);
}

/* In memory, by reference: no reader, no schema known. */
static void decode_new(subject *s)
{
    must(vgi__stream_decode(&s->batch, s->stream.data, s->stream.len, NULL, NULL, NULL,
                            &s->err),
         &s->err);
    s->sink += vgi_batch_rows(&s->batch);
}

typedef struct result {
    double best, median;
} result;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static result measure(subject *s, void (*call)(subject *))
{
    double ns[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t calls = 0;
        uint64_t start = vgi__clock_ns();
        uint64_t spent;
        do {
            for (int i = 0; i < 100; i++)
                call(s);
            calls += 100;
            spent = vgi__clock_ns() - start;
        } while (spent < ROUND_NS);
        ns[round] = (double)spent / (double)calls;
    }
    qsort(ns, ROUNDS, sizeof(ns[0]), by_value);
    return (result){ ns[0], ns[ROUNDS / 2] };
}

static void open_subject(subject *s, const vgi_column *columns, size_t n)
{
    memset(s, 0, sizeof(*s));
    s->io.io.ops = &loop_ops;
    vgi__batch_init(&s->batch, NULL);
    vgi__buffer_init(&s->stream, NULL, SIZE_MAX);
    must(vgi_schema_build(&s->schema, columns, n, &s->err), &s->err);
    must(vgi__builder_new(&s->builder, s->schema, NULL, NULL, &s->err), &s->err);
    must(vgi__writer_new(&s->writer, NULL, NULL, &s->err), &s->err);
    must(vgi__reader_new(&s->reader, &s->io.io, NULL, NULL, &s->err), &s->err);
}

/* The rows are in the builder: make the stream that is read. */
static void finish_subject(subject *s)
{
    must(vgi__builder_finish(s->builder, -1, &s->rows, &s->err), &s->err);
    must(vgi__writer_schema(s->writer, s->schema, &s->err), &s->err);
    must(vgi__writer_batch(s->writer, s->rows, NULL, &s->err), &s->err);
    must(vgi__writer_eos(s->writer, &s->err), &s->err);
    must(vgi__writer_gather(s->writer, &s->stream, &s->err), &s->err);
    s->io.data = s->stream.data;
    s->io.n = s->stream.len;
}

static void close_subject(subject *s)
{
    vgi__batch_free(&s->batch);
    vgi__buffer_free(&s->stream);
    vgi__reader_free(s->reader);
    vgi__writer_free(s->writer);
    vgi__builder_free(s->builder);
    vgi_schema_unref(s->schema);
}

static void report(bool json, bool last, const char *name, result r)
{
    if (json)
        printf("  {\"name\": \"%s\", \"best_ns\": %.1f, \"median_ns\": %.1f}%s\n", name,
               r.best, r.median, last ? "" : ",");
    else
        printf("%-34s %10.1f %10.1f\n", name, r.best, r.median);
}

static void bench_small(bool json)
{
    const vgi_column columns[] = { { .name = "a", .format = "l", .nullable = true },
                                   { .name = "b", .format = "g", .nullable = true },
                                   { .name = "c", .format = "u", .nullable = true } };
    const int64_t a = 42;
    const double b = 1.5;
    subject s;
    open_subject(&s, columns, 3);
    must(vgi__builder_fixed(s.builder, 1, &a), &s.err);
    must(vgi__builder_fixed(s.builder, 2, &b), &s.err);
    must(vgi__builder_bytes(s.builder, 3, "hello world", 11), &s.err);
    finish_subject(&s);
    report(json, false, "encode 1 x 3", measure(&s, encode));
    report(json, false, "decode 1 x 3, known schema", measure(&s, decode));
    report(json, false, "decode 1 x 3, new schema", measure(&s, decode_new));
    close_subject(&s);
}

static void bench_column(bool json)
{
    const vgi_column columns[] = { { .name = "a", .format = "l", .nullable = false } };
    const int64_t rows = 65536;
    subject s;
    void *items;
    open_subject(&s, columns, 1);
    must(vgi__builder_column(s.builder, 1, rows, &items), &s.err);
    for (int64_t i = 0; i < rows; i++)
        ((int64_t *)items)[i] = i;
    finish_subject(&s);
    report(json, false, "encode 65536 x int64", measure(&s, encode));
    report(json, false, "decode 65536 x int64, read", measure(&s, decode));
    report(json, true, "decode 65536 x int64, in memory", measure(&s, decode_new));
    close_subject(&s);
}

int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    if (json)
        printf("[\n");
    else
        printf("%-34s %10s %10s\n", "stream", "best ns", "median ns");
    bench_small(json);
    bench_column(json);
    if (json)
        printf("]\n");
    return 0;
}
