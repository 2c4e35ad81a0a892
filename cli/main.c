/* SPDX-License-Identifier: Apache-2.0 */
/* vgirpc: look at a worker and call it from the command line. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <vgirpc/version.h>

#include "commands.h"
#include "target.h"

static const command *const commands[] = { &describe_command, &call_command,
                                           &stream_command, &shm_command };
#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

static const char targets_help[] =
    "Targets:\n"
    "  exec:COMMAND   start a worker and talk over its stdin and stdout\n"
    "  unix:PATH      connect to a Unix socket\n"
    "  http://HOST:PORT/PREFIX, https://...\n"
    "                 send requests over HTTP\n";

static void print_help(FILE *to)
{
    (void)fputs("vgirpc - look at a vgi-rpc worker and call its methods\n"
                "\n"
                "Usage: vgirpc COMMAND TARGET [ARGUMENTS] [OPTIONS]\n"
                "\n"
                "Commands:\n",
                to);
    for (size_t i = 0; i < N_COMMANDS; i++)
        (void)fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    (void)fprintf(to, "\n%s\nOptions:\n", targets_help);
    print_options(to, common_options);
    (void)fputs("      --version                  show the version (without a command)\n"
                "\n"
                "Examples:\n"
                "  vgirpc describe exec:./hello\n"
                "  vgirpc call exec:./hello hello name=World\n"
                "  vgirpc stream unix:/run/streams.sock count limit=3\n"
                "  vgirpc call http://localhost:8080 hello name=World\n"
                "\n"
                "vgirpc COMMAND --help tells more.\n",
                to);
}

static void print_command_help(const command *cmd, FILE *to)
{
    (void)fprintf(to, "Usage: vgirpc %s\n\n%s\n", cmd->operands, cmd->description);
    if (!cmd->local)
        (void)fprintf(to, "\n%s", targets_help);
    (void)fputs("\nOptions:\n", to);
    print_options(to, cmd->options);
    print_options(to, common_options);
    (void)fprintf(to, "\nExamples:\n%s", cmd->examples);
}

static const command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static int run_command(const command *cmd, int argc, char **argv)
{
    settings s = { 0 };
    const int n = parse_options(cmd, &s, argc, argv);

    if (n < 0)
        return EXIT_USAGE;
    if (s.help) {
        print_command_help(cmd, stdout);
        return EXIT_OK;
    }
    if (cmd->local)
        return cmd->run(&s, n, argv);
    if (!prepare_targets(&s))
        return EXIT_FAILED;
    const int rc = cmd->run(&s, n, argv);
    release_targets(&s);
    return rc;
}

/* "help", "help COMMAND". */
static void help(const char *name)
{
    const command *cmd = name ? find_command(name) : NULL;

    if (cmd)
        print_command_help(cmd, stdout);
    else
        print_help(stdout);
}

static int run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const command *cmd = find_command(name);

    if (cmd)
        return run_command(cmd, argc - 2, argv + 2);
    if (!*name) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(name, "--version") == 0)
        (void)printf("vgirpc %s\n", vgi_version());
    else if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 ||
             strcmp(name, "-h") == 0)
        help(argc > 2 ? argv[2] : NULL);
    else {
        (void)fprintf(stderr, "error: unknown command %s (see vgirpc --help)\n", name);
        return EXIT_USAGE;
    }
    return EXIT_OK;
}

int main(int argc, char **argv)
{
    int rc;

    /* A worker or a reader that went away is an error like any other. */
    (void)signal(SIGPIPE, SIG_IGN);
    rc = run(argc, argv);
    if (fflush(stdout) == 0)
        return rc;
    if (errno != EPIPE) /* a reader that has seen enough is no error to talk about */
        perror("error: stdout");
    return rc == EXIT_OK ? EXIT_FAILED : rc;
}
