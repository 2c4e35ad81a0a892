/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <vgirpc/sys/crypto.h>

#include "gcs/account.h"
#include "gcs/encode.h"
#include "gcs/json.h"
#include "store/file.h"
#include "store/text.h"
#include "support/traced.h"

/* ---- base64 ---- */

static void test_base64(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        { "", "", "" },
        { "f", "Zg==", "Zg" },
        { "fo", "Zm8=", "Zm8" },
        { "foo", "Zm9v", "Zm9v" },
        { "foob", "Zm9vYg==", "Zm9vYg" },
        { "fooba", "Zm9vYmE=", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
        { "\xfb\xff\xfe", "+//+", "-__-" },
    };
    vgi_arena mem = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const vgi_bytes bytes = { (const uint8_t *)cases[i][0], strlen(cases[i][0]) };
        vgi__text plain = { .mem = &mem }, url = { .mem = &mem };
        vgi_bytes back = { 0 };
        vgi__text_base64(&plain, bytes);
        vgi__text_base64url(&url, bytes);
        const vgi_str plain_text = vgi__text_done(&plain),
                      url_text = vgi__text_done(&url);
        if (!plain_text.data || !url_text.data)
            break;
        assert_string_equal(plain_text.data, cases[i][1]);
        assert_string_equal(url_text.data, cases[i][2]);
        if (bytes.len > 0 && vgi__base64_read(plain_text, &mem, &back) == VGI_OK) {
            assert_int_equal(back.len, bytes.len);
            assert_memory_equal(back.data, bytes.data, bytes.len);
        }
    }
    vgi_arena_free(&mem);
}

static void test_base64_refused(void **state)
{
    (void)state;
    static const char *const cases[] = { "",      "Z",      "Zg",        "Zg=",
                                         "Zg==Z", "====",   "Z===",      "Zm-_",
                                         "Zm 9v", "Zg==\n", "Z\xc3\xa4g" };
    vgi_arena mem = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vgi_bytes bytes;
        assert_int_not_equal(vgi__base64_read(vgi_str_from(cases[i]), &mem, &bytes),
                             VGI_OK);
    }
    vgi_arena_free(&mem);
}

/* ---- JSON ---- */

static void test_json(void **state)
{
    (void)state;
    vgi_arena mem = { 0 };
    vgi_str text = VGI_LIT("before"), inner = { 0 };
    int64_t number = 7;
    const vgi__json_want wants[] = {
        { .name = "text", .text = &text },
        { .name = "number", .number = &number },
        { .parent = "error", .name = "message", .text = &inner },
    };
    assert_int_equal(vgi__json_read(VGI_LIT("{}"), wants, 3, &mem, NULL), VGI_OK);
    assert_string_equal(text.data, "before");
    assert_int_equal(number, 7);
    /* of other kinds */
    assert_int_equal(
        vgi__json_read(VGI_LIT("{\"text\":1,\"number\":\"1\",\"error\":\"message\"}"),
                       wants, 3, &mem, NULL),
        VGI_OK);
    assert_string_equal(text.data, "before");
    assert_int_equal(number, 7);
    static const char all[] = "{\"text\":\"a\\u00e4\\n\",\"number\":-5,"
                              "\"error\":{\"message\":\"m\"}}";
    const int rc = vgi__json_read(vgi_str_from(all), wants, 3, &mem, NULL);
    if (rc == VGI_OK) {
        assert_string_equal(text.data, "a\xc3\xa4\n");
        assert_int_equal(text.len, 4);
        assert_int_equal(number, -5);
        assert_string_equal(inner.data, "m");
    }
    static const char *const bad[] = { "", "[]", "\"x\"", "{", "{}x", "{\"a\":}", "nul" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(vgi__json_read(vgi_str_from(bad[i]), wants, 3, &mem, NULL),
                         VGI_EINVAL);
    assert_int_equal(vgi__json_read((vgi_str){ 0 }, wants, 3, &mem, NULL), VGI_EINVAL);
    vgi_arena_free(&mem);
    assert_int_equal(rc, VGI_OK);
}

static void test_json_write(void **state)
{
    (void)state;
    vgi_arena mem = { 0 };
    const vgi_pair pairs[] = { { VGI_LIT("a"), VGI_LIT("x\"\\\n\xc3\xa4") },
                               { VGI_LIT("b"), VGI_LIT("") } };
    const vgi_pair bad = { VGI_LIT("a"), VGI_LIT("\xff") };
    vgi__text good_text = { .mem = &mem }, bad_text = { .mem = &mem };
    vgi__json_write(&good_text, (vgi_metadata){ pairs, 2 });
    vgi__json_write(&bad_text, (vgi_metadata){ &bad, 1 });
    assert_true(bad_text.failed);
    const vgi_str text = vgi__text_done(&good_text);
    if (text.data)
        assert_string_equal(text.data, "{\"a\":\"x\\\"\\\\\\n\xc3\xa4\",\"b\":\"\"}");
    vgi_arena_free(&mem);
}

/* ---- the account ---- */

static void test_refused_accounts(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "", "JSON" },
        { "[]", "no object" },
        { "{}", "type \"\"" },
        { "{\"type\":\"authorized_user\"}", "authorized_user" },
        { "{\"type\":\"service_account\",\"private_key\":\"k\"}", "client_email" },
        { "{\"type\":\"service_account\",\"client_email\":\"e\"}", "private_key" },
    };
    vgi_arena mem = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vgi__account account;
        vgi_error err = { 0 };
        const vgi_str json = vgi_str_from(cases[i][0]);
        assert_int_equal(vgi__account_read(&account, json, &mem, &err), VGI_EINVAL);
        assert_non_null(strstr(err.message, cases[i][1]));
    }
    vgi_arena_free(&mem);
}

