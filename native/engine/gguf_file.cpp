#include "gguf_file.h"

#include "../graph/ggml_log.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <set>

#include "../open_file.h"
#include "split_parts.h"

namespace rocketdoc {
namespace {

constexpr int64_t MAX_TENSORS = 100000;
constexpr int64_t MAX_PARTS   = 10000;
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

// Of one header; `otherwise` where the key is absent or no integer.
int64_t integer_of(const gguf_context * gguf, const std::string & key, int64_t otherwise) {
    const int64_t id = gguf_find_key(gguf, key.c_str());
    if (id < 0) return otherwise;
    switch (gguf_get_kv_type(gguf, id)) {
        case GGUF_TYPE_BOOL: return gguf_get_val_bool(gguf, id);
        case GGUF_TYPE_UINT8: return gguf_get_val_u8(gguf, id);
        case GGUF_TYPE_INT8: return gguf_get_val_i8(gguf, id);
        case GGUF_TYPE_UINT16: return gguf_get_val_u16(gguf, id);
        case GGUF_TYPE_INT16: return gguf_get_val_i16(gguf, id);
        case GGUF_TYPE_UINT32: return gguf_get_val_u32(gguf, id);
        case GGUF_TYPE_INT32: return gguf_get_val_i32(gguf, id);
        case GGUF_TYPE_INT64: return gguf_get_val_i64(gguf, id);
        case GGUF_TYPE_UINT64: {
            const uint64_t value = gguf_get_val_u64(gguf, id);
            return value > uint64_t(std::numeric_limits<int64_t>::max()) ? std::numeric_limits<int64_t>::max()
                                                                         : int64_t(value);
        }
        default: return otherwise;
    }
}

std::string text_of(const gguf_context * gguf, const std::string & key, const std::string & otherwise) {
    const int64_t id = gguf_find_key(gguf, key.c_str());
    return id >= 0 && gguf_get_kv_type(gguf, id) == GGUF_TYPE_STRING ? gguf_get_val_str(gguf, id) : otherwise;
}

size_t offset_in(const gguf_context * gguf, const ggml_tensor * t) {
    return gguf_get_data_offset(gguf) + gguf_get_tensor_offset(gguf, gguf_find_tensor(gguf, ggml_get_name(t)));
}

}  // namespace

Status GgufFile::open(const std::string & path, std::unique_ptr<GgufFile> & out) {
    std::unique_ptr<GgufFile> self(new GgufFile);
    self->path_ = path;
    Part opened;
    RETURN_IF_FAILED(open_part(path, opened));
    if (integer_of(opened.gguf.get(), "split.count", 1) > 1)
        RETURN_IF_FAILED(self->open_other_parts(std::move(opened)));
    else self->parts_.push_back(std::move(opened));
    RETURN_IF_FAILED(self->list_tensors());
    out = std::move(self);
    return Status::good();
}

Status GgufFile::open_part(const std::string & path, Part & out) {
    out.path                        = path;
    unsigned char start[MIN_HEADER] = {};
    RETURN_IF_FAILED(read_start(path, start, out.bytes));

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
    if (n_tensors < 0 || n_tensors > MAX_TENSORS || uint64_t(n_kv) > out.bytes / 12) {
        return Status::fail(Code::MODEL_FORMAT, path + " claims " + std::to_string(uint64_t(n_tensors)) +
                                                    " tensors and " + std::to_string(uint64_t(n_kv)) +
                                                    " keys: the header is damaged.");
    }

    const LogCapture log;  // ggml says there why it refuses a file
    ggml_context *   meta   = nullptr;
    gguf_init_params params = {true, &meta};
    out.gguf.reset(gguf_init_from_file(path.c_str(), params));
    out.tensors.reset(meta);
    if (!out.gguf) {
        return Status::fail(Code::MODEL_FORMAT, path + " has a damaged GGUF header" +
                                                    (log.last().empty() ? "." : " (" + log.last() + ").") +
                                                    " Download it again.");
    }
    return check_tensors(out);
}

Status GgufFile::check_tensors(const Part & part) {
    for (ggml_tensor * t = ggml_get_first_tensor(part.tensors.get()); t;
         t               = ggml_get_next_tensor(part.tensors.get(), t)) {
        size_t begin = offset_in(part.gguf.get(), t);
        size_t bytes = ggml_nbytes(t);
        if (begin > part.bytes || bytes > part.bytes - begin) {
            return Status::fail(Code::MODEL_TRUNCATED, part.path + " is cut off: tensor " + ggml_get_name(t) +
                                                           " ends at byte " + std::to_string(begin + bytes) +
                                                           ", the file has " + std::to_string(part.bytes) +
                                                           ". Download it again.");
        }
    }
    return Status::good();
}

Status GgufFile::open_other_parts(Part opened) {
    const int64_t count = integer_of(opened.gguf.get(), "split.count", 1);
    const int64_t index = integer_of(opened.gguf.get(), "split.no", -1);
    if (index < 0 || index >= count || count > MAX_PARTS)
        return Status::fail(Code::MODEL_FORMAT, path_ + " says that it is part " + std::to_string(index + 1) + " of " +
                                                    std::to_string(count) + ": the header is damaged.");
    std::vector<std::string> paths;
    RETURN_IF_FAILED(find_parts(path_, index, count, paths));
    for (int64_t i = 0; i < count; i++) {
        Part part;
        if (i == index) part = std::move(opened);
        else RETURN_IF_FAILED(open_part(paths[size_t(i)], part));
        parts_.push_back(std::move(part));
    }
    for (size_t i = 0; i < parts_.size(); i++) RETURN_IF_FAILED(check_same_model(parts_[i], i));
    return Status::good();
}

Status GgufFile::check_same_model(const Part & part, size_t index) const {
    const gguf_context *first = parts_[0].gguf.get(), *gguf = part.gguf.get();
    const auto          foreign = [&](const std::string & why) {
        return Status::fail(Code::MODEL_FORMAT, part.path + " and " + parts_[0].path + " are not parts of one model: " +
                                                    why + ". Download the parts again, all from one place.");
    };
    const int64_t no = integer_of(gguf, "split.no", -1), count = integer_of(gguf, "split.count", 1);
    if (no != int64_t(index) || count != int64_t(parts_.size()))
        return foreign("the first says that it is part " + std::to_string(no + 1) + " of " + std::to_string(count) +
                       " where part " + std::to_string(index + 1) + " of " + std::to_string(parts_.size()) +
                       " was expected");
    for (const char * key : {"general.architecture", "general.name"}) {
        const std::string ours = text_of(gguf, key, ""), theirs = text_of(first, key, "");
        if (!ours.empty() && ours != theirs) return foreign("one is of " + ours + ", the other of " + theirs);
    }
    const int64_t tensors = integer_of(gguf, "split.tensors.count", -1);
    const int64_t of_all  = integer_of(first, "split.tensors.count", -1);
    if (tensors != of_all)
        return foreign("one is of a model of " + std::to_string(tensors) + " tensors, the other of one of " +
                       std::to_string(of_all));
    return Status::good();
}

// The tensors of all parts in one list.
Status GgufFile::list_tensors() {
    int64_t n = 0;
    for (const Part & part : parts_) n += gguf_get_n_tensors(part.gguf.get());
    const int64_t expected = integer_of(parts_[0].gguf.get(), "split.tensors.count", n);
    if (parts_.size() > 1 && expected != n)
        return Status::fail(Code::MODEL_FORMAT, path_ + ": its " + std::to_string(parts_.size()) + " parts have " +
                                                    std::to_string(n) + " tensors, " + std::to_string(expected) +
                                                    " were expected: they are not parts of one model.");
    ggml_init_params params = {ggml_tensor_overhead() * size_t(n + 1), nullptr, true};
    tensors_.reset(ggml_init(params));
    std::set<std::string> names;
    for (size_t i = 0; i < parts_.size(); i++) {
        ggml_context * of_part = parts_[i].tensors.get();
        for (ggml_tensor * t = ggml_get_first_tensor(of_part); t; t = ggml_get_next_tensor(of_part, t)) {
            if (!names.insert(ggml_get_name(t)).second)
                return Status::fail(Code::MODEL_FORMAT, parts_[i].path + " has the tensor " + ggml_get_name(t) +
                                                            ", which another part has too: they are not parts of one "
                                                            "model.");
            ggml_tensor * listed = ggml_dup_tensor(tensors_.get(), t);
            ggml_set_name(listed, ggml_get_name(t));
            places_[listed] = {i, offset_in(parts_[i].gguf.get(), t)};
        }
    }
    return Status::good();
}

size_t GgufFile::bytes() const {
    size_t all = 0;
    for (const Part & part : parts_) all += part.bytes;
    return all;
}

int64_t GgufFile::integer(const std::string & key, int64_t otherwise) const {
    return integer_of(parts_[0].gguf.get(), key, otherwise);
}

double GgufFile::number(const std::string & key, double otherwise) const {
    const gguf_context * gguf = parts_[0].gguf.get();
    const int64_t        id   = gguf_find_key(gguf, key.c_str());
    if (id < 0) return otherwise;
    switch (gguf_get_kv_type(gguf, id)) {
        case GGUF_TYPE_FLOAT32: return gguf_get_val_f32(gguf, id);
        case GGUF_TYPE_FLOAT64: return gguf_get_val_f64(gguf, id);
        default: return double(integer(key, int64_t(std::llround(otherwise))));
    }
}

std::string GgufFile::text(const std::string & key, const std::string & otherwise) const {
    return text_of(parts_[0].gguf.get(), key, otherwise);
}

bool GgufFile::is_array(const std::string & key) const {
    const gguf_context * gguf = parts_[0].gguf.get();
    const int64_t        id   = gguf_find_key(gguf, key.c_str());
    return id >= 0 && gguf_get_kv_type(gguf, id) == GGUF_TYPE_ARRAY;
}

std::vector<int64_t> GgufFile::integers(const std::string & key) const {
    if (!is_array(key)) return {};
    const gguf_context * gguf = parts_[0].gguf.get();
    const int64_t        id   = gguf_find_key(gguf, key.c_str());
    const gguf_type      type = gguf_get_arr_type(gguf, id);
    std::vector<int64_t> out;
    for (size_t i = 0; i < gguf_get_arr_n(gguf, id); i++) {
        switch (type) {
            case GGUF_TYPE_BOOL:
            case GGUF_TYPE_INT8: out.push_back(static_cast<const int8_t *>(gguf_get_arr_data(gguf, id))[i]); break;
            case GGUF_TYPE_UINT8: out.push_back(static_cast<const uint8_t *>(gguf_get_arr_data(gguf, id))[i]); break;
            case GGUF_TYPE_INT32: out.push_back(static_cast<const int32_t *>(gguf_get_arr_data(gguf, id))[i]); break;
            case GGUF_TYPE_UINT32: out.push_back(static_cast<const uint32_t *>(gguf_get_arr_data(gguf, id))[i]); break;
            default: return {};
        }
    }
    return out;
}

}  // namespace rocketdoc
