/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/traced.h"
#include "transport/subprocess/subprocess.h"

static int start(vgi__subprocess *p, const char *command, vgi_error *err)
{
    return vgi__subprocess_start(p, command, false, NULL, err);
}

static int finish(vgi__subprocess *p)
{
    close(p->to_child);
    close(p->from_child);
    return vgi__subprocess_reap(p, false);
}

static void a_child_reads_and_writes(void **state)
{
    (void)state;
    vgi__subprocess p;
    char got[8] = "";

    assert_int_equal(start(&p, "cat", NULL), VGI_OK);
    const ssize_t sent = write(p.to_child, "hello", 5);
    const ssize_t n = read(p.from_child, got, sizeof(got) - 1);
    const int status = finish(&p);
    assert_int_equal(sent, 5);
    assert_int_equal(n, 5);
    assert_string_equal(got, "hello");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void arguments_arrive(void **state)
{
    (void)state;
    vgi__subprocess p;
    char got[32] = "";

    assert_int_equal(start(&p, "printf '<%s>' 'a b' c\\'d", NULL), VGI_OK);
    const ssize_t n = read(p.from_child, got, sizeof(got) - 1);
    finish(&p);
    assert_true(n > 0);
    assert_string_equal(got, "<a b><c'd>");
}

static void the_exit_status_comes_back(void **state)
{
    (void)state;
    vgi__subprocess p;

    assert_int_equal(start(&p, "sh -c 'exit 7'", NULL), VGI_OK);
    const int status = finish(&p);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void a_missing_program_is_reported(void **state)
{
    (void)state;
    vgi_error err = { 0 };
    vgi__subprocess p;

    assert_int_equal(start(&p, "/no/such/program --flag", &err), VGI_ECONNECT);
    assert_non_null(strstr(err.message, "/no/such/program"));
    assert_non_null(strstr(err.message, strerror(2)));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

static void an_unexecutable_file_is_reported(void **state)
{
    (void)state;
    vgi_error err = { 0 };
    vgi__subprocess p;

    assert_int_equal(start(&p, "/etc/passwd", &err), VGI_ECONNECT);
    assert_non_null(strstr(err.message, "/etc/passwd"));
}

static void bad_command_lines_start_nothing(void **state)
{
    (void)state;
    vgi__subprocess p;

    assert_int_equal(start(&p, "", NULL), VGI_EINVAL);
    assert_int_equal(start(&p, "cat 'x", NULL), VGI_EINVAL);
}

static void descriptors_are_not_inherited(void **state)
{
    (void)state;
    vgi__subprocess first, second;
    char got[8];

    /* If the second child held the first one's pipe, cat would not see its end. */
    assert_int_equal(start(&first, "cat", NULL), VGI_OK);
    assert_int_equal(start(&second, "cat", NULL), VGI_OK);
    close(first.to_child);
    const ssize_t end = read(first.from_child, got, sizeof(got));
    close(first.from_child);
    vgi__subprocess_reap(&first, false);
    finish(&second);
    assert_int_equal(end, 0);
}

static void stderr_can_be_discarded(void **state)
{
    (void)state;
    vgi__subprocess p;
    char got[64] = "";

    assert_int_equal(
        vgi__subprocess_start(&p, "sh -c 'readlink /proc/self/fd/2'", true, NULL, NULL),
        VGI_OK);
    const ssize_t n = read(p.from_child, got, sizeof(got) - 1);
    finish(&p);
    assert_true(n > 0);
    assert_string_equal(got, "/dev/null\n");
}

static void a_childs_signals_are_default(void **state)
{
    (void)state;
    vgi__subprocess p;

    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(start(&p, "sh -c 'kill -PIPE $$; exit 3'", NULL), VGI_OK);
    const int status = finish(&p);
    signal(SIGPIPE, SIG_DFL);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGPIPE);
}

static void a_child_that_stays_is_ended(void **state)
{
    (void)state;
    vgi__subprocess p;

    if (getenv("VGI_TORTURE"))
        return; /* six seconds, and no allocation to fail */
    assert_int_equal(start(&p, "sh -c 'trap \"\" TERM; while :; do sleep 1; done'", NULL),
                     VGI_OK);
    const uint64_t start_ns = vgi__clock_ns();
    const int status = finish(&p);
    const uint64_t passed = (vgi__clock_ns() - start_ns) / 1000000;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    assert_true(passed >= 5900 && passed < 9000);
}

static void what_is_wrong_is_ended_at_once(void **state)
{
    (void)state;
    vgi__subprocess p;

    assert_int_equal(start(&p, "sleep 100", NULL), VGI_OK);
    const uint64_t start_ns = vgi__clock_ns();
    const bool ended = vgi__subprocess_ended(&p, 10);
    const int status = vgi__subprocess_reap(&p, true);
    const uint64_t passed = (vgi__clock_ns() - start_ns) / 1000000;
    close(p.to_child);
    close(p.from_child);
    assert_false(ended);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
    assert_true(passed < 1000);
}

static void an_end_is_collected_once(void **state)
{
    (void)state;
    vgi__subprocess p;

    assert_int_equal(start(&p, "sh -c 'exit 7'", NULL), VGI_OK);
    const bool ended = vgi__subprocess_ended(&p, 5000);
    const int first = p.status, again = finish(&p);
    assert_true(ended);
    assert_int_equal(WEXITSTATUS(first), 7);
    assert_int_equal(again, first);
}

static void somebody_else_may_collect_it(void **state)
{
    (void)state;
    vgi__subprocess p;

    assert_int_equal(start(&p, "true", NULL), VGI_OK);
    const pid_t got = waitpid(p.pid, NULL, 0);
    const int status = finish(&p);
    assert_int_equal(got, p.pid);
    assert_int_equal(status, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_reads_and_writes),
        cmocka_unit_test(arguments_arrive),
        cmocka_unit_test(the_exit_status_comes_back),
        cmocka_unit_test(a_missing_program_is_reported),
        cmocka_unit_test(an_unexecutable_file_is_reported),
        cmocka_unit_test(bad_command_lines_start_nothing),
        cmocka_unit_test(descriptors_are_not_inherited),
        cmocka_unit_test(stderr_can_be_discarded),
        cmocka_unit_test(a_childs_signals_are_default),
        cmocka_unit_test(a_child_that_stays_is_ended),
        cmocka_unit_test(what_is_wrong_is_ended_at_once),
        cmocka_unit_test(an_end_is_collected_once),
        cmocka_unit_test(somebody_else_may_collect_it),
    };

    return vgi_test_run(tests);
}
