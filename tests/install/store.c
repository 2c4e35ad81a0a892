/* SPDX-License-Identifier: Apache-2.0 */
/* Uses the installed libraries of the stores: a URL is signed without any network. */
#include <stdio.h>
#include <string.h>

#include <vgirpc/gcs.h>
#include <vgirpc/s3.h>

int main(void)
{
    const vgi_s3_options options = { .size = sizeof(options),
                                     .bucket = "batches",
                                     .access_key_id = "id",
                                     .secret_access_key = "secret" };
    const vgi_gcs_options none = { .size = sizeof(none), .bucket = "b" };
    vgi_storage store;
    vgi_arena mem = { 0 };
    vgi_upload_url urls = { .size = sizeof(urls) };
    vgi_error err;
    int rc = vgi_s3_storage(&store, &options, &err);
    if (rc != VGI_OK)
        return 1;
    rc = store.upload_url(store.user, &mem, &urls, &err);
    if (rc == VGI_OK)
        printf(VGI_STR_FMT "\n", VGI_STR_ARG(urls.get_url));
    store.close(store.user);
    vgi_arena_free(&mem);
    return rc != VGI_OK || vgi_gcs_storage(&store, &none, &err) != VGI_EINVAL;
}
