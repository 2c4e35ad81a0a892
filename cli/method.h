/* SPDX-License-Identifier: Apache-2.0 */
/* What `call` and `stream` have to know of a method before they use it. */
#ifndef CLI_METHOD_H
#define CLI_METHOD_H

#include <vgirpc/client.h>

#include "options.h"

/* A worker, a method of it and parameters. */
typedef struct session {
    vgi_client *client;
    vgi_description *description; /* NULL: the worker does not describe itself */
    const vgi_method_info *method;
    vgi_batch *params; /* NULL: there are none */
} session;

/* argv: TARGET METHOD [NAME=VALUE ...]. Says what is wrong; returns an exit status.
 * session_close in any case. */
int session_open(session *out, const settings *s, int argc, char **argv);
void session_close(session *on);

#endif
