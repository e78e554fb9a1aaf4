// How the page looks: system fonts, one column, light and dark, narrow screens, paper.
#include "cli/plot.h"
#include "cli/report/sections.h"

namespace pupil::cli {

std::string report_css() {
  return std::string(plot_css()) + R"(
:root { color-scheme: light dark; --page: #fffefb; --soft: #5b6675; --line: #d9dee6; --box: #f3f5f8;
  --right: #126b3a; --wrong: #a81f1f; }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #14181e; --soft: #a3aebd; --line: #323c49; --box: #1d242d;
    --right: #6fd69b; --wrong: #ff9090; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 17px/1.55 Charter, "Bitstream Charter", Georgia, Cambria, serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1.1rem 4rem; }
h1 { font-size: 1.85rem; line-height: 1.2; margin: .5rem 0 1.2rem; text-wrap: balance; }
h2 { font-size: 1.35rem; line-height: 1.25; margin: 2.8rem 0 .8rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
h3 .note { font-weight: normal; }
p, li { hyphens: auto; }
.summary { font-size: 1.1rem; }
.note, .interval, .bound, figcaption, caption { color: var(--soft); font-size: .84rem; }
figure { margin: 1.2rem 0 1.6rem; }
figcaption, caption { font-family: system-ui, sans-serif; line-height: 1.45; text-align: left; }
figcaption { margin-top: .5rem; }
caption { padding-bottom: .5rem; }
.scroll { overflow-x: auto; margin: 1.2rem 0; }
table { border-collapse: collapse; width: 100%; font: .84rem/1.35 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .45rem; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--line); }
td { white-space: nowrap; }
thead th { border-bottom: 2px solid var(--axis); vertical-align: bottom; }
th:first-child { text-align: left; min-width: 9.5rem; font-weight: 600; }
th .note { display: block; font-weight: normal; font-size: .78rem; }
.interval { font-size: .74rem; }
.claims { padding-left: 1.4rem; }
.claims li { margin: .7rem 0; }
.bound { white-space: nowrap; }
.verdict { font: .84rem system-ui, sans-serif; white-space: nowrap; }
.holds .verdict, .verdict.right { color: var(--right); }
.fails .verdict, .verdict.wrong { color: var(--wrong); }
code, pre, .samples, .tokens, .legend .prompt, .legend .answer {
  font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .84rem; }
code { overflow-wrap: anywhere; }
pre { background: var(--box); padding: .8rem; overflow-x: auto; border-radius: 4px; }
.tokens { background: var(--box); padding: .9rem .8rem .5rem; border-radius: 4px; margin: 0;
  line-height: 2.6; }
.token { display: inline-block; text-align: center; line-height: 1.25; margin-right: .25rem; }
.token sub { display: block; font-size: .74rem; vertical-align: baseline; }
.m0, .prompt { color: var(--soft); }
.m1 { color: var(--s0); font-weight: bold; border-bottom: 3px solid currentcolor; }
.samples { list-style: none; padding: 0; }
.samples li { padding: .3rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.answer { font-weight: bold; text-decoration: underline 2px; text-underline-offset: 3px; }
.answer.right { color: var(--s0); }
.answer.wrong { color: var(--wrong); text-decoration-style: dotted; }
.samples .verdict { margin-left: .5rem; }
dl { display: grid; grid-template-columns: minmax(6.5rem, max-content) 1fr; gap: .25rem 1rem;
  margin: .8rem 0; font: .9rem/1.45 system-ui, sans-serif; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.caveats { padding-left: 1.2rem; }
.caveats li { margin: .6rem 0; }
@media (max-width: 40rem) {
  body { font-size: 16px; }
  main { padding: 1rem .8rem 3rem; }
  h1 { font-size: 1.45rem; }
  .plot text { font-size: 16px; }
  table { border-collapse: separate; border-spacing: 0; }
  th:first-child { min-width: 7.5rem; position: sticky; left: 0; background: var(--page); }
  .scroll { border-right: 3px solid var(--axis); }
  .scroll::before { content: "all columns: scroll sideways \2192"; position: sticky; left: 0;
    display: inline-block; font: .84rem system-ui, sans-serif; color: var(--s0); }
}
@media print {
  :root { color-scheme: light; }
  body { font-size: 10.5pt; background: #fff; color: #000; }
  main { max-width: none; padding: 0; }
  figure, tr, .claims li, .samples li { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  figure { max-width: 14cm; }
}
)";
}

}  // namespace pupil::cli
