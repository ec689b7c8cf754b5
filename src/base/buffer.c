#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/checked.h"
#include "base/status.h"

void par_buffer_fini(par_buffer *buffer)
{
    free(buffer->data);
    *buffer = (par_buffer){0};
}

int par_buffer_reserve(par_buffer *buffer, size_t more)
{
    size_t need;
    PAR_ASSERT(buffer->len <= buffer->capacity);
    if (!par_checked_add_size(buffer->len, more, &need)) return PAR_E_NOMEM;
    if (need <= buffer->capacity) return PAR_OK;
    size_t grown = buffer->capacity + buffer->capacity / 2;
    if (grown < need) grown = need;
    if (grown < 256) grown = 256;
    uint8_t *data = realloc(buffer->data, grown);
    if (!data && grown > need) data = realloc(buffer->data, grown = need);
    if (!data) return PAR_E_NOMEM;
    buffer->data = data;
    buffer->capacity = grown;
    return PAR_OK;
}

int par_buffer_append(par_buffer *buffer, const void *bytes, size_t len)
{
    int rc = par_buffer_reserve(buffer, len);
    if (rc != PAR_OK) return rc;
    if (len) memcpy(buffer->data + buffer->len, bytes, len);
    buffer->len += len;
    return PAR_OK;
}

void par_buffer_trim(par_buffer *buffer, size_t keep)
{
    buffer->len = 0;
    if (buffer->capacity > keep) par_buffer_fini(buffer);
}
