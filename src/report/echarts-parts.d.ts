// ECharts exports its charts and components one by one without types; importing one registers it.
declare module "echarts/lib/chart/heatmap" {}
declare module "echarts/lib/chart/line" {}
declare module "echarts/lib/component/gridSimple" {}
declare module "echarts/lib/component/legendPlain" {}
declare module "echarts/lib/component/markLine" {}
declare module "echarts/lib/component/title" {}
declare module "echarts/lib/component/visualMapContinuous" {}
