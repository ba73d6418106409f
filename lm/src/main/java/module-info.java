/** A thin library for word-level LSTM language models. */
module dev.gatun.lm {
    requires transitive dev.gatun.bindings;

    exports dev.gatun.lm.text;
}
