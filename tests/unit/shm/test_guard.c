/* SPDX-License-Identifier: Apache-2.0 */
/* Files that end where they did not before: what the handler mends, and what it leaves to
 * others. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "elsewhere.h"
#include "shm/guard.h"

enum { SIZE = 1 << 20, PAGE = 4096 };

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
    vgi__shm_unref(make());
    sigaction(SIGBUS, &guard, NULL);
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

/* One that mends, as ours does. */
static void mend(int signal_number, siginfo_t *info, void *context)
{
    void *const page = (void *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1));

    (void)context;
    if (mmap(page, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
        page)
        seen = signal_number;
}

static void have_it_mended(void *arg)
{
    const struct sigaction action = { .sa_sigaction = mend, .sa_flags = SA_SIGINFO };
    const int fd = memfd_create("x", 0);
    volatile char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    vgi__shm *s = NULL;

    (void)arg;
    sigaction(SIGBUS, &action, NULL);
    (void)vgi__shm_create(&s, SIZE, NULL, NULL);
    vgi__shm_unlink(s);
    _exit(*p == 0 && seen == SIGBUS && vgi__shm_intact(s, NULL) == VGI_OK ? 0 : 1);
}

/* First of all tests: the handler is installed once in a process. */
static void test_others_signals(void **state)
{
    (void)state;
    int status = elsewhere(fault_elsewhere, NULL);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    assert_int_equal(elsewhere(be_sent_one, NULL), 0);
    assert_int_equal(elsewhere(be_told, NULL), 0);
    assert_int_equal(elsewhere(have_it_mended, NULL), 0);
}

static void test_guard_table(void **state)
{
    static vgi__guard *guards[VGI__GUARDS];
    static char page;

    (void)state;
    take_back();
    for (size_t i = 0; i < VGI__GUARDS; i++)
        assert_non_null(guards[i] = vgi__guard_add(&page, 1));
    assert_null(vgi__guard_add(&page, 1));
    vgi__shm *s;
    assert_int_equal(vgi__shm_create(&s, SIZE, vgi_test_allocator(), NULL), VGI_ELIMIT);
    for (size_t i = 0; i < VGI__GUARDS; i++)
        vgi__guard_remove(guards[i]);
}

/* ---- our own ---- */

/* What is left of the file is still the file's; behind it are zeros, also when the file
 * grows again. */
static void test_half(void **state)
{
    vgi__shm *s;
    volatile uint8_t *p;
    uint8_t *data;

    (void)state;
    take_back();
    s = make();
    assert_int_equal(vgi__shm_at(s, 65536, SIZE - 65536, &data, NULL), VGI_OK);
    memset(data, 7, SIZE - 65536);
    p = data - 65536;
    resize(s, SIZE / 2);
    assert_int_equal(p[SIZE / 2 - 1], 7);
    assert_int_equal(vgi__shm_intact(s, NULL), VGI_OK);
    assert_int_equal(p[SIZE - 1], 0);
    assert_int_equal(vgi__shm_intact(s, NULL), VGI_EPROTO);
    p[SIZE - 1] = 9;
    assert_int_equal(p[SIZE / 2], 0); /* below what was mended */
    assert_int_equal(p[SIZE - 1], 0); /* which was mended again */
    resize(s, SIZE);
    assert_int_equal(p[SIZE / 2 - 1], 7);
    assert_int_equal(p[SIZE / 2], 0);
    vgi__shm_unref(s);
}

/* Many threads block all signals but those of their application. */
static void *read_it_blocked(void *arg)
{
    sigset_t all;
    uint8_t *p;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    vgi__shm *s = make();
    assert_int_equal(vgi__shm_at(s, 65536, PAGE, &p, NULL), VGI_OK);
    resize(s, 0);
    *(int *)arg = *(volatile uint8_t *)p + vgi__shm_intact(s, NULL);
    vgi__shm_unref(s);
    pthread_sigmask(SIG_BLOCK, NULL, &all);
    assert_false(sigismember(&all, SIGBUS));
    assert_true(sigismember(&all, SIGTERM));
    return NULL;
}

static void test_blocked(void **state)
{
    pthread_t thread;
    int got = 0;

    (void)state;
    take_back();
    assert_int_equal(pthread_create(&thread, NULL, read_it_blocked, &got), 0);
    pthread_join(thread, NULL);
    assert_int_equal(got, VGI_EPROTO);
}

/* Segments come, are cut, and go, on many threads at once: no other one is touched. */
static void *come_and_go(void *arg)
{
    vgi__shm *mine = make();
    uint8_t *kept, *cut;

    assert_int_equal(vgi__shm_at(mine, 65536, SIZE - 65536, &kept, NULL), VGI_OK);
    memset(kept, 5, SIZE - 65536);
    for (int i = 0; i < 100; i++) {
        vgi__shm *s = make();

        assert_int_equal(vgi__shm_at(s, 65536, SIZE - 65536, &cut, NULL), VGI_OK);
        cut[SIZE - 65537] = 3;
        resize(s, i % 2 ? 0 : SIZE / 2);
        if (((volatile uint8_t *)cut)[SIZE - 65537] != 0 ||
            vgi__shm_intact(s, NULL) != VGI_EPROTO)
            atomic_fetch_add((atomic_int *)arg, 1);
        vgi__shm_unref(s);
    }
    for (size_t i = 0; i < SIZE - 65536; i++)
        if (kept[i] != 5)
            atomic_fetch_add((atomic_int *)arg, 1);
    if (vgi__shm_intact(mine, NULL) != VGI_OK)
        atomic_fetch_add((atomic_int *)arg, 1);
    vgi__shm_unref(mine);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    atomic_int wrong = 0;

    (void)state;
    take_back();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &wrong), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_others_signals), cmocka_unit_test(test_guard_table),
        cmocka_unit_test(test_half),           cmocka_unit_test(test_blocked),
        cmocka_unit_test(test_threads),
    };

    return vgi_test_run(tests);
}
