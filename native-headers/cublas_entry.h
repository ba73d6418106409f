/* cuBLAS (libcublas). What is bound of it stands in cublas.symbols. */
#include "half_types.h"
#include <cublas_v2.h>

/* The header declares the half-precision products for C++ only; they are C functions all the same. */
cublasStatus_t CUBLASWINAPI cublasHgemm(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb,
        int m, int n, int k, const __half *alpha, const __half *A, int lda, const __half *B, int ldb,
        const __half *beta, __half *C, int ldc);
cublasStatus_t CUBLASWINAPI cublasHgemmBatched(cublasHandle_t handle, cublasOperation_t transa,
        cublasOperation_t transb, int m, int n, int k, const __half *alpha, const __half *const Aarray[], int lda,
        const __half *const Barray[], int ldb, const __half *beta, __half *const Carray[], int ldc, int batchCount);
cublasStatus_t CUBLASWINAPI cublasHgemmStridedBatched(cublasHandle_t handle, cublasOperation_t transa,
        cublasOperation_t transb, int m, int n, int k, const __half *alpha, const __half *A, int lda,
        long long int strideA, const __half *B, int ldb, long long int strideB, const __half *beta, __half *C,
        int ldc, long long int strideC, int batchCount);
