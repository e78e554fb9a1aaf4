#include "sft/quantised_base.h"

#include <fmt/format.h>

#include "sft/lora.h"
#include "tensor/error.h"

namespace pupil {

void quantise_base(Gpt& gpt, Quantisation kind) {
  for (Linear* l : gpt.linears()) {
    if (!l->weight.defined()) continue;
    try {
      l->quantised =
          std::make_shared<const QuantisedMatrix>(tensor::quantise(l->weight.value(), kind));
    } catch (const InputError& e) {
      throw InputError(fmt::format("{}.weight: {}", l->name, e.what()));
    }
    l->weight = Variable();
  }
  for (const NamedParameter& p : gpt.parameters()) {
    *p.variable = parameter(p.variable->value().clone(), p.name);
    p.variable->leaf()->trainable = false;
  }
  release_cached_memory();
}

void dequantise_base(Gpt& gpt) {
  for (Linear* l : gpt.linears()) {
    if (l->weight.defined()) continue;
    l->weight = parameter(l->weight_values(gpt.dtype()), l->name + ".weight");
    l->weight.leaf()->trainable = false;
    l->quantised = nullptr;
  }
}

BaseMemory memory_of(Gpt& gpt) {
  BaseMemory memory;
  std::size_t in_parameters = 0;  // linear weights among gpt.parameters()
  for (const Linear* l : gpt.linears()) {
    const std::size_t full = std::size_t(l->in() * l->out()) * size_of(gpt.dtype());
    memory.linear_weights_full += full;
    memory.linear_weights += l->weight.defined() ? full : l->quantised->bytes();
    if (l->weight.defined()) in_parameters += full;
  }
  for (const NamedParameter& p : gpt.parameters()) {
    memory.other_parameters += p.variable->value().bytes();
  }
  memory.other_parameters -= in_parameters;
  for (const NamedParameter& p : lora_parameters(gpt))
    memory.adapter += p.variable->value().bytes();
  return memory;
}

std::string text(const BaseMemory& m) {
  const auto mib = [](std::size_t bytes) { return double(bytes) / (1 << 20); };
  return fmt::format(
      "linear maps {:.1f} MiB where full precision takes {:.1f}, embeddings, norms and biases "
      "{:.1f} MiB, adapter {:.1f} MiB",
      mib(m.linear_weights), mib(m.linear_weights_full), mib(m.other_parameters), mib(m.adapter));
}

}  // namespace pupil
