// Checks the tarball of `npm pack` with tools that lint packages.
import { createPackageFromTarballData, checkPackage } from "@arethetypeswrong/core";
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { sizes } from "../scripts/sizes.js";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PARTS = ["LICENSE", "README.md", "package.json", "scripts", "src", "desk", "tsconfig.json", "tsconfig.types.json"];

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

test("without its tools, npm pack says in one line what to do", () => {
  const bare = join(folder, "bare");
  for (const part of PARTS) cpSync(join(ROOT, part), join(bare, part), { recursive: true });
  const { status, stderr } = spawnSync("npm", ["pack", "--silent"], { cwd: bare, encoding: "utf8" });
  assert.notEqual(status, 0);
  assert.match(stderr, /^The bundles cannot be built without .*\. Run `npm ci` in client_js, then try again\.\n$/);
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
  const names = [".", "./core", "./dist/*", "./element", "./package.json", "./transports"];
  assert.deepEqual(Object.keys(result.entrypoints).sort(), names);
});

const LOADS = `
import { createRequire } from "node:module";
await Promise.all(["", "/core", "/element", "/transports"].map((name) => import("stoppress" + name)));
const { entries } = createRequire(import.meta.url)("stoppress/dist/manifest.json");
import.meta.resolve("stoppress/dist/" + entries.element.file);
`;
const SHOWN = ["README.md", "../docs/howto/embed.md", "../docs/reference/client.md", "../docs/reference/element.md"];
const OPTIONS = "--ignoreConfig --noEmit --strict --jsx react-jsx --module nodenext --target es2022".split(" ");

test("a project can install it, load it on a server, and compile what the documentation shows", () => {
  const project = join(folder, "project");
  mkdirSync(join(project, "node_modules"), { recursive: true });
  writeFileSync(join(project, "package.json"), '{"type": "module"}');
  const install = ["install", "--offline", "--no-audit", "--no-fund", "--silent", join(folder, packed.filename)];
  execFileSync("npm", install, { cwd: project });
  writeFileSync(join(project, "loads.js"), LOADS);
  execFileSync("node", ["loads.js"], { cwd: project });
  const pages = SHOWN.map((page) => readFileSync(join(ROOT, page), "utf8")).join("\n");
  const snippets = [...pages.matchAll(/^```[jt]sx?\n(.*?)^```/gms)];
  assert.ok(snippets.length >= 4);
  const names = snippets.map(([, text], index) => {
    writeFileSync(join(project, `${index}.tsx`), text);
    return `${index}.tsx`;
  });
  const compile = [join(ROOT, "node_modules", "typescript", "bin", "tsc"), ...OPTIONS, ...names];
  /** @param {string[]} options */
  const compiled = (...options) => spawnSync("node", [...compile, ...options], { cwd: project, encoding: "utf8" }).stdout;
  // Without React only its page does not compile: the types of the element do
  assert.doesNotMatch(compiled(), /stoppress/);
  for (const name of ["@types", "csstype", "vue", "@vue", "svelte"]) {
    symlinkSync(join(ROOT, "node_modules", name), join(project, "node_modules", name));
  }
  assert.equal(compiled("--skipLibCheck"), ""); // the types of React and Vue take long
});

for (const { name, bytes, gzip, limit } of await sizes()) {
  test(`${name} has at most ${limit} bytes with gzip`, (context) => {
    context.diagnostic(`${bytes} bytes minified, ${gzip} with gzip`);
    assert.ok(gzip <= limit, `${gzip} bytes`);
  });
}
