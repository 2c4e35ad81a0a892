/* SPDX-License-Identifier: Apache-2.0 */
/* A client with a segment of its own, by hand: streams of doubles through shared memory.
 * For tests of whole servers. */
#ifndef VGI_TESTS_SUPPORT_SHM_CLIENT_H
#define VGI_TESTS_SUPPORT_SHM_CLIENT_H

#include "arrow/builder.h"
#include "shm/port.h"
#include "support/peer.h"

typedef struct shm_client {
    peer p; /* opened by the user */
    vgi__shm_port *port;
    vgi__writer *out;
    vgi__builder *builder;
    vgi_schema *schema; /* one column, "value" */
    int pointers;       /* batches that came by way of the segment, of this request */
} shm_client;

static inline int shm_client_open(shm_client *c, uint64_t segment_bytes)
{
    static const vgi_column column = { .name = "value", .format = "g" };
    vgi__shm *s;
    int rc;

    if ((rc = vgi__shm_create(&s, segment_bytes, NULL, NULL)) != VGI_OK ||
        (rc = vgi__shm_port_new(&c->port, s, NULL, NULL, NULL)) != VGI_OK ||
        (rc = vgi__writer_new(&c->out, NULL, NULL, NULL)) != VGI_OK ||
        (rc = vgi_schema_build(&c->schema, &column, 1, NULL)) != VGI_OK)
        return rc;
    return vgi__builder_new(&c->builder, c->schema, NULL, NULL, NULL);
}

static inline void shm_client_close(shm_client *c)
{
    peer_close(&c->p); /* first: its batch may be a view */
    vgi__builder_free(c->builder);
    vgi_schema_unref(c->schema);
    vgi__writer_free(c->out);
    vgi__shm_port_free(c->port);
}

/* A request that names the segment, if `named`. */
static inline int shm_client_request(shm_client *c, const char *method,
                                     const vgi_type *type, const void *row, bool named)
{
    const vgi__shm *s = vgi__shm_port_segment(c->port);
    char size[20];
    const vgi_pair pairs[] = {
        { VGI_LIT(VGI_KEY_METHOD), vgi_str_from(method) },
        { VGI_LIT(VGI_KEY_REQUEST_VERSION), VGI_LIT(VGI_REQUEST_VERSION) },
        { VGI_LIT(VGI_KEY_SHM_SEGMENT_NAME), vgi__shm_name(s) },
        { VGI_LIT(VGI_KEY_SHM_SEGMENT_SIZE),
          { size, (size_t)snprintf(size, sizeof(size), "%llu",
                                   (unsigned long long)vgi__shm_size(s)) } },
    };

    c->pointers = 0;
    return peer_send_row(&c->p, &(vgi_metadata){ pairs, named ? 4 : 2 }, type, row);
}

static inline int shm_client_send(shm_client *c)
{
    return vgi__writer_flush(c->out, c->p.io, NULL);
}

static inline int shm_client_begin(shm_client *c)
{
    int rc = vgi__writer_schema(c->out, c->schema, NULL);

    if (rc == VGI_OK && (rc = shm_client_send(c)) == VGI_OK)
        rc = peer_begin(&c->p);
    return rc;
}

/* The next answer, out of the segment. */
static inline int shm_client_next(shm_client *c)
{
    int rc = peer_next(&c->p);

    if (rc != VGI_OK)
        return rc;
    c->pointers += vgi__batch_classify(&c->p.batch) == VGI__BATCH_SHM;
    return vgi__shm_take(c->port, &c->p.batch, NULL);
}

/* Done with the last answer. */
static inline int shm_client_drop(shm_client *c)
{
    vgi__batch_drop_data(&c->p.batch);
    return vgi__shm_settle_port(c->port, NULL);
}

/* Send the values 0, 1, ...; the answer is in c->p.batch until it is dropped. */
static inline int shm_client_exchange(shm_client *c, int64_t rows)
{
    struct ArrowArray *root;
    void *items;
    int rc;

    vgi__builder_reset(c->builder);
    if ((rc = vgi__builder_column(c->builder, 1, rows, &items)) != VGI_OK)
        return rc;
    for (int64_t i = 0; i < rows; i++)
        ((double *)items)[i] = (double)i;
    if ((rc = vgi__builder_finish(c->builder, rows, &root, NULL)) != VGI_OK)
        return rc;
    rc = vgi__shm_put(c->port, c->out, c->schema, root, NULL, NULL);
    if (rc == VGI_END)
        rc = vgi__writer_batch(c->out, root, NULL, NULL);
    if (rc != VGI_OK || (rc = shm_client_send(c)) != VGI_OK)
        return rc;
    return shm_client_next(c);
}

/* End the input, and read the rest of the answers. */
static inline int shm_client_end(shm_client *c)
{
    int rc = vgi__writer_eos(c->out, NULL);

    if (rc == VGI_OK && (rc = shm_client_send(c)) == VGI_OK)
        rc = vgi__reader_drain(c->p.reader, NULL);
    return rc;
}

/* Allocations in the segment; SIZE_MAX: it is broken. */
static inline size_t shm_client_regions(shm_client *c)
{
    const vgi__shm_region *list;
    size_t n;

    return vgi__shm_regions(vgi__shm_port_segment(c->port), &list, &n, NULL) == VGI_OK
               ? n
               : SIZE_MAX;
}

#endif
