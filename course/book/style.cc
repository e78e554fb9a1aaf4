// How the book looks: system fonts, one column and its contents beside it, light and dark, narrow
// screens, paper.
#include "cli/plot.h"
#include "course/book/page.h"

namespace pupil::course {

std::string book_css() {
  return std::string(cli::plot_css()) + R"(
:root { color-scheme: light dark; --page: #fffefb; --soft: #566170; --line: #d9dee6; --box: #f3f5f8;
  --link: #0a5c99; --wrong: #a81f1f; --word: #7a2f9c; --string: #8a4b08; --comment: #4d6b2f; }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #14181e; --soft: #a3aebd; --line: #323c49; --box: #1d242d; --link: #7cc0f5;
    --wrong: #ff9090; --word: #d3a6f5; --string: #e5b878; --comment: #9cc178; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 17px/1.6 Charter, "Bitstream Charter", Georgia, Cambria, serif; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px; }
:focus-visible { outline: 3px solid var(--s1); outline-offset: 2px; }
main { max-width: 44rem; margin: 0 auto; padding: 1.5rem 1.2rem 3rem; }
.contents { max-width: 44rem; margin: 0 auto; padding: 1rem 1.2rem 3rem; border-top: 1px solid var(--line);
  font: .9rem/1.5 system-ui, sans-serif; }
.contents ol, .contents ul { list-style: none; padding: 0; margin: .5rem 0; }
.contents ol ol { padding-left: 1rem; margin: .2rem 0 .6rem; }
.contents li { margin: .3rem 0; }
.contents a { text-decoration: none; }
.contents a:hover { text-decoration: underline; }
.contents a[aria-current] { font-weight: 700; color: var(--ink); }
.contents .course { font-weight: 700; margin: 0 0 .8rem; }
#search { width: 100%; font: inherit; padding: .4rem .6rem; color: inherit; background: var(--page);
  border: 1px solid var(--axis); border-radius: 4px; }
#found { background: var(--box); padding: .4rem .7rem; border-radius: 4px; }
.skip { display: block; max-width: 44rem; margin: 0 auto; padding: .8rem 1.2rem 0;
  font: .9rem system-ui, sans-serif; }
h1 { font-size: 2rem; line-height: 1.2; margin: .2rem 0 1.2rem; text-wrap: balance; }
h2 { font-size: 1.35rem; line-height: 1.25; margin: 2.4rem 0 .8rem; }
h3 { font-size: 1.1rem; margin: 1.6rem 0 .5rem; }
p, li { hyphens: auto; overflow-wrap: break-word; }
.kicker, .note, figcaption, caption { color: var(--soft); font: .85rem/1.45 system-ui, sans-serif; }
.kicker { margin: 0; }
.goals { border-left: 3px solid var(--s0); padding: .1rem 0 .1rem 1rem; margin: 0 0 1.6rem; }
.goals p { margin: 0 0 .3rem; } .goals ul { margin: 0; padding-left: 1.1rem; }
.katex { font-size: 1.1em; }
.katex-display { overflow-x: auto; overflow-y: hidden; padding: .35rem 0; margin: 1rem 0; }
.value { font-variant-numeric: tabular-nums; border-bottom: 1px dotted var(--axis); }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .84rem; }
code { overflow-wrap: anywhere; }
pre { background: var(--box); padding: .9rem; overflow-x: auto; border-radius: 4px; line-height: 1.45; }
pre code { overflow-wrap: normal; }
.word { color: var(--word); } .string, .number { color: var(--string); }
.comment { color: var(--comment); }
.lessons .number { color: inherit; }
figure { margin: 1.4rem 0; } figcaption { margin-top: .4rem; }
figure.code figcaption { margin-top: -.6rem; text-align: right; }
caption { text-align: left; padding-bottom: .4rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font: .88rem/1.4 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .55rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid var(--axis); }
tbody th { font-weight: 500; }
.numbers td, .numbers thead th { text-align: right; white-space: nowrap; }
td.right, th.right { text-align: right; } td.center, th.center { text-align: center; }
.symbol { color: var(--soft); white-space: nowrap; }
.fails th, .fails td { color: var(--wrong); font-weight: 700; }
.steps { display: grid; grid-template-columns: minmax(7.5rem, max-content) 1fr; gap: .5rem 1.2rem; }
.steps dt { color: var(--soft); font: .9rem/1.75 system-ui, sans-serif; }
.steps dd { margin: 0; overflow-wrap: anywhere; } .steps dd p { margin: 0 0 .3rem; }
.boundary { background: var(--box); border-radius: 6px; padding: .2rem 1.2rem .6rem; margin: 2.4rem 0; }
.boundary h2 { margin: .9rem 0 .4rem; font-size: 1.1rem; } .boundary ul { padding-left: 1.1rem; }
details { margin: .8rem 0; } summary { cursor: pointer; font: .9rem system-ui, sans-serif; }
blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--soft); }
.samples ul { list-style: none; padding: 0; } .samples li { padding: .3rem 0; border-bottom: 1px solid var(--line); }
.lessons { list-style: none; padding: 0; } .lessons li { margin: 1rem 0; } .lessons p { margin: .1rem 0; }
.lessons a { font-size: 1.1rem; } .objectives li { margin: .5rem 0; }
.way { display: flex; justify-content: space-between; gap: 1rem; flex-wrap: wrap; margin-top: 3rem;
  padding-top: 1rem; border-top: 1px solid var(--line); font: .95rem system-ui, sans-serif; }
@media (min-width: 72rem) {
  body { display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
  .contents { grid-column: 1; grid-row: 1; position: sticky; top: 0; align-self: start; max-height: 100vh;
    overflow-y: auto; border: 0; border-right: 1px solid var(--line); min-height: 100vh; margin: 0;
    padding: 1.5rem 1.2rem; width: 100%; }
  main { grid-column: 2; grid-row: 1; width: 100%; padding-top: 2.2rem; }
  .skip { display: none; }
}
@media (max-width: 40rem) {
  body { font-size: 16px; }
  main { padding: .8rem .9rem 2rem; }
  h1 { font-size: 1.6rem; }
  .skip, .contents { padding-left: .9rem; padding-right: .9rem; }
  .steps { grid-template-columns: 1fr; gap: .1rem; } .steps dd { margin-bottom: .6rem; }
  .plot text { font-size: 16px; }
  .katex { font-size: 1.03em; }
}
@media print {
  :root { color-scheme: light; }
  body { font-size: 10.5pt; background: #fff; color: #000; }
  main { max-width: none; padding: 0; }
  .contents, .skip, .way, details.measured:not([open]) { display: none; }
  figure, tr, .katex-display, .goals, .boundary { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  pre { white-space: pre-wrap; border: 1px solid #ccc; }
  figure { max-width: 15cm; } .scroll, .katex-display { overflow: visible; }
  .value { border: 0; }
}
)";
}

}  // namespace pupil::course
