/* Frames: what is written is read again, and nothing that cannot be is taken for something. */
#include "cluster/frame.h"

#include "tap.h"

static par_error err;
static const char *const env[] = {"A=b", "", "HOME", "WITH SPACE='x\n'", NULL};

static void check_header(const par_buffer *out, size_t at, par_frame_type type, uint32_t stream)
{
    par_frame frame;
    CHECK(out->len >= at + PAR_FRAME_HEADER_BYTES);
    par_frame_way from = type == PAR_FRAME_HELLO || type == PAR_FRAME_ENDED ? PAR_FROM_AGENT : PAR_FROM_BRIDGE;
    CHECK_INT(par_frame_get(&frame, out->data + at, from, &err), PAR_OK);
    CHECK_INT(frame.type, type);
    CHECK_INT(frame.stream, stream);
    CHECK_INT(frame.len, out->len - at - PAR_FRAME_HEADER_BYTES);
}

static void a_header_comes_back(void)
{
    uint8_t bytes[PAR_FRAME_HEADER_BYTES];
    par_frame in = {.len = 77, .type = PAR_FRAME_MESSAGE, .kind = 200, .stream = 0x1234, .aux = 0}, out;
    par_frame_put(bytes, &in);
    CHECK(bytes[0] == 77 && bytes[4] == PAR_FRAME_MESSAGE && bytes[8] == 0x34 && bytes[9] == 0x12);
    CHECK_INT(par_frame_get(&out, bytes, PAR_FROM_AGENT, &err), PAR_OK);
    CHECK(out.len == 77 && out.kind == 200 && out.stream == 0x1234 && out.aux == 0);
}

static void refuse(par_frame frame, par_frame_way from, const char *field)
{
    uint8_t bytes[PAR_FRAME_HEADER_BYTES];
    par_frame out;
    par_frame_put(bytes, &frame);
    CHECK_INT(par_frame_get(&out, bytes, from, &err), PAR_E_CORRUPT);
    CHECK(strstr(err.text, field) != NULL);
}

static void headers_that_cannot_be(void)
{
    refuse((par_frame){.type = 0, .stream = 1}, PAR_FROM_AGENT, "type");
    refuse((par_frame){.type = PAR_FRAME_TYPES, .stream = 1}, PAR_FROM_AGENT, "type");
    refuse((par_frame){.type = PAR_FRAME_HELLO, .len = 30}, PAR_FROM_BRIDGE, "type");
    refuse((par_frame){.type = PAR_FRAME_START, .len = 30, .stream = 1}, PAR_FROM_AGENT, "type");
    refuse((par_frame){.type = PAR_FRAME_MESSAGE, .len = PAR_FRAME_MAX_BYTES + 1, .stream = 1}, PAR_FROM_AGENT, "len");
    refuse((par_frame){.type = PAR_FRAME_CREDIT, .len = 1, .stream = 1}, PAR_FROM_AGENT, "len");
    refuse((par_frame){.type = PAR_FRAME_SLOT, .len = 23, .stream = 1}, PAR_FROM_AGENT, "len");
    refuse((par_frame){.type = PAR_FRAME_BYTES, .stream = 1}, PAR_FROM_AGENT, "len");
    refuse((par_frame){.type = PAR_FRAME_MESSAGE, .flags = 1, .stream = 1}, PAR_FROM_AGENT, "flags");
    refuse((par_frame){.type = PAR_FRAME_CREDIT, .kind = 1, .stream = 1}, PAR_FROM_AGENT, "kind");
    refuse((par_frame){.type = PAR_FRAME_MESSAGE}, PAR_FROM_AGENT, "stream");
    refuse((par_frame){.type = PAR_FRAME_MESSAGE, .stream = PAR_STREAMS_MAX + 1}, PAR_FROM_AGENT, "stream");
    refuse((par_frame){.type = PAR_FRAME_BEAT, .len = 24, .stream = 1}, PAR_FROM_AGENT, "stream");
    refuse((par_frame){.type = PAR_FRAME_OUTPUT, .len = 1, .stream = 1, .aux = 3}, PAR_FROM_AGENT, "aux");
    refuse((par_frame){.type = PAR_FRAME_OUTPUT, .len = 1, .stream = 1, .aux = 0}, PAR_FROM_AGENT, "aux");
    refuse((par_frame){.type = PAR_FRAME_RETRACTED, .len = 16, .stream = 1, .aux = 2}, PAR_FROM_AGENT, "aux");
    refuse((par_frame){.type = PAR_FRAME_SIGNALLED, .stream = 1, .aux = 2}, PAR_FROM_AGENT, "aux");
    refuse((par_frame){.type = PAR_FRAME_MESSAGE, .stream = 1, .aux = 1}, PAR_FROM_AGENT, "aux");
    refuse((par_frame){.type = PAR_FRAME_BYTES, .len = 1}, PAR_FROM_AGENT, "stream");
    refuse((par_frame){.type = PAR_FRAME_BEGIN, .len = 8}, PAR_FROM_AGENT, "stream");
    refuse((par_frame){.type = PAR_FRAME_KEPT, .stream = 1}, PAR_FROM_AGENT, "type");
    refuse((par_frame){.type = PAR_FRAME_KEPT}, PAR_FROM_BRIDGE, "stream");
    refuse((par_frame){.type = PAR_FRAME_DROP, .stream = 1}, PAR_FROM_BRIDGE, "stream");
    refuse((par_frame){.type = PAR_FRAME_KEPT_PART}, PAR_FROM_BRIDGE, "stream");
    refuse((par_frame){.type = PAR_FRAME_KEPT_PART, .stream = 1}, PAR_FROM_AGENT, "type");
}

