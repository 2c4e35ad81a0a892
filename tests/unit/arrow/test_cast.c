/* SPDX-License-Identifier: Apache-2.0 */
#include "support/traced.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "arrow/cast.h"
#include "arrow/half.h"
#include "support/arrow/literal.h"

/* A caster, and a batch of one builder's rows. */
typedef struct fixture {
    vgi__caster *c;
    vgi__builder *b;
    vgi_schema *target;
    vgi_batch in;
    const vgi_batch *out;
    vgi__buffer text;
    vgi_error err;
} fixture;

static int start(fixture *f, const char *from, const char *to)
{
    memset(f, 0, sizeof(*f));
    vgi__batch_init(&f->in, NULL);
    vgi__buffer_init(&f->text, NULL, SIZE_MAX);
    int rc = vgi_test_builder(&f->b, from, &f->err);
    if (rc == VGI_OK)
        rc = vgi_test_schema(&f->target, to, &f->err);
    if (rc == VGI_OK)
        rc = vgi__caster_new(&f->c, NULL, NULL, &f->err);
    return rc;
}

static void stop(fixture *f)
{
    vgi__caster_free(f->c);
    vgi__builder_free(f->b);
    vgi_schema_unref(f->target);
    vgi__batch_free(&f->in);
    vgi__buffer_free(&f->text);
}

static int finish(fixture *f)
{
    vgi__batch_clear(&f->in);
    f->in.schema = vgi_schema_ref(vgi__builder_schema(f->b));
    return vgi__builder_finish(f->b, -1, &f->in.root, &f->err);
}

static int cast(fixture *f, const char *values, vgi__cast_mode mode)
{
    vgi__builder_reset(f->b);
    int rc = vgi_test_append(f->b, 1, values);
    if (rc == VGI_OK)
        rc = finish(f);
    return rc == VGI_OK ? vgi__cast(f->c, &f->in, f->target, mode, &f->out, &f->err) : rc;
}

/* ---- casts of one column ---- */

typedef struct example {
    const char *from, *values, *to, *result;
} example;

