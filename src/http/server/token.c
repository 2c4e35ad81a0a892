/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server/token.h"

#include <string.h>

#include "base/alloc.h"
#include "base/endian.h"
#include "base/fail.h"
#include "base/text.h"
#include "crypto/openssl/mac.h"
#include "http/server/token_form.h"

#define RANDOM_KEY 32
#define PART_BYTES ((size_t)64 << 20) /* of one part; far over what metadata may have */
#define PARTS 4

#define ANONYMOUS "\0anonymous" /* the identity of those who are not authenticated */
#define SEAL_CONTEXT "vgi_rpc.sealed_state"

/* ---- keys ---- */

static int derive(vgi__token_keys *k, vgi_error *err)
{
    static const char anonymous[] = VGI__TOKEN_SIGN_CONTEXT ANONYMOUS;
    int rc = vgi__hmac_sha256(k->key, k->key_len, anonymous, sizeof(anonymous) - 1,
                              k->anonymous, err);

    if (rc == VGI_OK)
        rc = vgi__hmac_sha256(k->key, k->key_len, SEAL_CONTEXT, sizeof(SEAL_CONTEXT) - 1,
                              k->seal, err);
    return rc;
}

int vgi__token_keys_new(vgi__token_keys **out, vgi_bytes key, vgi__token_format format,
                        uint64_t ttl_seconds, const vgi_allocator *a, vgi_error *err)
{
    const size_t len = key.data ? key.len : RANDOM_KEY;
    int rc;

    if (len == 0)
        return vgi__fail(err, VGI_EINVAL, "ValueError", "the signing key is empty");
    if (!vgi__sodium_start())
        return vgi__fail(err, VGI_EINTERNAL, NULL, "libsodium cannot start");
    vgi__token_keys *k = vgi__calloc(a, 1, sizeof(*k));
    if (!k)
        return vgi__fail_nomem(err);
    *k = (vgi__token_keys){ .allocator = a, .format = format, .ttl = ttl_seconds };
    if (!(k->key = vgi__alloc(a, len))) {
        vgi__token_keys_free(k);
        return vgi__fail_nomem(err);
    }
    k->key_len = len;
    if (key.data)
        memcpy(k->key, key.data, len);
    else
        vgi__secure_random(k->key, len);
    if ((rc = derive(k, err)) != VGI_OK) {
        vgi__token_keys_free(k);
        return rc;
    }
    *out = k;
    return VGI_OK;
}

void vgi__token_keys_free(vgi__token_keys *k)
{
    if (!k)
        return;
    const vgi_allocator *a = k->allocator;
    if (k->key)
        vgi__forget_secret(k->key, k->key_len);
    vgi__free(a, k->key);
    vgi__forget_secret(k, sizeof(*k));
    vgi__free(a, k);
}

/* ---- who ---- */

static bool is_anonymous(const vgi_auth *who)
{
    return !who || !who->authenticated;
}

static size_t subject_size(const vgi__token_form *f, const vgi_auth *who)
{
    if (is_anonymous(who))
        return f->context_len + sizeof(ANONYMOUS) - 1;
    return f->context_len + 2 + vgi_str_from(who->domain).len +
           vgi_str_from(who->principal).len;
}

static uint8_t *put(uint8_t *p, const void *bytes, size_t n)
{
    if (n > 0)
        memcpy(p, bytes, n);
    return p + n;
}

/* Written at `p`, where there is room for it. */
static vgi__token_caller put_caller(uint8_t *p, const vgi__token_form *f,
                                    const vgi_auth *who)
{
    const vgi__token_caller c = { is_anonymous(who), { p, subject_size(f, who) } };

    p = put(p, f->context, f->context_len);
    if (c.anonymous) {
        (void)put(p, ANONYMOUS, sizeof(ANONYMOUS) - 1);
    } else {
        const vgi_str domain = vgi_str_from(who->domain);
        const vgi_str principal = vgi_str_from(who->principal);

        *p++ = 1;
        p = put(p, domain.data, domain.len);
        *p++ = 0;
        (void)put(p, principal.data, principal.len);
    }
    return c;
}

/* ---- the payload ---- */

static void list_parts(const vgi__token *t, vgi_bytes parts[PARTS])
{
    parts[0] = t->state;
    parts[1] = t->output_schema;
    parts[2] = t->input_schema;
    parts[3] = (vgi_bytes){ (const uint8_t *)t->stream_id.data, t->stream_id.len };
}

