/* SPDX-License-Identifier: Apache-2.0 */
/* Byte for byte what google-cloud-storage signs: see record.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gcs/store.h"
#include "store/file.h"
#include "store/text.h"
#include "support/traced.h"

#define MOMENT INT64_C(1369353600) /* 20130524T000000Z */

/* One line of signed_urls.txt, whose fields are ended in place. */
typedef struct record {
    const char *bucket, *name, *method, *seconds, *url;
} record;

static bool next_record(char **line, record *r)
{
    char *end = strchr(*line, '\n');
    const char **fields[] = { &r->bucket, &r->name, &r->method, &r->seconds, &r->url };
    if (!end)
        return false;
    *end = '\0';
    for (size_t i = 0; i < 5; i++) {
        char *tab = strchr(*line, '\t');
        *fields[i] = *line;
        if (tab)
            *tab++ = '\0';
        *line = tab ? tab : end + 1;
    }
    return true;
}

static int sign(vgi__gcs *gcs, const record *r, vgi_arena *mem, vgi_str *url)
{
    const vgi__gcs_signing signing = { .gcs = gcs };
    const vgi__signer signer = vgi__gcs_signer(&signing);
    const char *path = vgi__text_format(mem, "/%s/%s", r->bucket, r->name);
    if (!path)
        return VGI_ENOMEM;
    const vgi__permit permit = { .method = r->method,
                                 .origin = "https://storage.googleapis.com",
                                 .host = "storage.googleapis.com",
                                 .path = vgi_str_from(path),
                                 .when = vgi__stamp_at(MOMENT),
                                 .expiry_s = (unsigned)strtoul(r->seconds, NULL, 10) };
    return vgi__sign_url(&signer, &permit, mem, url, NULL);
}

static int read_both(vgi__gcs *gcs, vgi_arena *mem, char **recorded)
{
    vgi_str json, text;
    int rc =
        vgi__file_read(VGI_COMPONENT_TESTS "/service_account.json", mem, &json, NULL);
    if (rc == VGI_OK)
        rc = vgi__account_read(&gcs->account, json, mem, NULL);
    if (rc == VGI_OK)
        rc = vgi__file_read(VGI_COMPONENT_TESTS "/signed_urls.txt", mem, &text, NULL);
    if (rc == VGI_OK) {
        *recorded = (char *)(uintptr_t)vgi__text_copy(mem, text);
        rc = *recorded ? VGI_OK : VGI_ENOMEM;
    }
    return rc;
}

static void test_recorded(void **state)
{
    (void)state;
    vgi_arena mem = { 0 };
    vgi__gcs gcs = { 0 };
    char *line = NULL;
    record r;
    int rc = read_both(&gcs, &mem, &line), same = 0;
    while (rc == VGI_OK && next_record(&line, &r)) {
        vgi_str url = { 0 };
        rc = sign(&gcs, &r, &mem, &url);
        if (rc == VGI_OK && strcmp(url.data, r.url) == 0)
            same++;
        else
            fprintf(stderr, "%s\n%s\n", url.data ? url.data : "-", r.url);
    }
    vgi_arena_free(&mem);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(same, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_recorded) };
    return vgi_test_run(tests);
}
