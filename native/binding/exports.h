// What the addon exports, and the addon of native/lab too; native/binding.ts is its shape.
#pragma once

#include <napi.h>

namespace rocketdoc::binding {

// Once for each JavaScript environment, before anything else of the binding.
void set_exports(Napi::Env env, Napi::Object exports);

}  // namespace rocketdoc::binding
