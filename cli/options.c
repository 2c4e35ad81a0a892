/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(member) offsetof(settings, member)

const option common_options[] = {
    { 0, "format", OPTION_FORMAT, FIELD(format), "FORMAT",
      "table, json or arrow (default: table on a terminal, else json)" },
    { 0, "timeout", OPTION_SECONDS, FIELD(timeout_ms), "SECONDS",
      "longest wait for the server's next byte (default: none)" },
    { 0, "shm", OPTION_BYTES, FIELD(shm_bytes), "BYTES",
      "share so much memory with the worker for big batches; 64M is 64 MiB" },
    { 0, "protocol", OPTION_TEXT, FIELD(protocol), "NAME",
      "service to address (default: the server's first)" },
    { 0, "protocol-version", OPTION_TEXT, FIELD(protocol_version), "X.Y.Z",
      "version of it that is expected" },
    { 'H', "http-header", OPTION_LIST, FIELD(http_headers), "LINE",
      "HTTP: send \"Name: value\" with each request; may be repeated" },
    { 0, "unix-socket", OPTION_TEXT, FIELD(unix_socket), "PATH",
      "HTTP: connect here, whatever the URL's host is" },
    { 0, "ca-file", OPTION_TEXT, FIELD(ca_file), "FILE",
      "HTTPS: certificates to trust, PEM (default: the system's)" },
    { 0, "insecure", OPTION_FLAG, FIELD(insecure), NULL,
      "HTTPS: do not verify the server's certificate" },
    { 0, "no-compression", OPTION_FLAG, FIELD(no_compression), NULL,
      "HTTP: neither compress requests nor ask for it" },
    { 0, "any-url", OPTION_FLAG, FIELD(any_url), NULL,
      "fetch batches from wherever the server says (default: https, public hosts)" },
    { 'v', "verbose", OPTION_FLAG, FIELD(verbose), NULL, "show tracebacks and details" },
    { 'h', "help", OPTION_FLAG, FIELD(help), NULL, "show this help" },
    { 0 }
};

static int complain(const command *cmd, const char *what, const char *which)
{
    (void)fprintf(stderr, "error: %s%s (see vgirpc %s --help)\n", what, which, cmd->name);
    return -1;
}

/* ---- values ---- */

static bool parse_count(const char *value, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(value, &end, 10);
    return errno == 0 && end != value && !*end && *value != '-' && *out > 0;
}

/* "65536", "64K", "64M", "1G". */
static bool parse_bytes(const char *value, uint64_t *out)
{
    static const char units[] = "KMG";
    const char *unit;
    char *end;

    errno = 0;
    *out = strtoull(value, &end, 10);
    if (errno != 0 || end == value || *value == '-' || *out == 0)
        return false;
    if (!*end)
        return *out <= INT64_MAX;
    unit = strchr(units, *end);
    if (!unit || end[1])
        return false;
    const int shift = 10 * (int)(unit - units + 1);
    if (*out > (uint64_t)INT64_MAX >> shift)
        return false;
    *out <<= shift;
    return true;
}

static bool parse_seconds(const char *value, unsigned *ms)
{
    char *end;
    const double s = strtod(value, &end);

    if (end == value || *end || !(s > 0) || s > 1e6)
        return false;
    *ms = (unsigned)(s * 1000);
    if (*ms == 0)
        *ms = 1;
    return true;
}

static bool parse_format(const char *value, output_format *out)
{
    static const char *const names[] = {
        [FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", [FORMAT_ARROW] = "arrow"
    };

    for (output_format f = FORMAT_TABLE; f <= FORMAT_ARROW; f++) {
        if (strcmp(value, names[f]) == 0) {
            *out = f;
            return true;
        }
    }
    return false;
}

static const char *what_it_takes(option_kind kind)
{
    switch (kind) {
    case OPTION_COUNT:
        return "a whole number, at least 1,";
    case OPTION_BYTES:
        return "a number of bytes such as 65536, 64K, 64M or 1G";
    case OPTION_SECONDS:
        return "a number of seconds above 0";
    case OPTION_LIST:
        return "at most 32 values";
    default:
        return "table, json or arrow";
    }
}

static bool append(word_list *list, const char *value)
{
    if (list->count == LIST_MAX)
        return false;
    list->items[list->count++] = value;
    return true;
}

static bool set(const option *o, settings *s, const char *value)
{
    void *field = (char *)s + o->offset;

    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return true;
    case OPTION_TEXT:
        *(const char **)field = value;
        return true;
    case OPTION_LIST:
        return append(field, value);
    case OPTION_COUNT:
        return parse_count(value, field);
    case OPTION_BYTES:
        return parse_bytes(value, field);
    case OPTION_SECONDS:
        return parse_seconds(value, field);
    case OPTION_FORMAT:
        return parse_format(value, field);
    }
    return false;
}

/* ---- the command line ---- */

/* `arg` is "--name", "--name=value" or "-l". */
static bool matches(const option *o, const char *arg)
{
    const size_t n = strlen(o->name);

    if (arg[1] != '-')
        return o->letter && arg[1] == o->letter && !arg[2];
    return strncmp(arg + 2, o->name, n) == 0 && (!arg[2 + n] || arg[2 + n] == '=');
}

static const option *find_in(const option *table, const char *arg)
{
    for (; table->name; table++) {
        if (matches(table, arg))
            return table;
    }
    return NULL;
}

/* Apply the option at argv[*i]; moves *i over a value of its own. */
static int apply(const command *cmd, settings *s, int argc, char **argv, int *i)
{
    const char *arg = argv[*i];
    const char *value = strchr(arg, '=');
    const option *o = find_in(cmd->options, arg);

    if (!o)
        o = find_in(common_options, arg);
    if (!o)
        return complain(cmd, "unknown option ", arg);
    if (o->kind == OPTION_FLAG)
        return value ? complain(cmd, "no value is possible: ", arg) : set(o, s, NULL) - 1;
    if (value)
        value++;
    else if (*i + 1 < argc)
        value = argv[++*i];
    else
        return complain(cmd, "a value is missing after ", arg);
    if (set(o, s, value))
        return 0;
    (void)fprintf(stderr, "error: --%s takes %s and not \"%s\"\n", o->name,
                  what_it_takes(o->kind), value);
    return -1;
}

int parse_options(const command *cmd, settings *s, int argc, char **argv)
{
    bool only_operands = false;
    int n = 0;

    for (int i = 0; i < argc; i++) {
        if (!only_operands && strcmp(argv[i], "--") == 0) {
            only_operands = true;
        } else if (only_operands || argv[i][0] != '-' || !argv[i][1]) {
            argv[n++] = argv[i];
        } else if (apply(cmd, s, argc, argv, &i) != 0) {
            return -1;
        }
    }
    if (s->help)
        return n;
    if (n < cmd->min_operands)
        return complain(cmd, "usage: vgirpc ", cmd->operands);
    if (cmd->max_operands >= 0 && n > cmd->max_operands)
        return complain(cmd, "too many arguments: ", argv[cmd->max_operands]);
    return n;
}

void print_options(FILE *to, const option *options)
{
    for (; options->name; options++) {
        char spelled[64];
        (void)snprintf(spelled, sizeof(spelled), "%c%c%s--%s%s%s",
                       options->letter ? '-' : ' ',
                       options->letter ? options->letter : ' ',
                       options->letter ? ", " : "  ", options->name,
                       options->value ? " " : "", options->value ? options->value : "");
        (void)fprintf(to, "  %-30s %s\n", spelled, options->help);
    }
}
