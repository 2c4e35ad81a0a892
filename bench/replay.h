/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that is next to free: it sends recorded bytes and, of the answer,
 * looks only at the framing, of Arrow IPC messages or of HTTP. So what is measured with
 * it is the server. Any failure ends the program with a message.
 */
#ifndef VGI_BENCH_REPLAY_H
#define VGI_BENCH_REPLAY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/** Bytes of a file. */
typedef struct replay_bytes {
    uint8_t *data;
    size_t len;
} replay_bytes;

/** One connection to a server. */
typedef struct replay_peer {
    int in_fd, out_fd;
    pid_t pid; /**< of the server; a child of ours when `child` */
    int child;
    FILE *copy;        /**< also receives what is read; NULL: nobody */
    uint64_t received; /**< bytes read so far */
    size_t begin, end; /**< what of `buffer` is not consumed yet */
    uint8_t buffer[1 << 16];
} replay_peer;

/** The header type of an IPC message; REPLAY_END is the end-of-stream marker. */
enum { REPLAY_END = 0, REPLAY_SCHEMA = 1, REPLAY_DICTIONARY = 2, REPLAY_BATCH = 3 };

/** Print a printf text with the program's name to stderr and exit with status 1. */
_Noreturn void replay_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

replay_bytes replay_load(const char *path);

/** Start `argv` with pipes as its stdin and stdout; `core` < 0: on any core. */
void replay_spawn(replay_peer *peer, char *const *argv, int core);

/** Connect to a Unix socket whose server is process `pid`. */
void replay_connect(replay_peer *peer, const char *path, pid_t pid);

/** Connect to a port of this machine. */
void replay_connect_port(replay_peer *peer, uint16_t port, pid_t pid);

/** Close the connection; a child gets five seconds to end. Returns its exit status. */
int replay_close(replay_peer *peer);

void replay_send(replay_peer *peer, const uint8_t *data, size_t len);

/** How long the IPC message at `data` is, with its body; 8: the end-of-stream marker;
 * 0: it is not complete, or no message. */
size_t replay_message_bytes(const uint8_t *data, size_t len);

/** Read one IPC message and return its header type. */
int replay_message(replay_peer *peer);

/** Read messages up to and with the end of the stream. */
void replay_stream(replay_peer *peer);

/** Read one HTTP response; any other status than 200 is a failure. */
void replay_response(replay_peer *peer);

/** Read once. Returns whether a whole response is there now, and takes it if so. */
int replay_responded(replay_peer *peer);

/** Nanoseconds of CPU that the server has used, all its threads. */
uint64_t replay_cpu_ns(const replay_peer *peer);

/** A "Key:" line of the server's /proc status, in KiB. */
long replay_status_kib(const replay_peer *peer, const char *key);

/** Monotonic clock. */
uint64_t replay_now_ns(void);

/** Keep this process on one core; < 0 does nothing. */
void replay_pin(int core);

/* An argument as a number; the program ends when it is none. */
size_t replay_number(const char *text);

#endif
