#include "token_kernels.h"

#include <cstring>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace rocketdoc {
namespace {

bool weight_type(ggml_type type, KernelWeightType & out) {
    switch (type) {
        case GGML_TYPE_F16: out = KERNEL_WEIGHTS_F16; return true;
        case GGML_TYPE_BF16: out = KERNEL_WEIGHTS_BF16; return true;
        case GGML_TYPE_Q8_0: out = KERNEL_WEIGHTS_Q8_0; return true;
        case GGML_TYPE_Q4_0: out = KERNEL_WEIGHTS_Q4_0; return true;
        case GGML_TYPE_Q4_1: out = KERNEL_WEIGHTS_Q4_1; return true;
        case GGML_TYPE_Q4_K: out = KERNEL_WEIGHTS_Q4_K; return true;
        case GGML_TYPE_Q5_K: out = KERNEL_WEIGHTS_Q5_K; return true;
        case GGML_TYPE_Q6_K: out = KERNEL_WEIGHTS_Q6_K; return true;
        case GGML_TYPE_F32: out = KERNEL_WEIGHTS_F32; return true;
        default: return false;
    }
}

// The others meet activations in 8 bits.
bool reads_floats(KernelWeightType type) {
    return type == KERNEL_WEIGHTS_F32 || type == KERNEL_WEIGHTS_F16 || type == KERNEL_WEIGHTS_BF16;
}

// One token's vector, all of it in a row.
bool is_vector(const ggml_tensor * t) { return t->type == GGML_TYPE_F32 && ggml_is_contiguous(t) && t->ne[3] == 1; }

float * values(const ggml_tensor * t) { return static_cast<float *>(t->data); }

float float_param(const ggml_tensor * t, int i) {
    float x;
    std::memcpy(&x, &t->op_params[i], sizeof(x));
    return x;
}

bool same_rotation(const KernelRope & a, const KernelRope & b) {
    return a.position == b.position && a.factors == b.factors && a.head_dim == b.head_dim && a.n_rot == b.n_rot &&
           a.neox == b.neox && a.base == b.base && a.scale == b.scale && a.ext_factor == b.ext_factor &&
           a.attn_factor == b.attn_factor && a.corr_low == b.corr_low && a.corr_high == b.corr_high;
}

// Recognises a graph node by node. Any step that fails makes the whole graph ggml's.
class Recogniser {
  public:
    Recogniser(ggml_cgraph * graph, const TokenMemory & memory, const float * held)
        : activations_(memory.activations), workspace_(memory.workspace), in_8_bits_(held) {
        for (int i = 0; i < ggml_graph_n_nodes(graph); i++) {
            ggml_tensor * node = ggml_graph_node(graph, i);
            for (ggml_tensor * src : node->src) {
                if (src) uses_[src]++;
            }
            if (node->op != GGML_OP_RESHAPE && node->op != GGML_OP_VIEW) nodes_.push_back(node);
        }
    }

    bool run() {
        while (at_ < nodes_.size()) {
            const ggml_op op = nodes_[at_]->op;
            if (op == GGML_OP_RMS_NORM ? !take_norm() : op == GGML_OP_MUL_MAT ? !take_product() : true) return false;
        }
        return true;
    }

    std::vector<KernelCall> take_calls() { return std::move(calls_); }

  private:
    ggml_tensor * next() const { return at_ < nodes_.size() ? nodes_[at_] : nullptr; }

    // `t` is `node` or the same values in another shape, and nobody else uses them.
    bool continues(const ggml_tensor * t, const ggml_tensor * node) {
        while (t != node && t->op == GGML_OP_RESHAPE && uses_[t] == 1) t = t->src[0];
        return t == node && uses_[t] == 1;
    }

