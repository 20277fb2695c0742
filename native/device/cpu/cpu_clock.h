// CPU time of this process, all its threads together, and idle time of the machine.
#pragma once

namespace rocketdoc {

// Seconds.
double process_cpu_seconds();
// Seconds: the resolution of process_cpu_seconds().
double process_cpu_step();

// Cores that this process may use; at least 1.
int usable_cores();
// Idle seconds, summed over the cores that this process may use; below 0: the system does not say.
double idle_cpu_seconds();

}  // namespace rocketdoc
