#include "vectors_functions.h"

#include <cstring>

#include "binding/job.h"
#include "binding/js_convert.h"
#include "cuda_vectors.h"
#include "vectors.h"

namespace rocketdoc::lab {

using namespace binding;

namespace {

template <typename T, typename Array>
std::vector<T> get_array(const Napi::Object & from, const char * name, napi_typedarray_type type) {
    Napi::Value value = from.Get(name);
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
        throw js_error(from.Env(), Status::fail(Code::INVALID_ARGUMENT,
                                                std::string(name) + " is not an array of the expected type."));
    }
    auto array = value.As<Array>();
    return {array.Data(), array.Data() + array.ElementLength()};
}
std::vector<float> floats(const Napi::Object & from, const char * name) {
    return get_array<float, Napi::Float32Array>(from, name, napi_float32_array);
}
std::vector<int32_t> indices(const Napi::Object & from, const char * name) {
    return get_array<int32_t, Napi::Int32Array>(from, name, napi_int32_array);
}
std::vector<f16_bits> halves(const Napi::Object & from, const char * name) {
    return get_array<f16_bits, Napi::Uint16Array>(from, name, napi_uint16_array);
}

Napi::Uint16Array from_halves(Napi::Env env, const std::vector<f16_bits> & values) {
    auto out = Napi::Uint16Array::New(env, values.size());
    if (!values.empty()) std::memcpy(out.Data(), values.data(), values.size() * sizeof(f16_bits));
    return out;
}

}  // namespace

Napi::Value check_vectors(const Napi::CallbackInfo & info) {
    Napi::Object from     = get_object(info[0], "the vectors");
    auto         x        = std::make_shared<Vectors>();
    x->n_head             = get_int(from, "nHead");
    x->n_head_kv          = get_int(from, "nHeadKv");
    x->head_dim           = get_int(from, "headDim");
    x->prompt_len         = get_integer(from, "promptLen");
    x->window             = get_int(from, "window");
    x->kernel             = get_int(from, "kernel");
    x->page               = get_int(from, "page");
    x->top_r              = get_int(from, "topR");
    x->top_k              = get_integer(from, "topK");
    x->steps              = get_int(from, "steps");
    x->keep               = get_integer(from, "keep");
    x->q_window           = floats(from, "qWindow");
    x->k                  = halves(from, "k");
    x->v                  = halves(from, "v");
    x->stage1_indices     = indices(from, "stage1Indices");
    x->compact_order      = indices(from, "compactOrder");
    x->decode_q           = floats(from, "decodeQ");
    x->decode_k           = floats(from, "decodeK");
    x->decode_v           = floats(from, "decodeV");
    x->decode_top_r       = indices(from, "decodeTopR");
    x->decode_top_k       = indices(from, "decodeTopK");
    x->decode_out         = floats(from, "decodeOut");
    auto          report  = std::make_shared<VectorsReport>();
    const bool    on_cuda = info.Length() > 1 && !info[1].IsUndefined();
    DeviceOptions options;
    if (on_cuda) {
        const Status chosen = to_cuda(info[1], options);
        if (!chosen.ok()) return rejected(info.Env(), chosen);
    }
    return Job::start(
        info.Env(),
        [=] {
            if (!on_cuda) return rocketdoc::check_vectors(*x, *make_cpu_recompute(), *report);
            std::unique_ptr<CudaDevice> gpu;
            RETURN_IF_FAILED(CudaDevice::open(options, gpu));
            return rocketdoc::check_vectors(*x, *make_cuda_recompute(*gpu), *report);
        },
        [=](Napi::Env env) {
            Napi::Object out = Napi::Object::New(env);
            out.Set("stage1Mismatches", double(report->stage1_mismatches));
            out.Set("topRMismatches", double(report->top_r_mismatches));
            out.Set("topKMismatches", double(report->top_k_mismatches));
            out.Set("gatherMismatches", double(report->gather_mismatches));
            out.Set("outMaxError", double(report->out_max_error));
            out.Set("stage1Ties", double(report->stage1_ties));
            out.Set("topRTies", double(report->top_r_ties));
            out.Set("topKTies", double(report->top_k_ties));
            return out;
        },
        [](Napi::Env) {});
}

Napi::Value make_vectors(const Napi::CallbackInfo & info) {
    Napi::Env     env  = info.Env();
    Napi::Object  from = get_object(info[0], "the request");
    Vectors       x;
    RocketOptions options;
    x.n_head              = get_int(from, "nHead");
    x.n_head_kv           = get_int(from, "nHeadKv");
    x.head_dim            = get_int(from, "headDim");
    x.prompt_len          = get_integer(from, "promptLen");
    x.steps               = get_int(from, "steps");
    options.token_budget  = get_int(from, "tokenBudget");
    options.window        = get_int(from, "window");
    options.kernel        = get_int(from, "kernel");
    const int64_t max_new = get_integer(from, "maxNew");
    RocketBudgets b;
    check(env, rocket_budgets(options, x.prompt_len, x.prompt_len, max_new, x.head_dim, true, b));
    x.window = b.window;
    x.kernel = b.kernel;
    x.page   = b.page;
    x.top_r  = b.r;
    x.top_k  = b.k;
    x.keep   = std::min(b.prompt_budget, x.prompt_len) - b.window;
    check(env, rocketdoc::make_vectors(uint64_t(get_integer(from, "seed")), x));

    Napi::Object out = Napi::Object::New(env);
    for (const char * name : {"nHead", "nHeadKv", "headDim", "promptLen", "steps"}) out.Set(name, from.Get(name));
    out.Set("window", x.window);
    out.Set("kernel", x.kernel);
    out.Set("page", x.page);
    out.Set("topR", x.top_r);
    out.Set("topK", double(x.top_k));
    out.Set("keep", double(x.keep));
    out.Set("capacity", double(b.capacity));
    out.Set("promptBudget", double(b.prompt_budget));
    out.Set("qWindow", from_floats(env, x.q_window));
    out.Set("k", from_halves(env, x.k));
    out.Set("v", from_halves(env, x.v));
    out.Set("stage1Indices", from_tokens(env, x.stage1_indices));
    out.Set("compactOrder", from_tokens(env, x.compact_order));
    out.Set("decodeQ", from_floats(env, x.decode_q));
    out.Set("decodeK", from_floats(env, x.decode_k));
    out.Set("decodeV", from_floats(env, x.decode_v));
    out.Set("decodeTopR", from_tokens(env, x.decode_top_r));
    out.Set("decodeTopK", from_tokens(env, x.decode_top_k));
    out.Set("decodeOut", from_floats(env, x.decode_out));
    return out;
}

}  // namespace rocketdoc::lab
