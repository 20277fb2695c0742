// The comparison with llama.cpp as JavaScript asks for it.
#pragma once

#include <napi.h>

namespace rocketdoc::lab {

Napi::Value compare_with_llama(const Napi::CallbackInfo & info);

}  // namespace rocketdoc::lab
