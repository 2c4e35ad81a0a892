/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The current epoch: every request names the protocol it addresses and, where that
 * declares one, the version the client was made for; parameters must be exactly what the
 * method declares.
 */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/json.h"
#include "base/utf8.h"
#include "rpc/epoch.h"

static const vgi_failure not_specified = { .type = "ProtocolNotSpecifiedError",
                                           .code = "INVALID_ARGUMENT",
                                           .kind = "protocol_not_specified" };
const vgi_failure vgi__protocol_not_supported = { .type = "ProtocolNotSupportedError",
                                                  .code = "UNIMPLEMENTED",
                                                  .kind = "protocol_not_supported" };
static const vgi_failure not_implemented = { .type = "MethodNotImplementedError",
                                             .code = "UNIMPLEMENTED",
                                             .kind = "method_not_implemented" };

/* ---- routing ---- */

/* "['A', 'b']": the hosted protocols, sorted, as a NUL-terminated text in the scratch. */
static const char *hosted(vgi_call *c)
{
    const vgi__registry *r = c->registry;
    const char *last = "";

    vgi__buffer_clear(&c->scratch);
    vgi__buffer_char(&c->scratch, '[');
    for (size_t n = 0; n < r->n_services; n++) {
        const char *next = NULL;

        for (size_t i = 0; i < r->n_services; i++) {
            const char *name = r->services[i]->def.name;

            if (strcmp(name, last) > 0 && (!next || strcmp(name, next) < 0))
                next = name;
        }
        vgi__buffer_printf(&c->scratch, n == 0 ? "'%s'" : ", '%s'", next);
        last = next;
    }
    vgi__buffer_str(&c->scratch, "]");
    vgi__buffer_char(&c->scratch, '\0');
    return c->scratch.failed ? "" : (const char *)c->scratch.data;
}

static int reserved_method(vgi_call *c)
{
    char echo[VGI_ECHO_SIZE];

    if (VGI__IS(c->keys.method, VGI_METHOD_DESCRIBE))
        return vgi__call_refuse(
            c, &not_implemented,
            "'" VGI_METHOD_DESCRIBE "' was retired. Introspection is now the "
            "'vgi_rpc.Reflection.v1' protocol: call 'list_protocols' for "
            "what this server hosts, then 'describe' for one protocol's "
            "methods.");
    return vgi__call_refuse(c, &not_implemented,
                            "This server does not implement the reserved method '%s'.",
                            vgi__echo(echo, c->keys.method));
}

static int find_service(vgi_call *c, const vgi__service **out)
{
    const vgi__request *q = &c->keys;
    char echo[VGI_ECHO_SIZE];
    const char *wrong;

    if (!q->has_protocol || q->protocol.len == 0)
        return vgi__call_refuse(
            c, &not_specified,
            "Request carries no '" VGI_KEY_PROTOCOL "' routing key. Every "
            "request must name the protocol it addresses. This server "
            "hosts: %s.",
            hosted(c));
    if (!vgi__utf8_valid(q->protocol.data, q->protocol.len))
        return vgi__call_refuse(c, &not_specified,
                                "'" VGI_KEY_PROTOCOL "' is not valid UTF-8.");
    if ((wrong = vgi__protocol_name_check(q->protocol, true)))
        return vgi__call_refuse(c, &vgi__protocol_not_supported,
                                "'" VGI_KEY_PROTOCOL "' is not a protocol name: '%s' %s.",
                                vgi__echo(echo, q->protocol), wrong);
    *out = vgi__registry_find(c->registry, q->protocol);
    if (!*out)
        return vgi__call_refuse(c, &vgi__protocol_not_supported,
                                "This server does not host protocol '%s'. Hosted: %s.",
                                vgi__echo(echo, q->protocol), hosted(c));
    return VGI_OK;
}

static int find(vgi_call *c)
{
    const vgi__service *s;
    char echo[VGI_ECHO_SIZE];
    int rc;

    if (vgi__name_is_dunder(c->keys.method))
        return reserved_method(c);
    if ((rc = find_service(c, &s)) != VGI_OK)
        return rc;
    c->method = vgi__visible_method(s, c->keys.method, VGI_VISIBLE_CURRENT);
    if (c->method)
        return VGI_OK;
    vgi__buffer_clear(&c->scratch);
    vgi__method_list(&c->scratch, s, VGI_VISIBLE_CURRENT, NULL);
    return vgi__call_refuse(c, &not_implemented,
                            "Protocol '%s' has no method '%s'. Available: %s.",
                            s->def.name, vgi__echo(echo, c->keys.method),
                            c->scratch.failed ? "" : (const char *)c->scratch.data);
}

