package dev.gatun.host;

import dev.gatun.device.NativeLibrary;
import dev.gatun.generated.cublas.Cublas;
import dev.gatun.host.compute.Gemm;
import java.util.Map;

/**
 * cuBLAS of the software device: handles, and products and vector operations in single precision; matrices are column-major
 * as documented.
 */
final class CublasFunctions extends HostLibrary {
    private static final int NOT_INITIALIZED = 1;
    private static final int CUDA_R_32F = 0;
    private static final int COMPUTE_32F = 68;
    private static final int COMPUTE_32F_PEDANTIC = 69;
    private static final int COMPUTE_32F_FAST_16F = 74;
    private static final int COMPUTE_32F_FAST_TF32 = 77;
    private static final int WORKSPACE_ALIGNMENT = 256;

    /** Forbids reduced-precision reduction; may be added to any math mode. */
    private static final int MATH_FLAG = 16;

    private static final String UNKNOWN_STATUS = "unrecognized status";
    private static final StatusNames NAMES = new StatusNames(Cublas.class, "CUBLAS_STATUS_");
    private static final Map<Integer, String> TEXTS = Map.ofEntries(
            Map.entry(0, "success"),
            Map.entry(1, "the library was not initialized"),
            Map.entry(3, "the resource allocation failed"),
            Map.entry(7, "an unsupported value or parameter was passed to the function"),
            Map.entry(8, "the function requires an architectural feature absent from the device"),
            Map.entry(11, "an access to GPU memory space failed"),
            Map.entry(13, "the function failed to launch on the GPU"),
            Map.entry(14, "an internal operation failed"),
            Map.entry(15, "the requested functionality is not supported"),
            Map.entry(16, "the license check failed"));

    private static final class Blas extends LibraryHandle {
        boolean devicePointers;
        int mathMode;
        int atomics;
        long workspace;
        long workspaceBytes;
    }

    private final Handles<Blas> handles;

    CublasFunctions(Host host) {
        super(host, NativeLibrary.CUBLAS);
        handles = host.handles("a cuBLAS handle");
    }

    @Override
    int status(Fault.Kind kind) {
        return switch (kind) {
            case INVALID_HANDLE, NOT_INITIALIZED -> NOT_INITIALIZED;
            case OUT_OF_MEMORY -> 3;
            case INVALID_VALUE -> 7;
            case ILLEGAL_ADDRESS -> 11;
            case NOT_SUPPORTED -> 15;
            default -> 13;
        };
    }

    @Override
    int internalError() {
        return 14;
    }

    // Handle

    int cublasCreate_v2(long handle) {
        Native.required(handle, "cublasCreate_v2", "handle");
        host.requireNoCapture("cublasCreate_v2");
        Native.putLong(handle, handles.add(new Blas(), "cublasCreate_v2"));
        return 0;
    }

    int cublasDestroy_v2(long handle) {
        use(handles, handle, "cublasDestroy_v2");
        handles.remove(handle, "cublasDestroy_v2", "handle");
        return 0;
    }

    int cublasGetVersion_v2(long handle, long version) {
        Native.putInt(Native.required(version, "cublasGetVersion_v2", "version"), Cublas.CUBLAS_VERSION());
        return 0;
    }

    long cublasGetCudartVersion() {
        return RuntimeFunctions.VERSION;
    }

    int cublasGetProperty(int type, long value) {
        return property(type, value, "cublasGetProperty");
    }

    /** Answers {@code cublasGetProperty} and {@code cublasLtGetProperty}. */
    static int property(int type, long value, String function) {
        Native.required(value, function, "value");
        Native.putInt(value, switch (type) {
            case 0 -> Cublas.CUBLAS_VER_MAJOR();
            case 1 -> Cublas.CUBLAS_VER_MINOR();
            case 2 -> Cublas.CUBLAS_VER_PATCH();
            default -> throw Fault.invalid(function + ": unknown type " + type);
        });
        return 0;
    }

