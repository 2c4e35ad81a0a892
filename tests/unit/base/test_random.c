/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "support/traced.h"

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, 17);
}

enum { IDS = 2000, THREADS = 4 };

static char ids[THREADS][IDS][17];

static void *make_ids(void *out)
{
    char(*list)[17] = out;
    for (size_t i = 0; i < IDS; i++)
        vgi__random_id(list[i]);
    return NULL;
}

static void ids_differ_between_and_within_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids, ids[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    size_t n = (size_t)THREADS * IDS;
    qsort(ids, n, 17, compare);
    for (size_t i = 0; i < n; i++) {
        const char *id = ids[0][0] + 17 * i;
        assert_int_equal(strlen(id), 16);
        assert_int_equal(strspn(id, "0123456789abcdef"), 16);
        if (i > 0)
            assert_string_not_equal(id, id - 17);
    }
}

static void a_forked_child_makes_other_ids(void **state)
{
    (void)state;
    char id[17], other[17] = { 0 };
    int fds[2];
    vgi__random_id(id);
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        vgi__random_id(id);
        _exit(write(fds[1], id, 17) == 17 ? 0 : 1);
    }
    assert_true(pid > 0);
    assert_int_equal(read(fds[0], other, 17), 17);
    vgi__random_id(id);
    waitpid(pid, NULL, 0);
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(strlen(other), 16);
    assert_string_not_equal(id, other);
}

static void bytes_are_filled(void **state)
{
    (void)state;
    uint8_t bytes[4096] = { 0 };
    vgi__random_bytes(bytes, sizeof(bytes));
    size_t seen[256] = { 0 };
    for (size_t i = 0; i < sizeof(bytes); i++)
        seen[bytes[i]]++;
    for (size_t i = 0; i < 256; i++)
        assert_in_range(seen[i], 0, 80); /* 16 expected */
    assert_true(seen[0] < 80);
    vgi__random_bytes(NULL, 0);
}

static void clocks_move_forward(void **state)
{
    (void)state;
    uint64_t before = vgi__clock_ns();
    usleep(2000);
    assert_true(vgi__clock_ns() - before >= 2000000);
    assert_true(vgi__wall_us() > INT64_C(1700000000) * 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_differ_between_and_within_threads),
        cmocka_unit_test(a_forked_child_makes_other_ids),
        cmocka_unit_test(bytes_are_filled),
        cmocka_unit_test(clocks_move_forward),
    };
    return vgi_test_run(tests);
}
