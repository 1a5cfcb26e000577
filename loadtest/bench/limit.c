// The limit: only the kernel's cost of one `send()` of ready bytes to each reader.
//
//   limit PORT
//
// Accepts any handshake on 127.0.0.1. For each number on standard input (one a line) it sends a frame with that many
// bytes of payload to all readers, and prints a line when the last `send()` has returned.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_READERS = 40000, MAX_PAYLOAD_BYTES = 65535 };

static const char RESPONSE[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
                               "\x81\x02{}";
static int readers[MAX_READERS], count;
static char frame[4 + MAX_PAYLOAD_BYTES];

static void accept_reader(int listening) {
    static char request[65536];
    int one = 1, reader = accept(listening, NULL, NULL);
    if (reader < 0 || count == MAX_READERS) return;
    setsockopt(reader, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (read(reader, request, sizeof request) > 0 && write(reader, RESPONSE, sizeof RESPONSE - 1) > 0)
        readers[count++] = reader;
}

static void publish(int size) {
    frame[0] = (char)0x81;
    frame[1] = 126;
    frame[2] = (char)(size >> 8);
    frame[3] = (char)size;
    for (int i = 0; i < count; i++) send(readers[i], frame, 4 + size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int main(int argc, char **argv) {
    int one = 1, listening = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (argc != 2) return 2;
    address.sin_port = htons(atoi(argv[1]));
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listening, (struct sockaddr *)&address, sizeof address) || listen(listening, 4096)) return perror("bind"), 1;
    memset(frame, 'x', sizeof frame);
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("ready");
    for (;;) {
        struct pollfd events[] = {{listening, POLLIN, 0}, {0, POLLIN, 0}};
        poll(events, 2, -1);
        if (events[0].revents) accept_reader(listening);
        if (events[1].revents) {
            char line[64];
            int length = read(0, line, sizeof line - 1);
            if (length <= 0) return 0;
            line[length] = 0;
            publish(atoi(line) < MAX_PAYLOAD_BYTES ? atoi(line) : MAX_PAYLOAD_BYTES);
            puts("sent");
        }
    }
}
