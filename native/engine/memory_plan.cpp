#include "memory_plan.h"

#include <algorithm>

#include "decode_cuda.h"
#include "host_memory.h"
#include "layer_stream.h"

namespace rocketdoc {
namespace {

constexpr int64_t TURN_ROOM = 1024;  // rows for questions and answers
constexpr int64_t ROUNDING  = 256;

}  // namespace

int64_t document_capacity(int64_t n_document, int64_t n_total, int64_t n_ctx) {
    const int64_t wanted = std::max(round_up(n_document + TURN_ROOM, ROUNDING), round_up(n_total, ROUNDING));
    return std::max(n_total, std::min(wanted, n_ctx));
}

bool fits_on_device(const DeviceTraits & device, size_t document_bytes, size_t device_bytes) {
    constexpr size_t SPARE = size_t(512) << 20;  // for a screen, and for ggml's pools
    return int64_t(document_bytes + device_bytes + SPARE) <= device.available;
}

Status memory_plan(const HyperParams & p, const DeviceTraits & device, size_t weight_bytes, const PlanRequest & r, MemoryPlan & out) {
    out = {};
    RETURN_IF_FAILED(mode_budgets(r.mode, r.rocket, r.n_prompt, r.n_question, r.max_new, int(p.head_dim), out.budgets));
    const int64_t n_total = r.n_prompt + r.max_new;
    const KvShape document{p.n_layer, p.n_head_kv, p.head_dim, r.document_type};
    const int64_t n_rows = document_capacity(r.n_prompt - r.n_question, n_total, p.n_ctx_train);
    out.weights          = weight_bytes;
    out.document_kv      = document.bytes(KvRows::allocated_rows(device, n_rows));
    out.activations      = Prefill::activation_bytes(p, device, r.n_prompt, r.segment, r.tile);
    out.logits           = size_t(p.n_vocab) * sizeof(float);
    if (device.cuda) {
        out.logits = CudaDecode::device_bytes(p);
        out.activations += CudaCompactCache::stage1_bytes(p, r.rocket, out.budgets, r.n_prompt);
    }
    const size_t compact = CompactCache::rows_bytes(p, device, r.mode, r.rocket, out.budgets) + CompactCache::summary_bytes(p, device, r.mode, r.rocket, out.budgets);
    out.document_on_device = r.home == DocumentHome::device || r.mode == Mode::full || !device.cuda ||
                             (r.home == DocumentHome::automatic && fits_on_device(device, out.document_kv, out.activations + out.logits + compact));
    if (needs_compact(r.mode, out.budgets, out.document_on_device)) {
        out.compact_cache = CompactCache::rows_bytes(p, device, r.mode, r.rocket, out.budgets);
        out.summaries     = CompactCache::summary_bytes(p, device, r.mode, r.rocket, out.budgets);
    }
    out.layer_buffers  = LayerStream::bytes(device, out.document_on_device ? KvRows::Home::device : KvRows::Home::host, document, r.n_prompt);
    out.full_kv        = p.kv_bytes_per_token() * size_t(n_total);
    out.on_gpu         = device.cuda;
    out.available      = device.available;
    out.host_available = device.cuda ? host_memory_available() : device.available;
    out.read_bytes_per_step =
        out.compact_cache ? CompactCache::read_bytes(p, r.mode, r.rocket, out.budgets, std::min(out.budgets.prompt_budget, r.n_prompt))
                          : double(document.bytes(r.n_prompt)) / double(p.n_layer * p.n_head_kv);
    return Status::good();
}

}  // namespace rocketdoc
