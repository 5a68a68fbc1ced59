import { createRequire } from "node:module";
import { type Addon, loadAddon } from "../../backends/native/addon.ts";
import { loadSharp } from "./sharp.ts";

const require = createRequire(import.meta.url);

let opened: Addon | false | undefined;

/** The addon, able to read JPEG by the libvips that sharp has brought; undefined where either is missing, or sharp uses another one. */
export function addonWithLibvips(): Addon | undefined {
  opened ??= openLibvips() ?? false;
  return opened || undefined;
}

function openLibvips(): Addon | undefined {
  const addon = loadAddon();
  if ("unavailable" in addon) return undefined;
  loadSharp(); // it loads libvips and sets it up
  return librariesOfSharp().some((path) => addon.useLibvips(path)) ? addon : undefined;
}

/** sharp has a package with the library for each system, which says where in it that lies. The addon takes the one that is loaded. */
function librariesOfSharp(): string[] {
  const { resolve } = createRequire(require.resolve("sharp"));
  const systems = process.platform === "linux" ? ["linux", "linuxmusl"] : [process.platform];
  return systems.flatMap((system) => {
    try {
      return [resolve(`@img/sharp-libvips-${system}-${process.arch}/binary`)];
    } catch {
      return [];
    }
  });
}
