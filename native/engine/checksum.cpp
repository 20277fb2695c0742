#include "checksum.h"

#include <bit>
#include <cstring>

namespace rocketdoc {
namespace {

constexpr uint64_t P1 = 11400714785074694791ull;
constexpr uint64_t P2 = 14029467366897019727ull;
constexpr uint64_t P3 = 1609587929392839161ull;
constexpr uint64_t P4 = 9650029242287828579ull;
constexpr uint64_t P5 = 2870177450012600261ull;

template <typename T>
T load(const uint8_t * p) {
    T value;
    std::memcpy(&value, p, sizeof(T));
    return value;
}

uint64_t round(uint64_t lane, uint64_t word) { return std::rotl(lane + word * P2, 31) * P1; }

}  // namespace

uint64_t checksum(const void * data, size_t bytes, uint64_t seed) {
    const uint8_t *       p   = static_cast<const uint8_t *>(data);
    const uint8_t * const end = p + bytes;
    uint64_t              hash;
    if (bytes >= 32) {
        uint64_t lanes[4] = {seed + P1 + P2, seed + P2, seed, seed - P1};
        for (; end - p >= 32; p += 32) {
            for (int i = 0; i < 4; i++) lanes[i] = round(lanes[i], load<uint64_t>(p + 8 * i));
        }
        hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
        for (uint64_t lane : lanes) hash = (hash ^ round(0, lane)) * P1 + P4;
    } else {
        hash = seed + P5;
    }
    hash += bytes;
    for (; end - p >= 8; p += 8) hash = std::rotl(hash ^ round(0, load<uint64_t>(p)), 27) * P1 + P4;
    if (end - p >= 4) {
        hash = std::rotl(hash ^ (load<uint32_t>(p) * P1), 23) * P2 + P3;
        p += 4;
    }
    for (; p < end; p++) hash = std::rotl(hash ^ (*p * P5), 11) * P1;
    hash = (hash ^ (hash >> 33)) * P2;
    hash = (hash ^ (hash >> 29)) * P3;
    return hash ^ (hash >> 32);
}

}  // namespace rocketdoc