static void hello_and_welcome(void)
{
    par_buffer out = {0};
    par_frame_hello hello = {"0.1.0", "Lua 5.4 x", "h1", 8, 4711}, got;
    CHECK_INT(par_frame_put_hello(&out, &hello), PAR_OK);
    check_header(&out, 0, PAR_FRAME_HELLO, 0);
    CHECK_INT(par_frame_get_hello(&got, out.data + 16, out.len - 16, &err), PAR_OK);
    CHECK(!strcmp(got.release, "0.1.0") && !strcmp(got.fingerprint, "Lua 5.4 x") && !strcmp(got.host, "h1"));
    CHECK(got.cores == 8 && got.pid == 4711);
    static const uint32_t strange[] = {0, PAR_STREAMS_MAX + 1, UINT32_MAX};
    for (int i = 0; i < 3; i++) {
        out.len = 0;
        hello.cores = strange[i];
        CHECK_INT(par_frame_put_hello(&out, &hello), PAR_OK);
        CHECK_INT(par_frame_get_hello(&got, out.data + 16, out.len - 16, &err), PAR_E_CORRUPT);
        CHECK(strstr(err.text, "cores") != NULL);
    }
    out.len = 0;
    par_frame_welcome welcome = {65536, 1000, 5000}, back;
    CHECK_INT(par_frame_put_welcome(&out, &welcome), PAR_OK);
    check_header(&out, 0, PAR_FRAME_WELCOME, 0);
    CHECK_INT(par_frame_get_welcome(&back, out.data + 16, out.len - 16, &err), PAR_OK);
    CHECK(back.window_bytes == 65536 && back.beat_ms == 1000 && back.silence_ms == 5000);
    welcome.beat_ms = 0;
    out.len = 0;
    CHECK_INT(par_frame_put_welcome(&out, &welcome), PAR_OK);
    CHECK_INT(par_frame_get_welcome(&back, out.data + 16, out.len - 16, &err), PAR_E_CORRUPT);
    par_buffer_fini(&out);
}

