/* Events of other machines: by our clock, with other numbers of processes, and nothing that is no event. */
#include "cluster/timeline.h"

#include "tap.h"

static const par_timeline from = {.host = 2, .name = "h2", .offset_ns = 5000000};

static void expect(const char *text, const char *wanted)
{
    char out[400];
    size_t n = par_timeline_event(&from, text, strlen(text), out, sizeof out - 1);
    out[n] = 0;
    CHECK(strcmp(out, wanted) == 0);
}

static void times_and_numbers_are_changed(void)
{
    expect(
        "{\"name\":\"send\",\"ph\":\"X\",\"ts\":7000.250,\"dur\":1.500,\"pid\":42,\"tid\":43,\"args\":{\"peer\":1,\"bytes\":100}}",
        "{\"name\":\"send\",\"ph\":\"X\",\"ts\":2000.250,\"dur\":1.500,\"pid\":10000042,\"tid\":43,\"args\":{\"peer\":1,\"bytes\":100}}");
    expect("{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"tid\":1,\"args\":{\"name\":\"parallel#\\u0041\\\"\"}}",
           "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":10000001,\"tid\":1,\"args\":{\"name\":\"h2 parallel#\\u0041\\\"\"}}");
}

static void what_is_no_event_is_refused(void)
{
    static const char *const wrong[] = {"",
                                        "{",
                                        "{}",
                                        "[]",
                                        "{\"a\":1",
                                        "{\"a\":1}}",
                                        "{\"a\":1}x",
                                        "{\"a\":}",
                                        "{\"a\":\"b}",
                                        "{\"a\":\"b\\",
                                        "{\"a\":\"\\x\"}",
                                        "{\"a\":1,}",
                                        "{\"a\":nan}",
                                        "{\"a\":1e99}",
                                        "{\"a\":--}",
                                        "{\"a\":{\"b\":{\"c\":1}}}",
                                        "{\"a\":\"\n\"}",
                                        "{\"a\":\"\xff\"}",
                                        "{a:1}",
                                        "{\"a\":[1]}",
                                        "{\"a\":true}",
                                        "{\"a\" :1}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) expect(wrong[i], "");
    char small[10];
    CHECK_INT(par_timeline_event(&from, "{\"name\":\"too long\"}", 19, small, sizeof small), 0);
}

/* Each byte of an event changed, and each cut. */
static void every_byte_changed(void)
{
    static const char good[] = "{\"name\":\"a\\\\\",\"ts\":7000.2,\"pid\":42,\"args\":{\"name\":\"x\"}}";
    char out[400];
    for (size_t i = 0; i < sizeof good - 1; i++) {
        char *cut = malloc(i ? i : 1);
        memcpy(cut, good, i);
        CHECK_INT(par_timeline_event(&from, cut, i, out, sizeof out), 0);
        free(cut);
        for (int c = 0; c < 256; c++) {
            char *copy = malloc(sizeof good - 1);
            memcpy(copy, good, sizeof good - 1);
            copy[i] = (char)c;
            CHECK(par_timeline_event(&from, copy, sizeof good - 1, out, sizeof out) <= sizeof out);
            free(copy);
        }
    }
}

TAP_MAIN(TEST(times_and_numbers_are_changed), TEST(what_is_no_event_is_refused), TEST(every_byte_changed))
