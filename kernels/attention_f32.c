// Attention over pages of f32.
#define FORMAT PAGE_F32
#define NAME(FUNCTION) agentc_##FUNCTION##_f32
#include "attention_float.h"

typedef float element; // of the pool
#include "attention.h"
