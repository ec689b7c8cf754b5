#include "view/view.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "os/os.h"

/* What is written before there is anything to show, or where it cannot be shown. */
static par_view nowhere;
_Atomic(par_view *) par_view_mine = &nowhere;

bool par_view_is_shown(void) { return par_view_now() != &nowhere; }

/* Its number is written last: with it the rest is there (look.c reads all in one copy, and looks at the magic word). */
static bool begin(void *memory)
{
    par_view *view = (par_view *)((char *)memory + PAR_VIEW_AT);
    view->version = PAR_VIEW_VERSION;
    view->pid = (uint32_t)par_os_pid();
    memcpy(view->name, nowhere.name, sizeof view->name);
    atomic_store_explicit(&par_view_mine, view, memory_order_relaxed);
    atomic_store_explicit(&view->magic, PAR_VIEW_MAGIC, memory_order_release);
    return true;
}

void par_view_show(int memory_fd)
{
    par_error ignored;
    size_t bytes;
    void *memory;
    bool shown = par_os_memory_size(memory_fd, &bytes, &ignored) == PAR_OK && bytes >= PAR_VIEW_AT + sizeof(par_view) &&
                 par_os_memory_map(memory_fd, 0, PAR_VIEW_AT + sizeof(par_view), &memory, &ignored) == PAR_OK && begin(memory);
    if (!shown) par_os_close(memory_fd); /* else it stays open, for those who look */
}

static void show_own(void)
{
    par_error ignored;
    int fd;
    size_t page = par_os_page_bytes(), bytes = (PAR_VIEW_AT + sizeof(par_view) + page - 1) / page * page;
    if (!par_view_is_shown() && par_os_memory_open(bytes, &fd, &ignored) == PAR_OK) par_view_show(fd);
}

void par_view_show_own(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT; /* states in several threads may have their first children at once */
    pthread_once(&once, show_own);
}

void par_view_set_name(const char *name)
{
    char *to = par_view_now()->name;
    strncpy(to, name, PAR_VIEW_NAME_BYTES - 1);
    to[PAR_VIEW_NAME_BYTES - 1] = 0;
}

void par_view_wait(uint32_t who, uint32_t id)
{
    par_view *mine = par_view_now();
    uint64_t waits = (uint64_t)who << 32 | id;
    if (atomic_load_explicit(&mine->waits, memory_order_relaxed) == waits) return;
    par_view_set(&mine->waits_ns, (uint64_t)par_os_now_coarse_ns());
    par_view_set(&mine->waits, waits);
}

void par_view_answer(const char *text, size_t len)
{
    par_view *mine = par_view_now();
    uint32_t turn = atomic_load_explicit(&mine->turn, memory_order_relaxed);
    if (len > PAR_VIEW_TEXT_BYTES) len = PAR_VIEW_TEXT_BYTES;
    atomic_store_explicit(&mine->turn, turn | 1, memory_order_seq_cst); /* before the first byte changes */
    memcpy(mine->text, text, len);
    atomic_store_explicit(&mine->text_bytes, (uint32_t)len, memory_order_relaxed);
    atomic_store_explicit(&mine->turn, (turn | 1) + 1, memory_order_release);
}
