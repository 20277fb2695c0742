// Experts in RAM beside a device with memory of its own, on a machine without one: a CPU that says it has such memory
// computes the rest, and every number is as if all lay in one place. And where they go, by how much room there is.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "device/cpu/cpu_device.h"
#include "device/feed_forward_in_ram.h"
#include "device/host_memory.h"
#include "engine/engine.h"
#include "graph/layer_graph.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

const char * const FAMILIES[] = {"qwen3moe", "gpt-oss", "qwen35moe"};

constexpr size_t MiB = size_t(1) << 20;

// The CPU once more, its memory apart: experts visit it through one buffer, which holds nonsense between two layers.
class ApartDevice : public Device {
  public:
    explicit ApartDevice(CpuDevice & cpu) : Device(apart(cpu.traits())), cpu_(cpu) {
        ggml_device_ = ggml_backend_get_device(cpu.handle());
        backend_.reset(ggml_backend_dev_init(ggml_device_, nullptr));
        name_ = "apart";
    }

    Status compute(ggml_cgraph * graph, const std::atomic<bool> * cancel) override {
        return cpu_.compute(graph, cancel);
    }
    Status copy_rows(const RowsAt & from, const RowsAt & to, int64_t n) override { return cpu_.copy_rows(from, to, n); }
    Status make_host_memory(size_t bytes, std::unique_ptr<HostMemory> & out) const override {
        return cpu_.make_host_memory(bytes, out);
    }
    std::unique_ptr<TokenRunner> make_token_runner(const Model & model) override {
        return cpu_.make_token_runner(model);
    }
    std::unique_ptr<PrefillAttention> make_prefill_attention(const HyperParams & params, int n) const override {
        return cpu_.make_prefill_attention(params, n);
    }
    Status make_layer_stream(KvRows & home, const StreamJob & job, std::unique_ptr<LayerStream> & out) override {
        return cpu_.make_layer_stream(home, job, out);
    }
    Status make_expert_stream(const Model & model, std::unique_ptr<ExpertStream> & out) override {
        out = std::make_unique<Visits>(model, *this);
        return Status::good();
    }
    Status make_compact(const CompactShape & shape, KvRows & rows, std::unique_ptr<CompactOnDevice> & out) override {
        return cpu_.make_compact(shape, rows, out);
    }
    int64_t total_bytes() const override { return 0; }
    int     n_visits = 0;
    bool    forgets  = false;  // experts come as zeros

  protected:
    int64_t free_bytes() const override { return int64_t(1) << 40; }

  private:
    class Visits : public ExpertStream {
      public:
        Visits(const Model & model, ApartDevice & device) : model_(model), device_(device) {}
        Status begin_pass() override {
            next_ = 0;
            return Status::good();
        }
        Status acquire(int64_t layer, LayerWeights & weights) override {
            CHECK(layer == next_);
            if (!model_.experts_in_ram(layer)) return Status::good();
            device_.n_visits++;
            ggml_init_params params = {ggml_tensor_overhead() * 8, nullptr, true};
            ctx_.reset(ggml_init(params));
            std::vector<ggml_tensor *> home = model_.expert_matrices(layer), there;
            for (ggml_tensor * t : home) there.push_back(ggml_dup_tensor(ctx_.get(), t));
            buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(ctx_.get(), device_.buffer_type()));
            for (size_t i = 0; i < home.size(); i++) std::memcpy(there[i]->data, home[i]->data, ggml_nbytes(home[i]));
            if (device_.forgets) ggml_backend_buffer_clear(buffer_.get(), 0);
            weights = with_others(weights, [&](ggml_tensor * t) {
                const size_t at = size_t(std::find(home.begin(), home.end(), t) - home.begin());
                return at < home.size() ? there[at] : t;
            });
            return Status::good();
        }
        Status release(int64_t layer) override {
            next_ = layer + 1;
            if (model_.experts_in_ram(layer)) ggml_backend_buffer_clear(buffer_.get(), 0xff);
            return Status::good();
        }

      private:
        const Model &           model_;
        ApartDevice &           device_;
        int64_t                 next_ = 0;
        ggml_context_ptr        ctx_;
        ggml_backend_buffer_ptr buffer_;
    };
    static DeviceTraits apart(DeviceTraits traits) {
        traits.own_memory = true;
        traits.n_workers  = 1;
        return traits;
    }

    CpuDevice & cpu_;
};

TinyModelOptions model_options(const std::string & family, ggml_type type) {
    TinyModelOptions o = tiny_family(family, true);
    o.seed             = check::seed();
    o.type             = type;
    o.n_layer          = 5;
    return o;
}

struct Loaded {
    std::unique_ptr<Model>       model;
    std::unique_ptr<LayerStates> states;
};

Status load(const std::string & path, const WeightPlaces & places, Loaded & out) {
    RETURN_IF_FAILED(Model::open_header(path, out.model));
    RETURN_IF_FAILED(out.model->load_weights(places));
    return LayerStates::create(out.model->devices(), out.model->params(), out.states);
}

