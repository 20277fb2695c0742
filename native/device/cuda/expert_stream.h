// Experts that lie in RAM visit the GPU through two buffers: while one layer computes, the next one's are on their way
// on the copy stream. A pass reads each layer's once, however many tokens its segment has.
#pragma once

#include "../../engine/model.h"
#include "../expert_stream.h"
#include "cuda_device.h"
#include "device_bytes.h"

namespace rocketdoc {

class CudaExpertStream : public ExpertStream {
  public:
    // GPU_OOM when the buffers cannot be had. model: some of its experts lie in RAM.
    static Status create(CudaDevice & device, const Model & model, std::unique_ptr<ExpertStream> & out);
    ~CudaExpertStream() override;

    Status begin_pass() override;
    Status acquire(int64_t layer, LayerWeights & weights) override;
    Status release(int64_t layer) override;

  private:
    struct Slot {
        DeviceBytes            bytes;
        ggml_backend_event_ptr used;              // by ggml: the layer's work
        KernelEvent            loaded = nullptr;  // its experts are there
    };
    struct Visitor {
        int64_t                    layer = 0;
        std::vector<ggml_tensor *> home, there;  // the same matrices in RAM and in the slot
    };
    explicit CudaExpertStream(CudaDevice & device) : device_(device) {}
    Status          allocate(const Model & model);
    Status          load(size_t visitor);  // one that there is not is no failure
    const Visitor * find(int64_t layer) const;
    Slot &          slot_of(size_t visitor) { return slots_[visitor % 2]; }

    CudaDevice &         device_;
    ggml_context_ptr     ctx_;
    std::vector<Visitor> visitors_;  // which take the slots by turns
    Slot                 slots_[2];
};

}  // namespace rocketdoc
