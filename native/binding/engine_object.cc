#include "job.h"
#include "objects.h"

namespace rocketdoc::binding {

void EngineObject::define(Napi::Env env, AddonData & data) {
    data.engine = Napi::Persistent(DefineClass(env, "Engine",
                                               {
                                                   InstanceAccessor<&EngineObject::info>("info"),
                                                   InstanceAccessor<&EngineObject::device>("device"),
                                                   InstanceAccessor<&EngineObject::threads>("threads"),
                                                   InstanceMethod<&EngineObject::plan>("plan"),
                                                   InstanceMethod<&EngineObject::check_plan>("checkPlan"),
                                                   InstanceMethod<&EngineObject::limit_available>("limitAvailable"),
                                                   InstanceMethod<&EngineObject::watch_memory>("watchMemory"),
                                                   InstanceAccessor<&EngineObject::peak_bytes>("peakBytes"),
                                                   InstanceMethod<&EngineObject::create_document>("createDocument"),
                                                   InstanceMethod<&EngineObject::close>("close"),
                                               }));
}

Napi::Object EngineObject::make(Napi::Env env, std::shared_ptr<EngineHandle> handle) {
    auto * data = env.GetInstanceData<AddonData>();
    return data->engine.New({Napi::External<std::shared_ptr<EngineHandle>>::New(env, &handle)});
}

EngineObject::EngineObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<EngineObject>(info) {
    if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "Engines are made by openEngine.");
    handle_ = *info[0].As<Napi::External<std::shared_ptr<EngineHandle>>>().Data();
}

EngineHandle & EngineObject::open_handle(Napi::Env env) const {
    if (handle_->closed) throw js_error(env, closed_status("engine"));
    return *handle_;
}

Napi::Value EngineObject::info(const Napi::CallbackInfo & info) {
    return from_model(info.Env(), open_handle(info.Env()).engine->model());
}

Napi::Value EngineObject::device(const Napi::CallbackInfo & info) {
    return Napi::String::New(info.Env(), open_handle(info.Env()).engine->device().name());
}

Napi::Value EngineObject::threads(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), open_handle(info.Env()).engine->device().n_threads());
}

Napi::Value EngineObject::plan(const Napi::CallbackInfo & info) {
    MemoryPlan plan;
    check(info.Env(),
          open_handle(info.Env()).engine->plan(to_plan_request(get_object(info[0], "the plan request")), plan));
    return from_plan(info.Env(), plan);
}

Napi::Value EngineObject::check_plan(const Napi::CallbackInfo & info) {
    MemoryPlan plan;
    check(info.Env(), open_handle(info.Env())
                          .engine->check_plan(to_plan_request(get_object(info[0], "the plan request")), nullptr, plan));
    return from_plan(info.Env(), plan);
}

void EngineObject::limit_available(const Napi::CallbackInfo & info) {
    if (!info[0].IsNumber())
        throw js_error(info.Env(), Status::fail(Code::INVALID_ARGUMENT, "bytes must be a number."));
    open_handle(info.Env()).engine->device().limit_available(info[0].As<Napi::Number>().Int64Value());
}

void EngineObject::watch_memory(const Napi::CallbackInfo & info) {
    EngineHandle & handle = open_handle(info.Env());
    if (handle.busy) throw js_error(info.Env(), busy_status());
    handle.engine->device().watch_memory();
}

Napi::Value EngineObject::peak_bytes(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), double(open_handle(info.Env()).engine->device().peak_bytes()));
}

Napi::Value EngineObject::create_document(const Napi::CallbackInfo & info) {
    open_handle(info.Env());
    Napi::Object options = get_object(info[0], "the document's options");
    auto         handle  = std::make_shared<DocumentHandle>();
    handle->parent       = handle_;
    handle->document     = std::make_unique<Document>(
        *handle_->engine, to_document_type(info.Env(), get_text(options, "documentType")), to_document_home(options));
    handle_->children.push_back(handle);
    return DocumentObject::make(info.Env(), handle);
}

void EngineObject::close(const Napi::CallbackInfo &) {
    handle_->closed = true;
    for (auto & weak : handle_->children) {
        auto document = weak.lock();
        if (document && document->document) document->document->cancel();
        for (size_t i = 0; document && i < document->children.size(); i++) {
            auto session = document->children[i].lock();
            if (session && session->session) session->session->cancel();
        }
    }
    handle_->reap();
}

}  // namespace rocketdoc::binding
