// Comma-separated values as spreadsheets write them (RFC 4180): fields in quotes may hold commas,
// line breaks and doubled quotes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pupil::course {

using CsvRow = std::vector<std::string>;

/// Throws InputError with the line: a quote that does not end.
std::vector<CsvRow> parse_csv(std::string_view text, const std::string& path);
std::string to_csv(const std::vector<CsvRow>& rows);

}  // namespace pupil::course
