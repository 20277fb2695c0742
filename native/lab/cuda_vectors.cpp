#include "cuda_vectors.h"

#include <string>

#include "device/cuda/device_bytes.h"

namespace rocketdoc {
namespace {

class CudaRecompute : public Recompute {
  public:
    explicit CudaRecompute(CudaDevice & device) : cuda_(device), kernels_(cuda_.kernels()) {}

    Status begin(const Vectors & x) override {
        x_ = &x;
        if (!kernels_serve_head(x.head_dim, x.n_head / x.n_head_kv) || x.kernel > KERNEL_MAX_POOLING ||
            x.window > KERNEL_MAX_WINDOW) {
            return Status::fail(Code::INVALID_ARGUMENT,
                                "The GPU kernels serve heads of 64, 96, 128 or 256 channels, up to 16 query heads a KV "
                                "head, a pooling kernel up to " +
                                    std::to_string(KERNEL_MAX_POOLING) + " and a window up to " +
                                    std::to_string(KERNEL_MAX_WINDOW) + "; these vectors have " +
                                    std::to_string(x.head_dim) + ", " + std::to_string(x.n_head / x.n_head_kv) + ", " +
                                    std::to_string(x.kernel) + " and " + std::to_string(x.window) +
                                    ". Check them on the CPU.");
        }
        n_prompt_           = x.keep + x.window;
        const size_t  heads = size_t(x.n_head_kv), d = size_t(x.head_dim);
        const int64_t capacity = n_prompt_ + x.steps;
        RETURN_IF_FAILED(cuda_.enter());
        RETURN_IF_FAILED(upload(x.q_window, q_window_));
        RETURN_IF_FAILED(upload(x.k, k_));
        RETURN_IF_FAILED(upload(x.v, v_));
        RETURN_IF_FAILED(upload(x.decode_q, decode_q_));
        RETURN_IF_FAILED(upload(x.decode_k, decode_k_));
        RETURN_IF_FAILED(upload(x.decode_v, decode_v_));
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, heads * size_t(capacity) * d * sizeof(f16_bits), cache_k_));
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, heads * size_t(capacity) * d * sizeof(f16_bits), cache_v_));
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, sizeof(int32_t), n_rows_));
        cache_.k        = cache_k_.at<uint16_t>(0);
        cache_.v        = cache_v_.at<uint16_t>(0);
        cache_.n_rows   = n_rows_.at<int32_t>(0);
        cache_.n_head   = x.n_head_kv;
        cache_.group    = x.n_head / x.n_head_kv;
        cache_.head_dim = x.head_dim;
        cache_.capacity = int(capacity);

        if (x.steps == 0) return Status::good();
        const size_t minmax =
            heads * d * size_t(page_sides(x.page)) * size_t(kernel_page_stride(cache_.capacity, x.page));
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, minmax * sizeof(uint16_t), minmax_));
        pages_ = {minmax_.at<uint16_t>(0), x.page};
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, heads * size_t(x.top_k) * sizeof(int32_t), ids_));
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, size_t(x.n_head) * d * sizeof(float), out_));
        RETURN_IF_FAILED(
            DeviceBytes::allocate(cuda_, kernels_.select_pages_workspace_bytes(cache_, pages_), select_workspace_));
        return DeviceBytes::allocate(cuda_, kernels_.sparse_attention_workspace_bytes(cache_, int(x.top_k)),
                                     attention_workspace_);
    }

    Status keep(std::vector<float> & pooled, std::vector<int32_t> & kept) override {
        const size_t heads = size_t(x_->n_head_kv);
        const int    n     = int(x_->prompt_len - x_->window);
        DeviceBytes  scores, pooled_scores, window_mass, ids, workspace;
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, heads * size_t(n) * sizeof(float), scores));
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, heads * size_t(n) * sizeof(float), pooled_scores));
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, heads * sizeof(float), window_mass));
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, heads * size_t(n_prompt_) * sizeof(int32_t), ids));
        KernelWindowScores args;
        args.q            = q_window_.at<float>(0);
        args.q_head_elems = size_t(x_->window) * size_t(x_->head_dim);
        args.q_row_elems  = size_t(x_->head_dim);
        args.keys         = history(k_);
        args.n_head       = x_->n_head_kv;
        args.group        = cache_.group;
        args.head_dim     = x_->head_dim;
        args.n_rows       = int(x_->prompt_len);
        args.window       = x_->window;
        args.scale        = x_->scale();
        args.scores       = scores.at<float>(0);
        args.window_mass  = window_mass.at<float>(0);
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, kernels_.window_scores_workspace_bytes(args), workspace));
        RETURN_IF_FAILED(check(kernels_.window_scores(args, workspace, cuda_.stream()), "scoring rows"));
        if (n > 0)
            RETURN_IF_FAILED(check(
                kernels_.pool({args.scores, x_->n_head_kv, n, KERNEL_POOL_MAX, x_->kernel, pooled_scores.at<float>(0)},
                              cuda_.stream()),
                "pooling scores"));
        RETURN_IF_FAILED(check(kernels_.top_k({pooled_scores.at<float>(0), x_->n_head_kv, n, int(x_->keep), x_->window,
                                               ids.at<int32_t>(0)},
                                              cuda_.stream()),
                               "choosing rows"));
        RETURN_IF_FAILED(download(pooled_scores.data(), heads * size_t(n), pooled));
        std::vector<int32_t> all;  // the window's rows behind the kept ones of each head
        RETURN_IF_FAILED(download(ids.data(), heads * size_t(n_prompt_), all));
        kept.clear();
        for (auto head = all.begin(); head != all.end(); head += n_prompt_)
            kept.insert(kept.end(), head, head + x_->keep);
        return Status::good();
    }

    Status gather(const std::vector<int32_t> & order, std::vector<f16_bits> & k, std::vector<f16_bits> & v) override {
        DeviceBytes ids;
        RETURN_IF_FAILED(upload(order, ids));
        RETURN_IF_FAILED(
            check(kernels_.gather_rows({history(k_), history(v_), ids.at<int32_t>(0), int(n_prompt_), cache_},
                                       cuda_.stream()),
                  "gathering rows"));
        if (x_->steps > 0)
            RETURN_IF_FAILED(
                check(kernels_.page_minmax(cache_, int(n_prompt_), pages_, cuda_.stream()), "summarizing pages"));
        RETURN_IF_FAILED(download_prompt(cache_k_, k));
        return download_prompt(cache_v_, v);
    }

    Status choose(int step, std::vector<int32_t> & chosen) override {
        const size_t  rows   = size_t(step) * size_t(x_->n_head_kv) * size_t(x_->head_dim) * sizeof(float);
        const int32_t n_live = int32_t(n_prompt_ + step + 1);
        RETURN_IF_FAILED(
            check(kernels_.copy(n_rows_.data(), &n_live, sizeof(n_live), cuda_.stream()), "setting the length"));
        const KernelNewRow row{decode_k_.at<float>(rows), decode_v_.at<float>(rows)};
        const KernelChoice choice{cache_, row, queries(step), x_->scale(), int(x_->top_k), ids_.at<int32_t>(0)};
        RETURN_IF_FAILED(check(kernels_.select_pages({choice, pages_, x_->top_r}, select_workspace_, cuda_.stream()),
                               "choosing pages"));
        return download(ids_.data(), size_t(x_->n_head_kv) * size_t(x_->top_k), chosen);
    }

    Status attend(int step, const int32_t * rows, std::vector<float> & out) override {
        RETURN_IF_FAILED(
            check(kernels_.copy(ids_.data(), rows, size_t(x_->n_head_kv) * size_t(x_->top_k) * sizeof(int32_t),
                                cuda_.stream()),
                  "giving rows"));
        RETURN_IF_FAILED(
            check(kernels_.sparse_attention(
                      {cache_, queries(step), x_->scale(), ids_.at<int32_t>(0), int(x_->top_k), {out_.at<float>(0)}},
                      attention_workspace_, cuda_.stream()),
                  "attention"));
        return download(out_.data(), size_t(x_->n_head) * size_t(x_->head_dim), out);
    }

  private:
    Status check(KernelStatus status, const char * what) const { return cuda_.check(status, what); }

    template <typename T>
    Status upload(const std::vector<T> & from, DeviceBytes & to) {
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, from.size() * sizeof(T), to));
        if (from.empty()) return Status::good();
        RETURN_IF_FAILED(
            check(kernels_.copy(to.data(), from.data(), from.size() * sizeof(T), cuda_.stream()), "copying vectors"));
        return cuda_.finish_stream();
    }
    template <typename T>
    Status download(const void * from, size_t n, std::vector<T> & to) {
        to.resize(n);
        if (n == 0) return Status::good();
        RETURN_IF_FAILED(check(kernels_.copy(to.data(), from, n * sizeof(T), cuda_.stream()), "taking results"));
        return cuda_.finish_stream();
    }
    // The prompt's rows of each head: there is room for the steps' behind them.
    Status download_prompt(const DeviceBytes & cache, std::vector<f16_bits> & rows) {
        const size_t row = size_t(x_->head_dim) * sizeof(f16_bits), run = size_t(n_prompt_) * row;
        rows.resize(size_t(x_->n_head_kv) * run / sizeof(f16_bits));
        RETURN_IF_FAILED(check(kernels_.copy_strided({rows.data(), run, cache.data(), size_t(cache_.capacity) * row,
                                                      run, size_t(x_->n_head_kv)},
                                                     cuda_.stream()),
                               "taking rows"));
        return cuda_.finish_stream();
    }
    KernelRows history(const DeviceBytes & rows) const {
        const size_t row = size_t(x_->head_dim) * sizeof(f16_bits);
        return {rows.data(), KERNEL_ROWS_F16, row, row * size_t(x_->prompt_len)};
    }
    const float * queries(int step) const {
        return decode_q_.at<float>(size_t(step) * size_t(x_->n_head) * size_t(x_->head_dim) * sizeof(float));
    }

    CudaDevice &        cuda_;
    const KernelTable & kernels_;
    const Vectors *     x_        = nullptr;
    int64_t             n_prompt_ = 0;      // rows of the compact cache before the first step
    DeviceBytes         q_window_, k_, v_;  // as in Vectors
    DeviceBytes         decode_q_, decode_k_, decode_v_;
    DeviceBytes         cache_k_, cache_v_, n_rows_, minmax_;  // what cache_ and pages_ point to
    DeviceBytes         ids_, out_;                            // of a step: [G, top_k] i32, [H, D] f32
    DeviceBytes         select_workspace_, attention_workspace_;
    KernelCache         cache_;
    KernelPages         pages_;
};

}  // namespace

std::unique_ptr<Recompute> make_cuda_recompute(CudaDevice & device) { return std::make_unique<CudaRecompute>(device); }

}  // namespace rocketdoc
