/* SPDX-License-Identifier: Apache-2.0 */
/* A command line, split as a shell splits it: quoting only, no expansion. */
#include "transport/subprocess/split.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Copy one word to *to, terminated. Returns where it ended, or NULL and *why. */
static const char *copy_word(const char *from, char **to, const char **why)
{
    char quote = '\0', *w = *to;

    for (; *from != '\0' && (quote != '\0' || !is_blank(*from)); from++) {
        const bool escape = *from == '\\' && quote != '\'' &&
                            (quote == '\0' || strchr("\"\\$`", from[1]) != NULL);

        if (escape && *++from == '\0') {
            *why = "a backslash stands at the end";
            return NULL;
        }
        if (!escape && (*from == quote || (quote == '\0' && strchr("'\"", *from))))
            quote = quote == '\0' ? *from : '\0';
        else
            *w++ = *from;
    }
    if (quote != '\0') {
        *why = quote == '"' ? "a \" is not closed" : "a ' is not closed";
        return NULL;
    }
    *w++ = '\0';
    *to = w;
    return from;
}

int vgi__split_command(char ***argv, const char *command, const vgi_allocator *a,
                       vgi_error *err)
{
    /* Every second byte at most begins a word, and each word is copied with its NUL. */
    const size_t n = strlen(command), words = n / 2 + 2;
    const char *why = "it is empty";
    size_t argc = 0;
    char *to;

    if (n > SIZE_MAX / (2 * sizeof(char *)) ||
        !(*argv = vgi__alloc(a, words * sizeof(char *) + n + 1)))
        return vgi__fail_nomem(err);
    to = (char *)(*argv + words);
    for (;;) {
        while (is_blank(*command))
            command++;
        if (*command == '\0')
            break;
        (*argv)[argc++] = to;
        if (!(command = copy_word(command, &to, &why))) {
            argc = 0;
            break;
        }
    }
    (*argv)[argc] = NULL;
    if (argc > 0)
        return VGI_OK;
    vgi__free(a, *argv);
    *argv = NULL;
    return vgi__fail(err, VGI_EINVAL, "ValueError", "cannot run this command line: %s",
                     why);
}
