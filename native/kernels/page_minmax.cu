// The page summaries of rows that are already in the cache: per page and channel the smallest and the largest key.
// Summaries lie channel-major, so that a decode step that reads r channels reads r contiguous streams.
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS  = 256;
constexpr int PAGES    = 32;  // of one block
constexpr int CHANNELS = 64;

// grid (page_stride / PAGES, n_head, ceil(D / CHANNELS))
__global__ void build_pages(KernelCache cache, int n_rows, KernelPages pages, int page_stride) {
    __shared__ __half low[CHANNELS][PAGES + 2], high[CHANNELS][PAGES + 2];
    const int         j = blockIdx.y, c0 = blockIdx.z * CHANNELS, p0 = blockIdx.x * PAGES;
    const int         c = threadIdx.x % CHANNELS;
    if (c0 + c < cache.head_dim) {
        const __half * k =
            reinterpret_cast<const __half *>(cache.k) + size_t(j) * cache.capacity * cache.head_dim + c0 + c;
        for (int p = threadIdx.x / CHANNELS; p < PAGES; p += THREADS / CHANNELS) {
            const int64_t first = int64_t(p0 + p) * pages.page, last = min(first + pages.page, int64_t(n_rows));
            float         a = INFINITY, b = -INFINITY;
            for (int64_t row = first; row < last; row++) {
                const float x = __half2float(k[row * cache.head_dim]);
                a             = fminf(a, x);
                b             = fmaxf(b, x);
            }
            low[c][p]  = __float2half_rn(first < last ? a : 0.0f);
            high[c][p] = __float2half_rn(first < last ? b : 0.0f);
        }
    }
    __syncthreads();
    const int p = threadIdx.x % PAGES;
    for (int i = threadIdx.x / PAGES; i < CHANNELS; i += THREADS / PAGES) {
        if (c0 + i >= cache.head_dim) break;
        const int sides = page_sides(pages.page);
        __half *  out   = reinterpret_cast<__half *>(pages.minmax) +
                          (size_t(j) * cache.head_dim + c0 + i) * sides * page_stride + p0 + p;
        out[0]          = low[i][p];
        if (sides == 2) out[page_stride] = high[i][p];
    }
}

}  // namespace

KernelStatus page_minmax(const KernelCache & cache, int n_rows, const KernelPages & pages, KernelStream stream) {
    RETURN_IF_KERNEL(check_cache(cache, false));
    if (n_rows < 0 || n_rows > cache.capacity || pages.page < 1) return KERNEL_BAD_SHAPE;
    if (misaligned(pages.minmax)) return KERNEL_BAD_POINTER;
    const int  stride = kernel_page_stride(cache.capacity, pages.page);
    const dim3 grid(stride / PAGES, cache.n_head, unsigned(ceil_div(cache.head_dim, CHANNELS)));
    build_pages<<<grid, THREADS, 0, stream>>>(cache, n_rows, pages, stride);
    return launch_status();
}

}  // namespace rocketdoc
