/* SPDX-License-Identifier: Apache-2.0 */
/* What registration checks, with the exact messages; names; and the two hashes. */
#include "support/traced.h"

#include <string.h>

#include "rpc/method.h"
#include "support/rpc/calc.h"

static int unary(vgi_call *call, const void *in, void *out)
{
    (void)call;
    (void)in;
    (void)out;
    return VGI_OK;
}

static int open_stream(vgi_call *call, const void *in, void *state)
{
    return unary(call, in, state);
}

static int next(vgi_call *call, void *state, vgi_output *out)
{
    (void)call;
    (void)state;
    (void)out;
    return VGI_OK;
}

/* A method that is right, to be spoilt. */
static vgi_method good(void)
{
    return (vgi_method){ .size = sizeof(vgi_method),
                         .ident = "m",
                         .kind = VGI_METHOD_UNARY,
                         .params = &vgi_type_calc_pair,
                         .result = &vgi_type_double,
                         .unary = unary };
}

static vgi_method good_stream(void)
{
    return (vgi_method){ .size = sizeof(vgi_method),
                         .ident = "s",
                         .kind = VGI_METHOD_PRODUCER,
                         .params = &vgi_type_calc_pair,
                         .state = &vgi_type_calc_count,
                         .output = &vgi_type_calc_row,
                         .open = open_stream,
                         .next = next };
}

/* Register a service of these methods; NULL or the message of the refusal. */
static const char *register_service(const vgi_service *service)
{
    static vgi_error err;
    vgi__registry *r;
    int rc;

    err.message[0] = '\0';
    assert_int_equal(vgi__registry_new(&r, NULL, &err), VGI_OK);
    rc = vgi__registry_add(r, service, &err);
    vgi__registry_free(r);
    assert_int_equal(rc == VGI_OK, err.message[0] == '\0');
    return rc == VGI_OK ? NULL : err.message;
}

static const char *register_methods(const vgi_method *a, const vgi_method *b)
{
    const vgi_method *const methods[] = { a, b, NULL };
    const vgi_service s = { VGI_SERVICE_INIT, .name = "S", .methods = methods };

    return register_service(&s);
}

static void test_services(void **state)
{
    static const vgi_method *const none[] = { NULL };
    char name[300];
    vgi_service s = { VGI_SERVICE_INIT, .name = "S", .methods = none };

    (void)state;
    assert_null(register_service(&s));
    s.name = "1S";
    assert_string_equal(register_service(&s),
                        "service name '1S' does not begin with a letter or '_'");
    s.name = "a-b";
    assert_string_equal(register_service(&s),
                        "service name 'a-b' has other characters than "
                        "letters, digits, '_' and '.'");
    s.name = "vgi_rpc.Mine";
    assert_string_equal(
        register_service(&s),
        "service name 'vgi_rpc.Mine' begins with 'vgi_rpc.', which is reserved");
    s.name = "";
    assert_string_equal(register_service(&s), "service name '' is empty");
    memset(name, 'x', sizeof(name));
    name[256] = '\0';
    s.name = name;
    assert_non_null(strstr(register_service(&s), "is longer than 255 bytes"));
    s.name = "S";
    s.version = "1.0";
    assert_string_equal(register_service(&s),
                        "S: version '1.0' is not MAJOR.MINOR.PATCH");
    s.version = NULL;
    s.methods = NULL;
    assert_string_equal(register_service(&s), "S has no table of methods");
    s.size = 0;
    assert_string_equal(register_service(&s),
                        "the service table has no size: begin it with VGI_SERVICE_INIT");
}

static void test_methods(void **state)
{
    vgi_method m = good(), n = good();

    (void)state;
    assert_null(register_methods(&m, NULL));
    assert_string_equal(register_methods(&m, &n), "S.m: the method is published twice");
    m.name = "__m__";
    assert_string_equal(register_methods(&m, NULL),
                        "S.__m__: method names in double underscores are reserved");
    m.name = "";
    assert_string_equal(register_methods(&m, NULL),
                        "S.: a method name is UTF-8, not empty and "
                        "within limits.name_bytes");
    m = good();
    m.visible = 8;
    assert_string_equal(register_methods(&m, NULL), "S.m: unknown bits in .visible");
    m = good();
    m.unary = NULL;
    assert_string_equal(register_methods(&m, NULL),
                        "S.m: a unary method needs params, result and a handler");
    m = good();
    m.header = &vgi_type_calc_header;
    assert_string_equal(register_methods(&m, NULL), "S.m: only streams have headers");
    m = good();
    m.kind = (vgi_method_kind)9;
    assert_string_equal(register_methods(&m, NULL), "S.m: unknown kind of method");
    m = good();
    m.size = 8;
    assert_string_equal(register_methods(&m, NULL),
                        "S: method 1 has no size or no name: publish it with a macro");
}

