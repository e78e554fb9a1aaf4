#include <array>
#include <cmath>
#include <vector>

#include "autograd/reference.h"

namespace pupil::reference {
namespace {

// 1 where query q sees key k: (B, n_head, T, T).
Tensor visible(const Shape& shape, const Tensor& segments) {
  const std::int64_t B = shape[0], H = shape[1], T = shape[2];
  Tensor mask = Tensor::empty(shape, DType::kInt32);
  std::int32_t* m = mask.data<std::int32_t>();
  for (std::int64_t b = 0; b < B; ++b) {
    const std::int32_t* s = segments.defined() ? segments.data<std::int32_t>() + b * T : nullptr;
    for (std::int64_t h = 0; h < H; ++h) {
      for (std::int64_t q = 0; q < T; ++q) {
        for (std::int64_t k = 0; k < T; ++k) *m++ = k <= q && (!s || (s[q] == s[k] && s[q] >= 0));
      }
    }
  }
  return mask;
}

Variable filled(double value, const Variable& like) {
  return constant(Tensor::full(like.shape(), value, like.dtype()));
}

// (first, second) of each pair, for both forms: x (B, T, H, D) as (B, T, H, D/2, 2) or (.., 2,
// D/2).
std::vector<Variable> pairs(const Variable& x, int axis) {
  return split(x, std::array<std::int64_t, 2>{1, 1}, axis);
}

}  // namespace

Variable causal_attention(const Variable& qkv, Heads heads, const Tensor& segments) {
  const std::int64_t B = qkv.shape()[0], T = qkv.shape()[1];
  const auto [H, K, D] = heads;
  const auto parts = split(qkv, std::array<std::int64_t, 3>{H * D, K * D, K * D}, -1);
  const auto by_head = [&](const Variable& x, std::int64_t n) {  // (B, n, T, D)
    return permute(reshape(x, {B, T, n, D}), std::array{0, 2, 1, 3});
  };
  const auto for_all = [&, H = H, K = K,
                        D = D](const Variable& x) {  // (B, K, T, D) -> (B, H, T, D)
    const Variable one = reshape(x, {B, K, 1, T, D});
    return reshape(broadcast_to(one, {B, K, H / K, T, D}), {B, H, T, D});
  };
  const Variable q = by_head(parts[0], H);
  const Variable k = for_all(by_head(parts[1], K)), v = for_all(by_head(parts[2], K));
  const Variable scores = scale(matmul(q, k, Trans::kNo, Trans::kYes), 1 / std::sqrt(double(D)));
  const Tensor mask = visible(scores.shape(), segments);
  const Variable p = pupil::softmax(where(mask, scores, filled(-1e30, scores)));
  const Variable out = matmul(where(mask, p, filled(0, p)), v);
  return reshape(permute(out, std::array{0, 2, 1, 3}), {B, T, H * D});
}

Variable rope(const Variable& x, std::int64_t first_position, double theta, RopeForm form) {
  const std::int64_t T = x.shape()[1], D = x.shape()[3], half = D / 2;
  const bool interleaved = form == RopeForm::kInterleaved;
  Tensor cosine = Tensor::empty({T, 1, half}, DType::kFloat64);
  Tensor sine = Tensor::empty({T, 1, half}, DType::kFloat64);
  for (std::int64_t t = 0; t < T; ++t) {
    for (std::int64_t i = 0; i < half; ++i) {
      const double angle =
          double(first_position + t) * std::pow(theta, -2.0 * double(i) / double(D));
      cosine.data<double>()[t * half + i] = std::cos(angle);
      sine.data<double>()[t * half + i] = std::sin(angle);
    }
  }
  const int axis = interleaved ? 4 : 3;
  const Shape& s = x.shape();
  const Shape apart = interleaved ? Shape{s[0], T, s[2], half, 2} : Shape{s[0], T, s[2], 2, half};
  const Shape one = {s[0], T, s[2], half};
  const auto ab = pairs(reshape(x, apart), axis);
  const Variable a = reshape(ab[0], one), b = reshape(ab[1], one);
  const Variable c = constant(cosine.to(x.dtype())), z = constant(sine.to(x.dtype()));
  const Shape back = interleaved ? Shape{s[0], T, s[2], half, 1} : Shape{s[0], T, s[2], 1, half};
  const std::array turned{reshape(sub(mul(a, c), mul(b, z)), back),
                          reshape(add(mul(a, z), mul(b, c)), back)};
  return reshape(concat(turned, axis), s);
}

}  // namespace pupil::reference
