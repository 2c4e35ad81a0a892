/* SPDX-License-Identifier: Apache-2.0 */
/* Segments as files: names, leftovers, peers that truncate, views. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/guard.h"
#include "shm/segment.h"
#include "shm/stale.h"
#include "support/traced.h"

enum { SIZE = 1 << 20 };
#define MOST (UINT64_C(1) << 30)

static struct sigaction guard;

static vgi__shm *make(void)
{
    vgi__shm *s = NULL;

    assert_int_equal(vgi__shm_create(&s, SIZE, vgi_test_allocator(), NULL), VGI_OK);
    if (!(guard.sa_flags & SA_SIGINFO))
        sigaction(SIGBUS, NULL, &guard);
    return s;
}

/* cmocka takes the signal for each test. */
static void take_back(void)
{
    sigaction(SIGBUS, &guard, NULL);
}

static bool exists(const char *name)
{
    char path[400];

    (void)snprintf(path, sizeof(path), "/dev/shm/%s", name);
    return access(path, F_OK) == 0;
}

/* Run something in another process, which has ended when this returns. */
static int elsewhere(void (*run)(void *), void *arg)
{
    const pid_t pid = fork();
    int status = -1;

    if (pid == 0) {
        run(arg);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* ---- names ---- */

static void test_two_sides(void **state)
{
    vgi__shm *mine = make(), *other = NULL;
    const vgi__shm_region *regions;
    char name[300];
    uint64_t at;
    uint8_t *p, *q;
    size_t n;

    (void)state;
    (void)snprintf(name, sizeof(name), "%.*s", (int)vgi__shm_name(mine).len,
                   vgi__shm_name(mine).data);
    assert_true(exists(name));
    assert_int_equal(
        vgi__shm_attach(&other, vgi__shm_name(mine), MOST, vgi_test_allocator(), NULL),
        VGI_OK);
    assert_int_equal(vgi__shm_size(other), SIZE);
    assert_int_equal(vgi__shm_allocate(mine, 1000, 0, &at, NULL), VGI_OK);
    assert_int_equal(vgi__shm_at(mine, at, 1000, &p, NULL), VGI_OK);
    assert_int_equal(vgi__shm_at(other, at, 1000, &q, NULL), VGI_OK);
    memcpy(p, "hello", 6);
    assert_string_equal((char *)q, "hello");
    assert_int_equal(vgi__shm_regions(other, &regions, &n, NULL), VGI_OK);
    assert_int_equal(n, 1);
    assert_int_equal(regions[0].length, 1000);
    assert_int_equal(vgi__shm_reset(other, NULL), VGI_OK);
    assert_int_equal(vgi__shm_regions(mine, &regions, &n, NULL), VGI_OK);
    assert_int_equal(n, 0);
    vgi__shm_unref(other);
    assert_true(exists(name));
    vgi__shm_unref(mine);
    assert_false(exists(name));
}

static void test_bad_names(void **state)
{
    static const vgi_str names[] = { { "", 0 },        { "a/b", 3 }, { "/a", 2 },
                                     { "..", 2 },      { ".", 1 },   { "a\0b", 3 },
                                     { "../../x", 7 }, { ".x", 2 } };
    char longest[300];
    vgi__shm *s;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(vgi__shm_attach(&s, names[i], MOST, NULL, NULL), VGI_EINVAL);
    memset(longest, 'x', sizeof(longest));
    assert_int_equal(vgi__shm_attach(&s, (vgi_str){ longest, 300 }, MOST, NULL, NULL),
                     VGI_EINVAL);
    assert_int_equal(
        vgi__shm_attach(&s, VGI_LIT("vgirpc-test-nowhere"), MOST, NULL, NULL),
        VGI_ENOTFOUND);
    assert_int_equal(vgi__shm_create(&s, 65536, NULL, NULL), VGI_EINVAL);
    assert_int_equal(vgi__shm_create(&s, UINT64_MAX, NULL, NULL), VGI_EINVAL);
}

/* ---- files that are no segments ---- */

static void expect_attach(off_t size, const void *head, size_t n, uint64_t most, int code)
{
    char path[66], name[64];
    vgi__shm *s;

    (void)snprintf(name, sizeof(name), "vgitest-%d", getpid());
    (void)snprintf(path, sizeof(path), "/%s", name);
    const int fd = shm_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    assert_int_equal(pwrite(fd, head, n, 0), n);
    const int rc =
        vgi__shm_attach(&s, vgi_str_from(name), most, vgi_test_allocator(), NULL);
    close(fd);
    shm_unlink(path);
    assert_int_equal(rc, code);
}

static void test_no_segments(void **state)
{
    uint8_t head[24] = { 0 };

    (void)state;
    vgi__shm_table_init(head, SIZE);
    expect_attach(0, head, 0, MOST, VGI_EPROTO);
    expect_attach(10, head, 10, MOST, VGI_EPROTO);
    expect_attach(65536, head, 24, MOST, VGI_EPROTO);
    expect_attach(SIZE, "VGIX", 4, MOST, VGI_EPROTO);
    expect_attach(SIZE + 4096, head, 24, MOST, VGI_EPROTO);
    expect_attach(SIZE, head, 24, SIZE - 1, VGI_ELIMIT);
    head[16] = 1; /* an allocation at 0 */
    expect_attach(SIZE, head, 24, MOST, VGI_EPROTO);
}

/* ---- leftovers ---- */

static void die_with_a_segment(void *arg)
{
    vgi__shm *s;

    if (vgi__shm_create(&s, SIZE, NULL, NULL) == VGI_OK)
        (void)!write(*(int *)arg, vgi__shm_name(s).data, vgi__shm_name(s).len);
    raise(SIGKILL);
}

static void test_leftovers(void **state)
{
    char name[300] = { 0 };
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_true(WIFSIGNALED(elsewhere(die_with_a_segment, &fds[1])));
    close(fds[1]);
    const ssize_t got = read(fds[0], name, sizeof(name) - 1);
    close(fds[0]);
    assert_true(got > 0);
    assert_true(exists(name));
    vgi__shm *first = make(), *second = make();
    assert_false(exists(name));
    /* Those of the living stay. */
    vgi__shm *again = NULL;
    assert_int_equal(
        vgi__shm_attach(&again, vgi__shm_name(first), MOST, vgi_test_allocator(), NULL),
        VGI_OK);
    vgi__shm_unref(again);
    vgi__shm_unref(first);
    vgi__shm_unref(second);
}

/* Somebody claims it: its process may be alive where it cannot be seen from here. */
static void test_claimed_leftover(void **state)
{
    static const char path[] = "/vgirpc-2147483646-0123456789abcdef";
    vgi__shm *s;

    (void)state;
    const int fd = shm_open(path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    vgi__shm_claim(fd);
    s = make();
    assert_true(exists(path + 1));
    vgi__shm_unref(s);
    close(fd);
    s = make();
    assert_false(exists(path + 1));
    vgi__shm_unref(s);
}

/* ---- truncation ---- */

static void truncate_it(void *arg)
{
    const vgi__shm *s = arg;
    char path[300];

    (void)snprintf(path, sizeof(path), "/%.*s", (int)vgi__shm_name(s).len,
                   vgi__shm_name(s).data);
    const int fd = shm_open(path, O_RDWR, 0);
    if (fd < 0 || ftruncate(fd, 0) != 0)
        _exit(1);
}

static void test_truncated(void **state)
{
    vgi__shm *s = make();
    const vgi__shm_region *regions;
    vgi_error err;
    uint64_t at;
    uint8_t *p;
    size_t n;

    (void)state;
    assert_int_equal(vgi__shm_allocate(s, 100000, 0, &at, NULL), VGI_OK);
    assert_int_equal(vgi__shm_at(s, at, 100000, &p, NULL), VGI_OK);
    memset(p, 7, 100000);
    assert_int_equal(elsewhere(truncate_it, s), 0);
    take_back();
    assert_int_equal(vgi__shm_intact(s, NULL), VGI_OK); /* nobody has looked */
    assert_int_equal(((volatile uint8_t *)p)[50000], 0);
    assert_int_equal(vgi__shm_intact(s, &err), VGI_EPROTO);
    assert_non_null(strstr(err.message, "was truncated"));
    memset(p, 8, 100000);
    assert_int_equal(vgi__shm_allocate(s, 8, 0, &at, NULL), VGI_EPROTO);
    assert_int_equal(vgi__shm_shrink(s, at, 8, NULL), VGI_EPROTO);
    assert_int_equal(vgi__shm_free(s, at, NULL), VGI_EPROTO);
    assert_int_equal(vgi__shm_reset(s, NULL), VGI_EPROTO);
    assert_int_equal(vgi__shm_at(s, at, 8, &p, NULL), VGI_EPROTO);
    assert_int_equal(vgi__shm_regions(s, &regions, &n, NULL), VGI_EPROTO);
    vgi__shm_unref(s);
}

/* The operation itself is the first to look. */
static void test_truncated_table(void **state)
{
    vgi__shm *s = make();
    uint64_t at;

    (void)state;
    take_back();
    assert_int_equal(elsewhere(truncate_it, s), 0);
    assert_int_equal(vgi__shm_allocate(s, 8, 0, &at, NULL), VGI_EPROTO);
    vgi__shm_unref(s);
    s = make();
    assert_int_equal(elsewhere(truncate_it, s), 0);
    assert_int_equal(vgi__shm_reset(s, NULL), VGI_EPROTO);
    vgi__shm_unref(s);
}

/* ---- other SIGBUS ---- */

static void fault_elsewhere(void *arg)
{
    const int fd = memfd_create("x", 0);
    volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    vgi__shm *s = NULL;

    (void)arg;
    signal(SIGBUS, SIG_DFL);
    (void)vgi__shm_create(&s, SIZE, NULL, NULL);
    vgi__shm_unlink(s);
    (void)*p;
}

static void be_sent_one(void *arg)
{
    vgi__shm *s = NULL;

    (void)arg;
    signal(SIGBUS, SIG_IGN);
    (void)vgi__shm_create(&s, SIZE, NULL, NULL);
    vgi__shm_unlink(s);
    raise(SIGBUS);
}

static volatile sig_atomic_t seen;

static void see(int signal_number)
{
    seen = signal_number;
}

static void be_told(void *arg)
{
    vgi__shm *s = NULL;

    (void)arg;
    signal(SIGBUS, see);
    (void)vgi__shm_create(&s, SIZE, NULL, NULL);
    vgi__shm_unlink(s);
    raise(SIGBUS);
    _exit(seen == SIGBUS ? 0 : 1);
}

/* First of all tests: the handler is installed once in a process. */
static void test_others_signals(void **state)
{
    (void)state;
    int status = elsewhere(fault_elsewhere, NULL);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    assert_int_equal(elsewhere(be_sent_one, NULL), 0);
    assert_int_equal(elsewhere(be_told, NULL), 0);
}

static void test_guard_table(void **state)
{
    static vgi__guard *guards[VGI__GUARDS];
    static char page;

    (void)state;
    for (size_t i = 0; i < VGI__GUARDS; i++)
        assert_non_null(guards[i] = vgi__guard_add(&page, 1));
    assert_null(vgi__guard_add(&page, 1));
    vgi__shm *s;
    assert_int_equal(vgi__shm_create(&s, SIZE, vgi_test_allocator(), NULL), VGI_ELIMIT);
    for (size_t i = 0; i < VGI__GUARDS; i++)
        vgi__guard_remove(guards[i]);
}

/* ---- views ---- */

static void *drop(void *arg)
{
    vgi__block_unref(arg);
    return NULL;
}

static void expect_regions(vgi__shm *s, size_t expected)
{
    const vgi__shm_region *regions;
    size_t n;

    assert_int_equal(vgi__shm_regions(s, &regions, &n, NULL), VGI_OK);
    assert_int_equal(n, expected);
}

static void test_views(void **state)
{
    vgi__shm *s = make();
    vgi__block *view = NULL;
    pthread_t thread;
    uint64_t at;

    (void)state;
    for (int i = 0; i < 100; i++) {
        const uint64_t before = vgi_test_allocations();

        assert_int_equal(vgi__shm_allocate(s, 64, 0, &at, NULL), VGI_OK);
        assert_int_equal(vgi__shm_view(s, at, 64, &view, NULL), VGI_OK);
        assert_true(vgi__shm_is_view(view));
        assert_int_equal(vgi__shm_settle(s, NULL), VGI_OK);
        expect_regions(s, 1);
        assert_int_equal(pthread_create(&thread, NULL, drop, view), 0);
        pthread_join(thread, NULL);
        expect_regions(s, 1); /* until it is our turn */
        assert_int_equal(vgi__shm_settle(s, NULL), VGI_OK);
        expect_regions(s, 0);
        if (i > 0) /* the first one is used again and again */
            assert_int_equal(vgi_test_allocations(), before);
    }
    vgi__shm_unref(s);
}

/* A view keeps the memory, whatever becomes of the rest. */
static void test_view_outlives(void **state)
{
    vgi__shm *s = make();
    vgi__block *view = NULL;
    uint64_t at;

    (void)state;
    assert_int_equal(vgi__shm_allocate(s, 64, 0, &at, NULL), VGI_OK);
    assert_int_equal(vgi__shm_view(s, at, 64, &view, NULL), VGI_OK);
    memset(view->data, 5, 64);
    vgi__shm_unref(s);
    assert_int_equal(view->data[63], 5);
    vgi__block_unref(view);
}

static void test_ranges(void **state)
{
    static const uint64_t ranges[][2] = { { 65535, 1 },
                                          { SIZE, 1 },
                                          { SIZE + 1, 0 },
                                          { 65536, SIZE },
                                          { UINT64_MAX, UINT64_MAX },
                                          { 65536, UINT64_MAX } };
    vgi__shm *s = make();
    vgi__block *view;
    uint8_t *p;

    (void)state;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        assert_int_equal(vgi__shm_at(s, ranges[i][0], ranges[i][1], &p, NULL),
                         VGI_EPROTO);
        assert_int_equal(vgi__shm_view(s, ranges[i][0], ranges[i][1], &view, NULL),
                         VGI_EPROTO);
    }
    assert_int_equal(vgi__shm_at(s, 65536, SIZE - 65536, &p, NULL), VGI_OK);
    vgi__shm_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_others_signals), cmocka_unit_test(test_two_sides),
        cmocka_unit_test(test_bad_names),      cmocka_unit_test(test_no_segments),
        cmocka_unit_test(test_leftovers),      cmocka_unit_test(test_claimed_leftover),
        cmocka_unit_test(test_truncated),      cmocka_unit_test(test_truncated_table),
        cmocka_unit_test(test_guard_table),    cmocka_unit_test(test_views),
        cmocka_unit_test(test_view_outlives),  cmocka_unit_test(test_ranges),
    };

    return vgi_test_run(tests);
}
