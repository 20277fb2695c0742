// What the JavaScript objects of native/binding.ts have in common: each stands for a handle, is made by the addon only,
// and its methods refuse any other `this`.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>
#include <vector>

#include "handles.h"

namespace rocketdoc::binding {

// State of one JavaScript environment.
struct AddonData {
    Napi::FunctionReference                  engine, document, session;  // constructors
    std::vector<std::weak_ptr<EngineHandle>> engines;
    // True when the environment ends: JavaScript must not be called any more. Jobs outlive this struct.
    std::shared_ptr<bool> is_over = std::make_shared<bool>(false);
};

// T: the class. It has `tag`, `word` (what a person calls it), `made_by` and `constructor_of(AddonData &)`.
template <typename T, typename Handle>
class HandleObject : public Napi::ObjectWrap<T> {
  public:
    static Napi::Object make(Napi::Env env, std::shared_ptr<Handle> handle) {
        auto       external = Napi::External<std::shared_ptr<Handle>>::New(env, &handle);
        const auto tag      = own_tag();
        external.TypeTag(&tag);
        return T::constructor_of(*env.GetInstanceData<AddonData>()).New({external});
    }

    explicit HandleObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<T>(info) {
        const auto tag = own_tag();
        if (!info[0].IsExternal() || !info[0].As<Napi::External<void>>().CheckTypeTag(&tag))
            throw Napi::TypeError::New(info.Env(), T::made_by);
        info.This().template As<Napi::Object>().TypeTag(&tag);
        handle_          = *info[0].As<Napi::External<std::shared_ptr<Handle>>>().Data();
        handle_->is_held = true;
    }
    ~HandleObject() {
        if (!handle_) return;
        handle_->is_held = false;
        engine_of(*handle_).reap();
    }

    // Hides ObjectWrap's, which believes whatever it is given.
    static T * Unwrap(Napi::Object object) {
        const auto tag = own_tag();
        if (!object.IsObject() || !object.CheckTypeTag(&tag))
            throw Napi::TypeError::New(object.Env(), std::string("This is not ") + T::word + " of RocketDoc's engine.");
        return Napi::ObjectWrap<T>::Unwrap(object);
    }

  protected:
    std::shared_ptr<Handle> handle_;

  private:
    // Two addons in one process hold this code twice: the address tells their objects apart.
    static napi_type_tag own_tag() {
        static const char place = 0;
        return {T::tag.lower, T::tag.upper ^ uint64_t(reinterpret_cast<uintptr_t>(&place))};
    }
    static EngineHandle & engine_of(EngineHandle & handle) { return handle; }
    static EngineHandle & engine_of(DocumentHandle & handle) { return *handle.parent; }
    static EngineHandle & engine_of(SessionHandle & handle) { return *handle.engine; }
};

}  // namespace rocketdoc::binding
