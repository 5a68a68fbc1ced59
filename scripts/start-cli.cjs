#!/usr/bin/env node
/**
 * Runs the bundled command, main.js beside this file, from what scripts/compile-cli.mjs has compiled ahead for this engine. What V8 does
 * not take is left, and the command is compiled as usual, which takes 40 ms longer.
 */
"use strict";
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { constants, Script } = require("node:vm");
const { crc32 } = require("node:zlib");

const filename = join(__dirname, "main.js");
const aheadPath = join(__dirname, `main.${process.version}-${process.platform}-${process.arch}.code`);
const source = readFileSync(filename);
const command = new Script(source.latin1Slice(), {
  filename,
  cachedData: readAhead(),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
exports.start = { aheadPath, compiledAhead, refused: command.cachedDataRejected };
command.runInThisContext()(exports, require, module, filename, __dirname);

/** V8 asks only whether version, flags and lengths agree, and runs what it finds: the sum says that it is whole and of this source. */
function readAhead() {
  try {
    const ahead = readFileSync(aheadPath);
    const code = ahead.subarray(4);
    return ahead.readUInt32LE() === sumOf(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** What the file at `aheadPath` is to hold: the sum, and all that has been compiled so far. */
function compiledAhead() {
  const code = command.createCachedData();
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(sumOf(code));
  return Buffer.concat([sum, code]);
}

function sumOf(code) {
  return crc32(code, crc32(source));
}
