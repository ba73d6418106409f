/** A program that uses the bindings and nothing else; the software device is found at run time. */
module consumer {
    requires dev.gatun.bindings;
}
