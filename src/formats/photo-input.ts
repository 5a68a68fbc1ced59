import { InputError } from "../util/errors.ts";

/** From a decoded photo of any size to what a model takes, for formats that can have that in the model. Names as `train` has them. */
export interface PhotoInput {
  readonly decode: string;
  readonly colorMode: string;
  readonly resize: string;
  readonly interpolation: string;
  readonly antialias: boolean;
  /** What a byte is multiplied by, once it is resized, and what is added then. */
  readonly scale: number;
  readonly offset: number;
}

/** What of a rule a format has an equal of. */
export type Equals = Readonly<
  Partial<Record<Exclude<keyof PhotoInput, "scale" | "offset">, readonly (string | boolean)[]>>
>;

/** What no model can begin with: a photo that was made smaller as it was decoded, or brought to grey by another formula. */
const inAnyModel: Equals = { decode: ["exact"], colorMode: ["rgb"] };

/** @throws InputError `export.no-equal` */
export function checkHasEqual(photos: PhotoInput, equals: Equals): void {
  for (const [name, known] of Object.entries({ ...inAnyModel, ...equals })) {
    const found = photos[name as keyof Equals];
    if (known.includes(found)) continue;
    const message = `Expected a model whose photos are prepared by ${name} ${known.join(" or ")} to put that into this format, found ${found}`;
    throw new InputError("export.no-equal", message);
  }
}
