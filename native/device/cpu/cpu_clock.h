// The time that this process computed, all its threads together.
#pragma once

namespace rocketdoc {

// Seconds.
double process_cpu_seconds();
// Seconds, the least that two readings differ by when they differ.
double process_cpu_step();

}  // namespace rocketdoc