    bool take_norm() {
        const ggml_tensor * norm = nodes_[at_++];
        const ggml_tensor * mul  = next();
        if (!mul || mul->op != GGML_OP_MUL || !continues(mul->src[0], norm)) return false;
        const ggml_tensor *x = norm->src[0], *weight = mul->src[1];
        const int64_t      n = x->ne[0];
        if (!is_vector(x) || !is_vector(weight) || ggml_nelements(x) != n || weight->ne[0] != n ||
            ggml_nelements(weight) != n)
            return false;
        if (n % 32 != 0 || n > KERNEL_NORMALIZE_MAX) return false;
        at_++;
        ggml_tensor *   node = nodes_[at_ - 1];
        KernelNormalize call;
        call.x      = values(x);
        call.weight = values(weight);
        call.n      = int(n);
        call.eps    = float_param(norm, 0);
        call.add    = take_added(node);  // the residual stream, where a branch ends with a norm
        call.out    = activations_;
        call.out.x  = values(node);
        calls_.push_back([call](const KernelTable & k, KernelStream s) { return k.normalize(call, s); });
        in_8_bits_ = call.out.x;
        return true;
    }

    // A norm of each head of `node`, and the rotation behind it.
    bool is_head_norm(const ggml_tensor * node) {
        const ggml_tensor * norm = next();
        if (!norm || norm->op != GGML_OP_RMS_NORM || !continues(norm->src[0], node)) return false;
        const bool turns = at_ + 2 < nodes_.size() && nodes_[at_ + 2]->op == GGML_OP_ROPE;
        return turns || ggml_nelements(norm) != norm->ne[0];
    }

    bool take_head_norm(ggml_tensor *& node) {
        const ggml_tensor * norm = nodes_[at_++];
        ggml_tensor *       mul  = next();
        if (!mul || mul->op != GGML_OP_MUL || !continues(mul->src[0], norm)) return false;
        const ggml_tensor * weight = mul->src[1];
        const int64_t       n      = norm->ne[0];
        if (!is_vector(weight) || ggml_nelements(weight) != n || weight->ne[0] != n || n % 32 != 0 ||
            n > KERNEL_HEAD_NORM_MAX || norm->ne[2] != 1)
            return false;
        at_++;
        KernelNormalizeHeads call;
        call.kinds[0] = {values(node), values(weight), int(ggml_nelements(norm) / n), nullptr};
        call.n_kinds  = 1;
        call.eps      = float_param(norm, 0);
        node          = mul;
        // The product may turn other matrices by a rotation of its own.
        const bool rotates = std::exchange(rotates_, false);
        if (!take_rotation(node, call.rope)) call.rope = {};
        else if (call.rope.head_dim != int(n)) return false;  // all heads at once were normalised, each one turns
        rotates_                    = rotates;
        call.rope.head_dim          = int(n);
        call.kinds[0].out           = values(node);
        KernelNormalizeHeads * last = head_norms_.empty() ? nullptr : &head_norms_.back();
        if (last && last->n_kinds < KERNEL_HEAD_KINDS && last->eps == call.eps &&
            same_rotation(last->rope, call.rope)) {
            last->kinds[last->n_kinds++] = call.kinds[0];
        } else {
            head_norms_.push_back(call);
        }
        return true;
    }

    // What is added to `node` next: a bias or the residual stream.
    const float * take_added(ggml_tensor *& node) {
        ggml_tensor * add = next();
        if (!add || add->op != GGML_OP_ADD) return nullptr;
        const int side = continues(add->src[0], node) ? 1 : continues(add->src[1], node) ? 0 : -1;
        if (side < 0) return nullptr;
        const ggml_tensor * other = add->src[side];
        if (!is_vector(other) || ggml_nelements(other) != ggml_nelements(node)) return nullptr;
        at_++;
        node = add;
        return values(other);
    }

