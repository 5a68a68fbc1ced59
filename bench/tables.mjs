/**
 * Prints what the benchmarks kept in build/bench/ as Markdown; with --write it is put into docs/performance.md.
 *   node bench/tables.mjs [--write]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readResult, refuse, root } from "./support.mjs";

const MARKS = ["<!-- npm run bench -- tables --write -->", "<!-- end of the tables -->"];

const verdict = (reached) => (reached ? "reached" : "**missed**");
const percent = (share) => `${(100 * share).toFixed(0)} %`;
const range = ({ median, min, max }, digits, scale = 1) =>
  `${(scale * median).toFixed(digits)} (${(scale * min).toFixed(digits)} to ${(scale * max).toFixed(digits)})`;

const rows = [
  ...trainingRows(readResult("training-step")),
  ...inferenceRows(readResult("inference")),
  ...jobRows(readResult("report-job")),
  ...predictRows(readResult("predict")),
  ...feedingRows(readResult("feeding")),
  ...largeFolderRows(readResult("large-folder")),
  ...kernelRows(readResult("kernels")),
  ...speedupRows(readResult("training-step")),
  ...wasmRows(readResult("training-step-wasm")),
  ...browserRows(readResult("browser-step")),
  ...eventLoopRows(readResult("event-loop")),
];
const text = [
  markdown([["what", "target", "Fovea", "best peer", "ratio", ""], ...rows]),
  facts(),
  ...kernelTable(readResult("kernels")),
].join("\n\n");
if (process.argv[2] === "--write") write(text);
else console.log(text);

function write(tables) {
  const path = join(root, "docs/performance.md");
  const page = readFileSync(path, "utf8");
  const [start, end] = MARKS.map((mark) => page.indexOf(mark));
  if (start < 0 || end < start) refuse(`Expected ${MARKS.join(" and ")} in ${path}, found them not`);
  writeFileSync(path, `${page.slice(0, start + MARKS[0].length)}\n\n${tables}\n\n${page.slice(end)}`);
}

function eventLoopRows(result) {
  if (!result) return [];
  const { longest, runs, target } = result;
  return [
    [
      `event loop in a run (${runs} runs), longest delay, ms`,
      `<= ${target}`,
      longest.toFixed(0),
      "",
      "",
      verdict(longest <= target),
    ],
  ];
}

function trainingRows(result) {
  if (!result) return [];
  const { sides, best, ratio, ofPeak, flops, peak, targets, runs, batch } = result;
  const peer = sides.find(({ side }) => side === best);
  const gflops = (flops / sides[0].median / 1e9).toFixed(0);
  return [
    [
      `training step, batch ${batch} (${runs} runs), ms`,
      `<= ${targets.ratio} of the best peer`,
      range(sides[0], 1, 1000),
      `${best} ${range(peer, 0, 1000)}`,
      ratio.toFixed(2),
      verdict(ratio <= targets.ratio),
    ],
    [
      "the same, of the FMA peak",
      `>= ${percent(targets.ofPeak)}`,
      `${gflops} of ${(peak / 1e9).toFixed(0)} GFLOP/s`,
      "",
      percent(ofPeak),
      verdict(ofPeak >= targets.ofPeak),
    ],
  ];
}

function speedupRows(result) {
  if (!result?.speedup) return [];
  const { speedup, targets, sides } = result;
  const alone = sides.at(-1);
  return [
    [
      "two threads against one, training step",
      `>= ${targets.speedup}`,
      `${range(alone, 1, 1000)} on one`,
      "",
      speedup.toFixed(2),
      verdict(speedup >= targets.speedup),
    ],
  ];
}

function wasmRows(result) {
  if (!result) return [];
  const { sides, batch } = result;
  const torch = sides.find(({ side }) => side === "PyTorch");
  const ratio = sides[0].median / torch.median;
  return [
    [
      `training step in WebAssembly, batch ${batch}, ms`,
      "faster than PyTorch native",
      range(sides[0], 0, 1000),
      `PyTorch ${range(torch, 0, 1000)}`,
      ratio.toFixed(2),
      verdict(ratio < 1),
    ],
  ];
}

function browserRows(result) {
  if (!result) return [];
  const { sides, ratios, target, runs, batch } = result;
  const [node, same, best] = sides;
  return [
    [
      `training step in WebAssembly, in Chromium, batch ${batch} (${runs} runs), ms`,
      `<= ${target} of Node`,
      `${range(same, 0, 1000)}; with relaxed SIMD ${range(best, 0, 1000)}`,
      `Node ${range(node, 0, 1000)}`,
      ratios.same.toFixed(2),
      verdict(ratios.same <= target),
    ],
  ];
}

function inferenceRows(result) {
  return (result?.cases ?? []).map(({ batch, fovea, peers, best, ratio }) => {
    const peer = peers.find(({ side }) => side === best);
    return [
      `inference, batch ${batch} (${result.runs} runs), ms`,
      `<= ${result.target} of the best peer`,
      range(fovea, 2, 1000),
      `${best} ${range(peer, 2, 1000)}`,
      ratio.toFixed(2),
      verdict(ratio <= result.target),
    ];
  });
}

function jobRows(result) {
  if (!result) return [];
  const [wall, , memory] = result.quantities;
  return [
    [
      `the whole report job (${result.runs} runs), s`,
      "<= 0.2 of Keras",
      range(wall.fovea, 1),
      `Keras ${range(wall.keras, 1)}`,
      wall.ratio.toFixed(2),
      verdict(wall.ratio <= 0.2),
    ],
    [
      "its peak resident memory, MiB",
      "<= 350 MB",
      range(memory.fovea, 0),
      `Keras ${range(memory.keras, 0)}`,
      memory.ratio.toFixed(2),
      verdict(memory.fovea.median * 2 ** 20 <= 350e6),
    ],
  ];
}

function predictRows(result) {
  if (!result) return [];
  const [wall] = result.quantities;
  const reached = wall.fovea.median <= result.targets.seconds && wall.ratio <= result.targets.ratio;
  return [
    [
      `\`fovea predict\`, cold (${result.runs} runs), s`,
      "<= 0.25 s, 15 times faster than Keras",
      range(wall.fovea, 3),
      `Keras ${range(wall.keras, 2)}`,
      `${(1 / wall.ratio).toFixed(1)} times`,
      verdict(reached),
    ],
  ];
}

function feedingRows(result) {
  if (!result) return [];
  const { measured, cost, targets, epochs, runs } = result;
  const [none, light] = measured;
  const waiting = measured.map(({ augment, waited }) => [
    `later epochs wait for data, \`--augment ${augment}\` (${runs} runs), %`,
    `< ${percent(targets.waited)}`,
    range(waited, 2, 100),
    "",
    "",
    verdict(waited.median < targets.waited),
  ]);
  const whole = [
    `a run of ${epochs} epochs with \`--augment light\`, s`,
    `<= ${targets.light} of one without`,
    `${range(light.wall, 1)}, without ${range(none.wall, 1)}`,
    "",
    cost.toFixed(2),
    verdict(cost <= targets.light),
  ];
  return [...waiting, whole];
}

function largeFolderRows(result) {
  if (!result) return [];
  const { files, begun, targets } = result;
  const { seconds, megabytes } = begun;
  return [
    [
      `${files.toLocaleString("en-US")} photos: the first training step is done after, s`,
      `<= ${targets.seconds} s, ${targets.megabytes} MB`,
      `${seconds.toFixed(1)} with ${Math.round(megabytes)} MB`,
      "",
      "",
      verdict(seconds <= targets.seconds && megabytes <= targets.megabytes),
    ],
  ];
}

function kernelRows(result) {
  if (!result) return [];
  const { cases } = result;
  const of = (key) => `${cases.filter((one) => one[key]).length} of ${cases.length}`;
  const all = (key) => cases.every((one) => one[key]);
  return [
    [
      "general kernels: no slower than the best peer",
      "all",
      of("peerReached"),
      "",
      "",
      verdict(all("peerReached")),
    ],
    [
      "general kernels: 60 % of the FMA peak, or 70 % of bandwidth",
      "all",
      of("limitReached"),
      "",
      "",
      verdict(all("limitReached")),
    ],
  ];
}

function facts() {
  const found = ["training-step", "inference", "report-job", "predict", "browser-step", "kernels"]
    .map((name) => readResult(name)?.facts)
    .filter((one) => one !== undefined);
  const { commit: _, ...all } = Object.assign({}, ...found);
  const commits = [...new Set(found.map(({ commit }) => commit))];
  const entries = [...Object.entries(all), ["commit", commits.join(", ")]];
  return `${entries.map(([name, value]) => `${name} ${value}`).join("; ")}.`;
}

function kernelTable(result) {
  if (!result) return [];
  const ms = ({ median }) => (1000 * median).toFixed(3);
  const { runs, limits, cases } = result;
  const giga = (value) => (value / 1e9).toFixed(0);
  return [
    "## General kernels",
    `Medians of ${runs} in ms. Measured limits: ${giga(limits.flops)} GFLOP/s, ${giga(limits.bandwidth)} GB/s. Bold: the target is missed.`,
    markdown([
      ["kernel", "Fovea", "TensorFlow", "PyTorch", "ratio", "GFLOP/s", "GB/s", "of the limit"],
      ...cases.map(({ name, fovea, peers, ratio, flops, bytes, ofLimit, binds, ...one }) => [
        name,
        ms(fovea),
        ...peers.map(ms),
        one.peerReached ? ratio.toFixed(2) : `**${ratio.toFixed(2)}**`,
        (flops / fovea.median / 1e9).toFixed(0),
        (bytes / fovea.median / 1e9).toFixed(1),
        `${one.limitReached ? percent(ofLimit) : `**${percent(ofLimit)}**`} ${binds}`,
      ]),
    ]),
  ];
}

function markdown([header, ...rest]) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rest.map(line)].join("\n");
}
