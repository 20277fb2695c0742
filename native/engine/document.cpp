#include <string>

#include "engine.h"
#include "host_memory.h"

namespace rocketdoc {

Status Engine::open(const EngineOptions & options, std::unique_ptr<Engine> & out) {
    std::unique_ptr<Engine> self(new Engine);
    RETURN_IF_FAILED(Model::open_header(options.model_path, self->model_));
    RETURN_IF_FAILED(Backend::open(options.backend_dir, options.n_threads, self->backend_));
    RETURN_IF_FAILED(self->model_->load_weights(*self->backend_));
    self->prefill_ = std::make_unique<Prefill>(*self->model_, *self->backend_);
    self->decode_  = std::make_unique<Decode>(*self->model_, *self->backend_);
    out            = std::move(self);
    return Status::good();
}

Status check_host_memory(size_t needed, const std::string & what) {
    const int64_t available = host_memory_available();
    if (int64_t(needed) <= available) return Status::good();
    return Status::fail(Code::HOST_OOM, what + " needs " + std::to_string(needed >> 20) + " MB, " + std::to_string(available >> 20) +
                                            " MB are free. Choose fewer pages, q8_0 document KV, a smaller budget or a smaller model.");
}

Status Document::ensure_capacity(int64_t n_total) {
    const HyperParams & p        = engine_.model().params();
    const int64_t       capacity = document_capacity(n_tokens_, n_total, p.n_ctx_train);
    const KvShape       shape{p.n_layer, p.n_head_kv, p.head_dim, type_};
    if (!rows_) {
        RETURN_IF_FAILED(check_host_memory(shape.bytes(capacity), "The KV cache of " + std::to_string(n_total) + " tokens"));
        return KvRows::create(engine_.backend().buffer_type(), shape, capacity, rows_);
    }
    if (capacity <= rows_->capacity() || n_total <= rows_->capacity()) return Status::good();
    RETURN_IF_FAILED(check_host_memory(shape.bytes(capacity) - rows_->bytes() + shape.bytes(capacity) / size_t(p.n_layer),
                                       "Growing the KV cache to " + std::to_string(n_total) + " tokens"));
    return rows_->grow(capacity, n_live_);
}

Status Document::read(const std::vector<int32_t> & tokens, int64_t segment, int64_t tile, const std::function<void(int64_t done)> & progress) {
    const HyperParams & p = engine_.model().params();
    cancel_               = false;
    if (n_sessions_ > 0) return Status::fail(Code::BUSY, "The document has open chats; close them before more is read into it.");
    if (tokens.empty()) return Status::good();
    if (segment < 1 || tile < 1) return Status::fail(Code::INVALID_ARGUMENT, "Segment and tile must be at least 1 token.");
    for (int32_t token : tokens) {
        if (token < 0 || token >= p.n_vocab) {
            return Status::fail(Code::INVALID_ARGUMENT, "Token " + std::to_string(token) + " is outside the vocabulary of " + std::to_string(p.n_vocab) + ".");
        }
    }
    const int64_t n_total = n_tokens_ + int64_t(tokens.size());
    if (n_total > p.n_ctx_train) {
        return Status::fail(Code::CTX_OVERFLOW, "The document has " + std::to_string(n_total) + " tokens; the model reads " + std::to_string(p.n_ctx_train) +
                                                    ". Choose pages, or a model with a longer context.");
    }
    RETURN_IF_FAILED(ensure_capacity(document_capacity(n_total, n_total, p.n_ctx_train)));

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
    job.segment_done   = [&](int64_t done) { n_tokens_ = n_live_ = before + done; };
    job.cancel         = &cancel_;
    return engine_.prefill().run(job);
}

}  // namespace rocketdoc
