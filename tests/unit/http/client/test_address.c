/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses are public, and which only look like it. */
#include <arpa/inet.h>
#include <string.h>

#include "support/traced.h"

#include "http/client/address.h"

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
} address;

static address parse(const char *text)
{
    address a;

    memset(&a, 0, sizeof(a));
    if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1)
        a.any.sa_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1)
        a.any.sa_family = AF_INET6;
    return a;
}

static void test_public(void **state)
{
    static const char *const all[] = {
        "1.1.1.1",          "8.8.8.8",         "9.255.255.255",     "11.0.0.0",
        "100.63.255.255",   "100.128.0.0",     "126.255.255.255",   "128.0.0.0",
        "169.253.255.255",  "169.255.0.0",     "172.15.255.255",    "172.32.0.0",
        "192.167.255.255",  "192.169.0.0",     "198.17.255.255",    "198.20.0.0",
        "223.255.255.255",  "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8",
        "64:ff9b::808:808", "2002:808:808::1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        const address a = parse(all[i]);
        char text[VGI__ADDRESS_TEXT_BYTES];

        vgi__address_text(text, &a.any);
        assert_string_equal(text, all[i]);
        assert_true(vgi__address_is_public(&a.any));
    }
}

static void test_not_public(void **state)
{
    static const char *const all[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.0.0",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "5f00::1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        const address a = parse(all[i]);

        assert_true(a.any.sa_family == AF_INET || a.any.sa_family == AF_INET6);
        assert_false(vgi__address_is_public(&a.any));
    }
}

static void test_other_families(void **state)
{
    const struct sockaddr a = { .sa_family = AF_UNIX };
    char text[VGI__ADDRESS_TEXT_BYTES];

    (void)state;
    assert_false(vgi__address_is_public(&a));
    vgi__address_text(text, &a);
    assert_string_equal(text, "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public),
        cmocka_unit_test(test_not_public),
        cmocka_unit_test(test_other_families),
    };

    return vgi_test_run(tests);
}
