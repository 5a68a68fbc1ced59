const units: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** Bytes in what people write, such as `500MB`, `2 GB`, `1.5g`, `0`; undefined where it is no size. */
export function parseByteSize(text: string): number | undefined {
  const [, number, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])?b?)\s*$/i.exec(text) ?? [];
  return number === undefined ? undefined : Math.round(Number(number) * units[unit.toUpperCase()]);
}

/** Two digits of it, such as `20 GB`. */
export function formatByteSize(bytes: number): string {
  const [name, size] = Object.entries(units)
    .reverse()
    .find(([, unit]) => bytes >= unit) ?? ["", 1];
  return `${Number((bytes / size).toPrecision(2))} ${name}B`;
}
