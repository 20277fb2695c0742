// Memory of the GPU that kernels write, outside of any graph.
#pragma once

#include "../../kernels/kernels.h"
#include "../device.h"

namespace rocketdoc {

class DeviceBytes {
  public:
    // Zeroed. GPU_OOM with the bytes. No-op where `out` has as many.
    static Status allocate(const Device & device, size_t bytes, DeviceBytes & out);

    // Pieces of a block begin where every kernel can read them. take: the next piece's offset.
    static constexpr size_t ALIGN = 256;
    static size_t           aligned(size_t bytes) { return size_t(round_up(int64_t(bytes), int64_t(ALIGN))); }
    static size_t           take(size_t & offset, size_t bytes) {
        const size_t at = offset;
        offset += aligned(bytes);
        return at;
    }

                          operator KernelWorkspace() const { return {data(), bytes_}; }
    void *                data() const { return buffer_ ? ggml_backend_buffer_get_base(buffer_.get()) : nullptr; }
    size_t                bytes() const { return bytes_; }
    ggml_backend_buffer_t buffer() const { return buffer_.get(); }
    template <typename T>
    T * at(size_t offset) const {
        return reinterpret_cast<T *>(static_cast<uint8_t *>(data()) + offset);
    }

  private:
    ggml_backend_buffer_ptr buffer_;
    size_t                  bytes_ = 0;
};

}  // namespace rocketdoc
