/* SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void replay_die(const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

replay_bytes replay_load(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    replay_bytes bytes;

    if (!file || fstat(fileno(file), &info) != 0)
        replay_die("%s: %s", path, strerror(errno));
    bytes.len = (size_t)info.st_size;
    bytes.data = malloc(bytes.len + 1);
    if (!bytes.data || fread(bytes.data, 1, bytes.len, file) != bytes.len)
        replay_die("%s: cannot be read", path);
    fclose(file);
    return bytes;
}

void replay_pin(int core)
{
    cpu_set_t set;

    if (core < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        replay_die("cannot run on core %d: %s", core, strerror(errno));
}

void replay_spawn(replay_peer *peer, char *const *argv, int core)
{
    int to[2], from[2];

    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
        replay_die("pipe: %s", strerror(errno));
    memset(peer, 0, offsetof(replay_peer, buffer));
    peer->child = 1;
    peer->pid = fork();
    if (peer->pid < 0)
        replay_die("fork: %s", strerror(errno));
    if (peer->pid == 0) {
        replay_pin(core);
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    peer->out_fd = to[1];
    peer->in_fd = from[0];
}

void replay_connect(replay_peer *peer, const char *path, pid_t pid)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path))
        replay_die("%s: path too long", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        replay_die("%s: %s", path, strerror(errno));
    memset(peer, 0, offsetof(replay_peer, buffer));
    peer->in_fd = peer->out_fd = fd;
    peer->pid = pid;
}

void replay_connect_port(replay_peer *peer, uint16_t port, pid_t pid)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
        replay_die("port %u: %s", port, strerror(errno));
    memset(peer, 0, offsetof(replay_peer, buffer));
    peer->in_fd = peer->out_fd = fd;
    peer->pid = pid;
}

int replay_close(replay_peer *peer)
{
    int status = 0;

    close(peer->out_fd);
    if (peer->in_fd != peer->out_fd)
        close(peer->in_fd);
    if (!peer->child)
        return 0;
    for (int i = 0; i < 5000; i++) {
        if (waitpid(peer->pid, &status, WNOHANG) == peer->pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        usleep(1000);
    }
    kill(peer->pid, SIGKILL);
    waitpid(peer->pid, &status, 0);
    replay_die("the server did not end at the end of its input");
}

void replay_send(replay_peer *peer, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = write(peer->out_fd, data, len);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            replay_die("write: %s", strerror(errno));
        data += sent;
        len -= (size_t)sent;
    }
}

/* One read into `room` bytes at `into`; at least one byte. */
static size_t receive(replay_peer *peer, uint8_t *into, size_t room)
{
    ssize_t got;

    do
        got = read(peer->in_fd, into, room);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        replay_die("the server closed the connection");
    if (peer->copy && fwrite(into, 1, (size_t)got, peer->copy) != (size_t)got)
        replay_die("cannot write the copy of an answer");
    peer->received += (uint64_t)got;
    return (size_t)got;
}

/* One read of whatever is there into the buffer, which has room. */
static void fill(replay_peer *peer)
{
    peer->end +=
        receive(peer, peer->buffer + peer->end, sizeof(peer->buffer) - peer->end);
}

/* Make `len` bytes available at buffer + begin. */
static const uint8_t *need(replay_peer *peer, size_t len)
{
    if (len > sizeof(peer->buffer))
        replay_die("metadata of %zu bytes is more than this client takes", len);
    if (sizeof(peer->buffer) - peer->begin < len) {
        memmove(peer->buffer, peer->buffer + peer->begin, peer->end - peer->begin);
        peer->end -= peer->begin;
        peer->begin = 0;
    }
    while (peer->end - peer->begin < len)
        fill(peer);
    return peer->buffer + peer->begin;
}

static void consume(replay_peer *peer, size_t len)
{
    peer->begin += len;
    if (peer->begin == peer->end)
        peer->begin = peer->end = 0;
}

static void skip(replay_peer *peer, uint64_t len)
{
    static uint8_t scratch[1 << 20];
    size_t held = peer->end - peer->begin;

    if (len <= held) {
        consume(peer, (size_t)len);
        return;
    }
    len -= held;
    peer->begin = peer->end = 0;
    while (len > 0)
        len -=
            receive(peer, scratch, len < sizeof(scratch) ? (size_t)len : sizeof(scratch));
}

