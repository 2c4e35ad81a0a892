/* SPDX-License-Identifier: Apache-2.0 */
/* Routing keys and the decision of the epoch. */
#include "support/traced.h"

#include <string.h>

#include "wire/wire.h"

#define PAIR(k, v) \
    { \
        VGI_LIT(k), VGI_LIT(v) \
    }

static vgi__request parse(const vgi_pair *pairs, size_t n, vgi_compat compat)
{
    const vgi_metadata m = { pairs, n };
    vgi__request q;

    vgi__request_parse(&m, compat, &q);
    return q;
}

static void test_keys(void **state)
{
    const vgi_pair pairs[] = {
        PAIR("vgi_rpc.method", "add"),
        PAIR("vgi_rpc.method", "second"),
        PAIR("vgi_rpc.request_version", "1"),
        PAIR("vgi_rpc.protocol", "P"),
        PAIR("vgi_rpc.protocol_version", "1.2.3"),
        PAIR("vgi_rpc.", ""),
        PAIR("traceparent", "00-"),
    };
    vgi__request q = parse(pairs, 7, VGI_COMPAT_AUTO);

    (void)state;
    assert_true(q.has_method && vgi_str_eq(q.method, "add"));
    assert_true(q.has_version && vgi_str_eq(q.version, "1"));
    assert_true(q.has_protocol && vgi_str_eq(q.protocol, "P"));
    assert_true(q.has_protocol_version && vgi_str_eq(q.protocol_version, "1.2.3"));
    assert_false(q.cancel);

    const vgi_pair cancel[] = { PAIR("vgi_rpc.cancel", "") };
    q = parse(cancel, 1, VGI_COMPAT_AUTO);
    assert_true(q.cancel);
    assert_false(q.has_method || q.has_version || q.has_protocol ||
                 q.has_protocol_version);
}

static void test_no_metadata(void **state)
{
    vgi__request q;

    (void)state;
    vgi__request_parse(NULL, VGI_COMPAT_AUTO, &q);
    assert_false(q.has_method);
    assert_int_equal(q.epoch, VGI__EPOCH_SEED);
}

static void test_epochs(void **state)
{
    const vgi_pair routed[] = { PAIR("vgi_rpc.method", "m"),
                                PAIR("vgi_rpc.protocol", "P") };
    const vgi_pair stripped[] = { PAIR("vgi_rpc.method", "m"),
                                  PAIR("vgi_rpc.protocol_version", "1.0.0") };
    const vgi_pair options[] = { PAIR("vgi_rpc.method", "__transport_options__") };
    const vgi_pair describe[] = { PAIR("vgi_rpc.method", "__describe__") };
    const vgi_pair plain[] = { PAIR("vgi_rpc.method", "m") };
    const struct {
        const vgi_pair *pairs;
        size_t n;
        vgi__epoch epoch;
    } requests[] = {
        { routed, 2, VGI__EPOCH_CURRENT },  { stripped, 2, VGI__EPOCH_CURRENT },
        { options, 1, VGI__EPOCH_CURRENT }, { describe, 1, VGI__EPOCH_SEED },
        { plain, 1, VGI__EPOCH_SEED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        const vgi_pair *pairs = requests[i].pairs;
        size_t n = requests[i].n;

        assert_int_equal(parse(pairs, n, VGI_COMPAT_AUTO).epoch, requests[i].epoch);
        assert_int_equal(parse(pairs, n, VGI_COMPAT_CURRENT_ONLY).epoch,
                         VGI__EPOCH_CURRENT);
        assert_int_equal(parse(pairs, n, VGI_COMPAT_SEED_ONLY).epoch, VGI__EPOCH_SEED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_no_metadata),
        cmocka_unit_test(test_epochs),
    };

    return vgi_test_run(tests);
}
