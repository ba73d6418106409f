/**
 * The CUDA kernels of the language model: their PTX for a GPU, and a Java twin of each for a software device. Their one source,
 * with shapes and reasons, is {@code src/main/cuda/kernels.cu}; a twin takes the parameters of its kernel in the same order.
 */
package dev.gatun.lm.kernels;
