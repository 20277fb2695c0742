// What the lab's addon exports beside all that the product's has; native/lab/binding.ts is its shape.
#include "agreement_function.h"
#include "binding/exports.h"
#include "binding/job.h"
#include "binding/objects.h"
#include "shape_model.h"
#include "vectors_functions.h"

namespace rocketdoc::lab {
namespace {

using namespace binding;

Napi::Value write_shape(const Napi::CallbackInfo & info) {
    Napi::Env         env  = info.Env();
    Napi::Object      from = get_object(info[0], "the shape");
    const std::string path = get_text(from, "path");
    ModelShape        shape;
    ggml_type         type;
    Status            status = find_shape(get_text(from, "shape"), shape);
    if (status.ok()) status = find_weight_type(get_text(from, "weights"), type);
    if (!status.ok()) return rejected(env, status);
    return Job::start(
        env, [=] { return write_shape_model(path, shape, type); }, [](Napi::Env env) { return env.Undefined(); },
        [](Napi::Env) {});
}

Napi::Value random_tokens(const Napi::CallbackInfo & info) {
    Napi::Object      from = get_object(info[0], "the tokens");
    const int64_t     n = get_integer(from, "count"), n_vocab = get_integer(from, "nVocab");
    constexpr int64_t MOST = int64_t(1) << 24;
    if (n < 0 || n > MOST || n_vocab < 1)
        throw js_error(info.Env(), Status::fail(Code::INVALID_ARGUMENT,
                                                "Random tokens are 0 to 16,777,216 of a vocabulary that has some."));
    return from_tokens(info.Env(), pseudo_random_tokens(get_integer(from, "first"), n, n_vocab));
}

EngineHandle & open_engine(const Napi::CallbackInfo & info) {
    return EngineObject::Unwrap(get_object(info[0], "the engine"))->open_handle(info.Env());
}

void limit_available(const Napi::CallbackInfo & info) {
    open_engine(info).engine->limit_available(to_integer(info[1], "bytes"));
}

void watch_memory(const Napi::CallbackInfo & info) {
    EngineHandle & handle = open_engine(info);
    if (handle.busy()) throw js_error(info.Env(), busy_status());
    handle.engine->watch_memory();
}

Napi::Value peak_bytes(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), double(open_engine(info).engine->peak_bytes()));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
    set_exports(env, exports);
    exports.Set("writeShapeModel", Napi::Function::New<write_shape>(env));
    exports.Set("randomTokens", Napi::Function::New<random_tokens>(env));
    exports.Set("checkVectors", Napi::Function::New<check_vectors>(env));
    exports.Set("makeVectors", Napi::Function::New<make_vectors>(env));
    exports.Set("compareWithLlama", Napi::Function::New<compare_with_llama>(env));
    exports.Set("limitAvailable", Napi::Function::New<limit_available>(env));
    exports.Set("watchMemory", Napi::Function::New<watch_memory>(env));
    exports.Set("peakBytes", Napi::Function::New<peak_bytes>(env));
    return exports;
}

}  // namespace
}  // namespace rocketdoc::lab

static Napi::Object init_addon(Napi::Env env, Napi::Object exports) { return rocketdoc::lab::init(env, exports); }
NODE_API_MODULE(rocketdoc_lab, init_addon)
