#include "memory_plan.h"

#include <algorithm>

#include "host_memory.h"

namespace rocketdoc {
namespace {

constexpr int64_t TURN_ROOM = 1024;  // rows for questions and answers
constexpr int64_t ROUNDING  = 256;

int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

}  // namespace

int64_t document_capacity(int64_t n_document, int64_t n_total, int64_t n_ctx) {
    const int64_t wanted = std::max(round_up(n_document + TURN_ROOM, ROUNDING), round_up(n_total, ROUNDING));
    return std::max(n_total, std::min(wanted, n_ctx));
}

Status memory_plan(const HyperParams & p, size_t weight_bytes, const PlanRequest & r, MemoryPlan & out) {
    out = {};
    RETURN_IF_FAILED(mode_budgets(r.mode, r.rocket, r.n_prompt, r.n_question, r.max_new, int(p.head_dim), out.budgets));
    const int64_t n_total = r.n_prompt + r.max_new;
    KvShape       document{p.n_layer, p.n_head_kv, p.head_dim, r.document_type};
    out.weights     = weight_bytes;
    out.document_kv = document.bytes(document_capacity(r.n_prompt - r.n_question, n_total, p.n_ctx_train));
    const bool compact = needs_compact(r.mode, out.budgets);
    out.compact_cache  = compact ? CompactCache::rows_bytes(p, r.mode, r.rocket, out.budgets) : 0;
    out.summaries      = compact ? CompactCache::summary_bytes(p, r.mode, r.rocket, out.budgets) : 0;
    out.activations    = Prefill::activation_bytes(p, r.n_prompt, r.segment, r.tile);
    out.logits         = size_t(p.n_vocab) * sizeof(float);
    out.full_kv        = p.kv_bytes_per_token() * size_t(n_total);
    out.available      = host_memory_available();
    return Status::good();
}

}  // namespace rocketdoc
