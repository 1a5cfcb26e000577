// Many WebSocket readers in one process. They are as cheap as possible, so that a test measures the server.
//
//   readers HOST PORT PUBLISHED    PUBLISHED: a file of doubles, the times at which entries were published
//                                  (seconds, CLOCK_MONOTONIC); the publisher writes it
//
// It reads commands from standard input, one a line, and answers each with one line on standard output:
//
//   request HEX          set the bytes of the handshake for later connections
//   hello HEX            set bytes to send after the first frame of a connection (socket.io needs some)
//   shortest N           ignore data frames with less than N bytes of payload, such as beats
//   open N FRAMES        open N more connections, and wait until each has FRAMES frames -> "opened SECONDS"
//   mark                 from now on, the k-th frame of a connection is the k-th entry of PUBLISHED -> "marked"
//   wait FRAMES SECONDS  wait until every connection has FRAMES frames since `mark` -> "waited 1", or "waited 0" if late
//   report               report on the time since `mark` -> "report FRAMES BYTES FEWEST MOST P50 P99 MAX LAST50 LAST99 CLOSED"
//                        times in seconds; LAST: from publication until the last connection had the entry
//   check                from now on, count entries, and gaps between updates -> "checked"
//   entries              report the entries per connection since `check` -> "entries FEWEST MOST GAPS"
//   stall N              stop reading from the first N connections -> "stalled"
//   resume               read from them again -> "resumed"
//   reset N              reset the first N connections (RST) -> "reset"
//   close                close all connections -> "closed"
//
// It reads only frames of servers, which have no masks (RFC 6455, section 5.2). It stops at the end of its input.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_READERS = 40000, IN_FLIGHT = 128, ENTRIES = 4096, BEGIN_BYTES = 200 };

enum state { UNUSED, CONNECTING, SHAKING, OPEN, STALLED, GONE };

struct reader {
    int fd;
    enum state state;
    unsigned char head[14]; // head of the current frame
    int head_length;
    uint64_t left; // missing bytes of its payload
    uint64_t length;
    int opcode;
    int ending;         // how many of the last four bytes of the handshake have come
    uint32_t frames;    // since `mark`
    uint32_t all_frames;
    char begin[BEGIN_BYTES];  // the beginning of an update, for `check`
    int begin_length;
    char cursor[48];    // its last cursor, for `check`
    uint32_t entries;   // since `check`
    int matched;        // how many bytes of the beginning of an entry have come
    uint32_t gaps;
};

