// Devices without a GPU: names, whose memory is asked, what the environment and ggml's log are left like, and results
// that may not be placed.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#ifndef _WIN32
#include <unistd.h>
#endif

#include "check.h"
#include "device/cuda/kernel_library.h"
#include "device/device.h"
#include "device/host_memory.h"
#include "engine/prefill.h"
#include "graph/ggml_inside.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

// A GPU whose libraries are not there. First of all: prepare_process() has not been called yet.
void test_environment() {
    DeviceOptions gpu;
    gpu.name            = "cuda:0";
    gpu.library         = "/nowhere/libggml-cuda.so";
    gpu.kernels_library = "/nowhere/librocketdoc_kernels.so";
    Status                  opened;
    std::unique_ptr<Device> device;
    const std::string       before = std::getenv("GGML_CUDA_DISABLE_GRAPHS") ? "set" : "";
    std::thread([&] { opened = Device::open(gpu, device); }).join();
    CHECK((std::getenv("GGML_CUDA_DISABLE_GRAPHS") ? "set" : "") == before);
    if (before.empty()) CHECK(opened.code == Code::INTERNAL && !device);

    prepare_process();
    const char * after = std::getenv("GGML_CUDA_DISABLE_GRAPHS");
    CHECK(after && std::string(after) == "1");
    std::thread([&] { opened = Device::open(gpu, device); }).join();
    CHECK(opened.code == Code::GPU_NONE && !device);
}

