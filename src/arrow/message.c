/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/message.h"

#include "base/fail.h"

enum {
    MESSAGE_VERSION,
    MESSAGE_HEADER_TYPE,
    MESSAGE_HEADER,
    MESSAGE_BODY_LENGTH,
    MESSAGE_METADATA
};
enum { PAIR_KEY, PAIR_VALUE };
enum { METADATA_V4 = 3, METADATA_V5 = 4 };

int vgi__message_parse(vgi__message *m, const uint8_t *p, uint32_t n, vgi_error *err)
{
    vgi__flatbuf fb = { p, n, false }; /* not m->fb: that would stay in memory */
    vgi__fb_table t = { 0 };
    m->body_bytes = -1;
    if (n >= 8)
        t = vgi__fb_table_at(&fb, vgi__load32(p));
    if (t.pos == 0)
        return vgi__fail(err, VGI_EPROTO, NULL, "malformed Arrow message metadata");
    int64_t body = vgi__fb_i64(&fb, &t, MESSAGE_BODY_LENGTH);
    if (fb.bad || body < 0)
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "Arrow message with a negative body length");
    m->body_bytes = body;
    int16_t version = vgi__fb_i16(&fb, &t, MESSAGE_VERSION, 0);
    m->kind = vgi__fb_u8(&fb, &t, MESSAGE_HEADER_TYPE);
    m->header = vgi__fb_sub(&fb, &t, MESSAGE_HEADER);
    m->pairs = vgi__fb_items(&fb, &t, MESSAGE_METADATA, 4);
    m->old_unions = version == METADATA_V4;
    m->fb = fb;
    if (fb.bad || m->header.pos == 0)
        return vgi__fail(err, VGI_EPROTO, NULL, "malformed Arrow message metadata");
    if (version != METADATA_V4 && version != METADATA_V5)
        return vgi__fail(err, VGI_ENOTSUP, NULL,
                         "Arrow metadata version V%d is not supported", version + 1);
    if (m->kind < VGI__MESSAGE_SCHEMA || m->kind > VGI__MESSAGE_BATCH)
        return vgi__fail(err, VGI_EPROTO, NULL, "Arrow message of unknown kind %d",
                         m->kind);
    return VGI_OK;
}

int vgi__message_pairs(vgi__message *m, const vgi_limits *limits, vgi_pair *pairs,
                       vgi_error *err)
{
    vgi__flatbuf fb = m->fb;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < m->pairs.count; i++) {
        vgi__fb_table t = vgi__fb_item(&fb, m->pairs, i);
        vgi_str key = vgi__fb_string(&fb, &t, PAIR_KEY);
        vgi_str value = vgi__fb_string(&fb, &t, PAIR_VALUE);
        if (fb.bad || !key.data)
            return vgi__fail(err, VGI_EPROTO, NULL,
                             "malformed custom metadata in an Arrow message");
        pairs[i] = (vgi_pair){ key, value.data ? value : VGI_LIT("") };
        bytes += key.len + value.len;
        if (bytes > limits->metadata_bytes)
            return vgi__fail(err, VGI_ELIMIT, NULL,
                             "custom metadata of a message is over the limit of %u bytes",
                             limits->metadata_bytes);
    }
    return VGI_OK;
}
