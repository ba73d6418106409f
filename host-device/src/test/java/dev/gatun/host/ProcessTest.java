package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.gatun.app.DescribeDevice;
import dev.gatun.generated.cublas.Cublas;
import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only a process of its own can show: its end, its module path, and the fast mode. */
class ProcessTest {
    private static final String HOST = "-Dgatun.device=host";
    private static final String CHECKED = "-Dgatun.check=full";

    @Test
    void fastModeReportsNothing() throws Exception {
        assertEquals("", ChildJvm.onClassPath(LeakViolationTest.Leaking.class, HOST).output());
    }

    @Test
    void theDeviceIsFoundOnTheModulePath() throws Exception {
        ChildJvm child = ChildJvm.onModulePath(DescribeDevice.class, HOST);
        assertTrue(child.output().startsWith("0 0 module dev.gatun.bindings host device ("), child.output());
    }

    @Test
    void whereOneDnnIsMissingItIsNamedAndNothingElseIsPrinted() throws Exception {
        ChildJvm child = ChildJvm.onClassPathWithout("dnnl", DescribeDevice.class, HOST);
        assertEquals(1, child.exitStatus());
        assertEquals(1, child.output().split("Exception in thread", -1).length - 1, child.output());
        assertTrue(child.output().contains("is not on the class path or the module path: add the Maven artifact org.bytedeco:dnnl"),
                child.output());
    }

