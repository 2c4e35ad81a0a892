/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/endian.h"
#include "base/text.h"
#include "crypto/openssl/mac.h"
#include "http/server/token.h"
#include "support/traced.h"

#define NOW 1700000000

static const uint8_t raw_key[32] = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
static const vgi_auth alice = { .domain = "d", .principal = "p", .authenticated = true };

typedef struct fixture {
    vgi__token_keys *keys;
    vgi__buffer text, plain;
    vgi__token token;
    vgi_error err;
} fixture;

static void setup(fixture *f, vgi__token_format format, uint64_t ttl)
{
    *f = (fixture){ .token = { .created_at = NOW,
                               .state = { (const uint8_t *)"ST", 2 },
                               .output_schema = { (const uint8_t *)"OUT", 3 },
                               .input_schema = { (const uint8_t *)"IN", 2 },
                               .stream_id = VGI_LIT("ab") } };
    vgi__buffer_init(&f->text, NULL, SIZE_MAX);
    vgi__buffer_init(&f->plain, NULL, SIZE_MAX);
    assert_int_equal(vgi__token_keys_new(&f->keys, (vgi_bytes){ raw_key, 32 }, format,
                                         ttl, NULL, &f->err),
                     VGI_OK);
}

static void teardown(fixture *f)
{
    vgi__token_keys_free(f->keys);
    vgi__buffer_free(&f->text);
    vgi__buffer_free(&f->plain);
}

static int write_token(fixture *f, const vgi_auth *who)
{
    return vgi__token_write(f->keys, who, &f->token, &f->text, &f->err);
}

static vgi_str text_of(const fixture *f)
{
    return (vgi_str){ (const char *)f->text.data, f->text.len };
}

static int read_token(fixture *f, const vgi_auth *who, vgi_str text, uint64_t now,
                      vgi__token *out)
{
    return vgi__token_read(f->keys, (vgi__token_bearer){ who, now }, text, &f->plain, out,
                           &f->err);
}

static void assert_refused(fixture *f, const vgi_auth *who, vgi_str text, uint64_t now,
                           const char *message)
{
    vgi__token t;

    assert_int_equal(read_token(f, who, text, now, &t), VGI_EPROTO);
    assert_string_equal(f->err.type, "RuntimeError");
    assert_string_equal(f->err.message, message);
}

static void assert_same(const vgi__token *t)
{
    assert_int_equal(t->created_at, NOW);
    assert_int_equal(t->state.len, 2);
    assert_memory_equal(t->state.data, "ST", 2);
    assert_int_equal(t->output_schema.len, 3);
    assert_memory_equal(t->output_schema.data, "OUT", 3);
    assert_int_equal(t->input_schema.len, 2);
    assert_memory_equal(t->input_schema.data, "IN", 2);
    assert_int_equal(t->stream_id.len, 2);
    assert_memory_equal(t->stream_id.data, "ab", 2);
}

/* A signed token made by hand. `key`: the derived one. */
static vgi_str sign(vgi__buffer *text, uint8_t *bytes, size_t n, const uint8_t key[32])
{
    uint8_t copy[256];

    assert_true(n + 32 <= sizeof(copy));
    memcpy(copy, bytes, n);
    assert_int_equal(vgi__hmac_sha256(key, 32, copy, n, copy + n, NULL), VGI_OK);
    vgi__buffer_clear(text);
    char *out = (char *)vgi__buffer_extend(text, 4 * ((n + 32 + 2) / 3));
    assert_non_null(out);
    return (vgi_str){ out, vgi__base64(out, copy, n + 32) };
}

/* ---- the reference's bytes ---- */

