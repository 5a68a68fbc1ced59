/** Where a value axis begins and ends, and how far its ticks stand apart. */
export interface ValueAxis {
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly logarithmic: boolean;
}

/** Below it steps and their powers of ten would round to zero. */
const LEAST_SPAN = 1e-290;

/** An axis for `values`; those that are not finite are left out. A rate's axis ends within 0 and 1. */
export function valueAxis(values: readonly number[], rate: boolean): ValueAxis {
  const finite = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (finite.length === 0) return { min: 0, max: 1, step: 0.2, logarithmic: false };
  const [low, high] = [finite[0], finite[finite.length - 1]];
  if (rate) return rateAxis(low);
  // One loss that ran away would press all others flat on the floor.
  const middle = finite[Math.floor(finite.length / 2)];
  if (low > 0 && high > 50 * middle) return logarithmicAxis(low, high);
  const bottom = Math.min(0, low);
  const step = niceStep(Math.max(high - bottom || Math.abs(high) || 1, LEAST_SPAN) / 5);
  return { ...toSteps(bottom, high > bottom ? high : bottom + step, step), step, logarithmic: false };
}

/** Epochs to label: 1, the round ones, and no more than about twenty. */
export function epochTicks(epochs: number): number[] {
  const step = Math.max(1, niceStep(epochs / 20));
  const round = Array.from({ length: Math.floor(epochs / step) }, (_, index) => (index + 1) * step);
  return step === 1 ? round : [1, ...round];
}

/** Short, with no digit that says nothing: 0.0123, 12.35, 1.2e+9. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1);
  return size < 1 ? value.toFixed(4) : String(Number(value.toPrecision(4)));
}

/** A label of an axis, whose value is round but for the last bits. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  const short = Number(value.toPrecision(6));
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? short.toExponential() : String(short);
}

function rateAxis(low: number): ValueAxis {
  const step = [0.02, 0.05, 0.1].find((candidate) => 1 - low <= candidate * 5) ?? 0.2;
  const min = Math.max(0, Math.min(Math.floor(low / step + 1e-9) * step, 1 - 2 * step));
  return { min: Number(min.toPrecision(6)), max: 1, step, logarithmic: false };
}

function logarithmicAxis(low: number, high: number): ValueAxis {
  return {
    min: 10 ** Math.floor(Math.log10(low)),
    max: 10 ** Math.ceil(Math.log10(high)),
    logarithmic: true,
  };
}

function toSteps(low: number, high: number, step: number): { min: number; max: number } {
  const round = (value: number): number => Number((value * step).toPrecision(12));
  return { min: round(Math.floor(low / step)), max: round(Math.ceil(high / step)) };
}

/** The least of 1, 2, 5 times a power of ten that is not under `step`. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= step * (1 - 1e-9))!;
  return factor * power;
}
