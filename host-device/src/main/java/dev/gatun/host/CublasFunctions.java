package dev.gatun.host;

import dev.gatun.device.NativeLibrary;
import dev.gatun.generated.cublas.Cublas;
import dev.gatun.host.compute.Gemm;
import dev.gatun.host.compute.SixteenBit;
import dev.gatun.host.compute.SixteenBitGemm;
import java.util.Map;

/**
 * cuBLAS of the software device: handles, and products and vector operations in single precision, products of 16-bit matrices
 * too; matrices are column-major as documented.
 */
final class CublasFunctions extends HostLibrary {
    private static final int NOT_INITIALIZED = 1;
    private static final int CUDA_R_32F = 0;
    private static final int CUDA_R_16F = 2;
    private static final int CUDA_R_16BF = 14;
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
        // As documented, it waits for the device.
        host.synchronizeDevice("cublasDestroy_v2");
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
        return gemm("cublasSgemm_v2", Types.FLOAT, handle, opA, opB, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
    }

    int cublasSgemmStridedBatched(long handle, int opA, int opB, int m, int n, int k, long alpha, long a, int lda, long strideA,
            long b, int ldb, long strideB, long beta, long c, int ldc, long strideC, int count) {
        return gemm("cublasSgemmStridedBatched", Types.FLOAT, handle, opA, opB, m, n, k, alpha, a, lda, strideA, b, ldb, strideB, beta, c,
                ldc, strideC, count);
    }

    int cublasGemmEx(long handle, int opA, int opB, int m, int n, int k, long alpha, long a, int aType, int lda, long b, int bType,
            int ldb, long beta, long c, int cType, int ldc, int computeType, int algorithm) {
        handles.get(handle, "cublasGemmEx", "handle");
        Types types = Types.of(aType, bType, cType, computeType);
        return gemm("cublasGemmEx", types, handle, opA, opB, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
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
        return gemm("cublasSgemv_v2", Types.FLOAT, handle, 0, op == 0 ? 1 : 0, 1, op == 0 ? m : n, op == 0 ? n : m, alpha, x, incx, 0, a,
                lda, 0, beta, y, incy, 0, 1);
    }

    /**
     * The types of a product's matrices.
     *
     * @param inputs that of A and B; null for single precision
     * @param roundC whether C is of that type too, not of single precision
     */
    private record Types(SixteenBit inputs, boolean roundC) {
        static final Types FLOAT = new Types(null, false);
        private static final Types HALF = new Types(SixteenBit.HALF, true);
        private static final Types HALF_TO_FLOAT = new Types(SixteenBit.HALF, false);
        private static final Types BFLOAT16 = new Types(SixteenBit.BFLOAT16, true);
        private static final Types BFLOAT16_TO_FLOAT = new Types(SixteenBit.BFLOAT16, false);

        /** Allows what cuBLAS documents for {@code cublasGemmEx} with single-precision arithmetic, but for mixed and integer types. */
        static Types of(int a, int b, int c, int compute) {
            boolean exact = compute == COMPUTE_32F || compute == COMPUTE_32F_PEDANTIC;
            // The modes from here to TF32 allow less precision than single; single is within what they promise.
            boolean fast = compute >= COMPUTE_32F_FAST_16F && compute <= COMPUTE_32F_FAST_TF32;
            if (a == CUDA_R_32F && b == CUDA_R_32F && c == CUDA_R_32F && (exact || fast)) {
                return FLOAT;
            }
            if ((a == CUDA_R_16F || a == CUDA_R_16BF) && a == b && (c == a || c == CUDA_R_32F) && exact) {
                return a == CUDA_R_16F ? c == a ? HALF : HALF_TO_FLOAT : c == a ? BFLOAT16 : BFLOAT16_TO_FLOAT;
            }
            throw Fault.notSupported("cublasGemmEx: types " + a + ", " + b + ", " + c + " with compute type " + compute
                    + "; the software device computes CUDA_R_32F with CUBLAS_COMPUTE_32F and its faster kinds, and CUDA_R_16F or"
                    + " CUDA_R_16BF for A and B, and for C that or CUDA_R_32F, with CUBLAS_COMPUTE_32F");
        }

        int inputBytes() {
            return inputs == null ? Float.BYTES : SixteenBit.BYTES;
        }

        int outputBytes() {
            return roundC ? SixteenBit.BYTES : Float.BYTES;
        }
    }

    private int gemm(String function, Types types, long handle, int opA, int opB, int m, int n, int k, long alpha, long a, int lda,
            long strideA, long b, int ldb, long strideB, long beta, long c, int ldc, long strideC, int count) {
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
            queue.record(checkOnly -> multiply(checkOnly, function, types, transA, transB, m, n, k,
                    devicePointers ? deviceScalar(alpha, function, "alpha") : alphaValue, a, lda, strideA, b, ldb, strideB,
                    devicePointers ? deviceScalar(beta, function, "beta") : betaValue, c, ldc, strideC, count));
        } else {
            multiply(false, function, types, transA, transB, m, n, k, scalar(blas, alpha, function, "alpha"), a, lda, strideA, b,
                    ldb, strideB, scalar(blas, beta, function, "beta"), c, ldc, strideC, count);
        }
        return 0;
    }

