/* SPDX-License-Identifier: Apache-2.0 */
/* The main() of a worker: its command line. */
#include <vgirpc/server.h>
#include <vgirpc/version.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/server.h"

enum { EXIT_USAGE = 2, OPTION_BYTES = 48 };

enum action { SERVE, DESCRIBE, HELP, VERSION };

struct command {
    const char *program;
    enum action action;
    const char *unix_path; /* NULL: stdio, or what the listener does */
    vgi_unix_options unix_options;
    const vgi_listener *listener; /* that was chosen; NULL: none */
    const vgi_listener *meant;    /* that has the option `extra`; NULL: no such option */
    char extra[OPTION_BYTES];
};

static const char help[] =
    "Usage: %s [OPTION]...\n"
    "Serve calls; without an option on stdin and stdout, until end of input.\n"
    "\n"
    "      --pipe              serve stdin and stdout (the default)\n"
    "      --unix PATH         listen on a Unix socket; prints UNIX:PATH when ready\n"
    "      --threaded          with --unix: serve connections at the same time\n"
    "      --idle-timeout SEC  with --unix: end after SEC seconds without a client\n"
    "      --describe          print services and methods, and exit\n"
    "      --version           print the version of the library, and exit\n"
    "  -h, --help              print this, and exit\n";

static int refuse(const struct command *c, const char *option, const char *why)
{
    fprintf(stderr, "%s: %s %s\nTry '%s --help'.\n", c->program, option, why, c->program);
    return EXIT_USAGE;
}

static void print_help(const char *program)
{
    printf(help, program);
    for (const vgi_listener *const *l = vgi__listeners(); *l; l++)
        printf("\n%s", (*l)->help);
}

static bool parse_seconds(const char *text, unsigned *ms)
{
    char *end;
    const double seconds = strtod(text, &end);

    if (end == text || *end != '\0' || !(seconds > 0) || seconds > INT_MAX / 1000)
        return false;
    *ms = (unsigned)(seconds * 1000);
    return true;
}

/* An option that is not ours: a listener may know it. */
static int listener_option(struct command *c, const char *option, const char *value,
                           bool *used)
{
    vgi_error err = { 0 };

    for (const vgi_listener *const *l = vgi__listeners(); *l; l++) {
        const int rc = (*l)->option_set((*l)->user, option, value, used, &err);

        if (rc == VGI_ENOTFOUND)
            continue;
        if (rc != VGI_OK)
            return refuse(c, option, err.message);
        if (strcmp(option, (*l)->option) == 0) {
            c->listener = *l;
            c->unix_path = NULL;
        } else {
            c->meant = *l;
            snprintf(c->extra, sizeof(c->extra), "%s", option);
        }
        return 0;
    }
    if (strcmp(option, "--http") == 0)
        return refuse(c, option, "needs libvgirpc-http, which this program lacks");
    if (strcmp(option, "--tcp") == 0)
        return refuse(c, option, "needs a libvgirpc with TCP, which this program lacks");
    return refuse(c, option, "is no option of this program");
}

/* One option; `value` is what follows it, or NULL. *used tells whether it took the value.
 */
static int parse_option(struct command *c, const char *option, const char *value,
                        bool *used)
{
    if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
        c->action = HELP;
    } else if (strcmp(option, "--version") == 0) {
        c->action = VERSION;
    } else if (strcmp(option, "--describe") == 0) {
        c->action = DESCRIBE;
    } else if (strcmp(option, "--threaded") == 0) {
        c->unix_options.threaded = true;
    } else if (strcmp(option, "--pipe") == 0) {
        c->unix_path = NULL;
        c->listener = NULL;
    } else if (strcmp(option, "--unix") == 0) {
        if (!(c->unix_path = value))
            return refuse(c, option, "needs a path");
        c->listener = NULL;
        *used = true;
    } else if (strcmp(option, "--idle-timeout") == 0) {
        if (!value || !parse_seconds(value, &c->unix_options.idle_timeout_ms))
            return refuse(c, option, "needs a number of seconds above 0");
        *used = true;
    } else {
        return listener_option(c, option, value, used);
    }
    return 0;
}

