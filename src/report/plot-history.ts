import type { LineSeriesOption } from "echarts/charts";
import { type ChartOption, renderChart } from "./chart.ts";
import { colors, sizes } from "./plot-style.ts";
import type { TextFont } from "./text.ts";
import { epochTicks, formatNumber, formatTick, type ValueAxis, valueAxis } from "./ticks.ts";

/** A value per epoch for each metric, named as Keras's `History.history` names them: `loss`, `val_loss`, … */
export type HistoryColumns = Readonly<Record<string, readonly number[]>>;

export interface HistoryPlotOptions {
  /** 1-based; by default the epoch with the lowest validation loss, or loss where nothing was validated. */
  readonly bestEpoch?: number;
}

const width = 960;
const height = 540;
const grid = { left: 84, right: 36, top: 100, bottom: 68, outerBoundsMode: "none" } as const;

/** Draws a metric of training and validation over the epochs, the best epoch marked. Returns an SVG. */
export async function plotHistory(
  history: HistoryColumns,
  metric: string,
  font: TextFont,
  options: HistoryPlotOptions = {},
): Promise<string> {
  const curves = readCurves(history, metric);
  const bestEpoch = options.bestEpoch ?? findBestEpoch(history);
  const description = describe(metric, curves, bestEpoch);
  return renderChart(
    {
      id: `${metric.replace(/[^\w-]/g, "-")}-plot`,
      width,
      height,
      title: `${titleOf(metric)} by epoch`,
      description,
      option: historyOption(metric, curves, bestEpoch),
    },
    font,
  );
}

interface Curve {
  readonly name: "Training" | "Validation";
  readonly values: readonly number[];
}

function readCurves(history: HistoryColumns, metric: string): Curve[] {
  const curves: Curve[] = [];
  if (history[metric] !== undefined) curves.push({ name: "Training", values: history[metric] });
  const validation = history[`val_${metric}`];
  if (validation !== undefined) curves.push({ name: "Validation", values: validation });
  if (curves.length === 0) {
    throw new Error(
      `Expected the metric "${metric}" in the history, found ${Object.keys(history).join(", ")}`,
    );
  }
  return curves;
}

function findBestEpoch(history: HistoryColumns): number | undefined {
  const losses = history.val_loss ?? history.loss ?? [];
  const lowest = Math.min(...losses.filter(Number.isFinite));
  const index = losses.indexOf(lowest);
  return index < 0 ? undefined : index + 1;
}

function historyOption(metric: string, curves: readonly Curve[], bestEpoch: number | undefined): ChartOption {
  const epochs = Math.max(...curves.map(({ values }) => values.length));
  const axis = valueAxis(
    curves.flatMap(({ values }) => values),
    isRate(metric),
  );
  const margin = epochs === 1 ? 0.5 : 0.015 * (epochs - 1);
  const ticks = epochTicks(epochs);
  return {
    title: titles(metric, curves, bestEpoch),
    legend: {
      top: 28,
      right: grid.right,
      itemWidth: 34,
      itemGap: 24,
      textStyle: { color: colors.ink, fontSize: sizes.label },
    },
    grid,
    xAxis: {
      type: "value",
      name: "Epoch",
      ...axisTitle(40),
      min: 1 - margin,
      max: epochs + margin,
      axisLine: { onZero: false, lineStyle: { color: colors.axis } },
      axisTick: { customValues: ticks, lineStyle: { color: colors.axis } },
      axisLabel: { customValues: ticks, color: colors.quietInk, fontSize: sizes.label, margin: 10 },
      splitLine: { show: false },
    },
    yAxis: yAxisOption(metric, axis),
    series: curves.map((curve, index) =>
      seriesOption(curve, axis, index === curves.length - 1 ? bestEpoch : undefined),
    ),
  };
}

function titles(
  metric: string,
  curves: readonly Curve[],
  bestEpoch: number | undefined,
): ChartOption["title"] {
  return {
    text: titleOf(metric),
    subtext: summary(curves, bestEpoch),
    left: 20,
    top: 14,
    itemGap: 8,
    textStyle: { color: colors.ink, fontSize: sizes.title, fontWeight: "normal" },
    subtextStyle: { color: colors.quietInk, fontSize: sizes.subtitle },
  };
}

