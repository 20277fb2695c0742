// Checks for native test programs: plain executables, no framework. A program prints its seed first, every failed check
// as file:line, expression and seed, and `N passed, N failed` as its last line; check::report() is main's return value.
#pragma once

#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace check {

inline int64_t n_passed = 0;
inline int64_t n_failed = 0;

// Fresh every run; ROCKETDOC_TEST_SEED repeats one.
inline uint64_t seed() {
    static const uint64_t value = [] {
        const char *   given  = std::getenv("ROCKETDOC_TEST_SEED");
        const uint64_t chosen = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
        std::printf("seed %llu\n", static_cast<unsigned long long>(chosen));
        return chosen;
    }();
    return value;
}

inline bool that(bool holds, const char * file, int line, const char * expression) {
    if (holds) {
        n_passed++;
    } else if (++n_failed <= 50) {  // enough to see the pattern
        std::printf("%s:%d: failed: %s (ROCKETDOC_TEST_SEED=%llu)\n", file, line, expression,
                    static_cast<unsigned long long>(seed()));
    }
    return holds;
}

inline bool near(double a, double b, double tolerance, const char * file, int line, const char * expression) {
    const bool holds = std::fabs(a - b) <= tolerance;  // false for NaN
    if (!that(holds, file, line, expression) && n_failed <= 50)
        std::printf("    %.9g and %.9g differ by %.3g, allowed %.3g\n", a, b, std::fabs(a - b), tolerance);
    return holds;
}

// A check whose sentence, in printf's words, says what was looked at.
inline bool said(bool holds, const char * format, ...) {
    if (holds) {
        n_passed++;
    } else if (++n_failed <= 50) {
        va_list values;
        va_start(values, format);
        std::printf("failed: ");
        std::vprintf(format, values);
        va_end(values);
        std::printf(" (ROCKETDOC_TEST_SEED=%llu)\n", static_cast<unsigned long long>(seed()));
    }
    return holds;
}

inline int report() {
    std::printf("%lld passed, %lld failed\n", static_cast<long long>(n_passed), static_cast<long long>(n_failed));
    return n_failed ? 1 : 0;
}

}  // namespace check

#define CHECK(expression)           ::check::that(bool(expression), __FILE__, __LINE__, #expression)
#define CHECK_NEAR(a, b, tolerance) ::check::near((a), (b), (tolerance), __FILE__, __LINE__, #a " ~ " #b)
