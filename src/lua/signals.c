#include "lua/signals.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    int number;
} signals[] = {{"HUP", SIGHUP},   {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"ILL", SIGILL},   {"TRAP", SIGTRAP}, {"ABRT", SIGABRT},
               {"BUS", SIGBUS},   {"FPE", SIGFPE},     {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"SEGV", SIGSEGV}, {"USR2", SIGUSR2},
               {"PIPE", SIGPIPE}, {"ALRM", SIGALRM},   {"TERM", SIGTERM}, {"CHLD", SIGCHLD}, {"CONT", SIGCONT}, {"STOP", SIGSTOP},
               {"TSTP", SIGTSTP}, {"WINCH", SIGWINCH}, {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ}, {"SYS", SIGSYS}};
#define SIGNALS (sizeof signals / sizeof *signals)

int par_lua_signal_number(const char *name)
{
    if (strncmp(name, "SIG", 3) == 0) name += 3;
    for (size_t i = 0; i < SIGNALS; i++)
        if (strcmp(signals[i].name, name) == 0) return signals[i].number;
    return -1;
}

void par_lua_open_signals(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < SIGNALS; i++) {
        lua_pushinteger(L, signals[i].number);
        lua_setfield(L, -2, signals[i].name);
    }
    lua_setfield(L, -2, "signals");
}
