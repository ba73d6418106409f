/* The calls of CudnnCalls and DnnlCalls in a loop in C: what no binding can be faster than. Usage: calls CUDNN_FOLDER CUDART DNNL */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef void *handle;
static size_t (*version)(void);
static int (*create)(handle *), (*destroy)(handle), (*create_rnn)(handle *), (*create_dropout)(handle *);
static int (*set)(handle, int, int, const int *, const int *);
static int (*set_rnn)(handle, int, int, int, int, int, int, int, int, int, int, int, int, handle, unsigned);
static int (*query)(handle, int, void *), (*clone_desc)(handle *, handle), (*destroy_desc)(handle);
static int (*create_desc)(handle *, int, const int64_t *, int, const int64_t *);

static const int dims[] = {20, 30, 128}, strides[] = {3840, 128, 1};
static handle tensor, rnn, dropout, descriptor;
static int failed;

static void *load(const char *file) {
    void *library = dlopen(file, RTLD_NOW | RTLD_GLOBAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return library;
}

static void *find(void *library, const char *name) {
    void *function = dlsym(library, name);
    if (!function) {
        fprintf(stderr, "no function %s\n", name);
        exit(1);
    }
    return function;
}

static void call_version(void) { failed |= version() == 0; }

static void call_set(void) { failed |= set(tensor, 0, 3, dims, strides); }

static void call_describe(void) {
    handle made;
    failed |= create(&made) | set(made, 0, 3, dims, strides) | destroy(made);
}

static void call_set_rnn(void) { failed |= set_rnn(rnn, 0, 2, 2, 0, 0, 0, 0, 3, 128, 1024, 1024, 1, dropout, 1); }

static void call_query(void) {
    int result;
    failed |= query(descriptor, 256, &result);
}

static void call_clone(void) {
    handle made;
    failed |= clone_desc(&made, descriptor) | destroy_desc(made);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

static int by_value(const void *a, const void *b) { return (*(double *)a > *(double *)b) - (*(double *)a < *(double *)b); }

/* Prints the median of ten measurements, each of a tenth of a second or so, in nanoseconds a call. */
static void measure(const char *name, void (*call)(void)) {
    double times[10];
    long calls = 1000;
    for (int i = -3; i < 10; i++) {
        double start = now();
        for (long n = 0; n < calls; n++) call();
        double took = now() - start;
        if (i < 0) calls = (long)(calls * 1e8 / took) + 1;
        else times[i] = took / calls;
    }
    qsort(times, 10, sizeof *times, by_value);
    printf("%s %.2f\n", name, (times[4] + times[5]) / 2);
}

int main(int count, char **arguments) {
    static const char *parts[] = {"libcudnn_graph.so.9", "libcudnn_ops.so.9", "libcudnn_adv.so.9", "libcudnn.so.9"};
    void *cudnn = NULL;
    if (count != 4) return 2;
    load(arguments[2]);
    for (int i = 0; i < 4; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", arguments[1], parts[i]);
        cudnn = load(file);
    }
    version = find(cudnn, "cudnnGetVersion");
    create = find(cudnn, "cudnnCreateTensorDescriptor");
    destroy = find(cudnn, "cudnnDestroyTensorDescriptor");
    set = find(cudnn, "cudnnSetTensorNdDescriptor");
    create_rnn = find(cudnn, "cudnnCreateRNNDescriptor");
    create_dropout = find(cudnn, "cudnnCreateDropoutDescriptor");
    set_rnn = find(cudnn, "cudnnSetRNNDescriptor_v8");
    void *dnnl = load(arguments[3]);
    query = find(dnnl, "dnnl_memory_desc_query");
    clone_desc = find(dnnl, "dnnl_memory_desc_clone");
    destroy_desc = find(dnnl, "dnnl_memory_desc_destroy");
    create_desc = find(dnnl, "dnnl_memory_desc_create_with_strides");
    const int64_t long_dims[] = {20, 30, 128}, long_strides[] = {3840, 128, 1};
    failed |= create(&tensor) | create_rnn(&rnn) | create_dropout(&dropout);
    failed |= create_desc(&descriptor, 3, long_dims, 3, long_strides);
    measure("version", call_version);
    measure("describe", call_describe);
    measure("setTensor", call_set);
    measure("setRnn", call_set_rnn);
    measure("query", call_query);
    measure("clone", call_clone);
    if (failed) fprintf(stderr, "a call failed\n");
    return failed != 0;
}
