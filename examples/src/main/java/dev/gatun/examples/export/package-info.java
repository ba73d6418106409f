/** A trained model in the formats of other programs. */
package dev.gatun.examples.export;
