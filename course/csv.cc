#include "course/csv.h"

#include <fmt/format.h>

#include <algorithm>

#include "tensor/error.h"

namespace pupil::course {

std::vector<CsvRow> parse_csv(std::string_view text, const std::string& path) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  std::vector<CsvRow> rows;
  CsvRow row;
  std::string field;
  bool quoted = false, began = false;
  long line = 1, opened = 0;
  const auto end_row = [&] {
    row.push_back(std::move(field));
    rows.push_back(std::move(row));
    row.clear();
    field.clear();
    began = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    line += c == '\n';
    if (quoted) {
      const bool doubled = c == '"' && i + 1 < text.size() && text[i + 1] == '"';
      if (c == '"' && !doubled) {
        quoted = false;
      } else {
        field += c;
        i += doubled;
      }
    } else if (c == '"' && field.empty()) {
      quoted = began = true;
      opened = line;
    } else if (c == ',') {
      row.push_back(std::move(field));
      field.clear();
      began = true;
    } else if (c == '\n') {
      end_row();
    } else if (c != '\r') {
      field += c;
      began = true;
    }
  }
  if (quoted)
    throw InputError(fmt::format("{}:{}: a quote is opened and never closed", path, opened));
  if (began || !row.empty()) end_row();
  return rows;
}

std::string to_csv(const std::vector<CsvRow>& rows) {
  std::string out;
  for (const CsvRow& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out += ',';
      if (row[i].find_first_of(",\"\r\n") == std::string::npos) {
        out += row[i];
        continue;
      }
      out += '"';
      for (const char c : row[i]) out += c == '"' ? "\"\"" : std::string(1, c);
      out += '"';
    }
    out += '\n';
  }
  return out;
}

}  // namespace pupil::course
