// Which weights ggml multiplies by several tokens at once to the same bits as by one token after the other. It takes
// other ways for the two, by the type of the weights, how they are packed and what the CPU can do; so it is tried out,
// on rows of the weights themselves.
#pragma once

#include <map>
#include <tuple>

#include "../device.h"

namespace rocketdoc {

class ProductBits {
  public:
    // most: tokens at once.
    ProductBits(Device & device, int most) : device_(device), most_(most) {}

    // weight: a matrix where the device computes. The first question about a kind of weights tries it out.
    bool are_same(const ggml_tensor * weight);

  private:
    bool try_out(const ggml_tensor * weight);

    Device &                                                             device_;
    const int                                                            most_;
    std::map<std::tuple<int, ggml_backend_buffer_type_t, int64_t>, bool> known_;  // by type, buffer type, columns
};

}  // namespace rocketdoc
