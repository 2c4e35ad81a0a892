/* SPDX-License-Identifier: Apache-2.0 */
/* Any cell of any type as JSON and as text, on streams that pyarrow wrote (tests/golden).
 */
#include <stdio.h>
#include <string.h>

#include <vgirpc/batch.h>

#include "support/traced.h"
#include "types/text.h"

static vgi_batch *golden(const char *name)
{
    char path[512];
    static uint8_t bytes[1 << 16];
    vgi_batch *b;
    snprintf(path, sizeof(path), "%s/%s.arrows", VGI_GOLDEN_DIR, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    assert_int_equal(vgi_batch_decode(&b, (vgi_bytes){ bytes, n }, NULL), VGI_OK);
    return b;
}

static void assert_rows(const char *name, const char *const *rows, size_t n)
{
    vgi_batch *b = golden(name);
    vgi_arena mem = { 0 };
    vgi_str json;
    assert_true(vgi_batch_rows(b) >= (int64_t)n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(vgi_batch_row_json(b, (int64_t)i, &mem, &json, NULL), VGI_OK);
        assert_string_equal(json.data, rows[i]);
        assert_int_equal(json.len, strlen(rows[i]));
    }
    vgi_batch_unref(b);
    vgi_arena_free(&mem);
}

#define ROWS(name, ...) \
    do { \
        static const char *const rows_[] = { __VA_ARGS__ }; \
        assert_rows(name, rows_, sizeof(rows_) / sizeof(rows_[0])); \
    } while (0)

static void test_numbers(void **state)
{
    (void)state;
    ROWS("integers",
         "{\"int8\":0,\"uint8\":0,\"int16\":0,\"uint16\":0,\"int32\":0,\"uint32\":0,"
         "\"int64\":0,\"uint64\":0}",
         "{\"int8\":1,\"uint8\":1,\"int16\":1,\"uint16\":1,\"int32\":1,\"uint32\":1,"
         "\"int64\":1,\"uint64\":1}",
         "{\"int8\":null,\"uint8\":null,\"int16\":null,\"uint16\":null,\"int32\":null,"
         "\"uint32\":null,\"int64\":null,\"uint64\":null}",
         "{\"int8\":127,\"uint8\":255,\"int16\":32767,\"uint16\":65535,\"int32\":"
         "2147483647,"
         "\"uint32\":4294967295,\"int64\":9223372036854775807,"
         "\"uint64\":18446744073709551615}");
    ROWS("floats", "{\"half\":1.5,\"single\":1.5,\"double\":0.1}",
         "{\"half\":null,\"single\":null,\"double\":null}",
         "{\"half\":-0.25,\"single\":\"Infinity\",\"double\":-1e+300}");
    ROWS(
        "decimals",
        "{\"d32\":1.50,\"d64\":1.50,\"d128\":1.5000,\"d256\":1.500,"
        "\"negative_scale\":12E+2}",
        "{\"d32\":null,\"d64\":null,\"d128\":null,\"d256\":null,\"negative_scale\":null}",
        "{\"d32\":-99.25,\"d64\":-99.25,\"d128\":-99.2500,\"d256\":-99.250,"
        "\"negative_scale\":-5E+2}");
}

static void test_text_and_bytes(void **state)
{
    (void)state;
    ROWS("text",
         "{\"utf8\":\"\",\"large_utf8\":\"x\",\"binary\":\"\",\"large_binary\":\"MQ==\"}",
         "{\"utf8\":\"gr\xc3\xbcn\",\"large_utf8\":null,\"binary\":\"/wA=\","
         "\"large_binary\":null}");
    ROWS("views", "{\"utf8_view\":\"\",\"binary_view\":\"/////////////////w==\"}",
         "{\"utf8_view\":\"short\",\"binary_view\":null}",
         "{\"utf8_view\":null,\"binary_view\":\"\"}",
         "{\"utf8_view\":\"longer than twelve "
         "bytes\",\"binary_view\":\"eHh4eHh4eHh4eHh4\"}");
    ROWS("other", "{\"bool\":true,\"null\":null,\"fixed\":\"YWJj\"}",
         "{\"bool\":false,\"null\":null,\"fixed\":null}");
    ROWS("extension",
         "{\"uuid\":\"AAECAwQFBgcICQoLDA0ODw==\",\"json\":\"{\\\"a\\\":1}\"}",
         "{\"uuid\":null,\"json\":null}");
}

static void test_nested(void **state)
{
    (void)state;
    ROWS("lists",
         "{\"list\":[1,null,3],\"large\":[1,null,3],\"view\":[1,null,3],"
         "\"large_view\":[1,null,3],\"fixed\":[1,2],\"deep\":[[\"a\"],null]}",
         "{\"list\":null,\"large\":null,\"view\":null,\"large_view\":null,\"fixed\":null,"
         "\"deep\":null}",
         "{\"list\":[],\"large\":[],\"view\":[],\"large_view\":[],\"fixed\":[null,4],"
         "\"deep\":[]}",
         "{\"list\":[4],\"large\":[4],\"view\":[4],\"large_view\":[4],\"fixed\":[5,6],"
         "\"deep\":[[],[\"b\",null]]}");
    ROWS("structs",
         "{\"point\":{\"x\":1,\"y\":\"a\"},\"none\":{},\"map\":{\"k\":1,\"l\":null},"
         "\"sorted\":[[1,\"eA==\"]]}",
         "{\"point\":null,\"none\":null,\"map\":null,\"sorted\":[]}",
         "{\"point\":{\"x\":3,\"y\":null},\"none\":{},\"map\":{},\"sorted\":null}");
    ROWS("unions", "{\"sparse\":1,\"dense\":1}", "{\"sparse\":\"b\",\"dense\":\"a\"}",
         "{\"sparse\":3,\"dense\":3}", "{\"sparse\":null,\"dense\":null}");
}

static void test_encoded(void **state)
{
    (void)state;
    ROWS("dictionaries",
         "{\"text\":\"red\",\"small\":20,\"ordered\":\"a\",\"lists\":[1,2],\"all_null\":"
         "null}",
         "{\"text\":\"green\",\"small\":20,\"ordered\":\"b\",\"lists\":null,\"all_null\":"
         "null}",
         "{\"text\":null,\"small\":10,\"ordered\":null,\"lists\":[],\"all_null\":null}");
    ROWS("nested_dictionaries",
         "{\"in_list\":[\"x\",\"y\"],\"in_dictionary\":{\"s\":\"x\",\"n\":3}}",
         "{\"in_list\":[\"x\"],\"in_dictionary\":null}",
         "{\"in_list\":[],\"in_dictionary\":{\"s\":\"x\",\"n\":1}}",
         "{\"in_list\":[],\"in_dictionary\":{\"s\":\"y\",\"n\":2}}");
    ROWS("runs", "{\"runs16\":\"a\",\"runs32\":1.5,\"runs64\":[1,2]}",
         "{\"runs16\":\"a\",\"runs32\":2.5,\"runs64\":[1,2]}",
         "{\"runs16\":null,\"runs32\":2.5,\"runs64\":[1,2]}");
}

/* ---- cells as text ---- */

static void assert_cells(const char *name, int64_t row, const char *const *cells,
                         size_t n)
{
    vgi_batch *b = golden(name);
    vgi_arena mem = { 0 };
    vgi_str text;
    assert_int_equal(vgi_schema_columns(vgi_batch_schema(b)), n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(vgi_batch_cell_text(b, row, i, &mem, &text, NULL), VGI_OK);
        assert_string_equal(text.data, cells[i]);
    }
    vgi_batch_unref(b);
    vgi_arena_free(&mem);
}

#define CELLS(name, row, ...) \
    do { \
        static const char *const cells_[] = { __VA_ARGS__ }; \
        assert_cells(name, row, cells_, sizeof(cells_) / sizeof(cells_[0])); \
    } while (0)

static void test_cells(void **state)
{
    (void)state;
    CELLS("text", 1, "gr\xc3\xbcn", "", "/wA=", "");
    CELLS("floats", 2, "-0.25", "Infinity", "-1e+300");
    CELLS("structs", 0, "{\"x\":1,\"y\":\"a\"}", "{}", "{\"k\":1,\"l\":null}",
          "[[1,\"eA==\"]]");
    CELLS("unions", 1, "b", "a");
    CELLS("unions", 3, "", "");
    CELLS("runs", 0, "a", "1.5", "[1,2]");
}

static void test_times(void **state)
{
    (void)state;
    CELLS("temporal", 2, "2024-10-04", "1970-01-02", "P-1M-2DT-0.000000003S",
          "1969-12-31T23:59:55", "1970-01-01T00:00:05Z[Europe/Berlin]", "PT7S",
          "00:00:09", "1969-12-31T23:59:59.995",
          "1970-01-01T00:00:00.005Z[Europe/Berlin]", "PT0.007S", "00:00:00.009",
          "1969-12-31T23:59:59.999995", "1970-01-01T00:00:00.000005Z[Europe/Berlin]",
          "PT0.000007S", "00:00:00.000009", "1969-12-31T23:59:59.999999995",
          "1970-01-01T00:00:00.000000005Z[Europe/Berlin]", "PT0.000000007S",
          "00:00:00.000000009");
}

/* One 64- or 32-bit value of a format, as text. */
static void assert_value(const char *format, int64_t value, const char *text)
{
    vgi_schema *s;
    vgi__buffer b;
    int32_t narrow = (int32_t)value;
    assert_int_equal(
        vgi_schema_build(&s, &(vgi_column){ .name = "v", .format = format }, 1, NULL),
        VGI_OK);
    const void *buffers[] = { NULL,
                              s->nodes[1].width == 4 ? (void *)&narrow : (void *)&value };
    const struct ArrowArray a = { .length = 1, .n_buffers = 2, .buffers = buffers };
    vgi__buffer_init(&b, NULL, SIZE_MAX);
    assert_true(vgi__cell_text(&b, s, 1, &a, 0));
    assert_true(vgi__buffer_char(&b, '\0'));
    assert_string_equal(b.data, text);
    vgi__buffer_free(&b);
    vgi_schema_unref(s);
}

static void test_time_edges(void **state)
{
    (void)state;
    assert_value("tdD", -719528, "0000-01-01");
    assert_value("tdD", -719529, "-0001-12-31");
    assert_value("tdD", 11016, "2000-02-29");
    assert_value("tdD", 2932896, "9999-12-31");
    assert_value("tdD", 2932897, "10000-01-01");
    assert_value("tdD", INT32_MIN, "-5877641-06-23");
    assert_value("tdm", -1, "1969-12-31");
    assert_value("tss:UTC", INT64_MAX, "292277026596-12-04T15:30:07Z");
    assert_value("tss:UTC", INT64_MIN, "-292277022657-01-27T08:29:52Z");
    assert_value("tsn:+02:00", 1, "1970-01-01T02:00:00.000000001+02:00");
    assert_value("tsu:-05:30", 0, "1969-12-31T18:30:00-05:30");
    assert_value("tsu:no\"zone", 0, "1970-01-01T00:00:00Z");
    assert_value("tDn", INT64_MIN, "PT-9223372036.854775808S");
    assert_value("tDs", -1, "PT-1S");
    assert_value("ttu", 86399999999, "23:59:59.999999");
    assert_value("ttu", 86400000000, "86400000000");
    assert_value("tts", -1, "-1");
    assert_value("tiM", 14, "P14M");
}

static void test_bad_places(void **state)
{
    vgi_batch *b = golden("integers");
    vgi_arena mem = { 0 };
    vgi_error err;
    vgi_str text;
    (void)state;
    assert_int_equal(vgi_batch_row_json(b, -1, &mem, &text, &err), VGI_EINVAL);
    assert_string_equal(err.message, "row -1 of a batch of 4");
    assert_int_equal(vgi_batch_row_json(b, 4, &mem, &text, &err), VGI_EINVAL);
    assert_int_equal(vgi_batch_cell_text(b, 0, 8, &mem, &text, &err), VGI_EINVAL);
    assert_string_equal(err.message, "column 8 of 8");
    vgi_batch_unref(b);
    vgi_arena_free(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),    cmocka_unit_test(test_text_and_bytes),
        cmocka_unit_test(test_nested),     cmocka_unit_test(test_encoded),
        cmocka_unit_test(test_cells),      cmocka_unit_test(test_times),
        cmocka_unit_test(test_time_edges), cmocka_unit_test(test_bad_places),
    };
    return vgi_test_run(tests);
}
