// One call of an attention kernel a layer, each timed by itself: between two
// calls for a layer the pages of all others are read, as in a model.
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define BUFFER(TYPE) TYPE *, TYPE *, size_t, size_t, size_t
#define PASS(POINTER) POINTER, POINTER, 0, 0, 1

void KERNEL(BUFFER(const float), BUFFER(const int32_t), BUFFER(const int32_t),
            BUFFER(const int32_t), BUFFER(const void), BUFFER(float), size_t,
            size_t, size_t, size_t, size_t, size_t, size_t, size_t, size_t,
            size_t);

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Lowers best_s[layer] to the time of this pass, where that is shorter.
void time_layers(const float *queries, const int32_t *positions,
                 const int32_t *sequence_of, const int32_t *block_table,
                 const void *pool, float *out, size_t rows, size_t table_width,
                 size_t heads, size_t kv_heads, size_t dim, size_t layers,
                 size_t window, double *best_s) {
  for (size_t layer = 0; layer < layers; layer++) {
    const double start_s = now_s();
    KERNEL(PASS(queries), PASS(positions), PASS(sequence_of), PASS(block_table),
           PASS(pool), PASS(out), rows, table_width, heads, kv_heads, dim,
           layer, layers, window, 0, 1);
    const double took_s = now_s() - start_s;
    if (took_s < best_s[layer])
      best_s[layer] = took_s;
  }
}
