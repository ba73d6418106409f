/* The CUDA runtime (libcudart). What is bound of it stands in cudart.symbols. */
#include <cuda_runtime_api.h>