/* The part before the first dot, decoded by its alphabet. */
static int decode_part(vgi_str part, vgi_arena *mem, vgi_bytes *out)
{
    vgi__text t = { .mem = mem };
    for (size_t i = 0; i < part.len; i++)
        vgi__text_char(&t, part.data[i] == '-'   ? '+'
                           : part.data[i] == '_' ? '/'
                                                 : part.data[i]);
    while (t.len % 4 != 0 && !t.failed)
        vgi__text_char(&t, '=');
    const vgi_str text = vgi__text_done(&t);
    return text.data ? vgi__base64_read(text, mem, out) : VGI_ENOMEM;
}

static int make_assertion(vgi__account *account, vgi_arena *mem, vgi_str *jwt)
{
    vgi_str json;
    int rc =
        vgi__file_read(VGI_COMPONENT_TESTS "/service_account.json", mem, &json, NULL);
    if (rc == VGI_OK)
        rc = vgi__account_read(account, json, mem, NULL);
    if (rc == VGI_OK)
        rc = vgi__account_assertion(account, 1369353600, mem, jwt, NULL);
    return rc;
}

static void test_assertion(void **state)
{
    (void)state;
    static const char head[] =
        "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"0123456789abcdef\"}";
    static const char claims[] =
        "{\"iss\":\"signer@none.iam.gserviceaccount.com\","
        "\"scope\":\"https://www.googleapis.com/auth/devstorage.read_write\","
        "\"aud\":\"https://oauth2.googleapis.com/token\","
        "\"iat\":1369353600,\"exp\":1369357200}";
    vgi_arena mem = { 0 };
    vgi__account account;
    vgi_str jwt = { 0 };
    vgi_bytes parts[3] = { { 0 } }, signature = { 0 };
    int rc = make_assertion(&account, &mem, &jwt);
    const char *p = jwt.data;
    for (size_t i = 0; rc == VGI_OK && i < 3; i++) {
        const size_t n = strcspn(p, ".");
        rc = decode_part((vgi_str){ p, n }, &mem, &parts[i]);
        p += n + (p[n] == '.');
    }
    if (rc == VGI_OK) {
        const size_t signed_len = (size_t)(strrchr(jwt.data, '.') - jwt.data);
        assert_int_equal(parts[0].len, sizeof(head) - 1);
        assert_memory_equal(parts[0].data, head, sizeof(head) - 1);
        assert_int_equal(parts[1].len, sizeof(claims) - 1);
        assert_memory_equal(parts[1].data, claims, sizeof(claims) - 1);
        rc = vgi_rsa_sha256_sign(account.key,
                                 (vgi_bytes){ (const uint8_t *)jwt.data, signed_len },
                                 &mem, &signature, NULL);
    }
    if (rc == VGI_OK) {
        assert_int_equal(parts[2].len, signature.len);
        assert_memory_equal(parts[2].data, signature.data, signature.len);
    }
    vgi_arena_free(&mem);
    assert_int_equal(rc, VGI_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),    cmocka_unit_test(test_base64_refused),
        cmocka_unit_test(test_json),      cmocka_unit_test(test_json_write),
        cmocka_unit_test(test_assertion), cmocka_unit_test(test_refused_accounts),
    };
    return vgi_test_run(tests);
}
