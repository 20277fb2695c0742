#include "device.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "../graph/ggml_log.h"
#include "cpu/cpu_device.h"
#include "cuda/cuda_device.h"
#include "cuda/token_products.h"
#include "host_memory.h"

namespace rocketdoc {
namespace {

// A kind of device, and the first word of its devices' names.
struct DeviceKind {
    std::string  name;
    DeviceTraits traits;
    Status (*open)(const DeviceOptions & options, std::unique_ptr<Device> & out);
};

template <typename Kind>
Status open_kind(const DeviceOptions & options, std::unique_ptr<Device> & out) {
    std::unique_ptr<Kind> opened;
    RETURN_IF_FAILED(Kind::open(options, opened));
    out = std::move(opened);
    return Status::good();
}

// The one list.
const std::vector<DeviceKind> & kinds() {
    static const std::vector<DeviceKind> all = {
        {"cpu", CpuDevice::kind_traits(), open_kind<CpuDevice>},
        {"cuda", CudaDevice::kind_traits(), open_kind<CudaDevice>},
    };
    return all;
}

const DeviceKind * find_kind(const std::string & name) {
    for (const DeviceKind & kind : kinds()) {
        if (kind.name == name) return &kind;
    }
    return nullptr;
}

}  // namespace

int DeviceOptions::index() const {
    const size_t colon = name.find(':');
    if (colon == std::string::npos) return 0;
    const std::string digits = name.substr(colon + 1);
    const bool        number = !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos;
    return number && digits.size() <= 3 ? std::atoi(digits.c_str()) : -1;
}

void prepare_process() {
    take_ggml_log();
    CudaDevice::prepare_environment();
}

Status Device::open(const DeviceOptions & options, std::unique_ptr<Device> & out) {
    const DeviceKind * kind = find_kind(options.kind());
    if (!kind || options.index() < 0) {
        std::string known;
        for (const DeviceKind & each : kinds()) known += (known.empty() ? "" : ", ") + each.name;
        return Status::fail(Code::INVALID_ARGUMENT, "There is no device \"" + options.name + "\"; the kinds are " +
                                                        known + ", with a number behind a colon.");
    }
    give_back_freed_memory();
    RETURN_IF_FAILED(kind->open(options, out));
    out->available_at_open_ = out->available();
    return Status::good();
}

DeviceTraits traits_of(const std::string & kind) {
    const DeviceKind * found = find_kind(kind);
    return found ? found->traits : CpuDevice::kind_traits();
}

TokenProducts gpu_token_products(const Model & model) { return cuda_token_products(model); }

DeviceTraits host_traits() {
    DeviceTraits traits = CpuDevice::kind_traits();
    traits.available = traits.host_available = host_memory_available();
    return traits;
}

DeviceTraits Device::traits_now() const {
    DeviceTraits traits   = traits_;
    traits.available      = available();
    traits.host_available = host_available();
    return traits;
}

int64_t Device::host_available() const { return traits_.own_memory ? host_memory_available() : available(); }

bool Device::multiplies(const ggml_tensor * weight, bool looked_up) const {
    ggml_init_params params = {ggml_tensor_overhead() * 8, nullptr, true};
    ggml_context_ptr ctx(ggml_init(params));
    ggml_tensor *    w      = ggml_new_tensor_3d(ctx.get(), weight->type, weight->ne[0], weight->ne[1], weight->ne[2]);
    ggml_tensor *    tokens = ggml_new_tensor_1d(ctx.get(), GGML_TYPE_I32, 1);
    return ggml_backend_dev_supports_op(ggml_device_, any_product(ctx.get(), w, 1)) &&
           (!looked_up || ggml_backend_dev_supports_op(ggml_device_, ggml_get_rows(ctx.get(), w, tokens)));
}

ggml_tensor * Device::any_product(ggml_context * ctx, ggml_tensor * weight, int64_t n) {
    if (weight->ne[2] == 1) return ggml_mul_mat(ctx, weight, ggml_new_tensor_2d(ctx, GGML_TYPE_F32, weight->ne[0], n));
    ggml_tensor * x      = ggml_new_tensor_3d(ctx, GGML_TYPE_F32, weight->ne[0], 1, n);
    ggml_tensor * chosen = ggml_new_tensor_2d(ctx, GGML_TYPE_I32, 1, n);
    return ggml_mul_mat_id(ctx, weight, x, chosen);
}

Status Device::try_out() {
    constexpr int64_t SIZE   = 64;
    ggml_init_params  params = {ggml_tensor_overhead() * 8 + ggml_graph_overhead(), nullptr, true};
    ggml_context_ptr  ctx(ggml_init(params));
    ggml_tensor *     a     = ggml_new_tensor_2d(ctx.get(), GGML_TYPE_F32, SIZE, SIZE);
    ggml_tensor *     out   = ggml_mul_mat(ctx.get(), a, a);
    ggml_cgraph *     graph = ggml_new_graph(ctx.get());
    ggml_build_forward_expand(graph, out);
    ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors_from_buft(ctx.get(), buffer_type()));
    if (!buffer) return Status::fail(oom(), "Not even a small matrix fits into the device's memory.");
    const std::vector<float> ones(SIZE * SIZE, 1.0f);
    ggml_backend_tensor_set(a, ones.data(), 0, ggml_nbytes(a));
    RETURN_IF_FAILED(compute(graph, nullptr));
    RETURN_IF_FAILED(try_kernel(a->data, ggml_nbytes(a)));
    RETURN_IF_FAILED(finish());
    float product = 0;
    ggml_backend_tensor_get(out, &product, 0, sizeof(product));
    return product == float(SIZE) ? Status::good() : Status::fail(Code::GPU_FAULT, "The device multiplies wrongly.");
}

void set_candidates(const float * logits, int64_t n_vocab, std::vector<Candidate> & out) {
    out.resize(size_t(n_vocab));
    for (size_t i = 0; i < out.size(); i++) out[i] = {int32_t(i), logits[i], 0.0f};
}

void copy_host_rows(const RowsAt & from, const RowsAt & to, int64_t n) {
    const size_t bytes = size_t(n) * from.rows->nb[1];
    for (int64_t head = 0; head < from.rows->ne[2]; head++) {
        const auto at = [head](const RowsAt & place) {
            return static_cast<uint8_t *>(place.rows->data) + size_t(head) * place.rows->nb[2] +
                   size_t(place.row) * place.rows->nb[1];
        };
        std::memcpy(at(to), at(from), bytes);
    }
}

std::string bytes_text(int64_t bytes) {
    char         text[32];
    const double mib = double(bytes) / (1 << 20);
    if (mib >= 1024) std::snprintf(text, sizeof(text), "%.1f GiB", mib / 1024);
    else std::snprintf(text, sizeof(text), "%.0f MiB", mib);
    return text;
}

}  // namespace rocketdoc
