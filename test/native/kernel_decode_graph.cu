// A token captured once (advance, select with append, attention) and replayed while the cache grows from nearly empty
// to full and beyond: every replay must equal the reference at that length. Pages, codes, codes with residual, dense.
#include "kernels/reference.h"

using namespace kernel_test;

enum Mode { PAGES, CODES, RESIDUAL, DENSE };

static void one(Rng & rng, Mode mode, int G, int g, int D, int n0, int capacity, int page, int k) {
    Cache            cache(rng, G, g, D, capacity, n0);
    const int        stride = kernel_page_stride(capacity, page);
    Buffer<uint16_t> minmax(size_t(G) * D * page_sides(page) * stride);
    KernelPages      pages;
    pages.minmax = minmax.data, pages.page = page;
    const float       scale = some_scale(rng, D);
    Codes             codes(G, D, capacity, mode == RESIDUAL);
    const KernelCodes codes_view = codes.view();
    const KernelCache view       = cache.view();
    Buffer<int32_t>   ids(size_t(G) * k), capacities(std::vector<int32_t>{capacity});
    Buffer<float>     q(size_t(G) * g * D), out(q.n), nk(size_t(G) * D), nv(nk.n);
    Workspace         build(kernels().codes_build_workspace_bytes(view), true),
        select(
            std::max(kernels().select_codes_workspace_bytes(view), kernels().select_pages_workspace_bytes(view, pages)),
            true),
        work(kernels().sparse_attention_workspace_bytes(view, k), true);
    launched(kernels().page_minmax(view, n0, pages, nullptr), "page_minmax");
    launched(kernels().codes_build({view, n0, nullptr, codes_view}, build, nullptr), "codes_build");

    cudaStream_t stream;
    CUDA_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    CUDA_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    KernelNewRow row;
    row.k = nk.data, row.v = nv.data;
    bool               ok = kernels().advance_rows({cache.n_rows.data, capacities.data, 1}, stream) == KERNEL_OK;
    const int          r  = std::max(1, D / 2);
    const KernelChoice choice{view, row, q.data, scale, k, ids.data};
    if (mode == PAGES) ok = ok && kernels().select_pages({choice, pages, r}, select, stream) == KERNEL_OK;
    if (mode == CODES || mode == RESIDUAL)
        ok = ok && kernels().select_codes({choice, codes_view}, select, stream) == KERNEL_OK;
    if (mode == DENSE) ok = ok && kernels().append_kv(view, row, nullptr, nullptr, stream) == KERNEL_OK;
    KernelAttention attention{view, q.data, scale, mode == DENSE ? nullptr : ids.data, k, {out.data}};
    if (mode == RESIDUAL) attention.residual = &codes_view, attention.select_workspace = select.data;
    ok = ok && kernels().sparse_attention(attention, work, stream) == KERNEL_OK;
    cudaGraph_t graph;
    CUDA_OK(cudaStreamEndCapture(stream, &graph));
    said(ok, "capture");
    cudaGraphExec_t token;
    CUDA_OK(cudaGraphInstantiate(&token, graph, 0));

    int n = n0;
    for (; n < capacity;) {
        const std::vector<float> hq = normals(rng, q.n), hk = normals(rng, nk.n), hv = normals(rng, nv.n);
        q.upload(hq), nk.upload(hk), nv.upload(hv);
        ids.poison(), out.poison();
        CUDA_OK(cudaDeviceSynchronize());
        CUDA_OK(cudaGraphLaunch(token, stream));
        CUDA_OK(cudaStreamSynchronize(stream));
        for (int j = 0; j < G; j++) {
            for (int c = 0; c < D; c++) {
                cache.k_host[(size_t(j) * capacity + n) * D + c] = to_half(hk[size_t(j) * D + c]);
                cache.v_host[(size_t(j) * capacity + n) * D + c] = to_half(hv[size_t(j) * D + c]);
            }
        }
        n++;
        codes.download();
        const std::vector<int32_t> chosen = ids.download();
        const std::vector<float>   got    = out.download();
        bool                       good   = true;
        double                     worst  = 0;
        for (int j = 0; j < G; j++) {
            const int            taken = mode == DENSE ? n : std::min(k, n);
            std::vector<int32_t> mine(chosen.begin() + size_t(j) * k, chosen.begin() + size_t(j) * k + std::min(k, n));
            const HostHead       head(cache, j, n);
            const reference::Query query = query_of(cache, j, hq, scale);
            if (mode == PAGES)
                good =
                    good && same_choice(reference::page_scores(head.view(), query, page, r), mine.data(), taken, 1e-4);
            if (mode == CODES || mode == RESIDUAL)
                good = good && same_choice(reference::code_scores(codes.coded(j, n), query), mine.data(), taken, 1e-4);
            if (mode == DENSE) {
                mine.resize(static_cast<size_t>(n));
                for (int i = 0; i < n; i++) mine[i] = i;
            }
            if (!good) break;
            const double e = relative_error(
                &got[size_t(j) * g * D],
                mode == RESIDUAL ? reference::residual_attention(codes.coded(j, n), head.view(), query, mine)
                                 : reference::attention(head.view(), query, mine),
                D);
            worst = e <= worst ? worst : e;
        }
        said(good && worst <= 1e-4, "replay: mode %d, G %d, g %d, D %d, n %d of %d, page %d, k %d: choice %d, error %g",
             mode, G, g, D, n, capacity, page, k, good, worst);
    }
    // Full: further tokens must not write anywhere else.
    for (int i = 0; i < 2; i++) CUDA_OK(cudaGraphLaunch(token, stream));
    CUDA_OK(cudaStreamSynchronize(stream));
    said(cache.n_rows.download()[0] == capacity, "the count stops at the capacity");
    check_counters(select, "select"), check_counters(work, "sparse_attention");
    CUDA_OK(cudaGraphExecDestroy(token));
    CUDA_OK(cudaGraphDestroy(graph));
    CUDA_OK(cudaStreamDestroy(stream));
}

int main(int argc, char ** argv) {
    return run(argc, argv, "decode_graph", [](uint64_t seed, bool small) {
        Rng rng(seed);
        for (int mode = PAGES; mode <= DENSE; mode++) {
            one(rng, Mode(mode), 2, 4, 128, 1, small ? 12 : 40, 3, 8);
            one(rng, Mode(mode), 1, 3, 64, 500, small ? 504 : 530, 2, 100);  // across a tile of 512 tokens
            one(rng, Mode(mode), 1, 8, 512, 62, small ? 67 : 80, 3, 40);
            if (small) continue;
            one(rng, Mode(mode), 2, 8, 96, 380, 400, 1, 64);
            one(rng, Mode(mode), 1, 16, 256, 1020, 1030, 8, 200);
            one(rng, Mode(mode), 1, 16, 512, 1020, 1030, 2, 200);
        }
    });
}
