/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and counts: the last one that is let through, the first that is not. */
#include "feeding.h"

#define POST "POST / HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static char text[300000];

static void repeat(size_t *n, char c, size_t times)
{
    memset(text + *n, c, times);
    *n += times;
}

static void add(size_t *n, const char *s)
{
    memcpy(text + *n, s, strlen(s));
    *n += strlen(s);
}

/* The status of the first `n` bytes of `text`, 0 of a whole message, -1 of less; the same
 * for every way of feeding it. */
static int outcome(size_t n, const vgi__http_parser_limits *limits)
{
    const size_t steps[] = { SIZE_MAX, 1, 1000 };
    int first = 0;
    for (size_t i = 0; i < 3; i++) {
        feeding f;
        feeding_open(&f, limits);
        vgi__http_step s = feed_steps(&f, text, n, steps[i]);
        int status = s == VGI__HTTP_DONE ? 0 : s == VGI__HTTP_BAD ? status_of(&f) : -1;
        if (i == 0)
            first = status;
        assert_int_equal(status, first);
        feeding_close(&f);
    }
    return first;
}

static size_t with_target(size_t target)
{
    size_t n = 0;
    add(&n, "GET /");
    repeat(&n, 'a', target - 1);
    add(&n, " HTTP/1.1\r\nHost: x\r\n\r\n");
    return n;
}

static void target_bytes(void **state)
{
    (void)state;
    assert_int_equal(outcome(with_target(8192), &usual_limits), 0);
    assert_int_equal(outcome(with_target(8193), &usual_limits), 414);
    assert_int_equal(outcome(with_target(100000), &usual_limits), 414);
}

static void head_bytes(void **state)
{
    (void)state;
    size_t n = 0;
    add(&n, POST "X-A: ");
    repeat(&n, 'a', 131072);
    add(&n, "\r\n\r\n");
    assert_int_equal(outcome(n, &usual_limits), 431);
    const vgi__http_parser_limits exact = { .head_bytes = n, .headers = 2 };
    const vgi__http_parser_limits less = { .head_bytes = n - 1, .headers = 2 };
    assert_int_equal(outcome(n, &exact), 0);
    assert_int_equal(outcome(n, &less), 431);
    /* A head that never ends is refused by its size alone. */
    assert_int_equal(outcome(n - 4, &usual_limits), 431);
}

static size_t with_headers(int count)
{
    size_t n = 0;
    add(&n, POST);
    for (int i = 1; i < count; i++) {
        char line[32];
        snprintf(line, sizeof(line), "X-%d: a\r\n", i);
        add(&n, line);
    }
    add(&n, "\r\n");
    return n;
}

static void header_count(void **state)
{
    (void)state;
    assert_int_equal(outcome(with_headers(100), &usual_limits), 0);
    assert_int_equal(outcome(with_headers(101), &usual_limits), 431);
    assert_int_equal(outcome(with_headers(2000), &usual_limits), 431);
}

static size_t with_length(const char *length)
{
    size_t n = 0;
    add(&n, POST "Content-Length: ");
    add(&n, length);
    add(&n, "\r\n\r\n");
    return n;
}

/* What a request declares is judged before its body comes, and before memory is asked
 * for. */
static void declared_body(void **state)
{
    (void)state;
    assert_int_equal(outcome(with_length("1000"), &usual_limits), -1);
    assert_int_equal(outcome(with_length("1001"), &usual_limits), 413);
    assert_int_equal(outcome(with_length("1099511627776"), &usual_limits), 413);
    assert_int_equal(outcome(with_length("9223372036854775808"), &usual_limits), 413);
    assert_int_equal(outcome(with_length("18446744073709551615"), &usual_limits), 413);
}

static void chunked_body(void **state)
{
    (void)state;
    size_t n = 0;
    add(&n, CHUNKED "3e7\r\n");
    repeat(&n, 'a', 999);
    const size_t almost = n;
    add(&n, "\r\n1\r\nb\r\n0\r\n\r\n");
    assert_int_equal(outcome(n, &usual_limits), 0);
    n = almost;
    add(&n, "\r\n2\r\nbc\r\n0\r\n\r\n");
    assert_int_equal(outcome(n, &usual_limits), 413);
    n = almost; /* the size alone is enough */
    add(&n, "\r\nffffffffffffffff\r\nb");
    assert_int_equal(outcome(n, &usual_limits), 413);
    const vgi__http_parser_limits nothing = { .head_bytes = 1000, .headers = 10 };
    n = 0;
    add(&n, CHUNKED "0\r\n\r\n");
    assert_int_equal(outcome(n, &nothing), 0);
    n = 0;
    add(&n, CHUNKED "1\r\na\r\n0\r\n\r\n");
    assert_int_equal(outcome(n, &nothing), 413);
}

/* Bytes of a chunked body that are no body are bounded, too. */
static void chunk_framing(void **state)
{
    (void)state;
    static const char *const before[] = { "1;", "1;a=", "1;a=\"", "", "0\r\nA: " };
    static const char filler[] = { 'a', 'a', 'a', '0', 'a' };
    for (size_t i = 0; i < 5; i++) {
        size_t n = 0;
        add(&n, CHUNKED);
        add(&n, before[i]);
        const size_t start = n;
        repeat(&n, filler[i], 200000);
        assert_int_equal(outcome(n, &usual_limits), 400);
        assert_int_equal(outcome(start + 50000, &usual_limits), -1);
    }
    size_t n = 0;
    add(&n, CHUNKED); /* the worst of honest framing */
    for (int i = 0; i < BODY_LIMIT; i++)
        add(&n, "1\r\na\r\n");
    add(&n, "0\r\n\r\n");
    const vgi__http_parser_limits small = { .head_bytes = 100,
                                            .headers = 10,
                                            .body_bytes = BODY_LIMIT };
    assert_int_equal(outcome(n, &small), 0);
}

static void sink_without_memory(void **state)
{
    (void)state;
    feeding f;
    feeding_open(&f, &usual_limits);
    f.sink_fails = true;
    assert_int_equal(feed_text(&f, POST "Content-Length: 1\r\n\r\na"), VGI__HTTP_BAD);
    assert_int_equal(status_of(&f), 503);
    feeding_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(target_bytes),        cmocka_unit_test(head_bytes),
        cmocka_unit_test(header_count),        cmocka_unit_test(declared_body),
        cmocka_unit_test(chunked_body),        cmocka_unit_test(chunk_framing),
        cmocka_unit_test(sink_without_memory),
    };
    return vgi_test_run(tests);
}
