#include "agreement_function.h"

#include "agreement.h"
#include "binding/job.h"
#include "binding/js_convert.h"

namespace rocketdoc::lab {

using namespace binding;

Napi::Value compare_with_llama(const Napi::CallbackInfo & info) {
    Napi::Env     env  = info.Env();
    Napi::Object  from = get_object(info[0], "the comparison");
    EngineOptions options;
    const Status  read = to_engine_options(from, options);
    if (!read.ok()) return rejected(env, read);
    const std::vector<int32_t> tokens = get_tokens(from.Get("tokens"), "tokens");
    const bool                 itself = from.Get("itself").ToBoolean();
    auto                       found  = std::make_shared<Agreement>();
    return Job::start(
        env, [=] { return measure_agreement(options, tokens, itself, *found); },
        [=](Napi::Env env) {
            Napi::Object out = Napi::Object::New(env);
            out.Set("positions", double(found->n_positions));
            const auto distance = [&](const Distance & from) {
                Napi::Object to = Napi::Object::New(env);
                to.Set("klMean", from.kl_mean);
                to.Set("klMax", from.kl_max);
                to.Set("sameBest", double(from.n_same_best) / double(found->n_positions));
                return to;
            };
            out.Set("ours", distance(found->ours));
            if (itself) out.Set("llamaPlain", distance(found->llama_plain));
            return out;
        },
        [](Napi::Env) {});
}

}  // namespace rocketdoc::lab