static const example kept[] = {
    /* numbers */
    { "a=c", "-1 null 5", "a=l", "-1,null,5" },
    { "a=l", "255 0", "a=C", "255,0" },
    { "a=s", "-5 null", "a=l", "-5,null" },
    { "a=I", "4294967295", "a=l", "4294967295" },
    { "a=s", "-5", "a=g", "\"00000000000014c0\"" },
    { "a=i", "2 null", "a=g", "\"0000000000000040\",null" },
    { "a=I", "4294967295", "a=g", "\"0000e0ffffffef41\"" },
    { "a=L", "9223372036854775807", "a=l", "9223372036854775807" },
    { "a=s", "1 0 null", "a=b", "true,false,null" },
    { "a=b", "true null", "a=i", "1,null" },
    { "a=l", "9007199254740992 -2", "a=g", "\"0000000000004043\",\"00000000000000c0\"" },
    { "a=g", "-3 2 null", "a=s", "-3,2,null" },
    { "a=f", "1.5", "a=g", "\"000000000000f83f\"" },
    { "a=g", "0.1", "a=f", "\"cdcccc3d\"" },
    { "a=e", "1.5", "a=f", "\"0000c03f\"" },
    { "a=g", "1.5", "a=e", "\"003e\"" },
    { "a=g", "18446744073709549568", "a=L", "18446744073709549568" },
    /* text */
    { "a=u", "'1.5' '-2e3'", "a=g",
      "\"000000000000f83f\",\"000000000040"
      "9fc0\"" },
    { "a=vu", "'12' null '-128'", "a=c", "12,null,-128" },
    { "a=U", "'18446744073709551615'", "a=L", "18446744073709551615" },
    { "a=u", "'true' '0'", "a=b", "true,false" },
    { "a=u", "'a' null", "a=U", "\"a\",null" },
    { "a=U", "'a'", "a=vu", "\"a\"" },
    { "a=vu", "'a string of some length'", "a=z",
      "\"6120737472696e67206f6620736f6d65206c656e677468\"" },
    { "a=z", "'zw\xC3\xB6lf'", "a=u", "\"zw\xC3\xB6lf\"" },
    { "a=w:3", "'abc'", "a=u", "\"abc\"" },
    { "a=z", "'abc' null", "a=w:3", "\"616263\",null" },
    /* time */
    { "a=tsu:", "15000 -15000 null", "a=tsm:UTC", "15,-15,null" },
    { "a=tss:", "-1", "a=tsn:", "-1000000000" },
    { "a=tss:", "-1 86400", "a=tdD", "-1,1" },
    { "a=tsm:", "86399999", "a=tdm", "0" },
    { "a=tdD", "15", "a=tsu:", "1296000000000" },
    { "a=tdD", "-1", "a=tdm", "-86400000" },
    { "a=tdm", "172800000", "a=tdD", "2" },
    { "a=ttm", "15", "a=ttu", "15000" },
    { "a=ttn", "15000000", "a=ttm", "15" },
    { "a=tDu", "15000", "a=tDm", "15" },
    { "a=l", "15", "a=tsu:", "15" },
    { "a=tdD", "15", "a=i", "15" },
    /* decimals */
    { "a=d:9,2,32", "-5 null", "a=d:20,2", "\"fbffffffffffffffffffffffffffffff\",null" },
    /* null and dictionaries */
    { "a=n", "null null", "a=+s(x=l)", "null,null" },
    { "a=n", "null null", "a=l", "null,null" },
    { "a=s<=u>", "'x' null 'y'", "a=u", "\"x\",null,\"y\"" },
    { "a=s<=u>", "'x' null 'y'", "a=C<=U>", "\"x\",null,\"y\"" },
    { "a=s<=l>", "7 8", "a=g", "\"0000000000001c40\",\"0000000000002040\"" },
    { "a=u", "'x' 'x' null", "a=s<=vu>", "\"x\",\"x\",null" },
    { "a=i", "5 5", "a=c<=i>", "5,5" },
    /* nested */
    { "a=+l(item=i)", "[1 null] null []", "a=+l(item=l)", "[1,null],null,[]" },
    { "a=+l(item=l)", "[1] [2 3]", "a=+vL(item=s)", "[1],[2,3]" },
    { "a=+w:2(item=l)", "[1 2] null", "a=+L(x=g)",
      "[\"000000000000f03f\",\"0000000000000040\"],null" },
    { "a=+vl(item=u)", "['a' 'b'] null", "a=+w:2(item=U)", "[\"a\",\"b\"],null" },
    { "a=+s(x=i;y=u)", "{1 'a'} null", "a=+s(y=U;x=l)", "[\"a\",1],null" },
    { "a=+s(x=i)", "{1}", "a=+s(x=i;z=u)", "[1,null]" },
    { "a=+s(x=i;y=u)", "{1 'a'}", "a=+s(y=u)", "[\"a\"]" },
    { "a=+m(entries=+s(key=u!;value=i)!)", "[{'k' 1}] []",
      "a=+m(entries=+s(key=U!;value=l)!)", "[[\"k\",1]],[]" },
    { "a=+l(item=l)", "[1]", "a=+l(item=l!)", "[1]" },
    { "a=l", "1 2", "a=l!", "1,2" },
    { "a=+us:1(x=l)", "null", "a=+us:1(x=l)!", "[1,null]" },
};

static void safe_casts_keep_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        fixture f;
        assert_int_equal(start(&f, kept[i].from, kept[i].to), VGI_OK);
        int rc = cast(&f, kept[i].values, VGI__CAST_PROJECT);
        if (rc != VGI_OK)
            print_error("%s to %s: %s\n", kept[i].from, kept[i].to, f.err.message);
        assert_int_equal(rc, VGI_OK);
        assert_string_equal(
            vgi_test_values(&f.text, f.out->schema, 1, f.out->root->children[0]),
            kept[i].result);
        assert_ptr_equal(f.out->schema, f.target);
        stop(&f);
    }
}