/* Its token is signed with the key as given; ours with the one for the caller. */
static void reference_vectors(void **state)
{
    static const char token[] =
        "AwDxU2UAAAAAAgAAAFNUAwAAAE9VVAIAAABJTgIAAABhYsBXJBst0K2gfLH0jAimIhXhUoa0QerK+LgM"
        "sdLdQxxF";
    static const char *const keys[2] = {
        "e5b551c6437eba3dc06574d98931042a18317ffa7cb05cae386031413b4c8027",
        "05578ad6fc6c50eaad4776c31bdbb337860af876c26a05a2033f529dcf2edeca",
    };
    uint8_t bytes[128], key[32], mac[32];
    size_t n;
    fixture f;

    (void)state;
    setup(&f, VGI__TOKEN_HMAC_V3, 0);
    assert_true(vgi__unbase64(bytes, &n, token, sizeof(token) - 1));
    assert_int_equal(vgi__hmac_sha256(raw_key, 32, bytes, n - 32, mac, NULL), VGI_OK);
    assert_memory_equal(mac, bytes + n - 32, 32);
    for (int i = 0; i < 2; i++) {
        uint8_t ours[128];
        size_t len;

        assert_int_equal(write_token(&f, i == 0 ? NULL : &alice), VGI_OK);
        assert_true(vgi__unbase64(ours, &len, (char *)f.text.data, f.text.len));
        assert_int_equal(len, n);
        assert_memory_equal(ours, bytes, n - 32);
        assert_true(vgi__unhex(key, keys[i], 64));
        assert_int_equal(vgi__hmac_sha256(key, 32, bytes, n - 32, mac, NULL), VGI_OK);
        assert_memory_equal(ours + n - 32, mac, 32);
    }
    teardown(&f);
}

/* ---- both forms ---- */

static void round_trip(vgi__token_format format)
{
    const vgi_auth nobody = { .domain = "d", .principal = "p" };
    const vgi_auth nameless = { .authenticated = true };
    const vgi_auth *const callers[] = { NULL, &nobody, &alice, &nameless };
    vgi__token t;
    fixture f;

    setup(&f, format, 3600);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(write_token(&f, callers[i]), VGI_OK);
        assert_int_equal(read_token(&f, callers[i], text_of(&f), NOW, &t), VGI_OK);
        assert_same(&t);
    }
    f.token = (vgi__token){ .created_at = NOW }; /* nothing in it */
    assert_int_equal(write_token(&f, NULL), VGI_OK);
    assert_int_equal(read_token(&f, NULL, text_of(&f), NOW, &t), VGI_OK);
    assert_int_equal(t.state.len + t.output_schema.len + t.stream_id.len, 0);
    teardown(&f);
}

static void belongs_to_its_caller(vgi__token_format format)
{
    const vgi_auth bob = { .domain = "d", .principal = "q", .authenticated = true };
    const vgi_auth moved = { .domain = "dp", .principal = "", .authenticated = true };
    const vgi_auth *const others[] = { NULL, &bob, &moved };
    fixture f;

    setup(&f, format, 3600);
    assert_int_equal(write_token(&f, &alice), VGI_OK);
    for (size_t i = 0; i < 3; i++)
        assert_refused(&f, others[i], text_of(&f), NOW,
                       "State token signature verification failed");
    assert_int_equal(write_token(&f, NULL), VGI_OK);
    assert_refused(&f, &alice, text_of(&f), NOW,
                   "State token signature verification failed");
    teardown(&f);
}

static void expires(vgi__token_format format)
{
    vgi__token t;
    fixture f;

    setup(&f, format, 60);
    assert_int_equal(write_token(&f, NULL), VGI_OK);
    assert_int_equal(read_token(&f, NULL, text_of(&f), NOW + 60, &t), VGI_OK);
    assert_int_equal(read_token(&f, NULL, text_of(&f), NOW - 60, &t), VGI_OK);
    assert_refused(&f, NULL, text_of(&f), NOW + 61, "State token expired");
    teardown(&f);
    setup(&f, format, 0);
    assert_int_equal(write_token(&f, NULL), VGI_OK);
    assert_int_equal(read_token(&f, NULL, text_of(&f), UINT64_MAX, &t), VGI_OK);
    teardown(&f);
}

/* Whatever bit is turned, the token is refused, and so is each beginning of it. */
static void every_bit_counts(vgi__token_format format)
{
    uint8_t bytes[256], turned[256];
    char text[512];
    vgi__token t;
    size_t n;
    fixture f;

    setup(&f, format, 0);
    assert_int_equal(write_token(&f, &alice), VGI_OK);
    assert_true(vgi__unbase64(bytes, &n, (char *)f.text.data, f.text.len));
    for (size_t bit = 0; bit < 8 * n; bit++) {
        memcpy(turned, bytes, n);
        turned[bit / 8] ^= (uint8_t)(1 << bit % 8);
        size_t chars = vgi__base64(text, turned, n);
        assert_int_equal(read_token(&f, &alice, (vgi_str){ text, chars }, NOW, &t),
                         VGI_EPROTO);
    }
    for (size_t len = 0; len < f.text.len; len++)
        assert_int_equal(
            read_token(&f, &alice, (vgi_str){ (char *)f.text.data, len }, NOW, &t),
            VGI_EPROTO);
    teardown(&f);
}

