#include "feed_forward_in_ram.h"

#include <algorithm>

#include "../engine/model.h"
#include "../graph/ggml_inside.h"

namespace rocketdoc {
namespace {

constexpr size_t NODES = 64;
constexpr size_t ALIGN = 64;

}  // namespace

Status FeedForwardInRam::build(const Model & model, float * x, float * out) {
    const HyperParams & p       = model.params();
    const size_t        nodes   = NODES + p.expert_nodes();
    const size_t        n_bytes = size_t(p.n_embd) * sizeof(float);
    device_                     = model.ram_device();
    graphs_.assign(size_t(p.n_layer), nullptr);
    if (!device_) return Status::good();
    ends_.reset(ggml_backend_cpu_buffer_from_ptr(x, n_bytes));
    results_.reset(ggml_backend_cpu_buffer_from_ptr(out, n_bytes));
    ggml_init_params params = {
        size_t(p.n_layer) * (ggml_tensor_overhead() * nodes + ggml_graph_overhead_custom(nodes, false)), nullptr, true};
    ctx_.reset(ggml_init(params));
    size_t most = ALIGN;
    for (int64_t layer = 0; layer < p.n_layer; layer++) {
        if (!model.experts_in_ram(layer)) continue;
        ggml_cgraph * graph = ggml_new_graph_custom(ctx_.get(), nodes, false);
        ggml_tensor * leaf  = new_leaf(ctx_.get(), GGML_TYPE_F32, p.n_embd, 1, ends_.get(), x);
        ggml_tensor * made =
            model.architecture().build_layer_output(ctx_.get(), model.layer_in_ram(layer), leaf, nullptr);
        RETURN_IF_FAILED(place(made, results_.get(), out));
        ggml_build_forward_expand(graph, made);
        RETURN_IF_FAILED(check_leaves(graph, device_->handle()));
        most                   = std::max(most, place_nodes(graph, device_->buffer_type(), nullptr, nullptr, ALIGN));
        graphs_[size_t(layer)] = graph;
    }
    scratch_.reset(ggml_backend_buft_alloc_buffer(device_->buffer_type(), most));
    if (!scratch_) return Status::fail(Code::HOST_OOM, "Not enough memory for a token's experts.");
    auto * base = static_cast<uint8_t *>(ggml_backend_buffer_get_base(scratch_.get()));
    for (ggml_cgraph * graph : graphs_)
        if (graph) place_nodes(graph, device_->buffer_type(), scratch_.get(), base, ALIGN);
    return Status::good();
}

Status FeedForwardInRam::run(int64_t layer) const { return device_->compute(graphs_[size_t(layer)], nullptr); }

}  // namespace rocketdoc
