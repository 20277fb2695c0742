// A model's GGUF file, or the parts of one that is split, read as untrusted input: each header is parsed once and every
// tensor's range is checked against its file. Nothing of the weights is read here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "../status.h"
#include "ggml-cpp.h"

namespace rocketdoc {

class GgufFile {
  public:
    // path: of any part where the model is split; the others lie beside it. MODEL_MISSING (also a part, named),
    // MODEL_FORMAT (also parts that do not belong together), MODEL_TRUNCATED (expected and actual bytes),
    // MODEL_UNSUPPORTED.
    static Status open(const std::string & path, std::unique_ptr<GgufFile> & out);

    const std::string & path() const { return path_; }  // as it was opened
    size_t              n_parts() const { return parts_.size(); }
    const std::string & part_path(size_t part) const { return parts_[part].path; }
    size_t              part_bytes(size_t part) const { return parts_[part].bytes; }
    size_t              bytes() const;  // of all parts

    // Metadata, of the first part; `otherwise` where the key is absent or of another type.
    int64_t     integer(const std::string & key, int64_t otherwise) const;
    double      number(const std::string & key, double otherwise) const;
    std::string text(const std::string & key, const std::string & otherwise) const;
    bool        is_array(const std::string & key) const;
    // Of an array of integers or truth values; empty where there is none.
    std::vector<int64_t> integers(const std::string & key) const;

    // The tensors as ggml sees them (no data), in file order; null when there is none of that name.
    ggml_tensor *  tensor(const std::string & name) const { return ggml_get_tensor(tensors_.get(), name.c_str()); }
    ggml_context * tensors() const { return tensors_.get(); }
    // Where the bytes of a tensor of tensors() begin.
    struct Place {
        size_t part = 0, offset = 0;
    };
    Place place(const ggml_tensor * tensor) const { return places_.at(tensor); }

  private:
    struct Part {
        std::string      path;
        size_t           bytes = 0;
        gguf_context_ptr gguf;
        ggml_context_ptr tensors;
    };
    static Status open_part(const std::string & path, Part & out);
    static Status check_tensors(const Part & part);
    Status        open_other_parts(Part opened);
    Status        check_same_model(const Part & part, size_t index) const;
    Status        list_tensors();

    std::string                                    path_;
    std::vector<Part>                              parts_;
    ggml_context_ptr                               tensors_;
    std::unordered_map<const ggml_tensor *, Place> places_;
};

}  // namespace rocketdoc
