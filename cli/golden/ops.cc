// Family ops: single operations, forward and backward. A file holds the inputs in.NAME, the output
// out, the gradient grad_out that arrives there and grad.NAME for every float input.
#include <fmt/format.h>

#include <map>

#include "autograd/operations.h"
#include "cli/golden/case.h"
#include "cli/golden/files.h"
#include "tensor/error.h"

namespace pupil::golden {
namespace {

// What an operation is applied to: float inputs are parameters, integer ones plain tensors.
struct Operands {
  std::map<std::string, Variable> floats;
  std::map<std::string, Tensor> integers;
  Json attrs;

  const Variable& operator[](const char* name) const { return need(floats, name); }
  const Tensor& ints(const char* name) const { return need(integers, name); }
  bool flag(const char* name) const { return attrs.value(name, false); }
  double number(const char* name) const { return attrs.at(name).get<double>(); }
  int axis() const { return attrs.at("axis").get<int>(); }
  double smoothing() const { return attrs.value("label_smoothing", 0.0); }

 private:
  template <class T>
  static const T& need(const std::map<std::string, T>& inputs, const char* name) {
    const auto it = inputs.find(name);
    if (it == inputs.end()) throw InputError(fmt::format("there is no input in.{}", name));
    return it->second;
  }
};

using Apply = Variable (*)(const Operands&);

template <Variable (*F)(const Variable&)>
Variable of_x(const Operands& in) {
  return F(in["x"]);
}
template <Variable (*F)(const Variable&, const Variable&)>
Variable of_a_b(const Operands& in) {
  return F(in["a"], in["b"]);
}
template <Variable (*F)(const Variable&, int)>
Variable along_axis(const Operands& in) {
  return F(in["x"], in.axis());
}

// (B, H, T, D) <-> (B, T, H, D)
Variable swap_heads_and_time(const Variable& x) {
  constexpr int kAxes[] = {0, 2, 1, 3};
  return permute(x, kAxes);
}

// The engine's attention takes q, k, v packed in one row; the reference keeps them apart.
Variable apply_attention(const Operands& in) {
  const Shape& q = in["q"].shape();
  const std::int64_t B = q[0], T = q[2];
  const Heads heads{q[1], in["k"].shape()[1], q[3]};
  std::vector<Variable> parts;
  for (const char* name : {"q", "k", "v"}) {
    const Variable x = swap_heads_and_time(in[name]);
    parts.push_back(reshape(x, {B, T, x.shape()[2] * x.shape()[3]}));
  }
  const Tensor segments = in.flag("segments") ? in.ints("segments") : Tensor();
  const Variable y = causal_attention(concat(parts, 2), heads, segments);
  return swap_heads_and_time(reshape(y, {B, T, heads.n_head, heads.head_dim}));
}

Variable apply_rope(const Operands& in) {
  const bool interleaved = in.attrs.at("form") == "interleaved";
  return swap_heads_and_time(
      rope(swap_heads_and_time(in["x"]), in.attrs.at("first_position").get<std::int64_t>(),
           in.number("theta"), interleaved ? RopeForm::kInterleaved : RopeForm::kHalfSplit));
}

Variable apply_matmul(const Operands& in) {
  const auto trans = [&](const char* name) { return in.flag(name) ? Trans::kYes : Trans::kNo; };
  return matmul(in["a"], in["b"], trans("trans_a"), trans("trans_b"));
}

const std::map<std::string, Apply>& operations() {
  static const std::map<std::string, Apply> kOperations{
      {"matmul", apply_matmul},
      {"linear",
       [](const Operands& in) {
         return linear(in["x"], in["weight"], in.floats.contains("bias") ? in["bias"] : Variable());
       }},
      {"add", of_a_b<add>},
      {"sub", of_a_b<sub>},
      {"mul", of_a_b<mul>},
      {"div", of_a_b<div>},
      {"minimum", of_a_b<minimum>},
      {"maximum", of_a_b<maximum>},
      {"neg", of_x<neg>},
      {"exp", of_x<exp>},
      {"log", of_x<log>},
      {"sqrt", of_x<sqrt>},
      {"square", of_x<square>},
      {"abs", of_x<abs>},
      {"tanh", of_x<tanh>},
      {"sigmoid", of_x<sigmoid>},
      {"log_sigmoid", of_x<log_sigmoid>},
      {"softplus", of_x<softplus>},
      {"relu", of_x<relu>},
      {"gelu_tanh", of_x<gelu_tanh>},
      {"gelu_erf", of_x<gelu_erf>},
      {"silu", of_x<silu>},
      {"swiglu", [](const Operands& in) { return swiglu(in["gate"], in["up"]); }},
      {"clamp",
       [](const Operands& in) { return clamp(in["x"], in.number("min"), in.number("max")); }},
      {"where", [](const Operands& in) { return where(in.ints("cond"), in["a"], in["b"]); }},
      {"dropout",
       [](const Operands& in) {
         return dropout(in["x"], in.number("p"), in.ints("keep").to(DType::kFloat64));
       }},
      {"softmax", of_x<softmax>},
      {"log_softmax", of_x<log_softmax>},
      {"logsumexp", of_x<logsumexp>},
      {"sum", along_axis<sum>},
      {"mean", along_axis<mean>},
      {"max", along_axis<max>},
      {"variance", along_axis<variance>},
      {"permute",
       [](const Operands& in) {
         return permute(in["x"], in.attrs.at("axes").get<std::vector<int>>());
       }},
      {"concat",
       [](const Operands& in) {
         return concat(std::vector{in["a"], in["b"]}, in.axis());
       }},
      {"embedding", [](const Operands& in) { return embedding(in["weight"], in.ints("ids")); }},
      {"layer_norm",
       [](const Operands& in) {
         return layer_norm(in["x"], in["weight"], in["bias"], in.number("eps"));
       }},
      {"rms_norm",
       [](const Operands& in) { return rms_norm(in["x"], in["weight"], in.number("eps")); }},
      {"rope", apply_rope},
      {"causal_attention", apply_attention},
      {"gather_logprob",
       [](const Operands& in) { return gather_logprob(in["logits"], in.ints("targets")); }},
      {"masked_cross_entropy",
       [](const Operands& in) {
         return masked_cross_entropy(in["logits"], in.ints("targets"), in.smoothing());
       }},
      {"weighted_cross_entropy",
       [](const Operands& in) {
         return weighted_cross_entropy(in["logits"], in.ints("targets"), in["weights"].value(),
                                       in.smoothing());
       }},
      {"linear_cross_entropy",
       [](const Operands& in) {
         return linear_cross_entropy(in["x"], in["weight"], in.ints("targets"), in.smoothing());
       }},
  };
  return kOperations;
}

Operands read_operands(const InputTensors& file, const Json& attrs) {
  Operands in;
  in.attrs = attrs;
  for (const std::string& name : file.names()) {
    if (!name.starts_with("in.")) continue;
    const Tensor value = file.as_stored(name);
    const std::string key = name.substr(3);
    if (value.dtype() == DType::kInt32) {
      in.integers[key] = value;
    } else {
      in.floats[key] = parameter(value, key);
    }
  }
  return in;
}

Values compute_op(const std::string& path, const std::string& op, const Json& attrs) {
  if (!operations().contains(op)) {
    throw InputError(fmt::format("{}: this engine has no operation {}", path, op));
  }
  const InputTensors file(path, {"in.", "grad_out"});
  const Operands in = read_operands(file, attrs);
  const Variable y = operations().at(op)(in);
  const Tensor upstream = file.f64("grad_out");

  Values values;
  // A loss is () here and (1) in the files.
  values.put("out", y.value().reshape(y.shape().rank() == 0 ? Shape{1} : y.shape()));
  backward(y, upstream.reshape(y.shape()));
  for (const auto& [name, x] : in.floats) {
    const Tensor grad = x.grad();  // undefined where none arrives: weights of a loss
    values.put("grad." + name, grad.defined() ? grad : Tensor::zeros(x.shape(), x.dtype()));
  }
  if (in.integers.contains("targets")) {
    double count = 0;
    for (const std::int32_t t : in.ints("targets").span<std::int32_t>()) count += t != kIgnoreIndex;
    if (attrs.contains("count")) values.put("count", count);
  }
  return values;
}

double tolerance_of(const std::string& op, const Json& attrs, const std::string& tensor) {
  if (attrs.value("note", "") == "logits of 1e4") return 1e-10;
  return op == "layer_norm" && tensor.starts_with("grad.") ? 1e-11 : 1e-12;
}

Expected expected_op(const std::string& path, const std::string& op, const Json& attrs) {
  const SafetensorsFile file(path);
  Expected expected;
  for (const auto& [name, entry] : file.entries()) {
    if (name != "out" && !name.starts_with("grad.")) continue;
    expected.put(name, file.read(name, DType::kFloat64), {tolerance_of(op, attrs, name)});
  }
  if (attrs.contains("count")) expected.put("count", attrs.at("count").get<double>(), {});
  return expected;
}

}  // namespace

std::vector<Case> ops_cases(const std::string& dir) {
  std::vector<Case> cases;
  for (const Json& entry : read_json(dir + "/index.json")) {
    const std::string op = entry.at("op"), name = entry.at("file"), path = dir + "/" + name;
    if (left_out(dir, name)) continue;
    const Json attrs = entry.at("attrs");
    cases.push_back({"ops",
                     name.substr(0, name.rfind(".safetensors")),
                     [=] { return compute_op(path, op, attrs); },
                     [=] { return expected_op(path, op, attrs); },
                     {}});
  }
  return cases;
}

}  // namespace pupil::golden
