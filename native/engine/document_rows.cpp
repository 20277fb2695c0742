#include "document_rows.h"

#include <algorithm>
#include <string>

#include "../arch/recurrence.h"
#include "prefill.h"

namespace rocketdoc {

DocumentRows::DocumentRows(const Model & model, const Device & device, ggml_type type, DocumentHome home)
    : model_(model),
      device_(device),
      shape_(kv_shape(model.params(), type)),
      wanted_home_(home),
      state_bytes_(rocketdoc::state_bytes(model.params())) {}

DocumentHome DocumentRows::home() const {
    if (!rows_) return wanted_home_;
    return rows_->on_device() ? DocumentHome::device : DocumentHome::host;
}

HeldMemory DocumentRows::held_memory() const {
    HeldMemory held;
    held.state              = n_tokens_ > 0 ? DocumentState::held : DocumentState::unread;
    held.document           = bytes_;
    held.document_on_device = on_device_;
    return held;
}

int64_t DocumentRows::n_live() const { return n_tokens_ + (mounted_ ? mounted_->n_rows_ : 0); }

Status DocumentRows::allocate(int64_t n_total, const LayerCounts & capacity) {
    const size_t bytes = shape_.bytes(KvRows::allocated_rows(device_, capacity));
    // An eighth of the document for a question's compact cache: more than the default budgets take of a long one.
    const size_t others = bytes / 8 +
                          Prefill::activation_bytes(model_.params(), device_, n_total, READING_SEGMENT, READING_TILE) +
                          window_buffer_bytes(shape_, device_, READING_SEGMENT) + model_.expert_buffer_bytes();
    const bool   on_device = wanted_home_ == DocumentHome::device || !device_.traits().own_memory ||
                             (wanted_home_ == DocumentHome::automatic && fits_on_device(device_, bytes, others));
    const std::string what = "The KV cache of " + std::to_string(n_total) + " tokens";
    RETURN_IF_FAILED(on_device ? check_device_memory(device_, bytes, what) : check_host_memory(device_, bytes, what));
    return KvRows::create(model_.devices(), on_device ? KvRows::Home::device : KvRows::Home::host, shape_, capacity,
                          rows_);
}

Status DocumentRows::reserve(int64_t n_document, int64_t n_total) {
    const LayerCounts capacity =
        shape_.room(n_document, document_capacity(n_document, n_total, model_.params().n_ctx_train));
    if (!rows_) {
        RETURN_IF_FAILED(allocate(n_total, capacity));
    } else if (!rows_->has_room(shape_.room(n_document, n_total))) {
        const LayerCounts wanted = KvRows::allocated_rows(device_, capacity);
        // Growing goes layer by layer: beside what is added one layer is there twice.
        size_t largest = 0, more = 0;
        for (int64_t layer = 0; layer < shape_.n_layer(); layer++) {
            const int64_t rows = wanted[size_t(layer)], added = std::max<int64_t>(0, rows - rows_->capacity(layer));
            largest = std::max(largest, size_t(rows) * shape_.row_bytes(layer));
            more += size_t(added) * shape_.row_bytes(layer);
        }
        more += largest;
        const std::string what = "Growing the KV cache to " + std::to_string(n_total) + " tokens";
        RETURN_IF_FAILED(rows_->on_device() ? check_device_memory(device_, more, what)
                                            : check_host_memory(device_, more, what));
        RETURN_IF_FAILED(rows_->grow(capacity, {n_live(), n_live()}));
    }
    bytes_     = rows_->bytes();
    on_device_ = rows_->on_device();
    return Status::good();
}

ChatRows::~ChatRows() {
    if (document_.mounted_ == this) document_.mounted_ = nullptr;
    document_.n_chats_--;
}

void ChatRows::mount() {
    if (document_.mounted_ == this) return;
    if (document_.mounted_) document_.mounted_->park();
    const int64_t first = document_.n_tokens();
    if (!parked_.empty()) document_.rows_->copy_in(parked_, first, first + n_rows_);
    parked_            = {};
    document_.mounted_ = this;
}

void ChatRows::park() {
    if (document_.mounted_ != this) return;
    const int64_t first = document_.n_tokens();
    if (n_rows_ > 0) parked_ = document_.rows_->copy_out(first, first + n_rows_);
    document_.mounted_ = nullptr;
}

void ChatRows::drop() {
    if (document_.mounted_ == this) document_.mounted_ = nullptr;
    n_rows_ = 0;
    parked_ = {};
}

}  // namespace rocketdoc