void test_names() {
    const auto code_of = [](const std::string & name) {
        DeviceOptions           options{GGML_BINS, 1, name};
        std::unique_ptr<Device> device;
        return Device::open(options, device).code;
    };
    CHECK(code_of("cpu") == Code::OK);
    for (const char * name :
         {"", "cpu:1", "cpu:", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1 ", "cuda:12345", "vulkan:0"})
        if (!CHECK(code_of(name) == Code::INVALID_ARGUMENT)) std::printf("    \"%s\"\n", name);
    CHECK(traits_of("cuda").own_memory && !traits_of("cpu").own_memory);
    for (const char * kind : {"cpu", "cuda"}) CHECK(traits_of(kind).sizes && traits_of(kind).available == 0);
    std::unique_ptr<Device> cpu;
    CHECK(Device::open({GGML_BINS, 1}, cpu).ok() && cpu->try_out().ok());
    const DeviceTraits now = *cpu;
    CHECK(now.available > 0 && now.available == now.host_available && cpu->oom() == Code::HOST_OOM);
    std::unique_ptr<HostMemory> memory;
    CHECK(cpu->make_host_memory(12345, memory).ok() && memory->bytes() == 12345);
    CHECK(cpu->make_host_memory(size_t(1) << 60, memory).code == Code::HOST_OOM);
}

// The second of two GPUs is asked about the second's memory, whichever thread asks and whatever it did before.
void test_own_memory() {
    KernelLibrary first, second;
    if (!CHECK(KernelLibrary::load(FAKE_KERNELS, 0, first).ok() && KernelLibrary::load(FAKE_KERNELS, 1, second).ok()))
        return;
    CHECK(second.free_bytes() == 2000 && first.free_bytes() == 1000);
    CHECK(second.total_bytes() == 8000 && first.total_bytes() == 4000);
    size_t seen = 0;
    std::thread([&] { seen = second.free_bytes(); }).join();  // a thread that never worked for an engine
    CHECK(seen == 2000);
    (void) first.table();
    KernelMemory memory;
    std::thread([&] { CHECK(second.table().memory_info(memory) == KERNEL_OK); }).join();
    CHECK(memory.free_bytes == 2000 && memory.total_bytes == 8000);
    KernelLibrary none;
    CHECK(KernelLibrary::load("/nowhere/librocketdoc_kernels.so", 0, none).code == Code::GPU_NONE);
}

// q, k and v as parts of one product: placing one would move the others. Whole results, also reshaped ones, may be.
void test_placing() {
    ggml_init_params params = {size_t(1) << 20, nullptr, true};
    ggml_context_ptr ctx(ggml_init(params));
    HostPages        pages;
    if (!CHECK(HostPages::allocate(1 << 16, pages))) return;
    uint8_t * const         memory = pages.data();
    ggml_backend_buffer_ptr buffer(ggml_backend_cpu_buffer_from_ptr(memory, pages.bytes()));
    ggml_tensor *           w   = ggml_new_tensor_2d(ctx.get(), GGML_TYPE_F32, 32, 96);
    ggml_tensor *           x   = ggml_new_tensor_2d(ctx.get(), GGML_TYPE_F32, 32, 1);
    ggml_tensor *           qkv = ggml_mul_mat(ctx.get(), w, x);
    ggml_tensor *           q   = ggml_view_3d(ctx.get(), qkv, 16, 2, 1, 64, 128, 0);
    ggml_tensor *           k   = ggml_view_3d(ctx.get(), qkv, 16, 2, 1, 64, 128, 32 * sizeof(float));
    for (ggml_tensor * part : {q, k, ggml_reshape_1d(ctx.get(), k, 32)}) {
        CHECK(place(part, buffer.get(), memory + 4096).code == Code::INTERNAL);
        CHECK(!part->data && !qkv->data && !qkv->buffer);
    }
    ggml_tensor * whole = ggml_reshape_3d(ctx.get(), ggml_mul_mat(ctx.get(), w, x), 16, 6, 1);
    CHECK(place(whole, buffer.get(), memory + 8192).ok());
    CHECK(whole->data == memory + 8192 && whole->view_src->data == whole->data);
    CHECK(place(whole, buffer.get(), memory).code == Code::INTERNAL);  // it has its memory

    // A view grows within its rows, no further; a copy stays within both tensors.
    ggml_tensor * rows = new_leaf(ctx.get(), GGML_TYPE_F32, 8, 100, buffer.get(), memory);
    ggml_tensor * view = ggml_view_2d(ctx.get(), rows, 8, 1, rows->nb[1], 0);
    CHECK(set_row_range(view, 0, 100).ok() && view->ne[1] == 100 && view->data == memory);
    CHECK(set_row_range(view, 7, 93).ok() && view->ne[1] == 93 && view->data == memory + 7 * rows->nb[1] &&
          view->view_offs == 7 * rows->nb[1]);
    for (const auto & [first, count] : {std::pair<int64_t, int64_t>{0, 101}, {7, 94}, {100, 1}, {-1, 5}, {0, 0}})
        CHECK(set_row_range(view, first, count).code == Code::INTERNAL);
    CHECK(set_row_range(rows, 0, 5).code == Code::INTERNAL && view->ne[1] == 93);
    ggml_tensor * other = new_leaf(ctx.get(), GGML_TYPE_F32, 8, 10, buffer.get(), memory + 16384);
    std::memset(memory, 3, 3200);
    CHECK(copy_bytes(rows, 64, other, 0, 320).ok() && memory[16384 + 319] == 3 && memory[16384 + 320] == 0);
    CHECK(copy_bytes(rows, 0, other, 32, 320).code == Code::INTERNAL);
    CHECK(copy_bytes(other, 0, rows, 3200 - 316, 320).code == Code::INTERNAL);
}

// What ggml says of an error after a model was opened: it reaches stderr, where a crash report reads it.
void test_log() {
#ifndef _WIN32
    const TinyModel        model({});
    std::unique_ptr<Model> header;
    CHECK(Model::open_header(model.path(), header).ok());
    const std::string path = temporary_path(".txt"), damaged = temporary_path(".gguf");
    std::ofstream(damaged) << "no GGUF file at all, but long enough to be looked at";
    std::fflush(stderr);
    const int kept = dup(2);
    if (!CHECK(std::freopen(path.c_str(), "w", stderr) != nullptr)) return;
    gguf_init_params params = {true, nullptr};
    CHECK(gguf_init_from_file(damaged.c_str(), params) == nullptr);
    std::fflush(stderr);
    dup2(kept, 2);
    close(kept);
    std::ifstream     file(path);
    const std::string said{std::istreambuf_iterator<char>(file), {}};
    if (!CHECK(said.find("magic") != std::string::npos)) std::printf("    \"%s\"\n", said.c_str());
    // And in a sentence of ours its reason, nothing on stderr.
    const Status refused = Model::open_header(damaged, header);
    CHECK(refused.code == Code::MODEL_FORMAT);
    std::remove(path.c_str());
    std::remove(damaged.c_str());
#endif
}

// A weight of whole numbers has the right size and no product: it is refused by name before ggml meets it.
void test_weight_types() {
    for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_F32}) {
        TinyModelOptions options;
        options.type = type;
        const TinyModel   model(options);
        std::ifstream     file(model.path(), std::ios::binary);
        const std::string good{std::istreambuf_iterator<char>(file), {}};
        for (const char * tensor : {"blk.1.attn_q.weight", "blk.0.ffn_down.weight", "token_embd.weight"}) {
            std::string       bytes = good;
            const size_t      at    = bytes.find(tensor);
            const std::string path  = temporary_path(".gguf");
            if (!CHECK(at != std::string::npos)) continue;
            // After the name: the number of dimensions, two sizes, the type.
            const int32_t whole = type == GGML_TYPE_F16 ? GGML_TYPE_I16 : GGML_TYPE_I32;
            std::memcpy(&bytes[at + std::strlen(tensor) + 4 + 16], &whole, 4);
            std::ofstream(path, std::ios::binary) << bytes;
            std::unique_ptr<Model>  loaded;
            std::unique_ptr<Device> cpu;
            CHECK(Device::open({GGML_BINS, 1}, cpu).ok());
            Status status = Model::open_header(path, loaded);
            if (CHECK(status.ok()))
                status = loaded->load_weights({LayerDevices(size_t(loaded->params().n_layer), cpu.get())});
            const bool named = status.message.find(tensor) != std::string::npos &&
                               status.message.find(ggml_type_name(ggml_type(whole))) != std::string::npos;
            if (!CHECK(status.code == Code::MODEL_UNSUPPORTED && named))
                std::printf("    %s\n", status.message.c_str());
            std::remove(path.c_str());
        }
    }
}

