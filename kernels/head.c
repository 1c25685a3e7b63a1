// The head of a decoder, by a team of threads (team.h). The kernels are in other
// objects, linked into the same module.
#include "abi.h"
#include "team.h"

#define AT(POINTER) POINTER, POINTER, 0, 0, 1

typedef void head_kernel(BUFFER(const float, x), BUFFER(const int32_t, picked),
                         BUFFER(const float, norm), BUFFER(const uint8_t, w),
                         BUFFER(float, y), size_t rows, size_t columns,
                         size_t depth, size_t eps, size_t group, size_t groups);
#pragma GCC visibility push(hidden)
head_kernel agentc_head_q4, agentc_head_q8;
#pragma GCC visibility pop

typedef struct {
  head_kernel *kernel;
  const float *x, *norm;
  const int32_t *picked;
  const uint8_t *w;
  float *y;
  size_t rows, columns, depth, eps;
} head_t;

static void run_unit(const void *context, size_t unit, size_t units) {
  const head_t *h = context;
  h->kernel(AT(h->x), AT(h->picked), AT(h->norm), AT(h->w), AT(h->y), h->rows,
            h->columns, h->depth, h->eps, unit, units);
}

#define TEAM_HEAD(FORM)                                                        \
  void agentc_team_head_##FORM(                                                \
      BUFFER(const float, x), BUFFER(const int32_t, picked),                   \
      BUFFER(const float, norm), BUFFER(const uint8_t, w), BUFFER(float, y),   \
      size_t rows, size_t columns, size_t depth, size_t eps, size_t team,      \
      size_t threads, size_t group, size_t groups) {                           \
    POINTER(const float, x);                                                   \
    POINTER(const int32_t, picked);                                            \
    POINTER(const float, norm);                                                \
    POINTER(const uint8_t, w);                                                 \
    POINTER(float, y);                                                         \
    (void)group, (void)groups;                                                 \
    const head_t head = {agentc_head_##FORM, x,    norm,    picked, w,         \
                         y,                  rows, columns, depth,  eps};      \
    step_t step;                                                               \
    work_t work = {.steps = &step, .count = 0, .context = &head};              \
    add_step(&work, run_unit, 4 * threads);                                    \
    share((team_t *)team, &work);                                              \
  }
TEAM_HEAD(q4)
TEAM_HEAD(q8)
