/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgirpc-bench-payload: write a payload to stdout. The small ones are recorded from the
 * reference client; a large one is cheaper to make than to keep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vgirpc/vgirpc.h>

static const char usage[] =
    "usage: vgirpc-bench-payload echo BYTES {seed|current} [SEGMENT SIZE]\n"
    "           a request; the answer may be in shared memory\n"
    "       vgirpc-bench-payload values BYTES\n"
    "           an Arrow stream with one batch of exchange_scale's input\n";

typedef struct echo_params {
    vgi_bytes data;
} echo_params;
VGI_STRUCT(echo_params, VGI_FIELD(echo_params, data));

typedef struct scale_row {
    double value;
} scale_row;
VGI_STRUCT(scale_row, VGI_FIELD(scale_row, value));

/* Rows as a stream. */
static int write_rows(const vgi_type *type, const void *rows, size_t count,
                      const vgi_metadata *metadata)
{
    vgi_batch *batch = NULL;
    vgi_arena mem = { 0 };
    vgi_error err = { 0 };
    vgi_bytes stream = { 0 };
    int rc = vgi_batch_from_rows(&batch, type, rows, count, &err);

    if (rc == VGI_OK)
        rc = vgi_batch_encode(batch, metadata, &mem, &stream, &err);
    if (rc == VGI_OK && fwrite(stream.data, 1, stream.len, stdout) != stream.len)
        rc = VGI_EIO;
    if (rc != VGI_OK)
        fprintf(stderr, "vgirpc-bench-payload: %s: %s\n", vgi_status_text(rc),
                err.message);
    vgi_batch_unref(batch);
    vgi_arena_free(&mem);
    return rc == VGI_OK ? 0 : 1;
}

static int write_echo(void *data, size_t size, int argc, char **argv)
{
    const vgi_pair pairs[] = {
        { VGI_LIT("vgi_rpc.method"), VGI_LIT("echo_bytes") },
        { VGI_LIT("vgi_rpc.request_version"), VGI_LIT("1") },
        { VGI_LIT("vgi_rpc.shm_segment_name"), vgi_str_from(argc == 6 ? argv[4] : "") },
        { VGI_LIT("vgi_rpc.shm_segment_size"), vgi_str_from(argc == 6 ? argv[5] : "") },
        { VGI_LIT("vgi_rpc.protocol"), VGI_LIT("ConformanceService") },
        { VGI_LIT("vgi_rpc.protocol_version"), VGI_LIT("2.0.0") },
    };
    const echo_params params = { .data = { memset(data, 'x', size), size } };
    vgi_pair chosen[6];
    size_t n = 0;

    for (size_t i = 0; i < 6; i++)
        if (i < 2 || (i < 4 ? argc == 6 : strcmp(argv[3], "current") == 0))
            chosen[n++] = pairs[i];
    return write_rows(&vgi_type_echo_params, &params, 1, &(vgi_metadata){ chosen, n });
}

static int write_values(double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (double)i;
    return write_rows(&vgi_type_scale_row, values, count, NULL);
}

int main(int argc, char **argv)
{
    const size_t size = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    void *data = malloc(size + 1);
    int status = 2;

    if (!data)
        return 1;
    if ((argc == 4 || argc == 6) && strcmp(argv[1], "echo") == 0)
        status = write_echo(data, size, argc, argv);
    else if (argc == 3 && strcmp(argv[1], "values") == 0)
        status = write_values(data, size / sizeof(double));
    else
        fputs(usage, stderr);
    free(data);
    return status;
}
