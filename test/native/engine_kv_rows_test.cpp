// Rows that grow: what was there is there after it; where memory does not suffice, every layer is as it was.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "check.h"
#include "device/device.h"
#include "engine/kv_rows.h"

#ifdef __linux__
#include <sys/resource.h>

#include <cstdio>
#endif

using namespace rocketdoc;

namespace {

const KvShape     SHAPE    = {8, 4, 64, GGML_TYPE_F16};
constexpr int64_t CAPACITY = 16384, LARGER = 24576, N_LIVE = 16001;  // 16 and 24 MiB a layer

LayerCounts all(int64_t rows) { return LayerCounts(size_t(SHAPE.n_layer), rows); }

std::unique_ptr<KvRows> make_rows(Device & device, std::mt19937_64 & random) {
    std::unique_ptr<KvRows> rows;
    CHECK(KvRows::create(LayerDevices(size_t(SHAPE.n_layer), &device), KvRows::Home::device, SHAPE, all(CAPACITY), rows)
              .ok());
    std::vector<uint64_t> values(size_t(CAPACITY) * SHAPE.row_bytes() / sizeof(uint64_t) / 2);
    for (int64_t layer = 0; layer < SHAPE.n_layer; layer++) {
        for (ggml_tensor * t : {rows->k(layer), rows->v(layer)}) {
            for (uint64_t & value : values) value = random();
            ggml_backend_tensor_set(t, values.data(), 0, ggml_nbytes(t));
        }
    }
    return rows;
}

bool has_one_stride(const KvRows & rows) {
    for (int64_t layer = 0; layer < SHAPE.n_layer; layer++) {
        for (const ggml_tensor * t : {rows.k(layer), rows.v(layer)}) {
            if (t->ne[1] != rows.capacity() || t->nb[2] != size_t(rows.capacity()) * t->nb[1]) return false;
        }
    }
    return true;
}

void test_growing(Device & device, std::mt19937_64 & random) {
    auto       rows   = make_rows(device, random);
    const auto before = rows->copy_out(0, N_LIVE);
    CHECK(rows->grow(all(LARGER), {N_LIVE, N_LIVE}).ok());
    CHECK(rows->capacity() >= LARGER && has_one_stride(*rows));
    CHECK(rows->copy_out(0, N_LIVE) == before);
    CHECK(rows->grow(all(CAPACITY), {N_LIVE, N_LIVE}).ok() && rows->capacity() >= LARGER);
}

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Address space of this process, in bytes.
int64_t address_space() {
    long        pages = 0;
    std::FILE * file  = std::fopen("/proc/self/statm", "r");
    if (file) {
        CHECK(std::fscanf(file, "%ld", &pages) == 1);
        std::fclose(file);
    }
    return int64_t(pages) * 4096;
}

// Some layers grow, then there is no more memory.
void test_half_grown(Device & device, std::mt19937_64 & random) {
    auto       rows   = make_rows(device, random);
    const auto before = rows->copy_out(0, N_LIVE);
    rlimit     limit;
    CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    constexpr int64_t LAYER = int64_t(24) << 20;  // a larger one; each adds a third of it for good
    const rlimit      tight{rlim_t(address_space() + LAYER * 5 / 2), limit.rlim_max};
    CHECK(setrlimit(RLIMIT_AS, &tight) == 0);
    const Status status = rows->grow(all(LARGER), {N_LIVE, N_LIVE});
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    CHECK(status.code == Code::HOST_OOM);
    CHECK(rows->capacity() == CAPACITY && has_one_stride(*rows));
    CHECK(rows->copy_out(0, N_LIVE) == before);
    // Later there is memory.
    CHECK(rows->grow(all(LARGER), {N_LIVE, N_LIVE}).ok() && has_one_stride(*rows));
    CHECK(rows->copy_out(0, N_LIVE) == before);
}
#else
void test_half_grown(Device &, std::mt19937_64 &) {}  // sanitizers need the address space that would be limited
#endif

}  // namespace

int main() {
    std::unique_ptr<Device> device;
    CHECK(Device::open({GGML_BINS, 1}, device).ok());
    std::mt19937_64 random(check::seed());
    test_growing(*device, random);
    test_half_grown(*device, random);
    return check::report();
}
