// Times one kernel, linked in as KERNEL: `calls` products over weights that
// rotate through `copies`, so that they come from memory and not from a cache.
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define BUFFER(P, N) P, P, 0, N, 1

extern void KERNEL(const float *, const float *, size_t, size_t, size_t,
                   const uint8_t *, const uint8_t *, size_t, size_t, size_t,
                   float *, float *, size_t, size_t, size_t, size_t rows,
                   size_t columns, size_t depth, size_t group, size_t groups);

// Processor time of this thread: what others take of the machine is not ours.
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Seconds of one call, averaged over the burst.
double burst_s(const float *x, const uint8_t *w, float *y, size_t rows,
               size_t columns, size_t depth, size_t groups, size_t weight_bytes,
               size_t copies, size_t first, size_t calls) {
  const double start = now();
  for (size_t i = 0; i < calls; i++)
    KERNEL(BUFFER(x, 0), BUFFER(w + (first + i) % copies * weight_bytes, 0),
           BUFFER(y, 0), rows, columns, depth, 0, groups);
  return (now() - start) / (double)calls;
}

// Bytes a second that this core reads from memory, in one pass over `bytes`.
double read_rate(const uint8_t *from, size_t bytes) {
  typedef uint64_t wide __attribute__((vector_size(64)));
  wide sum[4] = {{0}, {0}, {0}, {0}};
  const wide *p = (const wide *)from;
  const double start = now();
  for (size_t i = 0; i < bytes / 64; i += 4)
    for (int k = 0; k < 4; k++) {
      __builtin_prefetch(p + i + 64 + k);
      sum[k] += p[i + (size_t)k];
    }
  const double seconds = now() - start;
  static volatile uint64_t sink;
  for (int k = 0; k < 4; k++)
    sink += sum[k][0] + sum[k][7];
  return (double)bytes / seconds;
}
