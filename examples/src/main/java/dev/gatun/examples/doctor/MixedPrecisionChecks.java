package dev.gatun.examples.doctor;

import dev.gatun.cublas.Blas;
import dev.gatun.cublas.ComputeType;
import dev.gatun.cuda.DataType;
import dev.gatun.cuda.DeviceBuffer;
import dev.gatun.cuda.KernelModule;
import dev.gatun.lm.kernels.LmPtx;
import dev.gatun.lm.kernels.LossScaleState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Checks of what training multiplies with, {@code cublasGemmEx}, and of the kernels of mixed precision. Left out are TF32 and products
 * of bfloat16, which not every GPU has.
 */
final class MixedPrecisionChecks {
    private static final int M = 37;
    private static final int N = 29;
    private static final int K = 53;
    private static final int VALUES = 10007;
    private static final int BLOCK = 256;
    private static final int GRID = Math.ceilDiv(VALUES, 4 * BLOCK);
    private static final float SCALE = 1024;

    private MixedPrecisionChecks() {}

    static List<Check> all() {
        List<Check> checks = new ArrayList<>();
        checks.add(new Check("cublasGemmEx float32", "alpha from host and device", Check.FLOAT32,
                comparer -> product(DataType.FLOAT, comparer)));
        checks.add(new Check("cublasGemmEx float16", "float32 sums; alpha from host and device", Check.FLOAT32,
                comparer -> product(DataType.HALF, comparer)));
        for (DataType type : new DataType[] {DataType.HALF, DataType.BFLOAT16}) {
            String name = type == DataType.HALF ? "half" : "bfloat16";
            checks.add(new Check("kernel cast_" + name, VALUES + " values, scaled", 0, comparer -> cast(type, name, comparer)));
            checks.add(new Check("kernel widen_" + name, VALUES + " values, scaled", 0, comparer -> widen(type, name, comparer)));
        }
        checks.add(new Check("kernel update_loss_scale", "growth, and an overflow", 0, MixedPrecisionChecks::lossScale));
        return checks;
    }

    /** Rounds to the nearest number of a type, ties to even; the values here are normal in both. */
    private static double nearest(DataType type, double x) {
        double spacing = Math.scalb(1, Math.getExponent(x) - (type == DataType.HALF ? 10 : 7));
        return type == DataType.FLOAT || x == 0 ? x : Math.rint(x / spacing) * spacing;
    }

    /** Draws numbers that the type holds exactly and that are normal in it. */
    private static double[] draw(Scratch scratch, DataType type, int count) {
        double[] values = scratch.uniform(count, 1);
        Arrays.setAll(values, i -> nearest(type, Math.copySign(0.01 + Math.abs(values[i]), values[i])));
        return values;
    }

    private static short bits(DataType type, double value) {
        return type == DataType.HALF ? Float.floatToFloat16((float) value) : (short) (Float.floatToRawIntBits((float) value) >>> 16);
    }

