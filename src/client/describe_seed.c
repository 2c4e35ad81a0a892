/* SPDX-License-Identifier: Apache-2.0 */
/* Introspection of servers of the seed epoch: __describe__, one row per method. */
#include "base/fail.h"
#include "client/connection.h"
#include "wire/keys.h"

typedef struct describe_row {
    vgi_str name, method_type;
    bool has_return, has_header;
    vgi_bytes params_schema_ipc, result_schema_ipc, header_schema_ipc;
    const bool *is_exchange;
} describe_row;
VGI_STRUCT(describe_row, VGI_FIELD(describe_row, name),
           VGI_FIELD(describe_row, method_type), VGI_FIELD(describe_row, has_return),
           VGI_FIELD(describe_row, has_header),
           VGI_FIELD(describe_row, params_schema_ipc),
           VGI_FIELD(describe_row, result_schema_ipc),
           VGI_FIELD(describe_row, header_schema_ipc, .nullable = true),
           VGI_FIELD(describe_row, is_exchange));

static vgi_str stream_kind(const describe_row *row)
{
    if (!row->is_exchange)
        return VGI_LIT("unknown");
    return *row->is_exchange ? VGI_LIT("exchange") : VGI_LIT("producer");
}

static int add_row(vgi_description *d, const vgi_batch *b, int64_t i, vgi_arena *mem,
                   vgi_error *err)
{
    describe_row row;
    int rc = vgi_batch_row(b, i, VGI_INTO(describe_row, &row), mem, err);

    if (rc != VGI_OK)
        return rc;
    return vgi__description_add(d,
                                &(vgi__described){ .name = row.name,
                                                   .method_type = row.method_type,
                                                   .stream_kind = stream_kind(&row),
                                                   .has_return = row.has_return,
                                                   .has_header = row.has_header,
                                                   .params = row.params_schema_ipc,
                                                   .result = row.result_schema_ipc,
                                                   .header = row.header_schema_ipc },
                                err);
}

/* A value of the answer's metadata; "" when it is not there. */
static int copy_key(vgi_description *d, const vgi_metadata *m, const char *key,
                    const char **out, vgi_error *err)
{
    vgi_str value = VGI_LIT("");

    vgi_metadata_get(m, key, &value);
    *out = vgi__description_str(d, value);
    return *out ? VGI_OK : vgi__fail_nomem(err);
}

int vgi__describe_seed(vgi_client *c, vgi_description *d, vgi_error *err)
{
    const vgi__target target = { .method = VGI_METHOD_DESCRIBE, .plain = true };
    const vgi_batch *b = &c->answer;
    vgi_arena mem = { .allocator = c->allocator };
    vgi_metadata m;
    int rc = vgi__client_unary(c, &target, &(vgi__payload){ 0 }, err);

    if (rc != VGI_OK)
        return rc;
    m = vgi_batch_metadata(b);
    rc = copy_key(d, &m, VGI_KEY_PROTOCOL_NAME, &d->name, err);
    if (rc == VGI_OK)
        rc = copy_key(d, &m, VGI_KEY_DESCRIBE_VERSION, &d->version, err);
    if (rc == VGI_OK)
        rc = copy_key(d, &m, VGI_KEY_PROTOCOL_HASH, &d->hash, err);
    if (rc == VGI_OK)
        rc = copy_key(d, &m, VGI_KEY_SERVER_ID, &d->server_id, err);
    if (rc == VGI_OK)
        rc = vgi__description_reserve(d, (size_t)vgi_batch_rows(b), err);
    for (int64_t i = 0; i < vgi_batch_rows(b) && rc == VGI_OK; i++) {
        rc = add_row(d, b, i, &mem, err);
        vgi_arena_reset(&mem);
    }
    /* A version means nothing without its protocol. */
    if (rc == VGI_OK && c->protocol_version && !c->protocol && *d->name)
        rc = vgi__client_adopt(c, vgi_str_from(d->name), VGI_LIT(""), err);
    vgi_arena_free(&mem);
    return rc;
}
