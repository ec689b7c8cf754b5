/* Finding the text of a function, for a Lua that cannot run this one's bytecode. */
#ifndef PAR_CODEC_SOURCE_H
#define PAR_CODEC_SOURCE_H

#include <stddef.h>

/* The expression `function ... end` that begins at a given line of a text; [begin, end) are offsets into the text.
 * is_method: the text has a name with a colon, so that `self` is its first parameter. params: offset of its "(". */
typedef struct par_source_span {
    size_t begin, params, end;
    int is_method;
} par_source_span;

/* Functions that begin in line `first` and end in line `last`: their number; at most `room` of them are in out. */
int par_source_find(const char *text, size_t len, int first, int last, par_source_span *out, int room);

#endif
