#include "cpu_clock.h"

#ifdef _WIN32
#include <cstdint>

#include <windows.h>
#else
#include <ctime>
#endif

namespace rocketdoc {

#ifdef _WIN32
double process_cpu_seconds() {
    FILETIME created, ended, kernel, user;  // in 100 ns
    if (!GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user)) return 0;
    auto seconds = [](const FILETIME & time) {
        return 1e-7 * double((uint64_t(time.dwHighDateTime) << 32) | time.dwLowDateTime);
    };
    return seconds(kernel) + seconds(user);
}

double process_cpu_step() { return 1.0 / 64; }
#else
double process_cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

double process_cpu_step() {
    timespec step{};
    clock_getres(CLOCK_PROCESS_CPUTIME_ID, &step);
    return double(step.tv_sec) + 1e-9 * double(step.tv_nsec);
}
#endif

}  // namespace rocketdoc
