// Rows that grow: what was there is there after it; where memory does not suffice, every layer is as it was. Layers
// that keep no rows take nothing, in memory or in a file.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "device/device.h"
#include "engine/kv_file.h"
#include "engine/kv_rows.h"
#include "tiny_model.h"

#ifdef __linux__
#include <sys/resource.h>
#endif

using namespace rocketdoc;

namespace {

const KvShape     SHAPE    = {GGML_TYPE_F16, std::vector<LayerKv>(8, {4, 64})};
constexpr int64_t CAPACITY = 16384, LARGER = 24576, N_LIVE = 16001;  // 16 and 24 MiB a layer

LayerCounts all(int64_t rows) { return LayerCounts(size_t(SHAPE.n_layer()), rows); }

void fill(KvRows & rows, std::mt19937_64 & random) {
    for (int64_t layer = 0; layer < rows.shape().n_layer(); layer++) {
        for (ggml_tensor * t : {rows.k(layer), rows.v(layer)}) {
            if (!t) continue;
            std::vector<uint64_t> values(ggml_nbytes(t) / sizeof(uint64_t));
            for (uint64_t & value : values) value = random();
            ggml_backend_tensor_set(t, values.data(), 0, ggml_nbytes(t));
        }
    }
}

std::unique_ptr<KvRows> make_rows(Device & device, std::mt19937_64 & random) {
    std::unique_ptr<KvRows> rows;
    CHECK(
        KvRows::create(LayerDevices(size_t(SHAPE.n_layer()), &device), KvRows::Home::device, SHAPE, all(CAPACITY), rows)
            .ok());
    fill(*rows, random);
    return rows;
}

bool has_one_stride(const KvRows & rows) {
    for (int64_t layer = 0; layer < SHAPE.n_layer(); layer++) {
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

// Layers with every row, with a window's, and with none.
void test_layers_without_rows(Device & device, std::mt19937_64 & random) {
    constexpr int64_t N_TOKENS = 300;
    const LayerKv     none{2, 64, 0, false}, every{2, 64}, window{2, 64, 100};
    const KvShape     shape{GGML_TYPE_F16, {none, every, window, none, every}};
    const LayerCounts kept = shape.kept(N_TOKENS);
    CHECK((kept == LayerCounts{0, N_TOKENS, rows_kept(100, N_TOKENS), 0, N_TOKENS}));
    CHECK(shape.bytes(kept) == size_t(2 * N_TOKENS + rows_kept(100, N_TOKENS)) * 2 * 64 * 2 * 2);
    CHECK(shape.room(N_TOKENS, 400)[0] == 0 && shape.room(N_TOKENS, 400)[1] == 400);
    CHECK(shape.read_bytes(N_TOKENS, N_TOKENS) == double(2 * N_TOKENS + 100) * 64 * 2 * 2 / 5);
    const LayerDevices      devices(size_t(shape.n_layer()), &device);
    std::unique_ptr<KvRows> rows, read;
    for (auto * made : {&rows, &read})
        CHECK(KvRows::create(devices, KvRows::Home::device, shape, shape.room(N_TOKENS, N_TOKENS), *made).ok());
    CHECK(!rows->k(0) && !rows->v(3) && rows->k(1) && rows->capacity(3) == 0 && rows->capacity() == N_TOKENS);
    fill(*rows, random);
    rows->set_first(2, first_kept(100, N_TOKENS));

    const std::string path = temporary_path(".kv");
    const KvFileKey   key{7, shape, random_tokens(random, int(N_TOKENS), 99)};
    {
        std::unique_ptr<KvFileWriter> writer;
        bool                          done = false;
        CHECK(KvFileWriter::begin(path, key, nullptr, writer).ok());
        while (!done) CHECK(writer->write_part(*rows, 10000, done).ok());
        KvFileReader reader;
        CHECK(KvFileReader::open(path, key, reader).ok() && reader.read_rows(*read, nullptr, nullptr).ok());
    }
    std::remove(path.c_str());
    // Positions that every layer has.
    const int64_t from = rows->first(2);
    CHECK(read->first(2) == from && read->copy_out(from, N_TOKENS) == rows->copy_out(from, N_TOKENS));
    CHECK(rows->copy_out(from, N_TOKENS).size() == size_t(3 * (N_TOKENS - from)) * shape.row_bytes(1));

    const auto before = rows->copy_out(from, N_TOKENS);
    CHECK(rows->grow(shape.room(N_TOKENS, 500), {N_TOKENS, N_TOKENS}).ok() && rows->capacity(0) == 0);
    CHECK(rows->capacity() == 500 && rows->copy_out(from, N_TOKENS) == before);
    fill(*rows, random);
    rows->copy_in(before, from, N_TOKENS);
    CHECK(rows->copy_out(from, N_TOKENS) == before);
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
    test_layers_without_rows(*device, random);
    return check::report();
}
