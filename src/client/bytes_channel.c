/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: calls on a byte stream (pipe, socket).
 *
 *   to the server     | request | schema tick tick ... EOS |  request ...
 *   from the server            | [header] | schema batch batch ... EOS |  answer ...
 *
 * The input stream of a stream call is opened by its first turn. The server waits for it,
 * so the end of input is sent even if there was no turn: as an empty-schema stream.
 *
 * After a failure the channel stays usable only if the reader knows where the next
 * message begins.
 */
#include "client/channel.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "arrow/reader.h"
#include "arrow/writer.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "client/shm.h"

/* How long after the end of its pipes a worker may take to end itself. */
#define LAST_WORDS_MS 200

typedef struct bytes_channel {
    vgi__channel base;
    const vgi_allocator *allocator;
    vgi__io *io;
    vgi__reader *reader;
    vgi__writer *writer;
    vgi__subprocess process;
    bool has_process;
    bool input_open; /* the schema of the input stream was sent, its end was not */
} bytes_channel;

/* The place in the conversation is lost. How a worker ended says more than that its pipe
 * did. */
static int lose(bytes_channel *bc, int rc, vgi_error *err)
{
    const bool first = !bc->base.broken;

    bc->base.broken = true;
    if (!first || rc != VGI_ECLOSED || !bc->has_process ||
        !vgi__subprocess_ended(&bc->process, LAST_WORDS_MS) || bc->process.status == -1)
        return rc;
    const int status = bc->process.status;

    if (WIFSIGNALED(status))
        return vgi__fail(err, rc, NULL,
                         "the worker was ended by signal %d (%s) before it answered",
                         WTERMSIG(status), strsignal(WTERMSIG(status)));
    return vgi__fail(err, rc, NULL, "the worker exited with status %d before it answered",
                     WEXITSTATUS(status));
}

/* A worker that died must be an error of this call and not the end of the program,
 * whatever the program does about SIGPIPE: on a pipe nothing but the signal mask can say
 * so. */
