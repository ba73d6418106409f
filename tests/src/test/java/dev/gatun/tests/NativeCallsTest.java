package dev.gatun.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

/** How many native calls training and sampling take, as {@code gatun doctor} counts them in a process of its own. */
class NativeCallsTest {
    @Test
    void aStepAndAWordTakeAsManyCallsAsDocumented() throws Exception {
        JsonNode report = new ObjectMapper().readTree(Forked.gatun("doctor", "--json").succeeded());
        assertTrue(report.get("passed").asBoolean(), report::toPrettyString);
        JsonNode calls = report.get("native_calls");
        // Single calls. Runtime: wait for a free buffer, copy the ids, mark the copy, zero two gradients, carry hx and cx.
        // Driver: our eight kernels. cuBLAS: logits and their two gradients. cuDNN: forward, data gradient, weight gradient.
        assertCalls(calls, "training_step_single_calls", 7, 8, 3, 3);
        // Wait, copy, mark, launch the graph.
        assertCalls(calls, "training_step_graph_replay", 4, 0, 0, 0);
        // Carry hx and cx; gather, draw, advance; logits; LSTM.
        assertCalls(calls, "sampled_word_single_calls", 2, 3, 1, 1);
        // Launch the graph; a copy, its mark and a wait for as many words as are read back at once: 1 at first, 64 if they come fast.
        assertEquals(1.05, calls.at("/sampled_word_graph_replay/CUDA_runtime").asDouble(), 0.05, report::toPrettyString);
        assertTrue(calls.at("/training_step_single_calls/own_kernels").asInt() <= 12, "own kernels a step: at most a dozen");
    }

    private static void assertCalls(JsonNode calls, String title, double runtime, double driver, double cublas, double cudnn) {
        JsonNode row = calls.get(title);
        assertEquals(runtime, row.get("CUDA_runtime").asDouble(), 1e-9, title + ", CUDA runtime");
        assertEquals(driver, row.get("CUDA_driver").asDouble(), title + ", CUDA driver");
        assertEquals(cublas, row.get("cuBLAS").asDouble(), title + ", cuBLAS");
        assertEquals(0, row.get("cuBLASLt").asDouble(), title + ", cuBLASLt");
        assertEquals(cudnn, row.get("cuDNN").asDouble(), title + ", cuDNN");
        assertEquals(driver, row.get("own_kernels").asDouble(), title + ": the driver only launches kernels");
    }
}
