/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a worker: each case runs vgi_serve_with in a child process. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "service.h"

enum { ARGS = 6 };

/* A worker with this command line; `in` and `out` are its standard streams. */
static pid_t spawn(const char *const args[ARGS], int in, int out, int err)
{
    const vgi_service *const services[] = { &test_service, NULL };
    const pid_t pid = fork();
    char *argv[ARGS + 2] = { (char *)(uintptr_t) "/usr/bin/worker" };
    int argc = 1, status;

    if (pid != 0)
        return pid;
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    for (int i = 0; i < ARGS && args[i]; i++)
        argv[argc++] = (char *)(uintptr_t)args[i];
    status = vgi_serve_with(services, NULL, argc, argv);
    fflush(NULL);
    _exit(status);
}

/* What a worker without input printed on both streams, and its exit status. */
static int run(const char *const args[ARGS], char *text, size_t size)
{
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int fds[2], status = -1;
    size_t n = 0;
    ssize_t got;

    assert_int_equal(pipe(fds), 0);
    const pid_t pid = spawn(args, null, fds[1], fds[1]);
    close(fds[1]);
    while (n < size - 1 && (got = read(fds[0], text + n, size - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    close(fds[0]);
    close(null);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void wrong_command_lines_exit_with_2(void **state)
{
    (void)state;
    static const struct {
        const char *args[ARGS], *text;
    } cases[] = {
        { { "--foo" }, "worker: --foo is no option of this program\n" },
        { { "extra" }, "worker: extra is no option of this program\n" },
        { { "--unix" }, "worker: --unix needs a path\n" },
        { { "--threaded" }, "worker: --threaded needs --unix\n" },
        { { "--idle-timeout", "5" }, "worker: --idle-timeout needs --unix\n" },
        { { "--unix", "/tmp/x", "--idle-timeout" }, "needs a number of seconds" },
        { { "--unix", "/tmp/x", "--idle-timeout", "soon" }, "needs a number of seconds" },
        { { "--unix", "/tmp/x", "--idle-timeout=-1" }, "needs a number of seconds" },
        { { "--help=yes" }, "worker: --help takes no value\n" },
        { { "--http" }, "libvgirpc-http" },
        { { "--tcp", "127.0.0.1:0" }, "TCP" },
        { { "--a-very-long-option-that-nobody-knows=1" }, "is no option" },
    };
    char text[1024];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(run(cases[i].args, text, sizeof(text)), 2);
        assert_non_null(strstr(text, cases[i].text));
        assert_non_null(strstr(text, "Try 'worker --help'."));
    }
}

static void help_and_version_exit_with_0(void **state)
{
    (void)state;
    char text[2048];

    assert_int_equal(run((const char *[ARGS]){ "--help" }, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "Usage: worker [OPTION]..."));
    assert_non_null(strstr(text, "--unix PATH"));
    assert_int_equal(run((const char *[ARGS]){ "-h" }, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "Usage: worker"));
    assert_int_equal(run((const char *[ARGS]){ "--version" }, text, sizeof(text)), 0);
    assert_string_equal(text, "worker (vgirpc) 0.1.0\n");
}

static void describe_prints_the_service(void **state)
{
    (void)state;
    static const char expected[] = "Test\n"
                                   "    For tests.\n"
                                   "\n"
                                   "    twice(value) -> int64\n"
                                   "        Double a number.\n"
                                   "        value  int64\n"
                                   "\n"
                                   "    nap(value) -> int64\n"
                                   "        value  int64\n"
                                   "\n"
                                   "    forever() -> stream\n"
                                   "        sends: value int64\n";
    char text[2048];

    assert_int_equal(run((const char *[ARGS]){ "--describe" }, text, sizeof(text)), 0);
    assert_string_equal(text, expected);
}

static void the_end_of_input_exits_with_0(void **state)
{
    (void)state;
    char text[256];

    assert_int_equal(run((const char *[ARGS]){ NULL }, text, sizeof(text)), 0);
    assert_string_equal(text, "");
    assert_int_equal(run((const char *[ARGS]){ "--pipe" }, text, sizeof(text)), 0);
}

static void a_socket_that_cannot_be_exits_with_1(void **state)
{
    (void)state;
    char text[512];

    assert_int_equal(
        run((const char *[ARGS]){ "--unix", "/no/such/dir/s" }, text, sizeof(text)), 1);
    assert_non_null(strstr(text, "worker: OSError: /no/such/dir/s"));
}

static void a_worker_on_pipes_answers_and_stops(void **state)
{
    (void)state;
    static const int numbers[] = { SIGTERM, SIGINT };

    for (int i = 0; i < 2; i++) {
        vgi__fd_options o = { .owned = true, .wake_fd = -1 };
        int in[2], out[2], status = -1;
        vgi__io *io;
        peer p;

        assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
        const pid_t pid =
            spawn((const char *[ARGS]){ NULL }, in[0], out[1], STDERR_FILENO);
        close(in[0]);
        close(out[1]);
        o.in_fd = out[0];
        o.out_fd = in[1];
        assert_int_equal(vgi__fd_open(&io, &o, NULL, NULL), VGI_OK);
        assert_int_equal(peer_open(&p, io), VGI_OK);
        const int64_t two = call_twice(&p, 1);
        (void)poll(NULL, 0, 20);
        kill(pid, numbers[i]);
        waitpid(pid, &status, 0);
        peer_close(&p);
        assert_int_equal(two, 2);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

static void a_worker_on_a_socket_stops_by_signal(void **state)
{
    (void)state;
    char path[64], expected[80], text[80] = "";
    int fds[2], status = -1;

    snprintf(path, sizeof(path), "/tmp/vgi-serve-%d", (int)getpid());
    snprintf(expected, sizeof(expected), "UNIX:%s\n", path);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    const pid_t pid = spawn((const char *[ARGS]){ "--unix", path, "--threaded" },
                            STDIN_FILENO, fds[1], STDERR_FILENO);
    const ssize_t n = read(fds[0], text, sizeof(text) - 1);
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    close(fds[0]);
    close(fds[1]);
    assert_true(n > 0);
    assert_string_equal(text, expected);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_worker_without_clients_ends(void **state)
{
    (void)state;
    char path[64], text[128];

    snprintf(path, sizeof(path), "/tmp/vgi-serve-%d", (int)getpid());
    assert_int_equal(run((const char *[ARGS]){ "--unix", path, "--idle-timeout=0.05" },
                         text, sizeof(text)),
                     0);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_command_lines_exit_with_2),
        cmocka_unit_test(help_and_version_exit_with_0),
        cmocka_unit_test(describe_prints_the_service),
        cmocka_unit_test(the_end_of_input_exits_with_0),
        cmocka_unit_test(a_socket_that_cannot_be_exits_with_1),
        cmocka_unit_test(a_worker_on_pipes_answers_and_stops),
        cmocka_unit_test(a_worker_on_a_socket_stops_by_signal),
        cmocka_unit_test(a_worker_without_clients_ends),
    };

    return vgi_test_run(tests);
}