static const example lost[] = {
    { "a=l", "300", "a=c", "Integer value 300 not in range: -128 to 127" },
    { "a=l", "-1", "a=L", "Integer value -1 not in range: 0 to 9223372036854775807" },
    { "a=L", "9223372036854775808", "a=l",
      "Integer value 9223372036854775808 not in range: 0 to 9223372036854775807" },
    { "a=l", "9007199254740993", "a=g",
      "Integer value 9007199254740993 not in range: -9007199254740992 to "
      "9007199254740992" },
    { "a=i", "16777217", "a=f",
      "Integer value 16777217 not in range: -16777216 to 16777216" },
    { "a=L", "9223372036854775808", "a=g",
      "Integer value 9223372036854775808 not in range: 0 to 9007199254740992" },
    { "a=g", "1.5", "a=l", "Float value 1.500000 was truncated converting to int64" },
    { "a=g", "300", "a=C", "Float value 300.000000 was truncated converting to uint8" },
    { "a=g", "1e30", "a=l",
      "Float value 1000000000000000019884624838656.000000 was truncated converting to "
      "int64" },
    { "a=z", "'\xFF'", "a=u", "Invalid UTF8 payload" },
    { "a=z", "'ab'", "a=w:3", "a value of 2 bytes does not fit a width of 3" },
    { "a=u", "' 1'", "a=l", "Failed to parse string: ' 1' as a scalar of type int64" },
    { "a=u", "'300'", "a=c", "Failed to parse string: '300' as a scalar of type int8" },
    { "a=u", "'x'", "a=g", "Failed to parse string: 'x' as a scalar of type double" },
    { "a=u", "'yes'", "a=b", "Failed to parse string: 'yes' as a scalar of type bool" },
    { "a=tsu:", "15",
      "a=tsm:", "Casting from timestamp[us] to timestamp[ms] would lose data: 15" },
    { "a=tdm", "15", "a=tdD",
      "Casting from date64[ms] to date32[day] would lose data: 15" },
    { "a=tss:", "1152921504606846976", "a=tsn:",
      "Casting from timestamp[s] to timestamp[ns] would result in out of bounds "
      "timestamp: "
      "1152921504606846976" },
    { "a=+l(item=l)", "[1 2]", "a=+w:3(item=l)",
      "a list of 2 items does not fit a list of 3" },
    { "a=+l(item=l)", "[1 300]", "a=+l(item=c)",
      "Integer value 300 not in range: -128 to 127" },
    { "a=s<=l>", "1 300", "a=c", "Integer value 300 not in range: -128 to 127" },
};

static void values_that_do_not_fit_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
        fixture f;
        assert_int_equal(start(&f, lost[i].from, lost[i].to), VGI_OK);
        int rc = cast(&f, lost[i].values, VGI__CAST_PROJECT);
        assert_int_equal(rc, VGI_EINVAL);
        assert_string_equal(f.err.message, lost[i].result);
        assert_string_equal(f.err.type, "ArrowInvalid");
        stop(&f);
    }
}

/* Below a null may lie what would not fit. */
static void a_null_loses_nothing(void **state)
{
    (void)state;
    static const char *const targets[] = { "a=c", "a=g" };
    for (int i = 0; i < 2; i++) {
        fixture f;
        int64_t values[] = { 2, INT64_MAX };
        assert_int_equal(start(&f, "a=l", targets[i]), VGI_OK);
        assert_int_equal(vgi_test_append(f.b, 1, "2 null"), VGI_OK);
        assert_int_equal(finish(&f), VGI_OK);
        f.in.root->children[0]->buffers[1] = values;
        assert_int_equal(
            vgi__cast(f.c, &f.in, f.target, VGI__CAST_PROJECT, &f.out, &f.err), VGI_OK);
        assert_string_equal(
            vgi_test_values(&f.text, f.target, 1, f.out->root->children[0]),
            i == 0 ? "2,null" : "\"0000000000000040\",null");
        stop(&f);
    }
}

