/* Modules that are looked for on behalf of other machines: where templates say, and nowhere else. */
#include "cluster/seek.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static char folder[64];

static void make(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    fputs(text, file);
    fclose(file);
}

static void make_folder(void)
{
    char sub[128];
    snprintf(folder, sizeof folder, "/tmp/test_seek.XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(sub, sizeof sub, "%s/sub", folder);
    CHECK_INT(mkdir(sub, 0700), 0);
    make("one.lua", "return 1");
    make("sub/two.lua", "return 2");
    make("empty.lua", "");
    make("native.so", "ELF");
    make(".hidden.lua", "return 3");
}

static void remove_folder(void)
{
    static const char *const names[] = {"one.lua", "sub/two.lua", "empty.lua", "native.so", ".hidden.lua", "sub", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        remove(path);
    }
}

/* The answer for this name begins with it, has this letter, and ends with this text. */
static void expect(const char *name, char letter, const char *text)
{
    char path[256], cpath[256];
    par_buffer out = {0};
    snprintf(path, sizeof path, ";;/nowhere/?.lua;%s/?.lua;%s", folder, folder); /* the last one is a folder, which is no module */
    snprintf(cpath, sizeof cpath, "%s/?.so", folder);
    CHECK_INT(par_seek_module(&out, path, cpath, name), PAR_OK);
    CHECK(out.len > strlen(name) + 2 && memcmp(out.data, name, strlen(name) + 1) == 0);
    const char *rest = (const char *)out.data + strlen(name) + 1, *end = (const char *)out.data + out.len;
    CHECK_INT(rest[0], letter);
    const char *source = memchr(rest, 0, (size_t)(end - rest));
    CHECK(source != NULL);
    CHECK_INT((end - source) - 1, strlen(text));
    CHECK(memcmp(source + 1, text, strlen(text)) == 0);
    par_buffer_fini(&out);
}

static void modules_are_found(void)
{
    make_folder();
    expect("one", 's', "return 1");
    expect("sub.two", 's', "return 2");
    expect("empty", 's', "");
    expect("native", 'c', "");
    expect("missing", 'n', "");
    remove_folder();
}

static void nothing_else_is(void)
{
    static const char *const names[] = {"",       ".",       "..",          ".hidden", "sub..two", "sub.two.",
                                        "../one", "sub/two", "/etc/passwd", "one?",    "a;b",      "a b"};
    char longest[PAR_SEEK_NAME_MAX + 2];
    make_folder();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) expect(names[i], 'n', "");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    expect(longest, 'n', "");
    remove_folder();
}

TAP_MAIN(TEST(modules_are_found), TEST(nothing_else_is))
