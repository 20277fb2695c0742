#include <algorithm>

#include "../engine/kv_rows.h"
#include "layer_stream.h"

namespace rocketdoc {
namespace {

int64_t window_buffer_rows(const KvShape & shape, const DeviceTraits & device, int64_t segment) {
    return KvRows::allocated_rows(device, most_kept(shape.widest_window()) + segment);
}

class RowsInPlace : public LayerStream {
  public:
    RowsInPlace(KvRows & rows, Device & device, bool drops_rows)
        : rows_(rows), device_(device), drops_rows_(drops_rows) {}

    Status allocate(int64_t capacity) {
        const KvShape &  shape  = rows_.shape();
        ggml_init_params params = {ggml_tensor_overhead() * 2, nullptr, true};
        ctx_.reset(ggml_init(params));
        for (ggml_tensor ** t : {&buffer_rows_.k, &buffer_rows_.v})
            *t = ggml_new_tensor_3d(ctx_.get(), shape.type, shape.head_dim, capacity, shape.n_head);
        buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(ctx_.get(), device_.buffer_type()));
        if (!buffer_)
            return Status::fail(device_.oom(), "Not enough memory for the rows of a layer with a window (" +
                                                   bytes_text(capacity * int64_t(shape.row_bytes())) +
                                                   "). Read in smaller segments.");
        ggml_backend_buffer_clear(buffer_.get(), 0);  // masked rows must be numbers
        return Status::good();
    }

    Status begin_pass(const RowPlace & before, int64_t n_new) override {
        before_ = before;
        n_new_  = n_new;
        return Status::good();
    }

    Status acquire(int64_t layer, LayerRows & out) override {
        out = {rows_.k(layer), rows_.v(layer), rows_.first(layer)};
        if (!drops(layer)) return Status::good();
        const int64_t n = rows_.row_of(layer, before_);
        RETURN_IF_FAILED(device_.copy_rows({out.k, 0}, {buffer_rows_.k, 0}, n));
        RETURN_IF_FAILED(device_.copy_rows({out.v, 0}, {buffer_rows_.v, 0}, n));
        out.k = buffer_rows_.k;
        out.v = buffer_rows_.v;
        return Status::good();
    }

    // Behind the rows that the layer has: until the pass counts, those are what is valid.
    Status release(int64_t layer) override {
        if (!drops(layer)) return Status::good();
        const int64_t n_before = rows_.row_of(layer, before_), n = n_added(layer);
        RETURN_IF_FAILED(device_.copy_rows({buffer_rows_.k, n_before + n_new_ - n}, {rows_.k(layer), n_before}, n));
        return device_.copy_rows({buffer_rows_.v, n_before + n_new_ - n}, {rows_.v(layer), n_before}, n);
    }

    Status finish() override {
        for (int64_t layer = 0; layer < rows_.shape().n_layer; layer++) {
            if (!drops(layer)) continue;
            RETURN_IF_FAILED(rows_.keep_window(device_, layer, rows_.row_of(layer, before_) + n_added(layer),
                                               before_.position + n_new_));
        }
        return buffer_ ? device_.finish() : Status::good();
    }

  private:
    bool drops(int64_t layer) const { return drops_rows_ && rows_.shape().window(layer) > 0; }
    // Rows of the pass that the layer keeps after it.
    int64_t n_added(int64_t layer) const {
        return std::min(n_new_, rows_kept(rows_.shape().window(layer), before_.position + n_new_));
    }

    KvRows &                rows_;
    Device &                device_;
    const bool              drops_rows_;
    ggml_context_ptr        ctx_;
    ggml_backend_buffer_ptr buffer_;
    LayerRows               buffer_rows_;
    RowPlace                before_;
    int64_t                 n_new_ = 0;
};

}  // namespace

size_t window_buffer_bytes(const KvShape & shape, const DeviceTraits & device, int64_t segment) {
    return shape.widest_window() > 0 ? size_t(window_buffer_rows(shape, device, segment)) * shape.row_bytes() : 0;
}

Status rows_in_place(KvRows & rows, Device & device, const StreamJob & job, std::unique_ptr<LayerStream> & out) {
    const bool drops_rows = job.drops_rows && rows.shape().widest_window() > 0;
    auto       self       = std::make_unique<RowsInPlace>(rows, device, drops_rows);
    if (drops_rows) RETURN_IF_FAILED(self->allocate(window_buffer_rows(rows.shape(), device.traits(), job.segment)));
    out = std::move(self);
    return Status::good();
}

}  // namespace rocketdoc
