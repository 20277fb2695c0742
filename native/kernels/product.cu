// One token's matrix products: out = W y, for up to three matrices of one weight format that read the same activations,
// or for some of many experts' matrices.
// Bound by the weights' bytes, so everything serves that stream: a team of warps works on ROWS rows at once and loads
// their first columns BEFORE it waits for the activations (programmatic dependent launch); what would be small launches
// after it (bias, rotation, residual, gate) happens where the sums end up.
#include "rotation.cuh"
#include "weight_blocks.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS = 128;
constexpr int WARPS   = THREADS / 32;
constexpr int ROWS    = 4;

// How a weight format is streamed, as measured: either many warps with one step of their rows in flight, or fewer with
// two.
template <KernelWeightType TYPE>
struct Pace {
    static constexpr bool MANY = !Weights<TYPE>::QUANTISED;
    static constexpr int  DEPTH =
        MANY || TYPE == KERNEL_WEIGHTS_Q5_K || TYPE == KERNEL_WEIGHTS_Q6_K ? 1 : 2;  // steps of a row in flight
    static constexpr int BLOCKS = MANY ? 8 : 4;  // of a multiprocessor: bounds the registers
    static constexpr int SM_WARPS =
        MANY ? 48 : 24;  // of a multiprocessor: columns are split over warps when rows alone give fewer
};

struct ProductLaunch {
    KernelProduct product;
    int           first_team[KERNEL_PRODUCT_MATRICES];  // of each matrix
    int           n_teams;
};

// Row of slot i of a team: slots 0, 1 and 2, 3 are pairs that rotate together.
__device__ __forceinline__ int row_of(const KernelMatrix & m, const KernelRope & rope, int team, int slot) {
    if (!m.rotate || !rope.neox) return team * ROWS + slot;
    const int teams = rope.head_dim / ROWS, head = team / teams, at = team % teams;
    if (at * ROWS >= rope.n_rot) return team * ROWS + slot;
    return head * rope.head_dim + at * 2 + slot / 2 + slot % 2 * (rope.n_rot / 2);
}

// What the matrices come to: each its own result, one result by the gate, or the weighted sum over the token's experts.
enum Kind : int { EACH, GATED, SUMMED };

__device__ __forceinline__ float gated(KernelGate gate, float x) {
    if (gate == KERNEL_GATE_SILU) return x / (1.0f + expf(-x));
    return 0.5f * x * (1.0f + tanhf(0.79788456080286535587989211986876f * x * (1.0f + 0.044715f * x * x)));
}

// grid: teams of SPLIT warps, WARPS / SPLIT a block
template <KernelWeightType TYPE, int SPLIT, Kind KIND>
__global__ void __launch_bounds__(THREADS, Pace<TYPE>::BLOCKS) multiply(ProductLaunch p) {
    using W                       = Weights<TYPE>;
    constexpr int         DEPTH   = Pace<TYPE>::DEPTH;
    const KernelProduct & product = p.product;
    const int             lane = threadIdx.x & 31, warp = threadIdx.x >> 5, split = warp % SPLIT;
    const int             team  = min((int(blockIdx.x) * WARPS + warp) / SPLIT,
                                      p.n_teams - 1);  // spare warps repeat the last team and write nothing
    const bool            spare = (int(blockIdx.x) * WARPS + warp) / SPLIT >= p.n_teams;
    let_next_kernel_start();
    const int part   = blockIdx.y;  // among the token's experts
    int       expert = 0;           // of a SUMMED product: lane i has the i-th
    float     weight = 1;
    if (product.experts) {  // chosen by the kernel before: no weights can be loaded early
        wait_for_kernel_before();
        if (KIND != SUMMED) expert = product.experts[part];
        else if (lane < product.n_used) expert = product.experts[lane], weight = product.expert_weights[lane];
    }

    int which = 0;
    if (KIND == EACH) {
#pragma unroll
        for (int m = 1; m < KERNEL_PRODUCT_MATRICES; m++)
            which = m < product.n_matrices && team >= p.first_team[m] ? m : which;
    }
    const KernelMatrix & matrix = product.matrices[which];
    const int            local  = team - p.first_team[which];
    const char *         rows[ROWS];
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
        const KernelMatrix & m   = KIND == GATED ? product.matrices[i / 2] : matrix;
        const int            row = KIND == GATED ? local * 2 + i % 2 : row_of(matrix, product.rope, local, i);
        rows[i]                  = static_cast<const char *>(m.weights) + size_t(min(row, m.n_rows - 1)) * m.row_bytes;
        if (KIND != SUMMED) rows[i] += expert * m.expert_bytes;
    }
    // The steps of a SUMMED product go through the columns of one expert after the other.
    const int  n = product.n_columns, expert_steps = (n + W::STEP - 1) / W::STEP,
               steps     = KIND == SUMMED ? expert_steps * product.n_used : expert_steps;
    const auto which_of  = [&](int step) { return KIND == SUMMED ? step / expert_steps : 0; };
    const auto column_of = [&](int step) {
        return (step - which_of(step) * expert_steps) * W::STEP + lane * W::COLUMNS;
    };
    typename W::Raw raw[DEPTH][ROWS];
    const auto      fetch = [&](typename W::Raw(&into)[ROWS], int step) {
        if (step >= steps) return;
        const int    column = column_of(step);
        const size_t skip =
            KIND == SUMMED ? size_t(__shfl_sync(FULL, expert, which_of(step))) * matrix.expert_bytes : 0;
        if (column >= n) return;
#pragma unroll
        for (int i = 0; i < ROWS; i++) W::load(into[i], rows[i] + skip, column);
    };
