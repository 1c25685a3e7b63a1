// The pages that a unit of work reads, and their way from memory: keys and
// values are fetched ahead of their use, across units, at an even pace. What
// hides the latency of memory is not that a line is asked for early, but that
// requests come evenly: few can be under way, and a burst stops the arithmetic.
#ifndef AGENTC_KERNELS_ATTENTION_PAGES_H
#define AGENTC_KERNELS_ATTENTION_PAGES_H

#include "pages.h"

#define BLOCK 8 // pages of a block: its keys are read, then its values
#define BLOCK_KEYS (BLOCK * PAGE)
#define LINE 64 // bytes that memory gives at once

// The pages from `first` to `end` of one sequence, for one layer and kv head.
// Keys, and after them as many bytes of values, are at the same place in each.
typedef struct {
  const uint8_t *pool; // that place in page 0
  const int32_t *table;
  size_t page_bytes, part_bytes, dim, first, end;
} pages_t;

INLINE const uint8_t *keys_of(const pages_t *p, size_t page) {
  return p->pool + (size_t)p->table[page] * p->page_bytes;
}
INLINE const uint8_t *values_of(const pages_t *p, size_t page) {
  return keys_of(p, page) + p->part_bytes;
}

// Where fetching stands: `at` .. `end` of the keys (or values) of page `page`,
// in a block that ends at page `stop`. Blocks are counted over all units; the
// count stays within one of that of the block in work.
typedef struct {
  const uint8_t *at, *end;
  const pages_t *pages, *next; // of this unit, and of the next or null
  size_t page, stop, block, working;
  int values;
} ahead_t;

INLINE size_t smaller_size(size_t a, size_t b) { return a < b ? a : b; }

INLINE size_t block_end(const pages_t *p, size_t page) {
  return smaller_size(page / BLOCK * BLOCK + BLOCK, p->end);
}

INLINE void enter_page(ahead_t *a, size_t page) {
  const uint8_t *keys = keys_of(a->pages, page);
  a->page = page;
  a->at = a->values ? keys + a->pages->part_bytes : keys;
  a->end = a->at + a->pages->part_bytes;
}

INLINE void enter_unit(ahead_t *a, const pages_t *p) {
  a->pages = p;
  a->stop = block_end(p, p->first);
  a->values = 0;
  enter_page(a, p->first);
}

// On to the next page, from keys to values, to the next block, the next unit.
__attribute__((noinline)) static void advance(ahead_t *a) {
  const pages_t *p = a->pages;
  if (a->page + 1 < a->stop) {
    enter_page(a, a->page + 1);
  } else if (!a->values) {
    const size_t start = (a->stop - 1) / BLOCK * BLOCK;
    a->values = 1;
    enter_page(a, start > p->first ? start : p->first);
  } else if (a->block <= a->working && (a->stop < p->end || a->next)) {
    a->block++;
    if (a->stop == p->end) {
      enter_unit(a, a->next);
      a->next = 0;
      return;
    }
    a->values = 0;
    a->stop = block_end(p, a->stop);
    enter_page(a, (a->stop - 1) / BLOCK * BLOCK);
  }
}

// Asks for the next lines, of one page at most.
INLINE void fetch(ahead_t *a, int lines) {
  if (a->at >= a->end)
    advance(a);
  if (a->at >= a->end)
    return;
  const uint8_t *last = a->end - LINE;
  for (int i = 0; i < lines; i++) {
    const uint8_t *line = a->at + i * LINE;
    __builtin_prefetch(line < last ? line : last);
  }
  a->at += lines * LINE;
}

// Begins work on a block. What fetching is late for, it leaves out: the keys of
// this block, and all before them.
INLINE void begin_block(ahead_t *a) {
  while (a->block < a->working || (a->block == a->working && !a->values)) {
    a->page = a->stop - 1;
    advance(a);
  }
}

// Begins a unit; `next` is the one after it, or null.
INLINE void begin_unit(ahead_t *a, const pages_t *p, const pages_t *next) {
  if (a->pages != p) {
    a->block = a->working;
    enter_unit(a, p);
  }
  a->next = next;
}

#endif // AGENTC_KERNELS_ATTENTION_PAGES_H
