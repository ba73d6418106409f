package dev.gatun.tests.ptx;

import java.util.List;
import java.util.Map;

/**
 * A kernel, ready to run.
 *
 * @param name of its {@code .entry}
 * @param parameters the PTX types of its parameters, such as u64
 * @param registers how many registers a lane has, those for constants and special registers included
 * @param constants the registers that hold a constant
 * @param specials the registers that hold a special register, by its name
 * @param sharedBytes static shared memory of a block
 * @param maxThreads the most threads a block may have
 * @param code ends with a return
 */
record Kernel(String name, List<String> parameters, int registers, Map<Integer, Long> constants, Map<Integer, String> specials,
        int sharedBytes, int maxThreads, Instruction[] code) {}