/* Options that mean nothing without another. */
static int check_command(const struct command *c)
{
    if (!c->unix_path && c->unix_options.threaded)
        return refuse(c, "--threaded", "needs --unix");
    if (!c->unix_path && c->unix_options.idle_timeout_ms != 0)
        return refuse(c, "--idle-timeout", "needs --unix");
    if (c->meant && c->meant != c->listener) {
        char why[OPTION_BYTES + 8];

        snprintf(why, sizeof(why), "needs %s", c->meant->option);
        return refuse(c, c->extra, why);
    }
    return 0;
}

/* 0, or an exit status. Both "--unix PATH" and "--unix=PATH" are understood. */
static int parse_command(struct command *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *equals = strncmp(argv[i], "--", 2) == 0 ? strchr(argv[i], '=') : NULL;
        const size_t n = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
        bool used = false;
        char option[OPTION_BYTES];
        int status;

        if (n >= sizeof(option))
            return refuse(c, argv[i], "is no option of this program");
        memcpy(option, argv[i], n);
        option[n] = '\0';
        status = parse_option(c, option, equals ? equals + 1 : argv[i + 1], &used);
        if (status != 0)
            return status;
        if (equals && !used)
            return refuse(c, option, "takes no value");
        if (!equals && used)
            i++;
    }
    return check_command(c);
}

static int serve_stdio(const struct command *c, vgi_server *server, vgi_error *err)
{
    if (isatty(STDIN_FILENO))
        fprintf(stderr,
                "%s: serving on stdin and stdout, which is for programs; try --help\n",
                c->program);
    return vgi_server_serve_stdio(server, err);
}

static int serve(const struct command *c, const vgi_service *const *services,
                 const vgi_server_options *options, vgi_error *err)
{
    vgi_server *server;
    int rc;

    if ((rc = vgi_server_new(&server, options, err)) != VGI_OK)
        return rc;
    for (; *services && rc == VGI_OK; services++)
        rc = vgi_server_add(server, *services, err);
    if (rc == VGI_OK)
        rc = vgi_server_handle_signals(server, err);
    if (rc == VGI_OK && c->listener)
        rc = c->listener->serve(c->listener->user, server, err);
    else if (rc == VGI_OK && c->unix_path)
        rc = vgi_server_serve_unix(server, c->unix_path, &c->unix_options, err);
    else if (rc == VGI_OK)
        rc = serve_stdio(c, server, err);
    vgi_server_free(server);
    return rc;
}

static const char *program_name(int argc, char **argv)
{
    const char *name = argc > 0 ? argv[0] : "worker";
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

int vgi_serve_with(const vgi_service *const *services, const vgi_server_options *options,
                   int argc, char **argv)
{
    struct command c = { .program = program_name(argc, argv),
                         .unix_options = { .size = sizeof(vgi_unix_options),
                                           .announce = true } };
    const int status = parse_command(&c, argc, argv);
    vgi_error err = { 0 };
    int rc = VGI_OK;

    if (status != 0)
        return status;
    switch (c.action) {
    case HELP:
        print_help(c.program);
        break;
    case VERSION:
        printf("%s (vgirpc) %s\n", c.program, vgi_version());
        break;
    case DESCRIBE:
        rc = vgi__print_services(services, &err);
        break;
    case SERVE:
        rc = serve(&c, services, options, &err);
        break;
    }
    /* A client that goes away is the normal end of a worker on pipes. */
    if (rc == VGI_OK || rc == VGI_ECLOSED)
        return EXIT_SUCCESS;
    fprintf(stderr, "%s: %s: %s\n", c.program, err.type, err.message);
    return EXIT_FAILURE;
}

int vgi_serve(const vgi_service *service, int argc, char **argv)
{
    const vgi_service *const services[] = { service, NULL };

    return vgi_serve_with(services, NULL, argc, argv);
}
