/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "support/traced.h"
#include "json/json.h"

static vgi__json *parse(const char *text)
{
    vgi__json *doc = NULL;
    vgi_error err;
    int rc = vgi__json_parse(&doc, vgi_str_from(text), &err);
    assert_int_equal(rc, VGI_OK);
    return doc;
}

static bool collect(void *user, vgi_str key, const vgi__json *value)
{
    char *text = user;
    (void)value;
    strncat(text, key.data, key.len);
    return strlen(text) < 3;
}

static void every_kind(void **state)
{
    (void)state;
    vgi__json *doc =
        parse("{\"n\": null, \"b\": true, \"i\": -5, \"r\": 1.5, \"s\": \"x\\u0000y\","
              " \"a\": [1, 2, 3], \"o\": {}}");
    assert_int_equal(vgi__json_kind_of(doc), VGI__JSON_OBJECT);
    assert_int_equal(vgi__json_count(doc), 7);
    assert_int_equal(vgi__json_kind_of(vgi__json_get(doc, "n")), VGI__JSON_NULL);
    const vgi__json *v = vgi__json_get(doc, "b");
    assert_int_equal(vgi__json_kind_of(v), VGI__JSON_BOOL);
    assert_true(vgi__json_bool_of(v));
    v = vgi__json_get(doc, "i");
    assert_int_equal(vgi__json_kind_of(v), VGI__JSON_INT);
    assert_int_equal(vgi__json_int_of(v), -5);
    assert_true(vgi__json_real_of(v) == -5.0);
    v = vgi__json_get(doc, "r");
    assert_int_equal(vgi__json_kind_of(v), VGI__JSON_REAL);
    assert_true(vgi__json_real_of(v) == 1.5);
    vgi_str s = vgi__json_str_of(vgi__json_get(doc, "s"));
    assert_int_equal(s.len, 3);
    assert_memory_equal(s.data, "x\0y", 3);
    v = vgi__json_get(doc, "a");
    assert_int_equal(vgi__json_kind_of(v), VGI__JSON_ARRAY);
    assert_int_equal(vgi__json_count(v), 3);
    assert_int_equal(vgi__json_int_of(vgi__json_at(v, 2)), 3);
    assert_null(vgi__json_at(v, 3));
    assert_null(vgi__json_get(doc, "absent"));
    vgi__json_free(doc);
}

static void members_come_in_order(void **state)
{
    (void)state;
    char keys[8] = "";
    vgi__json *doc = parse("{\"z\": 1, \"a\": 2}");
    assert_true(vgi__json_each(doc, collect, keys));
    assert_string_equal(keys, "za");
    vgi__json_free(doc);
    keys[0] = '\0';
    doc = parse("{\"z\": 1, \"a\": 2, \"m\": 3, \"q\": 4}");
    assert_false(vgi__json_each(doc, collect, keys));
    assert_string_equal(keys, "zam");
    vgi__json_free(doc);
}

static void scalars_are_documents(void **state)
{
    (void)state;
    vgi__json *doc = parse(" 9223372036854775807 ");
    assert_true(vgi__json_int_of(doc) == INT64_MAX);
    vgi__json_free(doc);
    doc = parse("\"text\"");
    assert_true(vgi_str_eq(vgi__json_str_of(doc), "text"));
    vgi__json_free(doc);
    vgi__json_free(NULL);
}

static void what_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         "{",      "{\"a\":1,\"a\":2}", "[1,]",  "1 2", "{'a':1}", "[1] x",
        "\"\xff\"", "nope\n", "{\"a\":NaN}",       "\"abc", "\"\\"
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        vgi__json *doc = NULL;
        vgi_error err = { 0 };
        assert_int_equal(vgi__json_parse(&doc, vgi_str_from(bad[i]), &err), VGI_EINVAL);
        assert_null(doc);
        assert_non_null(strstr(err.message, "bad JSON at line 1"));
        assert_null(strchr(err.message, '\n'));
    }
    vgi__json *doc = NULL;
    assert_int_equal(vgi__json_parse(&doc, (vgi_str){ NULL, 0 }, NULL), VGI_EINVAL);
}

static void nest(char *text, size_t depth)
{
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
}

static void depth_is_limited(void **state)
{
    (void)state;
    static char text[200001];
    nest(text, 64);
    vgi__json_free(parse(text));
    static const size_t too_deep[] = { 65, 100000 };
    for (size_t i = 0; i < 2; i++) {
        vgi__json *doc;
        vgi_error err;
        nest(text, too_deep[i]);
        assert_int_equal(vgi__json_parse(&doc, vgi_str_from(text), &err), VGI_EINVAL);
        assert_string_equal(err.message, "JSON nested deeper than 64 at byte 64");
    }
    /* Brackets in a string do not count. */
    memset(text, '[', 1000);
    text[0] = text[999] = '"';
    memcpy(text + 1, "\\\"", 2);
    text[1000] = '\0';
    vgi__json_free(parse(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind),
        cmocka_unit_test(members_come_in_order),
        cmocka_unit_test(scalars_are_documents),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(depth_is_limited),
    };
    return vgi_test_run(tests);
}
