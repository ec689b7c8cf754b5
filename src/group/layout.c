#include "group/layout.h"

#include "base/checked.h"
#include "base/limits.h"
#include "os/os.h"

/* Windows of 256 KiB stay in the cores' caches; many members have smaller ones, or a board would take too much memory. */
static size_t window_bytes(unsigned seats)
{
    size_t most = PAR_BOARD_WINDOWS_BYTES / (2 * ((size_t)seats + 1)) & ~(size_t)4095;
    return most < PAR_BOARD_WINDOW_BYTES ? most : PAR_BOARD_WINDOW_BYTES;
}

par_layout par_layout_of(unsigned seats)
{
    par_layout l;
    size_t page = par_os_page_bytes();
    l.seats_at = par_round_up(sizeof(par_board_page), PAR_CACHE_LINE);
    l.windows_at = par_round_up(l.seats_at + seats * sizeof(par_seat), page);
    l.window_bytes = window_bytes(seats);
    l.bytes = par_round_up(l.windows_at + 2 * ((size_t)seats + 1) * l.window_bytes, page);
    return l;
}
