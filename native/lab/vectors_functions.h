// Recorded vectors as JavaScript gives and gets them.
#pragma once

#include <napi.h>

namespace rocketdoc::lab {

Napi::Value check_vectors(const Napi::CallbackInfo & info);
Napi::Value make_vectors(const Napi::CallbackInfo & info);

}  // namespace rocketdoc::lab
