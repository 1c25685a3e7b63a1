// Threads that share the work of one call.
//
// The thread that calls a kernel describes the work as steps, each cut into
// units, and opens it to its team. Everybody claims units of a step until none
// is left, waits until all are done, and goes on to the next step. Nobody waits
// for a thread that has not come: what it does not claim, the others do. So a
// team may have any number of threads, and a late one costs only its share.
//
// Why not a dispatch a step: the code generator's threads sleep between
// dispatches. Waking them costs some microseconds each time, as long as a step
// of one token takes, and on a busy machine sometimes milliseconds.
#ifndef AGENTC_KERNELS_TEAM_H
#define AGENTC_KERNELS_TEAM_H

#include <stddef.h>
#include <stdint.h>

#define LINE 64 // bytes of a cache line: what many write has one of its own
#define OWN_LINE __attribute__((aligned(LINE)))

typedef void unit_t(const void *context, size_t unit, size_t units);

typedef struct {
  unit_t *run;
  size_t units;
  OWN_LINE uint32_t claimed;
  OWN_LINE uint32_t done;
} step_t;

typedef struct {
  step_t *steps;
  size_t count;
  const void *context; // of every unit
  uint64_t rounding;   // how the caller's processor rounds
} work_t;

// `work->steps` has room for it. (An initialiser would become a call of memset.)
static inline void add_step(work_t *work, unit_t *run, size_t units) {
  step_t *step = &work->steps[work->count++];
  step->run = run, step->units = units;
  step->claimed = 0, step->done = 0;
}

// `gate` is OPEN while work can be joined, plus the number of helpers inside.
// `callers` counts calls that have begun; helpers stay awake while there is one.
#define OPEN 0x10000u
typedef struct {
  OWN_LINE uint32_t gate;
  const work_t *work;
  OWN_LINE uint32_t callers;
  uint32_t sleepers, stopped;
} team_t;

// The processor's floating-point modes: helpers compute like the caller, bit by
// bit.
static inline uint64_t rounding_mode(void) {
#if defined(__x86_64__)
  return __builtin_ia32_stmxcsr() & ~(uint64_t)0x3f;
#elif defined(__aarch64__)
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
#else
  return 0;
#endif
}
static inline void set_rounding_mode(uint64_t mode) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr((uint32_t)mode);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#else
  (void)mode;
#endif
}

static inline void rest(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Lets another thread have the processor; it may be the one to wait for.
static inline void give_way(void) {
#if defined(__x86_64__)
  long call = 24; // sched_yield
  __asm__ volatile("syscall" : "+a"(call) : : "rcx", "r11", "memory");
#elif defined(__aarch64__)
  register long call __asm__("x8") = 124; // sched_yield
  register long result __asm__("x0");
  __asm__ volatile("svc 0" : "=r"(result) : "r"(call) : "memory");
#endif
}

#define RESTS 4000 // some tens of microseconds

static inline void wait_a_little(size_t *turns) {
  if (++*turns < RESTS)
    rest();
  else
    give_way();
}

static inline void go_through(const work_t *work) {
  for (size_t s = 0; s < work->count; s++) {
    step_t *step = &work->steps[s];
    uint32_t unit;
    while ((unit = __atomic_fetch_add(&step->claimed, 1, __ATOMIC_RELAXED)) <
           step->units) {
      step->run(work->context, unit, step->units);
      __atomic_fetch_add(&step->done, 1, __ATOMIC_RELEASE);
    }
    size_t turns = 0;
    while (__atomic_load_n(&step->done, __ATOMIC_ACQUIRE) < step->units)
      wait_a_little(&turns);
  }
}

// Does the work, with the team's help if there is one and nobody else has it.
// Returns when the work is done and no helper looks at it any more.
static inline void share(team_t *team, work_t *work) {
  uint32_t nobody = 0;
  work->rounding = rounding_mode();
  const int mine =
      team && __atomic_compare_exchange_n(&team->gate, &nobody, 1, 0,
                                          __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
  if (mine) {
    team->work = work;
    __atomic_store_n(&team->gate, OPEN, __ATOMIC_RELEASE);
  }
  go_through(work);
  if (!mine)
    return;
  __atomic_fetch_and(&team->gate, ~OPEN, __ATOMIC_RELAXED);
  size_t turns = 0;
  while (__atomic_load_n(&team->gate, __ATOMIC_ACQUIRE))
    wait_a_little(&turns);
}

// A helper's part: joins open work, and returns whether there was any.
static inline int help(team_t *team) {
  uint32_t gate = __atomic_load_n(&team->gate, __ATOMIC_RELAXED);
  if (!(gate & OPEN) ||
      !__atomic_compare_exchange_n(&team->gate, &gate, gate + 1, 0,
                                   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return 0;
  set_rounding_mode(team->work->rounding);
  go_through(team->work);
  __atomic_fetch_sub(&team->gate, 1, __ATOMIC_RELEASE);
  return 1;
}

#endif // AGENTC_KERNELS_TEAM_H
