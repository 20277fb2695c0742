#include "js_convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

namespace rocketdoc::binding {
namespace {

[[noreturn]] void wrong(const Napi::Env & env, const std::string & what, const char * expected) {
    throw js_error(env, Status::fail(Code::INVALID_ARGUMENT, what + " must be " + expected + "."));
}

template <typename Enum>
Enum choose(Napi::Env env, const char * name, const std::string & value, const std::vector<Named<Enum>> & choices) {
    std::string known;
    for (const auto & [text, choice] : choices) {
        if (value == text) return choice;
        known += (known.empty() ? "" : ", ") + std::string(text);
    }
    throw js_error(env, Status::fail(Code::INVALID_ARGUMENT,
                                     std::string(name) + " is \"" + value + "\"; it must be one of " + known + "."));
}

// What a smaller request changes, under the names of the contract, and what it then needs of the memory that lacked.
Napi::Object from_smaller(Napi::Env env, const MemoryShortage & shortage, const SmallerPlan & smaller) {
    const PlanRequest & from    = shortage.request;
    const PlanRequest & to      = smaller.request;
    Napi::Object        changes = Napi::Object::New(env);
    if (to.mode != from.mode) changes.Set("mode", mode_name(to.mode));
    if (to.rocket.token_budget != from.rocket.token_budget) changes.Set("tokenBudget", to.rocket.token_budget);
    if (to.document_type != from.document_type) changes.Set("kvType", ggml_type_name(to.document_type));
    if (to.home != from.home) changes.Set("documentHome", to.home == DocumentHome::host ? "host" : "device");
    const MemoryPlan & plan   = smaller.plan;
    const bool         in_ram = plan.on_gpu && !shortage.need.on_gpu;
    Napi::Object       out    = Napi::Object::New(env);
    out.Set("changes", changes);
    out.Set("needed", double(in_ram ? plan.total() - plan.device_total() : plan.device_total()));
    return out;
}

Napi::Object from_shortage(Napi::Env env, const MemoryShortage & shortage) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("place", shortage.need.on_gpu ? "gpu" : "ram");
    out.Set("needed", double(shortage.need.needed));
    out.Set("available", double(shortage.need.available));
    Napi::Array proposals = Napi::Array::New(env);
    for (const SmallerPlan & smaller : shortage.smaller)
        proposals.Set(proposals.Length(), from_smaller(env, shortage, smaller));
    out.Set("proposals", proposals);
    return out;
}

}  // namespace

Napi::Error js_error(Napi::Env env, const Status & status) {
    Napi::Error error = Napi::Error::New(env, status.message);
    error.Set("code", Napi::String::New(env, code_name(status.code)));
    if (status.shortage) error.Set("shortage", from_shortage(env, *status.shortage));
    return error;
}

void check(Napi::Env env, const Status & status) {
    if (!status.ok()) throw js_error(env, status);
}

namespace {

double to_number(const Napi::Value & value, const char * what) {
    if (!value.IsNumber()) wrong(value.Env(), what, "a number");
    const double number = value.As<Napi::Number>().DoubleValue();
    if (!std::isfinite(number)) wrong(value.Env(), what, "a finite number");
    return number;
}

}  // namespace

int64_t to_integer(const Napi::Value & value, const char * what) {
    const double number = to_number(value, what);
    if (number != std::floor(number) || std::fabs(number) > 9007199254740992.0)
        wrong(value.Env(), what, "a whole number");
    return int64_t(number);
}

int to_int(const Napi::Value & value, const char * what) {
    const int64_t number = to_integer(value, what);
    if (number < std::numeric_limits<int>::min() || number > std::numeric_limits<int>::max())
        wrong(value.Env(), what, "within 32 bits");
    return int(number);
}

std::string to_text(const Napi::Value & value, const char * what) {
    if (!value.IsString()) wrong(value.Env(), what, "a text");
    return value.As<Napi::String>().Utf8Value();
}

double      get_number(const Napi::Object & from, const char * name) { return to_number(from.Get(name), name); }
int64_t     get_integer(const Napi::Object & from, const char * name) { return to_integer(from.Get(name), name); }
int         get_int(const Napi::Object & from, const char * name) { return to_int(from.Get(name), name); }
std::string get_text(const Napi::Object & from, const char * name) { return to_text(from.Get(name), name); }