static int flush_to_process(bytes_channel *bc, vgi_error *err)
{
    static const struct timespec at_once = { 0 };
    sigset_t sigpipe, before, pending;
    int rc;

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
    rc = vgi__writer_flush(bc->writer, bc->io, err);
    if (rc == VGI_ECLOSED && !sigismember(&pending, SIGPIPE))
        sigtimedwait(&sigpipe, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static int flush(bytes_channel *bc, vgi_error *err)
{
    int rc;

    vgi__client_shm_sent(bc->base.shm);
    rc = bc->has_process ? flush_to_process(bc, err)
                         : vgi__writer_flush(bc->writer, bc->io, err);
    /* Some of the bytes may have gone out. */
    return rc == VGI_OK ? rc : lose(bc, rc, err);
}

static int add_batch(bytes_channel *bc, const vgi__outgoing *out, vgi_error *err)
{
    if (!out->array)
        return vgi__writer_empty_batch(bc->writer, &out->metadata, err);
    return vgi__writer_batch(bc->writer, out->array, &out->metadata, err);
}

/* The same, by way of shared memory if that is possible. */
static int add_input(bytes_channel *bc, const vgi__outgoing *out, vgi_error *err)
{
    int rc = vgi__client_shm_settle(bc->base.shm, err);

    if (rc == VGI_OK)
        rc = vgi__client_shm_put(bc->base.shm, bc->writer, out, err);
    return rc == VGI_END ? add_batch(bc, out, err) : rc;
}

/* Send schema and batch; and the end of a request. Nothing is sent if the batch cannot be
 * encoded. */
static int send_stream(bytes_channel *bc, const vgi__outgoing *out, bool whole,
                       vgi_error *err)
{
    const vgi__writer_mark mark = vgi__writer_mark_here(bc->writer);
    int rc = vgi__writer_schema(bc->writer, out->schema, err);

    if (rc == VGI_OK)
        rc = whole ? add_batch(bc, out, err) : add_input(bc, out, err);
    if (rc == VGI_OK && whole)
        rc = vgi__writer_eos(bc->writer, err);
    if (rc != VGI_OK) {
        vgi__writer_rewind(bc->writer, mark);
        return rc;
    }
    return flush(bc, err);
}

static int bytes_request(vgi__channel *ch, const vgi__outgoing *out, vgi_error *err)
{
    bytes_channel *bc = (bytes_channel *)ch;

    bc->input_open = false;
    return send_stream(bc, out, true, err);
}

static int bytes_turn(vgi__channel *ch, const vgi__outgoing *out, vgi_error *err)
{
    bytes_channel *bc = (bytes_channel *)ch;
    int rc;

    if (!bc->input_open) {
        rc = send_stream(bc, out, false, err);
        bc->input_open = rc == VGI_OK;
        return rc;
    }
    rc = add_input(bc, out, err);
    return rc == VGI_OK ? flush(bc, err) : rc;
}

static int bytes_end_input(vgi__channel *ch, vgi_error *err)
{
    bytes_channel *bc = (bytes_channel *)ch;
    int rc = VGI_OK;

    if (!bc->input_open)
        rc = vgi__writer_schema(bc->writer, vgi__schema_empty(), err);
    if (rc == VGI_OK)
        rc = vgi__writer_eos(bc->writer, err);
    if (rc != VGI_OK) {
        ch->broken = true;
        return rc;
    }
    bc->input_open = false;
    return flush(bc, err);
}

static int bytes_begin(vgi__channel *ch, const vgi_schema **schema, vgi_error *err)
{
    bytes_channel *bc = (bytes_channel *)ch;
    int rc = vgi__reader_begin(bc->reader, schema, err);

    if (rc == VGI_END)
        rc = vgi__fail(err, VGI_ECLOSED, NULL, "the server closed the connection");
    /* Without its schema nothing is known about the stream; nobody could read on. */
    return rc == VGI_OK ? rc : lose(bc, rc, err);
}

static int bytes_next(vgi__channel *ch, vgi_batch *batch, vgi_error *err)
{
    bytes_channel *bc = (bytes_channel *)ch;
    int rc = vgi__reader_next(bc->reader, batch, err), ended;

    if (rc < 0 && (vgi__reader_broken(bc->reader) || rc == VGI_ETIMEDOUT))
        return lose(bc, rc, err);
    if (rc == VGI_OK)
        return vgi__client_shm_came(ch->shm, batch, err);
    if (rc == VGI_END && (ended = vgi__client_shm_ended(ch->shm, err)) != VGI_OK)
        return lose(bc, ended, err);
    return rc;
}

static void bytes_abandon(vgi__channel *ch)
{
    ch->broken = true;
}

static void bytes_close(vgi__channel *ch)
{
    bytes_channel *bc = (bytes_channel *)ch;

    vgi__writer_free(bc->writer);
    vgi__reader_free(bc->reader);
    vgi__io_close(bc->io);
    if (bc->has_process)
        vgi__subprocess_reap(&bc->process, ch->broken);
    vgi__free(bc->allocator, bc);
}

static const struct vgi__channel_ops bytes_ops = {
    .request = bytes_request,
    .begin = bytes_begin,
    .next = bytes_next,
    .turn = bytes_turn,
    .end_input = bytes_end_input,
    .abandon = bytes_abandon,
    .close = bytes_close,
};

int vgi__bytes_channel_new(vgi__channel **out, vgi__io *io,
                           const vgi__subprocess *process, const vgi_limits *limits,
                           const vgi_allocator *a, vgi_error *err)
{
    bytes_channel *bc = vgi__calloc(a, 1, sizeof(*bc));
    int rc;

    if (!bc)
        return vgi__fail_nomem(err);
    bc->base.ops = &bytes_ops;
    bc->allocator = a;
    rc = vgi__reader_new(&bc->reader, io, limits, a, err);
    if (rc == VGI_OK)
        rc = vgi__writer_new(&bc->writer, limits, a, err);
    if (rc != VGI_OK) {
        bytes_close(&bc->base);
        return rc;
    }
    bc->io = io;
    if (process) {
        bc->process = *process;
        bc->has_process = true;
    }
    *out = &bc->base;
    return VGI_OK;
}
