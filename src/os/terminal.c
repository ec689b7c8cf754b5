#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "os/os.h"
#include "os/system.h"

bool par_os_is_terminal(int fd) { return isatty(fd) == 1; }

int par_os_terminal_columns(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* How the terminal of this process was before it gave single keys. */
static struct termios lines;
static bool gives_keys;

/* One in the background that reads or sets a terminal is stopped by the system. */
static bool is_in_front(int fd) { return isatty(fd) == 1 && tcgetpgrp(fd) == getpgrp(); }

/* Each time anew: a shell in which we were stopped and go on has set it for itself. */
static void ask_for_keys(int fd)
{
    struct termios now;
    if (tcgetattr(fd, &now) != 0 || !(now.c_lflag & (ICANON | ECHO))) return;
    lines = now;
    gives_keys = true;
    now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
    tcsetattr(fd, TCSANOW, &now);
}

int par_os_terminal_key(int fd, int64_t timeout_ns)
{
    unsigned char key;
    struct pollfd one = {.fd = fd, .events = POLLIN};
    if (!is_in_front(fd)) return PAR_E_UNSUPPORTED;
    ask_for_keys(fd);
    if (par_os_poll_ns(&one, 1, timeout_ns) <= 0) return PAR_E_TIMEOUT;
    return one.revents & POLLIN && read(fd, &key, 1) == 1 ? key : PAR_E_CLOSED;
}

void par_os_terminal_give_lines(int fd)
{
    if (gives_keys && is_in_front(fd)) tcsetattr(fd, TCSANOW, &lines);
    gives_keys = false;
}
