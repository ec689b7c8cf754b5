#include "link/protocol.h"

#include <string.h>

bool par_failure_parse(const uint8_t *bytes, size_t len, par_failure *out)
{
    par_failure_header header;
    if (len < sizeof header) return false;
    memcpy(&header, bytes, sizeof header);
    size_t left = len - sizeof header;
    if (header.message_bytes > left || header.traceback_bytes > left - header.message_bytes) return false;
    *out = (par_failure){0};
    out->message = (const char *)bytes + sizeof header;
    out->message_len = header.message_bytes;
    out->traceback = out->message + header.message_bytes;
    out->traceback_len = header.traceback_bytes;
    out->value_len = left - header.message_bytes - header.traceback_bytes;
    if (out->value_len) out->value = (const uint8_t *)out->traceback + header.traceback_bytes;
    return true;
}
