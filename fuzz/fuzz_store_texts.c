/* SPDX-License-Identifier: Apache-2.0 */
/* What stores read: answers in XML and JSON, files of credentials, endpoints, names. */
#include <stdlib.h>
#include <string.h>

#include "gcs/account.h"
#include "gcs/encode.h"
#include "gcs/json.h"
#include "http/client/url.h"
#include "s3/credentials.h"
#include "s3/store.h"
#include "store/place.h"
#include "store/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void read_xml(vgi_bytes document)
{
    static const char *const names[] = { "UploadId", "Error", "Code", "Message" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const vgi_str found = vgi__s3_element(document, names[i]);
        if (!found.data)
            continue;
        const size_t n = strlen(names[i]);
        const char *first = (const char *)document.data;
        expect(found.data >= first + n + 2);
        expect(found.data + found.len + n + 3 <= first + document.len);
        expect(memcmp(found.data - n - 1, names[i], n) == 0);
        expect(memcmp(found.data + found.len + 2, names[i], n) == 0);
    }
}

static void expect_line(const char *text)
{
    expect(!text || (*text && !strchr(text, '\n')));
}

static void read_credentials(vgi_str text, vgi_arena *mem)
{
    vgi__credentials c;
    expect(vgi__credentials_scan(&c, text, "default", mem) == VGI_OK);
    expect_line(c.id);
    expect_line(c.secret);
    expect_line(c.token);
}

static void read_json(vgi_str text, vgi_arena *mem)
{
    vgi__account account;
    vgi_str token = { 0 }, message = { 0 };
    int64_t life = 0;
    const vgi__json_want wants[] = {
        { .name = "access_token", .text = &token },
        { .name = "expires_in", .number = &life },
        { .parent = "error", .name = "message", .text = &message },
    };
    if (vgi__account_read(&account, text, mem, NULL) == VGI_OK)
        expect(account.email.len > 0 && account.key.len > 0);
    (void)vgi__json_read(text, wants, sizeof(wants) / sizeof(wants[0]), mem, NULL);
    expect(!token.data || token.data[token.len] == '\0');
    expect(!message.data || message.data[message.len] == '\0');
}

/* What was read can be written and read again. */
static void read_base64(vgi_str text, vgi_arena *mem)
{
    vgi__text t = { .mem = mem };
    vgi_bytes first, second;
    if (vgi__base64_read(text, mem, &first) != VGI_OK)
        return;
    vgi__text_base64(&t, first);
    const vgi_str written = vgi__text_done(&t);
    expect(written.len == text.len || first.len == 0);
    if (first.len == 0)
        return;
    expect(vgi__base64_read(written, mem, &second) == VGI_OK);
    expect(second.len == first.len && memcmp(first.data, second.data, first.len) == 0);
}

/* What is an endpoint for us is a URL for who connects to it. */
static void read_endpoint(const char *text, vgi_arena *mem)
{
    vgi__endpoint at;
    if (vgi__endpoint_parse(&at, text, mem, NULL) != VGI_OK)
        return;
    const char *url = vgi__text_format(mem, "%s://%s/bucket", at.scheme, at.host);
    expect(url && *at.host && !strpbrk(at.host, "/?#@%\\ "));
    (void)vgi__url_check(url, true, NULL);
}

static void read_names(const char *text, vgi_arena *mem)
{
    (void)vgi__bucket_check(text, NULL);
    if (vgi__prefix_check(text, NULL) != VGI_OK)
        return;
    const vgi_str path = vgi__object_path("/bucket/", text, "zstd", mem);
    expect(path.data && !strstr(path.data, "/../") && !strstr(path.data, "/./"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vgi_arena mem = { 0 };
    const vgi_str text = { (const char *)data, size };
    const char *copy = vgi__text_copy(&mem, text);
    expect(copy != NULL);
    read_xml((vgi_bytes){ data, size });
    read_credentials(text, &mem);
    read_json(text, &mem);
    read_base64(text, &mem);
    read_endpoint(copy, &mem);
    read_names(copy, &mem);
    vgi_arena_free(&mem);
    return 0;
}
