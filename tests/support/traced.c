/* SPDX-License-Identifier: Apache-2.0 */
#include "support/traced.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"

/* Exit codes of a torture child. */
enum { CHILD_OK = 0, CHILD_LEAKED = 42, CHILD_ASSERTION = 255 };

#define HANG_SECONDS 60

/* ---- the allocator
 * ------------------------------------------------------------------------- */

#define LIVE_MARK UINT64_C(0x6c6976652d626c6b)
#define DEAD_MARK UINT64_C(0x646561642d626c6b)

typedef struct header {
    alignas(max_align_t) size_t size;
    uint64_t mark;
} header;

static atomic_uint_fast64_t allocations;
static atomic_uint_fast64_t fail_at; /* the allocation that fails; 0: none */
static atomic_size_t live_bytes, live_blocks;

static bool may_allocate(void)
{
    return atomic_fetch_add(&allocations, 1) + 1 != atomic_load(&fail_at);
}

static header *header_of(void *ptr)
{
    header *h = (header *)ptr - 1;
    if (h->mark != LIVE_MARK) {
        fprintf(stderr, "traced allocator: %p is not a live block\n", ptr);
        abort();
    }
    return h;
}

static void *track(header *h, size_t size)
{
    *h = (header){ .size = size, .mark = LIVE_MARK };
    atomic_fetch_add(&live_bytes, size);
    atomic_fetch_add(&live_blocks, 1);
    return h + 1;
}

static header *untrack(void *ptr)
{
    header *h = header_of(ptr);
    h->mark = DEAD_MARK;
    atomic_fetch_sub(&live_bytes, h->size);
    atomic_fetch_sub(&live_blocks, 1);
    return h;
}

static void *traced_alloc(void *user, size_t size)
{
    (void)user;
    if (!may_allocate() || size > SIZE_MAX - sizeof(header))
        return NULL;
    header *h = malloc(sizeof(header) + size);
    return h ? track(h, size) : NULL;
}

static void traced_free(void *user, void *ptr)
{
    (void)user;
    if (ptr)
        free(untrack(ptr));
}

/* Always moves, so that a pointer kept across a resize is seen by the sanitizer. */
static void *traced_resize(void *user, void *ptr, size_t size)
{
    void *moved = traced_alloc(user, size);
    if (!moved || !ptr)
        return moved;
    size_t old = header_of(ptr)->size;
    memcpy(moved, ptr, old < size ? old : size);
    traced_free(user, ptr);
    return moved;
}

static const vgi_allocator traced = {
    .alloc = traced_alloc,
    .resize = traced_resize,
    .free = traced_free,
};

const vgi_allocator *vgi_test_allocator(void)
{
    return &traced;
}

uint64_t vgi_test_allocations(void)
{
    return atomic_load(&allocations);
}

size_t vgi_test_live_bytes(void)
{
    return atomic_load(&live_bytes);
}

size_t vgi_test_live_blocks(void)
{
    return atomic_load(&live_blocks);
}

/* ---- plain runs
 * ---------------------------------------------------------------------------- */

/* cmocka gives setup, test and teardown one state, which starts as the CMUnitTest that is
 * wrapped; the wrapped test's own state is here. */
static void *inner_state;
static size_t blocks_before;

static int traced_setup(void **state)
{
    const struct CMUnitTest *test = *state;
    inner_state = test->initial_state;
    blocks_before = vgi_test_live_blocks();
    return test->setup_func ? test->setup_func(&inner_state) : 0;
}

static void traced_test(void **state)
{
    const struct CMUnitTest *test = *state;
    test->test_func(&inner_state);
}

/* cmocka calls this only after a test that passed. */
static int traced_teardown(void **state)
{
    const struct CMUnitTest *test = *state;
    int rc = test->teardown_func ? test->teardown_func(&inner_state) : 0;
    size_t now = vgi_test_live_blocks();
    if (now > blocks_before) {
        print_error("%s: %zu blocks leaked, %zu bytes live\n", test->name,
                    now - blocks_before, vgi_test_live_bytes());
        return -1;
    }
    return rc;
}

static int run_plain(const struct CMUnitTest *tests, size_t n)
{
    struct CMUnitTest *wrapped = calloc(n, sizeof(*wrapped));
    if (!wrapped)
        return 1;
    for (size_t i = 0; i < n; i++)
        wrapped[i] = (struct CMUnitTest){
            .name = tests[i].name,
            .test_func = traced_test,
            .setup_func = traced_setup,
            .teardown_func = traced_teardown,
            .initial_state = (void *)(uintptr_t)&tests[i],
        };
    int failed = _cmocka_run_group_tests("tests", wrapped, n, NULL, NULL);
    free(wrapped);
    return failed;
}

/* ---- torture runs
 * -------------------------------------------------------------------------- */

/* Shared with the children: how much the last one allocated. */
static uint64_t *child_count;
static bool in_child;

static noreturn void leave(int code)
{
    fflush(NULL);
    *child_count = vgi_test_allocations();
    _exit(code);
}

