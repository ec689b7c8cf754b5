/* The table of ids: against a plain list, with ids that share their place, and while memory lasts. */
#include "base/idmap.h"

#include <stdbool.h>

#include "base/status.h"
#include "tap.h"

static uint64_t state = 88172645463325252u;

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void an_empty_one_has_nothing(void)
{
    par_idmap map = {0};
    CHECK(!par_idmap_get(&map, 1));
    CHECK(!par_idmap_remove(&map, 1));
    CHECK(!par_idmap_pop(&map));
    par_idmap_fini(&map);
}

/* What is put, taken and asked for by chance is what a list of all ids says. */
#define IDS 300
static void it_does_what_a_list_does(uint64_t (*id_of)(unsigned))
{
    static char values[IDS];
    bool there[IDS] = {false};
    par_idmap map = {0};
    size_t n = 0;
    for (int step = 0; step < 200000; step++) {
        unsigned i = (unsigned)(draw() % IDS);
        void *want = there[i] ? &values[i] : NULL;
        switch (draw() % 3) {
        case 0:
            if (!there[i]) {
                CHECK_INT(par_idmap_put(&map, id_of(i), &values[i]), PAR_OK);
                there[i] = true;
                n++;
            }
            break;
        case 1:
            CHECK(par_idmap_remove(&map, id_of(i)) == want);
            n -= there[i];
            there[i] = false;
            break;
        default: CHECK(par_idmap_get(&map, id_of(i)) == want);
        }
        CHECK(map.n == n);
    }
    char *value;
    while ((value = par_idmap_pop(&map))) {
        CHECK(there[value - values]);
        there[value - values] = false;
        n--;
    }
    CHECK_INT(n, 0);
    par_idmap_fini(&map);
}

static uint64_t in_a_row(unsigned i) { return i + 1; }
static uint64_t far_apart(unsigned i) { return ((uint64_t)i + 1) << 40; }
static uint64_t at_the_end(unsigned i) { return UINT64_MAX - i; }
static void ids_in_a_row(void) { it_does_what_a_list_does(in_a_row); }
static void ids_far_apart(void) { it_does_what_a_list_does(far_apart); }
static void the_last_ids(void) { it_does_what_a_list_does(at_the_end); }

/* A run of entries that goes round the end of the table: taking one out moves the others up, wherever their home is. */
static void a_gap_is_closed_around_the_end(void)
{
    static char values[12];
    for (unsigned first = 0; first < 12; first++) {
        par_idmap map = {0};
        uint64_t ids[12];
        for (unsigned i = 0; i < 12; i++) { /* 16 places, 12 entries: the longest run there may be */
            ids[i] = draw() | 1;
            CHECK_INT(par_idmap_put(&map, ids[i], &values[i]), PAR_OK);
        }
        CHECK_INT(map.room, 16);
        for (unsigned gone = 0; gone < 12; gone++) {
            unsigned at = (first + gone) % 12;
            CHECK(par_idmap_remove(&map, ids[at]) == &values[at]);
            for (unsigned left = gone + 1; left < 12; left++)
                CHECK(par_idmap_get(&map, ids[(first + left) % 12]) == &values[(first + left) % 12]);
        }
        par_idmap_fini(&map);
    }
}

TAP_MAIN(TEST(an_empty_one_has_nothing), TEST(ids_in_a_row), TEST(ids_far_apart), TEST(the_last_ids), TEST(a_gap_is_closed_around_the_end))
