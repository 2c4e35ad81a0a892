/* SPDX-License-Identifier: Apache-2.0 */
/* Segments as files: names, leftovers, memory, peers that truncate, views. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "elsewhere.h"
#include "shm/stale.h"

enum { SIZE = 1 << 20 };
static const vgi__shm_terms any = { .max_bytes = UINT64_C(1) << 30 };

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
        vgi__shm_attach(&other, vgi__shm_name(mine), &any, vgi_test_allocator(), NULL),
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
        assert_int_equal(vgi__shm_attach(&s, names[i], &any, NULL, NULL), VGI_EINVAL);
    memset(longest, 'x', sizeof(longest));
    assert_int_equal(vgi__shm_attach(&s, (vgi_str){ longest, 300 }, &any, NULL, NULL),
                     VGI_EINVAL);
    assert_int_equal(
        vgi__shm_attach(&s, VGI_LIT("vgirpc-test-nowhere"), &any, NULL, NULL),
        VGI_ENOTFOUND);
    assert_int_equal(vgi__shm_create(&s, 65536, NULL, NULL), VGI_EINVAL);
    assert_int_equal(vgi__shm_create(&s, UINT64_MAX, NULL, NULL), VGI_EINVAL);
}

/* ---- files that are no segments ---- */

static void expect_attach(off_t size, const void *head, size_t n,
                          const vgi__shm_terms *terms, int code)
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
        vgi__shm_attach(&s, vgi_str_from(name), terms, vgi_test_allocator(), NULL);
    close(fd);
    shm_unlink(path);
    assert_int_equal(rc, code);
    if (rc == VGI_OK)
        vgi__shm_unref(s);
}

static void test_no_segments(void **state)
{
    const vgi__shm_terms small = { .max_bytes = SIZE - 1 };
    const vgi__shm_terms mine = { SIZE, true, geteuid() };
    const vgi__shm_terms not_mine = { SIZE, true, geteuid() + 1 };
    uint8_t head[24] = { 0 };

    (void)state;
    vgi__shm_table_init(head, SIZE);
    expect_attach(0, head, 0, &any, VGI_EPROTO);
    expect_attach(10, head, 10, &any, VGI_EPROTO);
    expect_attach(65536, head, 24, &any, VGI_EPROTO);
    expect_attach(SIZE, "VGIX", 4, &any, VGI_EPROTO);
    expect_attach(SIZE + 4096, head, 24, &any, VGI_EPROTO);
    expect_attach(SIZE, head, 24, &small, VGI_ELIMIT);
    expect_attach(SIZE, head, 24, &mine, VGI_OK);
    expect_attach(SIZE, head, 24, &not_mine, VGI_EPROTO);
    head[16] = 1; /* an allocation at 0 */
    expect_attach(SIZE, head, 24, &any, VGI_EPROTO);
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
        vgi__shm_attach(&again, vgi__shm_name(first), &any, vgi_test_allocator(), NULL),
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
    assert_true(vgi__shm_claim(fd));
    s = make();
    assert_true(exists(path + 1));
    vgi__shm_unref(s);
    close(fd);
    s = make();
    assert_false(exists(path + 1));
    vgi__shm_unref(s);
}

/* In containers the next process has the same number, or another one at the same time. */
static void test_same_number(void **state)
{
    char path[80];

    (void)state;
    (void)snprintf(path, sizeof(path), "/vgirpc-%d-0123456789abcdef", getpid());
    const int fd = shm_open(path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    vgi__shm_remove_stale();
    assert_false(exists(path + 1));
    assert_false(vgi__shm_claim(fd)); /* it came too late */
    close(fd);
}

/* What only looks like one of ours is somebody's. */
static void test_other_files(void **state)
{
    static const char *const names[] = { "/vgirpc-", "/vgirpc-x-1", "/vgirpc-17",
                                         "/vgirpc17-1", "/xvgirpc-17-1" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const int fd = shm_open(names[i], O_RDWR | O_CREAT, 0600);

        close(fd);
        vgi__shm_remove_stale();
        assert_int_equal(shm_unlink(names[i]), 0);
    }
}

/* Nobody writes to it, and whoever opened it for reading would wait. */
static void test_fifo(void **state)
{
    static const char path[] = "/dev/shm/vgirpc-1-fifo";
    vgi__shm *s;

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    const int rc = vgi__shm_attach(&s, vgi_str_from(path + 9), &any, NULL, NULL);
    vgi__shm_remove_stale();
    (void)unlink(path);
    assert_int_equal(rc, VGI_EPROTO);
}

/* Nobody else may read what is in it, whatever the mask. */
static void test_mode(void **state)
{
    const mode_t before = umask(0);
    vgi__shm *s = make();
    char path[300];
    struct stat st;

    (void)state;
    (void)umask(before);
    (void)snprintf(path, sizeof(path), "/dev/shm/%.*s", VGI_STR_ARG(vgi__shm_name(s)));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    vgi__shm_unref(s);
}

/* ---- no memory ---- */

enum { NOT_PERMITTED = 77 };

static bool tell(const char *file, const char *format, unsigned id)
{
    char text[40];
    const int n = snprintf(text, sizeof(text), format, id);
    const int fd = open(file, O_WRONLY | O_CLOEXEC);
    const bool told = fd >= 0 && write(fd, text, (size_t)n) == n;

    close(fd);
    return told;
}

/* A /dev/shm of one megabyte, in a namespace of its own. */
static void small_shm(void)
{
    const unsigned user = geteuid(), group = getegid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
        !tell("/proc/self/setgroups", "deny", 0) ||
        !tell("/proc/self/uid_map", "0 %u 1", user) ||
        !tell("/proc/self/gid_map", "0 %u 1", group) ||
        mount("none", "/dev/shm", "tmpfs", 0, "size=1m") != 0)
        _exit(NOT_PERMITTED);
}