static void signed_round_trip(void **state)
{
    (void)state;
    round_trip(VGI__TOKEN_HMAC_V3);
}

static void sealed_round_trip(void **state)
{
    (void)state;
    round_trip(VGI__TOKEN_SEALED);
}

static void signed_belongs_to_its_caller(void **state)
{
    (void)state;
    belongs_to_its_caller(VGI__TOKEN_HMAC_V3);
}

static void sealed_belongs_to_its_caller(void **state)
{
    (void)state;
    belongs_to_its_caller(VGI__TOKEN_SEALED);
}

static void signed_expires(void **state)
{
    (void)state;
    expires(VGI__TOKEN_HMAC_V3);
}

static void sealed_expires(void **state)
{
    (void)state;
    expires(VGI__TOKEN_SEALED);
}

static void signed_every_bit_counts(void **state)
{
    (void)state;
    every_bit_counts(VGI__TOKEN_HMAC_V3);
}

static void sealed_every_bit_counts(void **state)
{
    (void)state;
    every_bit_counts(VGI__TOKEN_SEALED);
}

/* ---- what is wrong with a token ---- */

static void malformed_text(void **state)
{
    static const char *const texts[] = {
        "",         "A",
        "AAAA",     "not base64!",
        "AAA=AAAA", "AwDxU2UAAAAAAgAAAFNUAwAAAE9VVAIAAABJTg=="
    };
    fixture f;

    (void)state;
    for (int format = 0; format < 2; format++) {
        setup(&f, (vgi__token_format)format, 0);
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
            assert_refused(&f, NULL, vgi_str_from(texts[i]), NOW,
                           "Malformed state token");
        teardown(&f);
    }
}

static void derived_key(uint8_t key[32])
{
    static const char subject[] = "vgi_rpc.stream_state:\0anonymous";

    assert_int_equal(
        vgi__hmac_sha256(raw_key, 32, subject, sizeof(subject) - 1, key, NULL), VGI_OK);
}

/* Lengths that do not add up are refused before the signature is looked at; versions
 * after that. */
static void malformed_bytes(void **state)
{
    uint8_t key[32], bytes[64] = { 3 };
    fixture f;

    (void)state;
    setup(&f, VGI__TOKEN_HMAC_V3, 0);
    derived_key(key);
    const size_t n = 1 + 8 + 4 * 4;

    vgi__store32(bytes + 9, 1); /* more than there is behind it */
    assert_refused(&f, NULL, sign(&f.text, bytes, n, key), NOW, "Malformed state token");
    vgi__store32(bytes + 9, UINT32_MAX);
    assert_refused(&f, NULL, sign(&f.text, bytes, n, key), NOW, "Malformed state token");
    vgi__store32(bytes + 9, 0); /* less */
    assert_refused(&f, NULL, sign(&f.text, bytes, n + 1, key), NOW,
                   "Malformed state token");
    assert_refused(&f, NULL, sign(&f.text, bytes, n - 1, key), NOW,
                   "Malformed state token");
    bytes[0] = 2;
    assert_refused(&f, NULL, sign(&f.text, bytes, n, key), NOW,
                   "Unsupported state token version 2 (expected 3)");
    assert_refused(&f, &alice, sign(&f.text, bytes, n, key), NOW,
                   "State token signature verification failed");
    teardown(&f);
}

static void forms_do_not_mix(void **state)
{
    fixture is_signed, is_sealed;

    (void)state;
    setup(&is_signed, VGI__TOKEN_HMAC_V3, 0);
    setup(&is_sealed, VGI__TOKEN_SEALED, 0);
    assert_int_equal(write_token(&is_signed, NULL), VGI_OK);
    assert_int_equal(write_token(&is_sealed, NULL), VGI_OK);
    assert_refused(&is_sealed, NULL, text_of(&is_signed), NOW,
                   "State token signature verification failed");
    assert_refused(&is_signed, NULL, text_of(&is_sealed), NOW, "Malformed state token");
    teardown(&is_signed);
    teardown(&is_sealed);
}

