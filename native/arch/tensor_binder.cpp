#include "tensor_binder.h"

#include <algorithm>

namespace rocketdoc {
namespace {

std::string shape_text(const ggml_tensor * t) {
    std::string out = "[";
    for (int i = 0; i < ggml_n_dims(t); i++) out += (i ? ", " : "") + std::to_string(t->ne[i]);
    return out + "]";
}

}  // namespace

ggml_tensor * TensorBinder::bind(const std::string & name, int64_t ne0, int64_t ne1, Need need) {
    ggml_tensor * t = file_.tensor(name);
    if (!t) {
        if (need == Need::required && status_.ok())
            status_ = Status::fail(Code::MODEL_FORMAT, file_.path() + " has no tensor " + name + ".");
        return nullptr;
    }
    const bool fits = t->ne[0] == ne0 && t->ne[1] == ne1 && t->ne[2] == 1 && t->ne[3] == 1;
    if (status_.ok() && !fits) {
        status_ = Status::fail(Code::MODEL_FORMAT, file_.path() + ": tensor " + name + " has shape " + shape_text(t) +
                                                       ", [" + std::to_string(ne0) +
                                                       (ne1 > 1 ? ", " + std::to_string(ne1) : "") + "] was expected.");
    }
    return t;
}

ggml_tensor * TensorBinder::matrix(const std::string & name, int64_t in, int64_t out, Need need) {
    ggml_tensor * t = bind(name, in, out, need);
    // NVFP4's: a number beside the matrix by which its products are multiplied.
    const std::string scale = name.substr(0, name.rfind('.')) + ".scale";
    if (t && status_.ok() && file_.tensor(scale))
        status_ =
            Status::fail(Code::MODEL_UNSUPPORTED, file_.path() + " has weights with a scale beside them (" + scale +
                                                      "); such are not computed. Use the model in "
                                                      "another format.");
    if (t && std::find(matrices_.begin(), matrices_.end(), t) == matrices_.end()) matrices_.push_back(t);
    return t;
}

// They enter elementwise products and sums: those take f32 only.
ggml_tensor * TensorBinder::vector(const std::string & name, int64_t n, Need need) {
    ggml_tensor * t = bind(name, n, 1, need);
    if (t && status_.ok() && t->type != GGML_TYPE_F32) {
        status_ = Status::fail(Code::MODEL_UNSUPPORTED, file_.path() + ": tensor " + name + " is " +
                                                            ggml_type_name(t->type) + "; it must be f32.");
    }
    return t;
}

}  // namespace rocketdoc