static void test_streams(void **state)
{
    vgi_method m = good_stream();

    (void)state;
    assert_null(register_methods(&m, NULL));
    m.next = NULL;
    assert_string_equal(register_methods(&m, NULL),
                        "S.s: a producer needs a next handler");
    m = good_stream();
    m.kind = VGI_METHOD_EXCHANGE;
    assert_string_equal(register_methods(&m, NULL),
                        "S.s: an exchange needs input and an exchange handler");
    m = good_stream();
    m.state = NULL;
    assert_string_equal(register_methods(&m, NULL),
                        "S.s: a stream needs params, state, output and an open handler");
    m = good_stream();
    m.output = &vgi_type_double;
    assert_string_equal(register_methods(&m, NULL),
                        "S.s: the rows of a stream are described structs or vgi_void");
    m = good_stream();
    m.header = &vgi_type_double;
    assert_string_equal(register_methods(&m, NULL),
                        "S.s: a stream header is a described struct");
}

typedef struct forgetful {
    int64_t told, untold;
} forgetful;
VGI_STRUCT(forgetful, VGI_FIELD(forgetful, told));

/* The types of every role are checked, the state's too; messages say where. */
static void test_types(void **state)
{
    vgi_method m = good(), s = good_stream();
    const char *message;

    (void)state;
    m.params = &vgi_type_forgetful;
    message = register_methods(&m, NULL);
    assert_non_null(strstr(message, "S.m parameters"));
    assert_non_null(strstr(message, "bytes 8..15 belong to no described member"));
    s.state = &vgi_type_forgetful;
    assert_non_null(strstr(register_methods(&s, NULL), "S.s state"));
}

static void test_duplicate_service(void **state)
{
    vgi__registry *r;
    vgi_error err;

    (void)state;
    assert_int_equal(vgi__registry_new(&r, NULL, &err), VGI_OK);
    assert_int_equal(vgi__registry_add(r, &calc_service, &err), VGI_OK);
    assert_int_equal(vgi__registry_add(r, &calc_service, &err), VGI_EINVAL);
    assert_string_equal(err.message, "service 'Calc' is already hosted");
    vgi__registry_free(r);
}

static void test_options(void **state)
{
    vgi_server_options o = { .size = sizeof(o), .compat = (vgi_compat)7 };
    const vgi_dispatch_hook hook = { .user = NULL };
    vgi__registry *r;
    vgi_error err;

    (void)state;
    assert_int_equal(vgi__registry_new(&r, &o, &err), VGI_EINVAL);
    assert_string_equal(err.message, "unknown compat option 7");
    o = (vgi_server_options){ .size = sizeof(o), .server_id = "\xff" };
    assert_int_equal(vgi__registry_new(&r, &o, &err), VGI_EINVAL);
    assert_string_equal(err.message, "the server id is not at most 255 bytes of UTF-8");
    o = (vgi_server_options){ .size = 1 };
    assert_int_equal(vgi__registry_new(&r, &o, &err), VGI_EINVAL);
    o = (vgi_server_options){ .size = sizeof(o), .n_hooks = 1 };
    assert_int_equal(vgi__registry_new(&r, &o, &err), VGI_EINVAL);
    assert_string_equal(err.message, "the options count 1 hooks but name none");

    /* A struct from before the hooks were there. */
    o = (vgi_server_options){ .size = offsetof(vgi_server_options, hooks),
                              .hooks = &hook,
                              .n_hooks = 1 };
    assert_int_equal(vgi__registry_new(&r, &o, &err), VGI_OK);
    assert_int_equal(vgi__registry_options(r)->n_hooks, 0);
    assert_int_equal(vgi__registry_options(r)->limits.depth, VGI_DEFAULT_DEPTH);
    assert_int_equal(strlen(vgi__registry_server_id(r)), 12);
    vgi__registry_free(r);
}

static void test_find(void **state)
{
    vgi__registry *r;
    vgi_error err;

    (void)state;
    assert_int_equal(vgi__registry_new(&r, NULL, &err), VGI_OK);
    assert_int_equal(vgi__registry_add(r, &calc_service, &err), VGI_OK);
    const vgi__service *s = vgi__registry_find(r, VGI_LIT("Calc"));
    assert_non_null(s);
    for (size_t i = 0; i < s->n_methods; i++) {
        const vgi__method *m = &s->methods[i];

        assert_ptr_equal(vgi__service_find(s, (vgi_str){ m->name, m->name_len }), m);
        assert_int_equal(m->index, i);
        if (i > 0)
            assert_true(strcmp(m[-1].name, m->name) < 0);
    }
    assert_null(vgi__service_find(s, VGI_LIT("addd")));
    assert_null(vgi__service_find(s, VGI_LIT("ad")));
    assert_null(vgi__registry_find(r, VGI_LIT("calc")));
    vgi__registry_free(r);
}

