// Recorded vectors recomputed by the kernels that answer on a CPU.
#include <cmath>

#include "device/cpu/layer_selector.h"
#include "rocketkv/half.h"
#include "rocketkv/stage1.h"
#include "vectors.h"

namespace rocketdoc {
namespace {

class CpuRecompute : public Recompute {
  public:
    Status begin(const Vectors & x) override {
        x_                     = &x;
        const int64_t capacity = x.keep + x.window + x.steps;
        for (auto [rows, view] : {std::pair{&k_rows_, &k_}, std::pair{&v_rows_, &v_}}) {
            rows->assign(size_t(x.n_head_kv * capacity * x.head_dim), 0);
            *view = {rows->data(), size_t(x.head_dim), size_t(capacity * x.head_dim),
                     capacity,     x.n_head_kv,        x.head_dim};
        }
        SelectorShape shape;
        shape.n_cache_head = x.n_head_kv;
        shape.group        = x.n_head / x.n_head_kv;
        shape.head_dim     = x.head_dim;
        shape.capacity     = capacity;
        shape.page         = x.page;
        shape.r            = x.top_r;
        shape.k            = x.top_k;
        shape.scale        = x.scale();
        selector_          = make_pages_layer(shape);
        return Status::good();
    }

    Status keep(std::vector<float> & pooled, std::vector<int32_t> & kept) override {
        const int64_t n_prefix = x_->prompt_len - x_->window;
        Stage1Query   query;
        query.q                 = x_->q_window.data();
        query.n_head            = x_->n_head;
        query.window            = x_->window;
        query.head_dim          = x_->head_dim;
        query.scale             = x_->scale();
        const RowsView     keys = history(x_->k);
        Stage1Scratch      scratch;
        std::vector<float> scores(size_t(n_prefix), NAN);
        pooled.assign(size_t(x_->n_head_kv * n_prefix), NAN);
        kept.assign(size_t(x_->n_head_kv * x_->keep), -1);
        for (int head = 0; head < x_->n_head_kv; head++) {
            float         window_mass = 0;
            float * const to          = pooled.data() + head * n_prefix;
            stage1_scores(keys, query, {head, Grouping::kv_group}, scratch, scores.data(), window_mass);
            pool_max(scores.data(), n_prefix, x_->kernel, scratch, to);
            top_k_ascending(to, n_prefix, x_->keep, kept.data() + head * x_->keep);
        }
        return Status::good();
    }

    Status gather(const std::vector<int32_t> & order, std::vector<f16_bits> & k, std::vector<f16_bits> & v) override {
        const int64_t n = x_->keep + x_->window, D = x_->head_dim;
        k.clear();
        v.clear();
        for (int head = 0; head < x_->n_head_kv; head++) {
            const std::vector<int32_t> rows(order.begin() + head * n, order.begin() + (head + 1) * n);
            stage1_gather(history(x_->k), head, rows, k_, head);
            stage1_gather(history(x_->v), head, rows, v_, head);
            selector_->build(k_, v_, head, n, nullptr);
            k.insert(k.end(), k_.row(head, 0), k_.row(head, 0) + n * D);
            v.insert(v.end(), v_.row(head, 0), v_.row(head, 0) + n * D);
        }
        return Status::good();
    }

    Status choose(int step, std::vector<int32_t> & chosen) override {
        const int64_t      n = x_->keep + x_->window + step + 1, D = x_->head_dim;
        std::vector<float> out(size_t(x_->n_head / x_->n_head_kv * D));
        chosen.clear();
        for (int head = 0; head < x_->n_head_kv; head++) {
            const int64_t at = (int64_t(step) * x_->n_head_kv + head) * D;
            for (int64_t c = 0; c < D; c++) {
                k_.row(head, n - 1)[c] = f16_from_f32(x_->decode_k[size_t(at + c)]);
                v_.row(head, n - 1)[c] = f16_from_f32(x_->decode_v[size_t(at + c)]);
            }
            selector_->append(k_, v_, head, n - 1);
            selector_->attend(k_, v_, head, n, queries(step, head), scratch_, out.data());
            chosen.insert(chosen.end(), scratch_.chosen.begin(), scratch_.chosen.end());
        }
        return Status::good();
    }

    Status attend(int step, const int32_t * rows, std::vector<float> & out) override {
        const int group = x_->n_head / x_->n_head_kv;
        out.assign(size_t(x_->n_head * x_->head_dim), NAN);
        for (int head = 0; head < x_->n_head_kv; head++) {
            sparse_attention(k_, v_, head, {queries(step, head), group, x_->scale()},
                             {rows + head * x_->top_k, x_->top_k}, scratch_, out.data() + head * group * x_->head_dim);
        }
        return Status::good();
    }

  private:
    RowsView history(const std::vector<f16_bits> & rows) const {
        RowsView view;
        view.data       = rows.data();
        view.type       = RowType::f16;
        view.row_bytes  = size_t(x_->head_dim) * sizeof(f16_bits);
        view.head_bytes = view.row_bytes * size_t(x_->prompt_len);
        view.n_rows     = x_->prompt_len;
        view.n_head     = x_->n_head_kv;
        view.head_dim   = x_->head_dim;
        return view;
    }
    const float * queries(int step, int head) const {
        return x_->decode_q.data() +
               (int64_t(step) * x_->n_head + int64_t(head) * (x_->n_head / x_->n_head_kv)) * x_->head_dim;
    }

    const Vectors *                x_ = nullptr;
    std::vector<f16_bits>          k_rows_, v_rows_;  // [G, capacity, D]
    CompactView                    k_, v_;
    std::unique_ptr<LayerSelector> selector_;
    SelectorScratch                scratch_;
};

}  // namespace

std::unique_ptr<Recompute> make_cpu_recompute() { return std::make_unique<CpuRecompute>(); }

}  // namespace rocketdoc
