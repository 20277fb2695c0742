// The compact cache's device side on a GPU. The live length is one number in device memory, so that a captured token
// stays valid while the cache grows.
#pragma once

#include "layer_cache.h"

namespace rocketdoc {

class CudaCompact : public CompactOnDevice {
  public:
    // GPU_UNSUPPORTED and INVALID_ARGUMENT for what the kernels do not serve, on any GPU.
    static Status check(const CompactShape & shape);
    // rows and cuda outlive it. GPU_OOM, and what check() says.
    static Status make(const CompactShape & shape, KvRows & rows, CudaDevice & cuda,
                       std::unique_ptr<CompactOnDevice> & out);
    ~CudaCompact() override;

    Status set_live(int64_t n_live) override;
    // All on our stream.
    Status begin_token() override;
    Status attend(const LayerToken & token) override;

  protected:
    Status  start_clock() override;
    Status  stop_clock() override;
    Status  read_clock(double & ms) override;
    Status  reserve_decode() override;
    float * importance(int64_t layer) override;

  private:
    CudaCompact(const CompactShape & shape, KvRows & rows, CudaDevice & cuda)
        : CompactOnDevice(shape, cuda), layers_{cuda, shape_, rows, {}, {0}} {}
    Status reserve();

    struct Timed {
        KernelEvent from = nullptr, to = nullptr;
    };
    LayerCache         layers_;
    DeviceBytes        importance_;  // [n_layer, most_width()] f32, of a layer [n_head, D]: codes are made again by it
    DeviceBytes        attention_workspace_;
    std::vector<Timed> timed_;  // stage 1 of each layer, on our stream
};

}  // namespace rocketdoc
