// Known mistakes with end tokens, masks and templates (docs/bugs.md, sections B and C) that the
// tests of rendering do not cover: what the tokenizer adds, what the loss sees.
#include <random>

#include "sft/bpe_trainer.h"
#include "tests/render_helpers.h"
#include "tests/small_models.h"
#include "tests/text_files.h"

namespace pupil {
namespace {

std::vector<Tokenizer> all_kinds() {
  return {Tokenizer::bytes(), Tokenizer::characters("a bc"), Tokenizer::words({"a", "bc"}),
          train_byte_pairs("a bc a bc a bc", 300, {"<|endoftext|>"})};
}

TEST(Tokenizers, B31_TheEndOfTextDoesNotDependOnTheOrderOfTokens) {
  std::vector<std::string> names = {"</s>", "<eos>", "<|endoftext|>", "<|im_end|>"};
  do {
    Tokenizer tokenizer = Tokenizer::bytes();
    tokenizer.add_specials(names);
    EXPECT_EQ(tokenizer.token_bytes(*tokenizer.eos()), "<|endoftext|>");
    const ChatTemplate chat = chat_template("chatml");
    EXPECT_EQ(tokenizer.token_bytes(chat.stop_ids(tokenizer).at(0)), "<|im_end|>");
    EXPECT_EQ(chat.stop_ids(tokenizer).size(), 1u);
  } while (std::next_permutation(names.begin(), names.end()));
}

TEST(Tokenizers, B34_EncodingAddsNoToken) {
  for (Tokenizer tokenizer : all_kinds()) {
    tokenizer.add_specials({"<s>", "<|endoftext|>"});
    EXPECT_TRUE(tokenizer.encode("").empty());
    EXPECT_TRUE(tokenizer.encode_with_specials("").empty());
    for (const std::int32_t id : tokenizer.encode("a bc")) EXPECT_FALSE(tokenizer.is_special(id));
    EXPECT_EQ(tokenizer.encode_with_specials("<s>a"),
              (Ids{*tokenizer.special("<s>"), tokenizer.encode("a").at(0)}));
  }
}

TEST(Render, B38_PromptAndAnswerAreEncodedApart) {
  // " b" is one token: encoded at once, it would lie across the border.
  const Tokenizer tokenizer = train_byte_pairs("a b a b a b", 258, {"<|endoftext|>"});
  ASSERT_EQ(tokenizer.encode("a b").size(), 2u);
  const Renderer plain = renderer("plain", MaskMode::kCompletion, tokenizer);
  const Rendered rendered = plain.render({PromptCompletion{"a ", "b"}, 1});
  Ids expected = tokenizer.encode("a ");
  ASSERT_EQ(expected.size(), 2u);
  expected.push_back(tokenizer.encode("b").at(0));
  expected.push_back(*tokenizer.eos());
  EXPECT_EQ(rendered.ids, expected);
  EXPECT_EQ(rendered.mask, (std::vector<std::uint8_t>{0, 0, 1, 1}));
}

TEST(Render, B45_EveryAnswerIsWholeAndEndsInsideItsMaskWithAStopToken) {
  const std::string answer = "<think>\nyes\n</think>\n\nfour";
  for (const std::string& name : chat_template_names()) {
    if (name == "microworld") continue;  // has no bytes to write this answer in
    const Renderer chat = renderer(name, MaskMode::kAssistant);
    const Record record = record_of({{"user", "2 + 2?"}, {"assistant", answer}});
    const Rendered rendered = chat.render(record);
    EXPECT_NE(supervised_text(chat, rendered).find(answer), std::string::npos) << name;
    std::size_t last = 0;
    for (std::size_t t = 0; t < rendered.mask.size(); ++t) {
      if (rendered.mask[t]) last = t;
    }
    const Ids stop = chat.chat().stop_ids(*chat.tokenizer());
    EXPECT_EQ(Ids{rendered.ids[last]}, stop) << name;
  }
}

TEST(Render, B56_APromptAsTextGoesThroughTheTemplate) {
  for (const char* name : {"chatml", "llama2", "zephyr"}) {
    const Renderer chat = renderer(name, MaskMode::kCompletion);
    const Rendered expected = chat.render(record_of({{"user", "q"}, {"assistant", "a"}}));
    for (const Record& record :
         {Record{PromptCompletion{"q", "a"}, 1}, Record{Instruction{"q", "", "a"}, 1}}) {
      EXPECT_EQ(chat.render(record).ids, expected.ids) << name;
      EXPECT_EQ(chat.render(record).mask, expected.mask) << name;
    }
  }
}

TEST(SftLoss, B33_PaddingAndNewTokensAreIdsThatTheModelHas) {
  Gpt gpt = small::model(small::config(), 3);
  const std::vector<Example> examples = {{{12}, {kIgnoreIndex}, {}, {}},
                                         {{1, 2, 3}, {2, 3, 4}, {}, {}}};
  for (const PadSide side : {PadSide::kLeft, PadSide::kRight}) {
    for (const std::int32_t id : make_batch(examples, side).input.ids.span<std::int32_t>()) {
      EXPECT_TRUE(id >= 0 && id < gpt.config().vocab_size) << id;
    }
  }
  Pass pass;
  const Batch fresh = make_batch(std::vector<Example>{{{13}, {13}, {}, {}}});
  EXPECT_THROW(loss_sum(gpt, fresh, pass), Error) << "before any kernel reads a row";
  gpt.grow_vocabulary(14);
  EXPECT_TRUE(std::isfinite(loss_sum(gpt, fresh, pass).sum.value().item()));
}

TEST(SftLoss, B47_TheFastPathHonoursTheMaskAsTheSlowOneDoes) {
  // Fast: supervised rows only, logits never whole. Slow: all logits, then each target by itself.
  const NoGrad no_grad;
  const Gpt gpt = small::model(small::config(), 5);
  for (unsigned seed = 1; seed < 6; ++seed) {
    const Batch batch = make_batch(small::examples(6, seed));
    Pass pass;
    const double fast = loss_sum(gpt, batch, pass).sum.value().item();
    const Tensor logits = gpt.logits(gpt.hidden(batch.input, pass)).value();
    const std::int64_t V = gpt.config().vocab_size;
    const auto targets = batch.targets.span<std::int32_t>();
    double slow = 0;
    for (std::size_t t = 0; t < targets.size(); ++t) {
      if (targets[t] == kIgnoreIndex) continue;
      const double* row = logits.data<double>() + std::int64_t(t) * V;
      double total = 0;
      for (std::int64_t v = 0; v < V; ++v) total += std::exp(row[v]);
      slow += std::log(total) - row[targets[t]];
    }
    EXPECT_NEAR(fast, slow, 1e-10 * (1 + std::abs(slow))) << "seed " << seed;
  }
}

TEST(Gpt, NewRowsAreTheMeanOfThoseThereAre) {
  for (const bool tied : {true, false}) {
    GptConfig config = small::config();
    config.tied_head = tied;
    Gpt gpt = small::model(config, 8);
    const Tensor before = gpt.wte.value().clone(), head = gpt.head_weight().value().clone();
    gpt.grow_vocabulary(16);
    EXPECT_EQ(gpt.config().vocab_size, 16);
    for (const auto& [grown, old] :
         {std::pair{gpt.wte.value(), before}, {gpt.head_weight().value(), head}}) {
      ASSERT_EQ(grown.shape(), (Shape{16, 8}));
      EXPECT_TRUE(small::same_bits(grown.rows(0, 13), old));
      for (std::int64_t c = 0; c < 8; ++c) {
        double mean = 0;
        for (std::int64_t v = 0; v < 13; ++v) mean += old.data<double>()[v * 8 + c] / 13;
        for (std::int64_t v = 13; v < 16; ++v)
          EXPECT_NEAR(grown.data<double>()[v * 8 + c], mean, 1e-12);
      }
    }
  }
}

}  // namespace
}  // namespace pupil