static struct reader readers[MAX_READERS];
static int count, open_count, closed_count, opening;
static int poll_fd;
static struct sockaddr_in address;
static char request[16384], hello[1024];
static int request_length, hello_length;
static uint64_t shortest = 50, bytes, frames;
static int checking;
static const double *published;
static float *latencies;
static uint64_t latency_count, latency_room;
static uint32_t arrived[ENTRIES];
static double last[ENTRIES];
static char buffer[1 << 18];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void answer(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

static void watch(struct reader *reader, uint32_t events, int how) {
    struct epoll_event event = {.events = events, .data.ptr = reader};
    if (epoll_ctl(poll_fd, how, reader->fd, &event) < 0) fail("epoll_ctl");
}

static void drop(struct reader *reader) {
    if (reader->state == CONNECTING || reader->state == SHAKING) opening--;
    if (reader->state == OPEN || reader->state == STALLED) open_count--;
    close(reader->fd);
    reader->state = GONE;
    closed_count++;
}

static void connect_one(void) {
    struct reader *reader = &readers[count++];
    if (count > MAX_READERS) fail("too many readers");
    memset(reader, 0, sizeof *reader);
    reader->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (reader->fd < 0) fail("socket");
    if (connect(reader->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) fail("connect");
    reader->state = CONNECTING;
    opening++;
    watch(reader, EPOLLOUT, EPOLL_CTL_ADD);
}

static void send_request(struct reader *reader) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(reader->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error || write(reader->fd, request, request_length) != request_length) {
        drop(reader);
        return;
    }
    reader->state = SHAKING;
    watch(reader, EPOLLIN, EPOLL_CTL_MOD);
}

// An update begins with {"type":"update","blog":"...","from":"...","cursor":"...".
static void check_begin(struct reader *reader) {
    char *begin = reader->begin, *from, *cursor, *end;
    begin[reader->begin_length < BEGIN_BYTES ? reader->begin_length : BEGIN_BYTES - 1] = 0;
    if (strncmp(begin, "{\"type\":\"update\"", 16)) return;
    from = strstr(begin, "\"from\":");
    cursor = strstr(begin, "\"cursor\":\"");
    if (!from || !cursor) {
        reader->gaps++;
        return;
    }
    from += 7;
    cursor += 10;
    if (*from == '"' && *reader->cursor && strncmp(from + 1, reader->cursor, strlen(reader->cursor))) reader->gaps++;
    end = strchr(cursor, '"');
    if (end && end - cursor < (long)sizeof reader->cursor) {
        memcpy(reader->cursor, cursor, end - cursor);
        reader->cursor[end - cursor] = 0;
    }
}

static void check_payload(struct reader *reader, const char *data, uint64_t length) {
    static const char entry[] = "{\"id\":\"";
    int room = BEGIN_BYTES - 1 - reader->begin_length;
    if (room > 0) {
        int taken = length < (uint64_t)room ? (int)length : room;
        memcpy(reader->begin + reader->begin_length, data, taken);
        reader->begin_length += taken;
    }
    for (uint64_t i = 0; i < length; i++) {
        if (!reader->matched) {
            const char *next = memchr(data + i, '{', length - i);
            if (!next) return;
            i = next - data;
            reader->matched = 1;
        } else if (data[i] == entry[reader->matched]) {
            if (++reader->matched == 7) {
                reader->entries++;
                reader->matched = 0;
            }
        } else {
            reader->matched = data[i] == '{';
        }
    }
}

static void frame_ended(struct reader *reader) {
    if (reader->opcode == 8) {
        drop(reader);
        return;
    }
    if ((reader->opcode != 1 && reader->opcode != 2)) return;
    if (checking) check_begin(reader);
    reader->begin_length = reader->matched = 0;
    if (++reader->all_frames == 1 && hello_length && write(reader->fd, hello, hello_length) < 0) fail("hello");
    if (reader->length < shortest) return;
    frames++;
    uint32_t index = reader->frames++;
    double at = now();
    if (index < ENTRIES && published[index] > 0) {
        if (latency_count == latency_room) {
            latency_room = latency_room ? latency_room * 2 : 1 << 16;
            latencies = realloc(latencies, latency_room * sizeof *latencies);
            if (!latencies) fail("realloc");
        }
        latencies[latency_count++] = at - published[index];
        arrived[index]++;
        last[index] = at;
    }
}

static void take(struct reader *reader, const char *data, int length) {
    bytes += length;
    while (length > 0 && reader->state == SHAKING) {
        static const char end[] = "\r\n\r\n";
        reader->ending = *data == end[reader->ending] ? reader->ending + 1 : *data == '\r';
        data++;
        length--;
        if (reader->ending == 4) {
            reader->state = OPEN;
            opening--;
            open_count++;
        }
    }
    while (length > 0 && reader->state == OPEN) {
        if (!reader->left) {
            reader->head[reader->head_length++] = *data++;
            length--;
            int extended = (reader->head[1] & 127) == 126 ? 2 : (reader->head[1] & 127) == 127 ? 8 : 0;
            if (reader->head_length < 2 || reader->head_length < 2 + extended) continue;
            reader->opcode = reader->head[0] & 15;
            reader->left = extended ? 0 : reader->head[1] & 127;
            for (int i = 0; i < extended; i++) reader->left = reader->left << 8 | reader->head[2 + i];
            reader->length = reader->left;
            reader->head_length = 0;
            if (!reader->left) frame_ended(reader);
            continue;
        }
        int taken = reader->left < (uint64_t)length ? (int)reader->left : length;
        if (checking) check_payload(reader, data, taken);
        data += taken;
        length -= taken;
        reader->left -= taken;
        if (!reader->left) frame_ended(reader);
    }
}

static void step(int milliseconds) {
    struct epoll_event events[1024];
    int ready = epoll_wait(poll_fd, events, 1024, milliseconds);
    for (int i = 0; i < ready; i++) {
        struct reader *reader = events[i].data.ptr;
        if (!reader || reader->state == GONE) continue;
        if (reader->state == CONNECTING) {
            send_request(reader);
            continue;
        }
        int length = read(reader->fd, buffer, sizeof buffer);
        if (length > 0) take(reader, buffer, length);
        else if (length == 0 || (errno != EAGAIN && errno != EINTR)) drop(reader);
    }
}

static int fewest(void) {
    uint32_t least = UINT32_MAX;
    for (int i = 0; i < count; i++)
        if (readers[i].state == OPEN && readers[i].frames < least) least = readers[i].frames;
    return least == UINT32_MAX ? 0 : (int)least;
}

static void open_many(int more, uint32_t frames_each) {
    double begun = now(), deadline = begun + 60;
    int first = count, ready = count;
    while (ready < first + more && now() < deadline) {
        while (count < first + more && opening < IN_FLIGHT) connect_one();
        step(100);
        while (ready < count && (readers[ready].state == GONE || readers[ready].all_frames >= frames_each)) ready++;
    }
    answer("opened %.6f", now() - begun);
}

static int by_size(const void *a, const void *b) {
    float first = *(const float *)a, second = *(const float *)b;
    return (first > second) - (first < second);
}

static double percentile(float *values, uint64_t number, double share) {
    if (!number) return 0;
    uint64_t index = share * number;
    return values[index < number ? index : number - 1];
}

static void report(void) {
    uint32_t most = 0;
    float lasts[ENTRIES];
    int entries = 0;
    for (int i = 0; i < count; i++)
        if (readers[i].frames > most) most = readers[i].frames;
    for (int i = 0; i < ENTRIES; i++)
        if (arrived[i] && (int)arrived[i] >= open_count) lasts[entries++] = last[i] - published[i];
    if (latency_count) qsort(latencies, latency_count, sizeof *latencies, by_size);
    qsort(lasts, entries, sizeof *lasts, by_size);
    answer("report %lu %lu %d %u %.6f %.6f %.6f %.6f %.6f %d", frames, bytes, fewest(), most,
           percentile(latencies, latency_count, 0.5), percentile(latencies, latency_count, 0.99),
           percentile(latencies, latency_count, 1), percentile(lasts, entries, 0.5), percentile(lasts, entries, 0.99),
           closed_count);
}

static void mark(void) {
    for (int i = 0; i < count; i++) readers[i].frames = 0;
    bytes = frames = latency_count = 0;
    memset(arrived, 0, sizeof arrived);
    answer("marked");
}

static void report_entries(void) {
    uint32_t least = UINT32_MAX, most = 0, gaps = 0;
    for (int i = 0; i < count; i++) {
        struct reader *reader = &readers[i];
        if (reader->state != OPEN) continue;
        if (reader->entries < least) least = reader->entries;
        if (reader->entries > most) most = reader->entries;
        gaps += reader->gaps;
    }
    answer("entries %u %u %u", least == UINT32_MAX ? 0 : least, most, gaps);
}

static void begin_check(void) {
    checking = 1;
    for (int i = 0; i < count; i++) readers[i].entries = readers[i].gaps = 0;
    answer("checked");
}

static void stall(int number) {
    for (int i = 0; i < number && i < count; i++) {
        watch(&readers[i], 0, EPOLL_CTL_DEL);
        readers[i].state = STALLED;
    }
    answer("stalled");
}

static void resume(void) {
    for (int i = 0; i < count; i++) {
        if (readers[i].state != STALLED) continue;
        readers[i].state = OPEN;
        watch(&readers[i], EPOLLIN, EPOLL_CTL_ADD);
    }
    answer("resumed");
}

static void reset(int number) {
    struct linger linger = {.l_onoff = 1};
    for (int i = 0; i < number && i < count; i++) {
        if (readers[i].state == GONE) continue;
        setsockopt(readers[i].fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        drop(&readers[i]);
    }
    answer("reset");
}

static void close_all(void) {
    for (int i = 0; i < count; i++)
        if (readers[i].state != GONE) drop(&readers[i]);
    count = open_count = closed_count = 0;
    answer("closed");
}

static void wait_for(int frames_each, double seconds) {
    double deadline = now() + seconds;
    while (fewest() < frames_each && now() < deadline) step(20);
    answer("waited %d", fewest() >= frames_each);
}

static int bytes_of(const char *hex, char *into, int room) {
    int length = 0;
    for (; hex[0] > ' ' && hex[1] > ' ' && length < room; hex += 2) {
        unsigned byte;
        sscanf(hex, "%2x", &byte);
        into[length++] = byte;
    }
    return length;
}

static void run_command(const char *line) {
    int number = 0;
    double seconds = 0;
    unsigned frames_each = 0;
    if (!strncmp(line, "request ", 8)) request_length = bytes_of(line + 8, request, sizeof request), answer("taken");
    else if (!strncmp(line, "hello ", 6)) hello_length = bytes_of(line + 6, hello, sizeof hello), answer("taken");
    else if (sscanf(line, "shortest %d", &number) == 1) shortest = number, answer("taken");
    else if (sscanf(line, "open %d %u", &number, &frames_each) == 2) open_many(number, frames_each);
    else if (sscanf(line, "wait %d %lf", &number, &seconds) == 2) wait_for(number, seconds);
    else if (sscanf(line, "stall %d", &number) == 1) stall(number);
    else if (sscanf(line, "reset %d", &number) == 1) reset(number);
    else if (!strncmp(line, "mark", 4)) mark();
    else if (!strncmp(line, "report", 6)) report();
    else if (!strncmp(line, "check", 5)) begin_check();
    else if (!strncmp(line, "entries", 7)) report_entries();
    else if (!strncmp(line, "resume", 6)) resume();
    else if (!strncmp(line, "close", 5)) close_all();
    else answer("unknown command: %s", line);
}

int main(int argc, char **argv) {
    static char line[1 << 16];
    int length = 0;
    if (argc != 4) return fprintf(stderr, "usage: readers HOST PORT PUBLISHED\n"), 2;
    address.sin_family = AF_INET;
    address.sin_port = htons(atoi(argv[2]));
    if (inet_pton(AF_INET, argv[1], &address.sin_addr) != 1) fail(argv[1]);
    int file = open(argv[3], O_RDONLY);
    published = mmap(NULL, ENTRIES * sizeof *published, PROT_READ, MAP_SHARED, file, 0);
    if (file < 0 || published == MAP_FAILED) fail(argv[3]);
    poll_fd = epoll_create1(0);
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
    fcntl(0, F_SETFL, O_NONBLOCK);
    if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, 0, &input) < 0) fail("epoll_ctl");
    for (;;) {
        step(1000);
        int taken = read(0, line + length, sizeof line - 1 - length);
        if (taken == 0) return 0;
        if (taken < 0) continue;
        length += taken;
        line[length] = 0;
        for (char *end; (end = strchr(line, '\n')); length = strlen(line)) {
            *end = 0;
            run_command(line);
            memmove(line, end + 1, strlen(end + 1) + 1);
        }
    }
}