    bool take_rotation(ggml_tensor *& node, KernelRope & rope) {
        ggml_tensor * turned = next();
        if (!turned || turned->op != GGML_OP_ROPE || !continues(turned->src[0], node)) return false;
        const int  mode = turned->op_params[2];
        KernelRope r;
        r.position = static_cast<const int32_t *>(turned->src[1]->data);
        r.factors  = turned->src[2] ? values(turned->src[2]) : nullptr;
        r.head_dim = int(turned->ne[0]);
        r.n_rot    = turned->op_params[1];
        r.neox     = mode == GGML_ROPE_TYPE_NEOX;
        if ((mode != GGML_ROPE_TYPE_NORMAL && !r.neox) || r.n_rot % 4 != 0 || r.head_dim % 4 != 0) return false;
        r.base        = float_param(turned, 5);
        r.scale       = float_param(turned, 6);
        r.ext_factor  = float_param(turned, 7);
        r.attn_factor = float_param(turned, 8);
        float corr[2];
        ggml_rope_yarn_corr_dims(r.n_rot, turned->op_params[4], r.base, float_param(turned, 9), float_param(turned, 10),
                                 corr);
        r.corr_low  = corr[0];
        r.corr_high = corr[1];
        if (rotates_ && !same_rotation(rope, r)) return false;  // one a product
        rotates_ = true;
        rope     = r;
        at_++;
        node = turned;
        return true;
    }

    // The product `node` = W y and what follows it, as matrix `m` of `out`.
    bool take_matrix(KernelProduct & out, const ggml_tensor * y) {
        ggml_tensor *       node   = nodes_[at_++];
        const ggml_tensor * weight = node->src[0];
        KernelMatrix &      m      = out.matrices[out.n_matrices++];
        if (weight->ne[0] != y->ne[0] || weight->ne[2] != 1 || weight->ne[3] != 1 ||
            weight->nb[1] != ggml_row_size(weight->type, weight->ne[0]))
            return false;
        m.weights                  = weight->data;
        m.row_bytes                = weight->nb[1];
        m.n_rows                   = int(weight->ne[1]);
        const ggml_tensor * result = node;
        m.add                      = take_added(node);
        if (is_head_norm(node)) {
            m.out = values(node);
            return take_head_norm(node);
        }
        if (take_rotation(node, out.rope)) {
            m.rotate = true;
            m.bias   = m.add;
            m.add    = nullptr;
        } else if (node != result) {
            if (const float * second = take_added(node)) {
                m.bias = m.add;
                m.add  = second;
            }
        }
        m.out = values(node);
        ends_.push_back(node);
        return true;
    }

    bool take_gate(KernelProduct & out) {
        const ggml_tensor * gate = next();
        if (!gate || gate->op != GGML_OP_GLU || out.n_matrices != 2) return true;
        KernelMatrix &    a = out.matrices[0], &b = out.matrices[1];
        const ggml_glu_op op = ggml_get_glu_op(gate);
        if ((op != GGML_GLU_OP_SWIGLU && op != GGML_GLU_OP_GEGLU) || gate->op_params[1] != 0 || !gate->src[1])
            return false;
        if (!continues(gate->src[0], ends_[0]) || !continues(gate->src[1], ends_[1]) || a.n_rows != b.n_rows ||
            a.rotate || b.rotate || a.bias || b.bias)
            return false;
        at_++;
        out.gate = op == GGML_GLU_OP_GEGLU ? KERNEL_GATE_GELU : KERNEL_GATE_SILU;
        for (KernelMatrix * m : {&a, &b}) {
            m->bias = m->add;  // before the gate
            m->add  = nullptr;
        }
        a.out = values(gate);
        return true;
    }

    // The product of `y`, in 8 bits first where its weights meet those.
    void multiply(const KernelProduct & p, const ggml_tensor * y) {
        if (!reads_floats(p.type) && in_8_bits_ != p.activations.x) {
            calls_.push_back([a = p.activations, n = int(ggml_nelements(y))](const KernelTable & k, KernelStream s) {
                return k.quantise(a, n, s);
            });
            in_8_bits_ = p.activations.x;
        }
        calls_.push_back([p](const KernelTable & k, KernelStream s) { return k.product(p, s); });
    }

