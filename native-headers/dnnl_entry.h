/* oneDNN's C API (libdnnl). What is bound of it stands in dnnl.symbols. */
#include <oneapi/dnnl/dnnl.h>
