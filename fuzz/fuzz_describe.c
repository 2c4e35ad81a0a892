/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as all that a server answers to a client that asks what it offers, and then calls
 * it. */
#include <vgirpc/client.h>

#include "client/connection.h"
#include "transport/mem/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static vgi_client *connect_to(const uint8_t *data, size_t size)
{
    const vgi_client_options options = { .size = sizeof(options),
                                         .limits = vgi_limits_effective(NULL) };
    vgi__channel *channel = NULL;
    vgi_client *client = NULL;
    vgi__io *io = NULL;

    if (vgi__mem_open(&io, data, size, 0, NULL, NULL, NULL) != VGI_OK)
        return NULL;
    if (vgi__bytes_channel_new(&channel, io, NULL, &options.limits, NULL, NULL) !=
        VGI_OK) {
        vgi__io_close(io);
        return NULL;
    }
    if (vgi__client_new(&client, channel, &options, NULL) != VGI_OK)
        channel->ops->close(channel);
    return client;
}

static void read_description(const vgi_description *d)
{
    for (size_t i = 0; i < vgi_description_methods(d); i++) {
        const vgi_method_info *m = vgi_description_method(d, i);
        char type[256];
        (void)vgi_description_find(d, m->name);
        for (size_t c = 0; c < vgi_schema_columns(m->params); c++)
            (void)vgi_schema_type_text(m->params, c, type, sizeof(type));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vgi_client *client = connect_to(data, size);
    vgi_description *d = NULL;
    vgi_batch *result = NULL;
    vgi_stream *stream = NULL;
    const vgi_batch *batch;

    if (!client)
        return 0;
    if (vgi_client_describe(client, &d, NULL) == VGI_OK)
        read_description(d);
    if (vgi_client_call_batch(client, "call", NULL, &result, NULL) == VGI_OK)
        vgi_batch_unref(result);
    if (vgi_client_stream_batch(&stream, client, "stream", NULL, NULL, NULL) == VGI_OK)
        while (vgi_stream_next(stream, &batch, NULL) == VGI_OK)
            ;
    vgi_stream_close(stream);
    vgi_description_free(d);
    vgi_client_close(client);
    return 0;
}