    private void multiply(boolean checkOnly, String function, Types types, boolean transA, boolean transB, int m, int n, int k,
            float alpha, long a, int lda, long strideA, long b, int ldb, long strideB, float beta, long c, int ldc, long strideC,
            int count) {
        long aBytes = types.inputBytes() * elements(transA ? k : m, transA ? m : k, lda);
        long bBytes = types.inputBytes() * elements(transB ? n : k, transB ? k : n, ldb);
        long cBytes = types.outputBytes() * elements(m, n, ldc);
        for (int i = 0; i < count; i++) {
            long realA = host.memory.input(a + types.inputBytes() * strideA * i, aBytes, function, "A");
            long realB = host.memory.input(b + types.inputBytes() * strideB * i, bBytes, function, "B");
            long realC = host.memory.real(c + types.outputBytes() * strideC * i, cBytes, function, "C");
            if (checkOnly) {
                continue;
            }
            synchronized (host.engine) {
                // A column-major C is a row-major transposed C: the factors change places.
                if (types.inputs == null) {
                    Gemm.multiply(transB, transA, n, m, k, alpha, realB, ldb, realA, lda, beta, realC, ldc);
                } else {
                    SixteenBitGemm.multiply(types.inputs, types.roundC, transB, transA, n, m, k, alpha, realB, ldb, realA, lda, beta,
                            realC, ldc);
                }
            }
        }
    }

    /** Returns how many elements there are from a column-major matrix's first to its last. */
    private static long elements(int rows, int columns, int leading) {
        return rows == 0 || columns == 0 ? 0 : (long) leading * (columns - 1) + rows;
    }

    // Vectors

    int cublasSaxpy_v2(long handle, int n, long alpha, long x, int incx, long y, int incy) {
        Blas blas = use(handles, handle, "cublasSaxpy_v2");
        HostStream queue = vectors(blas, incx, incy, "cublasSaxpy_v2");
        boolean devicePointers = blas.devicePointers;
        float value = scalar(blas, alpha, "cublasSaxpy_v2", "alpha");
        if (queue.recording()) {
            queue.record(checkOnly -> axpy(checkOnly, n,
                    devicePointers ? deviceScalar(alpha, "cublasSaxpy_v2", "alpha") : value, x, incx, y, incy));
        } else {
            axpy(false, n, value, x, incx, y, incy);
        }
        return 0;
    }

