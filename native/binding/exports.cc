#include "exports.h"

#include "job.h"
#include "objects.h"

namespace rocketdoc::binding {
namespace {

Napi::Value inspect_model(const Napi::CallbackInfo & info) {
    ModelInfo model;
    check(info.Env(), rocketdoc::inspect_model(to_text(info[0], "path"), model));
    return from_model(info.Env(), model);
}

Napi::Value plan(const Napi::CallbackInfo & info) {
    const std::string path    = to_text(info[0], "path");
    const PlanRequest request = to_plan_request(get_object(info[1], "the plan request"));
    DeviceOptions     cuda;
    const bool        on_cuda = !info[2].IsUndefined();
    if (on_cuda) check(info.Env(), to_cuda(info[2], cuda));
    MemoryPlan    out;
    const int64_t in_ram = on_cuda ? to_experts_in_ram(info[2]) : FEWEST_IN_RAM;
    check(info.Env(), plan_for_file(path, on_cuda ? &cuda : nullptr, in_ram, request, out));
    return from_plan(info.Env(), out);
}

Napi::Value budgets(const Napi::CallbackInfo & info) {
    Napi::Object  from = get_object(info[0], "the budget request");
    RocketBudgets out;
    check(info.Env(),
          mode_budgets(to_mode(info.Env(), get_text(from, "mode")),
                       to_rocket_options(get_object(from.Get("rocket"), "rocket")), get_integer(from, "nPrompt"),
                       get_integer(from, "nQuestion"), get_integer(from, "maxNew"), get_int(from, "headDim"), out));
    return from_budgets(info.Env(), out);
}

// ggml may abort the process: to be called in one that holds nothing.
Napi::Value probe_cuda(const Napi::CallbackInfo & info) {
    Napi::Env     env = info.Env();
    DeviceOptions options;
    DeviceInfo    device;
    check(env, to_cuda(info[0], options));
    check(env, try_out_device(options, device));
    Napi::Object out = Napi::Object::New(env);
    out.Set("name", device.name);
    out.Set("freeBytes", double(device.free_bytes));
    out.Set("totalBytes", double(device.total_bytes));
    return out;
}

Napi::Value open_engine(const Napi::CallbackInfo & info) {
    Napi::Env     env  = info.Env();
    Napi::Object  from = get_object(info[0], "the engine's options");
    EngineOptions options;
    const Status  read = to_engine_options(from, options);
    if (!read.ok()) return rejected(env, read);
    options.float_weights = from.Has("floatWeights") && from.Get("floatWeights").ToBoolean().Value();
    auto handle           = std::make_shared<EngineHandle>();
    return Job::start(
        env, [=] { return Engine::open(options, handle->engine); },
        [=](Napi::Env env) {
            auto & engines = env.GetInstanceData<AddonData>()->engines;
            std::erase_if(engines, [](const auto & engine) { return engine.expired(); });
            engines.push_back(handle);
            return EngineObject::make(env, handle);
        },
        [](Napi::Env) {});
}

// node waits for jobs before the environment is gone: what runs is cancelled, so that it need not wait long.
void end_environment(AddonData & data) {
    *data.is_over = true;
    for (const auto & engine : data.engines) {
        if (const auto handle = engine.lock()) handle->close();
    }
}

Napi::Array error_codes(Napi::Env env) {
    Napi::Array out = Napi::Array::New(env);
    uint32_t    n   = 0;
#define ERROR_CODE(name) out.Set(n++, #name);
#include "../error_codes.def"
#undef ERROR_CODE
    return out;
}

}  // namespace

void set_exports(Napi::Env env, Napi::Object exports) {
    prepare_process();
    auto * data = new AddonData;  // freed with the environment
    EngineObject::define(env, *data);
    DocumentObject::define(env, *data);
    SessionObject::define(env, *data);
    env.SetInstanceData(data);
    env.AddCleanupHook([data] { end_environment(*data); });
    exports.Set("ggmlVersion", ROCKETDOC_GGML_VERSION);
    exports.Set("errorCodes", error_codes(env));
    exports.Set("inspectModel", Napi::Function::New<inspect_model>(env));
    exports.Set("plan", Napi::Function::New<plan>(env));
    exports.Set("budgets", Napi::Function::New<budgets>(env));
    exports.Set("openEngine", Napi::Function::New<open_engine>(env));
    exports.Set("probeCuda", Napi::Function::New<probe_cuda>(env));
}

}  // namespace rocketdoc::binding