/* A sealed token shows nothing of the state, and none is like another. */
static void sealed_is_opaque(void **state)
{
    uint8_t first[256], second[256];
    size_t n;
    fixture f;

    (void)state;
    setup(&f, VGI__TOKEN_SEALED, 0);
    f.token.state = (vgi_bytes){ (const uint8_t *)"a very secret state", 19 };
    assert_int_equal(write_token(&f, NULL), VGI_OK);
    assert_true(vgi__unbase64(first, &n, (char *)f.text.data, f.text.len));
    assert_int_equal(first[0], 6);
    assert_null(memmem(first, n, "secret", 6));
    assert_int_equal(write_token(&f, NULL), VGI_OK);
    assert_true(vgi__unbase64(second, &n, (char *)f.text.data, f.text.len));
    assert_memory_not_equal(first + 1, second + 1, 24);
    assert_memory_not_equal(first + 25, second + 25, n - 25);
    teardown(&f);
}

/* ---- keys ---- */

static void keys_of_any_length(void **state)
{
    const vgi_bytes keys[] = { { raw_key, 1 }, { raw_key, 31 }, { NULL, 0 } };
    vgi__token t;
    fixture f;

    (void)state;
    setup(&f, VGI__TOKEN_HMAC_V3, 0);
    assert_int_equal(write_token(&f, NULL), VGI_OK);
    for (size_t i = 0; i < 3; i++) {
        vgi__token_keys_free(f.keys);
        f.keys = NULL;
        assert_int_equal(
            vgi__token_keys_new(&f.keys, keys[i], VGI__TOKEN_HMAC_V3, 0, NULL, &f.err),
            VGI_OK);
        assert_refused(&f, NULL, text_of(&f), NOW,
                       "State token signature verification failed");
        assert_int_equal(write_token(&f, NULL), VGI_OK);
        assert_int_equal(read_token(&f, NULL, text_of(&f), NOW, &t), VGI_OK);
    }
    vgi__token_keys_free(f.keys);
    f.keys = NULL;
    assert_int_equal(vgi__token_keys_new(&f.keys, (vgi_bytes){ raw_key, 0 },
                                         VGI__TOKEN_HMAC_V3, 0, NULL, &f.err),
                     VGI_EINVAL);
    assert_string_equal(f.err.message, "the signing key is empty");
    teardown(&f);
}

static void too_long_for_a_token(void **state)
{
    fixture f;

    (void)state;
    setup(&f, VGI__TOKEN_HMAC_V3, 0);
    f.token.state.len = ((size_t)64 << 20) + 1; /* refused before it is looked at */
    assert_int_equal(write_token(&f, NULL), VGI_ELIMIT);
    teardown(&f);
}

/* Nothing is allocated for a token like the one before. */
static void no_allocation_in_steady_state(void **state)
{
    vgi__token t;
    fixture f;

    (void)state;
    for (int format = 0; format < 2; format++) {
        setup(&f, (vgi__token_format)format, 3600);
        assert_int_equal(write_token(&f, &alice), VGI_OK);
        assert_int_equal(read_token(&f, &alice, text_of(&f), NOW, &t), VGI_OK);
        const uint64_t before = vgi_test_allocations();
        assert_int_equal(write_token(&f, &alice), VGI_OK);
        assert_int_equal(read_token(&f, &alice, text_of(&f), NOW, &t), VGI_OK);
        assert_int_equal(vgi_test_allocations(), before);
        teardown(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_vectors),
        cmocka_unit_test(signed_round_trip),
        cmocka_unit_test(sealed_round_trip),
        cmocka_unit_test(signed_belongs_to_its_caller),
        cmocka_unit_test(sealed_belongs_to_its_caller),
        cmocka_unit_test(signed_expires),
        cmocka_unit_test(sealed_expires),
        cmocka_unit_test(signed_every_bit_counts),
        cmocka_unit_test(sealed_every_bit_counts),
        cmocka_unit_test(malformed_text),
        cmocka_unit_test(malformed_bytes),
        cmocka_unit_test(forms_do_not_mix),
        cmocka_unit_test(sealed_is_opaque),
        cmocka_unit_test(keys_of_any_length),
        cmocka_unit_test(too_long_for_a_token),
        cmocka_unit_test(no_allocation_in_steady_state),
    };
    return vgi_test_run(tests);
}
