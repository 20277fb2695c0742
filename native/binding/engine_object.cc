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
                                                   InstanceMethod<&EngineObject::create_document>("createDocument"),
                                                   InstanceMethod<&EngineObject::close>("close"),
                                               }));
}

EngineHandle & EngineObject::open_handle(Napi::Env env) const {
    if (handle_->closed) throw js_error(env, closed_status("engine"));
    return *handle_;
}

Napi::Value EngineObject::info(const Napi::CallbackInfo & info) {
    return from_model(info.Env(), open_handle(info.Env()).engine->info());
}

Napi::Value EngineObject::device(const Napi::CallbackInfo & info) {
    return Napi::String::New(info.Env(), open_handle(info.Env()).engine->device_name());
}

Napi::Value EngineObject::threads(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), open_handle(info.Env()).engine->n_threads());
}

Napi::Value EngineObject::plan(const Napi::CallbackInfo & info) {
    MemoryPlan plan;
    check(info.Env(),
          open_handle(info.Env()).engine->plan(to_plan_request(get_object(info[0], "the plan request")), plan));
    return from_plan(info.Env(), plan);
}

Napi::Value EngineObject::check_plan(const Napi::CallbackInfo & info) {
    MemoryPlan plan;
    check(info.Env(),
          open_handle(info.Env()).engine->check_plan(to_plan_request(get_object(info[0], "the plan request")), plan));
    return from_plan(info.Env(), plan);
}

Napi::Value EngineObject::create_document(const Napi::CallbackInfo & info) {
    open_handle(info.Env());
    Napi::Object options = get_object(info[0], "the document's options");
    auto         handle  = std::make_shared<DocumentHandle>();
    handle->parent       = handle_;
    handle->document     = std::make_unique<Document>(
        *handle_->engine, to_document_type(info.Env(), get_text(options, "documentType")), to_document_home(options));
    handle_->documents.push_back(handle);
    return DocumentObject::make(info.Env(), handle);
}

void EngineObject::close(const Napi::CallbackInfo &) { handle_->close(); }

}  // namespace rocketdoc::binding
