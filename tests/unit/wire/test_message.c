/* SPDX-License-Identifier: Apache-2.0 */
/* Log and EXCEPTION batches, written and read back; and what received batches are. */
#include "support/traced.h"

#include <stdio.h>
#include <string.h>

#include "arrow/reader.h"
#include "base/utf8.h"
#include "transport/mem/mem.h"
#include "wire/wire.h"

/* One batch, from the writer through the reader. */
typedef struct trip {
    vgi__writer *writer;
    vgi__buffer scratch, bytes;
    vgi_limits limits;
    vgi__origin from;
    vgi__io *io;
    vgi__reader *reader;
    vgi_batch batch;
    vgi_error err;
} trip;

static const vgi_metadata no_extra;

static void trip_begin(trip *t)
{
    *t = (trip){ .limits = vgi_limits_effective(NULL),
                 .from = { .server_id = "srv",
                           .request_id = "0123456789abcdef",
                           .tracebacks = true } };
    vgi__buffer_init(&t->scratch, NULL, SIZE_MAX);
    vgi__buffer_init(&t->bytes, NULL, SIZE_MAX);
    t->from.scratch = &t->scratch;
    t->from.limits = &t->limits;
    vgi__batch_init(&t->batch, NULL);
    assert_int_equal(vgi__writer_new(&t->writer, NULL, NULL, &t->err), VGI_OK);
    assert_int_equal(vgi__writer_schema(t->writer, vgi__schema_empty(), &t->err), VGI_OK);
}

static void trip_read(trip *t)
{
    const vgi_schema *s;

    assert_int_equal(vgi__writer_eos(t->writer, &t->err), VGI_OK);
    assert_int_equal(vgi__writer_gather(t->writer, &t->bytes, &t->err), VGI_OK);
    assert_int_equal(
        vgi__mem_open(&t->io, t->bytes.data, t->bytes.len, 0, NULL, NULL, &t->err),
        VGI_OK);
    assert_int_equal(vgi__reader_new(&t->reader, t->io, NULL, NULL, &t->err), VGI_OK);
    assert_int_equal(vgi__reader_begin(t->reader, &s, &t->err), VGI_OK);
    assert_int_equal(vgi__reader_next(t->reader, &t->batch, &t->err), VGI_OK);
}

static void trip_end(trip *t)
{
    vgi__batch_free(&t->batch);
    vgi__reader_free(t->reader);
    vgi__io_close(t->io);
    vgi__writer_free(t->writer);
    vgi__buffer_free(&t->scratch);
    vgi__buffer_free(&t->bytes);
}

static vgi_str value_of(const trip *t, const char *key)
{
    vgi_str v = { NULL, 0 };

    (void)vgi_metadata_get(&t->batch.metadata, key, &v);
    return v;
}

static void expect(const trip *t, const char *key, const char *value)
{
    vgi_str v = value_of(t, key);

    if (!vgi_str_eq(v, value))
        fail_msg("%s is '" VGI_STR_FMT "', not '%s'", key, VGI_STR_ARG(v),
                 value ? value : "");
}

static void test_log(void **state)
{
    const vgi_pair extra[] = { { VGI_LIT("a\"b"), VGI_LIT("1\n2") },
                               { VGI_LIT("error_kind"), VGI_LIT("odd") } };
    trip t;

    (void)state;
    trip_begin(&t);
    assert_int_equal(vgi__write_log(t.writer, VGI_LOG_WARN, VGI_LIT("careful"),
                                    &(vgi_metadata){ extra, 2 }, &t.from, &t.err),
                     VGI_OK);
    trip_read(&t);
    assert_int_equal(vgi__batch_classify(&t.batch), VGI__BATCH_LOG);
    expect(&t, VGI_KEY_LOG_LEVEL, "WARN");
    expect(&t, VGI_KEY_LOG_MESSAGE, "careful");
    expect(&t, VGI_KEY_LOG_EXTRA, "{\"a\\\"b\":\"1\\n2\",\"error_kind\":\"odd\"}");
    expect(&t, VGI_KEY_ERROR_KIND, "odd");
    expect(&t, VGI_KEY_SERVER_ID, "srv");
    expect(&t, VGI_KEY_REQUEST_ID, "0123456789abcdef");
    assert_int_equal(t.batch.metadata.count, 6);
    trip_end(&t);
}

