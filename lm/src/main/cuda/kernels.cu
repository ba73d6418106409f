/*
 * What a language model needs of a GPU and neither cuDNN nor cuBLAS offers.
 *
 * Matrices are row-major float32, word ids int32. A block may have any multiple of 32 threads up to 1024. Nothing is summed
 * with floating-point atomics: the same launch on the same device gives the same bits. Rows are read 16 bytes at a time where
 * their addresses allow it, and any size is taken, down to a vocabulary of one word.
 *
 * build.sh makes the PTX that the jar holds. Each kernel has a Java twin in dev.gatun.lm.kernels.
 */
#include <float.h>
#include <math.h>
#include <stdint.h>

#define KERNEL extern "C" __global__ void __launch_bounds__(1024)

const unsigned ALL_LANES = 0xffffffffu;
const int WARP = 32;
const int MAX_WARPS = 1024 / WARP;

__device__ bool aligned16(const void* p)
{
    return ((uintptr_t) p & 15) == 0;
}

__device__ float add(float a, float b)
{
    return a + b;
}

__device__ float4 add(float4 a, float4 b)
{
    return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}

struct Sum {
    template <typename T> __device__ static T of(T a, T b) { return a + b; }
};

struct Max {
    __device__ static float of(float a, float b) { return fmaxf(a, b); }
    __device__ static unsigned long long of(unsigned long long a, unsigned long long b) { return max(a, b); }
};

/*
 * Combines one value of every thread and returns the result to all of them. `neutral` stands in for absent warps; `shared` has
 * room for MAX_WARPS values and may be used again at once. It holds two barriers, so whatever the block read before the call is
 * read before anything is written after it.
 */
template <typename Operation, typename T> __device__ T blockReduce(T value, T neutral, T* shared)
{
    int lane = threadIdx.x % WARP;
    for (int offset = WARP / 2; offset > 0; offset /= 2) {
        value = Operation::of(value, __shfl_xor_sync(ALL_LANES, value, offset));
    }
    __syncthreads();
    if (lane == 0) {
        shared[threadIdx.x / WARP] = value;
    }
    __syncthreads();
    value = lane < blockDim.x / WARP ? shared[lane] : neutral;
    for (int offset = WARP / 2; offset > 0; offset /= 2) {
        value = Operation::of(value, __shfl_xor_sync(ALL_LANES, value, offset));
    }
    return value;
}

/* ---- embedding --------------------------------------------------- */

/* to[0..n) = from[0..n), or zeros where from is null. */
template <typename V> __device__ void copyRow(V* to, const V* __restrict__ from, int n)
{
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        to[i] = from != nullptr ? from[i] : V();
    }
}

/*
 * row[0..width) = the sum of the rows of dout whose id is that of token `first`, in ascending order of token; with ADD, of what row
 * holds and those. A warp compares 32 ids at a time; every warp finds the same tokens, so the block needs no barrier.
 */
template <bool ADD, typename V>
__device__ void sumOfEqualIds(V* row, const V* __restrict__ dout, const int* __restrict__ ids, int first, int tokens, int width)
{
    int lane = threadIdx.x % WARP;
    int id = ids[first];
    for (int left = 0; left < width; left += blockDim.x) {
        int column = left + threadIdx.x;
        V sum = ADD && column < width ? row[column] : V();
        for (int group = first; group < tokens; group += WARP) {
            unsigned equal = __ballot_sync(ALL_LANES, group + lane < tokens && ids[group + lane] == id);
            for (; equal != 0; equal &= equal - 1) {
                int token = group + __ffs(equal) - 1;
                if (column < width) {
                    sum = add(sum, dout[(size_t) token * width + column]);
                }
            }
        }
        if (column < width) {
            row[column] = sum;
        }
    }
}

__device__ bool hasEarlierEqualId(const int* __restrict__ ids, int token)
{
    int lane = threadIdx.x % WARP;
    int id = ids[token];
    for (int group = 0; group < token; group += WARP) {
        if (__any_sync(ALL_LANES, group + lane < token && ids[group + lane] == id)) {
            return true;
        }
    }
    return false;
}

/*
 * out[tokens][dim] = table[vocab][dim] at ids[tokens]; a row of zeros for an id outside [0, vocab). A block a token.
 */
KERNEL embedding_gather(float* __restrict__ out, const float* __restrict__ table, const int* __restrict__ ids, int tokens, int dim,
        int vocab)
{
    int fours = dim % 4 == 0 && aligned16(out) && aligned16(table) ? dim / 4 : 0;
    for (int token = blockIdx.x; token < tokens; token += gridDim.x) {
        int id = ids[token];
        float* to = out + (size_t) token * dim;
        const float* from = (unsigned) id < (unsigned) vocab ? table + (size_t) id * dim : nullptr;
        if (fours > 0) {
            copyRow((float4*) to, (const float4*) from, fours);
        } else {
            copyRow(to, from, dim);
        }
    }
}