Napi::Object get_object(const Napi::Value & value, const char * what) {
    if (!value.IsObject()) wrong(value.Env(), what, "an object");
    return value.As<Napi::Object>();
}

std::vector<int32_t> get_tokens(const Napi::Value & value, const char * what) {
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array)
        wrong(value.Env(), what, "an Int32Array");
    auto array = value.As<Napi::Int32Array>();
    return {array.Data(), array.Data() + array.ElementLength()};
}

Mode to_mode(Napi::Env env, const std::string & name) { return choose(env, "mode", name, modes()); }

ggml_type to_document_type(Napi::Env env, const std::string & name) {
    if (name == "f16") return GGML_TYPE_F16;
    if (name == "q8_0") return GGML_TYPE_Q8_0;
    throw js_error(env,
                   Status::fail(Code::INVALID_ARGUMENT, "documentType is \"" + name + "\"; it must be f16 or q8_0."));
}

Status to_cuda(const Napi::Value & value, DeviceOptions & out) {
    const Napi::Object from = get_object(value, "the CUDA device");
    out.name                = "cuda:" + std::to_string(get_int(from, "device"));
    out.library             = get_text(from, "library");
    out.kernels_library     = get_text(from, "kernels");
    return out.index() >= 0 ? Status::good() : Status::fail(Code::INVALID_ARGUMENT, "CUDA devices are counted from 0.");
}

int64_t to_experts_in_ram(const Napi::Value & cuda) {
    const Napi::Object from = get_object(cuda, "the CUDA device");
    if (!from.Has("expertsInRam") || from.Get("expertsInRam").IsUndefined()) return FEWEST_IN_RAM;
    const int64_t n = get_integer(from, "expertsInRam");
    if (n >= 0) return n;
    throw js_error(from.Env(), Status::fail(Code::INVALID_ARGUMENT, "expertsInRam is a number of layers."));
}

Status to_engine_options(const Napi::Object & from, EngineOptions & out) {
    out.model_path       = get_text(from, "modelPath");
    out.device.cpu_dir   = get_text(from, "backendDir");
    out.device.n_threads = get_int(from, "threads");
    if (out.device.n_threads < 0 || out.device.n_threads > 512) {
        return Status::fail(Code::INVALID_ARGUMENT, "threads must be 0 (automatic) to 512.");
    }
    const Napi::Value cuda = from.Get("cuda");
    if (cuda.IsUndefined()) return Status::good();
    out.experts_in_ram = to_experts_in_ram(cuda);
    return to_cuda(cuda, out.device);
}

RocketOptions to_rocket_options(const Napi::Object & from) {
    RocketOptions o;
    o.token_budget    = get_int(from, "tokenBudget");
    o.window          = get_int(from, "window");
    o.kernel          = get_int(from, "kernel");
    const auto option = [&](const char * name, const auto & choices) {
        return choose(from.Env(), name, get_text(from, name), choices);
    };
    o.decomposition  = option("decomposition", decompositions());
    o.grouping       = option("grouping", groupings());
    o.pooling        = option("pooling", poolings());
    o.selector       = option("selector", selectors());
    o.page           = get_int(from, "page");
    o.r              = get_int(from, "r");
    o.k              = get_int(from, "k");
    o.n_dense_layers = get_int(from, "nDenseLayers");
    return o;
}

SamplerOptions to_sampler_options(const Napi::Object & from) {
    SamplerOptions o;
    o.temperature        = float(get_number(from, "temperature"));
    o.top_k              = get_int(from, "topK");
    o.top_p              = float(get_number(from, "topP"));
    o.min_p              = float(get_number(from, "minP"));
    o.repetition_penalty = float(get_number(from, "repetitionPenalty"));
    o.repetition_window  = get_int(from, "repetitionWindow");
    o.seed               = uint64_t(get_integer(from, "seed"));
    check(from.Env(), Sampler::check(o));
    return o;
}

DocumentHome to_document_home(const Napi::Object & from) {
    if (!from.Has("home") || from.Get("home").IsUndefined()) return DocumentHome::automatic;
    const std::string home = get_text(from, "home");
    if (home == "auto") return DocumentHome::automatic;
    if (home == "device") return DocumentHome::device;
    if (home == "host") return DocumentHome::host;
    throw js_error(from.Env(), Status::fail(Code::INVALID_ARGUMENT, "home must be auto, device or host."));
}

