/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream as its parts, for whoever moves the bytes: the lockstep loop of a byte-stream
 * session, or one HTTP exchange at a time.
 */
#ifndef VGI_RPC_STREAM_H
#define VGI_RPC_STREAM_H

#include "rpc/call.h"

/* Run the open handler; a header goes to the writer, as a stream of its own. VGI_OK;
 * VGI_EREMOTE: it failed, an error stream is on the writer; else the call cannot go on.
 */
int vgi__stream_open(vgi_call *c, vgi_error *err);
/* Begin the data stream on the writer: schema, and the logs of open. */
int vgi__stream_begin(vgi_call *c, vgi_error *err);
/* One turn: logs and a batch on the writer. VGI_OK; VGI_END: the producer is done;
 * VGI_EREMOTE: the turn failed, the exception is on the writer. */
int vgi__stream_turn(vgi_call *c, vgi_batch *in, vgi_error *err);
/* An input batch that cannot be used: the exception on the writer. VGI_EREMOTE. */
int vgi__stream_fail(vgi_call *c, const vgi_error *why, vgi_error *err);
void vgi__stream_cancel(vgi_call *c);
/* Free the state and end the data stream on the writer. */
int vgi__stream_end(vgi_call *c, vgi_error *err);

/* suspend.c: streams that are left between two requests, and gone on with elsewhere. */

/* Can the method's state travel? */
bool vgi__stream_can_suspend(const vgi__method *m);
/* The state as bytes that vgi__stream_resume understands, in the turn's arena. VGI_OK;
 * VGI_EREMOTE: it cannot travel; the call keeps why. */
int vgi__stream_save(vgi_call *c, vgi_bytes *state);
/* Go on with a stream in place of vgi__stream_open: c->method is set and can be
 * suspended, c->request is the input of the turn to come; references of the schemas are
 * taken. VGI_OK; VGI_EREMOTE: these bytes are no state of the method. */
int vgi__stream_resume(vgi_call *c, vgi_bytes state, const vgi_schema *input,
                       const vgi_schema *output);

/* stream.c, for suspend.c. */
void vgi__stream_set_schemas(vgi_call *c, const vgi_schema *input,
                             const vgi_schema *output);
void vgi__stream_close_state(vgi_call *c);

#endif
