/* Waiting for any of many links. */
#ifndef PAR_LINK_SELECT_H
#define PAR_LINK_SELECT_H

#include "link/link.h"

typedef struct par_link_selector par_link_selector;

/* `interrupted(host)`: as that of a link; asked during waits. */
int par_link_selector_open(par_link_selector **out, bool (*interrupted)(void *host), void *host, par_error *err);
void par_link_selector_close(par_link_selector *selector); /* NULL is allowed */
/* `link` is reported from now on. One that is retired or freed leaves by itself. PAR_E_INVALID: it is there already; PAR_E_CLOSED. */
int par_link_selector_add(par_link_selector *selector, par_link *link, par_error *err);
void par_link_selector_remove(par_link_selector *selector, par_link *link);
unsigned par_link_selector_count(const par_link_selector *selector);
/* Waits until a link has news (par_link_is_news); links take turns. PAR_E_TIMEOUT; PAR_E_CLOSED: it is empty, or became so. *out is good
 * until something is called that may close links. */
int par_link_selector_wait(par_link_selector *selector, par_link **out, int64_t deadline_ns, par_error *err);
/* A descriptor that is readable when wait may find something; it belongs to the selector. */
int par_link_selector_fd(par_link_selector *selector, int *fd, par_error *err);

#endif