/* A block a token: the first token of each id does the work, in token order, where atomics would add in an order of chance. */
template <bool ADD>
__device__ void embeddingGradient(float* __restrict__ grad, const float* __restrict__ dout, const int* __restrict__ ids, int tokens,
        int dim, int vocab)
{
    int fours = dim % 4 == 0 && aligned16(grad) && aligned16(dout) ? dim / 4 : 0;
    for (int token = blockIdx.x; token < tokens; token += gridDim.x) {
        int id = ids[token];
        if ((unsigned) id >= (unsigned) vocab || hasEarlierEqualId(ids, token)) {
            continue;
        }
        float* row = grad + (size_t) id * dim;
        if (fours > 0) {
            sumOfEqualIds<ADD>((float4*) row, (const float4*) dout, ids, token, tokens, fours);
        } else {
            sumOfEqualIds<ADD>(row, dout, ids, token, tokens, dim);
        }
    }
}

/*
 * grad[vocab][dim] row by row = the sum of dout[tokens][dim] over the tokens with that id; rows of words that do not occur are
 * left alone, ids outside [0, vocab) are ignored.
 */
KERNEL embedding_gradient(float* __restrict__ grad, const float* __restrict__ dout, const int* __restrict__ ids, int tokens, int dim,
        int vocab)
{
    embeddingGradient<false>(grad, dout, ids, tokens, dim, vocab);
}

/* The same, added to what grad holds. */
KERNEL embedding_gradient_add(float* __restrict__ grad, const float* __restrict__ dout, const int* __restrict__ ids, int tokens,
        int dim, int vocab)
{
    embeddingGradient<true>(grad, dout, ids, tokens, dim, vocab);
}

/* ---- cross entropy ----------------------------------------------- */

struct RowStatistics {
    float max;
    float sum; /* of exp(x - max) */
};

/*
 * The maximum and the sum of exponentials of x = logits + bias in one pass: a thread rescales its sum when its maximum grows.
 *
 * The terms are positive, so a float sum is off by at most half an ulp an addition, relative: a thread makes vocab / (4 blockDim)
 * of them after the four of a vector are added up, ten for 10000 words and 256 threads.
 *
 * Maxima start at -FLT_MAX, not at -inf: exp(-inf - -FLT_MAX) is 0 where exp(-inf - -inf) would be NaN, so that a bias of -inf
 * takes a word out.
 */
__device__ RowStatistics rowStatistics(const float* logits, const float* __restrict__ bias, int vocab, float* shared)
{
    int fours = aligned16(logits) && aligned16(bias) ? vocab / 4 : 0;
    float max = -FLT_MAX;
    float sum = 0;
    for (int i = threadIdx.x; i < fours; i += blockDim.x) {
        float4 x = add(((const float4*) logits)[i], ((const float4*) bias)[i]);
        float higher = fmaxf(max, fmaxf(fmaxf(x.x, x.y), fmaxf(x.z, x.w)));
        sum = sum * expf(max - higher) + ((expf(x.x - higher) + expf(x.y - higher)) + (expf(x.z - higher) + expf(x.w - higher)));
        max = higher;
    }
    for (int i = 4 * fours + threadIdx.x; i < vocab; i += blockDim.x) {
        float x = logits[i] + bias[i];
        float higher = fmaxf(max, x);
        sum = sum * expf(max - higher) + expf(x - higher);
        max = higher;
    }
    RowStatistics row;
    row.max = blockReduce<Max>(max, -FLT_MAX, shared);
    row.sum = blockReduce<Sum>(sum * expf(max - row.max), 0.f, shared);
    return row;
}

/* -log softmax(x)[target]; the maximum is subtracted first, which is exact where the two are close. */
__device__ float crossEntropy(RowStatistics row, float target)
{
    return logf(row.sum) + (row.max - target);
}

/*
 * For x = logits[rows][vocab] + bias[vocab], a block a row: loss[r] = -log softmax(x)[target], and, in place of the logits, the
 * gradient (softmax(x) - onehot(target)) * scale. A target outside [0, vocab) gives a loss and gradients of zero.
 */
KERNEL cross_entropy_gradient(float* __restrict__ logits, float* __restrict__ loss, const float* __restrict__ bias,
        const int* __restrict__ targets, int vocab, float scale)
{
    __shared__ float shared[MAX_WARPS];
    float* row = logits + (size_t) blockIdx.x * vocab;
    int target = targets[blockIdx.x];
    int fours = aligned16(row) && aligned16(bias) ? vocab / 4 : 0;
    if ((unsigned) target >= (unsigned) vocab) {
        for (int i = threadIdx.x; i < vocab; i += blockDim.x) {
            row[i] = 0;
        }
        if (threadIdx.x == 0) {
            loss[blockIdx.x] = 0;
        }
        return;
    }
    float targetLogit = row[target] + bias[target];
    RowStatistics statistics = rowStatistics(row, bias, vocab, shared);
    float max = statistics.max;
    float inverse = 1 / statistics.sum;
    for (int i = threadIdx.x; i < fours; i += blockDim.x) {
        float4 x = add(((const float4*) row)[i], ((const float4*) bias)[i]);
        int hit = target - 4 * i;
        x.x = (expf(x.x - max) * inverse - (hit == 0 ? 1 : 0)) * scale;
        x.y = (expf(x.y - max) * inverse - (hit == 1 ? 1 : 0)) * scale;
        x.z = (expf(x.z - max) * inverse - (hit == 2 ? 1 : 0)) * scale;
        x.w = (expf(x.w - max) * inverse - (hit == 3 ? 1 : 0)) * scale;
        ((float4*) row)[i] = x;
    }
    for (int i = 4 * fours + threadIdx.x; i < vocab; i += blockDim.x) {
        float x = row[i] + bias[i];
        row[i] = (expf(x - max) * inverse - (i == target ? 1 : 0)) * scale;
    }
    if (threadIdx.x == 0) {
        loss[blockIdx.x] = crossEntropy(statistics, targetLogit);
    }
}

