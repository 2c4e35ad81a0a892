/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>

#include "support/traced.h"
#include "transport/mem/mem.h"

static const char text[] = "The quick brown fox";
#define TEXT_BYTES (sizeof(text) - 1)

/* Read until the end; how many bytes came, and in how many reads. */
static size_t read_all(vgi__io *io, char *to, size_t room, size_t *reads, int *last)
{
    size_t n = 0, got;

    *reads = 0;
    while ((*last = vgi__io_read(io, to + n, room - n, &got, NULL)) == VGI_OK) {
        n += got;
        ++*reads;
    }
    return n;
}

static void reads_what_it_was_given(void **state)
{
    (void)state;
    char got[64];
    size_t reads, n;
    vgi__io *io;
    int last;

    assert_int_equal(
        vgi__mem_open(&io, (const uint8_t *)text, TEXT_BYTES, 0, NULL, NULL, NULL),
        VGI_OK);
    n = read_all(io, got, sizeof(got), &reads, &last);
    vgi__io_close(io);
    assert_int_equal(last, VGI_END);
    assert_int_equal(reads, 1);
    assert_int_equal(n, TEXT_BYTES);
    assert_memory_equal(got, text, n);
}

static void reads_in_steps(void **state)
{
    (void)state;
    for (size_t step = 1; step <= TEXT_BYTES + 1; step++) {
        char got[64];
        size_t reads, n;
        vgi__io *io;
        int last;

        assert_int_equal(
            vgi__mem_open(&io, (const uint8_t *)text, TEXT_BYTES, step, NULL, NULL, NULL),
            VGI_OK);
        n = read_all(io, got, sizeof(got), &reads, &last);
        vgi__io_close(io);
        assert_int_equal(n, TEXT_BYTES);
        assert_memory_equal(got, text, n);
        assert_int_equal(reads, (TEXT_BYTES + step - 1) / step);
    }
}

static void gathers_writes(void **state)
{
    (void)state;
    struct iovec iov[] = { { .iov_base = (void *)(uintptr_t)text, .iov_len = 4 },
                           { .iov_base = NULL, .iov_len = 0 },
                           { .iov_base = (void *)(uintptr_t)(text + 4), .iov_len = 5 } };
    vgi__buffer out;
    vgi__io *io;

    vgi__buffer_init(&out, NULL, SIZE_MAX);
    assert_int_equal(vgi__mem_open(&io, NULL, 0, 0, &out, NULL, NULL), VGI_OK);
    const int rc = vgi__io_write(io, iov, 3, NULL);
    vgi__io_close(io);
    const size_t len = out.len;
    const bool same = len == 9 && memcmp(out.data, text, 9) == 0;
    vgi__buffer_free(&out);
    assert_int_equal(rc, VGI_OK);
    assert_true(same);
}

static void a_full_output_is_an_error(void **state)
{
    (void)state;
    struct iovec iov = { .iov_base = (void *)(uintptr_t)text, .iov_len = TEXT_BYTES };
    vgi_error err = { 0 };
    vgi__buffer out;
    vgi__io *io;

    vgi__buffer_init(&out, NULL, TEXT_BYTES - 1);
    assert_int_equal(vgi__mem_open(&io, NULL, 0, 0, &out, NULL, NULL), VGI_OK);
    const int rc = vgi__io_write(io, &iov, 1, &err);
    vgi__io_close(io);
    vgi__buffer_free(&out);
    assert_int_equal(rc, VGI_ENOMEM);
    assert_int_equal(err.code, VGI_ENOMEM);
}

static void a_missing_output_swallows(void **state)
{
    (void)state;
    struct iovec iov = { .iov_base = (void *)(uintptr_t)text, .iov_len = TEXT_BYTES };
    vgi__io *io;

    assert_int_equal(vgi__mem_open(&io, NULL, 0, 0, NULL, NULL, NULL), VGI_OK);
    const int rc = vgi__io_write(io, &iov, 1, NULL);
    vgi__io_close(io);
    assert_int_equal(rc, VGI_OK);
}

static int write_text(vgi__io *io, const char *p, size_t n)
{
    struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = n };

    return vgi__io_write(io, &iov, 1, NULL);
}

