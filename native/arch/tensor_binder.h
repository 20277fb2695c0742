// Collects the tensors that a family asks for, checking each shape; the first failure is kept.
#pragma once

#include <array>
#include <set>
#include <string>
#include <vector>

#include "../engine/gguf_file.h"
#include "../status.h"

namespace rocketdoc {

class TensorBinder {
  public:
    explicit TensorBinder(const GgufFile & file) : file_(file) {}
    enum class Need { required, optional };
    // [in, out], the left side of a product.
    ggml_tensor * matrix(const std::string & name, int64_t in, int64_t out, Need need = Need::required);
    // [n, count], whose rows are looked up; it may be a matrix, too.
    ggml_tensor * table(const std::string & name, int64_t n, int64_t count);
    // [in, out, count], a matrix for each expert.
    ggml_tensor * experts(const std::string & name, int64_t in, int64_t out, int64_t count, Need need = Need::required);
    // [n, count], f32: a bias for each expert.
    ggml_tensor * expert_biases(const std::string & name, int64_t n, int64_t count);
    // [taps, channels], f32: of a convolution.
    ggml_tensor * kernel(const std::string & name, int64_t taps, int64_t channels);
    // [n], f32: a norm, a bias or factors.
    ggml_tensor * vector(const std::string & name, int64_t n, Need need = Need::required);
    // [n], f32: what stands beside the matrix <name>.weight as <name>.scale. Asked for before the matrix: one that has
    // a scale that nobody asked for is refused.
    ggml_tensor * scale(const std::string & name, int64_t n, Need need = Need::required);

    const Status &                     status() const { return status_; }
    const std::vector<ggml_tensor *> & matrices() const { return matrices_; }  // each once, the tables among them
    const std::vector<ggml_tensor *> & tables() const { return tables_; }

  private:
    ggml_tensor * bind(const std::string & name, const std::array<int64_t, 3> & ne, Need need);
    ggml_tensor * factor(ggml_tensor * bound, const std::string & name);
    ggml_tensor * floats(ggml_tensor * bound, const std::string & name);

    const GgufFile &           file_;
    Status                     status_;
    std::vector<ggml_tensor *> matrices_, tables_;
    std::set<std::string>      scales_;  // that were asked for
};

}  // namespace rocketdoc
