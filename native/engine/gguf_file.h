// A GGUF file on disk, read as untrusted input: the header is parsed once and every tensor's range is checked against
// the file. Nothing of the weights is read here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../status.h"
#include "ggml-cpp.h"

namespace rocketdoc {

class GgufFile {
  public:
    // MODEL_MISSING, MODEL_FORMAT, MODEL_TRUNCATED (expected and actual bytes), MODEL_UNSUPPORTED (split files).
    static Status open(const std::string & path, std::unique_ptr<GgufFile> & out);

    const std::string & path() const { return path_; }
    size_t              bytes() const { return file_bytes_; }

    // Metadata; `otherwise` where the key is absent or of another type.
    int64_t     integer(const std::string & key, int64_t otherwise) const;
    double      number(const std::string & key, double otherwise) const;
    std::string text(const std::string & key, const std::string & otherwise) const;
    bool        is_array(const std::string & key) const;

    // The tensors as ggml sees them (no data), in file order; null when there is none of that name.
    ggml_tensor *  tensor(const std::string & name) const { return ggml_get_tensor(meta_.get(), name.c_str()); }
    ggml_context * tensors() const { return meta_.get(); }
    // Byte offset of a tensor of tensors() from the start of the file.
    size_t tensor_offset(const ggml_tensor * tensor) const;

  private:
    std::string      path_;
    size_t           file_bytes_ = 0;
    gguf_context_ptr gguf_;
    ggml_context_ptr meta_;
};

}  // namespace rocketdoc
