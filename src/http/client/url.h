/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, as the library that follows them understands them. */
#ifndef VGI_HTTP_CLIENT_URL_H
#define VGI_HTTP_CLIENT_URL_H

#include <stdbool.h>

#include <vgirpc/error.h>

#include "base/buffer.h"

/* Is it an absolute URL with a host, https or, when that is allowed, http? VGI_EINVAL:
 * the message says what is wrong with it, without repeating it. */
int vgi__url_check(const char *url, bool allow_http, vgi_error *err);
/* Where a redirect at `base` leads: NUL-terminated, in place of what `out` held.
 * VGI_EPROTO: nowhere. */
int vgi__url_join(const char *base, vgi_str location, vgi__buffer *out, vgi_error *err);
/* Append the URL without what may be a secret: user, password, query and fragment. */
void vgi__url_redact(vgi__buffer *out, vgi_str url);

#endif
