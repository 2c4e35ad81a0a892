/* SPDX-License-Identifier: Apache-2.0 */
/* Schema messages, as others write them, to node programs. */
#include "support/traced.h"

#include <string.h>

#include "support/arrow/craft.h"

static vgi_schema *decode(craft *c, vgi_error *err)
{
    vgi_schema *s = NULL;
    size_t used = 0;
    int rc = c->out.failed ? VGI_ENOMEM
                           : vgi__schema_decode(&s, c->out.data, c->out.len, &used, NULL,
                                                NULL, err);
    bool whole = used == c->out.len;
    craft_free(c);
    if (rc != VGI_OK)
        return NULL;
    if (!whole) {
        vgi_schema_unref(s);
        return NULL;
    }
    return s;
}

/* ---- types with parameters ---- */

typedef struct type_case {
    int type;
    craft_slot slots[3];
    const char *format; /* NULL: refused */
} type_case;

#define SLOT(bytes, value) \
    { \
        (bytes), (value) \
    }
static const type_case type_cases[] = {
    { VGI__TYPE_INT, { SLOT(4, 8), SLOT(1, 1) }, "c" },
    { VGI__TYPE_INT, { SLOT(4, 64), SLOT(1, 0) }, "L" },
    { VGI__TYPE_INT, { SLOT(4, 24), SLOT(1, 1) }, NULL },
    { VGI__TYPE_INT, { CRAFT_NONE }, NULL },
    { VGI__TYPE_FLOAT, { SLOT(2, 0) }, "e" },
    { VGI__TYPE_FLOAT, { SLOT(2, 2) }, "g" },
    { VGI__TYPE_FLOAT, { SLOT(2, 3) }, NULL },
    { VGI__TYPE_FLOAT, { SLOT(2, -1) }, NULL },
    { VGI__TYPE_DECIMAL, { SLOT(4, 20), SLOT(4, 3) }, "d:20,3" },
    { VGI__TYPE_DECIMAL, { SLOT(4, 20), SLOT(4, -3), SLOT(4, 256) }, "d:20,-3,256" },
    { VGI__TYPE_DECIMAL, { SLOT(4, 20), SLOT(4, 3), SLOT(4, 32) }, NULL },
    { VGI__TYPE_DECIMAL, { SLOT(4, 0), SLOT(4, 3) }, NULL },
    { VGI__TYPE_DECIMAL, { SLOT(4, 9), SLOT(4, 3), SLOT(4, 12) }, NULL },
    { VGI__TYPE_DATE, { SLOT(2, 0) }, "tdD" },
    { VGI__TYPE_DATE, { CRAFT_NONE }, "tdm" },
    { VGI__TYPE_DATE, { SLOT(2, 2) }, NULL },
    { VGI__TYPE_TIME, { CRAFT_NONE }, "ttm" },
    { VGI__TYPE_TIME, { SLOT(2, 2), SLOT(4, 64) }, "ttu" },
    { VGI__TYPE_TIME, { SLOT(2, 2), SLOT(4, 32) }, NULL },
    { VGI__TYPE_TIME, { SLOT(2, 4), SLOT(4, 64) }, NULL },
    { VGI__TYPE_TIMESTAMP, { SLOT(2, 3) }, "tsn:" },
    { VGI__TYPE_TIMESTAMP, { SLOT(2, 4) }, NULL },
    { VGI__TYPE_DURATION, { CRAFT_NONE }, "tDm" },
    { VGI__TYPE_DURATION, { SLOT(2, 0) }, "tDs" },
    { VGI__TYPE_INTERVAL, { SLOT(2, 1) }, "tiD" },
    { VGI__TYPE_INTERVAL, { SLOT(2, 2) }, "tin" },
    { VGI__TYPE_INTERVAL, { SLOT(2, 3) }, NULL },
    { VGI__TYPE_FIXED_BINARY, { SLOT(4, 16) }, "w:16" },
    { VGI__TYPE_FIXED_BINARY, { SLOT(4, -1) }, NULL },
    { VGI__TYPE_UTF8_VIEW, { CRAFT_NONE }, "vu" },
    { VGI__TYPE_LIST, { CRAFT_NONE }, NULL }, /* it has no child */
    { VGI__TYPE_UNION, { SLOT(2, 1) }, "+ud:" },
    { VGI__TYPE_UNION, { SLOT(2, 2) }, NULL },
    { 0, { CRAFT_NONE }, NULL },
    { 27, { CRAFT_NONE }, NULL },
    { 255, { CRAFT_NONE }, NULL },
};

