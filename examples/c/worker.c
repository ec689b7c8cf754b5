/* A child in C: it counts the vowels of each text that its parent sends. Its parent may be a Lua program (examples/c/parent.lua) or one
 * in C.
 *
 *   cc -O2 worker.c $(pkg-config --cflags --libs parallel) -o worker
 */
#include <parallel/parallel.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    parallel_error error;
    parallel_process *parent;
    parallel_message text;
    if (parallel_attach(&parent, &error) != PARALLEL_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    while (parallel_receive(parent, &text, PARALLEL_FOREVER, &error) == PARALLEL_OK && text.length > 0) {
        char answer[32];
        size_t vowels = 0;
        for (size_t i = 0; i < text.length; i++) vowels += memchr("aeiouAEIOU", ((const char *)text.bytes)[i], 10) != NULL;
        int length = snprintf(answer, sizeof answer, "%zu", vowels);
        if (parallel_send(parent, answer, (size_t)length, NULL, PARALLEL_FOREVER, &error) != PARALLEL_OK) break;
    }
    return 0; /* an empty text is the end of it */
}
