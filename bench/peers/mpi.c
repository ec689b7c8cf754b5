/* What a message there and back takes by MPI, for what ours.lua does, as far as it has it: mpirun -n 2 mpi. Name, value, unit, tab
 * between them. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#define TRIPS 5000
#define LARGE_TRIPS 50
#define MB (1 << 20)

/* Seconds of n trips of so many bytes between the two. */
static double trips(int rank, char *bytes, int len, int n)
{
    double began = MPI_Wtime();
    for (int i = 0; i < n; i++) {
        if (rank == 0) MPI_Send(bytes, len, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
        MPI_Recv(bytes, len, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (rank == 1) MPI_Send(bytes, len, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
    }
    return MPI_Wtime() - began;
}

static void show(const char *name, int rank, char *bytes, int len, int n)
{
    trips(rank, bytes, len, n);
    double seconds = trips(rank, bytes, len, n);
    if (rank == 0) printf("%s\t%g\tus\n", name, seconds / n * 1e6);
}

int main(int argc, char **argv)
{
    int rank;
    char *bytes = calloc(MB, 1);
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    show("round trip of a number", rank, bytes, sizeof(double), TRIPS);
    show("round trip of distinct strings of 1 MB", rank, bytes, MB, LARGE_TRIPS);
    MPI_Finalize();
    free(bytes);
    return 0;
}
