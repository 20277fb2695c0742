#include "../engine/kv_rows.h"
#include "layer_stream.h"

namespace rocketdoc {
namespace {

class RowsInPlace : public LayerStream {
  public:
    explicit RowsInPlace(KvRows & rows) : rows_(rows) {}

    Status begin_pass(int64_t, int64_t) override { return Status::good(); }
    Status acquire(int64_t layer, LayerRows & out) override {
        out = {rows_.k(layer), rows_.v(layer)};
        return Status::good();
    }
    Status release(int64_t) override { return Status::good(); }
    Status finish() override { return Status::good(); }

  private:
    KvRows & rows_;
};

}  // namespace

std::unique_ptr<LayerStream> rows_in_place(KvRows & rows) { return std::make_unique<RowsInPlace>(rows); }

}  // namespace rocketdoc
