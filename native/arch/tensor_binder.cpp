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

ggml_tensor * TensorBinder::bind(const std::string & name, const std::array<int64_t, 3> & ne, Need need) {
    ggml_tensor * t = file_.tensor(name);
    if (!t) {
        if (need == Need::required && status_.ok())
            status_ = Status::fail(Code::MODEL_FORMAT, file_.path() + " has no tensor " + name + ".");
        return nullptr;
    }
    const bool fits = t->ne[0] == ne[0] && t->ne[1] == ne[1] && t->ne[2] == ne[2] && t->ne[3] == 1;
    if (status_.ok() && !fits) {
        std::string expected = std::to_string(ne[0]);
        for (size_t i = 1; i < ne.size() && (ne[1] > 1 || ne[2] > 1); i++)
            if (i == 1 || ne[2] > 1) expected += ", " + std::to_string(ne[i]);
        status_ = Status::fail(Code::MODEL_FORMAT, file_.path() + ": tensor " + name + " has shape " + shape_text(t) +
                                                       ", [" + expected + "] was expected.");
    }
    return t;
}

// A bound tensor that products multiply by.
ggml_tensor * TensorBinder::factor(ggml_tensor * t, const std::string & name) {
    // NVFP4's: a number beside the matrix by which its products are multiplied.
    const std::string scale = name.substr(0, name.rfind('.')) + ".scale";
    if (t && status_.ok() && file_.tensor(scale) && scales_.count(scale) == 0)
        status_ =
            Status::fail(Code::MODEL_UNSUPPORTED, file_.path() + " has weights with a scale beside them (" + scale +
                                                      "); such are not computed. Use the model in "
                                                      "another format.");
    if (t && std::find(matrices_.begin(), matrices_.end(), t) == matrices_.end()) matrices_.push_back(t);
    return t;
}

ggml_tensor * TensorBinder::matrix(const std::string & name, int64_t in, int64_t out, Need need) {
    return factor(bind(name, {in, out, 1}, need), name);
}

ggml_tensor * TensorBinder::table(const std::string & name, int64_t n, int64_t count) {
    ggml_tensor * t = matrix(name, n, count);
    if (t) tables_.push_back(t);
    return t;
}

ggml_tensor * TensorBinder::experts(const std::string & name, int64_t in, int64_t out, int64_t count, Need need) {
    return factor(bind(name, {in, out, count}, need), name);
}

// They enter elementwise products and sums: those take f32 only.
ggml_tensor * TensorBinder::floats(ggml_tensor * t, const std::string & name) {
    if (t && status_.ok() && t->type != GGML_TYPE_F32) {
        status_ = Status::fail(Code::MODEL_UNSUPPORTED, file_.path() + ": tensor " + name + " is " +
                                                            ggml_type_name(t->type) + "; it must be f32.");
    }
    return t;
}

ggml_tensor * TensorBinder::vector(const std::string & name, int64_t n, Need need) {
    return floats(bind(name, {n, 1, 1}, need), name);
}

ggml_tensor * TensorBinder::scale(const std::string & name, int64_t n, Need need) {
    scales_.insert(name + ".scale");
    return vector(name + ".scale", n, need);
}

ggml_tensor * TensorBinder::kernel(const std::string & name, int64_t taps, int64_t channels) {
    return floats(bind(name, {taps, channels, 1}, Need::required), name);
}

ggml_tensor * TensorBinder::expert_biases(const std::string & name, int64_t n, int64_t count) {
    return floats(bind(name, {n, count, 1}, Need::optional), name);
}

}  // namespace rocketdoc
