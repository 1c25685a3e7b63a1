// The helpers of a team (team.h), as the runtime starts and stops them. Unlike
// the kernels this is an ordinary library of the host.
#include "team.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

// How long a helper stays awake after a call: longer than an engine takes
// between two steps, so that it sleeps only when there is nothing to do.
#define LINGER_NS 300000

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint32_t value(const uint32_t *p) {
  return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

EXPORT size_t agentc_team_bytes(void) { return sizeof(team_t); }

// A call begins, or has ended. In between, helpers look for work all the time.
EXPORT void agentc_team_begin(team_t *team) {
  __atomic_fetch_add(&team->callers, 1, __ATOMIC_SEQ_CST);
  if (value(&team->sleepers))
    syscall(SYS_futex, &team->callers, FUTEX_WAKE_PRIVATE, 1 << 20, 0, 0, 0);
}
EXPORT void agentc_team_end(team_t *team) {
  __atomic_fetch_sub(&team->callers, 1, __ATOMIC_SEQ_CST);
}

static void sleep_until_called(team_t *team) {
  __atomic_fetch_add(&team->sleepers, 1, __ATOMIC_SEQ_CST);
  while (!value(&team->callers) && !value(&team->stopped))
    syscall(SYS_futex, &team->callers, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
  __atomic_fetch_sub(&team->sleepers, 1, __ATOMIC_SEQ_CST);
}

// The life of a helper thread; ends after agentc_team_stop.
EXPORT void agentc_team_serve(team_t *team) {
  uint64_t last_ns = now_ns();
  for (size_t turn = 0; !value(&team->stopped); turn++) {
    if (help(team) || (turn % 64 == 0 && value(&team->callers))) {
      last_ns = now_ns();
    } else if (turn % 64 == 0 && now_ns() - last_ns > LINGER_NS) {
      sleep_until_called(team);
      last_ns = now_ns();
    } else {
      rest();
    }
  }
}

EXPORT void agentc_team_stop(team_t *team) {
  __atomic_store_n(&team->stopped, 1, __ATOMIC_SEQ_CST);
  syscall(SYS_futex, &team->callers, FUTEX_WAKE_PRIVATE, 1 << 20, 0, 0, 0);
}