    private static double value(DataType type, short bits) {
        return type == DataType.HALF ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16);
    }

    private static DeviceBuffer upload(Scratch scratch, DataType type, double[] values) {
        if (type == DataType.FLOAT) {
            return scratch.upload(values);
        }
        DeviceBuffer buffer = scratch.own(DeviceBuffer.allocate((long) type.byteSize() * values.length));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(ValueLayout.JAVA_SHORT, values.length);
            for (int i = 0; i < values.length; i++) {
                host.setAtIndex(ValueLayout.JAVA_SHORT, i, bits(type, values[i]));
            }
            scratch.copyFrom(buffer, host);
        }
        return buffer;
    }

    private static void product(DataType type, Check.Comparer comparer) {
        try (Scratch scratch = new Scratch()) {
            double[] a = scratch.uniform(M * K, 1);
            double[] b = scratch.uniform(K * N, 1);
            Arrays.setAll(a, i -> nearest(type, a[i]));
            Arrays.setAll(b, i -> nearest(type, b[i]));
            double[] c = new double[M * N];
            for (int row = 0; row < M; row++) {
                for (int column = 0; column < N; column++) {
                    for (int i = 0; i < K; i++) {
                        c[column * M + row] += 1.25 * a[i * M + row] * b[column * K + i];
                    }
                }
            }
            Blas blas = scratch.own(Blas.create(scratch.stream));
            DeviceBuffer left = upload(scratch, type, a);
            DeviceBuffer right = upload(scratch, type, b);
            DeviceBuffer result = scratch.floats(c.length);
            blas.gemmEx(type, DataType.FLOAT, ComputeType.F32, false, false, M, N, K, 1.25f, left, M, right, K, 0, result, M);
            comparer.compare("C", c, scratch.read(result));
            blas.gemmEx(type, DataType.FLOAT, ComputeType.F32, false, false, M, N, K, scratch.upload(1.25), left, M, right, K,
                    scratch.upload(0), result, M);
            comparer.compare("C with alpha and beta on the device", c, scratch.read(result));
        }
    }

    private static void launch(Scratch scratch, String kernel, int grid, Object... arguments) {
        scratch.own(KernelModule.load(LmPtx.text())).kernel(kernel).call(grid, BLOCK, arguments).launch(scratch.stream);
    }

    private static void cast(DataType type, String name, Check.Comparer comparer) {
        try (Scratch scratch = new Scratch(); Arena arena = Arena.ofConfined()) {
            double[] x = draw(scratch, DataType.FLOAT, VALUES);
            Arrays.setAll(x, i -> (float) x[i]);
            DeviceBuffer out = scratch.own(DeviceBuffer.allocate((long) type.byteSize() * VALUES));
            launch(scratch, "cast_" + name, GRID, out, scratch.upload(x), scratch.upload(SCALE), (long) VALUES);
            MemorySegment host = scratch.copyTo(out, arena);
            double[] found = new double[VALUES];
            Arrays.setAll(found, i -> value(type, host.getAtIndex(ValueLayout.JAVA_SHORT, i)));
            comparer.compare("values", Arrays.stream(x).map(value -> nearest(type, value * SCALE)).toArray(), found);
        }
    }

    private static void widen(DataType type, String name, Check.Comparer comparer) {
        try (Scratch scratch = new Scratch()) {
            double[] x = draw(scratch, type, VALUES);
            DeviceBuffer out = scratch.floats(VALUES);
            launch(scratch, "widen_" + name, GRID, out, upload(scratch, type, x), scratch.upload(SCALE), (long) VALUES);
            comparer.compare("values", Arrays.stream(x).map(value -> value * SCALE).toArray(), scratch.read(out));
        }
    }

    private static void lossScale(Check.Comparer comparer) {
        try (Scratch scratch = new Scratch(); Arena arena = Arena.ofConfined()) {
            DeviceBuffer loss = scratch.own(DeviceBuffer.allocate(LossScaleState.BYTES));
            DeviceBuffer skip = scratch.upload(new int[1]);
            MemorySegment host = arena.allocate(LossScaleState.BYTES, Float.BYTES);
            LossScaleState.initialize(host, SCALE);
            scratch.copyFrom(loss, host);
            double[] partials = scratch.uniform(GRID, 1);
            double[][] expected = {{SCALE, 1, 0}, {2 * SCALE, 0, 0}, {SCALE, 0, 1}}; // scale, good steps, whether the step is skipped
            for (int step = 0; step < expected.length; step++) {
                partials[GRID / 2] = step == 2 ? Double.POSITIVE_INFINITY : 1;
                launch(scratch, "update_loss_scale", 1, loss, skip, scratch.upload(partials), GRID, 2);
                MemorySegment state = scratch.copyTo(loss, arena);
                MemorySegment flag = scratch.copyTo(skip, arena);
                comparer.compare("scale, good steps and skipping after step " + step, expected[step], new double[] {
                    state.get(ValueLayout.JAVA_FLOAT, LossScaleState.SCALE), state.get(ValueLayout.JAVA_INT, LossScaleState.GOOD_STEPS),
                    flag.get(ValueLayout.JAVA_INT, 0)});
            }
        }
    }
}
