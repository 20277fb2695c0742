#include "cpu_clock.h"

#include <algorithm>
#include <cstdint>
#include <thread>

#ifdef _WIN32
#include <windows.h>
#elif defined(__APPLE__)
#include <mach/mach.h>
#include <unistd.h>

#include <ctime>
#else
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "../../open_file.h"
#endif

namespace rocketdoc {

#ifdef _WIN32
namespace {

double seconds(const FILETIME & time) {  // in 100 ns
    return 1e-7 * double((uint64_t(time.dwHighDateTime) << 32) | time.dwLowDateTime);
}

}  // namespace

double process_cpu_seconds() {
    FILETIME created, ended, kernel, user;
    if (!GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user)) return 0;
    return seconds(kernel) + seconds(user);
}

double process_cpu_step() { return 1.0 / 64; }

int usable_cores() { return int(std::max(1u, std::thread::hardware_concurrency())); }

double idle_cpu_seconds() {
    FILETIME idle, kernel, user;
    return GetSystemTimes(&idle, &kernel, &user) ? seconds(idle) : -1;
}
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

#ifdef __APPLE__
int usable_cores() { return int(std::max(1u, std::thread::hardware_concurrency())); }

double idle_cpu_seconds() {
    host_cpu_load_info_data_t load;
    mach_msg_type_number_t    count = HOST_CPU_LOAD_INFO_COUNT;
    if (host_statistics(mach_host_self(), HOST_CPU_LOAD_INFO, reinterpret_cast<host_info_t>(&load), &count) !=
        KERN_SUCCESS) {
        return -1;
    }
    return double(load.cpu_ticks[CPU_STATE_IDLE]) / double(sysconf(_SC_CLK_TCK));
}
#else
int usable_cores() {
    cpu_set_t usable;
    if (sched_getaffinity(0, sizeof(usable), &usable) == 0) return std::max(1, CPU_COUNT(&usable));
    return int(std::max(1u, std::thread::hardware_concurrency()));
}

double idle_cpu_seconds() {
    cpu_set_t usable;
    if (sched_getaffinity(0, sizeof(usable), &usable) != 0) return -1;
    const FilePtr file = open_to_read("/proc/stat");
    if (!file) return -1;
    // "cpu<n> user nice system idle iowait ...", in ticks. Later lines have other names and are long.
    unsigned long long ticks = 0, idle = 0, waiting = 0;
    bool               known = false;
    char               line[512];
    while (std::fgets(line, sizeof(line), file.get())) {
        int core = 0;
        if (std::sscanf(line, "cpu%d %*u %*u %*u %llu %llu", &core, &idle, &waiting) != 3) continue;
        if (core < 0 || core >= CPU_SETSIZE || !CPU_ISSET(core, &usable)) continue;
        ticks += idle + waiting;
        known = true;
    }
    return known ? double(ticks) / double(sysconf(_SC_CLK_TCK)) : -1;
}
#endif
#endif

}  // namespace rocketdoc