    static const ggml_tensor * in_another_shape(const ggml_tensor * t) {
        while (t && t->op == GGML_OP_RESHAPE) t = t->src[0];
        return t;
    }

    // Of the node's experts: those of a product by experts, whose rows lie as in the file.
    static bool expert_matrix(const ggml_tensor * product, const ggml_tensor * chosen, KernelProduct & p) {
        const ggml_tensor * weight = product->src[0];
        KernelWeightType    type;
        if (product->src[2] != chosen || !weight_type(weight->type, type) || (p.n_matrices > 0 && p.type != type) ||
            weight->nb[1] != ggml_row_size(weight->type, weight->ne[0]) ||
            weight->nb[2] != weight->nb[1] * size_t(weight->ne[1]) || weight->nb[2] % 16 != 0 ||
            weight->ne[0] % 32 != 0)
            return false;
        p.type           = type;
        p.n_columns      = int(weight->ne[0]);
        p.n_used         = int(chosen->ne[0]);
        p.experts        = static_cast<const int32_t *>(chosen->src[0]->data);
        KernelMatrix & m = p.matrices[p.n_matrices++];
        m.weights        = weight->data;
        m.row_bytes      = weight->nb[1];
        m.expert_bytes   = weight->nb[2];
        m.n_rows         = int(weight->ne[1]);
        m.out            = values(product);
        return true;
    }

    // A router's scores of `y` and everything up to the sum of its experts' weighted results, as blocks.cpp builds it.
    bool take_experts(const ggml_tensor * y) {
        static constexpr ggml_op OPS[] = {GGML_OP_MUL_MAT,    GGML_OP_SOFT_MAX, GGML_OP_ARGSORT,    GGML_OP_MUL_MAT_ID,
                                          GGML_OP_MUL_MAT_ID, GGML_OP_GLU,      GGML_OP_MUL_MAT_ID, GGML_OP_GET_ROWS,
                                          GGML_OP_SUM_ROWS,   GGML_OP_CLAMP,    GGML_OP_DIV,        GGML_OP_MUL};
        static constexpr size_t  N     = std::size(OPS);
        if (nodes_.size() - at_ <= N) return false;
        for (size_t i = 0; i < N; i++)
            if (nodes_[at_ + i]->op != OPS[i]) return false;
        ggml_tensor * const * n      = &nodes_[at_];
        const ggml_tensor *   scores = n[0], *shares = n[1], *order = n[2], *glu = n[5], *down = n[6], *picked = n[7],
                          *sum = n[8], *floor = n[9], *weights = n[10], *parts = n[11], *chosen = down->src[2];
        // The chosen are the first of those in order, and their shares are divided by what these come to.
        if (shares->src[0] != scores || shares->src[1] || float_param(shares, 0) != 1.0f ||
            float_param(shares, 1) != 0.0f || order->src[0] != shares || order->op_params[0] != GGML_SORT_ORDER_DESC ||
            chosen->op != GGML_OP_VIEW || chosen->src[0] != order || chosen->view_offs != 0 ||
            in_another_shape(picked->src[0]) != shares || picked->src[1] != chosen ||
            in_another_shape(sum->src[0]) != picked || floor->src[0] != sum ||
            in_another_shape(weights->src[0]) != picked || weights->src[1] != floor || parts->src[0] != down ||
            in_another_shape(parts->src[1]) != weights)
            return false;
        KernelChooseExperts choice;
        choice.x         = values(y);
        choice.router    = values(scores->src[0]);
        choice.n         = int(y->ne[0]);
        choice.scores    = values(scores);
        choice.n_expert  = int(scores->ne[0]);
        choice.n_used    = int(chosen->ne[0]);
        choice.least_sum = float_param(floor, 0);
        choice.experts   = static_cast<int32_t *>(order->data);
        choice.weights   = values(weights);
        if (choice.n_expert > KERNEL_MAX_EXPERTS || choice.n_used < 2 || choice.n_used > KERNEL_MAX_USED ||
            ggml_nelements(scores) != scores->ne[0])
            return false;

        KernelProduct up, back;
        if (ggml_get_glu_op(glu) != GGML_GLU_OP_SWIGLU || glu->op_params[1] != 0 || !glu->src[1]) return false;
        for (const ggml_tensor * side : {glu->src[0], glu->src[1]}) {
            if ((side != n[3] && side != n[4]) || in_another_shape(side->src[1]) != y ||
                !expert_matrix(side, chosen, up))
                return false;
        }
        if (down->src[1] != glu || !expert_matrix(down, chosen, back)) return false;
        up.gate            = KERNEL_GATE_SILU;
        up.matrices[0].out = values(glu);
        up.activations = back.activations = activations_;
        up.activations.x                  = values(y);
        back.activations.x                = values(glu);
        back.expert_weights               = choice.weights;

        ggml_tensor * node = n[11];
        at_ += N;
        for (int i = 1; i < choice.n_used; i++) {
            const ggml_tensor * add  = next();
            const auto          part = [&](const ggml_tensor * t, int of) {
                return t->op == GGML_OP_VIEW && t->src[0] == parts && t->view_offs == size_t(of) * parts->nb[1];
            };
            if (!add || add->op != GGML_OP_ADD || !part(add->src[1], i) ||
                !(i == 1 ? part(add->src[0], 0) : add->src[0] == node))
                return false;
            node = nodes_[at_++];
        }
        back.matrices[0].add = take_added(node);
        back.matrices[0].out = values(node);

        calls_.push_back([choice, workspace = workspace_](const KernelTable & k, KernelStream s) {
            return k.choose_experts(choice, workspace, s);
        });
        multiply(up, y);
        multiply(back, glu);
        return true;
    }