static void impossible_casts_are_refused(void **state)
{
    (void)state;
    static const example refused[] = {
        { "a=+l(item=l)", "", "a=l", "Unsupported cast from list<item: int64> to int64" },
        { "a=l", "1", "a=n", "Unsupported cast from int64 to null" },
        { "a=l", "1", "a=tdD", "Unsupported cast from int64 to date32[day]" },
        { "a=d:9,2", "1", "a=d:8,2",
          "Unsupported cast from decimal128(9, 2) to decimal128(8, 2)" },
        { "a=d:9,2", "1", "a=d:9,3",
          "Unsupported cast from decimal128(9, 2) to decimal128(9, 3)" },
        { "a=+us:1(x=l)", "null", "a=+us:1(x=i)",
          "Unsupported cast from sparse_union<x: int64=1> to sparse_union<x: int32=1>" },
        { "a=l", "1", "a=s<=u>",
          "Unsupported cast from int64 to dictionary<values=string, indices=int16, "
          "ordered=0>" },
        { "a=+s(x=l)", "{1}", "a=+s(x=l;y=l!)",
          "struct fields don't match: non-nullable out field `y` not found" },
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        fixture f;
        assert_int_equal(start(&f, refused[i].from, refused[i].to), VGI_OK);
        int rc = cast(&f, refused[i].values, VGI__CAST_PROJECT);
        assert_int_equal(rc, VGI_ESCHEMA);
        assert_string_equal(f.err.message, refused[i].result);
        stop(&f);
    }
}

static void halves_are_rounded_to_even(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        double v = vgi__half_value((uint16_t)h);
        if (isnan(v))
            assert_true(isnan(vgi__half_value(vgi__half_from(v))));
        else
            assert_int_equal(vgi__half_from(v), h);
    }
    assert_int_equal(vgi__half_from(65519.99), 0x7BFF);
    assert_int_equal(vgi__half_from(65520), 0x7C00);
    assert_int_equal(vgi__half_from(-1e300), 0xFC00);
    assert_int_equal(vgi__half_from(2049), 0x6800);
    assert_int_equal(vgi__half_from(2051), 0x6802);
    assert_int_equal(vgi__half_from(0x1p-25), 0);
    assert_int_equal(vgi__half_from(0x1.8p-25), 1);
    assert_int_equal(vgi__half_from(1e-300), 0);
}

/* ---- batches ---- */

static void an_equal_schema_is_no_work(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(start(&f, "a=+l(item=l)", "a=+l(element=l)"), VGI_OK);
    assert_int_equal(cast(&f, "[1]", VGI__CAST_SAME_NAMES), VGI_OK);
    assert_ptr_equal(f.out, &f.in);
    assert_int_equal(cast(&f, "[2]", VGI__CAST_SAME_NAMES), VGI_OK);
    assert_ptr_equal(f.out, &f.in);
    stop(&f);
}

static void columns_are_matched_by_name(void **state)
{
    (void)state;
    fixture f;
    vgi_pair pair = { VGI_LIT("k"), VGI_LIT("v") };
    assert_int_equal(start(&f, "a=i;b=u;c=g", "c=g;a=l"), VGI_OK);
    assert_int_equal(vgi_test_append(f.b, 1, "1 2 3"), VGI_OK);
    assert_int_equal(vgi_test_append(f.b, 2, "'x' 'y' 'z'"), VGI_OK);
    assert_int_equal(vgi_test_append(f.b, 3, "0.5 null 2"), VGI_OK);
    assert_int_equal(finish(&f), VGI_OK);
    f.in.root->offset = 1; /* a slice: the last two rows */
    f.in.root->length = 2;
    f.in.metadata = (vgi_metadata){ &pair, 1 };
    assert_int_equal(vgi__cast(f.c, &f.in, f.target, VGI__CAST_PROJECT, &f.out, &f.err),
                     VGI_OK);
    assert_int_equal(vgi_batch_rows(f.out), 2);
    assert_ptr_equal(vgi_batch_metadata(f.out).pairs, &pair);
    const struct ArrowArray *root = vgi_batch_array(f.out);
    assert_ptr_equal(root->children[0]->buffers[1],
                     f.in.root->children[2]->buffers[1]); /* shared */
    assert_string_equal(vgi_test_values(&f.text, f.target, 1, root->children[0]),
                        "null,\"0000000000000040\"");
    assert_string_equal(vgi_test_values(&f.text, f.target, 2, root->children[1]), "2,3");
    f.in.root->offset = 0;
    stop(&f);
}

