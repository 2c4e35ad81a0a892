/* SPDX-License-Identifier: Apache-2.0 */
/* A pointer batch and the segment it points into: what is taken is read, kept, and put
 * back. */
#include <stdlib.h>
#include <string.h>

#include "arrow/reader.h"
#include "base/endian.h"
#include "shm/port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE = 65536 + (256 << 10) };

/* One for all inputs: to make a segment takes longer than to use it. */
static vgi__shm_port *port;
static uint8_t *content;

static void require(bool good)
{
    if (!good)
        abort();
}

static void begin(void)
{
    vgi__shm *s;

    setenv("VGI_RPC_SHM_MIN_BATCH_BYTES", "0", 1);
    require(vgi__shm_create(&s, SIZE, NULL, NULL) == VGI_OK);
    vgi__shm_unlink(s);
    require(vgi__shm_at(s, 65536, SIZE - 65536, &content, NULL) == VGI_OK);
    require(vgi__shm_port_new(&port, s, NULL, NULL, NULL) == VGI_OK);
}

/* Room for the columns of such a batch, if there is any, to its last byte. */
static void fill_room(const vgi_batch *b)
{
    const int64_t rows = b->root->length;

    for (int32_t node = 1; node < b->schema->n_nodes; node++) {
        uint8_t *p = vgi__shm_room(port, b->schema, node, rows);
        const int64_t bytes = rows * b->schema->nodes[node].width;

        if (!p)
            continue;
        require(p >= content && bytes <= content + SIZE - 65536 - p);
        memset(p, 1, (size_t)bytes);
    }
}

/* Read everything of a batch, and send it on through the segment. */
static void use(const vgi_batch *b)
{
    vgi__buffer bytes;
    vgi__writer *w;

    vgi__buffer_init(&bytes, NULL, SIZE_MAX);
    fill_room(b);
    require(vgi__writer_new(&w, NULL, NULL, NULL) == VGI_OK);
    require(vgi__writer_schema(w, b->schema, NULL) == VGI_OK);
    (void)vgi__writer_batch(w, b->root, &b->metadata, NULL);
    (void)vgi__shm_put(port, w, b->schema, b->root, &b->metadata, NULL);
    require(vgi__writer_gather(w, &bytes, NULL) == VGI_OK);
    vgi__writer_free(w);
    vgi__buffer_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vgi_batch b, *kept = NULL;

    if (!port)
        begin();
    if (size < 2 || size - 2 < vgi__load16(data))
        return 0;
    const size_t pointer = vgi__load16(data), rest = size - 2 - pointer;
    memset(content, 0, SIZE - 65536);
    memcpy(content, data + 2 + pointer, rest < SIZE - 65536 ? rest : SIZE - 65536);
    vgi__block *block = vgi__block_new(NULL, pointer);
    require(block);
    memcpy(block->data, data + 2, pointer);
    vgi__batch_init(&b, NULL);
    if (vgi__stream_decode(&b, block->data, pointer, block, NULL, NULL, NULL) == VGI_OK &&
        vgi__shm_take(port, &b, NULL) == VGI_OK) {
        use(&b);
        require(vgi_batch_retain(&b, &kept, NULL) == VGI_OK);
        vgi__batch_drop_data(&b);
        use(kept);
        vgi_batch_unref(kept);
    }
    vgi__batch_free(&b);
    vgi__block_unref(block);
    vgi__shm *s = vgi__shm_port_segment(port);
    require(vgi__shm_settle_port(port, NULL) == VGI_OK);
    require(vgi__shm_reset(s, NULL) == VGI_OK);
    return 0;
}
