/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The first `bits` bits of an address. */
typedef struct range {
    uint8_t bytes[16];
    unsigned bits;
} range;

/* What IANA has set aside (RFC 6890 and later), and multicast. */
static const range special_v4[] = {
    { { 0 }, 8 },                 /* this network */
    { { 10 }, 8 },                /* private */
    { { 100, 64 }, 10 },          /* carrier-grade NAT */
    { { 127 }, 8 },               /* loopback */
    { { 168, 63, 129, 16 }, 32 }, /* public by number, but Azure's own host to machines */
    { { 169, 254 }, 16 },         /* link-local: where clouds keep credentials */
    { { 172, 16 }, 12 },          /* private */
    { { 192, 0, 0 }, 24 },        /* protocol assignments */
    { { 192, 0, 2 }, 24 },        /* documentation */
    { { 192, 88, 99 }, 24 },      /* 6to4 relays */
    { { 192, 168 }, 16 },         /* private */
    { { 198, 18 }, 15 },          /* benchmarks */
    { { 198, 51, 100 }, 24 },     /* documentation */
    { { 203, 0, 113 }, 24 },      /* documentation */
    { { 224 }, 4 },               /* multicast */
    { { 240 }, 4 },               /* reserved, broadcast */
};

/* Of IPv6 only 2000::/3 is given out at all; of that, these are not. */
static const range global_v6 = { { 0x20 }, 3 };
static const range special_v6[] = {
    { { 0x20, 0x01, 0x00 }, 23 },       /* protocol assignments, Teredo */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
    { { 0x3f, 0xff, 0x00 }, 20 },       /* documentation */
};

/* An IPv4 address is in it, at byte `at`. */
static const struct wrapping {
    range prefix;
    size_t at;
} wrappings[] = {
    { { { [10] = 0xff, [11] = 0xff }, 96 }, 12 }, /* mapped */
    { { { 0x00, 0x64, 0xff, 0x9b }, 96 }, 12 },   /* NAT64 */
    { { { 0x20, 0x02 }, 16 }, 2 },                /* 6to4 */
};

static bool within(const uint8_t *address, const range *r)
{
    const size_t whole = r->bits / 8;
    const unsigned rest = r->bits % 8;

    return memcmp(address, r->bytes, whole) == 0 &&
           (rest == 0 || (address[whole] ^ r->bytes[whole]) >> (8 - rest) == 0);
}

static bool is_public_v4(const uint8_t *address)
{
    for (size_t i = 0; i < sizeof(special_v4) / sizeof(*special_v4); i++)
        if (within(address, &special_v4[i]))
            return false;
    return true;
}

static bool is_public_v6(const uint8_t *address)
{
    for (size_t i = 0; i < sizeof(wrappings) / sizeof(*wrappings); i++)
        if (within(address, &wrappings[i].prefix))
            return is_public_v4(address + wrappings[i].at);
    for (size_t i = 0; i < sizeof(special_v6) / sizeof(*special_v6); i++)
        if (within(address, &special_v6[i]))
            return false;
    return within(address, &global_v6);
}

/* The address itself; NULL: it is of no family that we know. */
static const uint8_t *bytes_of(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return (const uint8_t *)a + offsetof(struct sockaddr_in, sin_addr);
    if (a->sa_family == AF_INET6)
        return (const uint8_t *)a + offsetof(struct sockaddr_in6, sin6_addr);
    return NULL;
}

bool vgi__address_is_public(const struct sockaddr *a)
{
    const uint8_t *bytes = bytes_of(a);

    if (!bytes)
        return false;
    return a->sa_family == AF_INET ? is_public_v4(bytes) : is_public_v6(bytes);
}

void vgi__address_text(char out[VGI__ADDRESS_TEXT_BYTES], const struct sockaddr *a)
{
    const uint8_t *bytes = bytes_of(a);

    if (!bytes || !inet_ntop(a->sa_family, bytes, out, VGI__ADDRESS_TEXT_BYTES))
        memcpy(out, "?", 2);
}