    bool take_product() {
        const ggml_tensor *first = nodes_[at_], *y = first->src[1];
        KernelProduct      p;
        if (!weight_type(first->src[0]->type, p.type) || !is_vector(y) || ggml_nelements(y) != y->ne[0] ||
            y->ne[0] % 32 != 0)
            return false;
        if (at_ + 1 < nodes_.size() && nodes_[at_ + 1]->op == GGML_OP_SOFT_MAX)
            return p.type == KERNEL_WEIGHTS_F32 && take_experts(y);
        ends_.clear();
        head_norms_.clear();
        rotates_        = false;
        p.n_columns     = int(y->ne[0]);
        p.activations   = activations_;
        p.activations.x = values(y);
        while (const ggml_tensor * node = next()) {
            if (node->op != GGML_OP_MUL_MAT || node->src[1] != y || node->src[0]->type != first->src[0]->type ||
                p.n_matrices == KERNEL_PRODUCT_MATRICES)
                break;
            if (!take_matrix(p, y)) return false;
        }
        if (!take_gate(p)) return false;
        multiply(p, y);
        for (const KernelNormalizeHeads & call : head_norms_)
            calls_.push_back([call](const KernelTable & k, KernelStream s) { return k.normalize_heads(call, s); });
        return true;
    }

    KernelActivations                            activations_;
    KernelWorkspace                              workspace_;
    std::unordered_map<const ggml_tensor *, int> uses_;
    std::vector<ggml_tensor *>                   nodes_, ends_;
    size_t                                       at_      = 0;
    bool                                         rotates_ = false;
    std::vector<KernelNormalizeHeads>            head_norms_;  // behind the product that is being taken
    const float *                                in_8_bits_;   // the values that activations_ holds
    std::vector<KernelCall>                      calls_;
};

}  // namespace

std::vector<KernelCall> token_kernels(ggml_cgraph * graph, const TokenMemory & memory, const float * held) {
    Recogniser recogniser(graph, memory, held);
    return recogniser.run() ? recogniser.take_calls() : std::vector<KernelCall>{};
}

}  // namespace rocketdoc
