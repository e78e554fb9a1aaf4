// Files of byte-pair encoding: both forms, and what is wrong in them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "sft/byte_alphabet.h"
#include "sft/tokenizer.h"
#include "tests/text_files.h"

namespace pupil {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int32_t>;

/// A model of the 256 bytes and `extra` as tokenizer.json, with changes for a test.
json small_model(const std::vector<std::string>& extra, const json& merges) {
  json vocabulary = json::object();
  for (int b = 0; b < 256; ++b) vocabulary[byte_symbol(std::uint8_t(b))] = b;
  for (const std::string& piece : extra) vocabulary[piece] = vocabulary.size();
  return {{"added_tokens", json::array()},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", merges}}}};
}

TEST(BytePairFiles, BothNotationsOfMergesAndAddedTokensAreRead) {
  const TemporaryFolder folder;
  json root = small_model({"ab", "<e>"}, {"a b"});
  root["added_tokens"] = {{{"id", 257}, {"content", "<e>"}}, {{"id", 258}, {"content", "<f>"}}};
  folder.write("tokenizer.json", root.dump());
  const Tokenizer strings = load_tokenizer(folder.path());
  root["model"]["merges"] = json::array({json::array({"a", "b"})});
  folder.write("tokenizer.json", root.dump());
  const Tokenizer pairs = load_tokenizer(folder.path());
  EXPECT_EQ(strings.hash(), pairs.hash());
  EXPECT_EQ(pairs.encode("abc"), (Ids{256, 'c'}));
  EXPECT_EQ(pairs.encode_with_specials("ab<f><e>"), (Ids{256, 258, 257}));
}

TEST(BytePairFiles, MergesDecideTheHash) {
  const TemporaryFolder folder;
  std::set<std::string> hashes;
  for (const json& merges : {json{"a b", "b c"}, json{"b c", "a b"}}) {
    folder.write("tokenizer.json", small_model({"ab", "bc"}, merges).dump());
    hashes.insert(load_tokenizer(folder.path()).hash());
  }
  EXPECT_EQ(hashes.size(), 2u);
}

TEST(BytePairFiles, AByteWithoutAnIdIsNamedWhenItIsNeeded) {
  const TemporaryFolder folder;
  json root = small_model({}, {"a b"});
  root["model"]["vocab"] = {{"a", 0}, {"b", 1}, {"ab", 2}};
  folder.write("tokenizer.json", root.dump());
  const Tokenizer tokenizer = load_tokenizer(folder.path());
  EXPECT_EQ(tokenizer.encode("abba"), (Ids{2, 1, 0}));
  expect_contains(input_error([&] { tokenizer.encode("abc"); }), "byte 2 (0x63)");
}

TEST(BytePairFiles, WhatIsWrongIsNamed) {
  const auto with = [](const char* pointer, const json& value) {
    json root = small_model({"ab"}, {"a b"});
    root[json::json_pointer(pointer)] = value;
    return root;
  };
  const std::pair<json, const char*> kCases[] = {
      {with("/model/merges", 3), "\"merges\" of \"model\" is no list"},
      {with("/model/merges", {"ab"}), "merge 0 is \"ab\"; expected \"a b\""},
      {with("/model/merges", {"a  b"}), "merge 0 is"},
      {with("/model/merges", {" b"}), "merge 0 is"},
      {with("/model/merges", {"a b", json::array({"a"})}), "merge 1 is a list"},
      {with("/model/merges", json::array({json::array({"a", 3})})), "merge 0 is a list"},
      {with("/model/merges", {"a c"}), "\"ac\" is not in \"vocab\""},
      {with("/model/merges", {"zz b"}), "\"zz\" is not in \"vocab\""},
      {with("/model/vocab/ab", 300), "expected each id from 0 to 256 once"},
      {with("/model/dropout", 0.1), "\"dropout\" of \"model\" is 0.1"},
      {with("/model/ignore_merges", true), "\"ignore_merges\""},
      {with("/model/continuing_subword_prefix", "##"), "\"continuing_subword_prefix\""},
      {with("/pre_tokenizer/add_prefix_space", true), "add_prefix_space false"},
      {with("/pre_tokenizer/use_regex", false), "use_regex true"},
      {with("/pre_tokenizer/type", "Metaspace"), "behind pre_tokenizer Metaspace"},
      {with("/added_tokens", {{{"id", 256}, {"content", "ab"}}}), "is an ordinary token"},
      {with("/added_tokens", {{{"id", 300}, {"content", "<e>"}}}), "has id 300, expected 257"},
  };
  const TemporaryFolder folder;
  for (const auto& [root, message] : kCases) {
    folder.write("tokenizer.json", root.dump());
    const std::string error = input_error([&] { load_tokenizer(folder.path()); });
    expect_contains(error, folder.path() + "/tokenizer.json: ");
    expect_contains(error, message);
  }
}

TEST(BytePairFiles, WhatIsWrongInVocabAndMergesIsNamedByLine) {
  const json vocabulary = small_model({"ab"}, json::array())["model"]["vocab"];
  const std::tuple<std::string, std::string, const char*> kCases[] = {
      {vocabulary.dump(), "#version: 0.2\na b\nab\n", "merges.txt:3: expected two pieces"},
      {vocabulary.dump(), "a b c\n", "merges.txt:1: expected two pieces"},
      {vocabulary.dump(), "a \xFF\n", "merges.txt: byte 2 is no UTF-8"},
      {vocabulary.dump(), "a c\n", "\"ac\" is not in \"vocab\""},
      {"[]", "a b\n", "vocab.json: expected an object"},
      {"{\"a\":", "a b\n", "vocab.json:1: not valid JSON"},
      {"{\"a\":0,\"b\":7,\"ab\":2}", "a b\n", "expected each id from 0 to 2 once"},
  };
  const TemporaryFolder folder;
  for (const auto& [vocab, merges, message] : kCases) {
    folder.write("vocab.json", vocab);
    folder.write("merges.txt", merges);
    expect_contains(input_error([&] { load_tokenizer(folder.path()); }), message);
  }
  std::filesystem::remove(folder.path() + "/vocab.json");
  expect_contains(input_error([&] { load_tokenizer(folder.path()); }), "vocab.json");
}

}  // namespace
}  // namespace pupil