PlanRequest to_plan_request(const Napi::Object & from) {
    PlanRequest r;
    r.n_prompt      = get_integer(from, "nPrompt");
    r.n_question    = get_integer(from, "nQuestion");
    r.max_new       = get_integer(from, "maxNew");
    r.mode          = to_mode(from.Env(), get_text(from, "mode"));
    r.rocket        = to_rocket_options(get_object(from.Get("rocket"), "rocket"));
    r.document_type = to_document_type(from.Env(), get_text(from, "documentType"));
    r.home          = to_document_home(from);
    return r;
}

void to_answer_request(const Napi::Object & from, AnswerRequest & out) {
    out.tokens  = get_tokens(from.Get("tokens"), "tokens");
    out.mode    = to_mode(from.Env(), get_text(from, "mode"));
    out.rocket  = to_rocket_options(get_object(from.Get("rocket"), "rocket"));
    out.max_new = get_integer(from, "maxNew");
}

Napi::Object from_model(Napi::Env env, const ModelInfo & model) {
    const HyperParams & p   = model.params;
    Napi::Object        out = Napi::Object::New(env);
    out.Set("path", model.path);
    out.Set("fileBytes", double(model.file_bytes));
    out.Set("architecture", p.architecture);
    out.Set("name", p.name);
    out.Set("nLayer", double(p.n_layer));
    out.Set("nEmbd", double(p.n_embd));
    const LayerTraits & full = p.full_layer();
    out.Set("nHead", double(full.n_head));
    out.Set("nHeadKv", double(full.n_head_kv));
    out.Set("headDim", double(full.head_dim));
    out.Set("nFf", double(full.n_ff));
    if (const Experts & e = p.layer(0).experts; e.count > 0) {
        Napi::Object experts = Napi::Object::New(env);
        experts.Set("count", double(e.count));
        experts.Set("used", double(e.used));
        experts.Set("nFf", double(e.n_ff));
        experts.Set("nFfShared", double(e.n_ff_shared));
        out.Set("experts", experts);
    }
    out.Set("nVocab", double(p.n_vocab));
    out.Set("nCtxTrain", double(p.n_ctx_train));
    out.Set("ropeBase", double(full.rope.base));
    out.Set("ropeScaling", model.has_rope_factors ? "factors" : p.rope_scaling);
    out.Set("tiedEmbeddings", model.is_tied);
    out.Set("weightBytes", double(model.weight_bytes));
    out.Set("nParams", double(model.n_params));
    out.Set("kvBytesPerToken", double(p.kv_bytes_per_token()));
    const int64_t widest  = p.windows().empty() ? 0 : std::ranges::max(p.windows());
    Napi::Array   windows = Napi::Array::New(env);
    for (int64_t i = 0; widest > 0 && i < p.n_layer; i++) windows.Set(uint32_t(i), double(p.layer(i).kept_window()));
    out.Set("windows", windows);
    // Of f16 K and V of one token.
    Napi::Array row_bytes = Napi::Array::New(env), shared = Napi::Array::New(env), recurrent = Napi::Array::New(env);
    for (int64_t i = 0; i < p.n_layer; i++) {
        const LayerTraits & l = p.layer(i);
        row_bytes.Set(uint32_t(i), l.keeps_rows() ? double(l.kv_width() * 2 * int64_t(sizeof(uint16_t))) : 0.0);
        shared.Set(uint32_t(i), l.shares_rows() ? double(l.shared_layer) : -1.0);
        if (l.is_recurrent()) recurrent.Set(recurrent.Length(), double(i));
    }
    out.Set("rowBytes", row_bytes);
    out.Set("sharedLayers", shared);
    out.Set("recurrentLayers", recurrent);
    out.Set("stateBytes", double(model.state_bytes));
    Napi::Object counts = Napi::Object::New(env);
    for (const auto & [name, n] : model.tensor_types) counts.Set(name, n);
    out.Set("tensorTypes", counts);
    out.Set("hasVocabulary", model.has_vocabulary);
    Napi::Object products = Napi::Object::New(env);
    products.Set("all", double(model.gpu_products.all));
    products.Set("ours", double(model.gpu_products.ours));
    out.Set("gpuProducts", products);
    return out;
}

Napi::Object from_budgets(Napi::Env env, const RocketBudgets & b) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("tokenBudget", double(b.token_budget));
    out.Set("capacity", double(b.capacity));
    out.Set("promptBudget", double(b.prompt_budget));
    out.Set("page", b.page);
    out.Set("r", b.r);
    out.Set("k", double(b.k));
    out.Set("window", b.window);
    out.Set("kernel", b.kernel);
    out.Set("evicts", b.evicts);
    out.Set("dense", b.dense);
    return out;
}

