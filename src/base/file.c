/* Whole files: read at once, written whole or not at all.
 *
 * A write goes to a temporary beside the target, is synced, and takes the target's place by rename, so that a
 * full disk or a killed run leaves the old file as it was. What is not an ordinary file (a terminal, a pipe,
 * /dev/full) is written to directly. Nothing is printed; callers get an errno. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        bytes += written;
        n -= (size_t)written;
    }
    return 0;
}

static int write_direct(const char *path, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_APPEND);
    if (fd < 0)
        return errno;
    int error = write_all(fd, bytes, n);
    if (close(fd) != 0 && error == 0)
        error = errno;
    return error;
}

static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* Fills the temporary; 0 or an errno. EINVAL from fsync means a file system without it: not a failure. */
static int fill(int fd, const char *bytes, size_t n, mode_t mode)
{
    int error = write_all(fd, bytes, n);
    if (error == 0 && fchmod(fd, mode) != 0 && errno != EPERM)
        error = errno;
    if (error == 0 && fsync(fd) != 0 && errno != EINVAL)
        error = errno;
    return error;
}

static int write_replacing(const char *path, const char *bytes, size_t n, mode_t mode)
{
    Text temporary = {0};
    text_add(&temporary, "%s.XXXXXX", path);
    int fd = mkstemp(temporary.at);
    if (fd < 0) {
        int error = errno;
        text_free(&temporary);
        return error;
    }
    int error = fill(fd, bytes, n, mode);
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(temporary.at, path) != 0)
        error = errno;
    if (error != 0)
        unlink(temporary.at);
    text_free(&temporary);
    return error;
}

int file_write_whole(const char *path, const char *bytes, size_t n)
{
    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0) {
        if (fflush(stdout) != 0)
            return errno;
        return write_all(STDOUT_FILENO, bytes, n);
    }
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOENT ? write_replacing(path, bytes, n, usual_mode()) : errno;
    if (S_ISDIR(status.st_mode))
        return EISDIR;
    /* /dev/stderr may lead to an ordinary file that is open: append to it, never put another in its place. */
    if (!S_ISREG(status.st_mode) || strncmp(path, "/dev/", 5) == 0)
        return write_direct(path, bytes, n);
    if (access(path, W_OK) != 0)
        return errno; /* rename would replace even what is read-only */
    /* A symbolic link stays one: what it points at is replaced. */
    char *target = realpath(path, NULL);
    if (target == NULL)
        return errno;
    int error = write_replacing(target, bytes, n, status.st_mode & 07777);
    free(target);
    return error;
}

/* Reads until the end or one byte more than the limit. */
static int read_all(int fd, size_t limit, Text *text)
{
    char block[1 << 16];
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        text_put(text, block, (size_t)got);
        if (got == 0)
            return 0;
        if (text->n > limit)
            return EFBIG;
    }
}

char *file_read_whole(const char *path, size_t limit, size_t *n)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY);
    if (fd < 0)
        return NULL;
    Text text = {0};
    int error = read_all(fd, limit, &text);
    if (!standard)
        close(fd);
    if (error != 0) {
        text_free(&text);
        errno = error;
        return NULL;
    }
    *n = text.n;
    return text.at;
}
