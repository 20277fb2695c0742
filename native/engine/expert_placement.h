// Where the experts of a model lie that a device with memory of its own computes: there while they fit, else in RAM,
// layer by layer. Attention and all that serves every token is on the device in any case.
#pragma once

#include <vector>

#include "../device/device.h"
#include "memory_plan.h"

namespace rocketdoc {

// Instead of a number of layers whose experts lie in RAM: as few as the device's memory allows.
constexpr int64_t FEWEST_IN_RAM = -1;

// Whether the model has experts that are computed apart from the rest of their layer.
bool may_have_experts_in_ram(const HyperParams & params);

// n of n_layer layers, as evenly as it goes: while the device computes the others, one's experts are on their way.
std::vector<bool> spread_layers(int64_t n, int64_t n_layer);

// What it comes to when the experts of these layers, [n_layer], lie in RAM. Of a header.
ExpertsInRam count_experts(const Model & model, const std::vector<bool> & layers);

// Layers whose experts should lie in RAM, [n_layer]; empty: none. n_in_ram: so many of them, or FEWEST_IN_RAM, which is
// none where RAM has no room for them.
std::vector<bool> place_experts(const Model & model, int64_t n_in_ram, const DeviceTraits & device);

}  // namespace rocketdoc
