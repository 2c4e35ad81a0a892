/* SPDX-License-Identifier: Apache-2.0 */
#include "method.h"

#include <stdio.h>
#include <string.h>

#include "params.h"
#include "print.h"
#include "target.h"

/* A worker that does not describe itself is called as the values look. Names with
 * underscores are the framework's own methods, which nobody describes. */
static int look_up(session *on, const char *name, const settings *s)
{
    vgi_error err;
    int rc = vgi_client_describe(on->client, &on->description, &err);

    if (rc == VGI_EREMOTE) {
        if (s->verbose)
            (void)fputs("note: the worker does not describe itself; types are guessed\n",
                        stderr);
        return EXIT_OK;
    }
    if (rc != VGI_OK)
        return tell_error(on->client, &err, s);
    on->method = vgi_description_find(on->description, name);
    if (on->method || strncmp(name, "__", 2) == 0)
        return EXIT_OK;
    (void)fputs("error: ", stderr);
    print_plain(stderr, vgi_str_from(vgi_description_name(on->description)), 0);
    (void)fprintf(stderr, " has no method %s (vgirpc describe lists them)\n", name);
    return EXIT_FAILED;
}

int session_open(session *out, const settings *s, int argc, char **argv)
{
    vgi_error err = { 0 };
    int rc;

    memset(out, 0, sizeof(*out));
    rc = open_target(&out->client, argv[0], s);
    if (rc == EXIT_OK)
        rc = look_up(out, argv[1], s);
    if (rc != EXIT_OK)
        return rc;
    if (params_batch(&out->params, out->method, s, argc - 2, argv + 2, &err) == VGI_OK)
        return EXIT_OK;
    (void)fprintf(stderr, "error: %s\n", err.message);
    return EXIT_USAGE;
}

void session_close(session *on)
{
    vgi_batch_unref(on->params);
    vgi_description_free(on->description);
    vgi_client_close(on->client);
}
