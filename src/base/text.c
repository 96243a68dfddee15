/* Text buffers: a string that grows at its end. Memory is malloc'd (a text can be far larger than what the
 * arena holds, and is freed early); when it ends, so does the process, with status 2. */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

static void reserve(Text *text, size_t more)
{
    if (more < text->room - text->n)
        return; /* the '\0' fits too */
    if (more > SIZE_MAX / 4 || text->room > SIZE_MAX / 4) {
        fputs("bpc: out of memory\n", stderr);
        exit(2);
    }
    size_t room = 2 * text->room + more + 64;
    char *larger = realloc(text->at, room);
    if (larger == NULL) {
        fputs("bpc: out of memory\n", stderr);
        exit(2);
    }
    text->at = larger;
    text->room = room;
}

void text_put(Text *text, const char *bytes, size_t n)
{
    reserve(text, n);
    if (n > 0)
        memcpy(text->at + text->n, bytes, n);
    text->n += n;
    text->at[text->n] = '\0';
}

void text_add(Text *text, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    reserve(text, 128);
    size_t room = text->room - text->n;
    int length = vsnprintf(text->at + text->n, room, format, list);
    if (length > 0 && (size_t)length >= room) {
        reserve(text, (size_t)length);
        vsnprintf(text->at + text->n, (size_t)length + 1, format, again);
    }
    if (length > 0)
        text->n += (size_t)length;
    text->at[text->n] = '\0';
    va_end(again);
    va_end(list);
}

void text_free(Text *text)
{
    free(text->at);
    *text = (Text){0};
}
