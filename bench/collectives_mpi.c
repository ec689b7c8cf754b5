/* The same collectives by MPI: mpirun -n N collectives_mpi. Rows as collectives.c prints them. */
#include <mpi.h>
#include <string.h>

#include "collectives.h"

static void call(void *context, const figure *what)
{
    if (what->doubles) MPI_Allreduce(MPI_IN_PLACE, context, (int)what->doubles, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    else MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
    int rank;
    double *data = malloc(DOUBLES_MAX * sizeof *data);
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    memset(data, 0, DOUBLES_MAX * sizeof *data);
    for (int i = 0; i < FIGURES; i++) {
        double us = measure(&figures[i], call, data);
        if (rank == 0) row(figures[i].name, us, "us");
    }
    free(data);
    MPI_Finalize();
    return 0;
}
