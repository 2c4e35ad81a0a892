/* SPDX-License-Identifier: Apache-2.0 */
/* What the worker has over HTTP beside the options of vgi_serve. */
#include <string.h>

#include <vgirpc/http.h>

#include "types.h"

static int reject_all(vgi_http_request *request, vgi_auth *auth, void *user)
{
    (void)auth, (void)user;
    return vgi_http_reject(request, VGI_AUTH_MISSING_CREDENTIAL,
                           "this worker lets nobody in");
}

/* Take an option out of the command line, when it is there. */
static bool take(const char *option, int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], option) == 0) {
            memmove(argv + i, argv + i + 1, (size_t)(*argc - i) * sizeof(*argv));
            --*argc;
            return true;
        }
    }
    return false;
}

void conformance_http(int *argc, char **argv, int64_t max_request_bytes)
{
    vgi_http_options options = { .size = sizeof(options),
                                 .max_request_bytes = max_request_bytes };

    if (take("--auth-reject-all", argc, argv))
        options.authenticate = reject_all;
    (void)vgi_http_register(&options);
}
