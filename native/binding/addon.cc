#include "exports.h"

static Napi::Object init_addon(Napi::Env env, Napi::Object exports) {
    rocketdoc::binding::set_exports(env, exports);
    return exports;
}
NODE_API_MODULE(rocketdoc, init_addon)
