package dev.gatun.tests.ptx;

/** Where a kernel's global memory lies. */
interface AddressSpace {
    /** Returns the region that is the last to begin at or before an address, or null; it need not reach that far. */
    Region at(long address);
}
