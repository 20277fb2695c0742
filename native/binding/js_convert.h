// JavaScript values to plain structs and back: the only place that knows property names (native/binding.ts is their
// list).
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "../engine/engine.h"

namespace rocketdoc::binding {

// A JavaScript error with `code`; thrown only on the JavaScript thread, inside the binding.
Napi::Error js_error(Napi::Env env, const Status & status);
// Throws js_error when not ok.
void check(Napi::Env env, const Status & status);

// A value of the wrong type, or outside what the type here holds, throws INVALID_ARGUMENT with `what`.
int64_t     to_integer(const Napi::Value & value, const char * what);
int         to_int(const Napi::Value & value, const char * what);
std::string to_text(const Napi::Value & value, const char * what);

// Reading a property of the wrong type throws INVALID_ARGUMENT with the property's name.
double               get_number(const Napi::Object & from, const char * name);
int64_t              get_integer(const Napi::Object & from, const char * name);
int                  get_int(const Napi::Object & from, const char * name);
std::string          get_text(const Napi::Object & from, const char * name);
Napi::Object         get_object(const Napi::Value & value, const char * what);
std::vector<int32_t> get_tokens(const Napi::Value & value, const char * what);

Mode      to_mode(Napi::Env env, const std::string & name);
ggml_type to_document_type(Napi::Env env, const std::string & name);
// `home` of an object; automatic when it is not there.
DocumentHome to_document_home(const Napi::Object & from);
// The device and the two libraries of an object; INVALID_ARGUMENT for a device below 0.
Status to_cuda(const Napi::Value & from, DeviceOptions & out);
// Its `expertsInRam`; FEWEST_IN_RAM when it is not there.
int64_t to_experts_in_ram(const Napi::Value & cuda);
// The model's file and the device to run it on; INVALID_ARGUMENT for a number of threads outside 0 to 512.
Status         to_engine_options(const Napi::Object & from, EngineOptions & out);
RocketOptions  to_rocket_options(const Napi::Object & from);
SamplerOptions to_sampler_options(const Napi::Object & from);
PlanRequest    to_plan_request(const Napi::Object & from);
void           to_answer_request(const Napi::Object & from, AnswerRequest & out);

Napi::Object       from_model(Napi::Env env, const ModelInfo & model);
Napi::Object       from_budgets(Napi::Env env, const RocketBudgets & budgets);
Napi::Object       from_plan(Napi::Env env, const MemoryPlan & plan);
Napi::Object       from_counters(Napi::Env env, const Counters & counters);
Napi::Object       from_answer(Napi::Env env, const Answer & answer);
Napi::Object       from_step(Napi::Env env, const Step & step);
Napi::Float32Array from_floats(Napi::Env env, const std::vector<float> & values);
Napi::Int32Array   from_tokens(Napi::Env env, const std::vector<int32_t> & values);
Napi::Uint32Array  from_counts(Napi::Env env, const std::vector<uint32_t> & values);

}  // namespace rocketdoc::binding
