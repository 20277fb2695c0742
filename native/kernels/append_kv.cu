// The append by itself, for layers that read every live row; the selectors do it within their own launch.
#include "append_row.cuh"

namespace rocketdoc {
namespace {

// grid n_head, a thread a channel
__global__ void append(KernelCache cache, KernelNewRow row, KernelPages pages, int page_stride, KernelCodes codes) {
    const int index = *cache.n_rows - 1, j = blockIdx.x;
    if (index < 0 || index >= cache.capacity) return;
    if (pages.minmax)
        append_paged(cache, pages, page_stride, j, index, fetch_paged(cache, row, pages, page_stride, j, index));
    if (codes.fine) append_coded(cache, codes, j, index, code_row(cache, row, codes, j));
    if (!pages.minmax && !codes.fine) append_row(cache, row, j, index);
}

}  // namespace

KernelStatus append_kv(const KernelCache & cache, const KernelNewRow & row, const KernelPages * pages,
                       const KernelCodes * codes, KernelStream stream) {
    RETURN_IF_KERNEL(check_cache(cache, true));
    if (misaligned(row.k, 4) || misaligned(row.v, 4)) return KERNEL_BAD_POINTER;
    if (pages && misaligned(pages->minmax)) return KERNEL_BAD_POINTER;
    if (pages && pages->page < 1) return KERNEL_BAD_SHAPE;
    if (codes) RETURN_IF_KERNEL(check_codes(*codes));
    append<<<cache.n_head, unsigned(cache.head_dim), 0, stream>>>(
        cache, row, pages ? *pages : KernelPages{}, pages ? kernel_page_stride(cache.capacity, pages->page) : 0,
        codes ? *codes : KernelCodes{});
    return launch_status();
}

}  // namespace rocketdoc
