/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of a request, in the order of the wire document, up to a callable method. */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "rpc/epoch.h"

static int check_keys(vgi_call *c, const vgi__request *q)
{
    char echo[VGI_ECHO_SIZE];

    if (!q->has_method)
        return vgi_fail(
            c, "RpcError",
            "ProtocolError: Missing '" VGI_KEY_METHOD "' in request batch "
            "custom_metadata. Each request batch must carry a '" VGI_KEY_METHOD
            "' key in its Arrow IPC custom_metadata with the method name as a "
            "UTF-8 string.");
    if (!q->has_version)
        return vgi_fail(c, "VersionError",
                        "Missing '" VGI_KEY_REQUEST_VERSION "' in request batch "
                        "custom_metadata. Set the '" VGI_KEY_REQUEST_VERSION
                        "' custom_metadata value to b'" VGI_REQUEST_VERSION "'.");
    if (!VGI__IS(q->version, VGI_REQUEST_VERSION))
        return vgi_fail(
            c, "VersionError",
            "Unsupported request version b'%s', expected b'" VGI_REQUEST_VERSION
            "'. Set the '" VGI_KEY_REQUEST_VERSION
            "' custom_metadata value to b'" VGI_REQUEST_VERSION "'.",
            vgi__echo(echo, q->version));
    if (!vgi__utf8_valid(q->method.data, q->method.len))
        return vgi_fail(c, "RpcError",
                        "ProtocolError: Invalid '" VGI_KEY_METHOD "' in request batch "
                        "custom_metadata: the method name must be valid UTF-8.");
    return VGI_OK;
}

/* The request itself may be a pointer to where its row is. */
static int resolve(vgi_call *c)
{
    vgi_error why;
    int rc = VGI_OK;

    for (vgi__batch_filter *f = c->filter; f && rc == VGI_OK; f = f->next) {
        if (f->request)
            rc = f->request(f, &c->request.metadata, &why);
        if (rc == VGI_OK && f->resolve)
            rc = f->resolve(f, &c->request, &why);
    }
    return rc == VGI_OK ? VGI_OK : vgi__call_fail_error(c, &why);
}

static int check_rows(vgi_call *c)
{
    const int64_t rows = vgi_batch_rows(&c->request);
    char echo[VGI_ECHO_SIZE];

    if (c->request.schema->n_columns == 0 || rows == 1)
        return VGI_OK;
    vgi__buffer_clear(&c->scratch);
    (void)vgi__schema_text(&c->scratch, c->request.schema);
    return vgi_fail(
        c, "RpcError",
        "ProtocolError: Expected 1 row in request batch, got %lld. Each parameter is "
        "a column (not a row). The batch should have exactly 1 row with schema (%s).",
        (long long)rows,
        vgi__echo(echo, (vgi_str){ (const char *)c->scratch.data, c->scratch.len }));
}

/* The epoch's rules for a request's columns. A client sends the same schema again and
 * again, and the reader knows it by its address. */
static int check_parameters(vgi_call *c, const vgi__epoch_rules *rules)
{
    vgi_schema **accepted = &c->slots[c->method->index].accepted[c->keys.epoch];
    int rc = VGI_OK;

    if (*accepted == c->request.schema)
        return VGI_OK;
    if ((rc = rules->parameters(c)) == VGI_OK) {
        vgi_schema_unref(*accepted);
        *accepted = vgi_schema_ref(c->request.schema);
    }
    return rc;
}

/* What any request must have: its keys, and one row (which may be elsewhere). */
static int check_request(vgi_call *c)
{
    int rc = check_keys(c, &c->keys);

    if (rc == VGI_OK)
        rc = resolve(c);
    return rc == VGI_OK ? check_rows(c) : rc;
}

/* The method is found: take the request's row for it. */
static int take_row(vgi_call *c)
{
    const vgi__epoch_rules *rules = vgi__epoch_rules_of(c->keys.epoch);
    int rc;

    if (c->describe)
        return VGI_OK;
    if ((rc = rules->gate(c)) != VGI_OK || (rc = check_parameters(c, rules)) != VGI_OK)
        return rc;
    return vgi__call_bind(c);
}

int vgi__call_route(vgi_call *c)
{
    int rc;

    vgi__request_parse(&c->request.metadata, c->options->compat, &c->keys);
    if ((rc = check_request(c)) != VGI_OK)
        return rc;
    c->negotiate = VGI__IS(c->keys.method, VGI_METHOD_TRANSPORT_OPTIONS);
    if (c->negotiate)
        return VGI_OK;
    rc = vgi__epoch_rules_of(c->keys.epoch)->find(c);
    return rc == VGI_OK ? take_row(c) : rc;
}

