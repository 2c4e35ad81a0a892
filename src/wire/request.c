/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the routing keys of a request and deciding its epoch. */
#include "wire/wire.h"

/* One pair into one member, unless an earlier pair was first. */
static void take(bool *has, vgi_str *member, vgi_str value)
{
    if (*has)
        return;
    *has = true;
    *member = value;
}

static void read_pair(vgi__request *q, const vgi_pair *pair)
{
    if (VGI__IS(pair->key, VGI_KEY_METHOD))
        take(&q->has_method, &q->method, pair->value);
    else if (VGI__IS(pair->key, VGI_KEY_REQUEST_VERSION))
        take(&q->has_version, &q->version, pair->value);
    else if (VGI__IS(pair->key, VGI_KEY_PROTOCOL))
        take(&q->has_protocol, &q->protocol, pair->value);
    else if (VGI__IS(pair->key, VGI_KEY_PROTOCOL_VERSION))
        take(&q->has_protocol_version, &q->protocol_version, pair->value);
    else if (VGI__IS(pair->key, VGI_KEY_CANCEL))
        q->cancel = true;
}

/*
 * A routed request is current, and so is one that lost only its routing key on the
 * way: it still tells its protocol version, and must be refused, not guessed at.
 */
static vgi__epoch epoch_of(const vgi__request *q, vgi_compat compat)
{
    if (compat == VGI_COMPAT_SEED_ONLY)
        return VGI__EPOCH_SEED;
    if (compat == VGI_COMPAT_CURRENT_ONLY)
        return VGI__EPOCH_CURRENT;
    if (q->has_protocol || q->has_protocol_version)
        return VGI__EPOCH_CURRENT;
    if (q->has_method && VGI__IS(q->method, VGI_METHOD_TRANSPORT_OPTIONS))
        return VGI__EPOCH_CURRENT;
    return VGI__EPOCH_SEED;
}

void vgi__request_parse(const vgi_metadata *m, vgi_compat compat, vgi__request *out)
{
    *out = (vgi__request){ .metadata = m };
    for (size_t i = 0; m && i < m->count; i++)
        read_pair(out, &m->pairs[i]);
    out->epoch = epoch_of(out, compat);
}
