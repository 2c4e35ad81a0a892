/* SPDX-License-Identifier: Apache-2.0 */
/* A client that starts the other examples and calls them with its own structs.
 *
 * RUN: client
 * OUTPUT: Hello, World!
 * OUTPUT: 0 0
 * OUTPUT: 1 10
 * OUTPUT: 2 20
 * OUTPUT: ValueError: count is negative: -1
 */
#include <inttypes.h>
#include <stdio.h>
#include <vgirpc/client.h>

typedef struct hello_params {
    vgi_str name, greeting;
} hello_params;
typedef struct count_params {
    int64_t count;
} count_params;
typedef struct count_row {
    int64_t index, value;
} count_row;

VGI_STRUCT(hello_params, VGI_FIELD(hello_params, name),
           VGI_FIELD(hello_params, greeting));
VGI_STRUCT(count_params, VGI_FIELD(count_params, count));
VGI_STRUCT(count_row, VGI_FIELD(count_row, index), VGI_FIELD(count_row, value));

static int greet(vgi_error *err)
{
    const hello_params who = { .name = VGI_LIT("World"), .greeting = VGI_LIT("Hello") };
    vgi_client *client;
    vgi_arena mem = { 0 };
    vgi_str text;
    int rc;

    if ((rc = vgi_client_open(&client, "exec:hello", NULL, err)) != VGI_OK)
        return rc;
    if ((rc = vgi_client_call(client, "hello", VGI_FROM(hello_params, &who),
                              VGI_INTO(vgi_str, &text), &mem, err)) == VGI_OK)
        printf(VGI_STR_FMT "\n", VGI_STR_ARG(text));
    vgi_arena_free(&mem);
    vgi_client_close(client);
    return rc;
}

static int count(vgi_client *client, int64_t to, vgi_error *err)
{
    const count_params params = { .count = to };
    vgi_stream *stream;
    count_row row;
    int rc;

    if ((rc = vgi_client_stream(&stream, client, "count_up",
                                VGI_FROM(count_params, &params), NULL, err)) != VGI_OK)
        return rc;
    while ((rc = vgi_stream_row(stream, VGI_INTO(count_row, &row), err)) == VGI_OK)
        printf("%" PRId64 " %" PRId64 "\n", row.index, row.value);
    vgi_stream_close(stream);
    return rc;
}

int main(void)
{
    vgi_client *client;
    vgi_error err = { 0 };
    int rc;

    if (greet(&err) != VGI_OK ||
        vgi_client_open(&client, "exec:streams", NULL, &err) != VGI_OK) {
        fprintf(stderr, "%s: %s\n", err.type, err.message);
        return 1;
    }
    rc = count(client, 3, &err);
    if (rc == VGI_END && count(client, -1, &err) == VGI_EREMOTE)
        printf("%s: %s\n", err.type, err.message); /* the connection stays usable */
    vgi_client_close(client);
    return rc != VGI_END;
}
