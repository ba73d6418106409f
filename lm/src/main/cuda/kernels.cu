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
#include <limits.h>
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
 * row[0..width) = the sum of the rows of dout whose id is that of token `first`, in ascending order of token. A warp compares 32
 * ids at a time; every warp finds the same tokens, so the block needs no barrier.
 */
template <typename V>
__device__ void sumOfEqualIds(V* row, const V* __restrict__ dout, const int* __restrict__ ids, int first, int tokens, int width)
{
    int lane = threadIdx.x % WARP;
    int id = ids[first];
    for (int left = 0; left < width; left += blockDim.x) {
        int column = left + threadIdx.x;
        V sum = V();
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

/*
 * grad[vocab][dim] row by row = the sum of dout[tokens][dim] over the tokens with that id; rows of words that do not occur are
 * left alone, ids outside [0, vocab) are ignored. A block a token: the first token of each id does the work, in token order, where
 * atomics would add in an order of chance.
 */
KERNEL embedding_gradient(float* __restrict__ grad, const float* __restrict__ dout, const int* __restrict__ ids, int tokens, int dim,
        int vocab)
{
    int fours = dim % 4 == 0 && aligned16(grad) && aligned16(dout) ? dim / 4 : 0;
    for (int token = blockIdx.x; token < tokens; token += gridDim.x) {
        int id = ids[token];
        if ((unsigned) id >= (unsigned) vocab || hasEarlierEqualId(ids, token)) {
            continue;
        }
        float* row = grad + (size_t) id * dim;
        if (fours > 0) {
            sumOfEqualIds((float4*) row, (const float4*) dout, ids, token, tokens, fours);
        } else {
            sumOfEqualIds(row, dout, ids, token, tokens, dim);
        }
    }
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

/* ---- Adam -------------------------------------------------------- */

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
    int padding[3];
};

static_assert(sizeof(AdamState) == 64, "the host and the Java twins know this layout");

struct AdamStep {
    float clipScale, beta2, oneMinusBeta1, oneMinusBeta2, stepSize, invSqrtBias2, epsilon;

    __device__ void apply(float& p, float& m, float& v, float g) const
    {
        g *= clipScale;
        m += oneMinusBeta1 * (g - m);
        v = beta2 * v + oneMinusBeta2 * g * g;
        p -= stepSize * m / (sqrtf(v) * invSqrtBias2 + epsilon);
    }
};

/*
 * Begins a step: the gradients' norm from partials[parts] of sum_of_squares, the scale that clips it to maxNorm (none where
 * maxNorm <= 0), and the bias corrections. One block. In double, because 1 - beta2^step loses digits early on.
 */
KERNEL adam_prepare(AdamState* __restrict__ state, const float* __restrict__ partials, int parts, float maxNorm)
{
    __shared__ double shared[MAX_WARPS];
    double sum = 0;
    for (int i = threadIdx.x; i < parts; i += blockDim.x) {
        sum += partials[i];
    }
    sum = blockReduce<Sum>(sum, 0., shared);
    if (threadIdx.x == 0) {
        double norm = sqrt(sum);
        double scale = maxNorm / (norm + 1e-6);
        state->gradNorm = (float) norm;
        state->clipScale = maxNorm <= 0 || scale >= 1 ? 1 : (float) scale;
        state->beta1Power *= state->beta1;
        state->beta2Power *= state->beta2;
        state->stepSize = (float) (state->learningRate / (1 - state->beta1Power));
        state->invSqrtBias2 = (float) (1 / sqrt(1 - state->beta2Power));
        state->step++;
    }
}

/* Clips g[n] and updates the moments m[n] and v[n] and the parameters p[n] (Kingma & Ba, 2015), as PyTorch computes it. */
KERNEL adam_update(float* __restrict__ p, float* __restrict__ m, float* __restrict__ v, const float* __restrict__ g,
        const AdamState* __restrict__ state, long long n)
{
    AdamStep step = {state->clipScale, state->beta2, 1 - state->beta1, 1 - state->beta2, state->stepSize, state->invSqrtBias2,
            state->epsilon};
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

/* ---- sampling ---------------------------------------------------- */

/* Philox4x32 with ten rounds, first word (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011). */
__device__ unsigned philox(uint4 counter, uint2 key)
{
    for (int round = 0; round < 10; round++) {
        unsigned high0 = __umulhi(0xD2511F53u, counter.x);
        unsigned high1 = __umulhi(0xCD9E8D57u, counter.z);
        counter = make_uint4(high1 ^ counter.y ^ key.x, 0xCD9E8D57u * counter.z, high0 ^ counter.w ^ key.y, 0xD2511F53u * counter.x);
        key.x += 0x9E3779B9u;
        key.y += 0xBB67AE85u;
    }
    return counter.x;
}

/* An unnormalised probability: exp((x - max) / temperature), where the difference is taken first so that the largest is 1. */
__device__ float weight(const float* __restrict__ row, const float* __restrict__ bias, int i, float max, float temperature)
{
    return expf((row[i] + bias[i] - max) / temperature);
}

/*
 * Draws a word for each row from softmax((logits[rows][vocab] + bias[vocab]) / temperature), a block a row: the smallest index
 * whose cumulative weight exceeds u times the total. u is one of 2^24 values of Philox at (counter, row), keyed by the seed.
 * Writes ids[rows] and, where it is given, row counter[0] of history[][rows].
 *
 * Weights are float, their sums double, so that every device draws the same words but for a u within about 1e-8 of a boundary.
 */
KERNEL sample(int* __restrict__ ids, int* __restrict__ history, const long long* __restrict__ counter,
        const float* __restrict__ logits, const float* __restrict__ bias, int rows, int vocab, float temperature, long long seed)
{
    __shared__ float maxima[MAX_WARPS];
    __shared__ double sums[MAX_WARPS];
    __shared__ int chosen;
    __shared__ int last;
    int lane = threadIdx.x % WARP;
    int warp = threadIdx.x / WARP;
    int warps = blockDim.x / WARP;
    unsigned long long position = counter[0];
    for (int r = blockIdx.x; r < rows; r += gridDim.x) {
        const float* row = logits + (size_t) r * vocab;
        float max = -FLT_MAX;
        for (int i = threadIdx.x; i < vocab; i += blockDim.x) {
            max = fmaxf(max, row[i] + bias[i]);
        }
        max = blockReduce<Max>(max, -FLT_MAX, maxima);
        double total = 0;
        for (int i = threadIdx.x; i < vocab; i += blockDim.x) {
            total += weight(row, bias, i, max, temperature);
        }
        if (threadIdx.x == 0) {
            chosen = INT_MAX;
            last = 0;
        }
        total = blockReduce<Sum>(total, 0., sums);
        unsigned random = philox(make_uint4((unsigned) position, (unsigned) (position >> 32), r, 0),
                make_uint2((unsigned) seed, (unsigned) ((unsigned long long) seed >> 32)));
        double threshold = (random >> 8) * 0x1p-24 * total;

        double before = 0;
        int lastOfThread = 0;
        for (int first = 0; first < vocab; first += blockDim.x) {
            int i = first + threadIdx.x;
            float w = i < vocab ? weight(row, bias, i, max, temperature) : 0;
            double cumulative = w;
            for (int offset = 1; offset < WARP; offset *= 2) {
                double left = __shfl_up_sync(ALL_LANES, cumulative, offset);
                cumulative += lane >= offset ? left : 0;
            }
            __syncthreads();
            if (lane == WARP - 1) {
                sums[warp] = cumulative;
            }
            __syncthreads();
            for (int other = 0; other < warps; other++) {
                if (other == warp) {
                    cumulative += before;
                }
                before += sums[other];
            }
            /* A word of weight 0 is never drawn, whatever the rounding of the sum that it ends. */
            if (w > 0) {
                lastOfThread = i;
                if (cumulative > threshold) {
                    atomicMin(&chosen, i);
                }
            }
            __syncthreads();
            if (chosen != INT_MAX) {
                break;
            }
        }
        /* Rounding may put the threshold past the end; the last word with a weight is meant then. */
        if (chosen == INT_MAX) {
            atomicMax(&last, lastOfThread);
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            int id = chosen != INT_MAX ? chosen : last;
            ids[r] = id;
            if (history != nullptr) {
                history[position * rows + r] = id;
            }
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
