#include "model.h"

#include <algorithm>
#include <memory>
#include <set>

#include "checksum.h"
#include "expert_placement.h"
#include "memory_plan.h"

namespace rocketdoc {
namespace {

constexpr size_t EXPERTS_ALIGN = 256;

size_t aligned_bytes(const ggml_tensor * t) {
    return size_t(round_up(int64_t(ggml_nbytes(t)), int64_t(EXPERTS_ALIGN)));
}

}  // namespace

Status Model::open_header(const std::string & path, std::unique_ptr<Model> & out) {
    std::unique_ptr<Model> self(new Model);
    RETURN_IF_FAILED(GgufFile::open(path, self->file_));
    RETURN_IF_FAILED(find_architecture(*self->file_, self->architecture_));
    RETURN_IF_FAILED(self->architecture_->read_params(*self->file_, self->params_));
    RETURN_IF_FAILED(check_traits(path, self->params_.layers));
    TensorBinder binder(*self->file_);
    self->architecture_->bind_tensors(binder, self->params_, self->weights_);
    RETURN_IF_FAILED(binder.status());
    self->matrices_ = binder.matrices();
    self->tables_   = binder.tables();
    for (ggml_tensor * t = ggml_get_first_tensor(self->file_->tensors()); t;
         t               = ggml_get_next_tensor(self->file_->tensors(), t)) {
        self->weight_bytes_ += ggml_nbytes(t);
    }
    out = std::move(self);
    return Status::good();
}

Status Model::load_weights(const WeightPlaces & places, bool as_floats) {
    const LayerDevices & devices = places.devices;
    if (devices.size() != size_t(params_.n_layer))
        return Status::fail(Code::INTERNAL, std::to_string(devices.size()) + " devices were given for " +
                                                std::to_string(params_.n_layer) + " layers.");
    Device & first = *devices.front();
    for (const Device * device : devices) {
        if (device != &first && (device->traits().own_memory || first.traits().own_memory))
            return Status::fail(Code::INVALID_ARGUMENT, "A model lies in one memory: " + first.name() + " and " +
                                                            device->name() + " cannot share its layers.");
    }
    if (places.ram_device && (!first.traits().own_memory || places.experts_in_ram.size() != devices.size()))
        return Status::fail(Code::INTERNAL,
                            "Experts in RAM were asked for where " + first.name() + " has all weights.");
    mappings_.resize(file_->n_parts());
    for (size_t i = 0; i < mappings_.size(); i++) {
        RETURN_IF_FAILED(FileMapping::open(file_->part_path(i), mappings_[i]));
        if (mappings_[i].size() != file_->part_bytes(i))
            return Status::fail(Code::MODEL_TRUNCATED, file_->part_path(i) + " changed while it was read.");
    }
    places_ = places;
    if (as_floats) make_floats();
    if (places_.ram_device) RETURN_IF_FAILED(check_types(*places_.ram_device));
    for (size_t i = 0; i < devices.size(); i++) {
        if (i > 0 && devices[i] == devices[i - 1]) continue;
        RETURN_IF_FAILED(check_device(*devices[i]));
    }
    return first.traits().own_memory ? copy_to_device(first) : place_in_host_memory(first);
}

bool Model::is_looked_up(const ggml_tensor * weight) const {
    return std::find(tables_.begin(), tables_.end(), weight) != tables_.end();
}

Status Model::check_device(const Device & device) const {
    RETURN_IF_FAILED(check_types(device));
    return device.check_layers(params_);
}

// Before ggml sees a weight: a product that a device does not have ends the process.
Status Model::check_types(const Device & device) const {
    for (const ggml_tensor * t : matrices_) {
        if (device.multiplies(t, is_looked_up(t))) continue;
        const std::string sentence = file_->path() + ": tensor " + ggml_get_name(t) + " is " + ggml_type_name(t->type) +
                                     "; " + device.name() + " does not multiply by such weights.";
        if (device.traits().own_memory) return Status::fail(Code::GPU_UNSUPPORTED, sentence);
        return Status::fail(Code::MODEL_UNSUPPORTED, sentence + " Use the model in another format.");
    }
    return Status::good();
}

void Model::make_floats() {
    weight_bytes_ = 0;
    for (ggml_tensor * t = ggml_get_first_tensor(file_->tensors()); t; t = ggml_get_next_tensor(file_->tensors(), t)) {
        if (ggml_is_quantized(t->type) && ggml_get_type_traits(t->type)->to_float) {
            file_types_[t] = t->type;
            t->type        = GGML_TYPE_F16;
            t->nb[0]       = ggml_type_size(t->type);
            for (int i = 1; i < GGML_MAX_DIMS; i++) t->nb[i] = t->nb[i - 1] * size_t(t->ne[i - 1]);
        }
        weight_bytes_ += ggml_nbytes(t);
    }
}

const void * Model::values_of(const ggml_tensor * t, std::vector<uint8_t> & made) const {
    const uint8_t * from  = in_file(t);
    const auto      found = file_types_.find(t);
    if (found == file_types_.end()) return from;
    std::vector<float> row(size_t(t->ne[0]));
    made.resize(ggml_nbytes(t));
    for (int64_t i = 0; i < ggml_nrows(t); i++) {
        ggml_get_type_traits(found->second)
            ->to_float(from + size_t(i) * ggml_row_size(found->second, t->ne[0]), row.data(), t->ne[0]);
        ggml_fp32_to_fp16_row(row.data(), reinterpret_cast<ggml_fp16_t *>(made.data()) + i * t->ne[0], t->ne[0]);
    }
    return made.data();
}

std::vector<ggml_tensor *> Model::expert_matrices(int64_t layer) const {
    std::vector<ggml_tensor *> out;
    with_others(weights_.layers[size_t(layer)], [&](ggml_tensor * t) {
        if (t->ne[2] > 1) out.push_back(t);
        return t;
    });
    return out;
}

// As the layer's graph says.
std::vector<ggml_tensor *> Model::feed_forward_vectors(int64_t layer) const {
    constexpr size_t NODES  = 64;
    const size_t     nodes  = NODES + params_.expert_nodes();
    ggml_init_params params = {ggml_tensor_overhead() * nodes + ggml_graph_overhead_custom(nodes, false), nullptr,
                               true};
    ggml_context_ptr ctx(ggml_init(params));
    ggml_tensor *    x     = ggml_new_tensor_2d(ctx.get(), GGML_TYPE_F32, params_.n_embd, 1);
    ggml_cgraph *    graph = ggml_new_graph_custom(ctx.get(), nodes, false);
    ggml_build_forward_expand(graph, architecture_->build_layer_output(ctx.get(), this->layer(layer), x, nullptr));
    std::set<const ggml_tensor *> read;
    for (int i = 0; i < ggml_graph_n_nodes(graph); i++) {
        for (const ggml_tensor * src : ggml_graph_node(graph, i)->src) read.insert(src);
    }
    std::vector<ggml_tensor *> out;
    with_others(weights_.layers[size_t(layer)], [&](ggml_tensor * t) {
        if (t->ne[2] == 1 && read.erase(t) > 0) out.push_back(t);
        return t;
    });
    return out;
}

Status Model::check_room(const Device & device, const ExpertsInRam & experts) const {
    const auto check = [&](bool on_gpu, size_t needed, int64_t available) {
        if (int64_t(needed) <= available) return Status::good();
        std::string sentence = "The weights need " + bytes_text(int64_t(needed)) + " of " +
                               (on_gpu ? "GPU memory, " : "RAM beside the GPU, ") + bytes_text(available) +
                               " are free. ";
        if (experts.n_layers == 0 && may_have_experts_in_ram(params_)) {
            const ExpertsInRam all = count_experts(*this, std::vector<bool>(size_t(params_.n_layer), true));
            sentence +=
                "With the experts in RAM they need " + bytes_text(int64_t(weight_bytes_ - all.matrices)) + " there. ";
        }
        Status status =
            Status::fail(on_gpu ? Code::GPU_OOM : Code::HOST_OOM, sentence + "Choose a smaller model, or the CPU.");
        status.shortage =
            std::make_shared<MemoryShortage>(MemoryShortage{{on_gpu, int64_t(needed), available}, {}, {}});
        return status;
    };
    RETURN_IF_FAILED(check(true, weight_bytes_ - experts.matrices, device.available()));
    return check(false, experts.matrices + experts.copies, device.host_available());
}

// Memory that the device copies from while it computes, a piece for each layer.
Status Model::place_experts(const Device & device) {
    for (int64_t layer = 0; layer < params_.n_layer; layer++) {
        if (!experts_in_ram(layer)) continue;
        const auto matrices = expert_matrices(layer);
        size_t     bytes    = 0;
        for (const ggml_tensor * t : matrices) bytes += aligned_bytes(t);
        std::unique_ptr<HostMemory> memory;
        RETURN_IF_FAILED(device.make_host_memory(bytes, memory));
        ggml_backend_buffer_ptr buffer(ggml_backend_cpu_buffer_from_ptr(memory->data(), bytes));
        if (!buffer) return Status::fail(Code::HOST_OOM, "The experts' memory could not be wrapped as a buffer.");
        ggml_backend_buffer_set_usage(buffer.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
        uint8_t * at = memory->data();
        for (ggml_tensor * t : matrices) {
            if (ggml_backend_tensor_alloc(buffer.get(), t, at) != GGML_STATUS_SUCCESS)
                return Status::fail(Code::INTERNAL,
                                    std::string("ggml could not place tensor ") + ggml_get_name(t) + ".");
            at += aligned_bytes(t);
        }
        held_in_ram_ += bytes;
        expert_memory_.push_back(std::move(memory));
        expert_buffers_.push_back(std::move(buffer));
    }
    return Status::good();
}

Status Model::copy_to_ram() {
    if (!places_.ram_device) return Status::good();
    std::map<const ggml_tensor *, ggml_tensor *> copies;
    for (int64_t layer = 0; layer < params_.n_layer; layer++) {
        if (!experts_in_ram(layer)) continue;
        for (const ggml_tensor * t : feed_forward_vectors(layer)) copies[t] = nullptr;
    }
    ggml_init_params params = {ggml_tensor_overhead() * copies.size(), nullptr, true};
    ram_ctx_.reset(ggml_init(params));
    for (auto & [from, copy] : copies) copy = ggml_dup_tensor(ram_ctx_.get(), from);
    ram_buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(ram_ctx_.get(), places_.ram_device->buffer_type()));
    if (!ram_buffer_)
        return Status::fail(Code::HOST_OOM, "Not enough memory for what is read beside the experts in RAM.");
    held_in_ram_ += ggml_backend_buffer_get_size(ram_buffer_.get());
    std::vector<uint8_t> made;
    for (const auto & [from, copy] : copies) ggml_backend_tensor_set(copy, values_of(from, made), 0, ggml_nbytes(copy));
    for (const LayerWeights & layer : weights_.layers) {
        layers_in_ram_.push_back(with_others(layer, [&](ggml_tensor * t) {
            const auto found = copies.find(t);
            return found == copies.end() ? t : found->second;
        }));
    }
    return Status::good();
}

Status Model::copy_to_device(const Device & device) {
    const ExpertsInRam experts = count_experts(*this, places_.experts_in_ram);
    expert_buffer_bytes_       = experts.buffers;
    RETURN_IF_FAILED(check_room(device, experts));
    RETURN_IF_FAILED(place_experts(device));
    RETURN_IF_FAILED(copy_to_ram());
    device_buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(file_->tensors(), device.buffer_type()));
    if (!device_buffer_)
        return Status::fail(Code::GPU_OOM,
                            "The weights (" + bytes_text(int64_t(weight_bytes_)) + ") could not be placed on the GPU.");
    ggml_backend_buffer_set_usage(device_buffer_.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
    std::vector<uint8_t> made;
    for (ggml_tensor * t = ggml_get_first_tensor(file_->tensors()); t; t = ggml_get_next_tensor(file_->tensors(), t)) {
        ggml_backend_tensor_set(t, values_of(t, made), 0, ggml_nbytes(t));
    }
    return Status::good();
}

Status Model::place_in_host_memory(const Device & device) {
    for (const FileMapping & mapping : mappings_) {
        // ggml takes a writable pointer; weights are only ever read.
        mapped_buffers_.emplace_back(
            ggml_backend_cpu_buffer_from_ptr(const_cast<uint8_t *>(mapping.data()), mapping.size()));
        if (!mapped_buffers_.back())
            return Status::fail(Code::HOST_OOM, "The model's file could not be wrapped as a buffer.");
        ggml_backend_buffer_set_usage(mapped_buffers_.back().get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
    }

    std::vector<uint8_t> made;
    for (ggml_tensor * t = ggml_get_first_tensor(file_->tensors()); t; t = ggml_get_next_tensor(file_->tensors(), t)) {
        const bool as_floats = file_types_.count(t) > 0;
        const bool is_matrix = std::find(matrices_.begin(), matrices_.end(), t) != matrices_.end();
        // What is looked up row by row is never packed.
        ggml_backend_buffer_type_t type = is_matrix && !is_looked_up(t) ? device.packed_buffer_type(t) : nullptr;
        if (!type && as_floats) type = device.buffer_type();
        if (!type) continue;
        ggml_backend_buffer_ptr buffer(ggml_backend_buft_alloc_buffer(type, ggml_backend_buft_get_alloc_size(type, t)));
        if (!buffer) {
            return Status::fail(Code::HOST_OOM, "Not enough memory to pack the weights: " +
                                                    std::to_string(ggml_nbytes(t)) + " bytes for one matrix failed.");
        }
        ggml_backend_buffer_set_usage(buffer.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
        if (ggml_backend_tensor_alloc(buffer.get(), t, ggml_backend_buffer_get_base(buffer.get())) !=
            GGML_STATUS_SUCCESS) {
            return Status::fail(Code::INTERNAL, std::string("ggml could not place tensor ") + ggml_get_name(t) + ".");
        }
        ggml_backend_tensor_set(t, values_of(t, made), 0, ggml_nbytes(t));
        packed_buffers_.push_back(std::move(buffer));
    }
    for (ggml_tensor * t = ggml_get_first_tensor(file_->tensors()); t; t = ggml_get_next_tensor(file_->tensors(), t)) {
        if (t->buffer) continue;
        ggml_backend_buffer_t buffer = mapped_buffers_[file_->place(t).part].get();
        if (ggml_backend_tensor_alloc(buffer, t, const_cast<uint8_t *>(in_file(t))) != GGML_STATUS_SUCCESS) {
            return Status::fail(Code::INTERNAL, std::string("ggml could not place tensor ") + ggml_get_name(t) + ".");
        }
    }
    return Status::good();
}

size_t Model::held_bytes() const {
    if (device_buffer_) return ggml_backend_buffer_get_size(device_buffer_.get());
    size_t n = 0;
    for (const auto & buffer : packed_buffers_) n += ggml_backend_buffer_get_size(buffer.get());
    return n;
}

int64_t Model::parameter_count() const {
    int64_t n = 0;
    for (ggml_tensor * t = ggml_get_first_tensor(file_->tensors()); t; t = ggml_get_next_tensor(file_->tensors(), t))
        n += ggml_nelements(t);
    return n;
}

uint64_t Model::fingerprint() const {
    constexpr size_t N_SAMPLES = 256, SAMPLE = 4096;
    // Weights turned into floats, or computed with on a GPU, make other rows.
    uint64_t hash = (file_types_.empty() ? 0 : 1) + (device_buffer_ ? 2 : 0);
    for (size_t part = 0; part < mappings_.size(); part++) {
        const uint8_t * data          = mappings_[part].data();
        const size_t    size          = mappings_[part].size();
        size_t          weights_begin = size;
        for (ggml_tensor * t = ggml_get_first_tensor(file_->tensors()); t;
             t               = ggml_get_next_tensor(file_->tensors(), t)) {
            const GgufFile::Place place = file_->place(t);
            if (place.part == part) weights_begin = std::min(weights_begin, place.offset);
        }
        hash              = checksum(data, weights_begin, hash);
        const size_t step = std::max(SAMPLE, (size - weights_begin) / N_SAMPLES);
        for (size_t at = weights_begin; at < size; at += step)
            hash = checksum(data + at, std::min(SAMPLE, size - at), hash);
        hash = checksum(&size, sizeof(size), hash);
    }
    return hash;
}

bool Model::has_vocabulary() const { return file_->text("tokenizer.ggml.model", "") != "no_vocab"; }

}  // namespace rocketdoc
