package dev.gatun.tests;

import static dev.gatun.tests.CallRecorder.NULL;
import static dev.gatun.tests.CallRecorder.ints;
import static dev.gatun.tests.CallRecorder.outDouble;
import static dev.gatun.tests.CallRecorder.outInt;
import static dev.gatun.tests.CallRecorder.outLong;
import static dev.gatun.tests.CallRecorder.outPointer;

import dev.gatun.generated.cublas.Cublas;
import dev.gatun.generated.cublaslt.CublasLt;
import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import dev.gatun.tests.CallRecorder.Call;
import dev.gatun.tests.CallRecorder.Handle;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The C functions that need no device or driver, with good and bad arguments; prints each call and its outcome. */
final class DeviceFreeCalls {
    private final CallRecorder calls;

    private DeviceFreeCalls(CallRecorder calls) {
        this.calls = calls;
    }

    public static void main(String[] arguments) throws IOException {
        CallRecorder calls = new CallRecorder(System.out);
        DeviceFreeCalls all = new DeviceFreeCalls(calls);
        all.runtime();
        all.cublas();
        all.cublasLt();
        all.cudnn();
        new CudnnDescriptorCalls(calls).run();
        all.everythingWithNothing();
    }

    // Runtime

    private void runtime() {
        calls.call("cudaGetLastError");
        for (int error : statuses(Cudart.class, "cudaError", -1, 4, 10, 53, 999, 1000, 9999, 10001)) {
            calls.call("cudaGetErrorName", error);
            calls.call("cudaGetErrorString", error);
        }
        calls.call("cudaPeekAtLastError");
        calls.call("cudaRuntimeGetVersion", outInt());
        calls.call("cudaRuntimeGetVersion", NULL);
        calls.call("cudaDriverGetVersion", outInt());
        calls.call("cudaDriverGetVersion", NULL);
        calls.call("cudaGetLastError");
        calls.call("cudaSetDevice", -1);
        calls.call("cudaPeekAtLastError");
        calls.call("cudaRuntimeGetVersion", outInt());
        calls.call("cudaPeekAtLastError");
        calls.call("cudaGetLastError");
        calls.call("cudaGetLastError");
    }

    // cuBLAS

    private void cublas() {
        for (int status : statuses(Cublas.class, "CUBLAS_STATUS_", -1, 2, 17, 99)) {
            calls.call("cublasGetStatusName", status);
            calls.call("cublasGetStatusString", status);
        }
        calls.call("cublasGetVersion_v2", NULL, outInt());
        calls.call("cublasGetCudartVersion");
        for (int property = -1; property <= 3; property++) {
            calls.call("cublasGetProperty", property, outInt());
        }
        calls.call("cublasSetPointerMode_v2", NULL, 7);
        calls.call("cublasSgemm_v2", NULL, 9, 9, -1, -1, -1, NULL, NULL, 0, NULL, 0, NULL, NULL, 0);
        for (int[] call : new int[][] {{0, 0, 2, 0}, {0, 2, 0, 1}, {0, 2, 2, 1}, {0, 2, 2, 0}, {9, 2, 2, 1}, {9, 0, 2, 1}}) {
            calls.call("cublasSgemv_v2", NULL, call[0], call[1], call[2], NULL, NULL, 2, NULL, call[3], NULL, NULL, 1);
        }
    }

    private void cublasLt() {
        for (int status : statuses(Cublas.class, "CUBLAS_STATUS_", -1, 2, 17, 99)) {
            calls.call("cublasLtGetStatusName", status);
            calls.call("cublasLtGetStatusString", status);
        }
        calls.call("cublasLtGetVersion");
        calls.call("cublasLtGetCudartVersion");
        for (int property = -1; property <= 3; property++) {
            calls.call("cublasLtGetProperty", property, outInt());
        }
        Handle product = calls.make("cublasLtMatmulDescCreate", "product", 68, 0);
        calls.sequence(new Call("cublasLtMatmulDescSetAttribute", product, 3, ints(1), 4),
                new Call("cublasLtMatmulDescGetAttribute", product, 3, outInt(), 4, outLong()));
        calls.call("cublasLtMatmulDescSetAttribute", product, 3, ints(1), 2);
        calls.call("cublasLtMatmulDescSetAttribute", product, 99, ints(1), 4);
        calls.call("cublasLtMatmulDescDestroy", product);
        Handle layout = calls.make("cublasLtMatrixLayoutCreate", "layout", 0, 4, 3, 4);
        calls.sequence(new Call("cublasLtMatrixLayoutSetAttribute", layout, 1, ints(1), 4),
                new Call("cublasLtMatrixLayoutGetAttribute", layout, 1, outInt(), 4, outLong()));
        calls.call("cublasLtMatrixLayoutDestroy", layout);
        Handle preference = calls.make("cublasLtMatmulPreferenceCreate", "preference");
        calls.sequence(new Call("cublasLtMatmulPreferenceSetAttribute", preference, 1, ints(4096, 0), 8),
                new Call("cublasLtMatmulPreferenceGetAttribute", preference, 1, outLong(), 8, outLong()));
        calls.call("cublasLtMatmulPreferenceDestroy", preference);
    }

