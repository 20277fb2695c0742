#include "device_bytes.h"

namespace rocketdoc {

Status DeviceBytes::allocate(const Device & device, size_t bytes, DeviceBytes & out) {
    if (bytes == 0) return Status::good();
    if (out.bytes_ >= bytes) return Status::good();
    out.buffer_.reset();
    out.bytes_ = 0;
    out.buffer_.reset(ggml_backend_buft_alloc_buffer(device.buffer_type(), bytes));
    if (!out.buffer_) {
        return Status::fail(Code::GPU_OOM, "Not enough GPU memory: " + bytes_text(int64_t(bytes)) + " are needed, " +
                                               bytes_text(device.available()) + " are free.");
    }
    ggml_backend_buffer_clear(out.buffer_.get(), 0);
    out.bytes_ = bytes;
    return Status::good();
}

}  // namespace rocketdoc
