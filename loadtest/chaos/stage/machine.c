// Faults of one process's machine: a wall clock that is off, and a disk that is full.
//
// Preloaded into servers (LD_PRELOAD). A control file, mapped into memory, says what is wrong now. A process that is
// forked gives it to machine_control(); one that is executed names it in MACHINE_CONTROL. Without it, nothing changes.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
    volatile double seconds;  // added to the wall clock
    volatile double full;     // the share of writes that make a file longer and fail, except standard output and error
};

static struct control *control;

int machine_control(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    void *found = mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (found == MAP_FAILED)
        return -1;
    control = found;
    return 0;
}

__attribute__((constructor)) static void from_environment(void) {
    const char *path = getenv("MACHINE_CONTROL");
    if (path)
        machine_control(path);
}

static long long skew(void) { return control ? (long long)(control->seconds * 1e9) : 0; }

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) \
        real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

int clock_gettime(clockid_t clock, struct timespec *at) {
    REAL(clock_gettime);
    int result = real(clock, at);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        long long now = at->tv_sec * 1000000000LL + at->tv_nsec + skew();
        at->tv_sec = now / 1000000000LL;
        at->tv_nsec = now % 1000000000LL;
    }
    return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    (void)zone;
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return result;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

// A write within a file succeeds on a full disk: SQLite can still use the room of its write-ahead log.
static int is_full(int fd, off64_t at, size_t size) {
    struct stat found;
    if (!control || control->full == 0 || fd <= 2 || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode))
        return 0;
    if (at + (off64_t)size <= found.st_size)
        return 0;
    static unsigned calls;
    if ((calls++ * 2654435761u >> 8) % 1000 >= control->full * 1000)
        return 0;  // other programs take room and leave it
    errno = ENOSPC;
    return 1;
}

static off64_t position(int fd) {
    struct stat found;
    if (fcntl(fd, F_GETFL) & O_APPEND)
        return fstat(fd, &found) == 0 ? found.st_size : 0;
    return lseek64(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    if (control && control->full != 0 && is_full(fd, position(fd), size))
        return -1;
    return real(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(pwrite);
    return is_full(fd, at, size) ? -1 : real(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    REAL(pwrite64);
    return is_full(fd, at, size) ? -1 : real(fd, data, size, at);
}