// Layers of one model on two devices by turns: the same rows and logits, bit for bit.
void test_layer_devices() {
    TinyModelOptions options;
    options.n_layer = 5;
    const TinyModel         model(options);
    std::mt19937_64         random(check::seed());
    const auto              tokens = random_tokens(random, 150, options.n_vocab);
    std::unique_ptr<Device> devices[2];
    for (auto & device : devices) CHECK(Device::open({GGML_BINS, 1}, device).ok());
    std::vector<float>   logits[2];
    std::vector<uint8_t> rows[2];
    for (bool split : {false, true}) {
        std::unique_ptr<Model> loaded;
        CHECK(Model::open_header(model.path(), loaded).ok());
        const HyperParams & p = loaded->params();
        LayerDevices        list;
        for (int64_t i = 0; i < p.n_layer; i++) list.push_back(devices[split ? i % 2 : 0].get());
        LayerDevices short_of_one(list.begin() + 1, list.end());
        CHECK(loaded->load_weights({short_of_one}).code == Code::INTERNAL);
        if (!CHECK(loaded->load_weights({list}).ok())) return;
        CHECK(&loaded->device_of(1) == devices[split ? 1 : 0].get());
        std::unique_ptr<KvRows> kv;
        CHECK(KvRows::create(list, KvRows::Home::device, kv_shape(p, GGML_TYPE_F16),
                             LayerCounts(size_t(p.n_layer), 256), kv)
                  .ok());
        Prefill    prefill(*loaded, *devices[0]);
        PrefillJob job;
        logits[split].assign(tokens.size() * size_t(p.n_vocab), NAN);
        job.rows       = kv.get();
        job.tokens     = tokens.data();
        job.n_tokens   = int64_t(tokens.size());
        job.segment    = 64;
        job.tile       = 32;
        job.logits     = PrefillJob::Logits::all;
        job.logits_out = logits[split].data();
        CHECK(prefill.run(job).ok());
        rows[split] = kv->copy_out(0, int64_t(tokens.size()));
    }
    CHECK(logits[0] == logits[1] && !std::isnan(logits[0].back()));
    CHECK(rows[0] == rows[1]);
}

}  // namespace

int main() {
    test_environment();
    test_names();
    test_own_memory();
    test_placing();
    test_log();
    test_weight_types();
    test_layer_devices();
    return check::report();
}
