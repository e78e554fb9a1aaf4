#include <memory>

#include "cli/commands.h"
#include "cli/golden/golden.h"

namespace pupil::cli {

Command golden_command() {
  return {"golden", "Compare the engine with folders of reference values, in float64.",
          "./pupil golden tests/golden",
          [](Options& options, const Common& common) -> std::function<int()> {
            struct Settings {
              std::string folder;
              std::vector<std::string> families;
            };
            auto s = std::make_shared<Settings>();
            options.text("DIR", s->folder, "the folder of all families, or of one").required();
            options.list("--families", s->families, "only these (none: all that are there)");
            return [s, &common] { return run_golden(s->folder, s->families, common.json); };
          }};
}

}  // namespace pupil::cli
