#include "host_memory.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>

#ifdef _WIN32
#include <windows.h>
#elif defined(__APPLE__)
#include <mach/mach.h>
#include <sys/sysctl.h>
#else
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace rocketdoc {

#ifdef _WIN32
int64_t host_memory_available() {
    MEMORYSTATUSEX status;
    status.dwLength = sizeof(status);
    return GlobalMemoryStatusEx(&status) ? int64_t(status.ullAvailPhys) : std::numeric_limits<int64_t>::max();
}
#elif defined(__APPLE__)
int64_t host_memory_available() {
    vm_statistics64_data_t stats;
    mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
    if (host_statistics64(mach_host_self(), HOST_VM_INFO64, reinterpret_cast<host_info64_t>(&stats), &count) != KERN_SUCCESS) {
        return std::numeric_limits<int64_t>::max();
    }
    return int64_t(stats.free_count + stats.inactive_count + stats.purgeable_count) * int64_t(vm_kernel_page_size);
}
#else
namespace {

int64_t read_number(const char * path) {
    std::ifstream file(path);
    int64_t       value = -1;
    return file >> value ? value : -1;  // "max" and a missing file both mean: no limit
}

int64_t meminfo_available() {
    std::ifstream file("/proc/meminfo");
    std::string   key, unit;
    int64_t       kib;
    while (file >> key >> kib) {
        std::getline(file, unit);
        if (key == "MemAvailable:") return kib * 1024;
    }
    return std::numeric_limits<int64_t>::max();
}

int64_t address_space_used() {
    std::ifstream file("/proc/self/statm");
    int64_t       pages = 0;
    return file >> pages ? pages * sysconf(_SC_PAGESIZE) : 0;
}

}  // namespace

int64_t host_memory_available() {
    int64_t available = meminfo_available();
    rlimit  limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        available = std::min(available, int64_t(limit.rlim_cur) - address_space_used());
    }
    int64_t group_max = read_number("/sys/fs/cgroup/memory.max"), group_now = read_number("/sys/fs/cgroup/memory.current");
    if (group_max > 0 && group_now >= 0) available = std::min(available, group_max - group_now);
    return std::max<int64_t>(0, available);
}
#endif

}  // namespace rocketdoc
