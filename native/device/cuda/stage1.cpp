#include "stage1.h"

#include <algorithm>

namespace rocketdoc {

size_t CudaStage1::bytes(int64_t n_layer, int n_head, int64_t n_prompt, int64_t n_keep) {
    return size_t(n_head) * (2 * size_t(n_prompt) * sizeof(float) + size_t(n_layer) * size_t(n_keep) * sizeof(int32_t));
}

Status CudaStage1::reserve(const Stage1Layer & layer, int64_t n_prefix) {
    const size_t heads = size_t(layers_.shape.choosing_heads().n), slots = size_t(layers_.shape.n_slots());
    const size_t scores = heads * size_t(std::max<int64_t>(n_prefix, 1)) * sizeof(float);
    for (DeviceBytes * memory : {&scores_, &pooled_})
        RETURN_IF_FAILED(DeviceBytes::allocate(layers_.cuda, scores, *memory));
    RETURN_IF_FAILED(DeviceBytes::allocate(layers_.cuda, heads * sizeof(float), window_mass_));
    RETURN_IF_FAILED(DeviceBytes::allocate(layers_.cuda, slots * size_t(layer.n_keep) * sizeof(int32_t), ids_));
    return DeviceBytes::allocate(layers_.cuda, slots * sizeof(float), mass_);
}

Status CudaStage1::keep(const Stage1Layer & layer) {
    if (layer.cancel && layer.cancel->load()) return Status::fail(Code::CANCELLED, "Cancelled.");
    CudaDevice &         cuda    = layers_.cuda;
    const KernelTable &  kernels = cuda.kernels();
    const CompactShape & shape   = layers_.shape;
    const int            n_head = shape.choosing_heads().n, n_keep = int(layer.n_keep);
    const int            window = int(layer.queries->ne[1]), n_prefix = int(layer.n_rows) - window;
    RETURN_IF_FAILED(reserve(layer, n_prefix));
    n_keep_ = layer.n_keep;

    KernelWindowScores args = layers_.window_scores(layer.layer);
    args.q                  = static_cast<const float *>(layer.queries->data);
    args.q_head_elems       = layer.queries->nb[2] / sizeof(float);
    args.q_row_elems        = layer.queries->nb[1] / sizeof(float);
    args.keys               = kernel_rows(layer.history.k);
    args.n_rows             = int(layer.n_rows);
    args.window             = window;
    args.scores             = n_prefix > 0 ? scores_.at<float>(0) : nullptr;
    args.window_mass        = window_mass_.at<float>(0);
    args.importance         = layer.importance;
    RETURN_IF_FAILED(DeviceBytes::allocate(cuda, kernels.window_scores_workspace_bytes(args), workspace_));

    const size_t    slot   = size_t(shape.slots[size_t(layer.layer)]);
    float *const    scores = scores_.at<float>(0), *pooled = pooled_.at<float>(0);
    int32_t * const ids = ids_.at<int32_t>(slot * size_t(n_keep) * sizeof(int32_t));
    RETURN_IF_FAILED(cuda.check(kernels.window_scores(args, workspace_, cuda.stream()), "scoring rows"));
    if (n_prefix > 0) {
        const KernelPooling pooling = shape.pooling == Pooling::max ? KERNEL_POOL_MAX : KERNEL_POOL_TRIANGLE;
        RETURN_IF_FAILED(
            cuda.check(kernels.pool({scores, n_head, n_prefix, pooling, shape.budgets.kernel, pooled}, cuda.stream()),
                       "pooling scores"));
    }
    RETURN_IF_FAILED(cuda.check(kernels.top_k({pooled, n_head, n_prefix, n_keep - window, window, ids}, cuda.stream()),
                                "choosing rows"));
    RETURN_IF_FAILED(cuda.check(kernels.kept_mass({scores, args.window_mass, n_head, n_prefix, ids, n_keep,
                                                   mass_.at<float>(slot * sizeof(float))},
                                                  cuda.stream()),
                                "measuring attention"));
    return cuda.check(kernels.gather_rows({kernel_rows(layer.history.k), kernel_rows(layer.history.v), ids, n_keep,
                                           layers_.cache(layer.layer)},
                                          cuda.stream()),
                      "gathering rows");
}

Status CudaStage1::keep_last(const Stage1Layer & layer) {
    if (layer.cancel && layer.cancel->load()) return Status::fail(Code::CANCELLED, "Cancelled.");
    CudaDevice &  cuda = layers_.cuda;
    const size_t  n = size_t(layer.n_keep), heads = size_t(layers_.shape.heads_of(layer.layer).n);
    const int64_t from = layer.n_rows - layer.n_keep;
    if (last_from_ != from || n_last_ != layer.n_keep || last_.bytes() < heads * n * sizeof(int32_t)) {
        std::vector<int32_t> ids(heads * n);
        for (size_t i = 0; i < ids.size(); i++) ids[i] = int32_t(from + int64_t(i % n));
        RETURN_IF_FAILED(cuda.finish_stream());  // an earlier layer may still read what is there
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda, ids.size() * sizeof(int32_t), last_));
        RETURN_IF_FAILED(
            cuda.check(cuda.kernels().copy(last_.data(), ids.data(), ids.size() * sizeof(int32_t), cuda.stream()),
                       "listing a window's rows"));
        RETURN_IF_FAILED(cuda.finish_stream());
        last_from_ = from;
        n_last_    = layer.n_keep;
    }
    return cuda.check(cuda.kernels().gather_rows({kernel_rows(layer.history.k), kernel_rows(layer.history.v),
                                                  last_.at<int32_t>(0), int(n), layers_.cache(layer.layer)},
                                                 cuda.stream()),
                      "gathering rows");
}

Status CudaStage1::take(std::vector<std::vector<int32_t>> & rows, std::vector<float> & mass) {
    CudaDevice &         cuda  = layers_.cuda;
    const size_t         slots = size_t(layers_.shape.n_slots()), n = size_t(n_keep_);
    std::vector<int32_t> ids(slots * n);
    mass.resize(slots);
    rows.resize(slots);
    if (n == 0) return Status::good();  // every layer kept its last rows
    RETURN_IF_FAILED(
        cuda.check(cuda.kernels().copy(ids.data(), ids_.data(), ids.size() * sizeof(int32_t), cuda.stream()),
                   "reading the kept rows"));
    RETURN_IF_FAILED(cuda.check(cuda.kernels().copy(mass.data(), mass_.data(), slots * sizeof(float), cuda.stream()),
                                "reading the kept rows"));
    RETURN_IF_FAILED(cuda.finish_stream());
    for (size_t slot = 0; slot < slots; slot++)
        rows[slot].assign(ids.begin() + std::ptrdiff_t(slot * n), ids.begin() + std::ptrdiff_t((slot + 1) * n));
    for (DeviceBytes * memory : {&scores_, &pooled_, &window_mass_, &workspace_, &ids_, &mass_, &last_}) *memory = {};
    n_last_ = 0;
    return Status::good();
}

}  // namespace rocketdoc
