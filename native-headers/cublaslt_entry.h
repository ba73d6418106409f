/* cuBLASLt (libcublasLt). What is bound of it stands in cublaslt.symbols. */
#include "half_types.h"
#include <cublasLt.h>