#pragma unroll
    for (int d = 0; d < DEPTH; d++) fetch(raw[d], split + d * SPLIT);
    wait_for_kernel_before();
    float sum[ROWS] = {0, 0, 0, 0};
    for (int base = split; base < steps; base += DEPTH * SPLIT) {
#pragma unroll
        for (int d = 0; d < DEPTH; d++) {
            const int   step = base + d * SPLIT, column = column_of(step), used = which_of(step);
            const float share = KIND == SUMMED ? __shfl_sync(FULL, weight, used) : 1.0f;
            if (step < steps && column < n) {
                typename W::Act act;
                W::load(act, product.activations, used * n + column);
#pragma unroll
                for (int i = 0; i < ROWS; i++) sum[i] += share * W::dot(raw[d][i], act);
            }
            fetch(raw[d], step + DEPTH * SPLIT);
        }
    }
#pragma unroll
    for (int i = 0; i < ROWS; i++) sum[i] = warp_sum(sum[i]);
    if (SPLIT > 1) {
        __shared__ float part[WARPS][ROWS];
        if (lane == 0) {
#pragma unroll
            for (int i = 0; i < ROWS; i++) part[warp][i] = sum[i];
        }
        __syncthreads();
#pragma unroll
        for (int i = 0; i < ROWS; i++) {
            sum[i] = part[warp - split][i];
#pragma unroll
            for (int s = 1; s < SPLIT; s++) sum[i] += part[warp - split + s][i];
        }
    }
    if (split != 0 || spare) return;
    // Lane i answers for slot i.
    float x = lane == 1 ? sum[1] : lane == 2 ? sum[2] : lane == 3 ? sum[3] : sum[0];
    if (KIND == GATED) {
        const int            row = local * 2 + lane % 2;
        const KernelMatrix & m   = product.matrices[lane / 2 % 2];
        if (m.bias && row < m.n_rows) x += m.bias[row];
        const float up = __shfl_sync(FULL, x, lane + 2);
        if (lane < 2 && row < m.n_rows) product.matrices[0].out[part * m.n_rows + row] = gated(product.gate, x) * up;
        return;
    }
    const int  row = row_of(matrix, product.rope, local, lane % ROWS);
    const bool in  = lane < ROWS && row < matrix.n_rows;
    if (matrix.bias && in) x += matrix.bias[row];
    if (matrix.rotate) {
        const KernelRope & rope  = product.rope;
        const float        other = __shfl_xor_sync(FULL, x, 1);
        const int          at    = row % rope.head_dim;
        if (in && at < rope.n_rot) {
            const float2 turn = rotation(rope, rope.neox ? at % (rope.n_rot / 2) : at / 2);
            x                 = lane % 2 == 0 ? x * turn.x - other * turn.y : other * turn.y + x * turn.x;
        }
    }
    if (!in) return;
    if (matrix.add) x += matrix.add[row];
    matrix.out[part * matrix.n_rows + row] = x;
}

template <KernelWeightType TYPE>
void launch(const ProductLaunch & p, KernelStream stream) {
    const Kind kind  = p.product.gate != KERNEL_GATE_NONE ? GATED : p.product.experts ? SUMMED : EACH;
    const int  parts = kind == SUMMED ? 1 : p.product.n_used, teams = p.n_teams * parts,
               steps  = int(ceil_div(p.product.n_columns, Weights<TYPE>::STEP)) * (p.product.n_used / parts),
               wanted = device_sm_count() * Pace<TYPE>::SM_WARPS;
    const int  split  = teams * 2 > wanted || steps < 2 ? 1 : teams * 4 > wanted || steps < 4 ? 2 : 4;
    const dim3 grid(unsigned(ceil_div(size_t(p.n_teams) * split, WARPS)), unsigned(parts));
    const auto go = [&](auto splits, auto of) {
        launch_early(multiply<TYPE, decltype(splits)::value, Kind(decltype(of)::value)>, grid, THREADS, 0, stream, p);
    };
    const auto pick = [&](auto of) {
        if (split == 1) go(IntTag<1>{}, of);
        else if (split == 2) go(IntTag<2>{}, of);
        else go(IntTag<4>{}, of);
    };
    if (kind == GATED) pick(IntTag<GATED>{});
    else if (kind == SUMMED) pick(IntTag<SUMMED>{});
    else pick(IntTag<EACH>{});
}

