/* SPDX-License-Identifier: Apache-2.0 */
/* Reading header values: lists, media types, cookies. All take bytes from a peer. */
#ifndef VGI_HTTP_PROTO_FIELDS_H
#define VGI_HTTP_PROTO_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include <vgirpc/value.h>

/* Equal but for ASCII case. */
bool vgi__http_equal(vgi_str a, const char *b);
/* Is `word` somewhere in `text`, whatever the case? */
bool vgi__http_contains(vgi_str text, const char *word);

/* Next element of a comma-separated list: its token, without parameters and white space
 * around it. *list moves on. False: the list is over. Empty elements are skipped. */
bool vgi__http_next_token(vgi_str *list, vgi_str *token);
/* As above, with the parameters (after the first ';'; a null string without). */
bool vgi__http_next_element(vgi_str *list, vgi_str *token, vgi_str *parameters);

/* Is the media type (parameters ignored) this one? */
bool vgi__http_is_type(vgi_str content_type, const char *type);
/* Does an Accept value list this media type by name? Wildcards do not count. */
bool vgi__http_accepts_by_name(vgi_str accept, const char *type);

/* A cookie of a Cookie header by name; a null string: absent. Quotes are removed. */
vgi_str vgi__http_cookie(vgi_str header, const char *name);

/* Is it a token of RFC 9110 (not empty)? */
bool vgi__http_is_token(vgi_str s);
/* May it be a header value: no control characters but HTAB? */
bool vgi__http_is_value(vgi_str s);
/* Canonical decimal: digits without leading zeros, <= INT64_MAX. */
bool vgi__http_decimal(vgi_str s, int64_t *value);
/* Percent-decode into `out` (s.len bytes of room); false: a broken escape. */
bool vgi__http_unescape(char *out, size_t *len, vgi_str s);

#endif
