/* A scanner that knows just enough of Lua to match `function` with its `end`: strings, long brackets, comments, and
 * the words that open and close blocks. */
#include "codec/source.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 200 /* Lua's own limit of nested blocks */

typedef struct scanner {
    const char *text;
    size_t len, at;
    int line;
} scanner;

/* At "[": the level of a long bracket, or -1. */
static int long_level(const scanner *s)
{
    size_t at = s->at + 1;
    while (at < s->len && s->text[at] == '=') at++;
    return at < s->len && s->text[at] == '[' ? (int)(at - s->at - 1) : -1;
}

static void skip_to(scanner *s, size_t at)
{
    if (at > s->len) at = s->len;
    for (; s->at < at; s->at++) s->line += s->text[s->at] == '\n';
}

static void skip_long(scanner *s, int level)
{
    size_t at = s->at + (size_t)level + 2;
    for (; at < s->len; at++) {
        if (s->text[at] != ']') continue;
        size_t end = at + 1;
        while (end < s->len && s->text[end] == '=') end++;
        if (end < s->len && s->text[end] == ']' && (int)(end - at - 1) == level) {
            skip_to(s, end + 1);
            return;
        }
    }
    skip_to(s, s->len);
}

static void skip_quoted(scanner *s, char quote)
{
    size_t at = s->at + 1;
    while (at < s->len && s->text[at] != quote) at += s->text[at] == '\\' ? 2 : 1;
    skip_to(s, at + 1);
}

static void skip_comment(scanner *s)
{
    s->at += 2;
    if (s->at < s->len && s->text[s->at] == '[') {
        int level = long_level(s);
        if (level >= 0) {
            skip_long(s, level);
            return;
        }
    }
    while (s->at < s->len && s->text[s->at] != '\n') s->at++;
}

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* The next word outside of strings and comments; false at the end. */
static bool next_word(scanner *s, size_t *begin, size_t *len)
{
    while (s->at < s->len) {
        char c = s->text[s->at];
        if (is_word(c)) {
            *begin = s->at;
            while (s->at < s->len && is_word(s->text[s->at])) s->at++;
            *len = s->at - *begin;
            return true;
        }
        if (c == '-' && s->at + 1 < s->len && s->text[s->at + 1] == '-') {
            skip_comment(s);
        } else if (c == '"' || c == '\'') {
            skip_quoted(s, c);
        } else if (c == '[' && long_level(s) >= 0) {
            skip_long(s, long_level(s));
        } else {
            skip_to(s, s->at + 1);
        }
    }
    return false;
}

static bool is(const scanner *s, size_t begin, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(s->text + begin, word, len) == 0;
}

/* The parameters of a function whose word `function` ends at `at`. */
static bool find_params(const char *text, size_t len, size_t at, par_source_span *span)
{
    span->is_method = 0;
    for (; at < len && text[at] != '('; at++) {
        if (!is_word(text[at]) && !strchr(".: \t\r\n", text[at])) return false;
        if (text[at] == ':') span->is_method = 1;
    }
    span->params = at;
    return at < len;
}

int par_source_find(const char *text, size_t len, int first, int last, par_source_span *out, int room)
{
    struct {
        size_t begin, after; /* of the word `function`; 0, 0: another kind of block */
        int line;
    } open[DEPTH_MAX];
    int depth = 0, found = 0;
    scanner s = {text, len, 0, 1};
    size_t begin, n;
    if (len && text[0] == '#')
        while (s.at < len && text[s.at] != '\n') s.at++;
    while (next_word(&s, &begin, &n)) {
        bool function = is(&s, begin, n, "function");
        if (function || is(&s, begin, n, "do") || is(&s, begin, n, "if") || is(&s, begin, n, "repeat")) {
            if (depth == DEPTH_MAX) return 0;
            open[depth].begin = begin;
            open[depth].after = function ? s.at : 0;
            open[depth++].line = s.line;
        } else if (is(&s, begin, n, "end") || is(&s, begin, n, "until")) {
            if (depth-- == 0) return 0;
            if (!open[depth].after || open[depth].line != first || s.line != last) continue;
            par_source_span span = {.begin = open[depth].begin, .end = s.at};
            if (!find_params(text, len, open[depth].after, &span)) continue;
            if (found < room) out[found] = span;
            found++;
        }
    }
    return found;
}
