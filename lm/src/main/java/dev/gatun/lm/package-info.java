/**
 * Word-level recurrent language models: {@link dev.gatun.lm.LanguageModel} holds the parameters, {@link dev.gatun.lm.Trainer} changes
 * them, {@link dev.gatun.lm.Evaluator} measures them, {@link dev.gatun.lm.Sampler} writes with them, and
 * {@link dev.gatun.lm.Safetensors} carries them to PyTorch and back. {@link dev.gatun.lm.Schedule} and
 * {@link dev.gatun.lm.Plateau} say how the learning rate changes. {@link dev.gatun.lm.TextModel} is all a program needs that
 * scores or continues text. Texts come from {@code dev.gatun.lm.text}.
 *
 * <p>Tensors are row-major float32 (inside a training step also 16 bits, see {@link dev.gatun.lm.Precision}), word ids int32,
 * segments time-major [seq][batch]; all of a model's work is enqueued on one stream. There is one
 * code path for every device that {@link dev.gatun.device.Device} may choose.
 */
package dev.gatun.lm;
