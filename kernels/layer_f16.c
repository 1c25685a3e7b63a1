// A layer over pages of f16.
#define HEADS_Q4 agentc_norm_heads_f16_q4
#define HEADS_Q8 agentc_norm_heads_f16_q8
#define ATTENTION agentc_attention_f16
#define LAYER agentc_layer_f16

#include <stdint.h>
typedef uint16_t element; // of the pool
#include "layer.h"
