package dev.gatun.device;

import java.util.List;
import java.util.Map;

/**
 * The C functions that the owned classes call. They are looked up before a set of libraries is accepted, since a generated class
 * that misses its function fails later, with an error that says nothing.
 */
final class RequiredSymbols {
    /** The functions by library, sorted. */
    static final Map<NativeLibrary, List<String>> BY_LIBRARY = Map.of(
            NativeLibrary.DRIVER, List.of(
                    "cuDeviceGetName", "cuGetErrorName", "cuGetErrorString", "cuInit", "cuLaunchKernel", "cuModuleGetFunction",
                    "cuModuleLoadData", "cuModuleUnload"),
            NativeLibrary.CUDART, List.of(
                    "cudaDeviceGetAttribute", "cudaDriverGetVersion", "cudaEventCreateWithFlags", "cudaEventDestroy",
                    "cudaEventElapsedTime", "cudaEventQuery", "cudaEventRecord", "cudaEventSynchronize", "cudaFree", "cudaFreeHost",
                    "cudaGetErrorName", "cudaGetErrorString", "cudaGraphDestroy", "cudaGraphExecDestroy",
                    "cudaGraphInstantiateWithFlags", "cudaGraphLaunch", "cudaHostAlloc", "cudaMalloc", "cudaMemGetInfo", "cudaMemcpy",
                    "cudaMemcpyAsync", "cudaMemsetAsync", "cudaRuntimeGetVersion", "cudaSetDevice", "cudaStreamBeginCapture",
                    "cudaStreamCreateWithFlags", "cudaStreamDestroy", "cudaStreamEndCapture", "cudaStreamSynchronize",
                    "cudaStreamWaitEvent"),
            NativeLibrary.CUBLAS, List.of(
                    "cublasCreate_v2", "cublasDestroy_v2", "cublasGemmEx", "cublasGetStatusName", "cublasGetStatusString",
                    "cublasGetVersion_v2", "cublasSetPointerMode_v2", "cublasSetStream_v2", "cublasSetWorkspace_v2", "cublasSgemm_v2"),
            NativeLibrary.CUDNN, List.of(
                    "cudnnCreate", "cudnnCreateDropoutDescriptor", "cudnnCreateRNNDataDescriptor", "cudnnCreateRNNDescriptor",
                    "cudnnCreateTensorDescriptor", "cudnnDestroy", "cudnnDestroyDropoutDescriptor", "cudnnDestroyRNNDataDescriptor",
                    "cudnnDestroyRNNDescriptor", "cudnnDestroyTensorDescriptor", "cudnnDropoutGetStatesSize", "cudnnGetErrorString",
                    "cudnnGetLastErrorString", "cudnnGetRNNTempSpaceSizes", "cudnnGetRNNWeightParams", "cudnnGetRNNWeightSpaceSize",
                    "cudnnGetTensorNdDescriptor", "cudnnGetVersion", "cudnnRNNBackwardData_v8", "cudnnRNNBackwardWeights_v8",
                    "cudnnRNNForward", "cudnnSetDropoutDescriptor", "cudnnSetRNNDataDescriptor", "cudnnSetRNNDescriptor_v8",
                    "cudnnSetStream", "cudnnSetTensorNdDescriptor"));

    private RequiredSymbols() {}
}
