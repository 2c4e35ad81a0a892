/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables: one row per option gives both its parsing and its line of help. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Values of an option that may stand several times. */
#define LIST_MAX 32
typedef struct word_list {
    const char *items[LIST_MAX];
    size_t count;
} word_list;

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

typedef enum output_format {
    FORMAT_AUTO,
    FORMAT_TABLE,
    FORMAT_JSON,
    FORMAT_ARROW
} output_format;

/* What the command line says. */
typedef struct settings {
    bool help, verbose, print_header, as_json;
    unsigned timeout_ms;
    uint64_t shm_bytes; /* 0: no shared memory */
    output_format format;
    const char *protocol, *protocol_version;
    word_list http_headers;            /* "Name: value" */
    const char *unix_socket, *ca_file; /* HTTP */
    bool insecure, no_compression;     /* HTTP */
    bool any_url;                      /* of pointers */
    struct vgi_external *external;     /* what follows them */
    const char *json;                  /* call, stream: the parameters */
    const char *input;                 /* stream: a file of JSON lines, "-" for stdin */
    const char *schema;                /* stream: of the input */
    uint64_t limit;                    /* stream: rows; 0: all */
    uint64_t bench; /* call: how often; 0: once, and print the result */
} settings;

typedef enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_LIST,    /* word_list */
    OPTION_COUNT,   /* uint64_t, at least 1 */
    OPTION_BYTES,   /* uint64_t */
    OPTION_SECONDS, /* unsigned milliseconds */
    OPTION_FORMAT
} option_kind;

typedef struct option {
    char letter;      /* 0: none */
    const char *name; /* NULL ends a table */
    option_kind kind;
    size_t offset;     /* in settings */
    const char *value; /* its name in the help; NULL for flags */
    const char *help;
} option;

extern const option common_options[];

typedef struct command {
    const char *name, *operands, *summary, *description, *examples;
    const option *options;
    bool local;                                           /* no TARGET */
    int min_operands, max_operands;                       /* max -1: any number */
    int (*run)(const settings *s, int argc, char **argv); /* operands only */
} command;

/* Move the operands to the front of argv and fill in the settings. Returns their number,
 * or -1 after having said what is wrong. */
int parse_options(const command *cmd, settings *s, int argc, char **argv);
void print_options(FILE *to, const option *options);

#endif