function axisTitle(nameGap: number) {
  return {
    nameLocation: "middle",
    nameGap,
    nameTextStyle: { color: colors.ink, fontSize: sizes.axisTitle },
  } as const;
}

function yAxisOption(metric: string, axis: ValueAxis): ChartOption["yAxis"] {
  return {
    type: axis.logarithmic ? "log" : "value",
    name: axis.logarithmic ? `${titleOf(metric)} (logarithmic)` : titleOf(metric),
    ...axisTitle(58),
    min: axis.min,
    max: axis.max,
    interval: axis.step,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: colors.quietInk, fontSize: sizes.label, margin: 10, formatter: formatTick },
    splitLine: { lineStyle: { color: colors.grid, width: 1 } },
  };
}

function seriesOption(curve: Curve, axis: ValueAxis, bestEpoch: number | undefined): LineSeriesOption {
  const training = curve.name === "Training";
  const color = training ? colors.training : colors.validation;
  const drawn = curve.values.map((value) => (isDrawable(value, axis) ? value : null));
  const withDots = drawn.length <= 40;
  return {
    type: "line",
    name: curve.name,
    data: drawn.map((value, index) => ({
      value: [index + 1, value ?? Number.NaN],
      // A value between two gaps has no line to show it, so it gets a dot however many epochs there are.
      symbolSize: withDots || isAlone(drawn, index) ? 7 : 0,
    })),
    symbol: training ? "circle" : "rect",
    showSymbol: true,
    showAllSymbol: true,
    clip: false,
    silent: true,
    color,
    lineStyle: { width: 2.25, color, type: training || !withDots ? "solid" : [7, 3] },
    itemStyle: { color, borderWidth: 0 },
    ...(bestEpoch === undefined ? {} : { markLine: bestEpochLine(bestEpoch, drawn.length) }),
  };
}

function isDrawable(value: number, axis: ValueAxis): boolean {
  return Number.isFinite(value) && (!axis.logarithmic || value > 0);
}

function isAlone(values: readonly (number | null)[], index: number): boolean {
  return (
    values[index] !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null
  );
}

function bestEpochLine(epoch: number, epochs: number): LineSeriesOption["markLine"] {
  return {
    silent: true,
    symbol: "none",
    data: [{ xAxis: epoch }],
    lineStyle: { color: colors.quietInk, width: 1.25, type: [3, 3] },
    label: {
      formatter: `best epoch: ${epoch}`,
      position: "end",
      align: labelAlignment(epoch, epochs),
      distance: 6,
      color: colors.ink,
      fontSize: sizes.label,
    },
  };
}

/** Keeps the label over the plot where its line stands near an end. */
function labelAlignment(epoch: number, epochs: number): "left" | "center" | "right" {
  const place = epochs === 1 ? 0.5 : (epoch - 1) / (epochs - 1);
  if (place < 0.06) return "left";
  return place > 0.94 ? "right" : "center";
}

/** The line under the title: the values at the best epoch, or else the last, and how many numbers were lost. */
function summary(curves: readonly Curve[], bestEpoch: number | undefined): string {
  const epoch = bestEpoch ?? Math.max(...curves.map(({ values }) => values.length));
  const shown = curves
    .filter(({ values }) => values[epoch - 1] !== undefined)
    .map(({ name, values }) => `${name.toLowerCase()} ${formatNumber(values[epoch - 1])}`);
  const lost = curves.flatMap(({ values }) => values).filter((value) => !Number.isFinite(value)).length;
  const start = `${bestEpoch === undefined ? "Last" : "Best"} epoch ${epoch}: ${shown.join(", ")}`;
  return lost === 0 ? start : `${start}  ·  ${lost} not finite, not drawn`;
}

function describe(metric: string, curves: readonly Curve[], bestEpoch: number | undefined): string {
  const spans = curves.map(({ name, values }) => {
    const [first, last] = [values[0], values[values.length - 1]].map(formatNumber);
    return `${name} ${metric} goes from ${first} in epoch 1 to ${last} in epoch ${values.length}.`;
  });
  return [`Line chart of ${metric} by epoch.`, ...spans, `${summary(curves, bestEpoch)}.`].join(" ");
}

/** Metrics that lie between 0 and 1. */
function isRate(metric: string): boolean {
  return /accuracy|precision|recall|auc/i.test(metric);
}

function titleOf(metric: string): string {
  const words = metric.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