    long cublasGetStatusName(int status) {
        return statusName(status);
    }

    long cublasGetStatusString(int status) {
        return statusText(status);
    }

    static long statusName(int status) {
        return Host.string(NAMES.of(status, UNKNOWN_STATUS));
    }

    static long statusText(int status) {
        return Host.string(TEXTS.getOrDefault(status, UNKNOWN_STATUS));
    }

    int cublasSetStream_v2(long handle, long stream) {
        Blas blas = use(handles, handle, "cublasSetStream_v2");
        host.stream(stream, "cublasSetStream_v2");
        blas.stream = stream;
        // As documented, a user's workspace does not survive a change of stream.
        blas.workspace = 0;
        blas.workspaceBytes = 0;
        return 0;
    }

    int cublasGetStream_v2(long handle, long stream) {
        Blas blas = use(handles, handle, "cublasGetStream_v2");
        Native.putLong(Native.required(stream, "cublasGetStream_v2", "streamId"), blas.stream);
        return 0;
    }

    int cublasSetWorkspace_v2(long handle, long workspace, long bytes) {
        Blas blas = use(handles, handle, "cublasSetWorkspace_v2");
        if (workspace % WORKSPACE_ALIGNMENT != 0) {
            throw Fault.invalid("cublasSetWorkspace_v2: workspace must be aligned to 256 bytes");
        }
        host.memory.real(workspace, bytes, "cublasSetWorkspace_v2", "workspace");
        blas.workspace = workspace;
        blas.workspaceBytes = bytes;
        return 0;
    }

    int cublasSetPointerMode_v2(long handle, int mode) {
        Blas blas = use(handles, handle, "cublasSetPointerMode_v2");
        blas.devicePointers = oneOf(mode, 1, "cublasSetPointerMode_v2", "mode") == 1;
        return 0;
    }

    int cublasGetPointerMode_v2(long handle, long mode) {
        Native.required(mode, "cublasGetPointerMode_v2", "mode");
        Native.putInt(mode, use(handles, handle, "cublasGetPointerMode_v2").devicePointers ? 1 : 0);
        return 0;
    }

    int cublasSetAtomicsMode(long handle, int mode) {
        Blas blas = use(handles, handle, "cublasSetAtomicsMode");
        blas.atomics = oneOf(mode, 1, "cublasSetAtomicsMode", "mode");
        return 0;
    }

    int cublasGetAtomicsMode(long handle, long mode) {
        Blas blas = use(handles, handle, "cublasGetAtomicsMode");
        Native.putInt(Native.required(mode, "cublasGetAtomicsMode", "mode"), blas.atomics);
        return 0;
    }

    int cublasSetMathMode(long handle, int mode) {
        Blas blas = use(handles, handle, "cublasSetMathMode");
        oneOf(mode & ~MATH_FLAG, 3, "cublasSetMathMode", "mode");
        blas.mathMode = mode;
        return 0;
    }

    int cublasGetMathMode(long handle, long mode) {
        Blas blas = use(handles, handle, "cublasGetMathMode");
        Native.putInt(Native.required(mode, "cublasGetMathMode", "mode"), blas.mathMode);
        return 0;
    }

    // Products

