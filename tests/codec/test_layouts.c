/* How tables lie in memory is found out by the self-test: it takes the layout of this Lua, and refuses those of all others without harm. */
#include "codec/codec.h"
#include "codec/compat.h"
#include "codec/direct/direct.h"
#include "tap.h"

extern const par_direct par_wrong_layout_0, par_wrong_layout_501, par_wrong_layout_502, par_wrong_layout_503, par_wrong_layout_504,
    par_wrong_layout_505;

static const struct {
    int version; /* LUA_VERSION_NUM, 0: LuaJIT */
    const par_direct *walk;
} layouts[] = {{0, &par_wrong_layout_0},     {501, &par_wrong_layout_501}, {502, &par_wrong_layout_502},
               {503, &par_wrong_layout_503}, {504, &par_wrong_layout_504}, {505, &par_wrong_layout_505}};

static void layouts_of_other_luas_are_refused(void)
{
#ifdef __SANITIZE_ADDRESS__
    return; /* it would end us where a table is taken for a larger one */
#endif
    const int own = PAR_LUAJIT ? 0 : LUA_VERSION_NUM;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        if (layouts[i].version == own) continue;
        const char *failure = par_direct_test(layouts[i].walk);
        printf("# %d: %s\n", layouts[i].version, failure ? failure : "taken");
        CHECK(failure != NULL);
    }
}

/* On this Lua the first that fits is in use; where there is none the state says why. */
static void what_is_in_use_has_passed(void)
{
    const char *state = par_codec_direct_state();
    const par_direct *used = par_direct_get();
    printf("# %s\n", state);
    CHECK(strncmp(state, used ? "on: " : "off: ", used ? 4 : 5) == 0);
    if (!used) return;
    CHECK(par_direct_test(used) == NULL);
    CHECK(par_direct_tested() == used);
}

TAP_MAIN(TEST(layouts_of_other_luas_are_refused), TEST(what_is_in_use_has_passed))
