// Its module, by name: by the package's name Node finds the CommonJS file, and takes 35 ms to look for exports in it.
declare module "opentype.js/dist/opentype.mjs" {
  export { parse } from "opentype.js";
}
