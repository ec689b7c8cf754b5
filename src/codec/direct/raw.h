/* What the walk asks of a layout. lua51.h to lua55.h and luajit.h each declare how one family of VMs keeps tables, and define:
 *
 *   raw_slot, raw_node, raw_table      as they lie in memory
 *   RAW_FIRST_KEY                      the key of the first slot of the array part
 *   raw_view_of(table)                 the parts of a table; the order of lua_next is: slots, then nodes
 *   raw_slot_at(view, position)        of the array part
 *   raw_array_memory(view, &bytes)     where it lies
 *   raw_key_of(node), raw_value_of(node)
 *   raw_kind_of(slot), and what a slot of each kind holds: raw_float, raw_integer, raw_string, raw_inner
 *   raw_is_text(slot)                  is its kind RAW_TEXT?
 *   raw_is_absent(slot)                is it RAW_NIL?
 *   raw_address_of(slot)               of what it refers to, if it does
 *   raw_float_or_nan(slot)             a float, or a NaN
 *   raw_set_float, raw_set_integer     make a slot of the array part hold a number (fill.h says which)
 *   raw_object_of(slot)                address of a RAW_TEXT (as lua_tolstring gives it), RAW_TABLE
 *   raw_learn_text(slot, bytes, len)   for the self-test, where the layout of strings differs from one release to the next
 *   raw_metatable(table)
 *   raw_array_border(view, table, &ask)  what the length operator finds in the array part; ask: it would go on in the nodes
 *
 * Nothing here is called before the self-test has proved the layout, but by that test. */
#ifndef PAR_CODEC_DIRECT_RAW_H
#define PAR_CODEC_DIRECT_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum raw_kind {
    RAW_NIL,
    RAW_FALSE,
    RAW_TRUE,
    RAW_INTEGER,
    RAW_FLOAT, /* every number of a Lua without integers */
    RAW_TEXT,
    RAW_TABLE,
    RAW_OTHER /* nothing that the walk knows */
} raw_kind;

#endif
