// A loaded model: sizes, architecture and weights. Weights stay in the mapped file where the device multiplies by them
// as they are; matrices that the CPU packs for its products are copied once, and for a GPU everything is.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "../arch/architecture.h"
#include "../device/device.h"
#include "../open_file.h"
#include "gguf_file.h"

namespace rocketdoc {

class Model {
  public:
    // Reads and checks the header only.
    static Status open_header(const std::string & path, std::unique_ptr<Model> & out);
    // The weights onto the devices of the layers, [n_layer]; those outside of layers onto the first one. Several
    // devices may share the work where all compute in RAM; a device with memory of its own has all layers, or it is
    // INVALID_ARGUMENT. as_floats: quantized ones become f16, for measuring: products with
    // quantized weights round their other side to 8 bits, and what that costs hides what a cache does.
    Status load_weights(const LayerDevices & devices, bool as_floats = false);

    const GgufFile &     file() const { return *file_; }
    const HyperParams &  params() const { return params_; }
    const Architecture & architecture() const { return *architecture_; }
    const ModelWeights & weights() const { return weights_; }
    Layer                layer(int64_t i) const { return {params_, params_.layer(i), weights_.layers[size_t(i)]}; }
    // Where each layer's weights are and its rows and graphs belong. After load_weights.
    const LayerDevices & devices() const { return devices_; }
    Device &             device_of(int64_t layer) const { return *devices_[size_t(layer)]; }
    // Bytes of all tensors.
    size_t weight_bytes() const { return weight_bytes_; }
    // Of them, what memory reported as available no longer counts: everything on a GPU, the packed copies on a CPU.
    size_t  held_bytes() const;
    int64_t parameter_count() const;
    // Of the header and of samples of all weights, as they are loaded: tells one model from another, also a retrained
    // one of the same sizes. After load_weights.
    uint64_t fingerprint() const;
    // False: a file of weights alone. Token numbers go in and come out.
    bool has_vocabulary() const;

  private:
    bool            is_looked_up(const ggml_tensor * weight) const;
    Status          check_types(const Device & device) const;
    Status          check_recurrences(const Device & device) const;
    void            make_floats();
    const uint8_t * in_file(const ggml_tensor * t) const {
        const GgufFile::Place place = file_->place(t);
        return mappings_[place.part].data() + place.offset;
    }
    // A tensor's bytes in the type it has now: the file's own, or made from them in `made`.
    const void * values_of(const ggml_tensor * t, std::vector<uint8_t> & made) const;
    Status       copy_to_device(const Device & device);
    Status       place_in_host_memory(const Device & device);

    std::unique_ptr<GgufFile>                file_;
    HyperParams                              params_;
    const Architecture *                     architecture_ = nullptr;
    ModelWeights                             weights_;
    LayerDevices                             devices_;
    std::vector<ggml_tensor *>               matrices_, tables_;
    std::map<const ggml_tensor *, ggml_type> file_types_;  // of the tensors that became floats
    size_t                                   weight_bytes_ = 0;

    // Destroyed before the mappings that they point into.
    std::vector<FileMapping>             mappings_;  // one a part of the file
    std::vector<ggml_backend_buffer_ptr> mapped_buffers_;
    std::vector<ggml_backend_buffer_ptr> packed_buffers_;
    ggml_backend_buffer_ptr              device_buffer_;
};

}  // namespace rocketdoc
