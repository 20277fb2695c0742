// The append by itself, for layers that read every live row; the selectors do it within their own launch.
#include "append_row.cuh"

namespace rocketdoc {
namespace {

// grid n_head, a thread a channel
__global__ void append_alone(KernelCache cache, KernelNewRow row) {
    const int index = *cache.n_rows - 1, j = blockIdx.x;
    if (index >= 0 && index < cache.capacity) append_row(cache, row, j, index);
}

// The same with the page, the codes or both.
__global__ void append_with(KernelCache cache, KernelNewRow row, KernelPages pages, int page_stride,
                            KernelCodes codes) {
    const int index = *cache.n_rows - 1, j = blockIdx.x;
    if (index < 0 || index >= cache.capacity) return;
    if (pages.minmax)
        append_paged(cache, pages, page_stride, j, index, fetch_paged(cache, row, pages, page_stride, j, index));
    if (codes.fine) append_coded(cache, codes, j, index, code_row(cache, row, codes, j));
}

}  // namespace

KernelStatus append_kv(const KernelCache & cache, const KernelNewRow & row, const KernelPages * pages,
                       const KernelCodes * codes, KernelStream stream) {
    RETURN_IF_KERNEL(check_cache(cache, true));
    if (misaligned(row.k, 4) || misaligned(row.v, 4)) return KERNEL_BAD_POINTER;
    if (pages && misaligned(pages->minmax)) return KERNEL_BAD_POINTER;
    if (pages && pages->page < 1) return KERNEL_BAD_SHAPE;
    if (codes) RETURN_IF_KERNEL(check_codes(*codes));
    const unsigned threads = unsigned(cache.head_dim);
    if (pages || codes)
        append_with<<<cache.n_head, threads, 0, stream>>>(cache, row, pages ? *pages : KernelPages{},
                                                          pages ? kernel_page_stride(cache.capacity, pages->page) : 0,
                                                          codes ? *codes : KernelCodes{});
    else append_alone<<<cache.n_head, threads, 0, stream>>>(cache, row);
    return launch_status();
}

}  // namespace rocketdoc
