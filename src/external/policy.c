/* SPDX-License-Identifier: Apache-2.0 */
/* Which URLs are asked, and what is said about them. */
#include <string.h>

#include "external/external.h"
#include "http/client/url.h"

const char *vgi__external_name(char *buf, const char *url)
{
    vgi__buffer text;

    vgi__buffer_init(&text, NULL, SIZE_MAX);
    vgi__url_redact(&text, vgi_str_from(url));
    if (text.failed)
        vgi__echo(buf, VGI_LIT("?"));
    else
        vgi__echo(buf, (vgi_str){ (const char *)text.data, text.len });
    vgi__buffer_free(&text);
    return buf;
}

/* With what a validator says, which may repeat the URL: nothing of it that redacting
 * would leave out. */
static int refuse(const char *url, int rc, const char *message, vgi_error *err)
{
    char name[VGI_ECHO_SIZE];
    vgi__buffer text;

    vgi__buffer_init(&text, NULL, SIZE_MAX);
    while (*message) {
        const size_t blanks = strspn(message, " "), n = strcspn(message + blanks, " ");

        vgi__buffer_append(&text, message, blanks);
        vgi__url_redact(&text, (vgi_str){ message + blanks, n });
        message += blanks + n;
    }
    vgi__buffer_char(&text, '\0');
    rc = vgi__fail(err, rc, "ValueError", "%s: %s", vgi__external_name(name, url),
                   text.failed ? "not allowed" : (const char *)text.data);
    vgi__buffer_free(&text);
    return rc;
}

int vgi__external_allows(const vgi_external *x, const char *url, vgi_error *err)
{
    const vgi_external_options *o = &x->options;
    vgi_error why = { .message = "the URL is not allowed" };
    int rc = vgi__url_check(url, o->allow_http, &why);

    if (rc == VGI_OK && o->validator)
        rc = o->validator(o->validator_user, vgi_str_from(url), &why);
    if (rc == VGI_OK)
        return VGI_OK;
    return refuse(url, rc < 0 ? rc : VGI_EINVAL, why.message, err);
}

/* Does the query have this parameter? */
static bool has_parameter(const char *query, const char *name)
{
    const size_t n = strlen(name);

    while (query) {
        if (strncmp(query, name, n) == 0 && query[n] == '=')
            return true;
        query = strchr(query, '&');
        query = query ? query + 1 : NULL;
    }
    return false;
}

bool vgi__external_is_presigned(const char *url)
{
    static const char *const pairs[][2] = {
        { "X-Amz-Signature", "X-Amz-Credential" },
        { "X-Goog-Signature", "X-Goog-Credential" },
        { "Signature", "AWSAccessKeyId" },
        { "Signature", "GoogleAccessId" },
    };
    const char *query = strchr(url, '?');

    for (size_t i = 0; query && i < sizeof(pairs) / sizeof(*pairs); i++)
        if (has_parameter(query + 1, pairs[i][0]) &&
            has_parameter(query + 1, pairs[i][1]))
            return true;
    return false;
}