    // cuDNN

    private void cudnn() {
        for (int status : statuses(Cudnn.class, "CUDNN_STATUS_", -1, 1, 9, 1006, 2999, 5999, 99999)) {
            calls.call("cudnnGetErrorString", status);
        }
        calls.call("cudnnGetVersion");
        calls.call("cudnnGetMaxDeviceVersion");
        calls.call("cudnnGetCudartVersion");
        for (String check : new String[] {"cudnnGraphVersionCheck", "cudnnOpsVersionCheck", "cudnnAdvVersionCheck"}) {
            calls.call(check);
        }
        for (int property = -1; property <= 3; property++) {
            calls.call("cudnnGetProperty", property, outInt());
        }
        calls.call("cudnnSetStream", NULL, NULL);
        calls.call("cudnnGetStream", NULL, outPointer());
        calls.call("cudnnDestroy", NULL);
        Handle operation = calls.make("cudnnCreateOpTensorDescriptor", "operation");
        calls.sequence(new Call("cudnnSetOpTensorDescriptor", operation, 1, 0, 1),
                new Call("cudnnGetOpTensorDescriptor", operation, outInt(), outInt(), outInt()));
        calls.call("cudnnSetOpTensorDescriptor", operation, 99, 0, 1);
        calls.call("cudnnDestroyOpTensorDescriptor", operation);
        Handle reduction = calls.make("cudnnCreateReduceTensorDescriptor", "reduction");
        calls.sequence(new Call("cudnnSetReduceTensorDescriptor", reduction, 3, 0, 1, 1, 0),
                new Call("cudnnGetReduceTensorDescriptor", reduction, outInt(), outInt(), outInt(), outInt(), outInt()));
        calls.call("cudnnSetReduceTensorDescriptor", reduction, 99, 0, 1, 0, 0);
        calls.call("cudnnDestroyReduceTensorDescriptor", reduction);
        Handle activation = calls.make("cudnnCreateActivationDescriptor", "activation");
        calls.sequence(new Call("cudnnSetActivationDescriptor", activation, 2, 1, 0.5),
                new Call("cudnnGetActivationDescriptor", activation, outInt(), outInt(), outDouble()));
        calls.call("cudnnSetActivationDescriptor", activation, 99, 1, 0.5);
        calls.call("cudnnDestroyActivationDescriptor", activation);
    }

    /** Every function that is bound, with 0 or NULL for each argument, but those that the list explains. */
    private void everythingWithNothing() throws IOException {
        Set<String> never;
        try (InputStream list = DeviceFreeCalls.class.getResourceAsStream("never-with-nothing.txt")) {
            never = new String(list.readAllBytes(), StandardCharsets.UTF_8).lines().collect(Collectors.toSet());
        }
        for (Class<?> binding : new Class<?>[] {Cudart.class, Cublas.class, CublasLt.class, Cudnn.class}) {
            CallRecorder.functionsOf(binding).stream().filter(function -> !never.contains(function)).forEach(calls::callWithNothing);
        }
    }

    /** Returns the numbers of a library's status constants, which are methods without parameters, and some more. */
    private static Set<Integer> statuses(Class<?> binding, String prefix, int... others) {
        Set<Integer> statuses = new TreeSet<>();
        for (Method method : binding.getMethods()) {
            if (method.getName().startsWith(prefix) && method.getParameterCount() == 0 && method.getReturnType() == int.class) {
                try {
                    statuses.add((int) method.invoke(null));
                } catch (ReflectiveOperationException e) {
                    throw new IllegalStateException(method.getName(), e);
                }
            }
        }
        for (int other : others) {
            statuses.add(other);
        }
        return statuses;
    }
}