/* More than there is: what fits is given, the rest is refused, and nothing is lost. */
static void fill_it(void *arg)
{
    const vgi__shm_region *regions;
    uint64_t at = 0, given = 0;
    vgi__shm *s;
    size_t n;
    int rc;

    (void)arg;
    small_shm();
    if (vgi__shm_create(&s, 64 << 20, NULL, NULL) != VGI_OK)
        _exit(1);
    while ((rc = vgi__shm_allocate(s, 100000, 0, &at, NULL)) == VGI_OK) {
        uint8_t *p;

        if (vgi__shm_at(s, at, 100000, &p, NULL) != VGI_OK)
            _exit(2);
        memset(p, 1, 100000);
        given++;
    }
    if (rc != VGI_END || given < 5 || vgi__shm_intact(s, NULL) != VGI_OK)
        _exit(3);
    if (vgi__shm_regions(s, &regions, &n, NULL) != VGI_OK || n != given)
        _exit(4);
    if (vgi__shm_free(s, 65536, NULL) != VGI_OK ||
        vgi__shm_allocate(s, 100000, 0, &at, NULL) != VGI_OK || at != 65536)
        _exit(5);
    vgi__shm_unref(s);
}

static void test_no_memory(void **state)
{
    (void)state;
    const int status = elsewhere(fill_it, NULL);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_PERMITTED)
        skip();
    assert_int_equal(status, 0);
}

/* A segment that cannot be made leaves no file. */
static void limit_files(void *arg)
{
    const struct rlimit limit = { SIZE, SIZE };
    char prefix[40];
    vgi__shm *s;
    const struct dirent *entry;

    (void)arg;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        vgi__shm_create(&s, 2 * SIZE, NULL, NULL) != VGI_EIO)
        _exit(1);
    (void)snprintf(prefix, sizeof(prefix), "vgirpc-%d-", getpid());
    DIR *folder = opendir("/dev/shm");
    while ((entry = readdir(folder)))
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            _exit(2);
    closedir(folder);
}

static void test_cannot_be_made(void **state)
{
    (void)state;
    assert_int_equal(elsewhere(limit_files, NULL), 0);
}

/* ---- truncation ---- */

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
    resize(s, 0);
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
    resize(s, 0);
    assert_int_equal(vgi__shm_allocate(s, 8, 0, &at, NULL), VGI_EPROTO);
    vgi__shm_unref(s);
    s = make();
    resize(s, 0);
    assert_int_equal(vgi__shm_reset(s, NULL), VGI_EPROTO);
    vgi__shm_unref(s);
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

/* A peer that points to one region twice has it freed once, and nothing else. */
static void test_two_views(void **state)
{
    vgi__shm *s = make();
    vgi__block *views[2] = { NULL, NULL };
    uint64_t at[2];

    (void)state;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(vgi__shm_allocate(s, 64, 0, &at[i], NULL), VGI_OK);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(vgi__shm_view(s, at[0], 64, &views[i], NULL), VGI_OK);
    vgi__block_unref(views[0]);
    vgi__block_unref(views[1]);
    assert_int_equal(vgi__shm_settle(s, NULL), VGI_OK);
    expect_regions(s, 1);
    assert_int_equal(vgi__shm_free(s, at[0], NULL), VGI_OK);
    expect_regions(s, 1);
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
        cmocka_unit_test(test_two_sides),
        cmocka_unit_test(test_bad_names),
        cmocka_unit_test(test_no_segments),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_claimed_leftover),
        cmocka_unit_test(test_same_number),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_fifo),
        cmocka_unit_test(test_mode),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_cannot_be_made),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_truncated_table),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_two_views),
        cmocka_unit_test(test_view_outlives),
        cmocka_unit_test(test_ranges),
    };

    return vgi_test_run(tests);
}
