/* SPDX-License-Identifier: Apache-2.0 */
/* Requests whose address is known before their batch, as over HTTP: the method is found
 * first, then the batch is taken for it, and has to agree. */
#include "rpc/call.h"
#include "support/rpc/session.h"

#include <string.h>

typedef struct addressed {
    conversation talk;
    vgi__writer *writer;
    vgi_call call;
    vgi__schema_cache schemas;
} addressed;

static void begin(addressed *a)
{
    talk_begin(&a->talk, NULL);
    a->schemas = (vgi__schema_cache){ .next = 0 };
    assert_int_equal(vgi__writer_new(&a->writer, NULL, NULL, NULL), VGI_OK);
    assert_int_equal(vgi__call_init(&a->call, a->talk.registry, a->writer, NULL), VGI_OK);
}

static void end(addressed *a)
{
    vgi__call_destroy(&a->call);
    vgi__writer_free(a->writer);
    vgi__schema_cache_free(&a->schemas);
    talk_end(&a->talk);
}

/* What was sent, taken for this address. NULL: accepted; else the failure's type. */
static const char *take(addressed *a, vgi__epoch epoch, const char *service,
                        const char *method)
{
    vgi__buffer *sent = &a->talk.sent;
    vgi_call *c = &a->call;
    int rc;

    vgi__call_reset(c);
    rc = vgi__call_address(c, epoch, vgi_str_from(service), vgi_str_from(method));
    if (rc == VGI_OK) {
        assert_true(c->method || c->describe);
        assert_int_equal(vgi__stream_decode_cached(&c->request, &a->schemas,
                                                   (vgi_bytes){ sent->data, sent->len },
                                                   NULL, &c->options->limits, NULL),
                         VGI_OK);
        rc = vgi__call_accept(c);
    }
    vgi__batch_drop_data(&c->request); /* it is borrowed from what is cleared now */
    vgi__buffer_clear(sent);
    if (rc == VGI_OK)
        return NULL;
    assert_int_equal(rc, VGI_EREMOTE);
    assert_non_null(c->failure.type);
    return c->failure.type;
}

static void test_both_epochs(void **state)
{
    addressed a;

    (void)state;
    begin(&a);
    talk_add(&a.talk, SEED("add"), 1, 2);
    assert_null(take(&a, VGI__EPOCH_SEED, NULL, "add"));
    assert_string_equal(a.call.method->where, "Calc.add");
    assert_true(((const calc_pair *)a.call.params)->b == 2);
    talk_add(&a.talk, CURRENT("add"), 1, 2);
    assert_null(take(&a, VGI__EPOCH_CURRENT, "Calc", "add"));
    talk_add(&a.talk, SEED("add"), 3, 4);
    assert_null(take(&a, VGI__EPOCH_CURRENT, "other.Calc", "add"));
    assert_string_equal(a.call.method->where, "other.Calc.add");
    assert_int_equal(a.call.keys.epoch, VGI__EPOCH_CURRENT);
    talk_add(&a.talk, CURRENT("add"), 3, 4); /* what the address says counts */
    assert_null(take(&a, VGI__EPOCH_SEED, NULL, "add"));
    assert_int_equal(a.call.keys.epoch, VGI__EPOCH_SEED);
    talk_request(&a.talk, SEED("__describe__"), NULL, NULL, 0);
    assert_null(take(&a, VGI__EPOCH_SEED, NULL, "__describe__"));
    assert_true(a.call.describe);
    end(&a);
}

static void test_addresses_of_nobody(void **state)
{
    addressed a;

    (void)state;
    begin(&a);
    assert_string_equal(take(&a, VGI__EPOCH_SEED, NULL, "nope"), "AttributeError");
    assert_string_equal(take(&a, VGI__EPOCH_SEED, NULL, ""), "AttributeError");
    assert_string_equal(take(&a, VGI__EPOCH_CURRENT, "Calc", "nope"),
                        "MethodNotImplementedError");
    assert_string_equal(take(&a, VGI__EPOCH_CURRENT, "Nobody", "add"),
                        "ProtocolNotSupportedError");
    assert_string_equal(take(&a, VGI__EPOCH_CURRENT, "no name", "add"),
                        "ProtocolNotSupportedError");
    assert_string_equal(take(&a, VGI__EPOCH_CURRENT, NULL, "add"),
                        "ProtocolNotSpecifiedError");
    assert_string_equal(take(&a, VGI__EPOCH_CURRENT, NULL, "__describe__"),
                        "MethodNotImplementedError");
    end(&a);
}

static void test_batches_that_disagree(void **state)
{
    addressed a;

    (void)state;
    begin(&a);
    talk_add(&a.talk, SEED("add"), 1, 2);
    assert_string_equal(take(&a, VGI__EPOCH_SEED, NULL, "echo"), "TypeError");
    assert_non_null(strstr(a.call.failure.message, "These must match."));
    talk_add(&a.talk, CURRENT("add"), 1, 2);
    assert_string_equal(take(&a, VGI__EPOCH_CURRENT, "other.Calc", "add"),
                        "ProtocolNotSupportedError");
    assert_non_null(strstr(a.call.failure.message, "These must agree."));
    talk_add(&a.talk, ((keys){ .method = NULL }), 1, 2);
    assert_string_equal(take(&a, VGI__EPOCH_SEED, NULL, "add"), "RpcError");
    talk_request(&a.talk, SEED("add"), NULL, NULL, 0);
    assert_string_equal(take(&a, VGI__EPOCH_SEED, NULL, "add"), "TypeError");
    talk_add(&a.talk, ((keys){ .method = "add", .protocol = "Calc" }), 1, 2);
    assert_string_equal(take(&a, VGI__EPOCH_CURRENT, "Calc", "add"),
                        "ProtocolVersionError");
    end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_epochs),
        cmocka_unit_test(test_addresses_of_nobody),
        cmocka_unit_test(test_batches_that_disagree),
    };

    return vgi_test_run(tests);
}
