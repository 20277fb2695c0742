#include <new>
#include <string>
#include <utility>

#include "engine.h"

namespace rocketdoc {
namespace {

// What a reading is likely to work in; its own segment and tile come later, with read().
constexpr int64_t READING_SEGMENT = 8192;
constexpr int64_t READING_TILE    = 512;
// A question of usual length, for what is proposed when a text does not fit.
constexpr int64_t USUAL_QUESTION = 32;
constexpr int64_t USUAL_ANSWER   = 256;

DocumentState state_of(const Document * held) {
    return held && held->n_tokens() > 0 ? DocumentState::held : DocumentState::unread;
}

}  // namespace

Status Engine::open(const EngineOptions & options, std::unique_ptr<Engine> & out) {
    std::unique_ptr<Engine> self(new Engine);
    RETURN_IF_FAILED(Model::open_header(options.model_path, self->model_));
    RETURN_IF_FAILED(Device::open(options.device, self->device_));
    RETURN_IF_FAILED(self->model_->load_weights(*self->device_, options.float_weights));
    self->prefill_      = std::make_unique<Prefill>(*self->model_, *self->device_);
    self->token_runner_ = self->device_->make_token_runner(*self->model_);
    out                 = std::move(self);
    return Status::good();
}

Status Engine::plan(const PlanRequest & request, MemoryPlan & out) const {
    return memory_plan(model_->params(), room(nullptr), model_->weight_bytes(), request, out);
}

DeviceTraits Engine::room(const Document * held) const {
    DeviceTraits device = *device_;
    device.available += int64_t(model_->held_bytes());
    if (held) (held->on_device() ? device.available : device.host_available) += int64_t(held->bytes());
    if (!device.own_memory) device.host_available = device.available;
    return device;
}

Status Engine::check_plan(const PlanRequest & request, const Document * held, MemoryPlan & out) const {
    return rocketdoc::check_plan(model_->params(), room(held), model_->weight_bytes(), request, state_of(held), out);
}

Status Engine::with_shortage(Status failed, const PlanRequest & request, const Document * held) const {
    return rocketdoc::with_shortage(std::move(failed), model_->params(), room(held), model_->weight_bytes(), request,
                                    state_of(held));
}

Status check_host_memory(const Device & device, size_t needed, const std::string & what) {
    const int64_t available = device.host_available();
    if (int64_t(needed) <= available) return Status::good();
    return Status::fail(Code::HOST_OOM,
                        what + " needs " + bytes_text(int64_t(needed)) + ", " + bytes_text(available) + " are free.");
}

Status check_device_memory(const Device & device, size_t needed, const std::string & what) {
    if (!device.traits().own_memory) return check_host_memory(device, needed, what);
    const int64_t available = device.available();
    if (int64_t(needed) <= available) return Status::good();
    return Status::fail(Code::GPU_OOM, what + " needs " + bytes_text(int64_t(needed)) + " of GPU memory, " +
                                           bytes_text(available) + " are free.");
}

Status Document::ensure_capacity(int64_t n_total) {
    const HyperParams & p        = engine_.model().params();
    const int64_t       capacity = document_capacity(n_tokens_, n_total, p.n_ctx_train);
    const KvShape       shape    = kv_shape();
    const Device &      device   = engine_.device();
    const size_t        bytes    = shape.bytes(KvRows::allocated_rows(device, capacity));
    if (!rows_) {
        // An eighth of the document for a question's compact cache: more than the default budgets take of a long one.
        const size_t others = bytes / 8 + Prefill::activation_bytes(p, device, capacity, READING_SEGMENT, READING_TILE);
        const bool   on_device = home_ == DocumentHome::device || !device.traits().own_memory ||
                                 (home_ == DocumentHome::automatic && fits_on_device(device, bytes, others));
        const std::string what = "The KV cache of " + std::to_string(n_total) + " tokens";
        RETURN_IF_FAILED(on_device ? check_device_memory(device, bytes, what) : check_host_memory(device, bytes, what));
        return KvRows::create(engine_.model().devices(), on_device ? KvRows::Home::device : KvRows::Home::host, shape,
                              capacity, rows_);
    }
    if (n_total <= rows_->capacity()) return Status::good();
    const size_t      more = bytes - rows_->bytes() + bytes / size_t(p.n_layer);
    const std::string what = "Growing the KV cache to " + std::to_string(n_total) + " tokens";
    RETURN_IF_FAILED(rows_->on_device() ? check_device_memory(device, more, what)
                                        : check_host_memory(device, more, what));
    return rows_->grow(capacity, n_live_);
}

Status Document::check_tokens(const std::vector<int32_t> & tokens) const {
    const HyperParams & p = engine_.model().params();
    if (n_sessions_ > 0)
        return Status::fail(Code::BUSY, "The document has open chats; close them before more is read into it.");
    for (int32_t token : tokens) {
        if (token < 0 || token >= p.n_vocab) {
            return Status::fail(Code::INVALID_ARGUMENT, "Token " + std::to_string(token) +
                                                            " is outside the vocabulary of " +
                                                            std::to_string(p.n_vocab) + ".");
        }
    }
    const int64_t n_total = n_tokens_ + int64_t(tokens.size());
    if (n_total > p.n_ctx_train) {
        return Status::fail(Code::CTX_OVERFLOW, "The document has " + std::to_string(n_total) +
                                                    " tokens; the model reads " + std::to_string(p.n_ctx_train) +
                                                    ". Choose pages, or a model with a longer context.");
    }
    return Status::good();
}

Status Document::read(const std::vector<int32_t> & tokens, int64_t segment, int64_t tile,
                      const std::function<void(int64_t done)> & progress) {
    const int64_t n_total = n_tokens_ + int64_t(tokens.size());
    Status        status;
    try {
        status = read_tokens(tokens, segment, tile, progress);
    } catch (const std::bad_alloc &) {
        status = Status::fail(Code::HOST_OOM, "The machine has no memory left for this document.");
    }
    if (status.ok()) return status;
    PlanRequest asked;
    asked.n_prompt      = n_total + USUAL_QUESTION;
    asked.n_question    = USUAL_QUESTION;
    asked.max_new       = USUAL_ANSWER;
    asked.document_type = type_;
    asked.home          = home_;
    return engine_.with_shortage(std::move(status), asked, this);
}

Status Document::read_tokens(const std::vector<int32_t> & tokens, int64_t segment, int64_t tile,
                             const std::function<void(int64_t done)> & progress) {
    const HyperParams & p = engine_.model().params();
    cancel_               = false;
    if (tokens.empty()) return Status::good();
    if (segment == 0) segment = engine_.device().traits().reading_segment;
    if (segment < 1 || tile < 1)
        return Status::fail(Code::INVALID_ARGUMENT, "Segment and tile must be at least 1 token.");
    RETURN_IF_FAILED(check_tokens(tokens));
    const int64_t n_total = n_tokens_ + int64_t(tokens.size());
    RETURN_IF_FAILED(ensure_capacity(document_capacity(n_total, n_total, p.n_ctx_train)));

    writer_              = nullptr;  // it wrote what was there before
    const int64_t before = n_tokens_;
    PrefillJob    job;
    job.rows           = rows_.get();
    job.first_row      = before;
    job.first_position = before;
    job.tokens         = tokens.data();
    job.n_tokens       = int64_t(tokens.size());
    job.segment        = segment;
    job.tile           = std::min(tile, segment);
    job.progress       = progress;
    job.segment_done   = [&](int64_t done) {
        tokens_.insert(tokens_.end(), tokens.begin() + (n_tokens_ - before), tokens.begin() + done);
        n_tokens_ = n_live_ = before + done;
    };
    job.cancel = &cancel_;
    return engine_.prefill().run(job);
}

Status Document::load(const std::string & path, const std::vector<int32_t> & tokens,
                      const std::function<void(int64_t done)> & progress) {
    cancel_ = false;
    if (n_tokens_ > 0) return Status::fail(Code::INVALID_ARGUMENT, "A KV cache is loaded into an empty document only.");
    if (tokens.empty()) return Status::fail(Code::INVALID_ARGUMENT, "A KV cache of no tokens is not kept.");
    RETURN_IF_FAILED(check_tokens(tokens));
    KvFileKey wanted = key();
    wanted.tokens    = tokens;
    KvFileReader reader;
    RETURN_IF_FAILED(KvFileReader::open(path, wanted, reader));
    const int64_t n_total = int64_t(tokens.size());
    RETURN_IF_FAILED(ensure_capacity(document_capacity(n_total, n_total, engine_.model().params().n_ctx_train)));
    RETURN_IF_FAILED(reader.read_rows(*rows_, cancel_, progress));
    tokens_   = tokens;
    n_tokens_ = n_live_ = n_total;
    return Status::good();
}

Status Document::save_part(const std::string & path, uint64_t most, bool & done) {
    done = false;
    if (n_tokens_ == 0) return Status::fail(Code::INVALID_ARGUMENT, "Nothing has been read that could be kept.");
    if (!writer_ || writer_->path() != path) {
        writer_ = nullptr;
        RETURN_IF_FAILED(KvFileWriter::begin(path, key(), writer_));
    }
    Status status = writer_->write_part(*rows_, most, done);
    if (done || !status.ok()) writer_ = nullptr;
    return status;
}

}  // namespace rocketdoc
