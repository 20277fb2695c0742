// A loaded model: sizes, architecture and weights. Weights stay in the mapped file where the device multiplies by them
// as they are; matrices that the CPU packs for its products are copied once, and for a GPU everything is. Experts may
// stay in RAM while a GPU has the rest.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "../arch/architecture.h"
#include "../device/device.h"
#include "../open_file.h"
#include "gguf_file.h"

namespace rocketdoc {

struct ExpertsInRam;

// Where weights go.
struct WeightPlaces {
    LayerDevices devices;  // of the layers, [n_layer]; what is outside of layers goes to the first one
    // Layers whose experts stay in RAM, [n_layer], where the devices have a memory of their own; empty: none.
    std::vector<bool> experts_in_ram{};
    Device *          ram_device = nullptr;  // what computes there; null: no experts lie there
};

class Model {
  public:
    // Reads and checks the header only.
    static Status open_header(const std::string & path, std::unique_ptr<Model> & out);
    // GPU_UNSUPPORTED or MODEL_UNSUPPORTED where the device does not compute it, in whatever mode.
    Status check_device(const Device & device) const;
    // Several devices may share the work where all compute in RAM; a device with memory of its own has all layers, or
    // it is INVALID_ARGUMENT. as_floats: quantized ones become f16, for measuring: products with quantized weights
    // round their other side to 8 bits, and what that costs hides what a cache does.
    Status load_weights(const WeightPlaces & places, bool as_floats = false);

    const GgufFile &     file() const { return *file_; }
    const HyperParams &  params() const { return params_; }
    const Architecture & architecture() const { return *architecture_; }
    const ModelWeights & weights() const { return weights_; }
    Layer                layer(int64_t i) const { return {params_, params_.layer(i), weights_.layers[size_t(i)]}; }
    // Where each layer's weights are, but for experts in RAM, and its rows and graphs belong. After load_weights.
    const LayerDevices & devices() const { return places_.devices; }
    Device &             device_of(int64_t layer) const { return *places_.devices[size_t(layer)]; }
    // Of a layer, the matrices that are one for each expert; none where it has no experts.
    std::vector<ggml_tensor *> expert_matrices(int64_t layer) const;
    // What else its feed-forward reads.
    std::vector<ggml_tensor *> feed_forward_vectors(int64_t layer) const;
    // Whether that layer's expert matrices lie in RAM while the device has the rest; ram_device() computes there.
    bool     experts_in_ram(int64_t layer) const { return places_.ram_device && places_.experts_in_ram[size_t(layer)]; }
    Device * ram_device() const { return places_.ram_device; }
    // Such a layer with all that its feed-forward reads in RAM.
    Layer layer_in_ram(int64_t i) const { return {params_, params_.layer(i), layers_in_ram_[size_t(i)]}; }
    // Bytes of all tensors.
    size_t weight_bytes() const { return weight_bytes_; }
    // Of them, what memory of the device that is reported as available no longer counts: what lies on a GPU, the packed
    // copies on a CPU. And of RAM where experts lie there beside a GPU.
    size_t held_bytes() const;
    size_t held_in_ram() const { return held_in_ram_; }
    // Those of the device through which experts in RAM visit it; held while a text is read.
    size_t  expert_buffer_bytes() const { return expert_buffer_bytes_; }
    int64_t parameter_count() const;
    // Of the header and of samples of all weights, as they are loaded: tells one model from another, also a retrained
    // one of the same sizes. After load_weights.
    uint64_t fingerprint() const;
    // False: a file of weights alone. Token numbers go in and come out.
    bool has_vocabulary() const;

  private:
    bool            is_looked_up(const ggml_tensor * weight) const;
    Status          check_types(const Device & device) const;
    void            make_floats();
    const uint8_t * in_file(const ggml_tensor * t) const {
        const GgufFile::Place place = file_->place(t);
        return mappings_[place.part].data() + place.offset;
    }
    // A tensor's bytes in the type it has now: the file's own, or made from them in `made`.
    const void * values_of(const ggml_tensor * t, std::vector<uint8_t> & made) const;
    Status       check_room(const Device & device, const ExpertsInRam & experts) const;
    // The matrices of experts_in_ram, without their values.
    Status place_experts(const Device & device);
    // And what else these layers' feed-forward reads: a token's is computed there.
    Status copy_to_ram();
    Status copy_to_device(const Device & device);
    Status place_in_host_memory(const Device & device);

    std::unique_ptr<GgufFile>                file_;
    HyperParams                              params_;
    const Architecture *                     architecture_ = nullptr;
    ModelWeights                             weights_;
    WeightPlaces                             places_;
    std::vector<ggml_tensor *>               matrices_, tables_;
    std::map<const ggml_tensor *, ggml_type> file_types_;  // of the tensors that became floats
    size_t                                   weight_bytes_ = 0;

    // Destroyed before the mappings that they point into.
    std::vector<FileMapping>             mappings_;  // one a part of the file
    std::vector<ggml_backend_buffer_ptr> mapped_buffers_;
    std::vector<ggml_backend_buffer_ptr> packed_buffers_;
    ggml_backend_buffer_ptr              device_buffer_;
    // Of experts in RAM: the memory of each layer's, copies of what else is read there, and the layers, [n_layer].
    std::vector<std::unique_ptr<HostMemory>> expert_memory_;
    std::vector<ggml_backend_buffer_ptr>     expert_buffers_;
    ggml_context_ptr                         ram_ctx_;
    ggml_backend_buffer_ptr                  ram_buffer_;
    std::vector<LayerWeights>                layers_in_ram_;
    size_t                                   held_in_ram_ = 0, expert_buffer_bytes_ = 0;
};

}  // namespace rocketdoc