/* The loss of cross_entropy_gradient, bit for bit, with the logits left as they are. */
KERNEL cross_entropy_loss(const float* __restrict__ logits, float* __restrict__ loss, const float* __restrict__ bias,
        const int* __restrict__ targets, int vocab)
{
    __shared__ float shared[MAX_WARPS];
    const float* row = logits + (size_t) blockIdx.x * vocab;
    int target = targets[blockIdx.x];
    if ((unsigned) target >= (unsigned) vocab) {
        if (threadIdx.x == 0) {
            loss[blockIdx.x] = 0;
        }
        return;
    }
    float targetLogit = row[target] + bias[target];
    RowStatistics statistics = rowStatistics(row, bias, vocab, shared);
    if (threadIdx.x == 0) {
        loss[blockIdx.x] = crossEntropy(statistics, targetLogit);
    }
}

/* ---- sums -------------------------------------------------------- */

/*
 * db[cols] = the sum of dy[rows][cols] over its rows. A warp reads 32 neighbouring columns of a row at once, the warps of a block
 * take rows in turn, and the first warp adds up their sums in order. That is rows / warps + warps additions, each off by at most
 * half an ulp of the sum of |dy|: 83 for 600 rows and 8 warps.
 */
KERNEL bias_gradient(float* __restrict__ db, const float* __restrict__ dy, int rows, int cols)
{
    __shared__ float sums[MAX_WARPS][WARP];
    int lane = threadIdx.x % WARP;
    int warp = threadIdx.x / WARP;
    int warps = blockDim.x / WARP;
    for (size_t left = (size_t) blockIdx.x * WARP; left < cols; left += (size_t) gridDim.x * WARP) {
        size_t column = left + lane;
        float sum = 0;
        if (column < cols) {
            for (int row = warp; row < rows; row += warps) {
                sum += dy[(size_t) row * cols + column];
            }
        }
        sums[warp][lane] = sum;
        __syncthreads();
        if (warp == 0 && column < cols) {
            for (int other = 1; other < warps; other++) {
                sum += sums[other][lane];
            }
            db[column] = sum;
        }
        __syncthreads();
    }
}

/* out[1] = the mean of values[n]; one block, adding in double, for the values are few. */
KERNEL mean(float* __restrict__ out, const float* __restrict__ values, int n)
{
    __shared__ double shared[MAX_WARPS];
    double sum = 0;
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        sum += values[i];
    }
    sum = blockReduce<Sum>(sum, 0., shared);
    if (threadIdx.x == 0) {
        out[0] = (float) (sum / n);
    }
}

/*
 * partials[gridDim] = sums of squares that add up to that of g[n]. Four squares are added in float, everything after in double:
 * exact enough for any n, and one double addition for 16 bytes read does not hold up even a GPU with few double units.
 */
KERNEL sum_of_squares(float* __restrict__ partials, const float* __restrict__ g, long long n)
{
    __shared__ double shared[MAX_WARPS];
    long long thread = (long long) blockIdx.x * blockDim.x + threadIdx.x;
    long long threads = (long long) gridDim.x * blockDim.x;
    long long fours = aligned16(g) ? n / 4 : 0;
    double sum = 0;
    for (long long i = thread; i < fours; i += threads) {
        float4 x = ((const float4*) g)[i];
        sum += (x.x * x.x + x.y * x.y) + (x.z * x.z + x.w * x.w);
    }
    for (long long i = 4 * fours + thread; i < n; i += threads) {
        sum += g[i] * g[i];
    }
    sum = blockReduce<Sum>(sum, 0., shared);
    if (threadIdx.x == 0) {
        partials[blockIdx.x] = (float) sum;
    }
}

/* ---- optimisers -------------------------------------------------- */

struct Clip {
    float norm;  /* of the gradients, before clipping */
    float scale; /* what they are multiplied by */
};

/*
 * The gradients' norm from partials[parts] of sum_of_squares, and the scale that clips it to maxNorm (none where maxNorm <= 0). For
 * one block, which all of it calls.
 */
__device__ Clip clip(const float* __restrict__ partials, int parts, float maxNorm, double* shared)
{
    double sum = 0;
    for (int i = threadIdx.x; i < parts; i += blockDim.x) {
        sum += partials[i];
    }
    double norm = sqrt(blockReduce<Sum>(sum, 0., shared));
    double scale = maxNorm / (norm + 1e-6);
    Clip clip = {(float) norm, maxNorm <= 0 || scale >= 1 ? 1 : (float) scale};
    return clip;
}

