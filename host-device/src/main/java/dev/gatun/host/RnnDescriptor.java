package dev.gatun.host;

/** An RNN descriptor, with the clipping of the cell state that is set apart from the rest. */
final class RnnDescriptor extends Descriptor<RnnShape> {
    int clipMode;
    int clipNan;
    double clipLeft;
    double clipRight;
}
