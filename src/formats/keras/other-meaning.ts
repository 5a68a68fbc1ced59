import type { ModelDescription } from "../../core/description.ts";

/**
 * What Keras 2 means by a word that is another function in Keras 3, to be told where a file of Keras 2 has it. Keras 3, too,
 * reads such a file without a word.
 */
export function otherMeaning({ layers }: ModelDescription, kerasVersion: string | undefined): string[] {
  if (!/^[12]\./.test(kerasVersion ?? "")) return [];
  const found = layers.find(({ config }) => config.activation === "hard_sigmoid");
  if (found === undefined) return [];
  return [
    `hard_sigmoid in "${found.name}" is taken as Keras 3 has it (x/6 + 0.5); Keras ${kerasVersion}, which wrote the file, has 0.2x + 0.5`,
  ];
}
