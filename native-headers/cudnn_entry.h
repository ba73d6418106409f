/* cuDNN (libcudnn and its graph, ops and adv parts). What is bound of it stands in cudnn.symbols. */
#include <cudnn.h>