static void test_plain_log(void **state)
{
    trip t;

    (void)state;
    trip_begin(&t);
    t.from.request_id = NULL;
    assert_int_equal(vgi__write_log(t.writer, VGI_LOG_TRACE, (vgi_str){ NULL, 0 },
                                    &no_extra, &t.from, &t.err),
                     VGI_OK);
    trip_read(&t);
    expect(&t, VGI_KEY_LOG_LEVEL, "TRACE");
    expect(&t, VGI_KEY_LOG_MESSAGE, "");
    assert_int_equal(t.batch.metadata.count, 3);
    trip_end(&t);
}

/* Texts of a handler may be anything; what is sent is UTF-8 and within the limits. */
static void test_log_cut(void **state)
{
    static char text[3000];
    const vgi_pair extra = { VGI_LIT("k"), { text, sizeof(text) } };
    trip t;

    (void)state;
    for (size_t i = 0; i + 2 <= sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    trip_begin(&t);
    t.limits.log_bytes = 1001;
    t.limits.metadata_bytes = 4096;
    assert_int_equal(vgi__write_log(t.writer, VGI_LOG_INFO,
                                    (vgi_str){ text, sizeof(text) },
                                    &(vgi_metadata){ &extra, 1 }, &t.from, &t.err),
                     VGI_OK);
    trip_read(&t);
    assert_int_equal(value_of(&t, VGI_KEY_LOG_MESSAGE).len, 1000);
    assert_null(value_of(&t, VGI_KEY_LOG_EXTRA).data); /* too long to be said */
    trip_end(&t);
}

static void test_not_utf8(void **state)
{
    trip t;

    (void)state;
    trip_begin(&t);
    assert_int_equal(vgi__write_log(t.writer, VGI_LOG_INFO,
                                    VGI_LIT("a\xff\xc3\xa9\xe2\x82z"), &no_extra, &t.from,
                                    &t.err),
                     VGI_OK);
    trip_read(&t);
    expect(&t, VGI_KEY_LOG_MESSAGE, "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbdz");
    trip_end(&t);
}

static void test_exception(void **state)
{
    const vgi_failure f = { .size = sizeof(f),
                            .type = "ValueError",
                            .message = "bad \"x\"",
                            .code = "NOT_FOUND",
                            .kind = "x_missing",
                            .details = "[{}]" };
    trip t;

    (void)state;
    trip_begin(&t);
    assert_int_equal(
        vgi__write_exception(t.writer, &f, "Service.method", &t.from, &t.err), VGI_OK);
    trip_read(&t);
    assert_int_equal(vgi__batch_classify(&t.batch), VGI__BATCH_ERROR);
    expect(&t, VGI_KEY_LOG_LEVEL, "EXCEPTION");
    expect(&t, VGI_KEY_LOG_MESSAGE, "ValueError: bad \"x\"");
    expect(&t, VGI_KEY_ERROR_CODE, "NOT_FOUND");
    expect(&t, VGI_KEY_ERROR_KIND, "x_missing");
    expect(&t, VGI_KEY_ERROR_DETAILS, "[{}]");
    expect(
        &t, VGI_KEY_LOG_EXTRA,
        "{\"exception_type\":\"ValueError\",\"exception_message\":\"bad \\\"x\\\"\","
        "\"error_code\":\"NOT_FOUND\",\"error_kind\":\"x_missing\",\"error_details\":[{}]"
        ","
        "\"traceback\":\"Traceback (most recent call last):\\n  File \\\"<native>\\\", "
        "line 0, "
        "in Service.method\\nValueError: bad \\\"x\\\"\\n\","
        "\"frames\":[{\"file\":\"<native>\",\"line\":0,\"function\":\"Service.method\","
        "\"code\":\"\"}]}");
    trip_end(&t);
}

static void test_bare_exception(void **state)
{
    const vgi_failure f = { .size = sizeof(f) };
    trip t;

    (void)state;
    trip_begin(&t);
    t.from.tracebacks = false;
    assert_int_equal(vgi__write_exception(t.writer, &f, NULL, &t.from, &t.err), VGI_OK);
    trip_read(&t);
    expect(&t, VGI_KEY_LOG_MESSAGE, "RuntimeError: ");
    expect(&t, VGI_KEY_LOG_EXTRA,
           "{\"exception_type\":\"RuntimeError\","
           "\"exception_message\":\"\",\"error_code\":\"UNKNOWN\"}");
    expect(&t, VGI_KEY_ERROR_CODE, "UNKNOWN");
    assert_int_equal(t.batch.metadata.count, 6);
    trip_end(&t);
}

/* Details over 4 KiB are dropped whole; a traceback over 16,000 bytes is cut and says so.
 */
static void test_caps(void **state)
{
    static char details[5000], message[40000];
    const vgi_failure f = { .size = sizeof(f), .message = message, .details = details };
    trip t;

    (void)state;
    (void)snprintf(details, sizeof(details), "[{\"a\":\"%4500s\"}]", "");
    memset(message, 'm', sizeof(message) - 1);
    trip_begin(&t);
    assert_int_equal(vgi__write_exception(t.writer, &f, "S.m", &t.from, &t.err), VGI_OK);
    trip_read(&t);
    assert_null(value_of(&t, VGI_KEY_ERROR_DETAILS).data);
    vgi_str extra = value_of(&t, VGI_KEY_LOG_EXTRA);
    assert_null(memmem(extra.data, extra.len, "error_details", 13));
    assert_non_null(memmem(extra.data, extra.len, "<traceback truncated>\"", 22));
    assert_true(extra.len > 56000 && extra.len < 57000);
    assert_int_equal(value_of(&t, VGI_KEY_LOG_MESSAGE).len,
                     39999 + strlen("RuntimeError: "));
    trip_end(&t);
}

/* A message that grows in JSON is cut until a reader of the same limits takes it. */
static void test_fits_metadata(void **state)
{
    static char message[1 << 20];
    const vgi_failure f = { .size = sizeof(f), .message = message };
    trip t;

    (void)state;
    memset(message, '\x01', sizeof(message) - 1);
    trip_begin(&t);
    assert_int_equal(vgi__write_exception(t.writer, &f, "S.m", &t.from, &t.err), VGI_OK);
    trip_read(&t); /* its default limits are the same */
    assert_true(value_of(&t, VGI_KEY_LOG_MESSAGE).len > 60000);
    trip_end(&t);
}

static vgi__batch_class class_of(int64_t rows, const char *const *keys)
{
    struct ArrowArray root = { .length = rows };
    vgi_pair pairs[4];
    vgi_batch b = { .root = &root, .metadata = { pairs, 0 } };

    for (; keys[b.metadata.count]; b.metadata.count++)
        pairs[b.metadata.count] =
            (vgi_pair){ vgi_str_from(keys[b.metadata.count]), VGI_LIT("INFO") };
    return vgi__batch_classify(&b);
}

static void test_classify(void **state)
{
    static const char *const none[] = { NULL };
    static const char *const log[] = { VGI_KEY_LOG_LEVEL, VGI_KEY_LOG_MESSAGE, NULL };
    static const char *const half[] = { VGI_KEY_LOG_LEVEL, VGI_KEY_SHM_OFFSET, NULL };
    static const char *const location[] = { VGI_KEY_LOCATION, NULL };
    static const char *const shm[] = { "user", VGI_KEY_SHM_OFFSET, NULL };
    static const char *const user[] = { "user", NULL };

    (void)state;
    assert_int_equal(class_of(0, none), VGI__BATCH_DATA);
    assert_int_equal(class_of(0, log), VGI__BATCH_LOG);
    assert_int_equal(class_of(1, log), VGI__BATCH_DATA);
    assert_int_equal(class_of(0, half), VGI__BATCH_DATA);
    assert_int_equal(class_of(0, location), VGI__BATCH_LOCATION);
    assert_int_equal(class_of(0, shm), VGI__BATCH_SHM);
    assert_int_equal(class_of(0, user), VGI__BATCH_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log),       cmocka_unit_test(test_plain_log),
        cmocka_unit_test(test_log_cut),   cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_exception), cmocka_unit_test(test_bare_exception),
        cmocka_unit_test(test_caps),      cmocka_unit_test(test_fits_metadata),
        cmocka_unit_test(test_classify),
    };

    return vgi_test_run(tests);
}
