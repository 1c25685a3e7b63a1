// Matrix products with 8-bit weights and 8-bit activations.
#include "panels_q8.h"

#include "linear_symbols.h"
