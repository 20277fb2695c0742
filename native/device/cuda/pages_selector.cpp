// The paper's pages on the GPU: one launch a layer appends the token, widens its page, scores the pages and chooses.
#include "selector.h"

namespace rocketdoc {

size_t pages_bytes_on_gpu(const SelectorShape & s, int64_t rows) {
    return DeviceBytes::aligned(size_t(s.n_cache_head) * size_t(s.head_dim) * size_t(page_sides(s.page)) *
                                size_t(kernel_page_stride(int(rows), s.page)) * sizeof(uint16_t));
}

namespace {

class PagesOnGpu final : public CudaSelector {
  public:
    using CudaSelector::CudaSelector;

    Status reserve_decode() override {
        return DeviceBytes::allocate(
            cuda(), cuda().kernels().select_pages_workspace_bytes(layers_.choosing_cache(), {nullptr, page()}),
            workspace_);
    }
    Status build(int64_t layer, int64_t n_rows, const float *) override {
        return check(cuda().kernels().page_minmax(layers_.cache(layer), int(n_rows), pages_of(layer), cuda().stream()),
                     "summarizing pages");
    }

  protected:
    size_t layer_bytes() const override {
        return pages_bytes_on_gpu(layers_.shape.layer(layers_.shape.first_choosing()), layers_.capacity());
    }
    Status choose(int64_t layer, const KernelChoice & choice, int64_t) override {
        return check(cuda().kernels().select_pages({choice, pages_of(layer), layers_.shape.budgets.r}, workspace_,
                                                   cuda().stream()),
                     "choosing pages");
    }

  private:
    int         page() const { return layers_.shape.budgets.page; }
    KernelPages pages_of(int64_t layer) const { return {summaries<uint16_t>(layer, 0), page()}; }
};

}  // namespace

std::unique_ptr<CudaSelector> make_pages_on_gpu(const CudaSelector::Parts & parts) {
    return std::make_unique<PagesOnGpu>(parts);
}

}  // namespace rocketdoc
