// What every op needs: argument checks, dispatch on head_dim and group, warp sums, the last-block hand-over.
#pragma once

#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include "kernels.h"

namespace rocketdoc {

// Every op is defined in a file of this folder.
#define KERNEL_OP(result, name, parameters) result name parameters;
#include "kernels.def"

constexpr float    LOG2E = 1.4426950408889634f;  // scores are kept in powers of two: exp2 is the hardware's exponential
constexpr float    NO_SCORE      = -1e30f;  // finite stand-in for minus infinity: NO_SCORE - NO_SCORE is 0, not NaN
constexpr int      COUNTER_BYTES = 4096;    // head of every workspace: arrival counters, zero between ops
constexpr int      MAX_HEADS     = COUNTER_BYTES / 8;
constexpr size_t   SHARED_BYTES  = 48 * 1024;  // what every device gives without asking
constexpr unsigned FULL          = 0xffffffffu;

#define RETURN_IF_KERNEL(expr)                                    \
    do {                                                          \
        KernelStatus status_of_expr_ = (expr);                    \
        if (status_of_expr_ != KERNEL_OK) return status_of_expr_; \
    } while (0)

constexpr size_t ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }
constexpr size_t align256(size_t bytes) { return (bytes + 255) / 256 * 256; }

inline KernelStatus launch_status() { return KernelStatus(int(cudaGetLastError())); }

inline bool misaligned(const void * p, size_t bytes = 16) {
    return p == nullptr || reinterpret_cast<uintptr_t>(p) % bytes != 0;
}

inline int device_sm_count() {
    int device = 0, count = 0;
    if (cudaGetDevice(&device) != cudaSuccess) return 1;
    if (cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device) != cudaSuccess) return 1;
    return count > 0 ? count : 1;
}

// Hopper and later: a kernel may be launched while the kernel before it still runs, and waits itself before it uses the
// other's results. On older cards both functions are empty and kernels run one after the other. Every block of a kernel
// that is launched early must wait: only then does the end of this kernel mean that all before it have ended. Before it
// waits, a kernel may read constants (weights), and what was written two kernels earlier if the kernel between them
// waited BEFORE it let the next one start.
__device__ __forceinline__ void let_next_kernel_start() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    cudaTriggerProgrammaticLaunchCompletion();
#endif
}
__device__ __forceinline__ void wait_for_kernel_before() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    cudaGridDependencySynchronize();
#endif
}

inline bool device_overlaps_launches() {
    int device = 0, major = 0;
    return cudaGetDevice(&device) == cudaSuccess &&
           cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) == cudaSuccess && major >= 9;
}

// Launches a kernel that calls wait_for_kernel_before() ahead of everything that the kernel before it wrote.
template <class... Params>
void launch_early(void (*kernel)(Params...), dim3 grid, unsigned threads, size_t shared_bytes, KernelStream stream,
                  const Params &... params) {
    cudaLaunchAttribute early{};
    early.id                                         = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config{};
    config.gridDim          = grid;
    config.blockDim         = dim3(threads);
    config.stream           = stream;
    config.dynamicSmemBytes = shared_bytes;
    config.attrs            = &early;
    config.numAttrs         = device_overlaps_launches() ? 1 : 0;
    cudaLaunchKernelEx(&config, kernel, params...);  // its error is the last error: launch_status()
}

// Every op that scores checks its scale with this. log2(e) is folded into the scale on the device.
inline bool scale_ok(float scale) { return scale > 0 && scale < 1e30f; }

inline KernelStatus check_workspace(const KernelWorkspace & workspace, size_t bytes) {
    return misaligned(workspace.data, 256) || workspace.bytes < bytes ? KERNEL_WORKSPACE : KERNEL_OK;
}

inline KernelStatus check_cache(const KernelCache & c, bool decode) {
    if (!kernels_serve_head(c.head_dim, c.group) || c.n_head < 1 || c.n_head > MAX_HEADS || c.capacity < 1 ||
        c.share < 1 || c.n_head % c.share != 0) {
        return KERNEL_BAD_SHAPE;
    }
    if (misaligned(c.k) || misaligned(c.v)) return KERNEL_BAD_POINTER;
    if (decode && misaligned(c.n_rows, 4)) return KERNEL_BAD_POINTER;
    return KERNEL_OK;
}

inline bool misaligned(const KernelNewRow & row) { return row.k && (misaligned(row.k, 4) || misaligned(row.v, 4)); }

