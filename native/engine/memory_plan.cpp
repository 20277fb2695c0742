#include "memory_plan.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "../arch/recurrence.h"

namespace rocketdoc {
namespace {

constexpr int64_t TURN_ROOM = 1024;  // rows for questions and answers
constexpr int64_t ROUNDING  = 256;

constexpr int    LEAST_BUDGET   = 64;  // below it answers are worth little
constexpr size_t MOST_PROPOSALS = 3;

// What a smaller request may change, the one that costs an answer least first.
enum Change : unsigned { MODE = 1, HOME = 2, TYPE = 4, BUDGET = 8, ALL_CHANGES = 15 };

int count_changes(unsigned changes) { return int(std::popcount(changes)); }

// In RAM only what lies there although a GPU computes.
MemoryNeed need_of(const MemoryPlan & plan, bool on_device) {
    if (on_device) return {plan.on_gpu, int64_t(plan.device_total()), plan.available};
    return {false, int64_t(plan.total() - plan.device_total()), plan.host_available};
}

bool fits(const MemoryPlan & plan) {
    return need_of(plan, true).fits() && (!plan.on_gpu || need_of(plan, false).fits());
}

// The request with these changes, its budget not among them; false where one of them changes nothing.
bool apply_changes(const DeviceTraits & device, const PlanRequest & request, const MemoryPlan & plan, unsigned changes,
                   PlanRequest & out) {
    out = request;
    if (changes & MODE) {
        if (!device.own_memory || request.mode != Mode::full) return false;
        out.mode = Mode::rocketkv_mt;
    }
    if (changes & HOME) {
        if (!device.own_memory || out.mode == Mode::full) return false;
        out.home = plan.document_on_device ? DocumentHome::host : DocumentHome::device;
        if (out.home == request.home) return false;
    }
    if (changes & TYPE) {
        if (request.document_type != GGML_TYPE_F16) return false;
        out.document_type = GGML_TYPE_Q8_0;
    }
    return !(changes & BUDGET) || out.mode != Mode::full;
}

std::string in_words(const PlanRequest & from, const PlanRequest & to, DocumentState state) {
    std::vector<std::string> parts;
    if (to.mode != from.mode) parts.push_back(std::string("mode ") + mode_name(to.mode));
    if (to.home != from.home)
        parts.push_back(to.home == DocumentHome::host ? "the document's KV in RAM" : "the document's KV on the GPU");
    if (to.document_type != from.document_type) parts.push_back("the document's KV in q8_0");
    if (to.rocket.token_budget != from.rocket.token_budget)
        parts.push_back("a token budget of " + std::to_string(to.rocket.token_budget));
    std::string words;
    for (size_t i = 0; i < parts.size(); i++)
        words += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
    const bool read_again = to.home != from.home || to.document_type != from.document_type;
    return words + (read_again && state == DocumentState::held ? " (it is read again)" : "");
}

const char * place_of(const MemoryNeed & need) { return need.on_gpu ? "GPU memory" : "memory"; }

// What to do, after the sentence that says what lacks.
std::string advice(const MemoryShortage & shortage, DocumentState state) {
    if (shortage.smaller.empty())
        return " Nothing smaller fits: choose fewer pages or a smaller model, or close other programs.";
    const SmallerPlan & first = shortage.smaller.front();
    const MemoryNeed    then  = need_of(first.plan, shortage.need.on_gpu || !first.plan.on_gpu);
    return " With " + in_words(shortage.request, first.request, state) + " it takes " + bytes_text(then.needed) +
           " and fits.";
}

// The request with these changes, its budget made smaller until it fits; false when it never does.
bool fit_changes(const PlannedModel & model, const PlanRequest & request, const MemoryPlan & plan, unsigned changes,
                 SmallerPlan & out) {
    if (!apply_changes(model.device, request, plan, changes, out.request)) return false;
    int & budget = out.request.rocket.token_budget;
    while (true) {
        if (changes & BUDGET) budget = budget / 2 / 16 * 16;
        if ((changes & BUDGET) && budget < LEAST_BUDGET) return false;
        // Some selectors take no budget as small as this.
        if (!memory_plan(model, out.request, out.plan).ok()) return false;
        if (fits(out.plan)) return true;
        if (!(changes & BUDGET)) return false;
    }
}

// At most three that fit, none of which only adds to another.
std::vector<SmallerPlan> smaller_plans(const PlannedModel & model, const PlanRequest & request, const MemoryPlan & plan,
                                       DocumentState state) {
    std::vector<unsigned> order;
    for (unsigned changes = 1; changes <= ALL_CHANGES; changes++) order.push_back(changes);
    const auto read_again = [&](unsigned changes) {
        return state == DocumentState::held && (changes & (HOME | TYPE)) != 0;
    };
    std::stable_sort(order.begin(), order.end(), [&](unsigned a, unsigned b) {
        return std::pair{read_again(a), count_changes(a)} < std::pair{read_again(b), count_changes(b)};
    });
    std::vector<SmallerPlan> out;
    std::vector<unsigned>    taken;
    for (unsigned changes : order) {
        if (out.size() == MOST_PROPOSALS) break;
        if (std::any_of(taken.begin(), taken.end(), [&](unsigned less) { return (changes & less) == less; })) continue;
        SmallerPlan smaller;
        if (!fit_changes(model, request, plan, changes, smaller)) continue;
        out.push_back(smaller);
        taken.push_back(changes);
    }
    return out;
}

}  // namespace

int64_t document_capacity(int64_t n_document, int64_t n_total, int64_t n_ctx) {
    const int64_t wanted = std::max(round_up(n_document + TURN_ROOM, ROUNDING), round_up(n_total, ROUNDING));
    return std::max(n_total, std::min(wanted, n_ctx));
}

bool fits_on_device(const DeviceTraits & device, size_t document_bytes, size_t device_bytes) {
    constexpr size_t SPARE = size_t(512) << 20;  // for a screen, and for ggml's pools
    return int64_t(document_bytes + device_bytes + SPARE) <= device.available;
}

Status memory_plan(const PlannedModel & model, const PlanRequest & request, MemoryPlan & out) {
    const HyperParams &  params = model.params;
    const DeviceTraits & device = model.device;
    out                         = {};
    RETURN_IF_FAILED(mode_budgets(request.mode, request.rocket, request.n_prompt, request.n_question, request.max_new,
                                  int(params.full_layer().head_dim), out.budgets));
    const int64_t n_total    = request.n_prompt + request.max_new;
    const KvShape document   = kv_shape(params, request.document_type);
    const int64_t n_before   = request.n_prompt - request.n_question;
    const int64_t n_document = request.n_document < 0 ? n_before : request.n_document;
    const int64_t n_rows     = document_capacity(n_before, n_total, params.n_ctx_train);
    out.weights              = model.weight_bytes + model.experts.copies;
    out.weights_in_ram       = model.experts.matrices + model.experts.copies;
    out.expert_buffers       = model.experts.buffers;
    out.expert_layers_in_ram = model.experts.n_layers;
    out.experts_read_in_ram  = model.experts.read_per_token;
    out.document_kv          = document.bytes(KvRows::allocated_rows(device, document.room(n_document, n_rows)));
    out.activations = Prefill::activation_bytes(params, device, request.n_prompt, request.segment, request.tile);
    out.logits      = device.sizes->token_runner(params, device.n_threads);
    out.activations += device.sizes->stage1(params, request.rocket, out.budgets, request.n_prompt, device.n_threads);
    out.states             = state_bytes(params);
    out.kept_states        = 2 * out.states;
    const size_t rows      = CompactCache::rows_bytes(params, device, request.mode, request.rocket, out.budgets);
    const size_t summaries = CompactCache::summary_bytes(params, device, request.mode, request.rocket, out.budgets);
    out.document_on_device = request.home == DocumentHome::device || request.mode == Mode::full || !device.own_memory ||
                             (request.home == DocumentHome::automatic &&
                              fits_on_device(device, out.document_kv,
                                             out.weights - out.weights_in_ram + out.expert_buffers + out.activations +
                                                 out.logits + out.states + rows + summaries));
    if (needs_compact(request.mode, out.budgets, out.document_on_device)) {
        RETURN_IF_FAILED(CompactCache::check(params, device, request.mode, request.rocket, out.budgets));
        out.compact_cache = rows;
        out.summaries     = summaries;
    } else {
        out.activations += device.sizes->dense_attention(document, n_rows);
    }
    out.layer_buffers =
        out.document_on_device
            ? window_buffer_bytes(document, device, std::min(request.segment, std::max<int64_t>(1, n_document)))
            : device.sizes->layer_stream(document, request.n_prompt);
    out.full_kv        = params.kv_bytes(n_total);
    out.on_gpu         = device.own_memory;
    out.available      = device.available;
    out.host_available = device.host_available;
    out.read_bytes_per_step =
        out.compact_cache
            ? CompactCache::read_bytes(params, request.mode, request.rocket, out.budgets,
                                       std::min(out.budgets.prompt_budget, request.n_prompt), request.n_prompt)
            : document.read_bytes(request.n_prompt, request.n_prompt);
    out.compact_cache += request.own_history;
    return Status::good();
}

Status check_host_memory(const Device & device, size_t needed, const std::string & what) {
    const int64_t available = device.host_available();
    if (int64_t(needed) <= available) return Status::good();
    return Status::fail(Code::HOST_OOM,
                        what + " needs " + bytes_text(int64_t(needed)) + ", " + bytes_text(available) + " are free.");
}

Status check_device_memory(const Device & device, size_t needed, const std::string & what) {
    if (!device.traits().own_memory) return check_host_memory(device, needed, what);
    const int64_t available = device.available();
    if (int64_t(needed) <= available) return Status::good();
    return Status::fail(Code::GPU_OOM, what + " needs " + bytes_text(int64_t(needed)) + " of GPU memory, " +
                                           bytes_text(available) + " are free.");
}

MemoryNeed scarcest(const MemoryPlan & plan) {
    const MemoryNeed device = need_of(plan, true), host = need_of(plan, false);
    return device.fits() && plan.on_gpu && !host.fits() ? host : device;
}

Status check_plan(const PlannedModel & model, const PlanRequest & request, DocumentState state, MemoryPlan & out) {
    RETURN_IF_FAILED(memory_plan(model, request, out));
    if (fits(out)) return Status::good();
    auto shortage           = std::make_shared<MemoryShortage>();
    shortage->need          = scarcest(out);
    shortage->request       = request;
    shortage->smaller       = smaller_plans(model, request, out, state);
    const MemoryNeed & need = shortage->need;
    Status             status =
        Status::fail(need.on_gpu ? Code::GPU_OOM : Code::HOST_OOM,
                     "This needs " + bytes_text(need.needed) + " of " + place_of(need) + "; there is room for " +
                         bytes_text(need.available) + " (model " + bytes_text(int64_t(out.weights)) + ", document " +
                         bytes_text(int64_t(out.document_kv)) + ")." + advice(*shortage, state));
    status.shortage = std::move(shortage);
    return status;
}

Status with_shortage(Status failed, const PlannedModel & model, const PlanRequest & request, DocumentState state) {
    if ((failed.code != Code::GPU_OOM && failed.code != Code::HOST_OOM) || failed.shortage) return failed;
    MemoryPlan plan;
    if (!memory_plan(model, request, plan).ok()) return failed;
    const bool own_memory = model.device.own_memory;
    auto       shortage   = std::make_shared<MemoryShortage>();
    shortage->need        = need_of(plan, failed.code == Code::GPU_OOM || !own_memory);
    shortage->request     = request;
    // By the plan it may have fitted: then what is proposed has to be clearly smaller than what failed.
    PlannedModel  less = model;
    const int64_t most = shortage->need.needed - shortage->need.needed / 16;
    int64_t &     room = shortage->need.on_gpu || !own_memory ? less.device.available : less.device.host_available;
    room               = std::min(room, most);
    shortage->smaller  = smaller_plans(less, request, plan, state);
    failed.message += advice(*shortage, state);
    failed.shortage = std::move(shortage);
    return failed;
}

}  // namespace rocketdoc
