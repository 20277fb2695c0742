// Codes with the residual on the GPU: rows that were not chosen enter attention by their codes, from the scores that
// choosing left in its workspace.
#include "codes_selector.h"

namespace rocketdoc {
namespace {

class CodesResidualOnGpu final : public CodesOnGpu {
  public:
    explicit CodesResidualOnGpu(const Parts & parts) : CodesOnGpu(parts, true) {}

  protected:
    void add_residual(int64_t layer, KernelAttention & attention) override {
        codes_                     = codes_of(layer);
        attention.residual         = &codes_;
        attention.select_workspace = workspace_.data();
    }

  private:
    KernelCodes codes_;  // of the layer being attended to
};

}  // namespace

size_t codes_residual_bytes_on_gpu(const SelectorShape & shape, int64_t rows) {
    return CodesLayout(shape, rows, true).bytes;
}

std::unique_ptr<CudaSelector> make_codes_residual_on_gpu(const CudaSelector::Parts & parts) {
    return std::make_unique<CodesResidualOnGpu>(parts);
}

}  // namespace rocketdoc
