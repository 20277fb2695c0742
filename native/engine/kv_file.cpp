#include "kv_file.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <new>
#include <system_error>
#include <thread>

#include "checksum.h"

namespace rocketdoc {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

constexpr char     MAGIC[8]     = {'R', 'o', 'c', 'k', 'e', 't', 'K', 'V'};
constexpr uint64_t VERSION      = 1;
constexpr size_t   CHUNK        = size_t(4) << 20;
constexpr int64_t  MOST_READERS = 8;  // threads that read one file

struct Header {
    char     magic[8];
    uint64_t version, type, n_layer, n_head, head_dim, n_tokens, model;
    uint64_t checksum;  // of all before
};
static_assert(sizeof(Header) == 72);

Header header_of(const KvFileKey & key) {
    Header h = {};
    std::memcpy(h.magic, MAGIC, sizeof(MAGIC));
    h.version  = VERSION;
    h.type     = uint64_t(key.shape.type);
    h.n_layer  = uint64_t(key.shape.n_layer());
    h.n_head   = uint64_t(key.shape.layer(0).n_head);
    h.head_dim = uint64_t(key.shape.layer(0).head_dim);
    h.n_tokens = uint64_t(key.n_tokens());
    h.model    = key.model;
    h.checksum = checksum(&h, offsetof(Header, checksum), 0);
    return h;
}

// A layer's checksum begins with its number: layers in another order are damage too.
uint64_t first_seed(int64_t layer) { return uint64_t(layer) + 1; }

Status write_failure() {
    const int why = errno;
    if (why == ENOSPC || why == EFBIG
#ifdef EDQUOT
        || why == EDQUOT
#endif
    ) {
        return Status::fail(
            Code::DISK_FULL,
            "The disk became full while the document's KV cache was written. Nothing of it stays; free some space.");
    }
    return Status::fail(Code::IO, std::string("The document's KV cache could not be written to disk: ") +
                                      std::strerror(why) + ".");
}

Status corrupt(const std::string & what) {
    return Status::fail(Code::KV_CORRUPT, "The KV cache on disk is damaged: " + what + ".");
}
Status mismatch(const std::string & what) {
    return Status::fail(Code::KV_MISMATCH, "The KV cache on disk " + what + ".");
}

// A layer's rows come in runs: K of each head, then V of each.
int64_t n_runs(const KvShape & shape, int64_t layer) { return 2 * shape.layer(layer).n_head; }

// Calls visit(tensor, offset, bytes) for the rows of a run that a text of n_tokens leaves, piece by piece; stops at the
// first failure.
template <typename Visit>
Status for_each_piece(const KvRows & rows, int64_t layer, int64_t run, int64_t n_tokens, Visit visit) {
    if (!rows.shape().keeps(layer)) return Status::good();
    const int64_t n_head = rows.shape().layer(layer).n_head;
    ggml_tensor * t      = run < n_head ? rows.k(layer) : rows.v(layer);
    const size_t  total  = size_t(rows_kept(rows.shape().window(layer), n_tokens)) * t->nb[1];
    for (size_t at = 0; at < total; at += CHUNK)
        RETURN_IF_FAILED(visit(t, size_t(run % n_head) * t->nb[2] + at, std::min(CHUNK, total - at)));
    return Status::good();
}

Status stopped() { return Status::fail(Code::CANCELLED, "Stopped while the KV cache was loaded from disk."); }

Status read_failure(const std::string & why) {
    return Status::fail(Code::IO, "The KV cache on disk could not be read: " + why + ".");
}

Status get(std::FILE * file, void * data, size_t bytes) {
    if (std::fread(data, 1, bytes, file) == bytes) return Status::good();
    return std::feof(file) ? corrupt("it ends too early") : read_failure(std::strerror(errno));
}

// Where the rows of the first layer begin.
uint64_t head_bytes(int64_t n_tokens) {
    return sizeof(Header) + uint64_t(n_tokens) * sizeof(int32_t) + sizeof(uint64_t);
}

}  // namespace

