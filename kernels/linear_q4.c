// Matrix products with 4-bit weights and 8-bit activations.
#include "panels_q4.h"

#include "linear_symbols.h"