Napi::Object from_plan(Napi::Env env, const MemoryPlan & plan) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("weights", double(plan.weights));
    out.Set("weightsInRam", double(plan.weights_in_ram));
    out.Set("expertLayersInRam", double(plan.expert_layers_in_ram));
    out.Set("expertsReadInRam", double(plan.experts_read_in_ram));
    out.Set("expertBuffers", double(plan.expert_buffers));
    out.Set("documentKv", double(plan.document_kv));
    out.Set("compactCache", double(plan.compact_cache));
    out.Set("summaries", double(plan.summaries));
    out.Set("layerBuffers", double(plan.layer_buffers));
    out.Set("activations", double(plan.activations));
    out.Set("logits", double(plan.logits));
    out.Set("states", double(plan.states));
    out.Set("keptStates", double(plan.kept_states));
    out.Set("documentOnDevice", plan.document_on_device);
    out.Set("deviceTotal", double(plan.device_total()));
    out.Set("total", double(plan.total()));
    out.Set("fullKv", double(plan.full_kv));
    out.Set("onGpu", plan.on_gpu);
    out.Set("available", double(plan.available));
    out.Set("hostAvailable", double(plan.host_available));
    out.Set("readBytesPerStep", plan.read_bytes_per_step);
    out.Set("budgets", from_budgets(env, plan.budgets));
    return out;
}

Napi::Object from_counters(Napi::Env env, const Counters & c) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("mode", mode_name(c.mode));
    out.Set("budgets", from_budgets(env, c.budgets));
    out.Set("rowsTotal", double(c.rows_total));
    out.Set("rowsKept", double(c.rows_kept));
    out.Set("rowsRead", double(c.rows_read));
    out.Set("fullBytes", double(c.full_bytes));
    out.Set("documentBytes", double(c.document_bytes));
    out.Set("compactBytes", double(c.compact_bytes));
    out.Set("summaryBytes", double(c.summary_bytes));
    out.Set("readBytesPerStep", c.read_bytes_per_step);
    out.Set("storedBytesPerHead", c.stored_bytes_per_head);
    out.Set("keptMass", from_floats(env, c.kept_mass));
    out.Set("clampedCodes", double(c.clamped_codes));
    return out;
}

Napi::Object from_answer(Napi::Env env, const Answer & a) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("finishReason", a.stopped ? "stop" : "length");
    out.Set("nPrefilled", double(a.n_prefilled));
    out.Set("nGenerated", double(a.n_generated));
    out.Set("nPasses", double(a.n_passes));
    out.Set("nDrafted", double(a.n_drafted));
    out.Set("nAccepted", double(a.n_accepted));
    out.Set("prefillMs", a.prefill_ms);
    out.Set("stage1Ms", a.stage1_ms);
    out.Set("firstTokenMs", a.first_token_ms);
    out.Set("decodeMs", a.decode_ms);
    out.Set("medianTokenMs", a.median_token_ms);
    return out;
}

Napi::Object from_step(Napi::Env env, const Step & step) {
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    Napi::Object     out     = Napi::Object::New(env);
    out.Set("logits", from_floats(env, step.logits));
    out.Set("recall", step.recall < 0 ? unknown : step.recall);
    out.Set("mass", step.mass < 0 ? unknown : step.mass);
    return out;
}

Napi::Float32Array from_floats(Napi::Env env, const std::vector<float> & values) {
    auto out = Napi::Float32Array::New(env, values.size());
    if (!values.empty()) std::memcpy(out.Data(), values.data(), values.size() * sizeof(float));
    return out;
}

Napi::Int32Array from_tokens(Napi::Env env, const std::vector<int32_t> & values) {
    auto out = Napi::Int32Array::New(env, values.size());
    if (!values.empty()) std::memcpy(out.Data(), values.data(), values.size() * sizeof(int32_t));
    return out;
}

Napi::Uint32Array from_counts(Napi::Env env, const std::vector<uint32_t> & values) {
    auto out = Napi::Uint32Array::New(env, values.size());
    if (!values.empty()) std::memcpy(out.Data(), values.data(), values.size() * sizeof(uint32_t));
    return out;
}

}  // namespace rocketdoc::binding
