// Lesson 04 measures: the gradient p - y, the stable form at logits of 1e4, rows that are read in
// slices or over candidates alone, and what the number means: log V at the start, the entropy of
// the data at the end.
#include <algorithm>
#include <cmath>
#include <limits>

#include "lessons/kit/lesson.h"
#include "nn/gpt.h"
#include "sft/evaluation.h"
#include "sft/microworld_data.h"
#include "sft/trainer.h"

namespace {

using namespace pupil;

constexpr std::int64_t kRows = 5, kVocabulary = 11;

// Mean of -log softmax(z)[y] over rows, composed of simple operations.
Variable mean_loss(const Variable& logits, const Tensor& targets) {
  return scale(masked_cross_entropy(logits, targets), 1.0 / double(targets.numel()));
}

// What the formula says when it is typed as it stands.
double naive_loss(std::span<const double> z, std::size_t y) {
  double total = 0;
  for (const double v : z) total += std::exp(v);
  return -std::log(std::exp(z[y]) / total);
}

double stable_loss(std::span<const double> z, std::size_t y) {
  double largest = z[0], total = 0;
  for (const double v : z) largest = std::max(largest, v);
  for (const double v : z) total += std::exp(v - largest);
  return std::log(total) + largest - z[y];
}

void the_gradient_is_p_minus_y(Lesson& lesson, const Tensor& logits, const Tensor& targets) {
  lesson.claim("The gradient of the loss by the logits is p - y, divided by the number of rows.");
  //   L = 1/n sum_i (log sum_v exp z_iv - z_i[y_i])      dL/dz_iv = (p_iv - [v = y_i]) / n
  // anchor: gradient
  const Variable z = parameter(logits.clone());
  backward(mean_loss(z, targets));
  const std::vector<double> gradient = z.grad().to_vector<double>();
  const std::vector<double> p = softmax(constant(logits)).value().to_vector<double>();
  const std::vector<std::int32_t> y = targets.to_vector<std::int32_t>();
  double difference = 0, row_sum = 0, row_norm = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    double sum = 0, norm = 0;
    for (std::size_t v = 0; v < std::size_t(kVocabulary); ++v) {
      const std::size_t at = i * std::size_t(kVocabulary) + v;
      const double rule = (p[at] - (std::int32_t(v) == y[i])) / double(kRows);
      difference = std::max(difference, std::abs(gradient[at] - rule));
      sum += gradient[at];
      norm += std::abs(gradient[at]);
    }
    row_sum = std::max(row_sum, std::abs(sum));
    row_norm = std::max(row_norm, norm * double(kRows));
  }

  lesson.gate("engine against the rule, largest difference", "|dz - (p-y)/n|", difference,
              less_than(1e-15));
  lesson.gradcheck("the mean loss", {logits},
                   [&](const Inputs& in) { return mean_loss(in[0], targets); });
  lesson.gate("a row of p - y sums to", "sum_v dz_v", row_sum, less_than(1e-15));
  lesson.gate("and is never larger than 2", "sum_v |p_v - y_v|", row_norm, less_than(2));
  lesson.caveat(
      "Both checks use the same forward. If it had a wrong sign, p - y would still be its "
      "gradient: compare the value, too, with one that you computed by hand.");
}

void the_stable_form_survives(Lesson& lesson) {
  lesson.claim(
      "Typed as it stands, the formula fails at logits of 1000; shifted by the largest it "
      "is exact at 10000.");
  for (const double size : {10.0, 1000.0, 10000.0}) {
    const std::vector<double> z = {size, size - 1, 0};
    lesson.show("naive loss of the likely token, logits of " + std::to_string(int(size)), "L",
                naive_loss(z, 0));
  }
  const std::vector<double> z = {10000, 9999, 0};
  // Only the difference of 1 counts: log(1 + e^-1).
  lesson.gate("stable loss at 10000 minus log(1 + 1/e)", "L - log(1+1/e)",
              std::abs(stable_loss(z, 0) - std::log1p(std::exp(-1))), less_than(1e-12));
  lesson.gate("a target 10000 below the largest", "L", stable_loss({z}, 2),
              between(10000.3, 10000.4));
  const Variable large = parameter(Tensor::from<double>({1, 3}, z));
  backward(mean_loss(large, Tensor::from<std::int32_t>({1}, std::vector<std::int32_t>{2})));
  lesson.gate("the engine's gradient there, at the target", "p_y - 1",
              large.grad().to_vector<double>()[2], between(-1 - 1e-12, -1 + 1e-12));
}

