// Many queries against a block of rows: rows made f32 once, queries packed so that a lane is a query. What stage 1 and
// the attention of a tile begin with.
#pragma once

#include "cpu/kernels.h"
#include "rows.h"

namespace rocketdoc {

// Rows first .. first + n of a head, out [n][D].
void rows_to_f32(const RowsView & rows, int head, int64_t first, int n, float * out);

// PANEL_ROWS queries of D channels each, transposed to panel [D][PANEL_ROWS] and scaled; zero where there is none.
void pack_panel(const float * const * rows, float scale, int D, float * panel);

}  // namespace rocketdoc