    @Test
    void anUnpackedLibraryIsKeptWhileItIsWholeAndReplacedWhereItIsDamaged(@TempDir Path cache) throws Exception {
        String keptIn = "-Dgatun.cache=" + cache;
        assertEquals(0, ChildJvm.onClassPath(DescribeDevice.class, HOST, keptIn).exitStatus());
        Path library = onlyFile(cache, "libdnnl.so.3");
        Object file = Files.readAttributes(library, BasicFileAttributes.class).fileKey();
        FileTime date = Files.getLastModifiedTime(library);

        Files.setLastModifiedTime(library, FileTime.fromMillis(0));
        assertEquals(0, ChildJvm.onClassPath(DescribeDevice.class, HOST, keptIn).exitStatus());
        assertEquals(file, Files.readAttributes(library, BasicFileAttributes.class).fileKey(), "a whole file is not unpacked again");
        assertEquals(date, Files.getLastModifiedTime(library));

        long middle = Files.size(library) / 2;
        try (FileChannel channel = FileChannel.open(library, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
            channel.read(bytes, middle);
            for (int i = 0; i < bytes.capacity(); i++) {
                bytes.put(i, (byte) ~bytes.get(i));
            }
            channel.write(bytes.flip(), middle);
        }
        assertEquals(0, ChildJvm.onClassPath(DescribeDevice.class, HOST, keptIn).exitStatus());
        assertNotEquals(file, Files.readAttributes(library, BasicFileAttributes.class).fileKey(), "a damaged file is replaced");
        assertEquals(date, Files.getLastModifiedTime(library));
    }

    private static Path onlyFile(Path folder, String name) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.getFileName().toString().equals(name)).findAny().orElseThrow();
        }
    }

    /** Prints what a training step computes, its weights put where the library says they belong. */
    static final class Training {
        public static void main(String[] arguments) {
            try (LstmNetwork net = new LstmNetwork(4, 5, 6, 2, new int[] {4, 2, 3}, 0)) {
                List<long[]> pieces = pieces(net);
                for (int i = 0; i < pieces.size(); i++) {
                    float[] values = new float[(int) pieces.get(i)[1]];
                    for (int k = 0; k < values.length; k++) {
                        values[k] = 0.3f * (float) Math.sin(31 * i + k);
                    }
                    Cuda.write(Cuda.plus(net.weights, pieces.get(i)[0]), values);
                }
                Cuda.ok(net.train());
                Cuda.ok(net.backwardData());
                Cuda.ok(net.backwardWeights());
                System.out.println("bytes " + net.weightBytes);
                System.out.println(Arrays.toString(Cuda.download(net.y, 4 * 3 * 6)));
                System.out.println(Arrays.toString(Cuda.download(net.dx, 4 * 3 * 5)));
                for (long[] piece : pieces) {
                    System.out.println(Arrays.toString(Cuda.download(Cuda.plus(net.dweights, piece[0]), (int) piece[1])));
                }
            }
        }

        /** Returns offset in bytes and number of floats of each matrix and bias, asked of the library. */
        private static List<long[]> pieces(LstmNetwork net) {
            List<long[]> pieces = new ArrayList<>();
            MemorySegment tensor = Cuda.make(Cudnn::cudnnCreateTensorDescriptor);
            for (int layer = 0; layer < net.layers; layer++) {
                for (int id = 0; id < 8; id++) {
                    int layerNumber = layer;
                    int gate = id;
                    long matrix = Cuda.getLong(out -> Cudnn.cudnnGetRNNWeightParams(net.handle, net.rnn, layerNumber, net.weightBytes,
                            net.weights, gate, tensor, out, Cuda.NULL, Cuda.NULL));
                    pieces.add(new long[] {matrix - net.weights.address(), size(tensor)});
                    long bias = Cuda.getLong(out -> Cudnn.cudnnGetRNNWeightParams(net.handle, net.rnn, layerNumber, net.weightBytes,
                            net.weights, gate, Cuda.NULL, Cuda.NULL, tensor, out));
                    pieces.add(new long[] {bias - net.weights.address(), size(tensor)});
                }
            }
            Cuda.ok(Cudnn.cudnnDestroyTensorDescriptor(tensor));
            return pieces;
        }

        private static long size(MemorySegment tensor) {
            return Cuda.getLong(out -> Cudnn.cudnnGetTensorSizeInBytes(tensor, out)) / Float.BYTES;
        }
    }

    @Test
    void scatteredWeightsGiveTheSameNumbersToWhoAsksWhereTheyLie() throws Exception {
        String dense = ChildJvm.onClassPath(Training.class, HOST, CHECKED).output();
        String scattered = ChildJvm.onClassPath(Training.class, HOST, "-Dgatun.check=scattered").output();
        assertNotEquals(dense.lines().findFirst(), scattered.lines().findFirst(), "the sizes of the weight spaces");
        assertEquals(dense.lines().skip(1).toList(), scattered.lines().skip(1).toList());
        assertEquals(3 + 2 * 16, dense.lines().count(), dense);
    }

    /** Prints the bytes that calls allocate on the Java heap: a network's three, a product, and those that reach no oneDNN. */
    static final class Allocating {
        private static final int ROUNDS = 40;
        private static final int CALLS = 1_000;

        private final MemorySegment stream = Cuda.stream();
        private final MemorySegment blas = Cuda.make(Cublas::cublasCreate_v2);
        private final MemorySegment matrix = Cuda.upload(1, 0, 0, 1);
        private final LstmNetwork net = new LstmNetwork(2, 2, 3, 4, 2);
        private final MemorySegment one = Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, 1);
        private final MemorySegment zero = Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, 0);
        private final MemorySegment scale = new ScaleKernel().function("scale");
        private final MemorySegment parameters = Arena.global().allocate(ValueLayout.ADDRESS, 3);

        private Allocating() {
            Cuda.ok(Cublas.cublasSetStream_v2(blas, stream));
            parameters.setAtIndex(ValueLayout.ADDRESS, 0, Arena.global().allocateFrom(ValueLayout.ADDRESS, matrix));
            parameters.setAtIndex(ValueLayout.ADDRESS, 1, one);
            parameters.setAtIndex(ValueLayout.ADDRESS, 2, Arena.global().allocateFrom(ValueLayout.JAVA_INT, 4));
        }

        public static void main(String[] arguments) {
            Allocating calls = new Allocating();
            System.out.println(least(calls::network) + " " + least(calls::product) + " " + least(calls::others));
        }

        /** When the JVM's compilers are done depends on what else the machine does, so that the least of many rounds counts. */
        private static long least(Runnable calls) {
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long least = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS && least > 0; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < CALLS; i++) {
                    calls.run();
                }
                least = Math.min(least, (threads.getCurrentThreadAllocatedBytes() - before) / CALLS);
            }
            return least;
        }

        private void network() {
            net.train();
            net.backwardData();
            net.backwardWeights();
        }

        private void product() {
            Cublas.cublasSgemm_v2(blas, 0, 0, 2, 2, 2, one, matrix, 2, matrix, 2, zero, matrix, 2);
        }

        private void others() {
            Cudart.cudaMemsetAsync(net.dweights, 0, net.weightBytes, stream);
            ScaleKernel.launch(scale, 1, 32, stream, parameters);
            Cudart.cudaStreamSynchronize(stream);
        }
    }

    @Test
    void steadyCallsInFastModeAllocateNothing() throws Exception {
        ChildJvm child = ChildJvm.onClassPath(Allocating.class, HOST);
        assertEquals("0 0 0", child.output().strip(), "bytes for a network; for a product; for a fill, a kernel and a wait");
    }
}
