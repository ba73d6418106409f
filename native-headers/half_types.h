/*
 * cuBLAS's headers include cuda_fp16.h and cuda_bf16.h, which pull in C++ device code and one more package
 * (libcu++, for nv/target). Only the size of the two types matters here: they are passed by pointer alone.
 */
#define __CUDA_FP16_H__
#define __CUDA_BF16_H__
typedef struct { unsigned short x; } __half;
typedef struct { unsigned short x; } __nv_bfloat16;
