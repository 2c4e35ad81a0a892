/* SPDX-License-Identifier: Apache-2.0 */
/* The key of stream tokens, as text. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "server/http/http.h"

#define KEY_VARIABLE "VGI_RPC_SIGNING_KEY"

int vgi__key_parse(vgi__key_text *out, const char *text, vgi_error *err)
{
    const size_t n = strlen(text);

    if (n > sizeof(out->bytes))
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "a key of %zu characters; at most %zu are possible", n,
                         sizeof(out->bytes));
    out->len = n / 2;
    if (n > 0 && (vgi__unhex(out->bytes, text, n) ||
                  vgi__unbase64(out->bytes, &out->len, text, n)))
        return VGI_OK;
    out->len = 0;
    return vgi__fail(err, VGI_EINVAL, "ValueError",
                     "the key is neither hexadecimal nor base64");
}

int vgi__key_of_environment(vgi__key_text *key, vgi_http_options *o, vgi_error *err)
{
    const char *text = getenv(KEY_VARIABLE);
    vgi_error cause;

    if (o->signing_key || !text)
        return VGI_OK;
    if (vgi__key_parse(key, text, &cause) != VGI_OK)
        return vgi__fail(err, VGI_EINVAL, "ValueError", KEY_VARIABLE ": %s",
                         cause.message);
    o->signing_key = key->bytes;
    o->signing_key_bytes = key->len;
    return VGI_OK;
}
