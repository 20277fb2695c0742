#include "graph_threads.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "cpu_clock.h"

namespace rocketdoc {
namespace {

// Tokens of a pass over drafts, at the most.
constexpr int64_t A_FEW = 8;

double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Products {
    double  work    = 0;  // multiplications
    int64_t columns = 0;  // of the widest product with weights: tokens
};

Products products_of(ggml_cgraph * graph) {
    Products out;
    for (int i = 0; i < ggml_graph_n_nodes(graph); i++) {
        const ggml_tensor * node = ggml_graph_node(graph, i);
        if (node->op == GGML_OP_MUL_MAT) {
            out.work += double(ggml_nelements(node)) * double(node->src[0]->ne[0]);
            out.columns = std::max(out.columns, node->ne[1] * node->ne[2]);
        } else if (node->op == GGML_OP_FLASH_ATTN_EXT) {
            out.work += 2.0 * double(ggml_nelements(node)) * double(node->src[1]->ne[1]);
        }
    }
    return out;
}

}  // namespace

GraphThreads::GraphThreads(int most)
    : token_(most, process_cpu_step()),
      few_(most, process_cpu_step()),
      tile_(most, process_cpu_step()),
      idle_since_(wall_seconds()),
      idle_then_(idle_cpu_seconds()),
      idle_cores_(idle_then_ < 0 ? std::numeric_limits<double>::infinity() : 0) {}

// The system counts in steps of 10 ms a core: over a quarter of a second.
void GraphThreads::watch_idle(double now) {
    if (idle_then_ < 0 || now - idle_since_ < 0.25) return;
    const double idle = idle_cpu_seconds();
    idle_cores_       = (idle - idle_then_) / (now - idle_since_);
    idle_since_       = now;
    idle_then_        = idle;
}

int GraphThreads::begin(ggml_cgraph * graph) {
    const Products products = products_of(graph);
    running_                = products.columns == 0       ? nullptr
                              : products.columns == 1     ? &token_
                              : products.columns <= A_FEW ? &few_
                                                          : &tile_;
    if (!running_) return last_ ? last_->threads() : token_.threads();
    work_ = products.work;
    wall_ = wall_seconds();
    cpu_  = process_cpu_seconds();
    if (last_ && last_ != running_) running_->follow(last_->threads(), wall_);
    last_ = running_;
    return running_->threads();
}

void GraphThreads::end() {
    if (!running_) return;
    const double now = wall_seconds();
    watch_idle(now);
    running_->add({now, now - wall_, process_cpu_seconds() - cpu_, work_, idle_cores_});
}

}  // namespace rocketdoc
