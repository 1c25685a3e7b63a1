// A layer over pages of i8.
#define HEADS_Q4 agentc_norm_heads_i8_q4
#define HEADS_Q8 agentc_norm_heads_i8_q8
#define ATTENTION agentc_attention_i8
#define LAYER agentc_layer_i8

#include <stdint.h>
typedef int8_t element; // of the pool
#include "layer.h"
