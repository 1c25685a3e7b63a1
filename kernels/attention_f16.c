// Attention over pages of f16.
#define FORMAT PAGE_F16
#define NAME(FUNCTION) agentc_##FUNCTION##_f16
#include "attention_float.h"

typedef half element; // of the pool
#include "attention.h"
