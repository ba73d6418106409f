/* The CUDA driver (libcuda). What is bound of it stands in driver.symbols. */
#include <cuda.h>

/*
 * The headers of CUDA 13 map this name to cuEventElapsedTime_v2, which drivers older than 12.8 lack.
 * Every driver still exports the plain one, so that is the one bound.
 */
#undef cuEventElapsedTime
CUresult CUDAAPI cuEventElapsedTime(float *pMilliseconds, CUevent hStart, CUevent hEnd);
