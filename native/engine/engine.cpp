#include "engine.h"

#include <utility>

#include "../arch/recurrence.h"

namespace rocketdoc {
namespace {

ModelInfo info_of(const Model & model) {
    ModelInfo out;
    out.params           = model.params();
    out.path             = model.file().path();
    out.file_bytes       = model.file().bytes();
    out.weight_bytes     = model.weight_bytes();
    out.state_bytes      = state_bytes(model.params());
    out.n_params         = model.parameter_count();
    out.has_rope_factors = model.weights().layers[0].rope_factors != nullptr;
    out.is_tied          = model.weights().tied;
    out.has_vocabulary   = model.has_vocabulary();
    for (ggml_tensor * t = ggml_get_first_tensor(model.file().tensors()); t;
         t               = ggml_get_next_tensor(model.file().tensors(), t))
        out.tensor_types[ggml_type_name(t->type)]++;
    out.gpu_products = gpu_token_products(model);
    return out;
}

}  // namespace

Status inspect_model(const std::string & path, ModelInfo & out) {
    std::unique_ptr<Model> model;
    RETURN_IF_FAILED(Model::open_header(path, model));
    out = info_of(*model);
    return Status::good();
}

Status plan_for_file(const std::string & path, const DeviceOptions * device, int64_t experts_in_ram,
                     const PlanRequest & request, MemoryPlan & out) {
    std::unique_ptr<Model> model;
    RETURN_IF_FAILED(Model::open_header(path, model));
    DeviceTraits traits = host_traits();
    if (device) {
        std::unique_ptr<Device> opened;
        RETURN_IF_FAILED(Device::open(*device, opened));
        RETURN_IF_FAILED(model->check_device(*opened));
        traits = *opened;
    }
    const ExpertsInRam in_ram = count_experts(*model, place_experts(*model, experts_in_ram, traits));
    return memory_plan({model->params(), model->weight_bytes(), traits, in_ram}, request, out);
}

Status try_out_device(const DeviceOptions & device, DeviceInfo & out) {
    std::unique_ptr<Device> opened;
    RETURN_IF_FAILED(Device::open(device, opened));
    RETURN_IF_FAILED(opened->try_out());
    out = {opened->name(), size_t(opened->available()), size_t(opened->total_bytes())};
    return Status::good();
}

Status Engine::open(const EngineOptions & options, std::unique_ptr<Engine> & out) {
    std::unique_ptr<Engine> self(new Engine);
    RETURN_IF_FAILED(Model::open_header(options.model_path, self->model_));
    RETURN_IF_FAILED(Device::open(options.device, self->device_));
    WeightPlaces places{LayerDevices(size_t(self->model_->params().n_layer), self->device_.get()),
                        place_experts(*self->model_, options.experts_in_ram, *self->device_)};
    if (!places.experts_in_ram.empty()) {
        DeviceOptions in_ram;
        in_ram.cpu_dir   = options.device.cpu_dir;
        in_ram.n_threads = options.device.n_threads;
        RETURN_IF_FAILED(Device::open(in_ram, self->ram_device_));
        places.ram_device = self->ram_device_.get();
    }
    RETURN_IF_FAILED(self->model_->load_weights(places, options.float_weights));
    self->experts_ = count_experts(*self->model_, places.experts_in_ram);
    RETURN_IF_FAILED(LayerStates::create(self->model_->devices(), self->model_->params(), self->states_));
    self->prefill_      = std::make_unique<Prefill>(*self->model_, *self->device_);
    self->token_runner_ = self->device_->make_token_runner(*self->model_);
    out                 = std::move(self);
    return Status::good();
}

ModelInfo           Engine::info() const { return info_of(*model_); }
const std::string & Engine::device_name() const { return device_->name(); }
int                 Engine::n_threads() const { return device_->n_threads(); }
void                Engine::limit_available(int64_t bytes) { device_->limit_available(bytes); }

Status Engine::plan(const PlanRequest & request, MemoryPlan & out) const {
    return memory_plan(planned({}), request, out);
}

PlannedModel Engine::planned(const HeldMemory & held) const {
    DeviceTraits device = *device_;
    device.available += int64_t(model_->held_bytes() + states_->bytes() + held.compact + held.own_history);
    device.host_available += int64_t(model_->held_in_ram());
    (held.document_on_device ? device.available : device.host_available) += int64_t(held.document);
    if (!device.own_memory) device.host_available = device.available;
    return {model_->params(), model_->weight_bytes(), device, experts_};
}

Status Engine::check_plan(const PlanRequest & request, MemoryPlan & out) const { return check_plan(request, {}, out); }

Status Engine::check_plan(const PlanRequest & request, const HeldMemory & held, MemoryPlan & out) const {
    return rocketdoc::check_plan(planned(held), request, held.state, out);
}

Status Engine::with_shortage(Status failed, const PlanRequest & request, const HeldMemory & held) const {
    return rocketdoc::with_shortage(std::move(failed), planned(held), request, held.state);
}

Status Engine::check_idle() const {
    if (!answering_) return Status::good();
    return Status::fail(Code::BUSY, "The engine is busy with an answer that has not been finished.");
}

Status Engine::begin_answer(const Session & session, KvRows * history, CompactCache * compact) {
    RETURN_IF_FAILED(check_idle());
    answering_ = &session;
    return token_runner_->begin(history, compact, *states_);
}

Status Engine::end_answer(const Session & session) {
    if (!is_answering(session)) return Status::good();
    answering_ = nullptr;
    return token_runner_->end();
}

}  // namespace rocketdoc
