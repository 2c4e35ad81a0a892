/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Introspection of current servers: the protocol vgi_rpc.Reflection.v1. Its two methods
 * answer with a binary value that holds a one-row IPC stream; columns that are not
 * described here are ignored.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "client/connection.h"
#include "wire/keys.h"

#define FRAMEWORK_PREFIX "vgi_rpc."

typedef struct protocol_info {
    vgi_str protocol, protocol_version;
} protocol_info;
VGI_STRUCT(protocol_info, VGI_FIELD(protocol_info, protocol),
           VGI_FIELD(protocol_info, protocol_version));

typedef struct protocol_list {
    vgi_str server_id;
    VGI_SLICE(protocol_info) protocols;
} protocol_list;
VGI_STRUCT(protocol_list, VGI_FIELD(protocol_list, server_id),
           VGI_LIST(protocol_list, protocols, protocol_info));

typedef struct method_entry {
    vgi_str name, method_type, stream_kind;
    bool has_return, has_header;
    vgi_bytes params_schema_ipc, result_schema_ipc, header_schema_ipc;
} method_entry;
VGI_STRUCT(method_entry, VGI_FIELD(method_entry, name),
           VGI_FIELD(method_entry, method_type), VGI_FIELD(method_entry, has_return),
           VGI_FIELD(method_entry, has_header), VGI_FIELD(method_entry, stream_kind),
           VGI_FIELD(method_entry, params_schema_ipc),
           VGI_FIELD(method_entry, result_schema_ipc),
           VGI_FIELD(method_entry, header_schema_ipc));

typedef struct service_entry {
    vgi_str protocol, protocol_version, protocol_hash;
    VGI_SLICE(method_entry) methods;
} service_entry;
VGI_STRUCT(service_entry, VGI_FIELD(service_entry, protocol),
           VGI_FIELD(service_entry, protocol_version),
           VGI_FIELD(service_entry, protocol_hash),
           VGI_LIST(service_entry, methods, method_entry));

typedef struct describe_params {
    vgi_str protocol;
} describe_params;
VGI_STRUCT(describe_params, VGI_FIELD(describe_params, protocol));

/* Call a reflection method; *blob, owned, is the one-row stream it answers with. */
static int reflect(vgi_client *c, const char *method, const vgi_batch *params,
                   vgi_batch **blob, vgi_error *err)
{
    const vgi__target target = { .method = method, .protocol = VGI_PROTOCOL_REFLECTION };
    const vgi__payload payload = vgi__payload_of(params);
    vgi_bytes bytes;
    int rc = vgi__client_unary(c, &target, &payload, err);

    if (rc != VGI_OK)
        return rc;
    if (vgi_batch_rows(&c->answer) != 1 ||
        vgi_batch_bytes(&c->answer, "result", 0, &bytes) != VGI_OK || !bytes.data)
        return vgi__fail(err, VGI_EPROTO, NULL, "the server's answer to %s has no result",
                         method);
    rc = vgi_batch_decode(blob, bytes, err);
    if (rc == VGI_END)
        rc = vgi__fail(err, VGI_EPROTO, NULL, "the server's answer to %s is empty",
                       method);
    return rc;
}

/* *out borrows from *blob, which is owned, and from `mem`. */
static int list_protocols(vgi_client *c, protocol_list *out, vgi_arena *mem,
                          vgi_batch **blob, vgi_error *err)
{
    int rc = reflect(c, "list_protocols", NULL, blob, err);

    return rc == VGI_OK ? vgi_batch_row(*blob, 0, VGI_INTO(protocol_list, out), mem, err)
                        : rc;
}

/* The protocol that clients mean who name none: the first that is not the framework's. */
static const protocol_info *first_application(const protocol_list *list)
{
    const size_t n = strlen(FRAMEWORK_PREFIX);

    for (size_t i = 0; i < list->protocols.count; i++) {
        const protocol_info *p = &list->protocols.items[i];
        if (p->protocol.len < n || memcmp(p->protocol.data, FRAMEWORK_PREFIX, n) != 0)
            return p;
    }
    return NULL;
}