static void put_type(craft *c, const type_case *t)
{
    const craft_slot field[] = { CRAFT_REF, CRAFT_NONE, SLOT(1, t->type), CRAFT_REF };
    size_t fields;
    craft_init(c);
    size_t vector = craft_schema(c, 1);
    craft_link(c, vector + 4, craft_table(c, field, 4, &fields));
    craft_link(c, fields, craft_string(c, "x", 1));
    craft_link(c, fields + 24, craft_table(c, t->slots, 3, NULL));
    craft_message_end(c);
}

static void test_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(type_cases) / sizeof(type_cases[0]); i++) {
        const type_case *t = &type_cases[i];
        craft c;
        vgi_error err = { .code = 0, .message = "" };
        put_type(&c, t);
        vgi_schema *s = decode(&c, &err);
        bool right = s && t->format && strcmp(vgi_schema_format(s, 0), t->format) == 0;
        bool refused = !s && !t->format && err.code == VGI_EPROTO;
        if (!right && !refused)
            print_message("type %d (case %zu): %s, expected %s: %s\n", t->type, i,
                          s ? vgi_schema_format(s, 0) : "refused",
                          t->format ? t->format : "refusal", err.message);
        vgi_schema_unref(s);
        assert_true(right || refused);
    }
}

static void test_timezone(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *zone = i ? "bad \xFF zone" : "Europe/Berlin";
        const craft_slot field[] = { CRAFT_REF, CRAFT_NONE, SLOT(1, VGI__TYPE_TIMESTAMP),
                                     CRAFT_REF };
        const craft_slot type[] = { SLOT(2, 2), CRAFT_REF };
        size_t fields;
        craft c;
        vgi_error err = { .code = 0 };
        craft_init(&c);
        size_t vector = craft_schema(&c, 1);
        craft_link(&c, vector + 4, craft_table(&c, field, 4, &fields));
        craft_link(&c, fields, craft_string(&c, "x", 1));
        size_t inner;
        craft_link(&c, fields + 24, craft_table(&c, type, 2, &inner));
        craft_link(&c, inner + 8, craft_string(&c, zone, strlen(zone)));
        craft_message_end(&c);
        vgi_schema *s = decode(&c, &err);
        bool right = s && strcmp(vgi_schema_format(s, 0), "tsu:Europe/Berlin") == 0;
        vgi_schema_unref(s);
        assert_int_equal(right, i == 0);
        assert_int_equal(err.code, i == 0 ? 0 : VGI_EPROTO);
    }
}

/* ---- what surrounds the types ---- */

static size_t put_pair(craft *c, const char *key, const char *value)
{
    const craft_slot slots[] = { CRAFT_REF, CRAFT_REF };
    size_t fields;
    size_t table = craft_table(c, slots, 2, &fields);
    craft_link(c, fields, craft_string(c, key, strlen(key)));
    craft_link(c, fields + 8, craft_string(c, value, strlen(value)));
    return table;
}

/* A column with metadata; *field is the place of its metadata reference. */
static void put_described(craft *c, size_t *metadata)
{
    const craft_slot slots[] = { CRAFT_REF, SLOT(1, 1), SLOT(1, VGI__TYPE_BOOL),
                                 CRAFT_REF, CRAFT_NONE, CRAFT_NONE,
                                 CRAFT_REF };
    size_t fields;
    craft_init(c);
    size_t vector = craft_schema(c, 1);
    craft_link(c, vector + 4, craft_table(c, slots, 7, &fields));
    craft_link(c, fields, craft_string(c, "flag", 4));
    craft_link(c, fields + 24, craft_table(c, NULL, 0, NULL));
    *metadata = fields + 48;
}