    int cublasSgemm_v2(long handle, int opA, int opB, int m, int n, int k, long alpha, long a, int lda, long b, int ldb, long beta,
            long c, int ldc) {
        return gemm("cublasSgemm_v2", handle, opA, opB, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
    }

    int cublasSgemmStridedBatched(long handle, int opA, int opB, int m, int n, int k, long alpha, long a, int lda, long strideA,
            long b, int ldb, long strideB, long beta, long c, int ldc, long strideC, int count) {
        return gemm("cublasSgemmStridedBatched", handle, opA, opB, m, n, k, alpha, a, lda, strideA, b, ldb, strideB, beta, c, ldc,
                strideC, count);
    }

    int cublasGemmEx(long handle, int opA, int opB, int m, int n, int k, long alpha, long a, int aType, int lda, long b, int bType,
            int ldb, long beta, long c, int cType, int ldc, int computeType, int algorithm) {
        handles.get(handle, "cublasGemmEx", "handle");
        // The modes between these two and TF32 allow less precision than single; single is within what they promise.
        boolean compute = computeType == COMPUTE_32F || computeType == COMPUTE_32F_PEDANTIC
                || computeType >= COMPUTE_32F_FAST_16F && computeType <= COMPUTE_32F_FAST_TF32;
        if (aType != CUDA_R_32F || bType != CUDA_R_32F || cType != CUDA_R_32F || !compute) {
            throw Fault.notSupported("cublasGemmEx: types " + aType + ", " + bType + ", " + cType + " with compute type " + computeType
                    + "; the software device computes CUDA_R_32F with CUBLAS_COMPUTE_32F");
        }
        return gemm("cublasGemmEx", handle, opA, opB, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
    }

    int cublasSgemv_v2(long handle, int op, int m, int n, long alpha, long a, int lda, long x, int incx, long beta, long y, int incy) {
        // As observed of cuBLAS, nothing else is looked at where there is nothing to compute.
        if (m == 0 || n == 0) {
            return 0;
        }
        handles.get(handle, "cublasSgemv_v2", "handle");
        oneOf(op, 2, "cublasSgemv_v2", "trans");
        requireIncrement(incx, "cublasSgemv_v2", "incx");
        requireIncrement(incy, "cublasSgemv_v2", "incy");
        // A vector with an increment is a matrix of one row with that leading dimension: yT = xT op(A)T.
        return gemm("cublasSgemv_v2", handle, 0, op == 0 ? 1 : 0, 1, op == 0 ? m : n, op == 0 ? n : m, alpha, x, incx, 0, a, lda, 0, beta,
                y, incy, 0, 1);
    }

    private int gemm(String function, long handle, int opA, int opB, int m, int n, int k, long alpha, long a, int lda, long strideA,
            long b, int ldb, long strideB, long beta, long c, int ldc, long strideC, int count) {
        Blas blas = use(handles, handle, function);
        HostStream queue = host.queue(blas.stream, function);
        // On real numbers the conjugate transpose (2) is the transpose.
        boolean transA = oneOf(opA, 2, function, "transa") != 0;
        boolean transB = oneOf(opB, 2, function, "transb") != 0;
        if (m < 0 || n < 0 || k < 0 || count < 0 || lda < Math.max(1, transA ? k : m) || ldb < Math.max(1, transB ? n : k)
                || ldc < Math.max(1, m)) {
            throw Fault.invalid(function + ": m=" + m + " n=" + n + " k=" + k + " lda=" + lda + " ldb=" + ldb + " ldc=" + ldc
                    + ": sizes must not be negative, and a leading dimension not below its matrix's rows");
        }
        scalar(blas, alpha, function, "alpha");
        scalar(blas, beta, function, "beta");
        if (m == 0 || n == 0) {
            return 0;
        }
        if (host.checked) {
            host.memory.real(blas.workspace, blas.workspaceBytes, function, "the handle's workspace");
        }
        if (queue.recording()) {
            // A host scalar's value belongs to the graph, a device scalar is read at each launch.
            boolean devicePointers = blas.devicePointers;
            float alphaValue = devicePointers ? 0 : Native.getFloat(alpha);
            float betaValue = devicePointers ? 0 : Native.getFloat(beta);
            queue.record(() -> multiply(function, transA, transB, m, n, k,
                    devicePointers ? deviceScalar(alpha, function, "alpha") : alphaValue, a, lda, strideA, b, ldb, strideB,
                    devicePointers ? deviceScalar(beta, function, "beta") : betaValue, c, ldc, strideC, count));
        } else {
            multiply(function, transA, transB, m, n, k, scalar(blas, alpha, function, "alpha"), a, lda, strideA, b, ldb, strideB,
                    scalar(blas, beta, function, "beta"), c, ldc, strideC, count);
        }
        return 0;
    }

    private void multiply(String function, boolean transA, boolean transB, int m, int n, int k, float alpha, long a, int lda,
            long strideA, long b, int ldb, long strideB, float beta, long c, int ldc, long strideC, int count) {
        long aBytes = matrixBytes(transA ? k : m, transA ? m : k, lda);
        long bBytes = matrixBytes(transB ? n : k, transB ? k : n, ldb);
        long cBytes = matrixBytes(m, n, ldc);
        for (int i = 0; i < count; i++) {
            long realA = host.memory.real(a + Float.BYTES * strideA * i, aBytes, function, "A");
            long realB = host.memory.real(b + Float.BYTES * strideB * i, bBytes, function, "B");
            long realC = host.memory.real(c + Float.BYTES * strideC * i, cBytes, function, "C");
            synchronized (host.engine) {
                // A column-major C is a row-major transposed C: the factors change places.
                Gemm.multiply(transB, transA, n, m, k, alpha, realB, ldb, realA, lda, beta, realC, ldc);
            }
        }
    }

    /** Returns the bytes from a column-major matrix's first element to behind its last. */
    private static long matrixBytes(int rows, int columns, int leading) {
        return rows == 0 || columns == 0 ? 0 : Float.BYTES * ((long) leading * (columns - 1) + rows);
    }

    // Vectors

    int cublasSaxpy_v2(long handle, int n, long alpha, long x, int incx, long y, int incy) {
        Blas blas = use(handles, handle, "cublasSaxpy_v2");
        HostStream queue = vectors(blas, incx, incy, "cublasSaxpy_v2");
        boolean devicePointers = blas.devicePointers;
        float value = scalar(blas, alpha, "cublasSaxpy_v2", "alpha");
        if (queue.recording()) {
            queue.record(() -> axpy(n, devicePointers ? deviceScalar(alpha, "cublasSaxpy_v2", "alpha") : value, x, incx, y, incy));
        } else {
            axpy(n, value, x, incx, y, incy);
        }
        return 0;
    }

    private void axpy(int n, float alpha, long x, int incx, long y, int incy) {
        long from = host.memory.real(x, vectorBytes(n, incx), "cublasSaxpy_v2", "x");
        long to = host.memory.real(y, vectorBytes(n, incy), "cublasSaxpy_v2", "y");
        synchronized (host.engine) {
            for (long i = 0; i < n; i++) {
                long target = to + Float.BYTES * incy * i;
                Native.putFloat(target, Native.getFloat(target) + alpha * Native.getFloat(from + Float.BYTES * incx * i));
            }
        }
    }

    int cublasSscal_v2(long handle, int n, long alpha, long x, int incx) {
        Blas blas = use(handles, handle, "cublasSscal_v2");
        HostStream queue = vectors(blas, incx, 1, "cublasSscal_v2");
        boolean devicePointers = blas.devicePointers;
        float value = scalar(blas, alpha, "cublasSscal_v2", "alpha");
        if (queue.recording()) {
            queue.record(() -> scale(n, devicePointers ? deviceScalar(alpha, "cublasSscal_v2", "alpha") : value, x, incx));
        } else {
            scale(n, value, x, incx);
        }
        return 0;
    }

    private void scale(int n, float alpha, long x, int incx) {
        long real = host.memory.real(x, vectorBytes(n, incx), "cublasSscal_v2", "x");
        synchronized (host.engine) {
            for (long i = 0; i < n; i++) {
                long element = real + Float.BYTES * incx * i;
                Native.putFloat(element, alpha * Native.getFloat(element));
            }
        }
    }

    int cublasSdot_v2(long handle, int n, long x, int incx, long y, int incy, long result) {
        Blas blas = use(handles, handle, "cublasSdot_v2");
        HostStream queue = vectors(blas, incx, incy, "cublasSdot_v2");
        long target = result(blas, queue, result, "cublasSdot_v2");
        if (queue.recording()) {
            queue.record(() -> Native.putFloat(host.memory.real(result, Float.BYTES, "cublasSdot_v2", "result"),
                    dot(n, x, incx, y, incy)));
        } else {
            Native.putFloat(target, dot(n, x, incx, y, incy));
        }
        return 0;
    }

    int cublasSnrm2_v2(long handle, int n, long x, int incx, long result) {
        Blas blas = use(handles, handle, "cublasSnrm2_v2");
        HostStream queue = vectors(blas, incx, 1, "cublasSnrm2_v2");
        long target = result(blas, queue, result, "cublasSnrm2_v2");
        if (queue.recording()) {
            queue.record(() -> Native.putFloat(host.memory.real(result, Float.BYTES, "cublasSnrm2_v2", "result"), norm(n, x, incx)));
        } else {
            Native.putFloat(target, norm(n, x, incx));
        }
        return 0;
    }

    private float dot(int n, long x, int incx, long y, int incy) {
        return (float) products(n, x, incx, y, incy, "cublasSdot_v2");
    }

    private float norm(int n, long x, int incx) {
        return (float) Math.sqrt(products(n, x, incx, x, incx, "cublasSnrm2_v2"));
    }

    /** Returns the sum of products, in double precision, so that the squares of a norm neither overflow nor vanish. */
    private double products(int n, long x, int incx, long y, int incy, String function) {
        long left = host.memory.real(x, vectorBytes(n, incx), function, "x");
        long right = host.memory.real(y, vectorBytes(n, incy), function, "y");
        double sum = 0;
        synchronized (host.engine) {
            for (long i = 0; i < n; i++) {
                sum += (double) Native.getFloat(left + Float.BYTES * incx * i) * Native.getFloat(right + Float.BYTES * incy * i);
            }
        }
        return sum;
    }

    private HostStream vectors(Blas blas, int incx, int incy, String function) {
        requireIncrement(incx, function, "incx");
        requireIncrement(incy, function, "incy");
        return host.queue(blas.stream, function);
    }

    /** Returns where a result goes; one in host memory would have to wait, which a capture forbids. */
    private long result(Blas blas, HostStream queue, long result, String function) {
        if (blas.devicePointers) {
            return host.memory.real(result, Float.BYTES, function, "result");
        }
        if (queue.recording()) {
            throw queue.capture().invalidate(Fault.Kind.CAPTURE_UNSUPPORTED,
                    function + ": a result in host memory is not permitted while the stream is being captured");
        }
        return host.memory.host(result, Float.BYTES, function, "result");
    }

    private static long vectorBytes(int n, int increment) {
        return n <= 0 ? 0 : Float.BYTES * ((n - 1L) * increment + 1);
    }

    private static void requireIncrement(int increment, String function, String argument) {
        if (increment == 0) {
            throw Fault.invalid(function + ": " + argument + " is 0");
        }
        if (increment < 0) {
            throw Fault.notSupported(function + ": " + argument + " is " + increment + "; the software device walks vectors forwards");
        }
    }

    private float scalar(Blas blas, long pointer, String function, String argument) {
        return blas.devicePointers ? deviceScalar(pointer, function, argument)
                : Native.getFloat(host.memory.host(pointer, Float.BYTES, function, argument));
    }

    private float deviceScalar(long pointer, String function, String argument) {
        return Native.getFloat(host.memory.real(pointer, Float.BYTES, function, argument));
    }

    private static int oneOf(int value, int largest, String function, String argument) {
        if (value < 0 || value > largest) {
            throw Fault.invalid(function + ": " + argument + " is " + value + "; expected 0 to " + largest);
        }
        return value;
    }
}