uint64_t kv_file_bytes(const KvShape & shape, int64_t n_tokens, size_t state_bytes) {
    return head_bytes(n_tokens) + shape.bytes(shape.kept(n_tokens)) + uint64_t(shape.n_layer()) * sizeof(uint64_t) +
           (state_bytes > 0 ? state_bytes + sizeof(uint64_t) : 0);
}

Status KvFileWriter::begin(const std::string & path, KvFileKey key, StateSnapshot states,
                           std::unique_ptr<KvFileWriter> & out) {
    std::unique_ptr<KvFileWriter> self(new KvFileWriter);
    self->path_   = path;
    self->part_   = path + ".part";
    self->key_    = std::move(key);
    self->states_ = std::move(states);
    self->file_   = create_private(self->part_);
    if (!self->file_) {
        self->part_.clear();
        return write_failure();
    }
    std::setvbuf(self->file_.get(), nullptr, _IONBF, 0);  // pieces are large already
    self->buffer_.resize(CHUNK);
    out = std::move(self);
    return Status::good();
}

KvFileWriter::~KvFileWriter() {
    file_.reset();
    std::error_code ignored;
    if (!part_.empty()) std::filesystem::remove(path_from_utf8(part_), ignored);
}

Status KvFileWriter::put(const void * data, size_t bytes) {
    errno = 0;
    if (std::fwrite(data, 1, bytes, file_.get()) != bytes) return write_failure();
    written_ += bytes;
    return Status::good();
}

Status KvFileWriter::write_run(const KvRows & rows) {
    if (run_ == 0) layer_checksum_ = first_seed(layer_);
    RETURN_IF_FAILED(
        for_each_piece(rows, layer_, run_, key_.n_tokens(), [&](const ggml_tensor * t, size_t offset, size_t bytes) {
            ggml_backend_tensor_get(t, buffer_.data(), offset, bytes);
            layer_checksum_ = checksum(buffer_.data(), bytes, layer_checksum_);
            return put(buffer_.data(), bytes);
        }));
    if (++run_ < n_runs(key_.shape, layer_)) return Status::good();
    run_ = 0;
    layer_++;
    return put(&layer_checksum_, sizeof(layer_checksum_));
}

Status KvFileWriter::write_states() {
    if (key_.state_bytes == 0) return Status::good();
    const uint64_t sum = checksum(states_->data(), states_->size(), first_seed(key_.shape.n_layer()));
    RETURN_IF_FAILED(put(states_->data(), states_->size()));
    return put(&sum, sizeof(sum));
}

Status KvFileWriter::write_part(const KvRows & rows, uint64_t most, bool & done) {
    done = false;
    if (!file_) return Status::fail(Code::INVALID_ARGUMENT, "This file is written already, or was given up.");
    const uint64_t before = written_;
    Status         status = Status::good();
    if (written_ == 0) {
        const Header   header = header_of(key_);
        const size_t   bytes  = key_.tokens.size() * sizeof(int32_t);
        const uint64_t sum    = checksum(key_.tokens.data(), bytes, 0);
        status                = put(&header, sizeof(header));
        if (status.ok()) status = put(key_.tokens.data(), bytes);
        if (status.ok()) status = put(&sum, sizeof(sum));
    }
    while (status.ok() && layer_ < key_.shape.n_layer() && written_ - before < most) status = write_run(rows);
    const bool is_last = layer_ == key_.shape.n_layer();
    if (status.ok() && is_last) status = write_states();
    if (status.ok()) status = flush();
    if (status.ok() && is_last) {
        status = finish();
        done   = status.ok();
    }
    if (!status.ok()) file_.reset();  // the destructor removes it
    return status;
}

Status KvFileWriter::flush() {
    errno = 0;
    return std::fflush(file_.get()) == 0 && sync_to_disk(file_.get()) ? Status::good() : write_failure();
}

