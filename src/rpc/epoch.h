/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between the wire epochs in dispatch. One table of functions per epoch;
 * nothing outside the two files compares the enum.
 */
#ifndef VGI_RPC_EPOCH_H
#define VGI_RPC_EPOCH_H

#include "rpc/call.h"

typedef struct vgi__epoch_rules {
    bool current;
    /* Find the addressed method (or set c->describe). VGI_OK or VGI_EREMOTE. */
    int (*find)(vgi_call *c);
    /* Is the client's protocol version good enough for the method's service? */
    int (*gate)(vgi_call *c);
    /* Are the request's columns such that they may be bound? */
    int (*parameters)(vgi_call *c);
} vgi__epoch_rules;

extern const vgi__epoch_rules vgi__epoch_seed, vgi__epoch_current;

static inline const vgi__epoch_rules *vgi__epoch_rules_of(vgi__epoch epoch)
{
    static const vgi__epoch_rules *const rules[VGI__EPOCHS] = {
        [VGI__EPOCH_SEED] = &vgi__epoch_seed,
        [VGI__EPOCH_CURRENT] = &vgi__epoch_current,
    };

    return rules[epoch];
}

/* Nobody hosts the protocol that a request names. */
extern const vgi_failure vgi__protocol_not_supported;

/* "['a', 'b']" of the methods that `visible` sees, into the buffer; `extra` (may be NULL)
 * is sorted in among them. */
void vgi__method_list(vgi__buffer *b, const vgi__service *s, unsigned visible,
                      const char *extra);
/* A protocol's method by name, if `visible` sees it. */
const vgi__method *vgi__visible_method(const vgi__service *s, vgi_str name,
                                       unsigned visible);

#endif