static void a_start_comes_back(void)
{
    par_buffer out = {0};
    par_frame_start start = {.ring_bytes = UINT64_C(1) << 33,
                             .flags = PAR_START_NO_OUTPUT,
                             .program = "",
                             .fingerprint = "f",
                             .cwd = "/tmp/a b"},
                    got;
    CHECK_INT(par_frame_put_start(&out, 3, 9, &start, env), PAR_OK);
    check_header(&out, 0, PAR_FRAME_START, 3);
    CHECK_INT(par_frame_get_start(&got, out.data + 16, out.len - 16, &err), PAR_OK);
    CHECK(got.ring_bytes == start.ring_bytes && got.flags == start.flags);
    CHECK(!strcmp(got.program, "") && !strcmp(got.fingerprint, "f") && !strcmp(got.cwd, "/tmp/a b"));
    CHECK_INT(got.env.n, 4);
    for (int i = 0; env[i]; i++) CHECK(!strcmp(par_frame_next_text(&got.env), env[i]));
    CHECK(par_frame_next_text(&got.env) == NULL);
    par_buffer_fini(&out);
}

/* Each byte of each body changed, and each body cut: an error or values that are in bounds, never more. */
static void every_byte_flipped(void)
{
    par_buffer out = {0};
    par_frame_start start = {.program = "lua", .fingerprint = "f", .cwd = ""}, got;
    CHECK_INT(par_frame_put_start(&out, 1, 1, &start, env), PAR_OK);
    size_t len = out.len - 16;
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *copy = malloc(cut ? cut : 1);
        memcpy(copy, out.data + 16, cut);
        CHECK_INT(par_frame_get_start(&got, copy, cut, &err), PAR_E_CORRUPT);
        free(copy);
    }
    for (size_t i = 0; i < len; i++)
        for (int bit = 0; bit < 8; bit++) {
            uint8_t *copy = malloc(len);
            memcpy(copy, out.data + 16, len);
            copy[i] ^= (uint8_t)(1 << bit);
            if (par_frame_get_start(&got, copy, len, &err) == PAR_OK)
                for (const char *text; (text = par_frame_next_text(&got.env));) CHECK(strlen(text) < len);
            free(copy);
        }
    par_buffer_fini(&out);
}

static void too_much_is_told_and_leaves_nothing(void)
{
    par_buffer out = {0};
    static char big[PAR_FRAME_MAX_BYTES + 2];
    static const char *many[PAR_FRAME_LIST_MAX + 2];
    memset(big, 'x', sizeof big - 1);
    for (unsigned i = 0; i <= PAR_FRAME_LIST_MAX; i++) many[i] = "";
    CHECK_INT(par_frame_put_empty(&out, PAR_FRAME_CLOSE, 1, 0, 0), PAR_OK);
    size_t before = out.len;
    CHECK_INT(par_frame_put_text(&out, PAR_FRAME_BYE, 0, 0, big), PAR_E_LIMIT);
    CHECK_INT(out.len, before);
    par_frame_start start = {.program = ""};
    CHECK_INT(par_frame_put_start(&out, 1, 1, &start, many), PAR_E_LIMIT);
    CHECK_INT(out.len, before);
    par_buffer_fini(&out);
}

static void slots_and_beats(void)
{
    par_buffer out = {0};
    par_frame_slot slot = {{UINT64_C(0x1122334455667788), 2}, 3, {4, 5}}, got;
    par_frame_beat beat = {1, 2, 3}, back;
    CHECK_INT(par_frame_put_slot(&out, 1, 1, &slot), PAR_OK);
    CHECK_INT(par_frame_get_slot(&got, out.data + 16, out.len - 16, &err), PAR_OK);
    CHECK(memcmp(&slot, &got, sizeof slot) == 0);
    out.len = 0;
    CHECK_INT(par_frame_put_beat(&out, &beat), PAR_OK);
    CHECK_INT(par_frame_get_beat(&back, out.data + 16, out.len - 16, &err), PAR_OK);
    CHECK(memcmp(&beat, &back, sizeof beat) == 0);
    CHECK_INT(par_frame_get_beat(&back, out.data + 16, 23, &err), PAR_E_CORRUPT);
    CHECK(strstr(err.text, "held") != NULL);
    par_buffer_fini(&out);
}

TAP_MAIN(TEST(a_header_comes_back), TEST(headers_that_cannot_be), TEST(hello_and_welcome), TEST(a_start_comes_back),
         TEST(every_byte_flipped), TEST(too_much_is_told_and_leaves_nothing), TEST(slots_and_beats))