int vgi__call_address(vgi_call *c, vgi__epoch epoch, vgi_str service, vgi_str method)
{
    c->keys = (vgi__request){ .epoch = epoch,
                              .has_method = true,
                              .method = method,
                              .has_protocol = service.data != NULL,
                              .protocol = service };
    return vgi__epoch_rules_of(epoch)->find(c);
}

/* Somebody between here and the client may have acted on the address: what the batch says
 * must not be something else. */
static int check_agreement(vgi_call *c, const vgi__request *address)
{
    const vgi__request *q = &c->keys;
    const bool current = vgi__epoch_rules_of(q->epoch)->current;
    char url[VGI_ECHO_SIZE], batch[VGI_ECHO_SIZE];

    if (q->method.len != address->method.len ||
        memcmp(q->method.data, address->method.data, q->method.len) != 0)
        return vgi_fail(c, "TypeError",
                        "Method name mismatch: URL path has '%s' but Arrow IPC "
                        "custom_metadata '" VGI_KEY_METHOD
                        "' has '%s'. These must match.",
                        vgi__echo(url, address->method), vgi__echo(batch, q->method));
    if (current && q->has_protocol && q->protocol.len > 0 &&
        !vgi_str_eq(q->protocol, c->method->service->def.name))
        return vgi__call_refuse(
            c, &vgi__protocol_not_supported,
            "Protocol mismatch: the request path resolved to '%s' but the Arrow IPC "
            "custom_metadata '" VGI_KEY_PROTOCOL "' says '%s'. These must agree.",
            c->method->service->def.name, vgi__echo(batch, q->protocol));
    return VGI_OK;
}

int vgi__call_accept(vgi_call *c)
{
    const vgi__request address = c->keys;
    int rc;

    vgi__request_parse(&c->request.metadata, c->options->compat, &c->keys);
    c->keys.epoch = address.epoch;
    if ((rc = check_request(c)) == VGI_OK)
        rc = check_agreement(c, &address);
    return rc == VGI_OK ? take_row(c) : rc;
}

int vgi__call_accept_own(vgi_call *c, const char *name)
{
    char echo[VGI_ECHO_SIZE];
    int rc;

    vgi__request_parse(&c->request.metadata, c->options->compat, &c->keys);
    if ((rc = check_keys(c, &c->keys)) == VGI_OK && !vgi_str_eq(c->keys.method, name))
        rc = vgi_fail(c, "TypeError", "Method mismatch: expected '%s', got '%s'", name,
                      vgi__echo(echo, c->keys.method));
    return rc == VGI_OK ? check_rows(c) : rc;
}

int vgi__call_reject(vgi_call *c, vgi_error *err)
{
    const bool unary = c->method && !c->method->stream;
    int rc = vgi__writer_schema(
        c->writer, unary ? c->method->result_schema : vgi__schema_empty(), err);

    if (rc == VGI_OK)
        rc = vgi__call_write_kept_logs(c, err);
    if (rc == VGI_OK)
        rc = vgi__call_write_failure(c, err);
    return rc == VGI_OK ? vgi__writer_eos(c->writer, err) : rc;
}

const vgi__method *vgi__visible_method(const vgi__service *s, vgi_str name,
                                       unsigned visible)
{
    const vgi__method *m = vgi__service_find(s, name);

    return m && (m->visible & visible) ? m : NULL;
}

static void append_name(vgi__buffer *b, const char *name, bool *first)
{
    vgi__buffer_printf(b, *first ? "'%s'" : ", '%s'", name);
    *first = false;
}

void vgi__method_list(vgi__buffer *b, const vgi__service *s, unsigned visible,
                      const char *extra)
{
    bool first = true;

    vgi__buffer_char(b, '[');
    for (size_t i = 0; i < s->n_methods; i++) {
        const vgi__method *m = &s->methods[i];

        if (extra && strcmp(extra, m->name) < 0) {
            append_name(b, extra, &first);
            extra = NULL;
        }
        if (m->visible & visible)
            append_name(b, m->name, &first);
    }
    if (extra)
        append_name(b, extra, &first);
    vgi__buffer_str(b, "]");
    vgi__buffer_char(b, '\0');
}