/* What a step of Adam needs beside the parameters; in device memory, so that a captured graph can replay the step. */
struct AdamState {
    double beta1Power; /* beta1^step */
    double beta2Power; /* beta2^step */
    float learningRate;
    float beta1;
    float beta2;
    float epsilon;
    float gradNorm;     /* of the last step, before clipping */
    float clipScale;    /* what gradients are multiplied by */
    float stepSize;     /* learningRate / (1 - beta1^step) */
    float invSqrtBias2; /* 1 / sqrt(1 - beta2^step) */
    int step;
    int skip; /* whether the step under way changes nothing: update_loss_scale found a gradient that is not finite */
    float weightDecay; /* decoupled: AdamW */
    float keep;        /* 1 - learningRate * weightDecay, what a step multiplies parameters by first */
};

static_assert(sizeof(AdamState) == 64, "the host and the Java twins know this layout");

struct AdamStep {
    float clipScale, beta2, oneMinusBeta1, oneMinusBeta2, stepSize, invSqrtBias2, epsilon, keep;

    __device__ void apply(float& p, float& m, float& v, float g) const
    {
        g *= clipScale;
        m += oneMinusBeta1 * (g - m);
        v = beta2 * v + oneMinusBeta2 * g * g;
        p = p * keep - stepSize * m / (sqrtf(v) * invSqrtBias2 + epsilon);
    }
};

/*
 * Begins a step of Adam: the gradients' norm and clipping, the bias corrections and the weight decay. One block. In double, because
 * 1 - beta2^step loses digits early on. A step that is skipped gets its norm and is not counted.
 */
KERNEL adam_prepare(AdamState* __restrict__ state, const float* __restrict__ partials, int parts, float maxNorm)
{
    __shared__ double shared[MAX_WARPS];
    Clip clipping = clip(partials, parts, maxNorm, shared);
    if (threadIdx.x == 0) {
        state->gradNorm = clipping.norm;
        if (state->skip) {
            return;
        }
        state->clipScale = clipping.scale;
        state->beta1Power *= state->beta1;
        state->beta2Power *= state->beta2;
        state->stepSize = (float) (state->learningRate / (1 - state->beta1Power));
        state->invSqrtBias2 = (float) (1 / sqrt(1 - state->beta2Power));
        state->keep = (float) (1 - (double) state->learningRate * state->weightDecay);
        state->step++;
    }
}

/*
 * Clips g[n] and updates the moments m[n] and v[n] and the parameters p[n] (Kingma & Ba, 2015), with decoupled weight decay
 * (Loshchilov & Hutter, 2019), as PyTorch's AdamW computes it; nothing in a step that is skipped.
 */
KERNEL adam_update(float* __restrict__ p, float* __restrict__ m, float* __restrict__ v, const float* __restrict__ g,
        const AdamState* __restrict__ state, long long n)
{
    if (state->skip) {
        return;
    }
    AdamStep step = {state->clipScale, state->beta2, 1 - state->beta1, 1 - state->beta2, state->stepSize, state->invSqrtBias2,
            state->epsilon, state->keep};
    long long thread = (long long) blockIdx.x * blockDim.x + threadIdx.x;
    long long threads = (long long) gridDim.x * blockDim.x;
    long long fours = aligned16(p) && aligned16(m) && aligned16(v) && aligned16(g) ? n / 4 : 0;
    for (long long i = thread; i < fours; i += threads) {
        float4 parameters = ((float4*) p)[i];
        float4 first = ((float4*) m)[i];
        float4 second = ((float4*) v)[i];
        float4 gradients = ((const float4*) g)[i];
        step.apply(parameters.x, first.x, second.x, gradients.x);
        step.apply(parameters.y, first.y, second.y, gradients.y);
        step.apply(parameters.z, first.z, second.z, gradients.z);
        step.apply(parameters.w, first.w, second.w, gradients.w);
        ((float4*) p)[i] = parameters;
        ((float4*) m)[i] = first;
        ((float4*) v)[i] = second;
    }
    for (long long i = 4 * fours + thread; i < n; i += threads) {
        step.apply(p[i], m[i], v[i], g[i]);
    }
}

/* What a step of stochastic gradient descent needs beside the parameters; in device memory, as AdamState. */
struct SgdState {
    float learningRate;
    float weightDecay;   /* added to the gradient: L2 */
    float gradNorm;      /* of the last step, before clipping */
    float clipScale;     /* what gradients are multiplied by */
    float averageWeight; /* of the last step's parameters in their average */
    int step;
    int averagingStart;  /* parameters are averaged from the step after this one on */
    int skip;            /* as Adam's */
};

static_assert(sizeof(SgdState) == 32, "the host and the Java twins know this layout");

struct SgdStep {
    float clipScale, weightDecay, learningRate, averageWeight;

    __device__ void apply(float& p, float g) const
    {
        g = g * clipScale + weightDecay * p;
        p -= learningRate * g;
    }

    __device__ float average(float average, float p) const
    {
        return averageWeight == 1 ? p : average + (p - average) * averageWeight;
    }
};