/* ---- the version gate ---- */

/* `client` is what the first line calls its version, `declared` what the details do. */
static int version_mismatch(vgi_call *c, const char *client, const char *declared,
                            const char *direction)
{
    const vgi_service *s = &c->method->service->def;
    vgi__buffer *b = &c->scratch;
    char line[VGI_ECHO_SIZE + 256];
    vgi_failure what = { .type = "ProtocolVersionError",
                         .code = "FAILED_PRECONDITION",
                         .kind = "protocol_version_mismatch" };
    int n = snprintf(line, sizeof(line),
                     "client declares %s, server requires %s; major and minor must match",
                     declared, s->version);

    vgi__buffer_clear(b);
    vgi__buffer_str(b, "[{\"@type\":\"vgi_rpc.PreconditionFailure\",\"violations\":"
                       "[{\"type\":\"protocol_version\",\"subject\":");
    vgi__json_string(b, s->name, strlen(s->name));
    vgi__buffer_str(b, ",\"description\":");
    vgi__json_string(b, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
    vgi__buffer_str(b, "}]}]");
    vgi__buffer_char(b, '\0');
    what.details = b->failed ? NULL : (const char *)b->data;
    return vgi__call_refuse(
        c, &what,
        "VGI client/worker protocol_version mismatch for protocol '%s'.\n"
        "  Client: %s\n"
        "  Server: %s\n"
        "  Direction: %s",
        s->name, client, s->version, direction);
}

static int gate(vgi_call *c)
{
    const vgi__service *s = c->method->service;
    const vgi__request *q = &c->keys;
    char echo[VGI_ECHO_SIZE], direction[VGI_ECHO_SIZE + 128];
    uint64_t v[3];

    if (!s->def.version)
        return VGI_OK;
    if (!q->has_protocol_version)
        return version_mismatch(
            c, "<not declared>", "<none>",
            "the client did not send a " VGI_KEY_PROTOCOL_VERSION
            " metadata key. This is either a vgi-rpc framework bug or a "
            "non-VGI client connecting to a VGI worker.");
    if (!vgi__utf8_valid(q->protocol_version.data, q->protocol_version.len))
        return version_mismatch(c, "<undecodable bytes>", "<undecodable>",
                                "client sent non-UTF-8 protocol_version metadata.");
    vgi__echo(echo, q->protocol_version);
    if (!vgi__version_parse(q->protocol_version, v))
        return version_mismatch(
            c, echo, echo,
            "client sent a malformed protocol_version. Expected canonical "
            "semver MAJOR.MINOR.PATCH.");
    if (v[0] == s->version[0] && v[1] == s->version[1])
        return VGI_OK;
    if (v[0] < s->version[0] || (v[0] == s->version[0] && v[1] < s->version[1]))
        (void)snprintf(direction, sizeof(direction),
                       "client is too old; upgrade the VGI extension/client to a version "
                       "supporting protocol_version %s.",
                       s->def.version);
    else
        (void)snprintf(
            direction, sizeof(direction),
            "server is too old; upgrade the VGI worker to a version supporting "
            "protocol_version %s.",
            echo);
    return version_mismatch(c, echo, echo, direction);
}

/* ---- parameters ---- */

/* Names of `a` that `b` does not have, into the scratch: "x, y", quoted if asked. */
static bool names_missing(vgi_call *c, const vgi_schema *a, const vgi_schema *b,
                          const char *quote)
{
    const char *comma = "";

    vgi__buffer_clear(&c->scratch);
    for (size_t i = 0; i < vgi_schema_columns(a); i++) {
        const char *name = vgi_schema_name(a, i);

        if (vgi_schema_find(b, name) >= 0)
            continue;
        vgi__buffer_printf(&c->scratch, "%s%s%s%s", comma, quote, name, quote);
        comma = ", ";
        if (c->scratch.len > VGI_ERROR_ECHO_BYTES)
            break; /* an error repeats no more than that */
    }
    return c->scratch.len > 0;
}

static int undeclared(vgi_call *c)
{
    const vgi_schema *declared = c->method->params_schema;
    char echo[VGI_ECHO_SIZE];

    vgi__echo(echo, (vgi_str){ (const char *)c->scratch.data, c->scratch.len });
    vgi__buffer_clear(&c->scratch);
    for (size_t i = 0; i < vgi_schema_columns(declared); i++)
        vgi__buffer_printf(&c->scratch, i == 0 ? "%s" : ", %s",
                           vgi_schema_name(declared, i));
    if (vgi_schema_columns(declared) == 0)
        vgi__buffer_str(&c->scratch, "<no parameters>");
    vgi__buffer_char(&c->scratch, '\0');
    return vgi_fail(
        c, "TypeError",
        "Request carries parameter(s) this protocol does not declare: %s. Declared: "
        "%s. The caller and this worker disagree about the method signature \xe2\x80\x94 "
        "check their protocol versions.",
        echo, c->scratch.failed ? "" : (const char *)c->scratch.data);
}

static int other_type(vgi_call *c, size_t column)
{
    const vgi_schema *declared = c->method->params_schema, *sent = c->request.schema;
    char want[VGI_ERROR_ECHO_BYTES], got[VGI_ERROR_ECHO_BYTES], echo[VGI_ECHO_SIZE];

    (void)vgi_schema_type_text(declared, column, want, sizeof(want));
    (void)vgi_schema_type_text(sent, column, got, sizeof(got));
    return vgi_fail(
        c, "TypeError",
        "%s() parameter '%s' expected Arrow type %s but the request batch carried %s",
        c->method->name, vgi_schema_name(declared, column), want,
        vgi__echo(echo, vgi_str_from(got)));
}

static int check_column(vgi_call *c, size_t column)
{
    const vgi_schema *declared = c->method->params_schema, *sent = c->request.schema;
    const char *want = vgi_schema_name(declared, column),
               *got = vgi_schema_name(sent, column);
    const int32_t nd = vgi__column_node(declared, (int32_t)column);
    const int32_t ns = vgi__column_node(sent, (int32_t)column);
    char echo[VGI_ECHO_SIZE];

    if (strcmp(want, got) != 0)
        return vgi_fail(c, "TypeError",
                        "%s() parameter schema field %zu expected name '%s', got '%s'",
                        c->method->name, column, want,
                        vgi__echo(echo, vgi_str_from(got)));
    if (!vgi__node_equal(declared, nd, sent, ns, false, false))
        return other_type(c, column);
    if (declared->nodes[nd].nullable != sent->nodes[ns].nullable)
        return vgi_fail(
            c, "TypeError",
            "%s() parameter '%s' expected nullable=%s, but the request batch carried "
            "nullable=%s",
            c->method->name, want, declared->nodes[nd].nullable ? "True" : "False",
            sent->nodes[ns].nullable ? "True" : "False");
    return VGI_OK;
}

static int parameters(vgi_call *c)
{
    const vgi_schema *declared = c->method->params_schema, *sent = c->request.schema;
    const size_t n = vgi_schema_columns(declared);
    char echo[VGI_ECHO_SIZE];
    int rc = VGI_OK;

    if (vgi_schema_equal(declared, sent))
        return VGI_OK;
    if (names_missing(c, sent, declared, ""))
        return undeclared(c);
    if (names_missing(c, declared, sent, "'"))
        return vgi_fail(
            c, "TypeError", "%s() missing required argument(s): %s", c->method->name,
            vgi__echo(echo, (vgi_str){ (const char *)c->scratch.data, c->scratch.len }));
    if (vgi_schema_columns(sent) != n)
        return vgi_fail(c, "TypeError",
                        "%s() parameter schema expected %zu fields, got %zu",
                        c->method->name, n, vgi_schema_columns(sent));
    for (size_t i = 0; rc == VGI_OK && i < n; i++)
        rc = check_column(c, i);
    return rc;
}

const vgi__epoch_rules vgi__epoch_current = {
    .current = true,
    .find = find,
    .gate = gate,
    .parameters = parameters,
};