// What every op that chooses rows checks. most_rows: what its grid reaches.
inline KernelStatus check_choice(const KernelChoice & a, size_t most_rows) {
    RETURN_IF_KERNEL(check_cache(a.cache, true));
    if (a.k < 1 || !scale_ok(a.scale) || size_t(a.cache.capacity) > most_rows) return KERNEL_BAD_SHAPE;
    if (misaligned(a.q, 4) || misaligned(a.ids, 4) || misaligned(a.row)) return KERNEL_BAD_POINTER;
    if (a.sinks && misaligned(a.sinks, 4)) return KERNEL_BAD_POINTER;
    return KERNEL_OK;
}

inline KernelStatus check_codes(const KernelCodes & c) {
    if (misaligned(c.order, 4) || misaligned(c.lo, 4) || misaligned(c.step, 4) || misaligned(c.clamped, 4) ||
        misaligned(c.fine)) {
        return KERNEL_BAD_POINTER;
    }
    if (c.coarse &&
        (misaligned(c.coarse, 4) || misaligned(c.signs, 4) || misaligned(c.v_mean, 4) || misaligned(c.v_spread, 4))) {
        return KERNEL_BAD_POINTER;
    }
    return KERNEL_OK;
}

// Group sizes are padded to a power of two so that per-head registers are compile-time arrays.
inline int padded_group(int group) { return group <= 1 ? 1 : group <= 2 ? 2 : group <= 4 ? 4 : group <= 8 ? 8 : 16; }

// A number as a type: a generic lambda takes it and has it at compile time.
template <int V>
struct IntTag {
    static constexpr int value = V;
};

template <class Body>
void dispatch_head_dim(int head_dim, Body body) {
    switch (head_dim) {
#define KERNEL_HEAD_DIM(dim) \
    case dim: body(IntTag<dim>{}); break;
#include "kernels.def"
    }
}

template <class Body>
void dispatch_group(int padded, Body body) {
    switch (padded) {
        case 1: body(IntTag<1>{}); break;
        case 2: body(IntTag<2>{}); break;
        case 4: body(IntTag<4>{}); break;
        case 8: body(IntTag<8>{}); break;
        default: body(IntTag<KERNEL_MAX_GROUP>{}); break;
    }
}

__device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
    for (int m = 16; m > 0; m >>= 1) x += __shfl_xor_sync(FULL, x, m);
    return x;
}

__device__ __forceinline__ float warp_max(float x) {
#pragma unroll
    for (int m = 16; m > 0; m >>= 1) x = fmaxf(x, __shfl_xor_sync(FULL, x, m));
    return x;
}

// Live rows, never beyond the memory that exists.
__device__ __forceinline__ int live_rows(const int32_t * n_rows, int capacity) {
    return max(0, min(*n_rows, capacity));
}

// True in every thread of the block that arrives last of `n_blocks`. What all blocks wrote to global memory before the
// call may then be read with __ldcg. The counter is zero again for the next launch. Every thread of the block must call
// it.
__device__ __forceinline__ bool last_block(unsigned * counter, unsigned n_blocks) {
    __shared__ bool is_last;
    __syncthreads();
    if (threadIdx.x == 0) {  // its fences cover what the barrier has put before them, and put all reads behind
        __threadfence();
        is_last = atomicAdd(counter, 1u) == n_blocks - 1;
        if (is_last) *counter = 0;
        __threadfence();
    }
    __syncthreads();
    return is_last;
}

__device__ __forceinline__ void unpack8(const uint4 & raw, float (&x)[8]) {
    const __half2 * h = reinterpret_cast<const __half2 *>(&raw);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const float2 f = __half22float2(h[i]);
        x[2 * i]       = f.x;
        x[2 * i + 1]   = f.y;
    }
}

// 8 channels of a q8_0 row starting at channel c (a multiple of 8), as f32. The row is 2-byte aligned.
__device__ __forceinline__ void load8_q8_0(const char * row, int c, float (&x)[8]) {
    const char *           block = row + (c / 32) * 34;
    const float            d     = __half2float(*reinterpret_cast<const __half *>(block));
    const unsigned short * qs    = reinterpret_cast<const unsigned short *>(block + 2 + c % 32);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const unsigned short two = qs[i];
        x[2 * i]                 = d * float(static_cast<signed char>(two & 0xff));
        x[2 * i + 1]             = d * float(static_cast<signed char>(two >> 8));
    }
}

}  // namespace rocketdoc
