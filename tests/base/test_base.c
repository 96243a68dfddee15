/* The ground floor: names, maps, whole files, messages as they are printed. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

static Base base;
static void setup(void) { base = base_new(); }
static void teardown(void) { base_free(&base); }

START_TEST(names_are_equal_exactly_when_their_text_is) {
    Symbol x = name_of(base.names, "x");
    ck_assert_ptr_eq(x, name_intern(base.names, "xyz", 1));
    ck_assert_ptr_ne(x, name_of(base.names, "y"));
    for (int k = 0; k < 20000; k++) name_printf(base.names, "n%d", k);
    ck_assert_ptr_eq(name_of(base.names, "n17"), name_printf(base.names, "n%d", 17));
    ck_assert_ptr_eq(x, name_of(base.names, "x"));
}
END_TEST

START_TEST(maps_hold_what_was_put) {
    Map *map = map_new(base.arena);
    for (uint64_t k = 0; k < 20000; k++) map_put(map, KEY(k), (void *)(uintptr_t)(k + 7));
    map_put(map, KEY(5), NULL);
    ck_assert_uint_eq(map_count(map), 20000);
    ck_assert_ptr_null(map_get(map, KEY(5)));
    ck_assert_ptr_null(map_get(map, KEY(20000)));
    for (uint64_t k = 6; k < 20000; k++) ck_assert_uint_eq((uintptr_t)map_get(map, KEY(k)), k + 7);
}
END_TEST

START_TEST(memory_is_zeroed_and_aligned) {
    for (size_t n = 1; n < 100000; n = n * 3 + 1) {
        char *memory = arena_alloc(base.arena, n);
        ck_assert_uint_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < n; k++) ck_assert_int_eq(memory[k], 0);
        memset(memory, 1, n);
    }
}
END_TEST

/* ---- files ---- */
static char folder[] = "/tmp/test_base_XXXXXX";
static const char *in_folder(const char *name) { return arena_printf(base.arena, "%s/%s", folder, name); }

START_TEST(files_are_written_whole_or_not_at_all) {
    ck_assert_ptr_nonnull(mkdtemp(folder));
    const char *path = in_folder("a");
    size_t n;
    ck_assert_int_eq(file_write_whole(path, "old", 3), 0);
    ck_assert_int_eq(file_write_whole(path, "newer", 5), 0);
    char *text = file_read_whole(path, 100, &n);
    ck_assert_str_eq(text, "newer");
    ck_assert_uint_eq(n, 5);
    free(text);
    ck_assert_ptr_null(file_read_whole(path, 4, &n));
    ck_assert_int_eq(errno, EFBIG);
    ck_assert_int_eq(file_write_whole("/dev/full", "x", 1), ENOSPC);
    ck_assert_int_eq(file_write_whole(in_folder("none/a"), "x", 1), ENOENT);
    ck_assert_int_eq(file_write_whole(folder, "x", 1), EISDIR);
    ck_assert_int_eq(symlink(path, in_folder("link")), 0);
    ck_assert_int_eq(file_write_whole(in_folder("link"), "through", 7), 0);
    struct stat status;
    ck_assert_int_eq(lstat(in_folder("link"), &status), 0);
    ck_assert(S_ISLNK(status.st_mode));
    text = file_read_whole(path, 100, &n);
    ck_assert_str_eq(text, "through");
    free(text);
    unlink(in_folder("link"));
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0); /* no temporary is left */
}
END_TEST

/* ---- messages ---- */
static char *printed(bool json) {
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    if (json) diag_print_json(base.diag, file);
    else diag_print(base.diag, file, false);
    fclose(file);
    return text;
}

static Span at(uint16_t file, const char *text, const char *part) {
    uint32_t begin = (uint32_t)(strstr(text, part) - text);
    return (Span){begin, begin + (uint32_t)strlen(part), file};
}

