// The time that this process computed, all its threads together, and that the machine did.
#pragma once

namespace rocketdoc {

// Seconds.
double process_cpu_seconds();
// Seconds, the least that two readings differ by when they differ.
double process_cpu_step();

// Cores that this process may use; at least 1.
int usable_cores();
// Seconds that the cores which this process may use were idle, all together; below 0: the system does not say.
double idle_cpu_seconds();

}  // namespace rocketdoc
