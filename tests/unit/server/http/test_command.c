/* SPDX-License-Identifier: Apache-2.0 */
/* `--http` in the command line of a worker: each case runs vgi_serve in a child process.
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <vgirpc/http.h>

#include "../service.h"

enum { ARGS = 8 };

static pid_t spawn(const char *const args[ARGS], int out, int err)
{
    const pid_t pid = fork();
    char *argv[ARGS + 2] = { (char *)(uintptr_t) "/usr/bin/worker" };
    int argc = 1, status;

    if (pid != 0)
        return pid;
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    for (int i = 0; i < ARGS && args[i]; i++)
        argv[argc++] = (char *)(uintptr_t)args[i];
    status = vgi_serve(&test_service, argc, argv);
    fflush(NULL);
    _exit(status);
}

static size_t read_all(int fd, char *text, size_t size)
{
    size_t n = 0;
    ssize_t got;

    while (n < size - 1 && (got = read(fd, text + n, size - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    return n;
}

/* What a worker printed on both streams, and its exit status. */
static int run(const char *const args[ARGS], char *text, size_t size)
{
    int fds[2], status = -1;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    const pid_t pid = spawn(args, fds[1], fds[1]);
    close(fds[1]);
    read_all(fds[0], text, size);
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void wrong_command_lines_exit_with_2(void **state)
{
    (void)state;
    static const struct {
        const char *args[ARGS], *text;
    } cases[] = {
        { { "--http", "soon" }, "worker: --http needs a port, 0 to 65535\n" },
        { { "--http=65536" }, "worker: --http needs a port" },
        { { "--http", "--port" }, "worker: --port needs a port" },
        { { "--http", "--port", "-1" }, "worker: --port needs a port" },
        { { "--http", "--host" }, "worker: --host needs a value\n" },
        { { "--host", "::1" }, "worker: --host needs --http\n" },
        { { "--http", "--token-key", "***" }, "needs hexadecimal digits or base64\n" },
        { { "--http", "--token-ttl", "1h" }, "worker: --token-ttl needs a number" },
        { { "--http", "--token-format", "jwt" }, "needs hmac or sealed\n" },
        { { "--http", "--compression", "lzma" }, "needs zstd or none\n" },
        { { "--http", "--threads", "0" }, "worker: --threads needs a number above 0\n" },
        { { "--http", "--max-threads", "4294967296" }, "needs a number above 0\n" },
        { { "--http", "--max-request-bytes", "1k" }, "needs a number above 0\n" },
        { { "--http", "--max-externalized-response-bytes" }, "a number above 0\n" },
        { { "--http", "--no-pages=1" }, "worker: --no-pages takes no value\n" },
        { { "--http", "--httpd" }, "worker: --httpd is no option of this program\n" },
    };
    char text[1024];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(run(cases[i].args, text, sizeof(text)), 2);
        assert_non_null(strstr(text, cases[i].text));
        assert_non_null(strstr(text, "Try 'worker --help'."));
    }
}

static void origins_have_an_end(void **state)
{
    (void)state;
    const vgi_service *const services[] = { &test_service, NULL };
    char origin[] = "--cors-origin=https://a.example", name[] = "worker";
    char *argv[40] = { name };

    for (int i = 1; i < 34; i++)
        argv[i] = origin;
    assert_int_equal(vgi_serve_with(services, NULL, 34, argv), 2);
    assert_int_equal(vgi_http_register(NULL), VGI_OK); /* forget them */
}

static void what_cannot_be_served_exits_with_1(void **state)
{
    (void)state;
    static const struct {
        const char *args[ARGS], *text;
    } cases[] = {
        { { "--http", "--prefix", "api" }, "worker: ValueError: prefix 'api'" },
        { { "--http", "--host", "203.0.113.1" }, "worker: OSError: 203.0.113.1 port 0" },
        { { "--http", "--threads", "9", "--max-threads", "8" }, "ValueError: max_thre" },
        { { "--http", "--http-unix", "/no/such/dir/s" }, "OSError: /no/such/dir/s" },
    };
    char text[1024];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(run(cases[i].args, text, sizeof(text)), 1);
        assert_non_null(strstr(text, cases[i].text));
    }
}

