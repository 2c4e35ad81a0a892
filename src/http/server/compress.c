/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: what coding a response gets.
 *
 * Clients say what they take in Accept-Encoding, or, where something between here and
 * them would interfere with that, in X-VGI-Accept-Encoding. The response names its coding
 * in the header that corresponds to the one that asked for it. q-values are not looked
 * at; neither epoch does.
 *
 *   seed     zstd if either header has it, named in the custom header if that one has it
 *   current  the first that can be made, of the custom header first; named in the
 *            standard header if that one has it, too. "identity" ends the search
 */
#include "http/proto/fields.h"
#include "http/server/app.h"
#include "rpc/epoch.h"

/* The coding of a response, and the header that says so. */
typedef struct choice {
    vgi__coding coding;
    bool custom;
} choice;

static bool lists(vgi_str header, vgi__coding coding)
{
    vgi_str token;

    while (vgi__http_next_token(&header, &token))
        if (vgi__coding_parse(token) == coding)
            return true;
    return false;
}

static bool can_make(vgi__coding coding)
{
    return coding != VGI__CODING_UNKNOWN && vgi__coding_available(coding);
}

static choice choose_seed(vgi_str standard, vgi_str custom)
{
    const char *zstd = vgi__coding_name(VGI__CODING_ZSTD);

    if (vgi__coding_available(VGI__CODING_ZSTD)) {
        if (vgi__http_contains(custom, zstd))
            return (choice){ VGI__CODING_ZSTD, true };
        if (vgi__http_contains(standard, zstd))
            return (choice){ VGI__CODING_ZSTD, false };
    }
    if (lists(standard, VGI__CODING_GZIP))
        return (choice){ VGI__CODING_GZIP, false };
    if (lists(custom, VGI__CODING_GZIP))
        return (choice){ VGI__CODING_GZIP, true };
    return (choice){ VGI__CODING_IDENTITY, false };
}

static choice choose_current(vgi_str standard, vgi_str custom)
{
    const vgi_str headers[] = { custom, standard };

    for (int i = 0; i < 2; i++) {
        vgi_str left = headers[i], token;

        while (vgi__http_next_token(&left, &token)) {
            vgi__coding coding = vgi__coding_parse(token);

            if (can_make(coding))
                return (choice){ coding, i == 0 && !lists(standard, coding) };
        }
    }
    return (choice){ VGI__CODING_IDENTITY, false };
}

void vgi__app_compress(vgi__worker *w, vgi__epoch epoch, const vgi__http_request *rq,
                       vgi__http_response *rs)
{
    const vgi_http_options *o = &w->app->options;
    vgi_str standard, custom, name;
    choice c;
    int level;

    if (rs->n_iov == 0 || o->no_compression ||
        vgi__http_body_bytes(rs) < o->compress_min_bytes)
        return;
    (void)vgi__http_list(rq, "Accept-Encoding", &w->arena, &standard);
    (void)vgi__http_list(rq, "X-VGI-Accept-Encoding", &w->arena, &custom);
    c = vgi__epoch_rules_of(epoch)->current ? choose_current(standard, custom)
                                            : choose_seed(standard, custom);
    if (c.coding == VGI__CODING_IDENTITY)
        return;
    level = c.coding == VGI__CODING_ZSTD ? o->zstd_level : o->gzip_level;
    if (vgi__coding_encode(c.coding, level, rs->iov, rs->n_iov, &rs->body, NULL) !=
        VGI_OK) {
        vgi__buffer_clear(&rs->body); /* not smaller, or no memory: it goes as it is */
        return;
    }
    rs->iov = NULL;
    rs->n_iov = 0;
    name = vgi_str_from(vgi__coding_name(c.coding));
    vgi__http_set(rs, c.custom ? "X-VGI-Content-Encoding" : "Content-Encoding", name);
}
