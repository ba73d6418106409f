/** The command {@code gatun}, and programs that show how the language-model library is used. */
module dev.gatun.examples {
    requires dev.gatun.lm;
    requires extjwnl.data.wn31;
    requires com.fasterxml.jackson.databind;
    requires info.picocli;

    exports dev.gatun.examples;
    opens dev.gatun.examples to info.picocli;
}
