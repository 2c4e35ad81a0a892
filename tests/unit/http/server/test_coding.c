/* SPDX-License-Identifier: Apache-2.0 */
/* Content codings: what of a request is decoded, and what a response is coded with. */
#include <string.h>

#include "support/http/server/surface.h"

/* ---- requests ---- */

/* Replace what is to be sent by its coded form. */
static void encode_sent(surface *s, vgi__coding coding)
{
    vgi__buffer *sent = &s->talk.sent;
    struct iovec iov = { sent->data, sent->len };
    vgi__buffer coded;

    vgi__buffer_init(&coded, NULL, SIZE_MAX);
    assert_int_equal(vgi__coding_encode(coding, 3, &iov, 1, &coded, NULL), VGI_OK);
    vgi__buffer_clear(sent);
    assert_true(vgi__buffer_append(sent, coded.data, coded.len));
    vgi__buffer_free(&coded);
}

/* A text of that many letters, which is the answer to "echo". */
static void send_echo(surface *s, bool current, size_t letters)
{
    vgi_arena arena = { .head = NULL };
    char *text = vgi_arena_alloc(&arena, letters);
    calc_text in = { { text, letters } };

    assert_non_null(text);
    memset(text, 'e', letters);
    talk_request(&s->talk, current ? CURRENT("echo") : SEED("echo"),
                 VGI_FROM(calc_text, &in), 1);
    vgi_arena_free(&arena);
}

static void expect_echo(surface *s, size_t letters)
{
    vgi_str value;

    talk_expect_stream(&s->talk, 1);
    talk_expect_rows(&s->talk, 1);
    assert_int_equal(vgi_batch_str(&s->talk.batch, "result", 0, &value), VGI_OK);
    assert_int_equal(value.len, letters);
}

static void test_coded_requests(void **state)
{
    static const struct {
        const char *name;
        vgi__coding coding;
    } cases[] = { { "zstd", VGI__CODING_ZSTD },
                  { "ZSTD", VGI__CODING_ZSTD },
                  { "gzip", VGI__CODING_GZIP } };
    const vgi_http_options off = { .size = sizeof(off), .no_compression = true };
    surface s;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        surface_begin(&s, NULL, i == 0 ? &off : NULL); /* they are always decoded */
        send_echo(&s, false, 5000);
        encode_sent(&s, cases[i].coding);
        assert_true(s.talk.sent.len < 1000);
        surface_header(&s, "Content-Encoding", cases[i].name);
        assert_int_equal(surface_post(&s, "/echo"), 200);
        expect_echo(&s, 5000);
        surface_end(&s);
    }
    surface_begin(&s, NULL, NULL);
    send_echo(&s, false, 10);
    surface_header(&s, "Content-Encoding", "identity");
    assert_int_equal(surface_post(&s, "/echo"), 200);
    expect_echo(&s, 10);
    surface_end(&s);
}

static void test_codings_that_are_unknown(void **state)
{
    static const char *const names[] = { "br", "deflate", "zstd, gzip", "zstd;q=1", "x" };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        send_echo(&s, false, 10);
        surface_header(&s, "Content-Encoding", names[i]);
        assert_int_equal(surface_post(&s, "/echo"), 415);
        surface_expect(&s, "Content-Type", "application/json");
        assert_non_null(strstr(surface_text(&s), "Unsupported Content-Encoding"));
        assert_non_null(strstr(surface_text(&s), names[i]));
    }
    send_echo(&s, false, 10); /* two lines are one list */
    surface_header(&s, "Content-Encoding", "identity");
    surface_header(&s, "Content-Encoding", "zstd");
    assert_int_equal(surface_post(&s, "/echo"), 415);
    assert_non_null(strstr(surface_text(&s), "identity, zstd"));
    surface_end(&s);
}

static void test_bodies_that_are_not_coded_so(void **state)
{
    static const char *const names[] = { "zstd", "gzip" };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    for (size_t i = 0; i < 2; i++) {
        send_echo(&s, false, 10);
        surface_header(&s, "Content-Encoding", names[i]);
        assert_int_equal(surface_post(&s, "/echo"), 400);
        surface_expect(&s, "Content-Type", "application/json");
        assert_non_null(strstr(surface_text(&s), "\"title\": \"Decompression Error\""));
        assert_non_null(strstr(surface_text(&s), names[i]));
    }
    surface_end(&s);
}

static void test_bodies_that_grow_over_the_cap(void **state)
{
    const vgi_http_options o = { .size = sizeof(o), .max_request_bytes = 4096 };
    surface s;

    (void)state;
    surface_begin(&s, NULL, &o);
    for (int coding = VGI__CODING_ZSTD; coding <= VGI__CODING_GZIP; coding++) {
        send_echo(&s, false, 100000);
        encode_sent(&s, (vgi__coding)coding);
        surface_header(&s, "Content-Encoding", vgi__coding_name((vgi__coding)coding));
        assert_int_equal(surface_post(&s, "/echo"), 413);
        assert_non_null(strstr(surface_text(&s),
                               "Request body exceeds max_request_bytes after "
                               "decompression"));
        assert_non_null(strstr(surface_text(&s), "max_request_bytes=4096"));
    }
    send_echo(&s, false, 1000);
    encode_sent(&s, VGI__CODING_ZSTD);
    surface_header(&s, "Content-Encoding", "zstd");
    assert_int_equal(surface_post(&s, "/echo"), 200);
    expect_echo(&s, 1000);
    surface_end(&s);
}

