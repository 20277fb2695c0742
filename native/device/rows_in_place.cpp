#include <algorithm>

#include "../engine/kv_rows.h"
#include "layer_stream.h"
#include "rows_buffer.h"

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
        const size_t bytes = size_t(capacity) * rows_.shape().most_window_row_bytes();
        return buffer_.allocate(device_, rows_.shape(), capacity, RowsBuffer::For::layers_with_windows)
                   ? Status::good()
                   : Status::fail(device_.oom(), "Not enough memory for the rows of a layer with a window (" +
                                                     bytes_text(int64_t(bytes)) + "). Read in smaller segments.");
    }

    Status begin_pass(const RowPlace & before, int64_t n_new) override {
        before_ = before;
        n_new_  = n_new;
        return Status::good();
    }

    Status acquire(int64_t layer, LayerRows & out) override {
        out = {rows_.k(layer), rows_.v(layer), rows_.first(layer)};
        if (!drops_rows_ || rows_.shape().window(layer) == 0) return Status::good();
        // A layer that shares rows finds them as the last layer with a window left them: check_traits.
        const LayerRows in_buffer{buffer_.k(rows_.holder(layer)), buffer_.v(rows_.holder(layer)), out.first};
        if (drops(layer)) {
            const int64_t n = rows_.row_of(layer, before_);
            RETURN_IF_FAILED(device_.copy_rows({out.k, 0}, {in_buffer.k, 0}, n));
            RETURN_IF_FAILED(device_.copy_rows({out.v, 0}, {in_buffer.v, 0}, n));
        }
        out = in_buffer;
        return Status::good();
    }

    // Behind the rows that the layer has: until the pass counts, those are what is valid.
    Status release(int64_t layer) override {
        if (!drops(layer)) return Status::good();
        const int64_t n_before = rows_.row_of(layer, before_), n = n_added(layer);
        RETURN_IF_FAILED(device_.copy_rows({buffer_.k(layer), n_before + n_new_ - n}, {rows_.k(layer), n_before}, n));
        return device_.copy_rows({buffer_.v(layer), n_before + n_new_ - n}, {rows_.v(layer), n_before}, n);
    }

    Status finish() override {
        for (int64_t layer = 0; layer < rows_.shape().n_layer(); layer++) {
            if (!drops(layer)) continue;
            RETURN_IF_FAILED(rows_.keep_window(device_, layer, rows_.row_of(layer, before_) + n_added(layer),
                                               before_.position + n_new_));
        }
        return buffer_.is_allocated() ? device_.finish() : Status::good();
    }

  private:
    bool drops(int64_t layer) const {
        return drops_rows_ && rows_.shape().keeps(layer) && rows_.shape().window(layer) > 0;
    }
    // Rows of the pass that the layer keeps after it.
    int64_t n_added(int64_t layer) const {
        return std::min(n_new_, rows_kept(rows_.shape().window(layer), before_.position + n_new_));
    }

    KvRows &   rows_;
    Device &   device_;
    const bool drops_rows_;
    RowsBuffer buffer_;
    RowPlace   before_;
    int64_t    n_new_ = 0;
};

}  // namespace

size_t window_buffer_bytes(const KvShape & shape, const DeviceTraits & device, int64_t segment) {
    return shape.widest_window() > 0
               ? size_t(window_buffer_rows(shape, device, segment)) * shape.most_window_row_bytes()
               : 0;
}

Status rows_in_place(KvRows & rows, Device & device, const StreamJob & job, std::unique_ptr<LayerStream> & out) {
    const bool drops_rows = job.drops_rows && rows.shape().widest_window() > 0;
    auto       self       = std::make_unique<RowsInPlace>(rows, device, drops_rows);
    if (drops_rows) RETURN_IF_FAILED(self->allocate(window_buffer_rows(rows.shape(), device.traits(), job.segment)));
    out = std::move(self);
    return Status::good();
}

}  // namespace rocketdoc
