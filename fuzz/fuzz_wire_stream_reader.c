/* SPDX-License-Identifier: Apache-2.0 */
/* The stream reader on any bytes: what it accepts must be safe to look at, to keep and to
 * export. The first byte chooses how many bytes a read yields. */
#include <stdlib.h>
#include <string.h>

#include "arrow/reader.h"
#include "transport/mem/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink;

static void touch_bytes(vgi_bytes bytes)
{
    if (bytes.len)
        sink =
            sink + bytes.data[0] + bytes.data[bytes.len / 2] + bytes.data[bytes.len - 1];
}

static void touch(const vgi_schema *s, int32_t node, const struct ArrowArray *a);

/* The child row that a row of a union or run-end encoded array stands for must exist. */
static void touch_chosen(const vgi_schema *s, int32_t node, const struct ArrowArray *a,
                         int64_t row)
{
    if (s->nodes[node].layout == VGI__LAYOUT_UNION_DENSE) {
        int32_t at = ((const int32_t *)a->buffers[1])[row];
        bool found = false;
        for (int64_t i = 0; i < a->n_children; i++)
            found = found || at < a->children[i]->length;
        if (at < 0 || !found)
            abort();
    }
    if (s->nodes[node].layout == VGI__LAYOUT_RUN_END) {
        const struct ArrowArray *ends = a->children[0];
        int64_t last = vgi__array_index(s, vgi__child(node), ends, ends->length - 1);
        if (last <= row || a->children[1]->length < ends->length)
            abort();
    }
}

static void touch_row(const vgi_schema *s, int32_t node, const struct ArrowArray *a,
                      int64_t row)
{
    const vgi__node *n = &s->nodes[node];
    int64_t first;
    int64_t count;
    if (vgi__array_is_null(s, node, a, row))
        return;
    switch ((vgi__layout)n->layout) {
    case VGI__LAYOUT_NULL:
    case VGI__LAYOUT_STRUCT:
        break;
    case VGI__LAYOUT_BOOL:
        sink += ((const uint8_t *)a->buffers[1])[row >> 3];
        break;
    case VGI__LAYOUT_FIXED:
        touch_bytes(vgi__array_bytes(s, node, a, row));
        if (n->dictionary >= 0 &&
            (vgi__array_index(s, node, a, row) < 0 ||
             vgi__array_index(s, node, a, row) >= a->dictionary->length))
            abort();
        break;
    case VGI__LAYOUT_BINARY:
    case VGI__LAYOUT_BINARY64:
    case VGI__LAYOUT_VIEW:
        touch_bytes(vgi__array_bytes(s, node, a, row));
        break;
    case VGI__LAYOUT_UNION_SPARSE:
    case VGI__LAYOUT_UNION_DENSE:
        sink += ((const uint8_t *)a->buffers[0])[row];
        touch_chosen(s, node, a, row);
        break;
    case VGI__LAYOUT_RUN_END:
        touch_chosen(s, node, a, row);
        break;
    default:
        vgi__array_list(s, node, a, row, &first, &count);
        if (first < 0 || count < 0 || first > a->children[0]->length - count)
            abort();
        break;
    }
}

static void touch(const vgi_schema *s, int32_t node, const struct ArrowArray *a)
{
    const int64_t rows[] = { 0, a->length / 2, a->length - 1 };
    for (int i = 0; i < 3 && a->length > 0; i++)
        touch_row(s, node, a, rows[i]);
    int32_t child = vgi__child(node);
    for (int64_t i = 0; i < a->n_children; i++, child = vgi__sibling(s, child))
        touch(s, child, a->children[i]);
    if (a->dictionary)
        touch(s->dictionaries[s->nodes[node].dictionary].values, 1, a->dictionary);
}

static void check_batch(const vgi_batch *b)
{
    struct ArrowArray array;
    struct ArrowSchema schema;
    vgi_batch *copy = NULL;
    touch(b->schema, 0, b->root);
    for (size_t i = 0; i < b->metadata.count; i++) {
        const vgi_pair *pair = &b->metadata.pairs[i];
        touch_bytes((vgi_bytes){ (const uint8_t *)pair->key.data, pair->key.len });
        touch_bytes((vgi_bytes){ (const uint8_t *)pair->value.data, pair->value.len });
    }
    if (vgi_batch_export(b, &array, &schema, NULL) == VGI_OK) {
        touch(b->schema, 0, &array);
        array.release(&array);
        schema.release(&schema);
    }
    vgi_batch borrowed =
        *b; /* as if the data were not its own: a copy through the writer */
    borrowed.whole = false;
    if (b->body_bytes < 4096 && b->root->length < 4096 &&
        vgi_batch_retain(&borrowed, &copy, NULL) == VGI_OK)
        touch(copy->schema, 0, copy->root);
    vgi_batch_unref(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const vgi_limits limits = { .message_bytes = 1 << 20,
                                .decompressed_bytes = 1 << 20,
                                .dictionary_bytes = 1 << 20 };
    vgi__io *io = NULL;
    vgi__reader *r = NULL;
    vgi_batch b;
    if (size == 0 ||
        vgi__mem_open(&io, data + 1, size - 1, data[0], NULL, NULL, NULL) != VGI_OK)
        return 0;
    vgi__batch_init(&b, NULL);
    if (vgi__reader_new(&r, io, &limits, NULL, NULL) == VGI_OK) {
        const vgi_schema *s;
        while (!vgi__reader_broken(r)) {
            int rc = vgi__reader_begin(r, &s, NULL);
            if (rc == VGI_END)
                break;
            while (rc == VGI_OK && (rc = vgi__reader_next(r, &b, NULL)) == VGI_OK)
                check_batch(&b);
            (void)vgi__reader_drain(r, NULL);
        }
    }
    vgi__batch_free(&b);
    vgi__reader_free(r);
    vgi__io_close(io);
    return 0;
}
