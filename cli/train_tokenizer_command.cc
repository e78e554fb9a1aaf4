#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/counted.h"
#include "cli/out_folder.h"
#include "nn/file.h"
#include "sft/bpe_trainer.h"
#include "sft/utf8.h"
#include "tensor/error.h"

namespace pupil::cli {
namespace {

struct Settings {
  std::string text, out;
  OutFolder out_folder;
  std::int64_t vocab_size = 0;
  std::vector<std::string> specials;
};

int train(const Settings& s, const Common& common) {
  s.out_folder.expect_free(s.out, /*resume=*/false);
  const std::string text = read_file(s.text);
  if (const std::size_t at = invalid_utf8_at(text); at != text.npos) {
    throw InputError(fmt::format("{}: byte {} (0x{:02x}) is no UTF-8; text in UTF-8 is needed",
                                 s.text, at, std::uint8_t(text[at])));
  }
  const Tokenizer tokenizer = train_byte_pairs(text, s.vocab_size, s.specials);
  make_folder(s.out);
  save_tokenizer(tokenizer, s.out);
  const std::int64_t size = tokenizer.vocab_size();
  if (size < s.vocab_size && !common.quiet) {
    fmt::print(stderr, "the text has no more pairs: the vocabulary has {} of {} entries\n", size,
               s.vocab_size);
  }
  const std::size_t tokens = tokenizer.encode(text).size();
  if (common.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"vocab_size", size},
                                              {"special_tokens", tokenizer.specials().size()},
                                              {"bytes", text.size()},
                                              {"tokens", tokens}}
                           .dump());
  } else {
    fmt::print("{}: {}, {} of them special; {} are {}\n", s.out, counted(size, "entry", "entries"),
               tokenizer.specials().size(), counted(std::int64_t(text.size()), "byte"),
               counted(std::int64_t(tokens), "token"));
  }
  return 0;
}

}  // namespace

Command train_tokenizer_command() {
  return {"train-tokenizer", "A byte-level BPE tokenizer learned from a text.",
          "./pupil train-tokenizer --text README.md --vocab-size 1000 --special-tokens "
          "\"<|endoftext|>\" --out build/tokenizer",
          [](Options& options, const Common& common) -> std::function<int()> {
            auto s = std::make_shared<Settings>();
            options.text("--text", s->text, "text file in UTF-8", "FILE").required();
            options
                .integer("--vocab-size", s->vocab_size,
                         "entries: special tokens, 256 bytes and merges")
                .required();
            options.list("--special-tokens", s->specials, "names, separated by commas");
            s->out_folder.declare(options, s->out, "folder for the tokenizer");
            return [s, &common] { return train(*s, common); };
          }};
}

}  // namespace pupil::cli