// Logits of every token, read in segments and tiles of odd sizes.
std::vector<float> logits_of(Loaded & loaded, Device & device, const std::vector<int32_t> & tokens) {
    const HyperParams &     p = loaded.model->params();
    std::unique_ptr<KvRows> rows;
    CHECK(KvRows::create(loaded.model->devices(), KvRows::Home::device, kv_shape(p, GGML_TYPE_F16),
                         kv_shape(p, GGML_TYPE_F16).room(0, int64_t(tokens.size())), rows)
              .ok());
    loaded.states->begin(nullptr);
    std::vector<float> logits(tokens.size() * size_t(p.n_vocab));
    PrefillJob         job;
    job.rows       = rows.get();
    job.states     = loaded.states.get();
    job.tokens     = tokens.data();
    job.n_tokens   = int64_t(tokens.size());
    job.segment    = 70;
    job.tile       = 31;
    job.logits     = PrefillJob::Logits::all;
    job.logits_out = logits.data();
    Prefill      prefill(*loaded.model, device);
    const Status status = prefill.run(job);
    if (!CHECK(status.ok())) std::printf("    %s\n", status.message.c_str());
    return logits;
}

// The feed-forward of layer i of `model` on x, by its graph.
std::vector<float> feed_forward(const Model & model, int64_t i, Device & device, const std::vector<float> & x) {
    GraphArena     arena(device, 64 + model.params().expert_nodes());
    ggml_context * ctx   = arena.begin();
    ggml_cgraph *  graph = arena.new_graph();
    ggml_tensor *  in    = new_input(ctx, GGML_TYPE_F32, model.params().n_embd, 1);
    ggml_tensor *  out   = model.architecture().build_layer_output(ctx, model.layer(i), in, nullptr);
    ggml_set_output(out);
    ggml_build_forward_expand(graph, out);
    CHECK(arena.allocate(graph).ok());
    ggml_backend_tensor_set(in, x.data(), 0, ggml_nbytes(in));
    CHECK(device.compute(graph, nullptr).ok());
    std::vector<float> made(x.size());
    ggml_backend_tensor_get(out, made.data(), 0, ggml_nbytes(out));
    return made;
}

void test_family(const std::string & family, ggml_type type) {
    const TinyModelOptions     options = model_options(family, type);
    const TinyModel            file(options);
    std::mt19937_64            random(check::seed());
    std::unique_ptr<CpuDevice> cpu;
    DeviceOptions              on_cpu;
    on_cpu.cpu_dir   = GGML_BINS;
    on_cpu.n_threads = 1;
    if (!CHECK(CpuDevice::open(on_cpu, cpu).ok())) return;
    ApartDevice        apart(*cpu);
    const LayerDevices devices(size_t(options.n_layer), &apart);
    const auto         text = random_tokens(random, 173, options.n_vocab);
    Loaded             whole;
    if (!CHECK(load(file.path(), {devices}, whole).ok())) return;
    CHECK(!whole.model->ram_device() && whole.model->held_in_ram() == 0);
    const std::vector<float> expected = logits_of(whole, apart, text);
    CHECK(apart.n_visits == 0);
    for (int64_t n : {1, 2, 5}) {
        const std::vector<bool> layers = spread_layers(n, options.n_layer);
        Loaded                  split;
        const Status            status = load(file.path(), {devices, layers, cpu.get()}, split);
        if (!CHECK(status.ok())) {
            std::printf("    %s\n", status.message.c_str());
            return;
        }
        const Model &      model   = *split.model;
        const ExpertsInRam counted = count_experts(model, layers);
        CHECK(counted.n_layers == n);
        CHECK(counted.matrices + counted.copies <= model.held_in_ram());
        CHECK(model.held_in_ram() <= counted.matrices + counted.copies + size_t(n) * 4096);
        CHECK(model.fingerprint() == whole.model->fingerprint());
        apart.n_visits = 0;
        CHECK(logits_of(split, apart, text) == expected);
        CHECK(apart.n_visits == 3 * n);  // of 173 tokens there are three segments, however many tiles
        apart.forgets = true;
        CHECK(logits_of(split, apart, text) != expected);  // it is those that are read
        apart.forgets = false;

        std::vector<float> x(size_t(model.params().n_embd));
        const size_t       n_bytes = x.size() * sizeof(float);
        HostPages          from, to;
        CHECK(HostPages::allocate(n_bytes, from) && HostPages::allocate(n_bytes, to));
        auto *           made = reinterpret_cast<float *>(to.data());
        FeedForwardInRam in_ram;
        CHECK(in_ram.build(model, reinterpret_cast<float *>(from.data()), made).ok());
        std::normal_distribution<float> normal;
        for (int64_t layer = 0; layer < options.n_layer; layer++) {
            CHECK(model.experts_in_ram(layer) == layers[size_t(layer)]);
            if (!model.experts_in_ram(layer)) continue;
            for (float & value : x) value = normal(random);
            std::memcpy(from.data(), x.data(), n_bytes);
            std::fill(made, made + x.size(), NAN);
            CHECK(in_ram.run(layer).ok());
            CHECK(std::vector<float>(made, made + x.size()) == feed_forward(*whole.model, layer, *cpu, x));
        }
    }
    // All weights lie where a CPU computes.
    Loaded refused;
    CHECK(load(file.path(), {LayerDevices(size_t(options.n_layer), cpu.get()), std::vector<bool>(5, true), cpu.get()},
               refused)
              .code == Code::INTERNAL);
}

