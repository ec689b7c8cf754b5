#include "os/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER; /* for whatever library: the pointers of one, and whether it is loaded */

static void *open_first(const char *const *names)
{
    void *library = NULL;
    for (; *names && !library; names++) library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
    return library;
}

/* A pointer to a function is copied as bytes, which is how dlsym is meant. */
static bool find_symbols(void *library, const par_os_symbol *symbols, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol) return false;
        memcpy(symbols[i].at, &symbol, sizeof symbol);
    }
    return true;
}

static int load(const par_os_library *library, par_error *err)
{
    void *opened = open_first(library->names);
    if (!opened) return par_error_set(err, PAR_E_UNSUPPORTED, "%s", library->missing);
    if (find_symbols(opened, library->symbols, library->n_symbols)) return PAR_OK;
    return par_error_set(err, PAR_E_UNSUPPORTED, "%s", library->too_old);
}

int par_os_library_load(const par_os_library *library, bool *loaded, par_error *err)
{
    pthread_mutex_lock(&loading);
    int rc = *loaded ? PAR_OK : load(library, err);
    *loaded = rc == PAR_OK;
    pthread_mutex_unlock(&loading);
    return rc;
}