template <class Body>
KernelStatus dispatch_weights(KernelWeightType type, Body body) {
    switch (type) {
        case KERNEL_WEIGHTS_F16: return body(IntTag<KERNEL_WEIGHTS_F16>{});
        case KERNEL_WEIGHTS_BF16: return body(IntTag<KERNEL_WEIGHTS_BF16>{});
        case KERNEL_WEIGHTS_Q8_0: return body(IntTag<KERNEL_WEIGHTS_Q8_0>{});
        case KERNEL_WEIGHTS_Q4_0: return body(IntTag<KERNEL_WEIGHTS_Q4_0>{});
        case KERNEL_WEIGHTS_Q4_1: return body(IntTag<KERNEL_WEIGHTS_Q4_1>{});
        case KERNEL_WEIGHTS_Q4_K: return body(IntTag<KERNEL_WEIGHTS_Q4_K>{});
        case KERNEL_WEIGHTS_Q5_K: return body(IntTag<KERNEL_WEIGHTS_Q5_K>{});
        case KERNEL_WEIGHTS_Q6_K: return body(IntTag<KERNEL_WEIGHTS_Q6_K>{});
        case KERNEL_WEIGHTS_F32: return body(IntTag<KERNEL_WEIGHTS_F32>{});
    }
    return KERNEL_BAD_SHAPE;
}

}  // namespace

KernelStatus product(const KernelProduct & args, KernelStream stream) {
    const bool is_gated = args.gate != KERNEL_GATE_NONE;
    if (args.n_matrices < 1 || args.n_matrices > KERNEL_PRODUCT_MATRICES || args.n_columns < 1) return KERNEL_BAD_SHAPE;
    if (is_gated && (args.n_matrices != 2 || args.matrices[0].n_rows != args.matrices[1].n_rows))
        return KERNEL_BAD_SHAPE;
    const bool is_summed = args.experts && !is_gated;
    if (args.n_used < 1 || args.n_used > KERNEL_MAX_USED || (!args.experts && args.n_used > 1) ||
        (is_summed && (args.n_matrices != 1 || args.n_columns % 32 != 0)))
        return KERNEL_BAD_SHAPE;
    if ((args.experts && misaligned(args.experts, 4)) || (is_summed && misaligned(args.expert_weights, 4)))
        return KERNEL_BAD_POINTER;
    ProductLaunch p{};
    p.product = args;
    for (int m = 0; m < args.n_matrices; m++) {
        const KernelMatrix & matrix = args.matrices[m];
        if (matrix.n_rows < 1) return KERNEL_BAD_SHAPE;
        if (misaligned(matrix.weights) || (!(is_gated && m == 1) && misaligned(matrix.out, 4)))
            return KERNEL_BAD_POINTER;
        if (args.experts && (matrix.bias || matrix.rotate || matrix.expert_bytes % 16 != 0)) return KERNEL_BAD_SHAPE;
        if (matrix.rotate) {
            const KernelRope & r = args.rope;
            if (is_gated || r.head_dim % ROWS != 0 || matrix.n_rows % r.head_dim != 0 || r.n_rot < 2 ||
                r.n_rot % ROWS != 0 || r.n_rot > r.head_dim)
                return KERNEL_BAD_SHAPE;
            if (misaligned(r.position, 4)) return KERNEL_BAD_POINTER;
        }
        p.first_team[m] = p.n_teams;
        if (!is_gated || m == 0) p.n_teams += int(ceil_div(matrix.n_rows, is_gated ? 2 : ROWS));
    }
    return dispatch_weights(args.type, [&](auto type) {
        using W = Weights<KernelWeightType(decltype(type)::value)>;
        if (args.n_columns % W::GRANULE != 0) return KERNEL_BAD_SHAPE;
        const KernelActivations & a = args.activations;
        if (W::QUANTISED ? misaligned(a.q) || misaligned(a.scale, 4) || misaligned(a.sum, 4) : misaligned(a.x))
            return KERNEL_BAD_POINTER;
        launch<KernelWeightType(decltype(type)::value)>(p, stream);
        return launch_status();
    });
}

}  // namespace rocketdoc
