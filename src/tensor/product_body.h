/* Included once for each type by product.c, with T the element, ACC the type of its sums, FROM(double) one of those, PRODUCT what begins
 * the function and NAME the type's name. Sums of integers are unsigned: they wrap. */

static inline __attribute__((always_inline)) void K(put)(T *place, ACC sum, double beta, double alpha)
{
    ACC old = beta == 0 ? 0 : (ACC)FROM(beta) * (ACC)*place;
    *place = (T)(old + (ACC)FROM(alpha) * sum);
}

/* Some rows and columns, from i and j on, for a matrix b with dense rows: their sums stay in registers. */
static inline __attribute__((always_inline)) void K(tile)(const par_matrix *r, double beta, double alpha, const par_matrix *a,
                                                          const par_matrix *b, int64_t i, int64_t j)
{
    typedef T elements __attribute__((vector_size(TILE_COLUMNS * sizeof(T)), aligned(sizeof(T)), may_alias));
    typedef ACC lanes __attribute__((vector_size(TILE_COLUMNS * sizeof(ACC))));
    lanes sum[TILE_ROWS] = {0};
    const T *x = (const T *)a->data + i * a->row_stride, *y = (const T *)b->data + j;
    for (int64_t k = 0; k < a->columns; k++, x += a->column_stride, y += b->row_stride) {
        lanes right = __builtin_convertvector(*(const elements *)y, lanes);
        for (int row = 0; row < TILE_ROWS; row++) sum[row] += (ACC)x[row * a->row_stride] * right;
    }
    for (int row = 0; row < TILE_ROWS; row++)
        for (int c = 0; c < TILE_COLUMNS; c++)
            K(put)((T *)r->data + (i + row) * r->row_stride + (j + c) * r->column_stride, sum[row][c], beta, alpha);
}

/* Row i from column j on. */
static inline __attribute__((always_inline)) void K(row)(const par_matrix *r, double beta, double alpha, const par_matrix *a,
                                                         const par_matrix *b, ACC *sum, int64_t i, int64_t j)
{
    const T *x = (const T *)a->data + i * a->row_stride;
    int64_t n = r->columns - j, step = b->column_stride;
    for (int64_t c = 0; c < n; c++) sum[c] = 0;
    for (int64_t k = 0; k < a->columns; k++) {
        ACC left = (ACC)x[k * a->column_stride];
        const T *y = (const T *)b->data + k * b->row_stride + j * step;
        if (step == 1) VECTOR for (int64_t c = 0; c < n; c++) sum[c] += left * (ACC)y[c];
        else
            for (int64_t c = 0; c < n; c++) sum[c] += left * (ACC)y[c * step];
    }
    for (int64_t c = 0; c < n; c++) K(put)((T *)r->data + i * r->row_stride + (j + c) * r->column_stride, sum[c], beta, alpha);
}

PRODUCT(K(product), (const par_matrix *r, double beta, double alpha, const par_matrix *a, const par_matrix *b, ACC *sum),
        (r, beta, alpha, a, b, sum))
{
    int64_t rows = r->rows - r->rows % TILE_ROWS, columns = b->column_stride == 1 ? r->columns - r->columns % TILE_COLUMNS : 0;
    for (int64_t i = 0; i < rows; i += TILE_ROWS)
        for (int64_t j = 0; j < columns; j += TILE_COLUMNS) K(tile)(r, beta, alpha, a, b, i, j);
    for (int64_t i = 0; i < r->rows; i++) {
        int64_t done = i < rows ? columns : 0;
        if (done < r->columns) K(row)(r, beta, alpha, a, b, sum, i, done);
    }
}

#undef T
#undef NAME
