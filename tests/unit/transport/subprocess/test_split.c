/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "support/traced.h"
#include "transport/subprocess/split.h"

#define OUT_BYTES 512

/* The words of a command line, each in brackets; or what is wrong with it. */
static const char *words(char out[OUT_BYTES], const char *command)
{
    vgi_error err = { 0 };
    char **argv;
    size_t n = 0;

    if (vgi__split_command(&argv, command, NULL, &err) != VGI_OK) {
        snprintf(out, OUT_BYTES, "%s", err.message);
        return out;
    }
    out[0] = '\0';
    for (size_t i = 0; argv[i]; i++)
        n += (size_t)snprintf(out + n, OUT_BYTES - n, "[%s]", argv[i]);
    vgi__free(NULL, argv);
    return out;
}

static void words_are_split_as_a_shell_does(void **state)
{
    (void)state;
    static const struct {
        const char *command, *words;
    } cases[] = {
        { "worker", "[worker]" },
        { "  worker\t--unix  /tmp/a \n", "[worker][--unix][/tmp/a]" },
        { "a 'b c' d", "[a][b c][d]" },
        { "a \"b c\" d", "[a][b c][d]" },
        { "a b' 'c\" \"d", "[a][b c d]" },
        { "a '' \"\"", "[a][][]" },
        { "a\\ b c\\\\d", "[a b][c\\d]" },
        { "'a\\b' \"c\\d\"", "[a\\b][c\\d]" },
        { "\"\\\"\\\\\\$\\`\"", "[\"\\$`]" },
        { "'it'\\''s'", "[it's]" },
        { "$HOME *.c `x` ; |", "[$HOME][*.c][`x`][;][|]" },
        { "a b c d e f g h", "[a][b][c][d][e][f][g][h]" },
    };
    char out[OUT_BYTES];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(words(out, cases[i].command), cases[i].words);
}

static void bad_command_lines_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *command, *why;
    } cases[] = {
        { "", "it is empty" },
        { " \t\n", "it is empty" },
        { "a 'b", "a ' is not closed" },
        { "a \"b", "a \" is not closed" },
        { "a\\", "a backslash stands at the end" },
    };
    char out[OUT_BYTES];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        words(out, cases[i].command);
        assert_non_null(strstr(out, cases[i].why));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split_as_a_shell_does),
        cmocka_unit_test(bad_command_lines_are_refused),
    };

    return vgi_test_run(tests);
}