Status KvFileWriter::finish() {
    errno = 0;
    if (std::fclose(file_.release()) != 0) return write_failure();
    std::error_code error;
    std::filesystem::rename(path_from_utf8(part_), path_from_utf8(path_), error);
    if (error)
        return Status::fail(Code::IO,
                            "The document's KV cache could not be given its name on disk: " + error.message() + ".");
    part_.clear();
    sync_folder(utf8_from_path(path_from_utf8(path_).parent_path()));
    return Status::good();
}

Status KvFileReader::open(const std::string & path, const KvFileKey & key, KvFileReader & out) {
    std::error_code error;
    const auto      where = path_from_utf8(path);
    if (!std::filesystem::is_regular_file(where, error))
        return Status::fail(Code::IO, "The KV cache is not on disk any more.");
    const uint64_t bytes = std::filesystem::file_size(where, error);
    if (error) return read_failure(error.message());
    out.file_ = open_to_read(path);
    if (!out.file_)
        return Status::fail(Code::IO,
                            std::string("The KV cache on disk could not be opened: ") + std::strerror(errno) + ".");
    std::setvbuf(out.file_.get(), nullptr, _IONBF, 0);
    Header h;
    RETURN_IF_FAILED(get(out.file_.get(), &h, sizeof(h)));
    if (std::memcmp(h.magic, MAGIC, sizeof(MAGIC)) != 0) return corrupt("it does not begin as such a file");
    if (h.version != VERSION)
        return mismatch("was written by another version of RocketDoc (format " + std::to_string(h.version) +
                        ", this one reads " + std::to_string(VERSION) + ")");
    if (h.checksum != checksum(&h, offsetof(Header, checksum), 0))
        return corrupt("its header has other bytes than were written");
    const Header wanted = header_of(key);
    if (h.model != wanted.model) return mismatch("is another model's, or another device's");
    if (h.type != wanted.type) return mismatch("is of another type of KV cache");
    if (h.n_layer != wanted.n_layer || h.n_head != wanted.n_head || h.head_dim != wanted.head_dim)
        return mismatch("has another model's sizes");
    if (h.n_tokens != wanted.n_tokens) {
        return mismatch("is of another text (" + std::to_string(h.n_tokens) + " tokens, this one has " +
                        std::to_string(wanted.n_tokens) + ")");
    }
    if (bytes != key.file_bytes())
        return corrupt("it has " + std::to_string(bytes) + " bytes where " + std::to_string(key.file_bytes()) +
                       " were written");
    std::vector<int32_t> tokens(key.tokens.size());
    uint64_t             sum = 0;
    RETURN_IF_FAILED(get(out.file_.get(), tokens.data(), tokens.size() * sizeof(int32_t)));
    RETURN_IF_FAILED(get(out.file_.get(), &sum, sizeof(sum)));
    if (sum != checksum(tokens.data(), tokens.size() * sizeof(int32_t), 0))
        return corrupt("its text has other bytes than were written");
    if (tokens != key.tokens) return mismatch("is of another text of the same length");
    out.path_        = path;
    out.shape_       = key.shape;
    out.n_tokens_    = key.n_tokens();
    out.state_bytes_ = key.state_bytes;
    return Status::good();
}

Status KvFileReader::read_states(StateSnapshot & out) {
    out = nullptr;
    if (state_bytes_ == 0) return Status::good();
    if (!seek_to(file_.get(), kv_file_bytes(shape_, n_tokens_, 0))) return read_failure(std::strerror(errno));
    std::shared_ptr<std::vector<uint8_t>> states;
    try {
        states = std::make_shared<std::vector<uint8_t>>(state_bytes_);
    } catch (const std::bad_alloc &) {
        return Status::fail(Code::HOST_OOM, "Not enough memory for the states of the recurrent layers (" +
                                                bytes_text(int64_t(state_bytes_)) + ").");
    }
    uint64_t stored = 0;
    RETURN_IF_FAILED(get(file_.get(), states->data(), states->size()));
    RETURN_IF_FAILED(get(file_.get(), &stored, sizeof(stored)));
    if (stored != checksum(states->data(), states->size(), first_seed(shape_.n_layer())))
        return corrupt("the states of its recurrent layers have other bytes than were written");
    out = std::move(states);
    return Status::good();
}