/*
 * Begins a step of gradient descent: the gradients' norm and clipping, and the weight of the step's parameters in their average:
 * 1 / k for the k-th after averagingStart but one, as torch.optim.ASGD has it with t0, so that the average is that of the
 * parameters after these steps. One block. A step that is skipped gets its norm and is not counted.
 */
KERNEL sgd_prepare(SgdState* __restrict__ state, const float* __restrict__ partials, int parts, float maxNorm)
{
    __shared__ double shared[MAX_WARPS];
    Clip clipping = clip(partials, parts, maxNorm, shared);
    if (threadIdx.x == 0) {
        state->gradNorm = clipping.norm;
        if (state->skip) {
            return;
        }
        state->clipScale = clipping.scale;
        int averaged = state->step - state->averagingStart;
        state->averageWeight = 1 / (float) max(1, averaged);
        state->step++;
    }
}

/*
 * Clips g[n], adds the weight decay and updates the parameters p[n] and, where it is given, their average[n] (Polyak & Juditsky,
 * 1992), as PyTorch's SGD without momentum and ASGD with lambd = 0 compute it; nothing in a step that is skipped.
 */
KERNEL sgd_update(float* __restrict__ p, float* __restrict__ average, const float* __restrict__ g, const SgdState* __restrict__ state,
        long long n)
{
    if (state->skip) {
        return;
    }
    SgdStep step = {state->clipScale, state->weightDecay, state->learningRate, state->averageWeight};
    long long thread = (long long) blockIdx.x * blockDim.x + threadIdx.x;
    long long threads = (long long) gridDim.x * blockDim.x;
    long long fours = aligned16(p) && aligned16(average) && aligned16(g) ? n / 4 : 0;
    /* Unrolled, ptxas spills registers for some architectures; there are threads enough to hide a load. */
#pragma unroll 1
    for (long long i = thread; i < fours; i += threads) {
        float4 parameters = ((float4*) p)[i];
        float4 gradients = ((const float4*) g)[i];
        step.apply(parameters.x, gradients.x);
        step.apply(parameters.y, gradients.y);
        step.apply(parameters.z, gradients.z);
        step.apply(parameters.w, gradients.w);
        ((float4*) p)[i] = parameters;
        if (average != nullptr) {
            float4 means = ((float4*) average)[i];
            means.x = step.average(means.x, parameters.x);
            means.y = step.average(means.y, parameters.y);
            means.z = step.average(means.z, parameters.z);
            means.w = step.average(means.w, parameters.w);
            ((float4*) average)[i] = means;
        }
    }
    for (long long i = 4 * fours + thread; i < n; i += threads) {
        step.apply(p[i], g[i]);
        if (average != nullptr) {
            average[i] = step.average(average[i], p[i]);
        }
    }
}

/* ---- mixed precision --------------------------------------------- */

/* IEEE 754 binary16; what is too large for it becomes infinite. */
struct Half {
    __device__ static unsigned short of(float x)
    {
        unsigned short bits;
        asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
        return bits;
    }

    __device__ static float toFloat(unsigned short bits)
    {
        float x;
        asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
        return x;
    }
};

/* bfloat16, the upper half of a float32; compute capability 7.5 has no instructions for it. */
struct BFloat16 {
    __device__ static unsigned short of(float x)
    {
        unsigned bits = __float_as_uint(x);
        unsigned nearest = bits + 0x7fff + (bits >> 16 & 1); /* ties to even */
        return x == x ? nearest >> 16 : 0x7fff;
    }

    __device__ static float toFloat(unsigned short bits)
    {
        return __uint_as_float((unsigned) bits << 16);
    }
};

/* out[n] = x[n] rounded to 16 bits, of what is multiplied by scale[0] first where scale is given. */
template <typename Type>
__device__ void cast(unsigned short* __restrict__ out, const float* __restrict__ x, const float* __restrict__ scale, long long n)
{
    float factor = scale != nullptr ? scale[0] : 1;
    long long thread = (long long) blockIdx.x * blockDim.x + threadIdx.x;
    long long threads = (long long) gridDim.x * blockDim.x;
    long long fours = aligned16(out) && aligned16(x) ? n / 4 : 0;
    for (long long i = thread; i < fours; i += threads) {
        float4 v = ((const float4*) x)[i];
        ((ushort4*) out)[i] = make_ushort4(Type::of(v.x * factor), Type::of(v.y * factor), Type::of(v.z * factor),
                Type::of(v.w * factor));
    }
    for (long long i = 4 * fours + thread; i < n; i += threads) {
        out[i] = Type::of(x[i] * factor);
    }
}

KERNEL cast_half(unsigned short* __restrict__ out, const float* __restrict__ x, const float* __restrict__ scale, long long n)
{
    cast<Half>(out, x, scale, n);
}

KERNEL cast_bfloat16(unsigned short* __restrict__ out, const float* __restrict__ x, const float* __restrict__ scale, long long n)
{
    cast<BFloat16>(out, x, scale, n);
}

