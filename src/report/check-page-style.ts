/** The look of the page that `fovea check --html` writes, light or dark as the reader's system is. */
export const checkPageStyle = `
:root { color-scheme: light dark; --ink: #1d2430; --quiet: #5c6675; --line: #dfe3e9; --page: #f6f7f9; --card: #fff; --accent: #2f6fde;
  --excluded: #b3261e; --excluded-soft: #fbe9e7; --refused: #8a4b00; --refused-soft: #fff1dd; --used: #44505f; --used-soft: #e9edf2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf0; --quiet: #9aa5b4; --line: #323a46; --page: #15191f; --card: #1e242c; --accent: #82aefb;
  --excluded: #ffb4ab; --excluded-soft: #4a1f1b; --refused: #ffcf8f; --refused-soft: #45310f; --used: #c3ccd8; --used-soft: #2d3540; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header, main { max-width: 76rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem); }
header { padding-top: clamp(1.5rem, 5vw, 3.5rem); }
main { padding-bottom: 4rem; }
h1 { margin: 0; font-size: clamp(1.6rem, 5vw, 2.4rem); line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 .5rem; font-size: 1.2rem; line-height: 1.3; }
a { color: var(--accent); }
.eyebrow { margin: 0 0 .25rem; color: var(--quiet); font-size: .875rem; }
.figures { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1rem 0 0; padding: 0; list-style: none; color: var(--quiet); }
.figures b { color: var(--ink); font-size: 1.5rem; font-variant-numeric: tabular-nums; }
section, nav { margin-top: 2.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .75rem .3rem 0; text-align: right; font-weight: normal; border-bottom: 1px solid var(--line); }
tbody th, thead th:first-child { text-align: left; }
tbody th { max-width: 16rem; overflow-wrap: break-word; }
thead { color: var(--quiet); font-size: .875rem; }
.bar { width: clamp(4rem, 30vw, 24rem); }
.bar span { display: block; height: .7rem; border-radius: 3px; background: var(--line); overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--accent); }
nav ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: .25rem 2rem; margin: 0; padding: 0; list-style: none; }
.count { color: var(--quiet); font-weight: normal; font-variant-numeric: tabular-nums; }
.badge { padding: .1rem .5rem; border-radius: 1rem; font-size: .75rem; font-weight: 600; white-space: nowrap; vertical-align: middle; }
.badge.excluded { color: var(--excluded); background: var(--excluded-soft); }
.badge.refused { color: var(--refused); background: var(--refused-soft); }
.badge.used { color: var(--used); background: var(--used-soft); }
.finding { padding-top: 1.5rem; border-top: 1px solid var(--line); scroll-margin-top: 1rem; }
.message { max-width: 46rem; margin: 0 0 1rem; color: var(--quiet); }
code { font: .85em ui-monospace, "DejaVu Sans Mono", monospace; white-space: nowrap; }
.cases { display: flex; flex-wrap: wrap; gap: .75rem; align-items: stretch; }
.case { display: flex; flex-direction: column; max-width: 100%; padding: .6rem; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
.pictures { display: flex; flex-wrap: wrap; gap: .6rem; }
figure { width: 8.5rem; margin: 0; }
.frame { display: grid; place-items: center; height: 8.5rem; border-radius: 4px; background: var(--page); overflow: hidden; }
img { max-width: 100%; max-height: 8.5rem; display: block; }
figcaption { margin-top: .25rem; font-size: .75rem; line-height: 1.3; overflow: hidden; display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical; overflow-wrap: anywhere; }
.detail { color: var(--quiet); font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere; }
.case .detail { margin: auto 0 0; padding-top: .35rem; }
.case:not(.several) .detail { max-width: 8.5rem; }
.more { margin: .35rem 0 0; font-size: .8rem; color: var(--quiet); }
.list { margin: .5rem 0 0; padding: 0; list-style: none; }
.list li { padding: .3rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.list .detail:first-child { color: inherit; font-size: inherit; }
.file { display: inline-block; margin-right: .75rem; }
details { margin-top: .75rem; }
summary { cursor: pointer; color: var(--accent); }
.clean { margin-top: 2.5rem; }
@media (max-width: 30rem) { .case { width: 100%; } figure { width: 8rem; } .frame { height: 8rem; } .case:not(.several) { flex-direction: row; gap: .75rem; } .case:not(.several) .detail { margin: 0; max-width: none; } }
@media print { .case { break-inside: avoid; } }
`;