static void the_help_has_it(void **state)
{
    (void)state;
    char text[8192];

    assert_int_equal(run((const char *[ARGS]){ "--help" }, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "\n      --http [PORT] "));
    assert_non_null(strstr(text, "\n      --no-pages "));
    assert_non_null(strstr(text, "\n      --describe "));
}

/* ---- workers that serve ---- */

typedef struct worker {
    pid_t pid;
    int out, err;
    char line[96]; /* the first one, without its end */
} worker;

static void start(worker *w, const char *const args[ARGS])
{
    int out[2], err[2];
    size_t n = 0;

    assert_int_equal(pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
    w->pid = spawn(args, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    w->out = out[0];
    w->err = err[0];
    while (n < sizeof(w->line) - 1 && read(w->out, w->line + n, 1) == 1 &&
           w->line[n] != '\n')
        n++;
    w->line[n] = '\0';
}

/* Its exit status after SIGTERM; what it said on stderr. */
static int end(worker *w, char *text, size_t size)
{
    int status = -1;

    kill(w->pid, SIGTERM);
    read_all(w->err, text, size);
    waitpid(w->pid, &status, 0);
    close(w->out);
    close(w->err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_worker_says_its_port_and_stops(void **state)
{
    (void)state;
    static const char *const lines[][ARGS] = {
        { "--http" },
        { "--http", "0" },
        { "--http=0", "--token-key", "00" },
        { "--http", "--port=0", "--token-format", "sealed", "--token-ttl", "0" },
        { "--unix", "/no/such/dir/s", "--http", "--threads=1", "--max-connections=9" },
        { "--http", "--compression=none", "--cors-origin=*", "--no-pages" },
    };
    static const char warning[] = "vgirpc: the key of stream tokens is a random one";
    char text[512];
    worker w;

    unsetenv("VGI_RPC_SIGNING_KEY");
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        start(&w, lines[i]);
        assert_int_equal(end(&w, text, sizeof(text)), 0);
        assert_int_equal(strncmp(w.line, "PORT:", 5), 0);
        assert_true(strtoul(w.line + 5, NULL, 10) > 0);
        if (i == 2)
            assert_string_equal(text, "");
        else
            assert_int_equal(strncmp(text, warning, sizeof(warning) - 1), 0);
    }
}

static void a_worker_on_a_unix_socket_removes_it(void **state)
{
    (void)state;
    char path[64], expected[80], text[512];
    worker w;

    snprintf(path, sizeof(path), "/tmp/vgi-http-%d", (int)getpid());
    snprintf(expected, sizeof(expected), "UNIX:%s", path);
    start(&w, (const char *[ARGS]){ "--http", "--http-unix", path, "--token-key=00" });
    const int there = access(path, F_OK);
    const int status = end(&w, text, sizeof(text));
    assert_string_equal(w.line, expected);
    assert_int_equal(there, 0);
    assert_int_equal(status, 0);
    assert_string_equal(text, "");
    assert_int_equal(access(path, F_OK), -1);
}

static void a_program_has_its_own_defaults(void **state)
{
    (void)state;
    const vgi_http_options nothing = { .size = 0 };
    char path[64], expected[80], text[512];
    const vgi_http_options mine = { .size = sizeof(mine),
                                    .unix_path = path,
                                    .signing_key = "key",
                                    .signing_key_bytes = 3 };
    worker w;

    snprintf(path, sizeof(path), "/tmp/vgi-http-%d", (int)getpid());
    snprintf(expected, sizeof(expected), "UNIX:%s", path);
    assert_int_equal(vgi_http_register(&nothing), VGI_EINVAL);
    assert_int_equal(vgi_http_register(&mine), VGI_OK);
    start(&w, (const char *[ARGS]){ "--http" });
    const int status = end(&w, text, sizeof(text));
    assert_int_equal(vgi_http_register(NULL), VGI_OK);
    assert_string_equal(w.line, expected);
    assert_int_equal(status, 0);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_command_lines_exit_with_2),
        cmocka_unit_test(origins_have_an_end),
        cmocka_unit_test(what_cannot_be_served_exits_with_1),
        cmocka_unit_test(the_help_has_it),
        cmocka_unit_test(a_worker_says_its_port_and_stops),
        cmocka_unit_test(a_worker_on_a_unix_socket_removes_it),
        cmocka_unit_test(a_program_has_its_own_defaults),
    };

    return vgi_test_run(tests);
}