static void input_that_does_not_match_is_shown(void **state)
{
    (void)state;
    static const example cases[] = {
        { "a=l;b=u", "", "a=l",
          "Input schema mismatch: expected a: int64, got a: int64, b: string" },
        { "x=l", "1", "a=l!",
          "Input schema mismatch: expected a: int64 not null, got x: int64" },
        { "a=l", "300", "a=c", "Input schema mismatch: expected a: int8, got a: int64" },
        { "a=l", "null", "a=i!",
          "Input schema mismatch: expected a: int32 not null, got a: int64" },
        { "a=l", "1", "a=+l(item=l)",
          "Input schema mismatch: expected a: list<item: int64>, got a: int64" },
        { "b\n=l", "1", "a=l",
          "Input schema mismatch: expected a: int64, got b?: int64" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture f;
        assert_int_equal(start(&f, cases[i].from, cases[i].to), VGI_OK);
        int rc = cast(&f, cases[i].values, VGI__CAST_SAME_NAMES);
        assert_int_equal(rc, VGI_ESCHEMA);
        assert_string_equal(f.err.message, cases[i].result);
        assert_string_equal(f.err.type, "TypeError");
        stop(&f);
    }
}

static void output_that_does_not_match_is_explained(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(start(&f, "a=l;b=u", "a=l;c=l"), VGI_OK);
    assert_int_equal(cast(&f, "", VGI__CAST_PROJECT), VGI_ESCHEMA);
    assert_string_equal(f.err.type, "ValueError");
    assert_string_equal(
        f.err.message,
        "emitted batch is missing column(s) required by output_schema: batch has "
        "['a', 'b'], output_schema needs ['a', 'c']");
    stop(&f);
    assert_int_equal(start(&f, "a=l", "a=i!"), VGI_OK);
    assert_int_equal(cast(&f, "1 null", VGI__CAST_PROJECT), VGI_EINVAL);
    assert_string_equal(f.err.type, "ValueError");
    assert_string_equal(f.err.message,
                        "Casting field 'a' with null values to non-nullable");
    stop(&f);
}

/* A batch that came in a message of `body` bytes, with as many rows as it says. */
static int cast_received(fixture *f, int64_t rows, int64_t body, vgi__block *block)
{
    static const int64_t zeros[8];
    int rc = cast(f, "", VGI__CAST_SAME_NAMES);
    if (rc != VGI_OK)
        return rc;
    f->in.body = vgi__block_ref(block);
    f->in.body_bytes = body;
    f->in.root->length = rows;
    struct ArrowArray *a = f->in.root->children[0];
    a->length = rows;
    a->null_count = a->n_buffers ? 0 : rows;
    if (a->n_buffers > 1) {
        a->buffers[0] = NULL;
        a->buffers[1] = block->size > sizeof(zeros) ? (const void *)block->data : zeros;
    }
    return vgi__cast(f->c, &f->in, f->target, VGI__CAST_SAME_NAMES, &f->out, &f->err);
}

/* Few bytes do not become many, and that is known before any are made. */
static void a_cast_grows_within_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        int64_t rows, body;
        int rc;
    } cases[] = {
        { "a=n", "a=g", 2000000000, 0, VGI_ELIMIT },
        { "a=n", "a=b", 2000000000, 0, VGI_ELIMIT },
        { "a=n", "a=+s(x=l;y=l)", 2100000, 0, VGI_ELIMIT },
        { "a=n", "a=+w:1000000(item=l)", 100, 0, VGI_ELIMIT },
        { "a=n", "a=g", 3, 0, VGI_OK },
        { "a=b", "a=g", 32000000, 4000000, VGI_ELIMIT },
        { "a=c", "a=g", 30000000, 30000000, VGI_ELIMIT },
        { "a=c<=c>", "a=g", 30000000, 30000000, VGI_ELIMIT },
        { "a=c", "a=s", 2000000, 2000000, VGI_OK },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture f;
        size_t room = cases[i].rc == VGI_OK ? (size_t)cases[i].rows : 8;
        vgi__block *block = vgi__block_new(NULL, room);
        assert_non_null(block);
        memset(block->data, 0, room);
        int rc = start(&f, cases[i].from, cases[i].to);
        if (rc == VGI_OK)
            rc = cast_received(&f, cases[i].rows, cases[i].body, block);
        vgi_error err = f.err;
        int64_t rows = rc == VGI_OK ? f.out->root->children[0]->length : 0;
        stop(&f);
        vgi__block_unref(block);
        assert_int_equal(rc, cases[i].rc);
        if (rc == VGI_OK)
            assert_int_equal(rows, cases[i].rows);
        else
            assert_non_null(strstr(err.message, "rows of column 'a' to "));
    }
}

