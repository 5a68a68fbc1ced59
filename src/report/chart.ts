import type { HeatmapSeriesOption, LineSeriesOption } from "echarts/charts";
import type {
  GridComponentOption,
  LegendComponentOption,
  TitleComponentOption,
  VisualMapComponentOption,
} from "echarts/components";
import type { ComposeOption } from "echarts/core";
import { createPauses, takeTurns } from "../util/pauses.ts";
import { outlineText, readFontSize } from "./outline-text.ts";
import { escapeXml, type TextFont } from "./text.ts";

/** What ECharts needs to know to draw, cut to the parts that are used here. */
export type ChartOption = ComposeOption<
  | HeatmapSeriesOption
  | LineSeriesOption
  | GridComponentOption
  | LegendComponentOption
  | TitleComponentOption
  | VisualMapComponentOption
>;

export interface Chart {
  /** Begins the ids inside the SVG, so that several charts can stand in one page. */
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** What the picture is, and what it shows, for those who cannot see it. */
  readonly title: string;
  readonly description: string;
  readonly option: ChartOption;
}

/** Draws a chart as SVG, its text as outlines. The same chart gives the same bytes. */
export async function renderChart(chart: Chart, font: TextFont): Promise<string> {
  const pause = createPauses();
  const echarts = await loadECharts(font, pause);
  const instance = echarts.init(null, null, {
    renderer: "svg",
    ssr: true,
    width: chart.width,
    height: chart.height,
  });
  try {
    await takeTurns();
    const option: ChartOption = { animation: false, backgroundColor: "#ffffff", ...chart.option };
    instance.setOption(option, { lazyUpdate: true }); // what it means, 7 ms of 30; the layout when it is next asked for anything
    await takeTurns();
    instance.setOption({});
    await takeTurns();
    const svg = instance.renderToSVGString();
    await pause();
    return finish(svg, chart, font);
  } finally {
    instance.dispose(); // otherwise its timer keeps the process alive
  }
}

/** They register themselves. */
const parts = [
  () => import("echarts/lib/chart/heatmap"),
  () => import("echarts/lib/chart/line"),
  () => import("echarts/lib/component/gridSimple"),
  () => import("echarts/lib/component/legendPlain"),
  () => import("echarts/lib/component/markLine"),
  () => import("echarts/lib/component/title"),
  () => import("echarts/lib/component/visualMapContinuous"),
];

/**
 * Loads the parts of ECharts that are used, and only in a run that draws: a quarter of a second, against more than
 * half for "echarts/charts" and "echarts/components" with all that they hold.
 */
async function loadECharts(font: TextFont, pause: () => Promise<void>) {
  const echarts = await import("echarts/core");
  await pause();
  const { SVGRenderer } = await import("echarts/renderers");
  for (const load of parts) {
    await pause();
    await load();
  }
  echarts.use([SVGRenderer]);
  echarts.setPlatformAPI({
    measureText(text: string, css?: string) {
      const size = readFontSize(css ?? "12px");
      // ECharts takes the width of this one letter for the height of a line.
      return { width: text === "国" ? size : font.measure(text, size) };
    },
  });
  return echarts;
}

function finish(svg: string, chart: Chart, font: TextFont): string {
  const { id, width, height } = chart;
  // Outlined first: from then on no class name can look like the marks that are taken out.
  const body = outlineText(svg, font)
    .replace(/<svg\b[^>]*>/, "")
    .replace(/<style\b.*?<\/style>/gs, "") // only what happens under a mouse pointer
    .replace(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, "")
    .replace(/\bzr\d+-/g, `${id}-`); // ECharts counts its drawings; the same chart should give the same bytes
  const head =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"` +
    ` role="img" aria-labelledby="${id}-title ${id}-description">\n` +
    `<title id="${id}-title">${escapeXml(chart.title)}</title>\n` +
    `<desc id="${id}-description">${escapeXml(chart.description)}</desc>`;
  return head + body;
}