/* out[n] = x[n], which is exact, times scale[0] where scale is given. */
template <typename Type>
__device__ void widen(float* __restrict__ out, const unsigned short* __restrict__ x, const float* __restrict__ scale, long long n)
{
    float factor = scale != nullptr ? scale[0] : 1;
    long long thread = (long long) blockIdx.x * blockDim.x + threadIdx.x;
    long long threads = (long long) gridDim.x * blockDim.x;
    long long fours = aligned16(out) && aligned16(x) ? n / 4 : 0;
    for (long long i = thread; i < fours; i += threads) {
        ushort4 v = ((const ushort4*) x)[i];
        ((float4*) out)[i] = make_float4(Type::toFloat(v.x) * factor, Type::toFloat(v.y) * factor, Type::toFloat(v.z) * factor,
                Type::toFloat(v.w) * factor);
    }
    for (long long i = 4 * fours + thread; i < n; i += threads) {
        out[i] = Type::toFloat(x[i]) * factor;
    }
}

KERNEL widen_half(float* __restrict__ out, const unsigned short* __restrict__ x, const float* __restrict__ scale, long long n)
{
    widen<Half>(out, x, scale, n);
}

KERNEL widen_bfloat16(float* __restrict__ out, const unsigned short* __restrict__ x, const float* __restrict__ scale, long long n)
{
    widen<BFloat16>(out, x, scale, n);
}

/* What the gradients of a step are multiplied by on their way through float16 (Micikevicius et al., Mixed precision training, 2018). */
struct LossScale {
    float inverse; /* 1 / scale: alpha of a product whose result is not to be scaled */
    float zero;    /* its beta: cuBLAS reads both from the device */
    float scale;
    int goodSteps; /* steps without overflow since the scale changed last */
};

static_assert(sizeof(LossScale) == 16, "the host and the Java twins know this layout");

/*
 * Ends a step whose gradients have the sums of squares partials[parts]: where one is not finite the optimiser's state is told to
 * skip the step and the scale is halved; it is doubled after `interval` steps in a row where all are. One block, before the
 * optimiser's. PyTorch's GradScaler.
 */
KERNEL update_loss_scale(LossScale* __restrict__ loss, int* __restrict__ skip, const float* __restrict__ partials, int parts,
        int interval)
{
    __shared__ float shared[MAX_WARPS];
    float overflow = 0;
    for (int i = threadIdx.x; i < parts; i += blockDim.x) {
        overflow = fabsf(partials[i]) <= FLT_MAX ? overflow : 1;
    }
    overflow = blockReduce<Max>(overflow, 0.f, shared);
    if (threadIdx.x == 0) {
        float scale = loss->scale;
        int goodSteps = loss->goodSteps + 1;
        if (overflow != 0) {
            scale /= 2;
            goodSteps = 0;
        } else if (goodSteps == interval) {
            scale = 2 * scale <= FLT_MAX ? 2 * scale : scale;
            goodSteps = 0;
        }
        loss->inverse = 1 / scale;
        loss->scale = scale;
        loss->goodSteps = goodSteps;
        *skip = overflow != 0;
    }
}

/* ---- sampling ---------------------------------------------------- */

/* What the draws of a text need beside the logits; in device memory, so that a captured graph serves all of them. */
struct SamplingState {
    long long counter; /* words drawn so far */
    long long seed;
    float temperature; /* 0: the likeliest word, always */
    float topP;
    int topK;
    int capacity; /* rows of words that the history holds */
};

static_assert(sizeof(SamplingState) == 32, "the host and the Java twins know this layout");

/* Philox4x32 with ten rounds (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011). */
__device__ uint4 philox(uint4 counter, uint2 key)
{
    for (int round = 0; round < 10; round++) {
        unsigned high0 = __umulhi(0xD2511F53u, counter.x);
        unsigned high1 = __umulhi(0xCD9E8D57u, counter.z);
        counter = make_uint4(high1 ^ counter.y ^ key.x, 0xCD9E8D57u * counter.z, high0 ^ counter.w ^ key.y, 0xD2511F53u * counter.x);
        key.x += 0x9E3779B9u;
        key.y += 0xBB67AE85u;
    }
    return counter;
}

/*
 * A Gumbel variate, -log(E) of an exponential one, E = -log(1 - w) with w = (bits + 1/2) / 2^32. A draw is decided by the smallest E,
 * where w must be precise, and is: small integers are exact in float. Near w = 1 it is 1 - w that is taken from the integer.
 */
__device__ float gumbel(unsigned bits)
{
    float e = bits < 0x80000000u ? -log1pf((bits + 0.5f) * -0x1p-32f) : -logf((~bits + 0.5f) * 0x1p-32f);
    return -logf(e);
}

/* An integer that orders as the float does, with NaN below all; and its inverse. */
__device__ unsigned orderedKey(float x)
{
    unsigned bits = __float_as_uint(x + 0.f); /* no -0 */
    return x != x ? 0 : bits ^ ((int) bits < 0 ? ALL_LANES : 0x80000000u);
}

__device__ float ofOrderedKey(unsigned key)
{
    return __uint_as_float(key ^ ((int) key < 0 ? 0x80000000u : ALL_LANES));
}

