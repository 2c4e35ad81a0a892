/* SPDX-License-Identifier: Apache-2.0 */
/* A worker over HTTP that wants to know who calls: a bearer token is looked up in a
 * table.
 *
 * RUN: over_http.sh http vgirpc call URL whoami -H "Authorization: Bearer open-sesame"
 * OUTPUT: {"result":"ali of staff"}
 *
 * RUN: over_http.sh http vgirpc call URL whoami || echo "exit status $?"
 * OUTPUT: exit status 1
 */
#include <string.h>
#include <vgirpc/http.h>
#include <vgirpc/vgirpc.h>

static int whoami(vgi_call *call, const vgi_void *in, vgi_str *out)
{
    const vgi_auth *who = vgi_call_auth(call);

    (void)in;
    if (!who->authenticated) /* on pipes nobody is asked */
        return vgi_strf(call, out, "somebody");
    return vgi_strf(call, out, "%s of %s", who->principal, who->domain);
}
VGI_UNARY(whoami, vgi_void, vgi_str, .doc = "Who you are, as the worker sees it.");

static const vgi_method *const methods[] = { VGI_METHOD(whoami), NULL };
static const vgi_service service = { VGI_SERVICE_INIT, .name = "Whoami",
                                     .methods = methods };

/* In earnest this would be a file of hashes, or another service. */
static const struct {
    const char *token, *principal;
} people[] = { { "open-sesame", "ali" }, { "close-sesame", "kasim" } };

/* Its time depends on the length of what was given alone: it tells nothing of a token. */
static bool same(vgi_str given, const char *token)
{
    const size_t n = strlen(token);
    unsigned differences = given.len != n;

    for (size_t i = 0; i < given.len; i++)
        differences |= (unsigned)(given.data[i] ^ token[i % n]);
    return differences == 0;
}

static int authenticate(vgi_http_request *request, vgi_auth *auth, void *user)
{
    static const char scheme[] = "Bearer ";
    vgi_str given = vgi_http_request_header(request, "Authorization");

    (void)user;
    if (given.len < sizeof(scheme) || memcmp(given.data, scheme, sizeof(scheme) - 1) != 0)
        return vgi_http_reject(request, VGI_AUTH_MISSING_CREDENTIAL, "no bearer token");
    given.data += sizeof(scheme) - 1;
    given.len -= sizeof(scheme) - 1;
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
        if (same(given, people[i].token)) {
            auth->authenticated = true;
            auth->domain = "staff";
            auth->principal = people[i].principal;
            return VGI_OK;
        }
    }
    return vgi_http_reject(request, VGI_AUTH_INVALID_CREDENTIAL, "unknown token");
}

int main(int argc, char **argv)
{
    const vgi_http_options http = { .size = sizeof(http),
                                    .authenticate = authenticate,
                                    .max_request_bytes = 1 << 20 };

    if (vgi_http_register(&http) != VGI_OK)
        return 1;
    return vgi_serve(&service, argc, argv); /* --http [PORT] and more: see --help */
}
