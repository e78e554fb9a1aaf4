// What is fuzzed: readers of files from outside. Any bytes may be refused, by InputError or
// UsageError; what is read must then be usable. run.sh feeds them with libFuzzer, and
// tests/fuzz_replay_test with the inputs that are kept in corpus/.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "nn/safetensors.h"
#include "sft/bpe_files.h"
#include "sft/chat_template.h"
#include "sft/jinja.h"
#include "sft/model_template.h"
#include "sft/record.h"
#include "sft/render.h"
#include "tensor/error.h"

namespace pupil::fuzz {

/// A file in memory.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content) : descriptor_(::memfd_create("fuzz", 0)) {
    const bool written = ::write(descriptor_, content.data(), content.size()) ==
                         static_cast<ssize_t>(content.size());
    if (descriptor_ < 0 || !written) throw std::runtime_error("no file in memory");
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// A folder that stays for the whole process; each input replaces its files.
class Folder {
 public:
  Folder() : path_("/tmp/pupil_fuzz_XXXXXX") {
    if (!::mkdtemp(path_.data())) throw std::runtime_error("no temporary folder");
  }
  ~Folder() {
    clear();
    ::rmdir(path_.c_str());
  }
  Folder(const Folder&) = delete;
  const std::string& path() const { return path_; }
  void put(const std::string& name, std::string_view content) {
    names_.push_back(path_ + "/" + name);
    std::FILE* file = std::fopen(names_.back().c_str(), "wb");
    if (!file) throw std::runtime_error("cannot write " + names_.back());
    std::fwrite(content.data(), 1, content.size(), file);
    std::fclose(file);
  }
  void clear() {
    for (const std::string& name : names_) ::unlink(name.c_str());
    names_.clear();
  }

 private:
  std::string path_;
  std::vector<std::string> names_;
};

inline void require(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", law);
  std::abort();
}

template <class Action>
void refusable(Action action) {
  try {
    action();
  } catch (const InputError&) {
  } catch (const UsageError&) {
  }
}

/// Every entry lies inside the file, and what can be read has its shape.
inline void safetensors(std::string_view input) {
  refusable([&] {
    const MemoryFile file(input);
    const SafetensorsFile weights(file.path());
    for (const auto& tensor : weights.entries()) {
      const auto& name = tensor.first;  // Clang 14 lets no lambda capture a structured binding
      const auto& entry = tensor.second;
      require(entry.begin <= entry.end && entry.end <= input.size(), "bytes inside the file");
      refusable([&] {
        const Tensor value = weights.read(name, DType::kFloat64);
        require(std::vector(value.shape().begin(), value.shape().end()) == entry.shape,
                "the shape of the file");
      });
    }
  });
}

/// What is read can be rendered, in a template that has a place for it, with a mask as long as ids.
inline void records(std::string_view input) {
  Tokenizer tokenizer = Tokenizer::bytes();
  const ChatTemplate chat = chat_template("llama2"), plain = chat_template("plain");
  chat.add_specials(tokenizer);
  plain.add_specials(tokenizer);
  refusable([&] {
    const MemoryFile file(input);
    const RecordFile read = read_records(file.path(), {.skip_bad = true});
    for (const Record& record : read.records) {
      for (const ChatTemplate* shape : {&chat, &plain}) {
        refusable([&] {
          const Renderer renderer(tokenizer, *shape, MaskMode::kAll);
          const Rendered rendered = renderer.render(record);
          require(rendered.mask.size() == rendered.ids.size(), "a mask for each id");
          for (const std::int32_t id : rendered.ids) {
            require(id >= 0 && id < tokenizer.vocab_size(), "ids inside the vocabulary");
          }
        });
      }
    }
  });
  refusable([&] { read_prompts(MemoryFile(input).path()); });
}

/// Files of a tokenizer's folder, each behind a line "=== NAME". Where all bytes have an id,
/// decoding undoes encoding.
inline void tokenizer(std::string_view input) {
  static Folder folder;
  folder.clear();
  constexpr std::string_view kMark = "=== ";
  while (input.starts_with(kMark)) {
    const std::size_t line = std::min(input.find('\n'), input.size());
    const std::string name(input.substr(kMark.size(), line - kMark.size()));
    input.remove_prefix(std::min(line + 1, input.size()));
    const std::size_t next = input.find("\n=== ");
    const std::string_view content = input.substr(0, next);
    input.remove_prefix(next == input.npos ? input.size() : next + 1);
    for (const char* known : {"tokenizer.json", "vocab.json", "merges.txt", "added_tokens.json",
                              "tokenizer_config.json", "chat_template.jinja"}) {
      if (name == known) folder.put(name, content);
    }
  }
  refusable([] {
    const Tokenizer read = load_tokenizer(folder.path());
    const std::string text = "It's 2 words,\n\n  \xC3\xA9\xF0\x9F\x99\x82 <|endoftext|>aaaaaaa";
    refusable([&] {
      const auto ids = read.encode(text);
      const auto* pairs = dynamic_cast<const BytePairCodec*>(&read.codec());
      if (!pairs) return;
      for (const std::int32_t id : ids) {
        require(id >= 0 && id < read.vocab_size() && !read.is_special(id), "ordinary ids");
      }
    });
    StreamDecoder stream(read);
    for (std::int32_t id = -1; id <= std::min(read.vocab_size(), 300); ++id) stream.push(id);
    stream.finish();
    read.hash();
    refusable([&] { read.encode_with_specials(text); });
    refusable([&] { model_template(read); });
  });
}

/// A template of ours (lines), or behind "{" a Jinja source.
inline void chat(std::string_view input) {
  if (input.starts_with("{")) {
    refusable([&] {
      render_jinja(std::string(input),
                   {{"messages",
                     {{{"role", "user"}, {"content", " a\n"}},
                      {{"role", "assistant"}, {"content", "\xC3\xA9</think>b"}}}},
                    {"add_generation_prompt", true},
                    {"tools", nullptr},
                    {"bos_token", "<s>"}});
    });
    return;
  }
  refusable([&] {
    const ChatTemplate shape("fuzzed", std::string(input));
    Tokenizer tokenizer = Tokenizer::bytes();
    shape.add_specials(tokenizer);
    const Renderer renderer(tokenizer, shape, MaskMode::kAssistant);
    const Conversation talk{{{"system", "s"}, {"user", " u\n"}, {"assistant", "a"}}, 2};
    refusable([&] {
      const Rendered rendered = renderer.render({talk, 1});
      const auto prompt = renderer.prompt({talk.messages.data(), 2});
      require(prompt.size() <= rendered.ids.size() &&
                  std::equal(prompt.begin(), prompt.end(), rendered.ids.begin()),
              "a prompt is the start of what goes on from it");
    });
    refusable([&] { renderer.render({PromptCompletion{"p", "c"}, 1}); });
    refusable([&] { renderer.render({Instruction{"i", "", "o"}, 1}); });
  });
}

using Target = void (*)(std::string_view);
inline const std::map<std::string, Target> kTargets = {{"safetensors", safetensors},
                                                       {"records", records},
                                                       {"tokenizer", tokenizer},
                                                       {"template", chat}};

}  // namespace pupil::fuzz