/* Where the value is larger the pair is, and where values are equal, the pair of the smaller index. */
__device__ unsigned long long ranked(float value, int index)
{
    return (unsigned long long) orderedKey(value) << 32 | (unsigned) ~index;
}

struct Draw {
    uint2 key;
    unsigned long long counter;
    unsigned row;
    float temperature;
    float floor;

    /* The value whose largest wins: x + temperature * Gumbel, which unlike x / temperature + Gumbel cannot overflow. */
    __device__ float score(float x, unsigned bits) const
    {
        return x < floor ? -INFINITY : temperature == 0 ? x : x + temperature * gumbel(bits);
    }

    __device__ uint4 bits(int four) const
    {
        return temperature == 0 ? make_uint4(0, 0, 0, 0)
                : philox(make_uint4((unsigned) counter, (unsigned) (counter >> 32), row, four), key);
    }
};

/*
 * Draws a word for each row from softmax(x / temperature), x = logits[rows][vocab] + bias[vocab], in one pass over the row: the word
 * with the largest x / temperature + Gumbel variate has just that distribution (Gumbel, 1954). A word's variate is word v % 4 of Philox
 * at (counter, row, v / 4), keyed by the seed; of equal values the smallest index wins. Words with x below floors[row] are left out where
 * floors is given. A row without any probability gives word 0. A block a row.
 *
 * Writes ids[rows] and, where it is given, row counter % capacity of history[capacity][rows].
 */
KERNEL sample(int* __restrict__ ids, int* __restrict__ history, const SamplingState* __restrict__ state,
        const float* __restrict__ logits, const float* __restrict__ bias, const float* __restrict__ floors, int rows, int vocab)
{
    __shared__ unsigned long long shared[MAX_WARPS];
    Draw draw;
    draw.key = make_uint2((unsigned) state->seed, (unsigned) ((unsigned long long) state->seed >> 32));
    draw.counter = state->counter;
    draw.temperature = state->temperature;
    for (int r = blockIdx.x; r < rows; r += gridDim.x) {
        const float* row = logits + (size_t) r * vocab;
        draw.row = r;
        draw.floor = floors != nullptr ? floors[r] : -INFINITY;
        int fours = aligned16(row) && aligned16(bias) ? vocab / 4 : 0;
        unsigned long long best = 0;
        for (int i = threadIdx.x; i < fours; i += blockDim.x) {
            float4 x = add(((const float4*) row)[i], ((const float4*) bias)[i]);
            uint4 bits = draw.bits(i);
            best = max(best, max(max(ranked(draw.score(x.x, bits.x), 4 * i), ranked(draw.score(x.y, bits.y), 4 * i + 1)),
                    max(ranked(draw.score(x.z, bits.z), 4 * i + 2), ranked(draw.score(x.w, bits.w), 4 * i + 3))));
        }
        for (int i = 4 * fours + threadIdx.x; i < vocab; i += blockDim.x) {
            uint4 four = draw.bits(i / 4);
            unsigned bits = i % 4 == 0 ? four.x : i % 4 == 1 ? four.y : i % 4 == 2 ? four.z : four.w;
            best = max(best, ranked(draw.score(row[i] + bias[i], bits), i));
        }
        best = blockReduce<Max>(best, 0ull, shared);
        if (threadIdx.x == 0) {
            int id = best >> 32 == 0 ? 0 : (int) ~(unsigned) best;
            ids[r] = id;
            if (history != nullptr) {
                history[draw.counter % state->capacity * rows + r] = id;
            }
        }
    }
}

const int BINS = 256;

struct Selection {
    unsigned long long bins[BINS];
    unsigned long long target; /* what is left to reach in the chosen bin */
    unsigned digit;
};

/*
 * The largest key such that the words with keys from it on weigh at least `target`, found a digit of eight bits at a time: the words
 * whose higher digits are the key's are weighed by their next one. Weights are integers, so that the order of the atomic additions
 * does not matter. `target` is at least 1 and at most the weight of all words.
 */
template <typename Weight>
__device__ unsigned thresholdKey(const float* row, const float* __restrict__ bias, int vocab, Weight weight, unsigned long long target,
        Selection& shared)
{
    unsigned prefix = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        for (int bin = threadIdx.x; bin < BINS; bin += blockDim.x) {
            shared.bins[bin] = 0;
        }
        __syncthreads();
        for (int i = threadIdx.x; i < vocab; i += blockDim.x) {
            float x = row[i] + bias[i];
            unsigned key = orderedKey(x);
            if (((unsigned long long) (key ^ prefix) >> shift >> 8) == 0) {
                atomicAdd(&shared.bins[key >> shift & (BINS - 1)], weight(x));
            }
        }
        __syncthreads();
        /* The first warp: a lane has eight bins, the highest lane the highest keys. */
        if (threadIdx.x < WARP) {
            int lane = threadIdx.x;
            const int each = BINS / WARP;
            unsigned long long own = 0;
            for (int bin = each * lane; bin < each * (lane + 1); bin++) {
                own += shared.bins[bin];
            }
            unsigned long long fromHere = own;
            for (int offset = 1; offset < WARP; offset *= 2) {
                unsigned long long higher = __shfl_down_sync(ALL_LANES, fromHere, offset);
                fromHere += lane + offset < WARP ? higher : 0;
            }
            unsigned long long above = fromHere - own;
            if (above < target && fromHere >= target) {
                int bin = each * (lane + 1) - 1;
                for (; above + shared.bins[bin] < target; bin--) {
                    above += shared.bins[bin];
                }
                shared.digit = bin;
                shared.target = target - above;
            }
        }
        __syncthreads();
        prefix |= shared.digit << shift;
        target = shared.target;
    }
    return prefix;
}

