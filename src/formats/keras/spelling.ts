/** Keras's snake case and our camel case, both ways. Only keys are respelled; values stay as they are. */

/** Words that Keras splits before a digit. `l1` and `l2` show that it does not always. */
const splitBeforeDigit: Readonly<Record<string, string>> = { beta1: "beta_1", beta2: "beta_2" };

/** `kernel_size` to `kernelSize`, `beta_1` to `beta1`. */
export function toCamelCase(word: string): string {
  return word.replace(/(?<=.)_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `kernelSize` to `kernel_size`, `GlorotUniform` to `glorot_uniform`; snake case stays as it is. */
export function toSnakeCase(word: string): string {
  return (
    splitBeforeDigit[word] ??
    word
      .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
      .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
      .toLowerCase()
  );
}

/** `glorot_uniform` and `glorotUniform` to `GlorotUniform`, as Keras names its classes. */
export function toPascalCase(word: string): string {
  const camel = toCamelCase(word);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}

/** `value` with every key of every object in it respelled. */
export function respellKeys(value: unknown, respell: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => respellKeys(item, respell));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [respell(key), respellKeys(item, respell)]),
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