    private void axpy(boolean checkOnly, int n, float alpha, long x, int incx, long y, int incy) {
        long from = host.memory.real(x, vectorBytes(n, incx), "cublasSaxpy_v2", "x");
        long to = host.memory.real(y, vectorBytes(n, incy), "cublasSaxpy_v2", "y");
        if (checkOnly) {
            return;
        }
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
            queue.record(checkOnly -> scale(checkOnly, n,
                    devicePointers ? deviceScalar(alpha, "cublasSscal_v2", "alpha") : value, x, incx));
        } else {
            scale(false, n, value, x, incx);
        }
        return 0;
    }

    private void scale(boolean checkOnly, int n, float alpha, long x, int incx) {
        long real = host.memory.real(x, vectorBytes(n, incx), "cublasSscal_v2", "x");
        if (checkOnly) {
            return;
        }
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
        requireResult(blas, queue, result, "cublasSdot_v2");
        boolean onDevice = blas.devicePointers;
        if (queue.recording()) {
            queue.record(checkOnly -> dot(checkOnly, n, x, incx, y, incy, onDevice, result));
            waitForResult(queue, onDevice, "cublasSdot_v2");
        } else {
            dot(false, n, x, incx, y, incy, onDevice, result);
        }
        return 0;
    }

    int cublasSnrm2_v2(long handle, int n, long x, int incx, long result) {
        Blas blas = use(handles, handle, "cublasSnrm2_v2");
        HostStream queue = vectors(blas, incx, 1, "cublasSnrm2_v2");
        requireResult(blas, queue, result, "cublasSnrm2_v2");
        boolean onDevice = blas.devicePointers;
        if (queue.recording()) {
            queue.record(checkOnly -> norm(checkOnly, n, x, incx, onDevice, result));
            waitForResult(queue, onDevice, "cublasSnrm2_v2");
        } else {
            norm(false, n, x, incx, onDevice, result);
        }
        return 0;
    }

    private void dot(boolean checkOnly, int n, long x, int incx, long y, int incy, boolean onDevice, long result) {
        double sum = products(checkOnly, n, x, incx, y, incy, "cublasSdot_v2");
        putResult(checkOnly, (float) sum, onDevice, result, "cublasSdot_v2");
    }

    private void norm(boolean checkOnly, int n, long x, int incx, boolean onDevice, long result) {
        double sum = products(checkOnly, n, x, incx, x, incx, "cublasSnrm2_v2");
        putResult(checkOnly, (float) Math.sqrt(sum), onDevice, result, "cublasSnrm2_v2");
    }

    private void putResult(boolean checkOnly, float value, boolean onDevice, long result, String function) {
        long target = onDevice ? host.memory.real(result, Float.BYTES, function, "result") : result;
        if (!checkOnly) {
            Native.putFloat(target, value);
        }
    }

    /** A result in host memory is there when the call returns, as cuBLAS documents. */
    private void waitForResult(HostStream queue, boolean onDevice, String function) {
        if (!onDevice) {
            host.synchronize(queue, function);
        }
    }

    /** Returns the sum of products, in double precision, so that the squares of a norm neither overflow nor vanish. */
    private double products(boolean checkOnly, int n, long x, int incx, long y, int incy, String function) {
        long left = host.memory.real(x, vectorBytes(n, incx), function, "x");
        long right = host.memory.real(y, vectorBytes(n, incy), function, "y");
        double sum = 0;
        if (checkOnly) {
            return sum;
        }
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

    /** Refuses a bad address for a result; one in host memory would have to wait, which a capture forbids. */
    private void requireResult(Blas blas, HostStream queue, long result, String function) {
        if (blas.devicePointers) {
            host.memory.real(result, Float.BYTES, function, "result");
        } else if (queue.capture() != null) {
            throw queue.capture().invalidate(Fault.Kind.CAPTURE_UNSUPPORTED,
                    function + ": a result in host memory is not permitted while the stream is being captured");
        } else {
            host.memory.host(result, Float.BYTES, function, "result");
        }
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
