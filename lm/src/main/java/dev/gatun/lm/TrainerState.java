package dev.gatun.lm;

import dev.gatun.cuda.DeviceBuffer;
import java.util.Map;

/**
 * All that a trainer keeps beside the model's parameters and that its next step depends on: what a checkpoint must hold for
 * training to go on with the same bits. The memory is the trainer's own; after a write to it, the next step reads what was written.
 *
 * @param moments what the optimiser keeps for each parameter, by PyTorch's name for it
 * @param buffers everything else, by name: the optimiser's state, the LSTM's state, what dropout masks depend on
 */
record TrainerState(Map<String, ParameterBlock> moments, Map<String, DeviceBuffer> buffers) {}