static int payload_size(const vgi__token *t, size_t *size, vgi_error *err)
{
    vgi_bytes parts[PARTS];

    list_parts(t, parts);
    *size = 8;
    for (int i = 0; i < PARTS; i++) {
        if (parts[i].len > PART_BYTES)
            return vgi__fail(err, VGI_ELIMIT, NULL,
                             "%zu bytes of stream state are too many for a token",
                             parts[i].len);
        *size += 4 + parts[i].len;
    }
    return VGI_OK;
}

static void put_payload(uint8_t *p, const vgi__token *t)
{
    vgi_bytes parts[PARTS];

    list_parts(t, parts);
    vgi__store64(p, t->created_at);
    p += 8;
    for (int i = 0; i < PARTS; i++) {
        vgi__store32(p, (uint32_t)parts[i].len);
        p = put(p + 4, parts[i].data, parts[i].len);
    }
}

bool vgi__token_take(vgi__token *out, const uint8_t *p, size_t n)
{
    vgi_bytes parts[PARTS];

    if (n < 8)
        return false;
    out->created_at = vgi__load64(p);
    p += 8;
    n -= 8;
    for (int i = 0; i < PARTS; i++) {
        if (n < 4 || vgi__load32(p) > n - 4)
            return false;
        parts[i] = (vgi_bytes){ p + 4, vgi__load32(p) };
        p += 4 + parts[i].len;
        n -= 4 + parts[i].len;
    }
    out->state = parts[0];
    out->output_schema = parts[1];
    out->input_schema = parts[2];
    out->stream_id = (vgi_str){ (const char *)parts[3].data, parts[3].len };
    return n == 0;
}

/* ---- tokens ---- */

int vgi__token_refuse(vgi_error *err, const char *text)
{
    return vgi__fail(err, VGI_EPROTO, "RuntimeError", "%s", text);
}

int vgi__token_version(uint8_t is, uint8_t wanted, vgi_error *err)
{
    if (is == wanted)
        return VGI_OK;
    return vgi__fail(err, VGI_EPROTO, "RuntimeError",
                     "Unsupported state token version %u (expected %u)", is, wanted);
}

static const vgi__token_form *form_of(const vgi__token_keys *k)
{
    return k->format == VGI__TOKEN_SEALED ? &vgi__token_sealed : &vgi__token_v3;
}

/* The buffer holds the text, and behind it, while it is made, bytes and subject. */
int vgi__token_write(const vgi__token_keys *k, const vgi_auth *who, const vgi__token *t,
                     vgi__buffer *text, vgi_error *err)
{
    const vgi__token_form *f = form_of(k);
    size_t n;
    int rc = payload_size(t, &n, err);

    if (rc != VGI_OK)
        return rc;
    n += f->before + f->after;
    const size_t chars = 4 * ((n + 2) / 3);

    vgi__buffer_clear(text);
    uint8_t *p = vgi__buffer_extend(text, chars + n + subject_size(f, who));
    if (!p)
        return vgi__fail_nomem(err);
    const vgi__token_caller caller = put_caller(p + chars + n, f, who);
    put_payload(p + chars + f->before, t);
    rc = f->make(k, &caller, p + chars, n, err);
    if (rc == VGI_OK)
        (void)vgi__base64((char *)p, p + chars, n);
    text->len = chars;
    return rc;
}

int vgi__token_read(const vgi__token_keys *k, vgi__token_bearer bearer, vgi_str text,
                    vgi__buffer *plain, vgi__token *out, vgi_error *err)
{
    const vgi__token_form *f = form_of(k);
    const size_t room = text.len / 4 * 3;
    size_t n;
    int rc;

    vgi__buffer_clear(plain);
    uint8_t *p = vgi__buffer_extend(plain, room + subject_size(f, bearer.who));
    if (!p)
        return vgi__fail_nomem(err);
    const vgi__token_caller caller = put_caller(p + room, f, bearer.who);
    if (!vgi__unbase64(p, &n, text.data, text.len) || n < f->before + f->after)
        return vgi__token_refuse(err, "Malformed state token");
    rc = f->open(k, &caller, (vgi_bytes){ p, n }, out, err);
    if (rc != VGI_OK)
        return rc;
    if (k->ttl > 0 && bearer.now > out->created_at &&
        bearer.now - out->created_at > k->ttl)
        return vgi__token_refuse(err, "State token expired");
    return VGI_OK;
}