static uint32_t load_u32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

/* Where field `slot` of a flatbuffer table is; NULL when it is absent. */
static const uint8_t *table_field(const uint8_t *table, size_t slot)
{
    const uint8_t *vtable = table - (int32_t)load_u32(table);
    uint16_t size, offset = 0;

    memcpy(&size, vtable, sizeof(size));
    if (4 + 2 * slot + sizeof(offset) <= size)
        memcpy(&offset, vtable + 4 + 2 * slot, sizeof(offset));
    return offset ? table + offset : NULL;
}

/* What a message's flatbuffer says. */
static int parse_message(const uint8_t *message, uint64_t *body)
{
    const uint8_t *table = message + load_u32(message);
    const uint8_t *header = table_field(table, 1), *length = table_field(table, 3);

    *body = 0;
    if (length)
        memcpy(body, length, sizeof(*body));
    return header ? *header : -1;
}

size_t replay_message_bytes(const uint8_t *data, size_t len)
{
    uint64_t body = 0;
    uint32_t size;

    if (len < 8 || load_u32(data) != UINT32_MAX || (size = load_u32(data + 4)) > len - 8)
        return 0;
    if (size > 0)
        parse_message(data + 8, &body);
    return body <= len - 8 - size ? 8 + (size_t)size + (size_t)body : 0;
}

int replay_message(replay_peer *peer)
{
    const uint8_t *prefix = need(peer, 8);
    uint64_t body;
    uint32_t size;
    int type;

    if (load_u32(prefix) != UINT32_MAX)
        replay_die("the answer is no Arrow IPC stream");
    size = load_u32(prefix + 4);
    if (size == 0) {
        consume(peer, 8);
        return REPLAY_END;
    }
    type = parse_message(need(peer, 8 + (size_t)size) + 8, &body);
    consume(peer, 8 + (size_t)size);
    skip(peer, body);
    return type;
}

void replay_stream(replay_peer *peer)
{
    while (replay_message(peer) != REPLAY_END)
        continue;
}

/* Bytes of the response's head, and of its body; 0: the head is not complete. */
static size_t response_head(const replay_peer *peer, uint64_t *body)
{
    static const char length[] = "\r\ncontent-length:";
    const char *from = (const char *)peer->buffer + peer->begin;
    const char *stop = memmem(from, peer->end - peer->begin, "\r\n\r\n", 4);

    if (!stop) {
        if (peer->end == sizeof(peer->buffer))
            replay_die("the head of a response does not end");
        return 0;
    }
    if (memcmp(from + strlen("HTTP/1.1 "), "200", 3) != 0)
        replay_die("%.*s", (int)(stop - from), from);
    for (const char *line = from; line < stop;
         line = memchr(line + 2, '\r', (size_t)(stop - line)))
        if (strncasecmp(line, length, strlen(length)) == 0) {
            *body = strtoull(line + strlen(length), NULL, 10);
            return (size_t)(stop + 4 - from);
        }
    replay_die("a response has no Content-Length");
}

void replay_response(replay_peer *peer)
{
    uint64_t body;
    size_t head;

    while ((head = response_head(peer, &body)) == 0)
        fill(peer);
    consume(peer, head);
    skip(peer, body);
}

int replay_responded(replay_peer *peer)
{
    uint64_t body;
    size_t head;

    fill(peer);
    head = response_head(peer, &body);
    if (head == 0 || peer->end - peer->begin < head + body)
        return 0;
    consume(peer, head + (size_t)body);
    return 1;
}

uint64_t replay_cpu_ns(const replay_peer *peer)
{
    clockid_t clock;
    struct timespec used;

    if (clock_getcpuclockid(peer->pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        replay_die("process %d has no CPU clock", (int)peer->pid);
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

long replay_status_kib(const replay_peer *peer, const char *key)
{
    char path[64], line[256];
    long value = -1;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)peer->pid);
    file = fopen(path, "r");
    if (!file)
        replay_die("%s: %s", path, strerror(errno));
    while (value < 0 && fgets(line, sizeof(line), file))
        if (strncmp(line, key, strlen(key)) == 0)
            value = strtol(line + strlen(key), NULL, 10);
    fclose(file);
    return value;
}

uint64_t replay_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

size_t replay_number(const char *text)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);

    if (*end || end == text)
        replay_die("'%s' is no number", text);
    return (size_t)value;
}