/* More rows than are cast at a time; and one behind them that does not fit. */
static void numbers_are_cast_in_bulk(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *last;
    } cases[] = {
        { "a=c", "a=C", "-1" },
        { "a=C", "a=c", "128" },
        { "a=l", "a=L", "-1" },
        { "a=L", "a=l", "9223372036854775808" },
        { "a=L", "a=g", "18446744073709551615" },
        { "a=g", "a=L", "-1" },
        { "a=g", "a=l", "1e300" },
        { "a=f", "a=i", "0.5" },
        { "a=i", "a=f", "16777217" },
        { "a=s", "a=e", "2049" },
        { "a=I", "a=i", "2147483648" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture f;
        char values[8192];
        size_t n = 0;
        for (int k = 0; k < 1200; k++)
            n += (size_t)snprintf(values + n, sizeof(values) - n, "%s ",
                                  k % 7 == 3 ? "null" : "1");
        assert_int_equal(start(&f, cases[i].from, cases[i].to), VGI_OK);
        assert_int_equal(cast(&f, values, VGI__CAST_PROJECT), VGI_OK);
        const struct ArrowArray *a = f.out->root->children[0];
        int32_t width = f.target->nodes[1].width;
        const uint8_t *one = a->buffers[1];
        assert_int_equal(a->length, 1200);
        for (int k = 0; k < 1200; k++)
            if (k % 7 != 3)
                assert_memory_equal(one + k * width, one, (size_t)width);
        snprintf(values + n, sizeof(values) - n, "%s", cases[i].last);
        assert_int_equal(cast(&f, values, VGI__CAST_PROJECT), VGI_EINVAL);
        stop(&f);
    }
}

static void long_schemas_are_cut(void **state)
{
    (void)state;
    fixture f;
    char schema[600];
    size_t n = 0;
    for (char c = 'a'; c <= 'z'; c++)
        n += (size_t)snprintf(schema + n, sizeof(schema) - n,
                              "%s%c%c%c%c=+l(item=d:38,10)", n ? ";" : "", c, c, c, c);
    assert_int_equal(start(&f, schema, "other=l"), VGI_OK);
    assert_int_equal(cast(&f, "", VGI__CAST_SAME_NAMES), VGI_ESCHEMA);
    assert_memory_equal(f.err.message,
                        "Input schema mismatch: expected other: int64, got aaaa: list<",
                        60);
    assert_true(strlen(f.err.message) < VGI_ERROR_MESSAGE_SIZE);
    stop(&f);
}

static void a_used_caster_allocates_nothing(void **state)
{
    (void)state;
    fixture f;
    uint64_t before = 0;
    assert_int_equal(start(&f, "a=+s(x=i;y=u)", "a=+s(y=U;x=g)"), VGI_OK);
    for (int round = 0; round < 10; round++) {
        if (round == 2)
            before = vgi_test_allocations();
        assert_int_equal(cast(&f, "{1 'text'} null", VGI__CAST_SAME_NAMES), VGI_OK);
    }
    assert_int_equal(vgi_test_allocations(), before);
    stop(&f);
    vgi__caster_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safe_casts_keep_values),
        cmocka_unit_test(values_that_do_not_fit_are_named),
        cmocka_unit_test(a_null_loses_nothing),
        cmocka_unit_test(impossible_casts_are_refused),
        cmocka_unit_test(halves_are_rounded_to_even),
        cmocka_unit_test(an_equal_schema_is_no_work),
        cmocka_unit_test(columns_are_matched_by_name),
        cmocka_unit_test(input_that_does_not_match_is_shown),
        cmocka_unit_test(output_that_does_not_match_is_explained),
        cmocka_unit_test(a_cast_grows_within_bounds),
        cmocka_unit_test(numbers_are_cast_in_bulk),
        cmocka_unit_test(long_schemas_are_cut),
        cmocka_unit_test(a_used_caster_allocates_nothing),
    };
    return vgi_test_run(tests);
}