/* ---- responses ---- */

/* How a response is coded: the header that says so, and what it says. */
typedef struct negotiation {
    const char *standard, *custom; /* of the request */
    vgi__coding coding;
    bool in_custom;
} negotiation;

static void check(surface *s, bool current, const negotiation *n)
{
    const char *name =
        n->coding == VGI__CODING_IDENTITY ? NULL : vgi__coding_name(n->coding);
    const char *shown;

    send_echo(s, current, 20000);
    if (n->standard)
        surface_header(s, "Accept-Encoding", n->standard);
    if (n->custom)
        surface_header(s, "X-VGI-Accept-Encoding", n->custom);
    assert_int_equal(surface_post(s, current ? "/Calc/echo" : "/echo"), 200);
    shown =
        surface_answer(s, n->in_custom ? "X-VGI-Content-Encoding" : "Content-Encoding");
    if (!shown != !name || (name && strcmp(shown, name) != 0))
        fail_msg("%s, %s: %s in place of %s", n->standard ? n->standard : "-",
                 n->custom ? n->custom : "-", shown ? shown : "nothing",
                 name ? name : "nothing");
    assert_null(
        surface_answer(s, n->in_custom ? "Content-Encoding" : "X-VGI-Content-Encoding"));
    if (!name) {
        expect_echo(s, 20000);
        return;
    }
    vgi__block *plain = NULL;
    size_t len;

    assert_true(s->body.len < 20000);
    assert_int_equal(vgi__coding_decode(n->coding, s->body.data, s->body.len, 1 << 20,
                                        NULL, &plain, &len, NULL),
                     VGI_OK);
    assert_true(len > 20000);
    vgi__block_unref(plain);
}

static void test_negotiation_of_seed_routes(void **state)
{
    static const negotiation cases[] = {
        { NULL, NULL, VGI__CODING_IDENTITY, false },
        { "zstd", NULL, VGI__CODING_ZSTD, false },
        { "gzip, zstd", NULL, VGI__CODING_ZSTD, false },
        { "identity, zstd", NULL, VGI__CODING_ZSTD, false },
        { "gzip, deflate", NULL, VGI__CODING_GZIP, false },
        { NULL, "zstd", VGI__CODING_ZSTD, true },
        { "zstd", "zstd", VGI__CODING_ZSTD, true },
        { "gzip", "zstd", VGI__CODING_ZSTD, true },
        { NULL, "gzip", VGI__CODING_GZIP, true },
        { "br, deflate", NULL, VGI__CODING_IDENTITY, false },
        { "", "", VGI__CODING_IDENTITY, false },
    };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check(&s, false, &cases[i]);
    surface_end(&s);
}

static void test_negotiation_of_current_routes(void **state)
{
    static const negotiation cases[] = {
        { NULL, NULL, VGI__CODING_IDENTITY, false },
        { "gzip, zstd", NULL, VGI__CODING_GZIP, false },
        { "br;q=1.0, zstd;q=0.1, gzip", NULL, VGI__CODING_ZSTD, false },
        { "identity, zstd", NULL, VGI__CODING_IDENTITY, false },
        { "gzip, deflate, br, zstd", "zstd, gzip", VGI__CODING_ZSTD, false },
        { "gzip", "zstd", VGI__CODING_ZSTD, true },
        { "zstd", "zstd", VGI__CODING_ZSTD, false },
        { "zstd", "identity", VGI__CODING_IDENTITY, false },
        { "zstd", "br", VGI__CODING_ZSTD, false },
        { NULL, "gzip", VGI__CODING_GZIP, true },
    };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(&s, true, &cases[i]);
    }
    surface_end(&s);
}

static void test_what_is_not_coded(void **state)
{
    const vgi_http_options off = { .size = sizeof(off), .no_compression = true };
    const vgi_http_options big = { .size = sizeof(big), .compress_min_bytes = 50000 };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    surface_header(&s, "Accept-Encoding", "zstd");
    send_echo(&s, false, 10); /* too small */
    assert_int_equal(surface_post(&s, "/echo"), 200);
    surface_expect(&s, "Content-Encoding", NULL);
    surface_header(&s, "Accept-Encoding", "zstd");
    assert_int_equal(surface_ask(&s, "GET", "/describe"), 200); /* no Arrow */
    surface_expect(&s, "Content-Encoding", NULL);
    surface_end(&s);
    for (int i = 0; i < 2; i++) {
        surface_begin(&s, NULL, i == 0 ? &off : &big);
        surface_header(&s, "Accept-Encoding", "zstd");
        send_echo(&s, false, 20000);
        assert_int_equal(surface_post(&s, "/echo"), 200);
        surface_expect(&s, "Content-Encoding", NULL);
        expect_echo(&s, 20000);
        surface_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coded_requests),
        cmocka_unit_test(test_codings_that_are_unknown),
        cmocka_unit_test(test_bodies_that_are_not_coded_so),
        cmocka_unit_test(test_bodies_that_grow_over_the_cap),
        cmocka_unit_test(test_negotiation_of_seed_routes),
        cmocka_unit_test(test_negotiation_of_current_routes),
        cmocka_unit_test(test_what_is_not_coded),
    };

    return vgi_test_run(tests);
}
