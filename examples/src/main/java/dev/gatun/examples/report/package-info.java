/** Pages on training runs, and comparisons of runs, made from what their folders hold. */
package dev.gatun.examples.report;
