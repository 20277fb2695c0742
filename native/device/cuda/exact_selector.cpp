// The oracle on the GPU: the true top-k by exact probabilities. The host gives lengths within a token.
#include <algorithm>

#include "selector.h"

namespace rocketdoc {
namespace {

class ExactOnGpu final : public CudaSelector {
  public:
    explicit ExactOnGpu(const Parts & parts) : CudaSelector(parts), scores_(parts.layers) {}

    bool   host_takes_part() const override { return true; }
    Status build(int64_t, int64_t, const float *) override { return Status::good(); }
    Status reserve_decode() override {
        RETURN_IF_FAILED(scores_.reserve());
        const CompactShape & s = layers_.shape;
        return DeviceBytes::allocate(cuda(), size_t(s.choosing_heads().n) * size_t(s.budgets.k) * sizeof(int32_t),
                                     best_);
    }

  protected:
    size_t layer_bytes() const override { return 0; }
    Status choose(int64_t layer, const KernelChoice & choice, int64_t n_rows) override {
        const KernelTable & kernels = cuda().kernels();
        const int           n_head = layers_.shape.choosing_heads().n, n = int(n_rows), k = std::min(choice.k, n);
        const size_t        width = size_t(k) * sizeof(int32_t);
        RETURN_IF_FAILED(
            check(kernels.append_kv(choice.cache, choice.row, nullptr, nullptr, cuda().stream()), "appending a row"));
        RETURN_IF_FAILED(scores_.enqueue(layer, choice.q, n_rows));
        RETURN_IF_FAILED(check(kernels.top_k({scores_.p(), n_head, n, k, 0, best_.at<int32_t>(0)}, cuda().stream()),
                               "choosing rows"));
        return check(kernels.copy_strided(
                         {choice.ids, size_t(choice.k) * sizeof(int32_t), best_.data(), width, width, size_t(n_head)},
                         cuda().stream()),
                     "choosing rows");
    }

  private:
    ExactScores scores_;
    DeviceBytes best_;  // [n_head, min(k, n)] i32: ids has k a head
};

}  // namespace

size_t exact_bytes_on_gpu(const SelectorShape &, int64_t) { return 0; }

std::unique_ptr<CudaSelector> make_exact_on_gpu(const CudaSelector::Parts & parts) {
    return std::make_unique<ExactOnGpu>(parts);
}

}  // namespace rocketdoc
