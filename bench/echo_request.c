/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgirpc-bench-echo BYTES {seed|current}: write an echo_bytes request of that
 * size to stdout. The small requests are recorded from the reference client; a
 * large one is cheaper to make than to keep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vgirpc/vgirpc.h>

typedef struct echo_params {
    vgi_bytes data;
} echo_params;
VGI_STRUCT(echo_params, VGI_FIELD(echo_params, data));

static int write_request(size_t size, const vgi_metadata *metadata)
{
    uint8_t *data = malloc(size);
    const echo_params params = { .data = { data, size } };
    vgi_batch *batch = NULL;
    vgi_arena mem = { 0 };
    vgi_error err = { 0 };
    vgi_bytes request = { 0 };
    int rc = VGI_ENOMEM;

    if (data) {
        memset(data, 'x', size);
        rc = vgi_batch_from_rows(&batch, &vgi_type_echo_params, &params, 1, &err);
    }
    if (rc == VGI_OK)
        rc = vgi_batch_encode(batch, metadata, &mem, &request, &err);
    if (rc == VGI_OK && fwrite(request.data, 1, request.len, stdout) != request.len)
        rc = VGI_EIO;
    if (rc != VGI_OK)
        fprintf(stderr, "vgirpc-bench-echo: %s: %s\n", vgi_status_text(rc), err.message);
    vgi_batch_unref(batch);
    vgi_arena_free(&mem);
    free(data);
    return rc == VGI_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    const vgi_pair pairs[] = {
        { VGI_LIT("vgi_rpc.method"), VGI_LIT("echo_bytes") },
        { VGI_LIT("vgi_rpc.request_version"), VGI_LIT("1") },
        { VGI_LIT("vgi_rpc.protocol"), VGI_LIT("ConformanceService") },
        { VGI_LIT("vgi_rpc.protocol_version"), VGI_LIT("2.0.0") },
    };
    int current = argc == 3 && strcmp(argv[2], "current") == 0;
    const vgi_metadata metadata = { pairs, current ? 4 : 2 };

    if (argc != 3) {
        fputs("usage: vgirpc-bench-echo BYTES {seed|current}\n", stderr);
        return 2;
    }
    return write_request(strtoul(argv[1], NULL, 10), &metadata);
}
