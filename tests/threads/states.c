/* Two Lua states in two threads of one process: each state's own things stay its own, and what they share is guarded. */
#include <pthread.h>

#include "tap.h"
#include "core_state.h"

enum { THREADS = 2 };

static pthread_barrier_t all_there;

static int wait_for_all(lua_State *L)
{
    (void)L;
    pthread_barrier_wait(&all_there);
    return 0;
}

static void *run_state(void *script)
{
    lua_State *L = state_with_core();
    lua_register(L, "wait_for_all", wait_for_all);
    if (luaL_dostring(L, script)) printf("# %s\n", lua_tostring(L, -1));
    CHECK_INT(lua_gettop(L), 0);
    lua_close(L);
    return NULL;
}

static void run_in_all(const char *script)
{
    pthread_t threads[THREADS];
    pthread_barrier_init(&all_there, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, run_state, (void *)script) == 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

static void states_are_opened_and_closed_together(void)
{
    for (int i = 0; i < 20; i++) run_in_all("wait_for_all() require 'parallel'");
}

static void limits_belong_to_one(void)
{
    run_in_all(
        "local core = require 'parallel.core'\n"
        "wait_for_all()\n"
        "for i = 1, 20 do assert(not core.limited(0.002, function() while true do end end, tostring)) end\n");
}

static void events_of_all_come_into_one_file(void)
{
    char path[] = "/tmp/parallel-states-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK(setenv("STATES_FILE", path, 1) == 0);
    run_in_all(
        "local core = require 'parallel.core'\n"
        "core.trace(os.getenv('STATES_FILE'))\n"
        "wait_for_all()\n"
        "for i = 1, 5000 do core.trace_task(i) core.trace_task_end(false) end\n"
        "core.trace_name('both')\n"
        "wait_for_all()\n"
        "core.trace()\n");
    close(fd);
    remove(path);
}

static void the_library_for_products_is_found_once(void)
{
    run_in_all(
        "local torch = require 'parallel.tensor'\n"
        "local a = torch.ones(64, 64)\n"
        "wait_for_all()\n"
        "for _ = 1, 20 do assert(torch.mm(a, a):sum() == 64 ^ 3) torch.blas(true) end\n");
}

static void values_are_encoded_and_decoded(void)
{
    run_in_all(
        "local core = require 'parallel.core'\n"
        "local torch = require 'parallel.tensor'\n"
        "wait_for_all()\n"
        "for i = 1, 300 do\n"
        "  local t = torch.range(1, 50000 + i)\n"
        "  local copy = core.decode(core.encode{t, t, {x = i}, print}, {functions = true})\n"
        "  assert(copy[1][i] == i and copy[3].x == i and copy[4] == print)\n"
        "  if i % 50 == 0 then t:share() collectgarbage() core.trim() end\n"
        "end\n");
}

/* No Lua runs in these children: they are there to be started, waited for in vain and ended. */
static void children_are_started_and_ended(void)
{
    run_in_all(
        "local core = require 'parallel.core'\n"
        "wait_for_all()\n"
        "for i = 1, 20 do\n"
        "  local child = core.child.spawn{program = 'sleep', args = {'100'}, id = i, ring_bytes = 65536}\n"
        "  assert(not pcall(core.child.await_hello, child, 0.001))\n"
        "  local selector = core.child.selector()\n"
        "  selector:add(child)\n"
        "  selector:wait(0)\n"
        "  core.child.forget(child)\n"
        "end\n");
}

TAP_MAIN(TEST(states_are_opened_and_closed_together), TEST(limits_belong_to_one), TEST(events_of_all_come_into_one_file),
         TEST(the_library_for_products_is_found_once), TEST(values_are_encoded_and_decoded), TEST(children_are_started_and_ended))
