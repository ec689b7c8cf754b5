/* From the bytes of a message to its values. */
#ifndef PAR_LUA_CHILD_DECODE_H
#define PAR_LUA_CHILD_DECODE_H

#include "lua/child/handle.h"

/* What is decoded, for errors about code that may not come (par_codec_origin). */
typedef struct par_lua_source {
    const char *what;
    int skip;
} par_lua_source;

/* par_codec_decode of something that this process sent. Code only from one that may send it. Enter before. */
int par_lua_link_decode(lua_State *L, par_lua_link *self, const par_lua_source *source, const uint8_t *bytes, size_t len,
                        par_blob *const *payloads, uint32_t n_payloads, par_error *err);
/* The values of a message that was received, pushed; returns their number, or negative. It is given back, or held
 * (core.child.hold). Enter before. */
int par_lua_link_push_message(lua_State *L, par_lua_link *self, const par_lua_source *source, par_message *message, par_error *err);

#endif
