package dev.gatun.lm.kernels;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The language model's kernels as PTX 8.0 for compute capability 7.5, which a driver of CUDA 12 or later translates for its GPU. */
public final class LmPtx {
    private static final String RESOURCE = "kernels.ptx";

    private LmPtx() {}

    /**
     * Returns the PTX text, read anew at each call.
     *
     * @throws IllegalStateException if the jar does not hold it
     */
    public static String text() {
        try (InputStream ptx = LmPtx.class.getResourceAsStream(RESOURCE)) {
            if (ptx == null) {
                throw new IllegalStateException("the resource " + LmPtx.class.getPackageName().replace('.', '/') + "/" + RESOURCE
                        + " is missing from the language model's jar; src/main/cuda/build.sh makes it");
            }
            return new String(ptx.readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
