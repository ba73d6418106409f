package dev.gatun.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.gatun.generated.cublas.Cublas;
import dev.gatun.generated.cudart.Cudart;
import dev.gatun.generated.cudnn.Cudnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GraphTest {
    private final MemorySegment stream = Cuda.stream();
    private final MemorySegment branch = Cuda.stream();

    @AfterEach
    void close() {
        Cuda.ok(Cudart.cudaStreamDestroy(stream));
        Cuda.ok(Cudart.cudaStreamDestroy(branch));
    }

    /** One training step of memset, product, kernel and network; its numbers depend on the weights that came before. */
    private final class Step implements AutoCloseable {
        final LstmNetwork net = new LstmNetwork(4, 5, 6, 8, new int[] {4, 4, 3}, 0.25f);
        final ScaleKernel kernel = new ScaleKernel();
        final MemorySegment blas = Cuda.make(Cublas::cublasCreate_v2);
        final MemorySegment product = Cuda.mallocFloats(36);

        Step() {
            Cuda.ok(Cudnn.cudnnSetStream(net.handle, stream));
            Cuda.ok(Cublas.cublasSetStream_v2(blas, stream));
        }

        void run() {
            Cuda.ok(Cudart.cudaMemsetAsync(net.dweights, 0, net.weightBytes, stream));
            Cuda.ok(net.train());
            Cuda.ok(net.backwardData());
            Cuda.ok(net.backwardWeights());
            try (Arena call = Arena.ofConfined()) {
                MemorySegment alpha = call.allocateFrom(ValueLayout.JAVA_FLOAT, 0.5f);
                MemorySegment beta = call.allocateFrom(ValueLayout.JAVA_FLOAT, 0);
                Cuda.ok(Cublas.cublasSgemm_v2(blas, 0, 1, 6, 6, 5, alpha, net.dx, 6, net.x, 6, beta, product, 6));
                // What the call was given is part of the graph: it may change and go afterwards.
                alpha.set(ValueLayout.JAVA_FLOAT, 0, 99);
            }
            Cuda.ok(kernel.scale(stream, product, 3, 36));
            Cuda.ok(kernel.scale(stream, net.weights, 1.01f, (int) (net.weightBytes / 4)));
        }

        float[] results() {
            float[] all = new float[0];
            for (MemorySegment each : new MemorySegment[] {net.dweights, net.dx, product, net.y, net.weights}) {
                int count = each == product ? 36 : each == net.dx ? 4 * 3 * 5 : each == net.y ? 4 * 3 * 6 : (int) (net.weightBytes / 4);
                float[] values = Cuda.download(each, count);
                int offset = all.length;
                all = Arrays.copyOf(all, offset + count);
                System.arraycopy(values, 0, all, offset, count);
            }
            return all;
        }

        @Override
        public void close() {
            Cuda.free(product);
            Cuda.ok(Cublas.cublasDestroy_v2(blas));
            kernel.close();
            net.close();
        }
    }

    @Test
    void aReplayedStepComputesWhatTheStepItselfDoes() {
        try (Step direct = new Step(); Step captured = new Step()) {
            float[] before = captured.results();
            MemorySegment executable = Cuda.capture(stream, captured::run);
            assertArrayEquals(before, captured.results(), "capturing does nothing");
            for (int i = 0; i < 3; i++) {
                direct.run();
                Cuda.ok(Cudart.cudaGraphLaunch(executable, stream));
                Cuda.ok(Cudart.cudaStreamSynchronize(stream));
                assertArrayEquals(direct.results(), captured.results(), "step " + i);
                assertFalse(Float.isNaN(captured.results()[0]));
            }
            Cuda.ok(Cudart.cudaGraphExecDestroy(executable));
        }
    }

    @Test
    void aGraphKeepsShapesThatTheirDescriptorsHadAtCapture() {
        try (LstmNetwork net = new LstmNetwork(4, 3, 5, 6, 1)) {
            Cuda.ok(Cudnn.cudnnSetStream(net.handle, stream));
            MemorySegment executable = Cuda.capture(stream, () -> Cuda.ok(net.train()));
            try (Arena call = Arena.ofConfined()) {
                Cuda.ok(Cudnn.cudnnSetRNNDataDescriptor(net.xDesc, 0, 0, 1, 1, 5, call.allocateFrom(ValueLayout.JAVA_INT, 1), Cuda.NULL));
            }
            Cuda.ok(Cudart.cudaGraphLaunch(executable, stream));
            Cuda.ok(Cudart.cudaStreamSynchronize(stream));
            assertFalse(Float.isNaN(Cuda.download(net.y, 4 * 3 * 6)[4 * 3 * 6 - 1]));
            Cuda.ok(Cudart.cudaGraphExecDestroy(executable));
        }
    }

    /** One stream computes and the other copies out what it had; the copy and the next step both wait for what they need. */
    @Test
    void anEventPullsAnotherStreamIntoTheCaptureAndAnotherBringsItBack() {
        MemorySegment a = Cuda.upload(1, 2);
        MemorySegment b = Cuda.upload(0, 0);
        MemorySegment fork = Cuda.make(Cudart::cudaEventCreate);
        MemorySegment join = Cuda.make(Cudart::cudaEventCreate);
        try (ScaleKernel kernel = new ScaleKernel()) {
            MemorySegment executable = Cuda.capture(stream, () -> {
                Cuda.ok(kernel.scale(stream, a, 2, 2));
                Cuda.ok(Cudart.cudaEventRecord(fork, stream));
                Cuda.ok(Cudart.cudaStreamWaitEvent(branch, fork, 0));
                Cuda.ok(Cudart.cudaMemcpyAsync(b, a, 8, 3, branch));
                Cuda.ok(kernel.scale(branch, b, 10, 2));
                Cuda.ok(Cudart.cudaEventRecord(join, branch));
                Cuda.ok(Cudart.cudaStreamWaitEvent(stream, join, 0));
                Cuda.ok(kernel.scale(stream, a, 3, 2));
            });
            for (int launch = 0; launch < 2; launch++) {
                Cuda.ok(Cudart.cudaGraphLaunch(executable, stream));
                Cuda.ok(Cudart.cudaStreamSynchronize(stream));
            }
            assertArrayEquals(new float[] {36, 72}, Cuda.download(a, 2));
            assertArrayEquals(new float[] {120, 240}, Cuda.download(b, 2));
            // After the capture both streams are free again.
            Cuda.ok(Cudart.cudaMemsetAsync(b, 0, 8, branch));
            Cuda.ok(Cudart.cudaStreamSynchronize(branch));
            assertArrayEquals(new float[2], Cuda.download(b, 2));
            Cuda.ok(Cudart.cudaGraphExecDestroy(executable));
        }
        Cuda.ok(Cudart.cudaEventDestroy(fork));
        Cuda.ok(Cudart.cudaEventDestroy(join));
        Cuda.free(a, b);
    }

    /** What a launch copies in is what pinned memory holds at that launch. */
    @Test
    void aReplayedCopyReadsItsPinnedSourceAnew() {
        MemorySegment pinned = Cuda.make(out -> Cudart.cudaMallocHost(out, 4)).reinterpret(4);
        MemorySegment block = Cuda.malloc(4);
        MemorySegment executable = Cuda.capture(stream, () -> Cuda.ok(Cudart.cudaMemcpyAsync(block, pinned, 4, 1, stream)));
        for (float value : new float[] {3, 4}) {
            pinned.set(ValueLayout.JAVA_FLOAT, 0, value);
            Cuda.ok(Cudart.cudaGraphLaunch(executable, stream));
            Cuda.ok(Cudart.cudaStreamSynchronize(stream));
            assertArrayEquals(new float[] {value}, Cuda.download(block, 1));
        }
        Cuda.ok(Cudart.cudaGraphExecDestroy(executable));
        Cuda.ok(Cudart.cudaFreeHost(pinned));
        Cuda.free(block);
    }
}
