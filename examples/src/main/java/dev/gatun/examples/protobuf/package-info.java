/** Protocol buffers messages without generated code, for the two formats that are made of them. */
package dev.gatun.examples.protobuf;
