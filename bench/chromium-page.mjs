/** A page in the system's Chromium, cross-origin isolated, that can import the built `fovea/browser`. FOVEA_CHROMIUM names another. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";
import { refuse, root } from "./support.mjs";

const imports = { "fovea/browser": "/dist/browser.js", zod: "/node_modules/zod/index.js" };
const page = `<!doctype html><title>Fovea</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script>`;
const types = { ".js": "text/javascript", ".wasm": "application/wasm" };
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** Opens it; `version` is Chromium's. */
export async function openPage() {
  const executablePath = process.env.FOVEA_CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) refuse(`Expected Chromium at ${executablePath}, found nothing`);
  const server = createServer(serveFile);
  await new Promise((ready) => server.listen(0, "localhost", ready));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const opened = await browser.newPage();
  await opened.goto(`http://localhost:${server.address().port}/`);
  const close = async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  };
  return { page: opened, version: browser.version(), close };
}

async function serveFile({ url }, response) {
  const path = normalize(url);
  const known = path.startsWith("/dist/") || path.startsWith("/node_modules/zod/");
  const body = known
    ? await readFile(join(root, path)).catch(() => undefined)
    : path === "/"
      ? page
      : undefined;
  const headers = { ...isolation, "Content-Type": types[extname(path)] ?? "text/html" };
  response.writeHead(body === undefined ? 404 : 200, headers).end(body);
}
