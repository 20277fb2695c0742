#include "exact_scores.h"

#include <algorithm>
#include <vector>

namespace rocketdoc {

Status ExactScores::reserve() {
    const size_t heads = size_t(layers_.shape.choosing_heads().n), rows = size_t(layers_.capacity());
    size_t       at = 0;
    before_at_      = DeviceBytes::take(at, heads * rows * sizeof(float));
    last_at_        = DeviceBytes::take(at, heads * sizeof(float));
    p_at_           = DeviceBytes::take(at, heads * rows * sizeof(float));
    return DeviceBytes::allocate(layers_.cuda, at, memory_);
}

Status ExactScores::enqueue(int64_t layer, const float * q, int64_t n_rows) {
    const CudaDevice &  cuda    = layers_.cuda;
    const KernelTable & kernels = cuda.kernels();
    const size_t n = size_t(n_rows), before = (n - 1) * sizeof(float), heads = size_t(layers_.shape.choosing_heads().n);
    KernelWindowScores args = layers_.window_scores(layer);
    args.q                  = q;
    args.q_head_elems       = size_t(args.head_dim);
    args.q_row_elems        = size_t(args.head_dim);
    args.keys               = kernel_rows(layers_.rows.k(layer));
    args.share              = 1;
    args.n_rows             = int(n);
    args.window             = 1;
    args.scores             = memory_.at<float>(before_at_);
    args.window_mass        = memory_.at<float>(last_at_);
    RETURN_IF_FAILED(DeviceBytes::allocate(cuda, kernels.window_scores_workspace_bytes(args), workspace_));
    RETURN_IF_FAILED(cuda.check(kernels.window_scores(args, workspace_, cuda.stream()), "scoring rows"));
    RETURN_IF_FAILED(
        cuda.check(kernels.copy_strided({p(), n * sizeof(float), args.scores, before, before, heads}, cuda.stream()),
                   "joining scores"));
    return cuda.check(
        kernels.copy_strided({p() + n - 1, n * sizeof(float), args.window_mass, sizeof(float), sizeof(float), heads},
                             cuda.stream()),
        "joining scores");
}

Status CudaOracle::compare(int64_t layer, const float * q, const int32_t * ids, int64_t n_rows) {
    const CudaDevice & cuda   = layers_.cuda;
    const int          n_head = layers_.shape.choosing_heads().n;
    const int64_t      k = layers_.shape.budgets.k, n_chosen = std::min(k, n_rows);
    RETURN_IF_FAILED(scores_.enqueue(layer, q, n_rows));
    std::vector<float>   p(size_t(n_head * n_rows));
    std::vector<int32_t> chosen(size_t(n_head * k)), best(static_cast<size_t>(n_chosen));
    RETURN_IF_FAILED(cuda.check(cuda.kernels().copy(p.data(), scores_.p(), p.size() * sizeof(float), cuda.stream()),
                                "reading scores"));
    RETURN_IF_FAILED(cuda.check(cuda.kernels().copy(chosen.data(), ids, chosen.size() * sizeof(int32_t), cuda.stream()),
                                "reading scores"));
    RETURN_IF_FAILED(cuda.finish_stream());
    for (int head = 0; head < n_head; head++)
        stats_.add_head(chosen.data() + head * k, n_chosen, p.data() + head * n_rows, n_rows,
                        layers_.shape.choosing_heads().group, best.data());
    return Status::good();
}

}  // namespace rocketdoc
