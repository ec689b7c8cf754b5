/* receive(target): a tensor or storage takes over what came. */
#ifndef PAR_LUA_CHILD_FILL_H
#define PAR_LUA_CHILD_FILL_H

#include <lua.h>

/* The object at index `target` takes over the elements of the tensor or storage at the top, in its own type; it gets the shape of
 * what came when it holds another number of them. Pushes the target. Raises when they do not fit together. */
void par_lua_take_over(lua_State *L, int target);

#endif