void test_spread() {
    for (int64_t n_layer : {1, 7, 24, 48}) {
        for (int64_t n = 0; n <= n_layer; n++) {
            const std::vector<bool> layers = spread_layers(n, n_layer);
            CHECK(int64_t(layers.size()) == n_layer && std::count(layers.begin(), layers.end(), true) == n);
            // Between two of them lie as many others as between any two, or one more.
            int64_t last = -1, least = n_layer, most = 0;
            for (int64_t i = 0; i < n_layer; i++) {
                if (!layers[size_t(i)]) continue;
                if (last >= 0) least = std::min(least, i - last), most = std::max(most, i - last);
                last = i;
            }
            CHECK(n < 2 || most - least <= 1);
        }
    }
}

// From a device that has no room for anything to one that has room for all: ever fewer layers in RAM, and what a plan
// says of them fits, down to what attention and the rest take.
void test_places(const std::string & family) {
    TinyModelOptions options = model_options(family, GGML_TYPE_F16);
    options.n_expert = 32, options.n_ff_expert = 128, options.n_layer = 9;
    const TinyModel        file(options);
    std::unique_ptr<Model> model;
    if (!CHECK(Model::open_header(file.path(), model).ok())) return;
    DeviceTraits device = traits_of("cuda");
    PlanRequest  request;
    request.n_prompt = 2000, request.n_question = 32, request.max_new = 64, request.home = DocumentHome::host;
    int64_t last = options.n_layer;
    bool    some = false;
    for (size_t available = 64 * MiB; available < 1600 * MiB; available += 12 * MiB) {
        device.available               = int64_t(available);
        device.host_available          = int64_t(8192 * MiB);
        const std::vector<bool> layers = place_experts(*model, FEWEST_IN_RAM, device);
        const int64_t           n      = std::count(layers.begin(), layers.end(), true);
        CHECK(layers.empty() || n > 0);
        CHECK(n <= last);
        last = n;
        some |= n > 0 && n < options.n_layer;
        MemoryPlan plan;
        CHECK(
            memory_plan({model->params(), model->weight_bytes(), device, count_experts(*model, layers)}, request, plan)
                .ok());
        CHECK(plan.expert_layers_in_ram == n);
        if (n < options.n_layer) CHECK(plan.device_total() <= available);
        // Where RAM lacks it too, nothing is promised.
        device.host_available = int64_t(plan.weights_in_ram) - 1;
        if (n > 0) CHECK(place_experts(*model, FEWEST_IN_RAM, device).empty());
    }
    CHECK(last == 0 && some);
    CHECK(place_experts(*model, 0, device).empty());
    CHECK(place_experts(*model, 1000, device) == std::vector<bool>(9, true));
    CHECK(place_experts(*model, 4, device) == spread_layers(4, 9));
    CHECK(place_experts(*model, 4, traits_of("cpu")).empty());

    // What is counted moves from one memory to the other, and a token reads the chosen ones.
    MemoryPlan whole, split;
    device         = traits_of("cuda");
    const auto all = count_experts(*model, std::vector<bool>(9, true));
    CHECK(memory_plan({model->params(), model->weight_bytes(), device}, request, whole).ok());
    CHECK(memory_plan({model->params(), model->weight_bytes(), device, all}, request, split).ok());
    CHECK(split.weights_in_ram == all.matrices + all.copies && whole.weights_in_ram == 0);
    CHECK(split.device_total() == whole.device_total() - all.matrices + all.buffers);
    CHECK(split.total() == whole.total() + all.copies + all.buffers);
    const Experts & experts = model->params().layer(0).experts;
    CHECK(all.read_per_token == all.matrices / size_t(experts.count) * size_t(experts.used));
}

void test_no_experts() {
    const TinyModel        file((TinyModelOptions()));
    std::unique_ptr<Model> model;
    CHECK(Model::open_header(file.path(), model).ok());
    DeviceTraits device   = traits_of("cuda");
    device.available      = 0;
    device.host_available = int64_t(1) << 40;
    CHECK(place_experts(*model, FEWEST_IN_RAM, device).empty());
    CHECK(place_experts(*model, 1000, device).empty());
}

}  // namespace

int main() {
    test_spread();
    test_no_experts();
    for (const char * family : FAMILIES) {
        test_places(family);
        for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_K}) test_family(family, type);
    }
    return check::report();
}
