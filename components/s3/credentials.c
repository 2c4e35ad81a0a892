/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/credentials.h"

#include <stdbool.h>
#include <string.h>

#include "store/fail.h"
#include "store/file.h"
#include "store/text.h"

static vgi_str trimmed(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    return (vgi_str){ p, (size_t)(end - p) };
}

/* "[name]": is it the profile? */
static bool is_section(vgi_str line, const char *profile)
{
    if (line.len < 2 || line.data[line.len - 1] != ']')
        return false;
    const char *end = line.data + line.len - 1;
    return vgi_str_eq(trimmed(line.data + 1, end), profile);
}

/* "key = value"; a value with a NUL is none. False: no memory. */
static bool take_setting(vgi__credentials *out, vgi_str line, vgi_arena *mem)
{
    const char *end = line.data + line.len;
    const char *equals = memchr(line.data, '=', line.len);
    if (!equals)
        return true;
    const vgi_str key = trimmed(line.data, equals);
    const char **member = vgi_str_eq(key, "aws_access_key_id")       ? &out->id
                          : vgi_str_eq(key, "aws_secret_access_key") ? &out->secret
                          : vgi_str_eq(key, "aws_session_token")     ? &out->token
                                                                     : NULL;
    const vgi_str value = trimmed(equals + 1, end);
    if (!member || value.len == 0 || memchr(value.data, '\0', value.len))
        return true;
    *member = vgi__text_copy(mem, value);
    return *member != NULL;
}

int vgi__credentials_scan(vgi__credentials *out, vgi_str text, const char *profile,
                          vgi_arena *mem)
{
    bool inside = false;
    *out = (vgi__credentials){ 0 };
    for (size_t at = 0; at < text.len;) {
        const char *start = text.data + at;
        const char *newline = memchr(start, '\n', text.len - at);
        const char *end = newline ? newline : text.data + text.len;
        at = (size_t)(end - text.data) + 1;

        const vgi_str line = trimmed(start, end);
        if (line.len == 0 || *line.data == '#' || *line.data == ';')
            continue;
        if (*line.data == '[')
            inside = is_section(line, profile);
        else if (inside && !take_setting(out, line, mem))
            return VGI_ENOMEM;
    }
    return VGI_OK;
}

static const char *default_file(vgi_arena *mem)
{
    const char *file = vgi__variable("AWS_SHARED_CREDENTIALS_FILE");
    const char *home = vgi__variable("HOME");
    return file ? file : vgi__text_format(mem, "%s/.aws/credentials", home ? home : "");
}

static int from_file(vgi__credentials *out, const vgi__credentials_source *source,
                     vgi_arena *mem, vgi_error *err)
{
    const char *profile =
        source->profile ? source->profile : vgi__variable("AWS_PROFILE");
    const char *file = source->file ? source->file : default_file(mem);
    profile = profile ? profile : "default";
    if (!file)
        return vgi__store_nomem(err);
    vgi_str text;
    const int rc = vgi__file_read(file, mem, &text, err);
    if (rc == VGI_ENOTFOUND)
        return vgi__store_fail(err, rc,
                               "no credentials: neither options, nor AWS_ACCESS_KEY_ID, "
                               "nor the file %s",
                               file);
    if (rc != VGI_OK)
        return rc;
    if (vgi__credentials_scan(out, text, profile, mem) != VGI_OK)
        return vgi__store_nomem(err);
    if (out->id && out->secret)
        return VGI_OK;
    return vgi__store_fail(err, VGI_ENOTFOUND,
                           "credentials file %s: profile \"%s\" has no %s", file, profile,
                           out->id ? "aws_secret_access_key" : "aws_access_key_id");
}

/* Copied: the environment may change while they are used. */
static int copied(vgi__credentials *out, vgi__credentials from, vgi_arena *mem,
                  vgi_error *err)
{
    out->id = vgi__text_copy(mem, vgi_str_from(from.id));
    out->secret = vgi__text_copy(mem, vgi_str_from(from.secret));
    out->token = from.token ? vgi__text_copy(mem, vgi_str_from(from.token)) : NULL;
    if (out->id && out->secret && (out->token || !from.token))
        return VGI_OK;
    return vgi__store_nomem(err);
}

int vgi__credentials_find(vgi__credentials *out, const vgi__credentials_source *source,
                          vgi_arena *mem, vgi_error *err)
{
    if (source->explicit_.id) {
        *out = source->explicit_;
        return VGI_OK;
    }
    const vgi__credentials environment = { vgi__variable("AWS_ACCESS_KEY_ID"),
                                           vgi__variable("AWS_SECRET_ACCESS_KEY"),
                                           vgi__variable("AWS_SESSION_TOKEN") };
    if (!source->profile && !source->file && environment.id && environment.secret)
        return copied(out, environment, mem, err);
    return from_file(out, source, mem, err);
}