START_TEST(messages_are_printed_as_clang_does) {
    static const char text[] = "dim m\nŷ[i] =\tsigmod(z)\nend";
    uint16_t file = diag_add_source(base.diag, "net.bp", text, strlen(text));
    diag_error(base.diag, (Span){(uint32_t)strlen(text), (uint32_t)strlen(text), file}, "more expected");
    diag_error(base.diag, at(file, text, "sigmod"), "unknown function '%s'", "sigmod");
    diag_note(base.diag, at(file, text, "dim"), "did you mean 'sigmoid'?");
    diag_error(base.diag, at(file, text, "sigmod"), "unknown function '%s'", "sigmod"); /* kept once */
    diag_note(base.diag, at(file, text, "dim"), "did you mean 'sigmoid'?");
    diag_warning(base.diag, "unused", at(file, text, "m"), "'m' is not used");
    char *out = printed(false);
    ck_assert_str_eq(out, "net.bp:1:3: warning: 'm' is not used [-Wunused]\n"
                          "dim m\n"
                          "  ^\n"
                          "net.bp:2:8: error: unknown function 'sigmod'\n"
                          "ŷ[i] =  sigmod(z)\n"
                          "        ^~~~~~\n"
                          "net.bp:1:1: note: did you mean 'sigmoid'?\n"
                          "dim m\n"
                          "^~~\n"
                          "net.bp:3:4: error: more expected\n"
                          "end\n"
                          "   ^\n");
    free(out);
    ck_assert_uint_eq(diag_errors(base.diag), 2);
}
END_TEST

START_TEST(long_lines_are_cut_around_the_span) {
    Text line = {0};
    for (int k = 0; k < 100; k++) text_add(&line, "word%02d ", k);
    uint16_t file = diag_add_source(base.diag, "long.bp", line.at, line.n);
    diag_error(base.diag, at(file, line.at, "word50"), "here");
    char *out = printed(false), *excerpt = strchr(out, '\n') + 1, *caret = strchr(excerpt, '\n') + 1;
    ck_assert_int_lt(caret - excerpt, 130);
    ck_assert_int_eq(strncmp(excerpt + strspn(caret, " "), "word50", 6), 0);
    ck_assert_ptr_nonnull(strstr(caret, "^~~~~~\n"));
    free(out);
    text_free(&line);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_shown) {
    static const char text[] = "a \xff\x01 here";
    uint16_t file = diag_add_source(base.diag, "bytes.bp", text, strlen(text));
    diag_error(base.diag, at(file, text, "here"), "quote \" and \\");
    char *out = printed(false);
    ck_assert_ptr_nonnull(strstr(out, "a <FF><U+0001> here\n               ^~~~\n"));
    free(out);
    diag_error(base.diag, at(file, text, "here"), "another \" and \\"); /* what was printed is not printed again */
    out = printed(true);
    ck_assert_str_eq(out, "[\n{\"severity\": \"error\", \"file\": \"bytes.bp\", \"line\": 1, \"column\": 6, \"end_line\": 1, "
                          "\"end_column\": 10, \"message\": \"another \\\" and \\\\\", \"notes\": []}\n]\n");
    free(out);
}
END_TEST

START_TEST(after_fifty_errors_the_rest_are_counted) {
    static const char text[] = "x";
    uint16_t file = diag_add_source(base.diag, "x.bp", text, 1);
    for (int k = 0; k < 60; k++) diag_error(base.diag, (Span){0, 1, file}, "error %d", k);
    char *out = printed(false);
    ck_assert_ptr_nonnull(strstr(out, "error 49\n"));
    ck_assert_ptr_null(strstr(out, "error 50\n"));
    ck_assert_ptr_nonnull(strstr(out, "bpc: 10 more errors\n"));
    free(out);
}
END_TEST

START_TEST(guesses_are_near) {
    static const char *const names[] = {"sigmoid", "sum", "sin", "θeta"};
    ck_assert_str_eq(nearest_name("sigmod", names, 4), "sigmoid");
    ck_assert_str_eq(nearest_name("smu", names, 4), "sum");
    ck_assert_str_eq(nearest_name("θetta", names, 4), "θeta");
    ck_assert_ptr_null(nearest_name("x", names, 4));
    ck_assert_ptr_null(nearest_name("nothing", names, 4));
}
END_TEST

int main(void) {
    Suite *s = suite_create("base");
    TCase *c = tcase_create("base");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, names_are_equal_exactly_when_their_text_is);
    tcase_add_test(c, maps_hold_what_was_put);
    tcase_add_test(c, memory_is_zeroed_and_aligned);
    tcase_add_test(c, files_are_written_whole_or_not_at_all);
    tcase_add_test(c, messages_are_printed_as_clang_does);
    tcase_add_test(c, long_lines_are_cut_around_the_span);
    tcase_add_test(c, bytes_that_are_no_text_are_shown);
    tcase_add_test(c, after_fifty_errors_the_rest_are_counted);
    tcase_add_test(c, guesses_are_near);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
