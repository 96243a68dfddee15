/* write.c - files written whole or not at all (POSIX). */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store.h"

void bp_buffer_add(bp_buffer *buffer, const void *bytes, size_t size) {
    if (buffer->failed) return;
    if (size > buffer->room - buffer->size) {
        size_t room = buffer->room ? buffer->room : 4096;
        while (room - buffer->size < size && room < SIZE_MAX / 2) room *= 2;
        unsigned char *grown = room - buffer->size < size ? NULL : realloc(buffer->bytes, room);
        if (!grown) {
            buffer->failed = true;
            return;
        }
        buffer->bytes = grown;
        buffer->room = room;
    }
    if (size) memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

void bp_buffer_number(bp_buffer *buffer, uint64_t value, size_t width) {
    unsigned char bytes[8];
    for (size_t i = 0; i < width; i++) bytes[i] = (unsigned char)(value >> (8 * i));
    bp_buffer_add(buffer, bytes, width);
}

static bool write_all(int fd, const unsigned char *bytes, size_t size) {
    while (size) {
        const ssize_t n = write(fd, bytes, size < 1u << 30 ? size : 1u << 30);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* The new name is on the disk only when the folder is. */
static void sync_folder(const char *path) {
    char folder[4096];
    const char *slash = strrchr(path, '/');
    if (!slash || (size_t)(slash - path) >= sizeof folder - 1) strcpy(folder, ".");
    else {
        memcpy(folder, path, (size_t)(slash - path) + 1);
        folder[slash - path + 1] = '\0';
    }
    const int fd = open(folder, O_RDONLY);
    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}

/* Open a new file beside `path` and put its name into `name`; -1 with errno if that cannot be done. */
static int open_beside(const char *path, char *name, size_t size) {
    for (int i = 0; i < 100; i++) {
        snprintf(name, size, "%s.%ld-%d.part", path, (long)getpid(), i);
        const int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

/* A device or a pipe is written to; renaming a file over it would take its place. */
static bool is_device(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static int write_device(const char *path, const void *bytes, size_t size, bp_error *error) {
    const int fd = open(path, O_WRONLY);
    bool good = fd >= 0 && write_all(fd, bytes, size);
    int reason = errno;
    if (fd >= 0 && close(fd) != 0 && good) {
        good = false;
        reason = errno;
    }
    return good ? BP_OK : bp_fail(error, BP_E_IO, "%s: %s", path, strerror(reason));
}

int bp_write_whole(const char *path, const void *bytes, size_t size, bp_error *error) {
    if (is_device(path)) return write_device(path, bytes, size, error);
    const size_t room = strlen(path) + 48;
    char *temporary = malloc(room);
    if (!temporary) return bp_fail(error, BP_E_MEMORY, "%s: out of memory", path);
    const int fd = open_beside(path, temporary, room);
    bool good = fd >= 0 && write_all(fd, bytes, size) && fsync(fd) == 0;
    int reason = errno;
    if (fd >= 0 && close(fd) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good && rename(temporary, path) != 0) {
        good = false;
        reason = errno;
    }
    if (good) sync_folder(path);
    else if (fd >= 0) unlink(temporary);
    free(temporary);
    return good ? BP_OK : bp_fail(error, BP_E_IO, "%s: cannot write: %s", path, strerror(reason));
}
