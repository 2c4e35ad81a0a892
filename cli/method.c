/* SPDX-License-Identifier: Apache-2.0 */
#include "method.h"

#include <stdio.h>
#include <string.h>

#include "params.h"
#include "target.h"

/* A method that is not there is left to the server to say, and one that cannot be described is called as its
 * values look. */
static int look_up(session *on, const char *name, const settings *s)
{
    vgi_error err;
    int rc = vgi_client_describe(on->client, &on->description, &err);

    if (rc == VGI_OK)
        on->method = vgi_description_find(on->description, name);
    else if (rc != VGI_EREMOTE)
        return tell_error(on->client, &err, s);
    else if (s->verbose)
        (void)fputs("note: this worker does not describe itself; types are guessed\n", stderr);
    return EXIT_OK;
}

int session_open(session *out, const settings *s, int argc, char **argv)
{
    vgi_error err = { 0 };
    int rc;

    memset(out, 0, sizeof(*out));
    out->client = open_target(argv[0], s);
    if (!out->client)
        return EXIT_FAILED;
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
