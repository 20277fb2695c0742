#include "llama_reference.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "device/cpu/cpu_device.h"
#include "device/dynamic_library.h"
#include "llama.h"
#include "open_file.h"

namespace rocketdoc {
namespace {

namespace fs = std::filesystem;

struct Functions {
#define FUNCTION(library, name) decltype(&::name) name = nullptr;
#include "llama_functions.def"
#undef FUNCTION

    bool find_all(void * llama, void * ggml) {
        bool found = true;
#define FUNCTION(library, name)                                            \
    name  = reinterpret_cast<decltype(name)>(find_symbol(library, #name)); \
    found = found && name;
#include "llama_functions.def"
#undef FUNCTION
        return found;
    }
};

// "libllama.v0.4.0.so", "llama.dll" and so on; empty: there is none.
std::string library_in(const std::string & folder, const std::string & name) {
    std::error_code ec;
    for (const auto & entry : fs::directory_iterator(path_from_utf8(folder), ec)) {
        std::string       file   = utf8_from_path(entry.path().filename());
        const std::string ending = utf8_from_path(entry.path().extension());
        if (file.rfind("lib", 0) == 0) file = file.substr(3);
        if (file.rfind(name + ".", 0) == 0 && (ending == ".so" || ending == ".dylib" || ending == ".dll"))
            return utf8_from_path(entry.path());
    }
    return "";
}

Status load(const std::string & folder, const Functions *& out) {
    static Functions functions;  // they stay loaded
    static bool      loaded = false;
    if (!loaded) {
        std::string       error;
        const std::string ggml_path = library_in(folder, "ggml"), llama_path = library_in(folder, "llama");
        void *            ggml  = ggml_path.empty() ? nullptr : open_library(ggml_path, error);
        void *            llama = llama_path.empty() ? nullptr : open_library(llama_path, error);
        if (!llama || !ggml || !functions.find_all(llama, ggml))
            return Status::fail(Code::INVALID_ARGUMENT, "llama.cpp's library in " + folder + " cannot be loaded" +
                                                            (error.empty() ? "." : " (" + error + ")."));
        functions.llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
        functions.ggml_backend_load_all_from_path(folder.c_str());
        functions.llama_backend_init();
        loaded = true;
    }
    out = &functions;
    return Status::good();
}

class Loaded : public LlamaReference {
  public:
    explicit Loaded(const Functions & llama) : llama_(llama) {}
    ~Loaded() override {
        if (n_batch_) llama_.llama_batch_free(batch_);
        for (Text & text : texts_)
            if (text.context) llama_.llama_free(text.context);
        if (model_) llama_.llama_model_free(model_);
    }

    Status load(const std::string & path, const DeviceOptions & options, int64_t n_context, int64_t n_batch) {
        ggml_backend_dev_t devices[] = {nullptr, nullptr};
        if (!options.library.empty()) {
            const int                index = std::max(0, options.index());
            const ggml_backend_reg_t reg   = llama_.ggml_backend_load(options.library.c_str());
            if (!reg || size_t(index) >= ggml_backend_reg_dev_count(reg))
                return Status::fail(Code::GPU_NONE, "llama.cpp does not take the GPU " + options.name + ".");
            devices[0] = ggml_backend_reg_dev_get(reg, size_t(index));
        }
        llama_model_params model_params = llama_.llama_model_default_params();
        model_params.devices            = devices;
        model_params.n_gpu_layers       = devices[0] ? -1 : 0;
        model_                          = llama_.llama_model_load_from_file(path.c_str(), model_params);
        if (!model_) return Status::fail(Code::INVALID_ARGUMENT, "llama.cpp does not load " + path + ".");
        n_vocab_   = llama_.llama_vocab_n_tokens(llama_.llama_model_get_vocab(model_));
        n_threads_ = options.n_threads > 0 ? options.n_threads : default_thread_count();
        n_context_ = n_context;
        batch_     = llama_.llama_batch_init(int32_t(n_batch), 0, 1);
        n_batch_   = n_batch;
        return Status::good();
    }

    Status start(LlamaAttention attention) override {
        llama_context_params params = llama_.llama_context_default_params();
        params.n_ctx                = uint32_t(n_context_);
        params.n_batch              = uint32_t(n_batch_);
        params.n_ubatch             = uint32_t(n_batch_);
        params.n_threads            = n_threads_;
        params.n_threads_batch      = n_threads_;
        params.flash_attn_type =
            attention == LlamaAttention::flash ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
        Text & text  = texts_[size_t(attention)];
        text.context = llama_.llama_init_from_model(model_, params);
        if (!text.context)
            return Status::fail(Code::HOST_OOM,
                                "llama.cpp has no memory for " + std::to_string(n_context_) + " tokens.");
        return Status::good();
    }

    Status logits(LlamaAttention attention, const int32_t * tokens, int64_t n, std::vector<float> & out) override {
        Text & text = texts_[size_t(attention)];
        if (!text.context) return Status::fail(Code::INTERNAL, "No text was started for llama.cpp.");
        if (n > n_batch_) return Status::fail(Code::INTERNAL, "llama.cpp was given too many tokens at once.");
        batch_.n_tokens = int32_t(n);
        for (int32_t i = 0; i < batch_.n_tokens; i++) {
            batch_.token[i]     = tokens[i];
            batch_.pos[i]       = llama_pos(text.n_read) + i;
            batch_.n_seq_id[i]  = 1;
            batch_.seq_id[i][0] = 0;
            batch_.logits[i]    = 1;
        }
        if (llama_.llama_decode(text.context, batch_) != 0)
            return Status::fail(Code::INTERNAL, "llama.cpp fails on token " + std::to_string(text.n_read) + ".");
        text.n_read += n;
        out.clear();
        for (int32_t i = 0; i < batch_.n_tokens; i++) {
            const float * row = llama_.llama_get_logits_ith(text.context, i);
            out.insert(out.end(), row, row + n_vocab_);
        }
        return Status::good();
    }

  private:
    struct Text {
        llama_context * context = nullptr;
        int64_t         n_read  = 0;
    };

    const Functions & llama_;
    llama_model *     model_ = nullptr;
    Text              texts_[2];  // by LlamaAttention
    llama_batch       batch_     = {};
    int               n_threads_ = 0;
    int64_t           n_context_ = 0, n_batch_ = 0, n_vocab_ = 0;
};

}  // namespace

Status LlamaReference::open(const std::string & model_path, const DeviceOptions & device, int64_t n_context,
                            int64_t n_batch, std::unique_ptr<LlamaReference> & out) {
    const Functions * functions = nullptr;
    RETURN_IF_FAILED(load(device.cpu_dir, functions));
    auto loaded = std::make_unique<Loaded>(*functions);
    RETURN_IF_FAILED(loaded->load(model_path, device, n_context, n_batch));
    out = std::move(loaded);
    return Status::good();
}

}  // namespace rocketdoc