int vgi__client_adopt(vgi_client *c, vgi_str protocol, vgi_str version, vgi_error *err)
{
    char *name = vgi__strndup(c->allocator, protocol.data, protocol.len);
    char *declared = c->protocol_version;

    if (name && !declared && version.len)
        declared = vgi__strndup(c->allocator, version.data, version.len);
    if (!name || (version.len && !declared)) {
        vgi__free(c->allocator, name);
        return vgi__fail_nomem(err);
    }
    vgi__free(c->allocator, c->protocol);
    c->protocol = name;
    c->protocol_version = declared;
    c->routing = VGI__ROUTING_NAMED;
    return VGI_OK;
}

static int learn_from(vgi_client *c, const protocol_list *list, vgi_error *err)
{
    const protocol_info *p = first_application(list);

    if (!p)
        return vgi__fail(err, VGI_ENOTFOUND, NULL,
                         "the server hosts no application protocol");
    return vgi__client_adopt(c, p->protocol, p->protocol_version, err);
}

int vgi__client_learn(vgi_client *c, vgi_error *err)
{
    vgi_arena mem = { .allocator = c->allocator };
    vgi_batch *blob = NULL;
    protocol_list list;
    int rc = list_protocols(c, &list, &mem, &blob, err);

    if (rc == VGI_OK)
        rc = learn_from(c, &list, err);
    vgi_batch_unref(blob);
    vgi_arena_free(&mem);
    return rc;
}

static int add_methods(vgi_description *d, const service_entry *s, vgi_error *err)
{
    int rc = vgi__description_reserve(d, s->methods.count, err);

    for (size_t i = 0; i < s->methods.count && rc == VGI_OK; i++) {
        const method_entry *m = &s->methods.items[i];
        rc = vgi__description_add(d,
                                  &(vgi__described){ .name = m->name,
                                                     .method_type = m->method_type,
                                                     .stream_kind = m->stream_kind,
                                                     .has_return = m->has_return,
                                                     .has_header = m->has_header,
                                                     .params = m->params_schema_ipc,
                                                     .result = m->result_schema_ipc,
                                                     .header = m->header_schema_ipc },
                                  err);
    }
    return rc;
}

/* Describe the protocol that the client is bound to. */
static int describe_protocol(vgi_client *c, vgi_description *d, vgi_error *err)
{
    const describe_params params = { vgi_str_from(c->protocol) };
    vgi_arena mem = { .allocator = c->allocator };
    vgi_batch *in = NULL, *blob = NULL;
    service_entry s;
    int rc = vgi_batch_from_rows(&in, VGI_FROM(describe_params, &params), 1, err);

    if (rc == VGI_OK)
        rc = reflect(c, "describe", in, &blob, err);
    if (rc == VGI_OK)
        rc = vgi_batch_row(blob, 0, VGI_INTO(service_entry, &s), &mem, err);
    if (rc == VGI_OK) {
        d->version = VGI_PROTOCOL_REFLECTION;
        d->name = vgi__description_str(d, s.protocol);
        d->protocol_version = vgi__description_str(d, s.protocol_version);
        d->hash = vgi__description_str(d, s.protocol_hash);
        rc = d->name && d->protocol_version && d->hash ? add_methods(d, &s, err)
                                                       : vgi__fail_nomem(err);
    }
    /* A protocol that the caller named may have been missing its version. */
    if (rc == VGI_OK)
        rc = vgi__client_adopt(c, params.protocol, s.protocol_version, err);
    vgi_batch_unref(in);
    vgi_batch_unref(blob);
    vgi_arena_free(&mem);
    return rc;
}

int vgi__describe_reflection(vgi_client *c, vgi_description *d, vgi_error *err)
{
    vgi_arena mem = { .allocator = c->allocator };
    vgi_batch *blob = NULL;
    protocol_list list;
    int rc = list_protocols(c, &list, &mem, &blob, err);

    if (rc == VGI_OK && !(d->server_id = vgi__description_str(d, list.server_id)))
        rc = vgi__fail_nomem(err);
    if (rc == VGI_OK && c->routing != VGI__ROUTING_NAMED)
        rc = learn_from(c, &list, err);
    vgi_batch_unref(blob);
    vgi_arena_free(&mem);
    return rc == VGI_OK ? describe_protocol(c, d, err) : rc;
}
