/** TensorBoard's event files. */
package dev.gatun.examples.tensorboard;