static void ends_see_each_other(void **state)
{
    (void)state;
    char got[64];
    size_t n = 0, m = 0;
    vgi__io *a, *b;

    assert_int_equal(vgi__mem_pair(&a, &b, NULL, NULL), VGI_OK);
    a->read_timeout_ms = b->read_timeout_ms = 1000;
    const int rc = write_text(a, "ping", 4) | write_text(b, "pong!", 5) |
                   vgi__io_read(b, got, 2, &n, NULL) |
                   vgi__io_read(b, got + 2, 62, &m, NULL);
    const bool ping = n == 2 && m == 2 && memcmp(got, "ping", 4) == 0;
    const int back = vgi__io_read(a, got, 64, &n, NULL);
    const bool pong = n == 5 && memcmp(got, "pong!", 5) == 0;
    vgi__io_close(a);
    vgi__io_close(b);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(back, VGI_OK);
    assert_true(ping && pong);
}

static void a_closed_end_is_seen_after_its_bytes(void **state)
{
    (void)state;
    char got[8];
    size_t n = 0;
    vgi__io *a, *b;

    assert_int_equal(vgi__mem_pair(&a, &b, NULL, NULL), VGI_OK);
    const int sent = write_text(a, "last", 4);
    vgi__io_close(a);
    b->read_timeout_ms = 1000;
    const int first = vgi__io_read(b, got, sizeof(got), &n, NULL);
    const int second = vgi__io_read(b, got, sizeof(got), &n, NULL);
    const int write = write_text(b, "x", 1);
    vgi__io_close(b);
    assert_int_equal(sent, VGI_OK);
    assert_int_equal(first, VGI_OK);
    assert_int_equal(n, 4);
    assert_int_equal(second, VGI_END);
    assert_int_equal(write, VGI_ECLOSED);
}

static void a_read_times_out(void **state)
{
    (void)state;
    vgi_error err = { 0 };
    char got[8];
    size_t n;
    vgi__io *a, *b;

    assert_int_equal(vgi__mem_pair(&a, &b, NULL, NULL), VGI_OK);
    a->read_timeout_ms = 5;
    const int rc = vgi__io_read(a, got, sizeof(got), &n, &err);
    vgi__io_close(a);
    vgi__io_close(b);
    assert_int_equal(rc, VGI_ETIMEDOUT);
    assert_string_equal(err.message, "nothing to read for 5 ms");
}

/* Echoes one MiB back in reads of whatever size. */
static void *echo(void *arg)
{
    vgi__io *io = arg;
    char buf[4096];
    size_t n;

    while (vgi__io_read(io, buf, sizeof(buf), &n, NULL) == VGI_OK &&
           write_text(io, buf, n) == VGI_OK)
        ;
    vgi__io_close(io);
    return NULL;
}

static void two_threads_talk(void **state)
{
    (void)state;
    char block[1000], got[1000];
    size_t n, back;
    pthread_t thread;
    vgi__io *a, *b;
    int rc = VGI_OK;
    bool same = true;

    assert_int_equal(vgi__mem_pair(&a, &b, NULL, NULL), VGI_OK);
    assert_int_equal(pthread_create(&thread, NULL, echo, b), 0);
    for (int i = 0; i < 1000 && rc == VGI_OK && same; i++) {
        memset(block, i, sizeof(block));
        if ((rc = write_text(a, block, sizeof(block))) != VGI_OK)
            break;
        for (back = 0; back < sizeof(got) && rc == VGI_OK; back += n)
            rc = vgi__io_read(a, got + back, sizeof(got) - back, &n, NULL);
        same = memcmp(block, got, sizeof(got)) == 0;
    }
    vgi__io_close(a);
    pthread_join(thread, NULL);
    assert_int_equal(rc, VGI_OK);
    assert_true(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_was_given),
        cmocka_unit_test(reads_in_steps),
        cmocka_unit_test(gathers_writes),
        cmocka_unit_test(a_full_output_is_an_error),
        cmocka_unit_test(a_missing_output_swallows),
        cmocka_unit_test(ends_see_each_other),
        cmocka_unit_test(a_closed_end_is_seen_after_its_bytes),
        cmocka_unit_test(a_read_times_out),
        cmocka_unit_test(two_threads_talk),
    };

    return vgi_test_run(tests);
}