// From where `file` stands.
Status KvFileReader::read_layer(std::FILE * file, int64_t layer, KvRows & rows,
                                const std::atomic<bool> * cancel) const {
    std::vector<uint8_t> buffer;
    uint64_t             sum = first_seed(layer), stored = 0;
    for (int64_t run = 0; run < n_runs(shape_, layer); run++) {
        RETURN_IF_FAILED(for_each_piece(rows, layer, run, n_tokens_, [&](ggml_tensor * t, size_t offset, size_t bytes) {
            if (cancel && cancel->load()) return stopped();
            const bool is_host = ggml_backend_buffer_is_host(t->buffer);
            if (!is_host && buffer.empty()) buffer.resize(CHUNK);
            uint8_t * to = is_host ? static_cast<uint8_t *>(t->data) + offset : buffer.data();
            RETURN_IF_FAILED(get(file, to, bytes));
            sum = checksum(to, bytes, sum);
            if (!is_host) ggml_backend_tensor_set(t, to, offset, bytes);
            return Status::good();
        }));
    }
    RETURN_IF_FAILED(get(file, &stored, sizeof(stored)));
    return stored == sum ? Status::good()
                         : corrupt("layer " + std::to_string(layer) + " has other bytes than were written");
}

Status KvFileReader::read_rows(KvRows & rows, const std::atomic<bool> * cancel,
                               const std::function<void(int64_t done)> & progress) {
    std::vector<uint64_t> begins;
    uint64_t              at   = head_bytes(n_tokens_);
    const LayerCounts     kept = shape_.kept(n_tokens_);
    for (int64_t layer = 0; layer < shape_.n_layer(); layer++) {
        begins.push_back(at);
        at += uint64_t(kept[size_t(layer)]) * shape_.row_bytes(layer) + sizeof(uint64_t);
    }
    std::atomic<int64_t> next{0}, done{0};
    // Layers one after the other, whichever comes next; the first failure ends it for all.
    const auto take = [&](std::FILE * file, const std::function<void(int64_t)> & tell) {
        for (int64_t layer = next++; layer < shape_.n_layer(); layer = next++) {
            Status status = seek_to(file, begins[size_t(layer)]) ? read_layer(file, layer, rows, cancel)
                                                                 : read_failure(std::strerror(errno));
            if (!status.ok()) {
                next = shape_.n_layer();
                return status;
            }
            done++;
            if (tell) tell(n_tokens_ * done / shape_.n_layer());
        }
        return Status::good();
    };
    const size_t n_others =
        size_t(std::clamp<int64_t>(std::thread::hardware_concurrency(), 1, std::min(MOST_READERS, shape_.n_layer()))) -
        1;
    std::vector<Status>      failures(n_others);
    std::vector<std::thread> others;
    for (size_t i = 0; i < n_others; i++) {
        FilePtr file = open_to_read(path_);
        if (!file) break;  // those that there are read it all
        std::setvbuf(file.get(), nullptr, _IONBF, 0);
        try {
            others.emplace_back([&, i, own = std::move(file)] { failures[i] = take(own.get(), {}); });
        } catch (const std::system_error &) {
            break;
        }
    }
    Status status = take(file_.get(), progress);
    for (std::thread & other : others) other.join();
    for (const Status & failure : failures) {
        if (status.ok()) status = failure;
    }
    RETURN_IF_FAILED(status);
    if (progress) progress(n_tokens_);
    if (cancel && cancel->load()) return stopped();  // though all layers had been read by then
    for (int64_t layer = 0; layer < shape_.n_layer(); layer++)
        rows.set_first(layer, first_kept(shape_.window(layer), n_tokens_));
    return Status::good();
}

}  // namespace rocketdoc
