// What one layer of a model is. A family writes it down layer by layer; whoever computes, masks, stores or plans a
// layer reads the traits of that layer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../status.h"

namespace rocketdoc {

// What a layer's tokens attend to: every row before them; the last `window` rows; the rows of another layer; or no
// rows, but a state.
enum class AttentionKind { full, window, shared, recurrent };

// Which channels turn together: neighbours (2i, 2i + 1), or halves (i, i + n_rot / 2); or none.
enum class RopeKind { none, neighbours, halves };

// How a gate and what it gates become one. swiglu_oai: both clamped, and one more than what is gated.
enum class FeedForwardKind { swiglu, geglu, swiglu_oai };

// What the chosen experts' results are weighted by: their share of the probabilities of all, or the softmax of their
// own scores. Both are the same but for rounding.
enum class ExpertWeights { of_all, of_chosen };

// One more expert that serves every token, beside those that are chosen. gated: it is weighed by a gate of its own.
// normed: it and the chosen ones have each a norm before and one behind, and the router reads neither's: what comes
// into the layer's feed-forward, normalised by itself.
enum class SharedExpert { none, gated, normed };

// A layer's feed-forward as many small ones, of which a router chooses some for each token. Their results are weighted
// by the router's scores.
struct Experts {
    int64_t count       = 0;  // 0: one feed-forward serves every token
    int64_t used        = 0;  // for a token
    int64_t n_ff        = 0;  // width of each
    int64_t n_ff_shared = 0;  // of the one that serves every token; 0: there is none

    ExpertWeights weights = ExpertWeights::of_all;
    SharedExpert  shared  = SharedExpert::none;
};

// What is normalised of q and k before they turn: nothing, each head's channels, or all heads' together.
enum class QkNorm { none, head, whole };

// Queries grow with their position: by 1 + scale * ln(1 + floor(position / step)). scale 0: they do not.
struct Temperature {
    float   scale = 0;
    int64_t step  = 1;  // tokens
};

// What a recurrent layer mixes tokens by.
enum class RecurrenceKind { short_convolution, gated_delta_net };

// What it remembers of the tokens so far, however many.
struct Recurrence {
    RecurrenceKind kind = RecurrenceKind::short_convolution;
    int64_t        taps = 0;  // tokens that its convolution sees, the newest included; 0: the layer is not recurrent
    int64_t        channels = 0;  // of the convolution
    // A gated delta net has a matrix [head_dim, head_dim] for each head; heads / key_heads of them share query and key.
    int64_t heads = 0, key_heads = 0, head_dim = 0;

    // f32, of the state: what the convolution sees of earlier tokens, and the matrices.
    int64_t conv_floats() const { return taps > 0 ? (taps - 1) * channels : 0; }
    int64_t matrix_floats() const { return heads * head_dim * head_dim; }
    // f32 of a token that a graph holds at once, at the most.
    int64_t token_floats() const { return 7 * channels + 6 * heads * head_dim; }
};

// As ggml_rope_ext takes it.
struct Rope {
    RopeKind kind        = RopeKind::neighbours;
    int      n_rot       = 0;         // channels of a head that turn
    int      n_ctx_orig  = 0;         // context before it was stretched
    float    base        = 10000.0f;  // of the frequencies
    float    scale       = 1.0f;      // of positions: 1 / factor
    float    ext_factor  = 0.0f;      // 1 for YaRN
    float    attn_factor = 1.0f;
    float    beta_fast   = 32.0f;
    float    beta_slow   = 1.0f;
    bool     factors     = true;  // the file's, by which frequencies are divided, where it has such
};

struct LayerTraits {
    int64_t         n_head       = 0;  // H, of queries
    int64_t         n_head_kv    = 0;  // G, of keys and values
    int64_t         head_dim     = 0;  // D
    int64_t         n_ff         = 0;  // width of its feed-forward; 0: it has experts alone
    AttentionKind   attention    = AttentionKind::full;
    int64_t         window       = 0;   // window, or shared: rows a token sees, its own included; 0: all before it
    int64_t         shared_layer = -1;  // AttentionKind::shared: whose rows
    Rope            rope;
    float           scale   = 0;  // of q.k; 1/sqrt(D) unless the file says otherwise
    QkNorm          qk_norm = QkNorm::none;
    bool            v_norm  = false;  // each head's channels of values, without weights
    Temperature     temperature;
    float           softcap = 0;      // of q.k; 0: none
    bool            sinks   = false;  // a logit a head that takes attention from every row
    bool            gated   = false;  // attention's result by the sigmoid of a gate, which wq makes beside each query
    FeedForwardKind feed_forward = FeedForwardKind::swiglu;
    Experts         experts;
    Recurrence      recurrence;  // AttentionKind::recurrent

    int64_t group() const { return n_head_kv > 0 ? n_head / n_head_kv : 1; }  // a recurrent layer may have no KV heads
    int64_t q_width() const { return n_head * head_dim; }
    int64_t kv_width() const { return n_head_kv * head_dim; }
    // K and V rows of its own.
    bool keeps_rows() const { return attention == AttentionKind::full || attention == AttentionKind::window; }
    bool is_recurrent() const { return attention == AttentionKind::recurrent; }
    bool shares_rows() const { return attention == AttentionKind::shared; }
    // The window whose rows it keeps, or shares; 0: every row.
    int64_t kept_window() const { return attention == AttentionKind::window || shares_rows() ? window : 0; }
    // It sees every row, so that a compact cache holds those of them that its queries choose.
    bool chooses_rows() const { return (keeps_rows() || shares_rows()) && kept_window() == 0; }
};

// Which rows a layer keeps is a question of its window (0: every row). With a window it keeps what the next token can
// still see, and from there back to a whole multiple of WINDOW_STEP: so attention over its rows adds them up in the
// same groups wherever a text was cut.
constexpr int64_t WINDOW_STEP = 64;

// The first position that is kept once n_tokens have been read.
inline int64_t first_kept(int64_t window, int64_t n_tokens) {
    return window == 0 || n_tokens < window ? 0 : (n_tokens - window + 1) / WINDOW_STEP * WINDOW_STEP;
}
inline int64_t rows_kept(int64_t window, int64_t n_tokens) { return n_tokens - first_kept(window, n_tokens); }
// The most that it keeps of any text, where it has a window.
inline int64_t most_kept(int64_t window) { return window + WINDOW_STEP - 2; }

// MODEL_UNSUPPORTED with the first layer that has what no graph here computes, and what that is. path: of the file.
Status check_traits(const std::string & path, const std::vector<LayerTraits> & layers);

}  // namespace rocketdoc
