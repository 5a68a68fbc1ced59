import type { HeatmapSeriesOption } from "echarts/charts";
import { type Chart, type ChartOption, renderChart } from "./chart.ts";
import { colors, sizes } from "./plot-style.ts";
import { shorten, type TextFont } from "./text.ts";

/**
 * Draws counts by actual class (rows) and predicted class (columns), shaded and labelled by each row's shares.
 * `matrix[actual][predicted]` has a row and a column for each name. Returns an SVG.
 */
export async function plotConfusionMatrix(
  matrix: readonly (readonly number[])[],
  classNames: readonly string[],
  font: TextFont,
): Promise<string> {
  const classes = classNames.length;
  if (matrix.length !== classes || matrix.some((row) => row.length !== classes)) {
    const widths = [...new Set(matrix.map((row) => row.length))].join(", ");
    throw new Error(`Expected a ${classes}x${classes} matrix, found ${matrix.length} rows of ${widths}`);
  }
  return renderChart(confusionMatrixChart(matrix, classNames, font), font);
}

/** Up to this many classes a cell has room for its share; beyond, the shade says it. */
const mostClassesWithShares = 12;
const legendWidth = 130;
const top = 92;

interface Layout {
  readonly cell: number;
  readonly labelSize: number;
  readonly names: readonly string[];
  readonly turned: boolean;
  readonly left: number;
  readonly width: number;
  readonly height: number;
}

function layOut(classNames: readonly string[], font: TextFont): Layout {
  const classes = classNames.length;
  const cell = Math.round(Math.max(34, Math.min(150, 560 / classes)));
  const labelSize = cell < 40 ? 12 : sizes.label;
  const names = classNames.map((name) => shorten(font, name.replace(/\s+/g, " "), labelSize, 240));
  const widest = Math.max(...names.map((name) => font.measure(name, labelSize)));
  const turned = widest > cell - 10;
  const left = Math.max(widest + 58, turned ? widest * 0.71 + 40 - cell / 2 : 0);
  const bottom = turned ? widest * 0.71 + 56 : 72;
  return {
    cell,
    labelSize,
    names,
    turned,
    left,
    width: Math.ceil(Math.max(520, left + classes * cell + legendWidth)),
    height: Math.ceil(top + classes * cell + bottom),
  };
}

function confusionMatrixChart(
  matrix: readonly (readonly number[])[],
  classNames: readonly string[],
  font: TextFont,
): Chart {
  const layout = layOut(classNames, font);
  const { width, height } = layout;
  const total = matrix.flat().reduce((sum, count) => sum + count, 0);
  const correct = matrix.reduce((sum, row, index) => sum + row[index], 0);
  const summary = `${total} ${total === 1 ? "image" : "images"}, ${correct} predicted correctly${
    total > 0 ? ` (${formatShare(correct / total)})` : ""
  }`;
  return {
    id: "confusion-matrix-plot",
    width,
    height,
    title: "Confusion matrix",
    description: `${summary}. ${describeRows(matrix, classNames)}`,
    option: confusionMatrixOption(matrix, layout, summary),
  };
}

function confusionMatrixOption(
  matrix: readonly (readonly number[])[],
  layout: Layout,
  summary: string,
): ChartOption {
  const { cell, names, left, turned } = layout;
  const side = names.length * cell;
  return {
    title: {
      text: "Confusion matrix",
      subtext: `${summary}  ·  shade: share of its row`,
      left: 20,
      top: 14,
      itemGap: 8,
      textStyle: { color: colors.ink, fontSize: sizes.title, fontWeight: "normal" },
      subtextStyle: { color: colors.quietInk, fontSize: sizes.subtitle },
    },
    grid: { left, top, width: side, height: side, outerBoundsMode: "none" },
    xAxis: {
      ...classAxis("Predicted class", layout, layout.height - top - side - 30),
      axisLabel: classLabels(layout, turned ? 45 : 0),
    },
    yAxis: {
      ...classAxis("Actual class", layout, left - 30),
      axisLabel: classLabels(layout, 0),
      inverse: true,
    },
    visualMap: shadeLegend(left + side + 28, side),
    series: [cellSeries(matrix, layout)],
  };
}

function classAxis(name: string, { names }: Layout, nameGap: number) {
  return {
    type: "category",
    // By index, for two shortened names may be the same.
    data: names.map((_, index) => String(index)),
    name,
    nameLocation: "middle",
    nameGap,
    nameTextStyle: { color: colors.ink, fontSize: sizes.axisTitle },
    axisLine: { show: false },
    axisTick: { show: false },
    splitArea: { show: false },
  } as const;
}

function classLabels({ names, labelSize }: Layout, rotate: number) {
  return {
    interval: 0,
    rotate,
    margin: 10,
    color: colors.ink,
    fontSize: labelSize,
    formatter: (index: string) => names[Number(index)],
  };
}

function shadeLegend(left: number, side: number): ChartOption["visualMap"] {
  return {
    type: "continuous",
    min: 0,
    max: 100,
    dimension: 3,
    left,
    top,
    itemWidth: 14,
    itemHeight: Math.min(180, side - 40),
    text: ["100%", "0%"],
    textGap: 8,
    textStyle: { color: colors.quietInk, fontSize: sizes.label },
    inRange: { color: shades },
  };
}

// Lightness falls evenly (ColorBrewer's Blues), so that the shades keep their order in grey and for any colour vision.
const shades = ["#f7fbff", "#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c"];

function cellSeries(matrix: readonly (readonly number[])[], { cell }: Layout): HeatmapSeriesOption {
  const withShares = matrix.length <= mostClassesWithShares;
  return {
    type: "heatmap",
    silent: true,
    data: matrix.flatMap((row, actual) => {
      const total = row.reduce((sum, count) => sum + count, 0);
      return row.map((count, predicted) => {
        const share = total === 0 ? 0 : count / total;
        return {
          value: [predicted, actual, count, share * 100],
          label: { formatter: cellText(count, total, withShares), color: textColor(count, share) },
        };
      });
    }),
    label: {
      show: true,
      fontSize: cellFontSize(matrix, cell),
      lineHeight: cellFontSize(matrix, cell) * 1.35,
    },
    itemStyle: { borderColor: colors.background, borderWidth: cell < 60 ? 1 : 2 },
  };
}

function cellText(count: number, total: number, withShare: boolean): string {
  if (!withShare || count === 0) return String(count);
  return `${count}\n${formatShare(count / total)}`;
}

function cellFontSize(matrix: readonly (readonly number[])[], cell: number): number {
  const digits = String(Math.max(...matrix.flat())).length;
  const widest = matrix.length <= mostClassesWithShares ? Math.max(digits, 5.5) : digits;
  return Math.max(6, Math.min(16, (cell - 6) / (widest * 0.64)));
}

function textColor(count: number, share: number): string {
  if (share > 0.75) return colors.background;
  return count === 0 ? colors.quietInk : colors.ink;
}

function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

function describeRows(matrix: readonly (readonly number[])[], classNames: readonly string[]): string {
  return matrix
    .map((row, actual) => {
      const parts = row.map((count, predicted) => ({ count, name: classNames[predicted] }));
      const said = parts.filter(({ count }) => count > 0).map(({ count, name }) => `${count} as ${name}`);
      return `Of class ${classNames[actual]}: ${said.join(", ") || "no images"}.`;
    })
    .join(" ");
}
