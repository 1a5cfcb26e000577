// Checks the tarball of `npm pack` with tools that lint packages.
import { createPackageFromTarballData, checkPackage } from "@arethetypeswrong/core";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { publint } from "publint";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PARTS = ["LICENSE", "README.md", "package.json", "scripts", "src", "tsconfig.json", "tsconfig.types.json"];

/** @type {string} */
let folder;
/** @type {{filename: string, files: {path: string}[]}} */
let packed;

before(() => {
  // In a copy: bundles left behind in the source would get into wheels
  folder = mkdtempSync(join(tmpdir(), "stoppress-"));
  for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const script of ["build", "types"]) execFileSync("npm", ["run", "--silent", script], { cwd: folder });
  const output = execFileSync("npm", ["pack", "--json", "--ignore-scripts"], { cwd: folder, encoding: "utf8" });
  [packed] = JSON.parse(output);
});

after(() => rmSync(folder, { recursive: true }));

test("it has modules, types, bundles and licence, and nothing else", () => {
  const parts = new Set(packed.files.map(({ path }) => path.split("/")[0]));
  assert.deepEqual([...parts].sort(), ["LICENSE", "README.md", "dist", "package.json", "src", "types"]);
});

test("publint finds nothing", async () => {
  const { messages } = await publint({ pkgDir: folder, strict: true });
  assert.deepEqual(messages, []);
});

test("the types are right, for every entry point that modules can import", async () => {
  const tarball = createPackageFromTarballData(new Uint8Array(readFileSync(join(folder, packed.filename))));
  const result = await checkPackage(tarball);
  assert.ok(result.types);
  // The package has only ES modules, which require() cannot load before Node 22
  const others = new Set(["node10", "node16-cjs"]);
  const problems = result.problems.filter((one) => !("resolutionKind" in one && others.has(one.resolutionKind)));
  assert.deepEqual(problems, []);
  assert.deepEqual(Object.keys(result.entrypoints).sort(), [".", "./core", "./element", "./package.json", "./transports"]);
});
