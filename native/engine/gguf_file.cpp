#include "gguf_file.h"

#include "../graph/ggml_log.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "../open_file.h"

namespace rocketdoc {
namespace {

constexpr int64_t MAX_TENSORS = 100000;
constexpr size_t  MIN_HEADER  = 24;  // magic, version, n_tensors, n_kv

std::string printable(const unsigned char * bytes, size_t n) {
    std::string out;
    for (size_t i = 0; i < n; i++) out += bytes[i] >= 32 && bytes[i] < 127 ? char(bytes[i]) : '.';
    return out;
}

Status read_start(const std::string & path, unsigned char * start, size_t & file_bytes) {
    const FilePtr opened = open_to_read(path);
    std::FILE *   file   = opened.get();
    if (!file) return Status::fail(Code::MODEL_MISSING, "There is no model file at " + path + ".");
    size_t n = std::fread(start, 1, MIN_HEADER, file);
#ifdef _WIN32
    _fseeki64(file, 0, SEEK_END);
    long long end = _ftelli64(file);
#else
    fseeko(file, 0, SEEK_END);
    long long end = ftello(file);
#endif
    // A folder opens but has neither a start nor a sensible end.
    if (end < 0 || end == std::numeric_limits<long long>::max() || (n == 0 && end > 0)) {
        return Status::fail(Code::MODEL_MISSING, path + " cannot be read as a file.");
    }
    file_bytes = size_t(end);
    if (file_bytes == 0) return Status::fail(Code::MODEL_FORMAT, path + " is empty (0 bytes): it is not a GGUF model.");
    if (n < 4 || std::memcmp(start, "GGUF", 4) != 0) {
        return Status::fail(Code::MODEL_FORMAT, path + " is not a GGUF model (it starts with \"" +
                                                    printable(start, n < 8 ? n : 8) + "\").");
    }
    if (n < MIN_HEADER)
        return Status::fail(Code::MODEL_TRUNCATED, path + " ends inside its header (" + std::to_string(n) + " bytes).");
    return Status::good();
}

}  // namespace

Status GgufFile::open(const std::string & path, std::unique_ptr<GgufFile> & out) {
    std::unique_ptr<GgufFile> self(new GgufFile);
    self->path_                     = path;
    unsigned char start[MIN_HEADER] = {};
    RETURN_IF_FAILED(read_start(path, start, self->file_bytes_));

    uint32_t version;
    int64_t  n_tensors, n_kv;
    std::memcpy(&version, start + 4, 4);
    std::memcpy(&n_tensors, start + 8, 8);
    std::memcpy(&n_kv, start + 16, 8);
    if (version < 2 || version > 3) {
        return Status::fail(Code::MODEL_UNSUPPORTED,
                            path + " is GGUF version " + std::to_string(version) + "; versions 2 and 3 can be read.");
    }
    // Each tensor and key takes some bytes of the file: a count beyond that is nonsense, whatever it would allocate.
    if (n_tensors < 0 || n_tensors > MAX_TENSORS || uint64_t(n_kv) > self->file_bytes_ / 12) {
        return Status::fail(Code::MODEL_FORMAT, path + " claims " + std::to_string(uint64_t(n_tensors)) +
                                                    " tensors and " + std::to_string(uint64_t(n_kv)) +
                                                    " keys: the header is damaged.");
    }

    const LogCapture log;  // ggml says there why it refuses a file
    ggml_context *   meta   = nullptr;
    gguf_init_params params = {true, &meta};
    self->gguf_.reset(gguf_init_from_file(path.c_str(), params));
    self->meta_.reset(meta);
    if (!self->gguf_) {
        return Status::fail(Code::MODEL_FORMAT, path + " has a damaged GGUF header" +
                                                    (log.last().empty() ? "." : " (" + log.last() + ").") +
                                                    " Download it again.");
    }
    if (self->integer("split.count", 1) > 1) {
        return Status::fail(Code::MODEL_UNSUPPORTED, path + " is one part of a model split into " +
                                                         std::to_string(self->integer("split.count", 1)) +
                                                         " files. Join the parts first (llama-gguf-split --merge).");
    }
    for (ggml_tensor * t = ggml_get_first_tensor(meta); t; t = ggml_get_next_tensor(meta, t)) {
        size_t begin = self->tensor_offset(t);
        size_t bytes = ggml_nbytes(t);
        if (begin > self->file_bytes_ || bytes > self->file_bytes_ - begin) {
            return Status::fail(Code::MODEL_TRUNCATED, path + " is cut off: tensor " + ggml_get_name(t) +
                                                           " ends at byte " + std::to_string(begin + bytes) +
                                                           ", the file has " + std::to_string(self->file_bytes_) +
                                                           ". Download it again.");
        }
    }
    out = std::move(self);
    return Status::good();
}

size_t GgufFile::tensor_offset(const ggml_tensor * tensor) const {
    int64_t id = gguf_find_tensor(gguf_.get(), ggml_get_name(tensor));
    return gguf_get_data_offset(gguf_.get()) + gguf_get_tensor_offset(gguf_.get(), id);
}

int64_t GgufFile::integer(const std::string & key, int64_t otherwise) const {
    int64_t id = gguf_find_key(gguf_.get(), key.c_str());
    if (id < 0) return otherwise;
    switch (gguf_get_kv_type(gguf_.get(), id)) {
        case GGUF_TYPE_UINT8: return gguf_get_val_u8(gguf_.get(), id);
        case GGUF_TYPE_INT8: return gguf_get_val_i8(gguf_.get(), id);
        case GGUF_TYPE_UINT16: return gguf_get_val_u16(gguf_.get(), id);
        case GGUF_TYPE_INT16: return gguf_get_val_i16(gguf_.get(), id);
        case GGUF_TYPE_UINT32: return gguf_get_val_u32(gguf_.get(), id);
        case GGUF_TYPE_INT32: return gguf_get_val_i32(gguf_.get(), id);
        case GGUF_TYPE_INT64: return gguf_get_val_i64(gguf_.get(), id);
        case GGUF_TYPE_UINT64: {
            uint64_t value = gguf_get_val_u64(gguf_.get(), id);
            return value > uint64_t(std::numeric_limits<int64_t>::max()) ? std::numeric_limits<int64_t>::max()
                                                                         : int64_t(value);
        }
        default: return otherwise;
    }
}

double GgufFile::number(const std::string & key, double otherwise) const {
    int64_t id = gguf_find_key(gguf_.get(), key.c_str());
    if (id < 0) return otherwise;
    switch (gguf_get_kv_type(gguf_.get(), id)) {
        case GGUF_TYPE_FLOAT32: return gguf_get_val_f32(gguf_.get(), id);
        case GGUF_TYPE_FLOAT64: return gguf_get_val_f64(gguf_.get(), id);
        default: return double(integer(key, int64_t(std::llround(otherwise))));
    }
}

std::string GgufFile::text(const std::string & key, const std::string & otherwise) const {
    int64_t id = gguf_find_key(gguf_.get(), key.c_str());
    return id >= 0 && gguf_get_kv_type(gguf_.get(), id) == GGUF_TYPE_STRING ? gguf_get_val_str(gguf_.get(), id)
                                                                            : otherwise;
}

bool GgufFile::is_array(const std::string & key) const {
    int64_t id = gguf_find_key(gguf_.get(), key.c_str());
    return id >= 0 && gguf_get_kv_type(gguf_.get(), id) == GGUF_TYPE_ARRAY;
}

}  // namespace rocketdoc
