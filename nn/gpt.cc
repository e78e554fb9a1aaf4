#include "nn/gpt.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "nn/kv_cache.h"
#include "tensor/attention.h"
#include "tensor/error.h"
#include "tensor/random.h"
#include "tensor/reduce.h"
#include "tensor/shapes.h"

namespace pupil {

void GptConfig::check() const {
  const auto need = [](bool holds, const std::string& message) {
    if (!holds) throw UsageError(message);
  };
  need(vocab_size > 0 && context > 0 && n_layer > 0 && n_head > 0 && n_embd > 0 && inner() > 0,
       "vocabulary, context, layers, heads and dim must be at least 1");
  need(n_embd % n_head == 0, fmt::format("dim {} is not a multiple of heads {}", n_embd, n_head));
  need(n_head % kv_heads() == 0,
       fmt::format("heads {} is not a multiple of key/value heads {}", n_head, kv_heads()));
  need(positions != PositionKind::kRope || head_dim() % 2 == 0,
       fmt::format("rotary positions need an even head dim, {} / {} is {}", n_embd, n_head,
                   head_dim()));
  need(dropout >= 0 && dropout < 1, fmt::format("dropout {} is not in [0, 1)", dropout));
}

Gpt::Gpt(const GptConfig& config, const Source& source) : config_(config) {
  config.check();
  const std::int64_t width = config.n_embd;
  const auto make = [&](const std::string& name, const Shape& shape) {
    return parameter(source("transformer." + name, shape), "transformer." + name);
  };
  const auto make_linear = [&](const std::string& name, std::int64_t in, std::int64_t out) {
    return Linear{"transformer." + name, make(name + ".weight", {in, out}),
                  config.bias ? make(name + ".bias", {out}) : Variable()};
  };
  const auto make_norm = [&](const std::string& name) {
    const bool bias = config.bias && config.norm == NormKind::kLayer;
    return Norm{config.norm, config.norm_eps, make(name + ".weight", {width}),
                bias ? make(name + ".bias", {width}) : Variable()};
  };
  wte = make("wte.weight", {config.vocab_size, width});
  if (config.positions == PositionKind::kLearned) {
    wpe = make("wpe.weight", {config.context, width});
  }
  const std::int64_t packed = (config.n_head + 2 * config.kv_heads()) * config.head_dim();
  const std::int64_t up = config.mlp == MlpKind::kSwiglu ? 2 * config.inner() : config.inner();
  for (std::int64_t i = 0; i < config.n_layer; ++i) {
    const std::string h = fmt::format("h.{}.", i);
    blocks.push_back({make_norm(h + "ln_1"), make_norm(h + "ln_2"),
                      make_linear(h + "attn.c_attn", width, packed),
                      make_linear(h + "attn.c_proj", width, width),
                      make_linear(h + "mlp.c_fc", width, up),
                      make_linear(h + "mlp.c_proj", config.inner(), width)});
  }
  ln_f = make_norm("ln_f");
  if (!config.tied_head) {
    lm_head = parameter(source("lm_head.weight", {config.vocab_size, width}), "lm_head.weight");
  }
}

namespace {

Gpt::Source initial_values(const GptConfig& config, std::uint64_t seed, DType dtype) {
  const double residual = 0.02 / std::sqrt(2.0 * double(config.n_layer));
  return [=, stream = std::uint64_t{0}](const std::string& name, const Shape& shape) mutable {
    ++stream;
    if (shape.rank() == 1) {
      const bool is_norm_weight =
          name.find(".ln_") != std::string::npos && name.ends_with(".weight");
      return Tensor::full(shape, is_norm_weight ? 1 : 0, dtype);
    }
    const double deviation = name.ends_with("c_proj.weight") ? residual : 0.02;
    return tensor::normal(shape, 0, deviation, seed, stream, dtype);
  };
}

}  // namespace

Gpt::Gpt(const GptConfig& config, std::uint64_t seed, DType dtype)
    : Gpt(config, initial_values(config, seed, dtype)) {}

std::vector<NamedParameter> Gpt::parameters() {
  std::vector<NamedParameter> list;
  const auto add = [&](Variable& v) {
    if (v.defined()) list.push_back({v.leaf()->name, &v});
  };
  const auto add_linear = [&](Linear& l) { add(l.weight), add(l.bias); };
  const auto add_norm = [&](Norm& n) { add(n.weight), add(n.bias); };
  add(wte);
  add(wpe);
  for (Block& block : blocks) {
    add_norm(block.ln_1);
    add_linear(block.c_attn);
    add_linear(block.attn_c_proj);
    add_norm(block.ln_2);
    add_linear(block.c_fc);
    add_linear(block.mlp_c_proj);
  }
  add_norm(ln_f);
  add(lm_head);
  return list;
}

std::vector<Linear*> Gpt::linears() {
  std::vector<Linear*> list;
  for (Block& b : blocks) {
    for (Linear* l : {&b.c_attn, &b.attn_c_proj, &b.c_fc, &b.mlp_c_proj}) list.push_back(l);
  }
  return list;
}

std::int64_t Gpt::parameter_count() const {
  std::int64_t count = 0;
  for (const NamedParameter& p : const_cast<Gpt*>(this)->parameters()) {
    count += p.variable->value().numel();
  }
  for (const Linear* l : const_cast<Gpt*>(this)->linears()) {
    if (!l->weight.defined()) count += l->in() * l->out();
  }
  return count;
}

Variable TrainedRows::placed_in(const Variable& table) const {
  if (ids.empty()) return table;
  return replace_rows(table, Tensor::from<std::int32_t>({std::int64_t(ids.size())}, ids), rows);
}

Variable Gpt::token_embedding() const { return special_rows.placed_in(wte); }

Variable Gpt::head_weight() const {
  return lm_head.defined() ? special_head_rows.placed_in(lm_head) : token_embedding();
}

void Gpt::grow_vocabulary(std::int64_t size) {
  if (size <= config_.vocab_size) return;
  for (Variable* table : {&wte, &lm_head}) {
    if (!table->defined()) continue;
    const Tensor old = table->value();
    const std::int64_t n = old.shape()[0];
    const Tensor grown = Tensor::empty({size, old.shape()[1]}, old.dtype());
    grown.rows(0, n).copy_(old);
    const Tensor mean = tensor::mean(old, 0).reshape({1, old.shape()[1]});
    for (std::int64_t row = n; row < size; ++row) grown.rows(row, row + 1).copy_(mean);
    const bool trains = table->leaf()->trainable;
    *table = parameter(grown, table->leaf()->name);
    table->leaf()->trainable = trains;
  }
  config_.vocab_size = size;
}

void Gpt::renew_tokens(std::span<const std::int32_t> ids, std::uint64_t seed) {
  for (const std::int32_t id : ids) {
    wte.value()
        .rows(id, id + 1)
        .copy_(tensor::normal({1, config_.n_embd}, 0, 0.02, seed, std::uint64_t(id), dtype()));
  }
}

void Gpt::untie_head() {
  if (lm_head.defined()) return;
  lm_head = parameter(wte.value().clone(), "lm_head.weight");
  config_.tied_head = false;
}

Variable Gpt::logits(const Variable& hidden) const { return linear(hidden, head_weight()); }

void Gpt::check_input(const GptInput& input, const KvCache* cache) const {
  const Tensor& ids = input.ids;
  if (ids.dtype() != DType::kInt32 || ids.shape().rank() != 2) {
    throw ShapeError(fmt::format("[gpt] ids must be (B, T) i32, got {}", ids.str()));
  }
  std::int64_t past = 0;
  if (cache) {
    for (const std::int32_t length : cache->lengths) past = std::max<std::int64_t>(past, length);
  }
  const std::int64_t end = past + ids.shape()[1];
  // A row of packed records may be longer than the context: their positions count each from 0.
  if (!input.positions.defined() && end > config_.context) {
    throw IndexError(fmt::format("[gpt] the sequence has {} positions, the model's context is {}",
                                 end, config_.context));
  }
  for (const std::int32_t id : ids.span<std::int32_t>()) {
    if (id < 0 || id >= config_.vocab_size) {
      throw IndexError(
          fmt::format("[gpt] id {} is outside the vocabulary of {}", id, config_.vocab_size));
    }
  }
  for (const Tensor* other : {&input.positions, &input.segments}) {
    if (other->defined() && (other->shape() != ids.shape() || other->dtype() != DType::kInt32)) {
      throw ShapeError(fmt::format("[gpt] positions and segments must be as ids {}, got {}",
                                   ids.str(), other->str()));
    }
  }
  if (input.positions.defined()) {
    for (const std::int32_t p : input.positions.span<std::int32_t>()) {
      if (p < 0 || p >= config_.context) {
        throw IndexError(
            fmt::format("[gpt] position {} is outside the context of {}", p, config_.context));
      }
    }
  }
}

namespace {

// 0, 1, 2, ... in every row, or going on behind what a cache holds.
Tensor counted_positions(const Shape& shape, const KvCache* cache) {
  Tensor positions = Tensor::empty(shape, DType::kInt32);
  std::int32_t* p = positions.data<std::int32_t>();
  for (std::int64_t b = 0; b < shape[0]; ++b) {
    const std::int32_t first = cache ? cache->lengths[b] : 0;
    for (std::int64_t t = 0; t < shape[1]; ++t) *p++ = first + std::int32_t(t);
  }
  return positions;
}

}  // namespace

Variable Gpt::hidden(const GptInput& input, Pass& pass, KvCache* cache) const {
  check_input(input, cache);
  GptInput in = input;
  if (!in.positions.defined()) in.positions = counted_positions(in.ids.shape(), cache);
  Variable x = embedding(token_embedding(), in.ids);
  if (in.embedding_noise.defined()) x = add(x, constant(in.embedding_noise));
  if (wpe.defined()) x = add(x, embedding(wpe, in.positions));
  x = pass.dropout(x, config_.dropout);
  for (std::size_t layer = 0; layer < blocks.size(); ++layer) {
    const Block& block = blocks[layer];
    x = add(x,
            pass.dropout(attention(block, block.ln_1(x), in, pass, cache, layer), config_.dropout));
    x = add(x, pass.dropout(mlp(block, block.ln_2(x), pass), config_.dropout));
  }
  if (cache) cache->advance(in.ids.shape()[1]);
  return ln_f(x);
}

// NB: GPT-2 also drops attention probabilities in training; the fused kernel never holds them, so
// dropout acts on the embeddings and on the output of each branch.
Variable Gpt::attention(const Block& block, const Variable& x, const GptInput& input, Pass& pass,
                        KvCache* cache, std::size_t layer) const {
  const Heads heads = config_.heads();
  const std::int64_t B = x.shape()[0], T = x.shape()[1], D = heads.head_dim;
  const std::array<std::int64_t, 3> widths{heads.n_head * D, heads.n_kv_head * D,
                                           heads.n_kv_head * D};
  Variable qkv = block.c_attn(x, pass);
  if (config_.positions == PositionKind::kRope) {
    auto parts = split(qkv, widths, -1);
    for (int i : {0, 1}) {
      const Variable by_head = reshape(parts[i], {B, T, widths[i] / D, D});
      parts[i] = reshape(rope(by_head, input.positions, config_.rope_theta, config_.rope_form),
                         {B, T, widths[i]});
    }
    qkv = concat(parts, -1);
  }
  Variable out;
  if (cache) {
    const Tensor q = tensor::narrow(qkv.value(), 2, 0, widths[0]);
    const Tensor k = tensor::narrow(qkv.value(), 2, widths[0], widths[1]);
    const Tensor v = tensor::narrow(qkv.value(), 2, widths[0] + widths[1], widths[2]);
    cache->append(layer, k, v);
    std::vector<std::int32_t> lengths = cache->lengths;
    for (std::int32_t& length : lengths) length += std::int32_t(T);
    out = constant(tensor::causal_attention_cached(q, cache->layers[layer].keys,
                                                   cache->layers[layer].values, lengths, heads));
  } else {
    out = causal_attention(qkv, heads, input.segments);
  }
  return block.attn_c_proj(out, pass);
}

Variable Gpt::mlp(const Block& block, const Variable& x, Pass& pass) const {
  const Linear& up = block.c_fc;
  Variable h;
  if (config_.mlp == MlpKind::kGeluTanh && up.bias.defined()) {
    h = bias_gelu(up.without_bias(x, pass), up.bias);
  } else {
    h = up(x, pass);
    switch (config_.mlp) {
      case MlpKind::kGeluTanh:
        h = gelu_tanh(h);
        break;
      case MlpKind::kGeluErf:
        h = gelu_erf(h);
        break;
      case MlpKind::kRelu:
        h = relu(h);
        break;
      case MlpKind::kSwiglu: {
        const auto parts =
            split(h, std::array<std::int64_t, 2>{config_.inner(), config_.inner()}, -1);
        h = swiglu(parts[0], parts[1]);
        break;
      }
    }
  }
  return block.mlp_c_proj(h, pass);
}

}  // namespace pupil