// log sum_v exp(z_v)
double normaliser(std::span<const double> z) { return stable_loss(z, 0) + z[0]; }

void slices_of_a_row(Lesson& lesson) {
  lesson.claim("A row can be read in slices, each of them once: two normalisers join to one.");
  //   Z = log(e^Za + e^Zb) = max(Za, Zb) + log(1 + e^-|Za - Zb|)
  std::vector<double> z = randn({1009}).to_vector<double>();
  for (double& v : z) v = 10000 + 2 * v;
  constexpr std::size_t kSlice = 101;
  double joined = normaliser(std::span(z).first(kSlice));
  for (std::size_t at = kSlice; at < z.size(); at += kSlice) {
    const double next = normaliser(std::span(z).subspan(at, std::min(kSlice, z.size() - at)));
    joined = std::max(joined, next) + std::log1p(std::exp(-std::abs(joined - next)));
  }
  lesson.show("normaliser of 1009 logits near 10000", "Z", joined);
  lesson.gate("read in ten slices, relative difference", "|Z' - Z| / Z",
              std::abs(joined / normaliser(z) - 1), less_than(1e-14));
}

void candidates_alone(Lesson& lesson, const Tensor& logits, const Tensor& targets) {
  lesson.claim("Among candidates alone the loss can be small though none of them would be said.");
  //   L_C = Z_C - z_y = L + log p(C)          p(C) = sum_{v in C} p_v = exp(Z_C - Z)
  const std::vector<double> z = {6, 1, 12, 11, 3};
  const std::span<const double> candidates = std::span(z).first(2);
  const double among = stable_loss(candidates, 0), all = stable_loss(z, 0);
  const double log_share = normaliser(candidates) - normaliser(z);
  lesson.gate("loss among two candidates", "L_C", among, less_than(0.01));
  lesson.gate("loss of the same token among all", "L", all, greater_than(6));
  lesson.gate("probability that a candidate is said at all", "p(C)", std::exp(log_share),
              less_than(0.01));
  lesson.gate("L + log p(C) - L_C", "", std::abs(all + log_share - among), less_than(1e-14));

  // -1e4 added to a logit takes it out: exp gives exactly 0 there. The targets stay in.
  Tensor barred = Tensor::zeros({kRows, kVocabulary}, DType::kFloat64);
  const std::span<double> bar = barred.span<double>();
  const std::vector<std::int32_t> y = targets.to_vector<std::int32_t>();
  for (std::size_t i = 0; i < bar.size(); ++i) {
    const auto column = std::int32_t(i % std::size_t(kVocabulary));
    if (column % 3 == 0 && column != y[i / std::size_t(kVocabulary)]) bar[i] = -1e4;
  }
  const auto loss = [&](const Variable& in) {
    return mean_loss(add(in, constant(barred)), targets);
  };
  lesson.gradcheck("the loss over candidates", {logits},
                   [&](const Inputs& in) { return loss(in[0]); });
  const Variable row = parameter(logits.clone());
  backward(loss(row));
  std::vector<double> outside;
  for (std::size_t i = 0; i < bar.size(); ++i) {
    if (bar[i] != 0) outside.push_back(row.grad().span<double>()[i]);
  }
  lesson.expect_zero("gradient of what is no candidate", outside);
}

