#include "panels.h"

#include <cstring>

namespace rocketdoc {

void rows_to_f32(const RowsView & rows, int head, int64_t first, int n, float * out) {
    const CpuKernels & cpu = cpu_kernels();
    const int          D   = rows.head_dim;
    for (int i = 0; i < n; i++, out += D) {
        const void * row = rows.row(head, first + i);
        switch (rows.type) {
            case RowType::f32: std::memcpy(out, row, size_t(D) * sizeof(float)); break;
            case RowType::f16: cpu.f32_from_f16(static_cast<const f16_bits *>(row), D, out); break;
            case RowType::q8_0: cpu.f32_from_q8_0(row, D, out); break;
        }
    }
}

void pack_panel(const float * const * rows, float scale, int D, float * panel) {
    for (int lane = 0; lane < PANEL_ROWS; lane++)
        for (int c = 0; c < D; c++) panel[c * PANEL_ROWS + lane] = rows[lane] ? rows[lane][c] * scale : 0.0f;
}

}  // namespace rocketdoc