struct One {
    __device__ unsigned long long operator()(float) const { return 1; }
};

/* exp((x - max) / temperature) in units of 2^-40, of the words from `floor` on. */
struct Likelihood {
    float max, temperature, floor;

    __device__ unsigned long long operator()(float x) const
    {
        return x >= floor ? (unsigned long long) (expf((x - max) / temperature) * 0x1p40f) : 0;
    }
};

/*
 * floors[rows] = the logit that a word must reach to be drawn, for x = logits[rows][vocab] + bias[vocab]: that of the topK-th largest
 * where topK is from 1 to vocab - 1, and of the last word that the likeliest ones need to reach together the share topP of the
 * probability that top-k leaves, where topP is below 1. All words whose x is equal to the floor are in. A block a row.
 *
 * A row is read four times for topK, and six times for topP: for the largest x, the total, and each digit of the floor.
 */
KERNEL sampling_floor(float* __restrict__ floors, const SamplingState* __restrict__ state, const float* __restrict__ logits,
        const float* __restrict__ bias, int rows, int vocab)
{
    __shared__ Selection selection;
    __shared__ unsigned long long sums[MAX_WARPS];
    for (int r = blockIdx.x; r < rows; r += gridDim.x) {
        const float* row = logits + (size_t) r * vocab;
        Likelihood likelihood = {0, state->temperature, -INFINITY};
        if (state->topK > 0 && state->topK < vocab) {
            likelihood.floor = ofOrderedKey(thresholdKey(row, bias, vocab, One(), state->topK, selection));
        }
        if (state->topP < 1) {
            float most = -FLT_MAX;
            for (int i = threadIdx.x; i < vocab; i += blockDim.x) {
                most = fmaxf(most, row[i] + bias[i]);
            }
            likelihood.max = blockReduce<Max>(most, -FLT_MAX, (float*) sums);
            unsigned long long total = 0;
            for (int i = threadIdx.x; i < vocab; i += blockDim.x) {
                total += likelihood(row[i] + bias[i]);
            }
            total = blockReduce<Sum>(total, 0ull, sums);
            /* Where no word has a probability no word is left out. */
            if (total > 0) {
                unsigned long long target = max(1ull, (unsigned long long) ceil(state->topP * (double) total));
                likelihood.floor = ofOrderedKey(thresholdKey(row, bias, vocab, likelihood, min(target, total), selection));
            }
        }
        if (threadIdx.x == 0) {
            floors[r] = likelihood.floor;
        }
    }
}

/* counter[0] += 1. A kernel of its own, so that the rows of sample() all see the same counter. */
KERNEL advance(long long* counter)
{
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        counter[0]++;
    }
}

/* ---- dropout ----------------------------------------------------- */

/* A value kept and scaled, or dropped. */
__device__ float dropped(float x, unsigned random, unsigned threshold, float scale)
{
    return random >= threshold ? x * scale : 0;
}

/*
 * out[n] = in[n] * scale where a 32-bit random number is at least the threshold, else 0 (Srivastava et al., 2014); out may be in.
 * The numbers of four neighbours are Philox at (their index / 4, counter, site), keyed by the seed: the same launch on a gradient
 * is the backward pass, and no mask is stored. The counter's low word is used.
 */
KERNEL dropout(float* out, const float* in, const long long* __restrict__ counter, long long n, unsigned threshold, float scale,
        long long seed, int site)
{
    long long thread = (long long) blockIdx.x * blockDim.x + threadIdx.x;
    long long threads = (long long) gridDim.x * blockDim.x;
    long long fours = aligned16(out) && aligned16(in) ? n / 4 : 0;
    unsigned step = (unsigned) counter[0];
    uint2 key = make_uint2((unsigned) seed, (unsigned) ((unsigned long long) seed >> 32));
    for (long long i = thread; 4 * i < n; i += threads) {
        uint4 random = philox(make_uint4((unsigned) i, (unsigned) ((unsigned long long) i >> 32), step, site), key);
        if (i < fours) {
            float4 x = ((const float4*) in)[i];
            x.x = dropped(x.x, random.x, threshold, scale);
            x.y = dropped(x.y, random.y, threshold, scale);
            x.z = dropped(x.z, random.z, threshold, scale);
            x.w = dropped(x.w, random.w, threshold, scale);
            ((float4*) out)[i] = x;
        } else {
            const unsigned words[] = {random.x, random.y, random.z, random.w};
#pragma unroll
            for (int k = 0; k < 4; k++) {
                if (4 * i + k < n) {
                    out[4 * i + k] = dropped(in[4 * i + k], words[k], threshold, scale);
                }
            }
        }
    }
}