void shift_and_temperature(Lesson& lesson, const Tensor& logits, const Tensor& targets) {
  lesson.claim(
      "A constant added to all logits changes nothing; a factor changes how sure the model "
      "is.");
  Tensor shifted = logits.clone();
  for (double& v : shifted.span<double>()) v += 7;
  const double before = mean_loss(constant(logits), targets).value().item();
  lesson.gate("loss of logits + 7, minus the loss", "L(z+c) - L(z)",
              std::abs(mean_loss(constant(shifted), targets).value().item() - before),
              less_than(1e-13));
  std::vector<std::pair<std::string, std::vector<double>>> rows;
  for (const double tau : {0.1, 1.0, 10.0, 100.0}) {
    const Variable u = scale(constant(logits), 1 / tau);
    const Variable log_p = log_softmax(u);
    const double entropy = -sum(mul(exp(log_p), log_p)).value().item() / double(kRows);
    rows.push_back(
        {"tau " + std::to_string(tau).substr(0, 5),
         {mean_loss(u, targets).value().item(), entropy, entropy / std::log(kVocabulary)}});
  }
  lesson.table("temperature", {"loss", "entropy", "of log V"}, rows);
  lesson.gate("entropy at tau = 100 as a share of log V", "H / log V", rows.back().second[2],
              greater_than(0.999));
  lesson.gradcheck("the loss by logits and temperature",
                   {logits, Tensor::full({1, 1}, 1.3, DType::kFloat64)},
                   [&](const Inputs& in) { return mean_loss(div(in[0], in[1]), targets); });
}

void what_the_number_means(Lesson& lesson) {
  lesson.claim(
      "A fresh model has a loss of about log V; no model gets below the entropy of the data.");
  const microworld::World world(lesson.seed());
  const Gpt fresh(microworld_model(), lesson.seed());
  std::vector<Batch> documents;
  documents.push_back(document_batch(world, lesson.seed(), 0, 32));
  const double start = evaluate_loss(fresh, documents).loss;
  lesson.show("log V for a vocabulary of 260", "log V", std::log(260.0));
  lesson.gate("a fresh GPT, minus log V", "L - log V", start - std::log(260.0), between(-0.1, 0.2));

  // One row of logits fitted to a distribution by gradient descent: L = H + KL(q || p), so what is
  // left above the entropy is how far p is from q.
  const std::vector<double> q = {.5, .25, .125, .0625, .0625};
  double entropy = 0;
  for (const double share : q) entropy -= share * std::log(share);
  std::vector<double> z(q.size(), 0), losses;
  for (int step = 0; step < 400; ++step) {
    double loss = 0;
    std::vector<double> p(q.size());
    for (std::size_t v = 0; v < q.size(); ++v) {
      const double minus_log_p = stable_loss(z, v);
      p[v] = std::exp(-minus_log_p);
      loss += q[v] * minus_log_p;
    }
    losses.push_back(loss);
    for (std::size_t v = 0; v < q.size(); ++v) z[v] -= p[v] - q[v];
  }
  lesson.plot("loss of one row of logits fitted to a distribution", "step", "loss L",
              {{"loss", losses}, {"entropy H", std::vector<double>(losses.size(), entropy)}});
  lesson.show("entropy of the data", "H", entropy);
  lesson.gate("loss after 400 steps, minus the entropy", "L - H", losses.back() - entropy,
              between(-1e-12, 1e-6));
  lesson.caveat(
      "A low loss is not a good model: predicting the most frequent token lowers it, too. "
      "Ask what the loss of a constant prediction is before you are glad about yours.");
}

}  // namespace

int main(int argc, char** argv) {
  return run_lesson(argc, argv, "04", "Softmax and cross-entropy", {{"scale", "2"}},
                    [](Lesson& lesson) {
                      reset_sample_seed(lesson.seed());
                      Tensor logits = randn({kRows, kVocabulary});
                      logits.scale_(std::stod(lesson.setting("scale")));
                      const Tensor targets = random_ids({kRows}, std::int32_t(kVocabulary));
                      the_gradient_is_p_minus_y(lesson, logits, targets);
                      the_stable_form_survives(lesson);
                      slices_of_a_row(lesson);
                      candidates_alone(lesson, logits, targets);
                      shift_and_temperature(lesson, logits, targets);
                      what_the_number_means(lesson);
                    });
}