static void test_versions(void **state)
{
    static const char *const bad[] = { "",
                                       "1",
                                       "1.2",
                                       "1.2.",
                                       "1.2.3.",
                                       "1.2.3.4",
                                       "01.2.3",
                                       "1.02.3",
                                       "1.2.-3",
                                       "1.2.3-rc1",
                                       " 1.2.3",
                                       "a.b.c",
                                       "1.2.99999999999999999999" };
    uint64_t v[3];

    (void)state;
    assert_true(vgi__version_parse(VGI_LIT("0.10.200"), v));
    assert_true(v[0] == 0 && v[1] == 10 && v[2] == 200);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (vgi__version_parse(vgi_str_from(bad[i]), v))
            fail_msg("'%s' was taken for a version", bad[i]);
}

/* ---- hashes ---- */

typedef struct tiny_params {
    int64_t a, b;
} tiny_params;
VGI_STRUCT(tiny_params, VGI_FIELD(tiny_params, a), VGI_FIELD(tiny_params, b));

/* The reference's vector: Tiny with add(a: int64, b: int64) -> int64 and noop() -> None.
 */
static void test_protocol_hash_vector(void **state)
{
    const vgi_method add = { .size = sizeof(add),
                             .ident = "add",
                             .kind = VGI_METHOD_UNARY,
                             .params = &vgi_type_tiny_params,
                             .result = &vgi_type_int64_t,
                             .unary = unary };
    const vgi_method noop = { .size = sizeof(noop),
                              .ident = "noop",
                              .kind = VGI_METHOD_UNARY,
                              .params = &vgi_type_vgi_void,
                              .result = &vgi_type_vgi_void,
                              .unary = unary };
    const vgi_method *const methods[] = { &noop, &add, NULL };
    const vgi_service tiny = { VGI_SERVICE_INIT, .name = "Tiny", .methods = methods };
    vgi__registry *r;
    vgi_error err;

    (void)state;
    assert_int_equal(vgi__registry_new(&r, NULL, &err), VGI_OK);
    assert_int_equal(vgi__registry_add(r, &tiny, &err), VGI_OK);
    const char *hash = vgi__registry_protocol_hash(r, "Tiny");
    assert_non_null(hash); /* computed when first asked for, which takes memory */
    assert_string_equal(
        hash, "816e988ccbebd8d18a8f6961c9c07ce3a8a7d29da98f0b8b3f950538c371de3c");
    hash = vgi__registry_describe_hash(r, "Tiny");
    assert_non_null(hash);
    assert_int_equal(strlen(hash), 64);
    assert_null(vgi__registry_protocol_hash(r, "Other"));
    assert_null(vgi__registry_describe_hash(r, "Other"));
    vgi__registry_free(r);
}

static void copy_hash(char to[65], const char *hash)
{
    assert_non_null(hash);
    assert_int_equal(strlen(hash), 64);
    memcpy(to, hash, 65);
}

/* Each hash covers what its epoch sees. */
static void test_hashes_by_epoch(void **state)
{
    vgi_method a = good(), b = good();
    const vgi_method *const one[] = { &a, NULL }, *const both[] = { &a, &b, NULL };
    vgi_service s = { VGI_SERVICE_INIT, .name = "S", .methods = one };
    char describe[65], protocol[65], now[65];
    vgi__registry *r;
    vgi_error err;

    (void)state;
    b.ident = "n";
    b.visible = VGI_VISIBLE_CURRENT;
    assert_int_equal(vgi__registry_new(&r, NULL, &err), VGI_OK);
    assert_int_equal(vgi__registry_add(r, &s, &err), VGI_OK);
    copy_hash(describe, vgi__registry_describe_hash(r, "S"));
    copy_hash(protocol, vgi__registry_protocol_hash(r, "S"));
    vgi__registry_free(r);

    s.methods = both;
    assert_int_equal(vgi__registry_new(&r, NULL, &err), VGI_OK);
    assert_int_equal(vgi__registry_add(r, &s, &err), VGI_OK);
    copy_hash(now, vgi__registry_describe_hash(r, "S"));
    assert_string_equal(now, describe);
    copy_hash(now, vgi__registry_protocol_hash(r, "S"));
    assert_string_not_equal(now, protocol);
    vgi__registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_duplicate_service),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_protocol_hash_vector),
        cmocka_unit_test(test_hashes_by_epoch),
    };

    return vgi_test_run(tests);
}
