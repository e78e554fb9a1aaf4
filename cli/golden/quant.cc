// Family quant: NF4, its scales quantised again, and int8 (kernels/quantise.h).
#include "cli/golden/case.h"
#include "cli/golden/files.h"
#include "kernels/quantise.h"

namespace pupil::golden {
namespace {

constexpr Tolerance kExact{};
constexpr Tolerance kOneUlp{1.2e-7};
constexpr Tolerance kSums{1e-6};  // where the order of a sum shows

template <class Byte>
std::vector<double> numbers(const std::vector<Byte>& bytes) {
  return {bytes.begin(), bytes.end()};
}

Tensor f32(const InputTensors& inputs, const std::string& name) {
  return inputs.as_stored(name).to(DType::kFloat32);
}

std::vector<std::uint8_t> bytes(const InputTensors& inputs, const std::string& name) {
  const Tensor stored = inputs.i32(name);
  const auto values = stored.span<std::int32_t>();
  return {values.begin(), values.end()};
}

Tensor from_nf4(const Shape& shape, const std::vector<std::uint8_t>& packed,
                std::span<const float> absmax) {
  Tensor out = Tensor::empty(shape);
  cpu::nf4_dequantise<float>(out.data<float>(), packed.data(), absmax.data(), out.numel());
  return out;
}

Values from_weights(const std::string& path) {
  const Tensor x = f32(InputTensors(path, {"x"}), "x");
  const std::int64_t n = x.numel(), blocks = (n + cpu::kNf4Block - 1) / cpu::kNf4Block;
  std::vector<std::uint8_t> packed((n + 1) / 2), codes(blocks);
  std::vector<float> absmax(blocks), again(blocks);
  std::vector<float> absmax2((blocks + cpu::kScaleBlock - 1) / cpu::kScaleBlock);
  cpu::nf4_quantise<float>(packed.data(), absmax.data(), x.data<float>(), n);
  const float offset = cpu::quantise_scales(codes, absmax2, absmax);
  cpu::dequantise_scales(again, codes, absmax2, offset);
  std::vector<double> index;
  for (std::int64_t i = 0; i < n; ++i)
    index.push_back(i % 2 ? packed[i / 2] & 15 : packed[i / 2] >> 4);

  Values values;
  values.put("index", index);
  values.put("packed", numbers(packed));
  values.put("absmax", numbers(absmax));
  values.put("dequantised", from_nf4(x.shape(), packed, absmax));
  values.put("double.map", numbers(std::vector(cpu::scale_map().begin(), cpu::scale_map().end())));
  values.put("double.offset", offset);
  values.put("double.absmax_code", numbers(codes));
  values.put("double.absmax2", numbers(absmax2));
  values.put("double.dequantised", from_nf4(x.shape(), packed, again));

  std::vector<std::int8_t> bytes(n);
  std::vector<float> rows(x.shape()[0]);
  Tensor restored = Tensor::empty(x.shape());
  cpu::int8_quantise<float>(bytes.data(), rows.data(), x.view<float>());
  cpu::int8_dequantise<float>(restored.view<float>(), bytes.data(), rows.data());
  Tensor code = Tensor::empty(x.shape(), DType::kInt32);
  std::copy(bytes.begin(), bytes.end(), code.data<std::int32_t>());
  values.put("int8.code", code);
  values.put("int8.absmax", numbers(rows));
  values.put("int8.dequantised", restored);
  return values;
}

// From the file's own codes and scales, where no sum of ours is in between.
Values from_codes(const std::string& path) {
  const InputTensors inputs(
      path, {"x", "packed", "double.absmax_code", "double.absmax2", "double.offset"});
  const std::vector<std::uint8_t> codes = bytes(inputs, "double.absmax_code");
  std::vector<float> absmax(codes.size());
  cpu::dequantise_scales(absmax, codes, f32(inputs, "double.absmax2").span<float>(),
                         float(f32(inputs, "double.offset").item()));
  Values values;
  values.put("double.dequantised",
             from_nf4(f32(inputs, "x").shape(), bytes(inputs, "packed"), absmax));
  return values;
}

struct Wanted {
  const char* name;
  Tolerance tolerance;
};

Expected expected(const std::string& path, std::initializer_list<Wanted> wanted) {
  const SafetensorsFile file(path);
  Expected expected;
  for (const Wanted& w : wanted) {
    expected.put(w.name, file.read(w.name, DType::kFloat64), w.tolerance);
  }
  return expected;
}

}  // namespace

std::vector<Case> quant_cases(const std::string& dir) {
  std::vector<Case> cases;
  for (const Json& entry : read_json(dir + "/index.json")) {
    const std::string file = entry.at("file");
    if (left_out(dir, file)) continue;
    const std::string path = dir + "/" + file;
    cases.push_back({"quant",
                     file,
                     [=] { return from_weights(path); },
                     [=] {
                       return expected(path, {{"index", kExact},
                                              {"packed", kExact},
                                              {"absmax", kExact},
                                              {"dequantised", kOneUlp},
                                              {"double.map", kExact},
                                              {"double.offset", kSums},
                                              {"double.absmax_code", kExact},
                                              {"double.absmax2", kSums},
                                              {"double.dequantised", kSums},
                                              {"int8.code", kExact},
                                              {"int8.absmax", kExact},
                                              {"int8.dequantised", kOneUlp}});
                     },
                     {}});
    cases.push_back({"quant",
                     file + " from its codes",
                     [=] { return from_codes(path); },
                     [=] {
                       return expected(path, {{"double.dequantised", kExact}});
                     },
                     {}});
  }
  return cases;
}

}  // namespace pupil::golden