/* cmocka leaves a failed assertion outside its runner by exit(). What was registered for
 * the end of the process must not run then: OpenSSL would be taken down under threads of
 * the test, and a leak checker would judge a run that stopped midway. */
__attribute__((visibility("default"))) noreturn void exit(int status)
{
    if (in_child)
        leave(CHILD_ASSERTION);
    void (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, "exit");
    real(status);
    abort();
}

static noreturn void run_child(const struct CMUnitTest *test, uint64_t nth)
{
    in_child = true;
    signal(SIGPIPE, SIG_IGN); /* the peer of a test may have failed first: no crash */
    alarm(HANG_SECONDS);
    atomic_store(&allocations, 0);
    atomic_store(&fail_at, nth);
    size_t before = vgi_test_live_blocks();
    void *state = test->initial_state;
    if (test->setup_func && test->setup_func(&state) != 0)
        leave(CHILD_ASSERTION);
    test->test_func(&state);
    if (test->teardown_func)
        test->teardown_func(&state);
    leave(vgi_test_live_blocks() > before ? CHILD_LEAKED : CHILD_OK);
}

/* Run one test in a child that writes into `log`; returns its wait status. */
static int rerun(const struct CMUnitTest *test, uint64_t nth, FILE *log)
{
    fflush(NULL);
    rewind(log);
    pid_t pid = ftruncate(fileno(log), 0) == 0 ? fork() : -1;
    if (pid == 0) {
        dup2(fileno(log), STDOUT_FILENO);
        dup2(fileno(log), STDERR_FILENO);
        run_child(test, nth);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        abort();
    return status;
}

static void report(const char *name, uint64_t nth, int status, FILE *log)
{
    if (WIFSIGNALED(status))
        printf("FAILED %s: allocation %llu failed: %s\n", name, (unsigned long long)nth,
               strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == CHILD_LEAKED)
        printf("FAILED %s: allocation %llu failed: leak\n", name,
               (unsigned long long)nth);
    else
        printf("FAILED %s: allocation %llu failed: exit code %d\n", name,
               (unsigned long long)nth, WEXITSTATUS(status));
    rewind(log);
    char line[512];
    while (fgets(line, sizeof(line), log))
        printf("    %s", line);
}

static bool acceptable(int status)
{
    return WIFEXITED(status) &&
           (WEXITSTATUS(status) == CHILD_OK || WEXITSTATUS(status) == CHILD_ASSERTION);
}

typedef enum verdict { PASSED, FAILED, SKIPPED, VERDICTS } verdict;

/* How much is tortured; 0 is no bound. */
typedef struct bounds {
    uint64_t samples; /* reruns per test */
    uint64_t seconds; /* of reruns per test */
} bounds;

/* *runs counts the reruns. A test that does not pass undisturbed is for the plain run to
 * judge. */
static verdict torture(const struct CMUnitTest *test, const bounds *most, FILE *log,
                       uint64_t *runs)
{
    int status = rerun(test, 0, log);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_ASSERTION)
        return SKIPPED;
    if (!acceptable(status)) {
        report(test->name, 0, status, log);
        return FAILED;
    }
    uint64_t count = *child_count;
    uint64_t samples = most->samples && most->samples < count ? most->samples : count;
    uint64_t deadline = vgi__clock_ns() + most->seconds * 1000000000;
    for (uint64_t i = 0; i < samples; i++) {
        if (most->seconds && vgi__clock_ns() >= deadline) {
            printf("%s: time for %llu of %llu samples\n", test->name,
                   (unsigned long long)i, (unsigned long long)samples);
            break;
        }
        /* A prime as the stride: the samples that fit into the time are spread evenly,
         * too. */
        uint64_t nth = 1 + i * 1000003 % samples * count / samples;
        status = rerun(test, nth, log);
        ++*runs;
        if (!acceptable(status)) {
            report(test->name, nth, status, log);
            return FAILED;
        }
    }
    return PASSED;
}

static uint64_t from_env(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static int run_torture(const struct CMUnitTest *tests, size_t n)
{
    const bounds most = {
        .samples = from_env("VGI_TORTURE_SAMPLES", 200),
        .seconds = from_env("VGI_TORTURE_SECONDS", 3),
    };
    uint64_t runs = 0;
    FILE *log = tmpfile();
    child_count = mmap(NULL, sizeof(*child_count), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!log || child_count == MAP_FAILED)
        abort();
    int counts[VERDICTS] = { 0 };
    for (size_t i = 0; i < n; i++)
        counts[torture(&tests[i], &most, log, &runs)]++;
    printf("%d passed, %d failed, %d skipped (%llu torture runs)\n", counts[PASSED],
           counts[FAILED], counts[SKIPPED], (unsigned long long)runs);
    munmap(child_count, sizeof(*child_count));
    fclose(log);
    return counts[FAILED];
}

int vgi_test_main(const struct CMUnitTest *tests, size_t n)
{
    const char *mode = getenv("VGI_TORTURE");
    vgi__alloc_override(&traced);
    int failed =
        mode && strcmp(mode, "1") == 0 ? run_torture(tests, n) : run_plain(tests, n);
    vgi__alloc_override(NULL);
    return failed;
}
