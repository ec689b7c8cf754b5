/* Does a wake-up get lost? The waiting protocol of one ring (src/channel/ring.h, wait.c) in Promela.
 *
 * Each process has a store buffer for the one word that the question is about: a plain store may become visible after a
 * later load of the same process, as on x86 and ARM. A sequentially consistent operation empties the buffer first. Each
 * -DWITHOUT_... leaves out one of these, or one of the looks, and then spin must find both sides asleep: that the model can
 * fail is part of the test.
 *
 * N units go through room for C: the writer waits for room, the reader for bytes. Each says what it waits for (need), looks
 * again and sleeps on its bell; each rings once for a need that it sees fulfilled. */
#ifndef N
#define N 4
#endif
#ifndef C
#define C 2
#endif

/* Shared memory, as others see it. */
byte head, tail;
byte reader_need, writer_need; /* index waited for, 0: nobody waits */
bool reader_bell, writer_bell; /* a byte in the socket, or the count of the bell's word */
byte received;
bool writer_asleep, reader_asleep;

/* One-entry store buffers: value + 1, or 0 when empty. */
byte b_head, b_tail, b_rneed, b_wneed;

#define FENCE_W atomic { (b_head == 0 && b_wneed == 0) -> skip }
#define FENCE_R atomic { (b_tail == 0 && b_rneed == 0) -> skip }

#ifdef WITHOUT_PUBLISH_FENCE /* par_writer_publish */
#define FENCE_PUBLISH skip
#else
#define FENCE_PUBLISH FENCE_W
#endif
#ifdef WITHOUT_GIVE_BACK_FENCE /* par_reader_publish */
#define FENCE_GIVE_BACK skip
#else
#define FENCE_GIVE_BACK FENCE_R
#endif
#ifdef WITHOUT_WRITER_ARM_FENCE /* par_need_set */
#define FENCE_WRITER_ARM skip
#else
#define FENCE_WRITER_ARM FENCE_W
#endif
#ifdef WITHOUT_READER_ARM_FENCE
#define FENCE_READER_ARM skip
#else
#define FENCE_READER_ARM FENCE_R
#endif
#ifdef WITHOUT_WRITER_LOOK /* par_channel_arm */
#define LOOK_AGAIN_W skip
#else
#define LOOK_AGAIN_W seen = tail
#endif
#ifdef WITHOUT_READER_LOOK
#define LOOK_AGAIN_R skip
#else
#define LOOK_AGAIN_R seen = head
#endif

/* The hardware writes a buffered word back whenever it likes. */
active proctype memory()
{
end:
    do
    :: atomic { b_head != 0 -> head = b_head - 1; b_head = 0 }
    :: atomic { b_tail != 0 -> tail = b_tail - 1; b_tail = 0 }
    :: atomic { b_rneed != 0 -> reader_need = b_rneed - 1; b_rneed = 0 }
    :: atomic { b_wneed != 0 -> writer_need = b_wneed - 1; b_wneed = 0 }
    od
}

/* A word has one buffer, and stores of a process stay in order. */
#define STORE_W(buffer, value) atomic { (b_head == 0 && b_wneed == 0) -> buffer = value + 1 }
#define STORE_R(buffer, value) atomic { (b_tail == 0 && b_rneed == 0) -> buffer = value + 1 }

active proctype writer()
{
    byte mine = 0, seen = 0, need, rung = 0;
    do
    :: mine == N -> break
    :: mine < N ->
        do /* wait for room */
        :: mine - seen < C -> break
        :: mine - seen == C ->
            seen = tail;
            if
            :: mine - seen < C -> skip
            :: else ->
                STORE_W(b_wneed, mine - C + 1); /* arm */
                FENCE_WRITER_ARM;
                LOOK_AGAIN_W;
                if
                :: mine - seen < C -> skip
                :: else ->
                    writer_asleep = true;
                    atomic { writer_bell -> writer_bell = false; writer_asleep = false }
                fi;
                STORE_W(b_wneed, 0)
            fi
        od;
        mine++;
        STORE_W(b_head, mine); /* publish */
        FENCE_PUBLISH;
        need = reader_need;    /* then look whether somebody waits for it */
        if
        :: need != 0 && mine >= need && need != rung -> rung = need; reader_bell = true
        :: else -> skip
        fi
    od
}

active proctype reader()
{
    byte mine = 0, seen = 0, need, rung = 0;
    do
    :: mine == N -> break
    :: mine < N ->
        do /* wait for bytes */
        :: seen > mine -> break
        :: seen == mine ->
            seen = head;
            if
            :: seen > mine -> skip
            :: else ->
                STORE_R(b_rneed, mine + 1);
                FENCE_READER_ARM;
                LOOK_AGAIN_R;
                if
                :: seen > mine -> skip
                :: else ->
                    reader_asleep = true;
                    atomic { reader_bell -> reader_bell = false; reader_asleep = false }
                fi;
                STORE_R(b_rneed, 0)
            fi
        od;
        mine++;
        received = mine;
        STORE_R(b_tail, mine); /* give the room back */
        FENCE_GIVE_BACK;
        need = writer_need;
        if
        :: need != 0 && mine >= need && need != rung -> rung = need; writer_bell = true
        :: else -> skip
        fi
    od;
    assert(received == N)
}
