/* A C program whose children are Lua scripts (examples/c/worker.lua): each gets a text and sends it back in capitals.
 *
 *   cc -O2 parent.c $(pkg-config --cflags --libs parallel) -o parent && ./parent lua5.4 worker.lua
 */
#include <parallel/parallel.h>
#include <stdio.h>
#include <string.h>

enum { CHILDREN = 2 };

static int fail(const parallel_error *error)
{
    fprintf(stderr, "%s\n", error->text);
    return 1;
}

int main(int argc, char **argv)
{
    static const char *const texts[CHILDREN] = {"a text for the first", "and one for the second"};
    parallel_error error;
    parallel_process *children[CHILDREN];
    const char *arguments[] = {argc > 2 ? argv[2] : "worker.lua", NULL};
    parallel_start_options options = {.program = argc > 1 ? argv[1] : "lua", .arguments = arguments};
    for (int i = 0; i < CHILDREN; i++) {
        if (parallel_start(&children[i], &options, &error) != PARALLEL_OK) return fail(&error);
        if (parallel_send(children[i], texts[i], strlen(texts[i]), NULL, PARALLEL_FOREVER, &error) != PARALLEL_OK) return fail(&error);
    }
    for (int i = 0; i < CHILDREN; i++) {
        parallel_message answer;
        parallel_end_status end;
        if (parallel_receive(children[i], &answer, PARALLEL_FOREVER, &error) != PARALLEL_OK) return fail(&error);
        printf("%.*s\n", (int)answer.length, (const char *)answer.bytes);
        if (parallel_wait(children[i], &end, PARALLEL_FOREVER, &error) != PARALLEL_OK) return fail(&error);
        printf("child %d ended with status %d\n", i + 1, end.status);
        parallel_end(children[i]);
    }
    return 0;
}
