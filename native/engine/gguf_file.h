// A GGUF file on disk, read as untrusted input: the header is parsed once, every tensor's range is checked against the
// file, and the whole file is mapped read-only. Nothing of the weights is read here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../status.h"
#include "ggml-cpp.h"

namespace rocketdoc {

// A read-only mapping of a whole file. Move-only.
class FileMapping {
  public:
    FileMapping() = default;
    ~FileMapping();
    FileMapping(FileMapping && other) noexcept { *this = std::move(other); }
    FileMapping & operator=(FileMapping && other) noexcept;

    static Status open(const std::string & path, FileMapping & out);

    const uint8_t * data() const { return data_; }
    size_t          size() const { return size_; }

  private:
    const uint8_t * data_ = nullptr;
    size_t          size_ = 0;
};

class GgufFile {
  public:
    // MODEL_MISSING, MODEL_FORMAT, MODEL_TRUNCATED (expected and actual bytes), MODEL_UNSUPPORTED (split files).
    static Status open(const std::string & path, std::unique_ptr<GgufFile> & out);

    const std::string & path() const { return path_; }
    size_t              bytes() const { return file_bytes_; }

    // Metadata; a key of another type counts as absent. `found` tells whether the key was there in a fitting type.
    bool        has(const std::string & key) const { return gguf_find_key(gguf_.get(), key.c_str()) >= 0; }
    int64_t     integer(const std::string & key, int64_t otherwise) const;
    double      number(const std::string & key, double otherwise) const;
    bool        boolean(const std::string & key, bool otherwise) const;
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
