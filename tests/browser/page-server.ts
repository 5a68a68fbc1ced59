import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { root } from "../support/source-files.ts";

/** Bare imports of the built code lead to files that browsers can read as they are. */
const importMap = { imports: { "fovea/browser": "/dist/browser.js", zod: "/node_modules/zod/index.js" } };

const page = `<!doctype html><title>Fovea</title>
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify(importMap)}</script>`;

const types: Readonly<Record<string, string>> = { ".js": "text/javascript", ".wasm": "application/wasm" };

/** What makes a page cross-origin isolated, so that it may share memory with workers. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export interface PageServer {
  /** Of a page that may share memory with workers, and of one that may not. */
  readonly isolated: string;
  readonly plain: string;
  close(): void;
}

/** Serves two empty pages, the built package and `files`, which are bytes by name. */
export async function servePages(files: Readonly<Record<string, Uint8Array>>): Promise<PageServer> {
  const server = createServer(async ({ url = "" }, response) => {
    const path = normalize(url);
    const headers = {
      ...(path === "/plain" ? {} : isolation),
      "Content-Type": types[extname(path)] ?? "text/html",
    };
    const body = await bodyOf(path, files).catch(() => undefined);
    response.writeHead(body === undefined ? 404 : 200, headers).end(body);
  });
  await new Promise<void>((ready) => server.listen(0, "localhost", ready));
  const { port } = server.address() as AddressInfo;
  const address = `http://localhost:${port}`;
  return { isolated: `${address}/isolated`, plain: `${address}/plain`, close: () => closeServer(server) };
}

async function bodyOf(path: string, files: Readonly<Record<string, Uint8Array>>) {
  if (path === "/isolated" || path === "/plain") return page;
  if (path.startsWith("/files/")) return files[path.slice("/files/".length)];
  if (path.startsWith("/dist/") || path.startsWith("/node_modules/zod/")) return readFile(join(root, path));
  return undefined;
}

function closeServer(server: Server): void {
  server.closeAllConnections();
  server.close();
}
