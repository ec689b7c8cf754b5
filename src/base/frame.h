/* Is a call that was under way still under way? A Lua error leaves a call by longjmp, without its last words, so a count of calls would
 * stay up for ever. The address of a call's stack frame tells by itself: C stacks grow downwards on every system that this runs on,
 * so a call which has ended lies below whoever asks, or where he stands. One that was left by an error and was deeper than
 * he is now seems under way until somebody asks from further up: whoever relies on this has to bear that. */
#ifndef PAR_BASE_FRAME_H
#define PAR_BASE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The frame of the function that this stands in. */
#define PAR_FRAME_HERE __builtin_frame_address(0)

/* `frame`: PAR_FRAME_HERE of a call on this thread's stack, or NULL. */
#define PAR_FRAME_LIVES(frame) par_frame_is_above((frame), PAR_FRAME_HERE)
static inline bool par_frame_is_above(const void *frame, const void *here) { return frame != NULL && (uintptr_t)frame > (uintptr_t)here; }

#endif
