// The proof of a release: no line of a solution, mutant, hidden check or staff note is anywhere in
// it, whatever stands around it and however it is indented.
#pragma once
#include <string>
#include <vector>

namespace pupil::course {

struct Secret {
  std::string text;   ///< without blanks
  std::string place;  ///< "lessons/.../exercise.cc"
};

struct Leak {
  std::string file;  ///< relative to the tree
  Secret secret;
};

class Secrets {
 public:
  /// Lines shorter than 12 signs and the heads of loops say nothing and are left out.
  void add(const std::string& line, const std::string& place);
  /// What students may see anyway: a line of this text is no secret.
  void allow(const std::string& text);

  /// Every file below `root` is searched as bytes without blanks: text, strings inside of code,
  /// documents and binaries alike.
  std::vector<Leak> find_in(const std::string& root) const;
  std::size_t count() const;

 private:
  std::vector<Secret> secrets_;
  std::string allowed_;  // without blanks, lines kept apart
};

}  // namespace pupil::course
