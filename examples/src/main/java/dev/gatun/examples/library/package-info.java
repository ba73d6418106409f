/** Small programs to start from when using Gatun as a library; {@code docs/library.md} walks through them. */
package dev.gatun.examples.library;
