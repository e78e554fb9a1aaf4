#include "sft/start_model.h"

#include "tensor/linear_cross_entropy.h"
#include "tensor/optimizer.h"

namespace pupil {
namespace {

/// While one lives, the parameters have other values.
class OtherValues {
 public:
  OtherValues(const std::vector<ParameterArena::Part>& parts, const Tensor& values)
      : parts_(parts) {
    for (const ParameterArena::Part& part : parts) {
      Tensor& value = part.variable.leaf()->value;
      current_.push_back(value);
      value = values.rows(part.begin, part.end).reshape(value.shape());
    }
  }
  ~OtherValues() {
    for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i].variable.leaf()->value = current_[i];
  }
  OtherValues(const OtherValues&) = delete;
  OtherValues& operator=(const OtherValues&) = delete;

 private:
  const std::vector<ParameterArena::Part>& parts_;
  std::vector<Tensor> current_;
};

}  // namespace

StartModel::StartModel(const ParameterArena& arena)
    : parts_(arena.parts()), values_(arena.values().clone()) {}

StartModel::Outputs StartModel::outputs(const Gpt& gpt, const GptInput& input) const {
  const OtherValues start(parts_, values_);
  const NoGrad no_grad;
  Pass pass;
  return {gpt.hidden(input, pass).value(), gpt.head_weight().value()};
}

double StartModel::add_pull(ParameterArena& arena, double weight) const {
  const Tensor difference = arena.values().clone();
  tensor::scaled_into(difference, /*add=*/true, -1, values_);
  arena.complete_grads();
  tensor::scaled_into(arena.grads(), /*add=*/true, 2 * weight, difference);
  return tensor::sum_of_squares(difference);
}

}  // namespace pupil