static void test_field_metadata(void **state)
{
    (void)state;
    static const char expected[] = "\2\0\0\0"
                                   "\4\0\0\0unit\1\0\0\0m"
                                   "\1\0\0\0k\0\0\0\0";
    craft c;
    size_t metadata;
    vgi_error err;
    put_described(&c, &metadata);
    size_t pairs = craft_refs(&c, 2);
    craft_link(&c, metadata, pairs);
    craft_link(&c, pairs + 4, put_pair(&c, "unit", "m"));
    craft_link(&c, pairs + 8, put_pair(&c, "k", ""));
    craft_message_end(&c);
    vgi_schema *s = decode(&c, &err);
    assert_non_null(s);
    const vgi__node *n = &s->nodes[1];
    bool same = n->metadata && memcmp(n->metadata, expected, sizeof(expected) - 1) == 0;
    bool named = strcmp(n->name, "flag") == 0 && n->name_len == 4 && n->nullable;
    vgi_schema_unref(s);
    assert_true(same);
    assert_true(named);
}

/* One pair that stands a hundred thousand times. */
static void test_repeated_metadata(void **state)
{
    (void)state;
    enum { PAIRS = 100000 };
    craft c;
    size_t metadata;
    vgi_error err = { .code = 0 };
    put_described(&c, &metadata);
    size_t pairs = craft_refs(&c, PAIRS);
    craft_link(&c, metadata, pairs);
    size_t pair = put_pair(&c, "a key of some length", "and a value, too");
    for (size_t i = 0; i < PAIRS; i++)
        craft_link(&c, pairs + 4 + 4 * i, pair);
    craft_message_end(&c);
    assert_null(decode(&c, &err));
    assert_int_equal(err.code, VGI_ELIMIT);
    assert_non_null(strstr(err.message, "repeats its metadata"));
}

static void test_union_ids(void **state)
{
    (void)state;
    static const int32_t good[] = { 2, 5, 9 };
    static const int32_t twice[] = { 2, 5, 5 };
    static const int32_t outside[] = { 2, 5, 128 };
    static const int32_t *const cases[] = { good, twice, outside };
    for (int i = 0; i < 3; i++) {
        const craft_slot field[] = { CRAFT_REF, CRAFT_NONE, SLOT(1, VGI__TYPE_UNION),
                                     CRAFT_REF, CRAFT_NONE, CRAFT_REF };
        const craft_slot type[] = { CRAFT_NONE, CRAFT_REF };
        size_t fields;
        size_t inner;
        craft c;
        vgi_error err = { .code = 0 };
        craft_init(&c);
        size_t vector = craft_schema(&c, 1);
        craft_link(&c, vector + 4, craft_table(&c, field, 6, &fields));
        craft_link(&c, fields, craft_string(&c, "u", 1));
        craft_link(&c, fields + 24, craft_table(&c, type, 2, &inner));
        size_t ids = craft_refs(&c, 3);
        craft_link(&c, inner + 8, ids);
        if (!c.out.failed)
            memcpy(c.out.data + c.base + ids + 4, cases[i], 12);
        size_t children = craft_refs(&c, 3);
        craft_link(&c, fields + 40, children);
        for (size_t k = 0; k < 3; k++)
            craft_link(&c, children + 4 + 4 * k,
                       craft_field(&c, "c", 1, VGI__TYPE_BOOL, NULL));
        craft_message_end(&c);
        vgi_schema *s = decode(&c, &err);
        bool right = s && strcmp(vgi_schema_format(s, 0), "+us:2,5,9") == 0;
        vgi_schema_unref(s);
        assert_int_equal(right, i == 0);
        assert_int_equal(err.code, i == 0 ? 0 : VGI_EPROTO);
    }
}

/* A message followed by something else is read alone, and says how long it is. */
static void test_bytes_used(void **state)
{
    (void)state;
    craft c;
    vgi_schema *s = NULL;
    size_t used = 0;
    craft_init(&c);
    craft_schema(&c, 0);
    craft_message_end(&c);
    size_t message = c.out.len;
    craft_eos(&c);
    int rc = vgi__schema_decode(&s, c.out.data, c.out.len, &used, NULL, NULL, NULL);
    bool kept = rc == VGI_OK && s->message_len == message &&
                memcmp(s->message, c.out.data, message) == 0;
    craft_free(&c);
    vgi_schema_unref(s);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(used, message);
    assert_true(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),          cmocka_unit_test(test_timezone),
        cmocka_unit_test(test_field_metadata), cmocka_unit_test(test_repeated_metadata),
        cmocka_unit_test(test_union_ids),      cmocka_unit_test(test_bytes_used),
    };
    return vgi_test_run(tests);
}
