// Makes a page of an app in each framework: what its server renders, and the script that takes that over.
// node bundle.js NAME SRC prints {"html", "script"} of the app that shows the blog at SRC.
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import Module from "node:module";
import { fileURLToPath } from "node:url";
import { compile } from "svelte/compiler";

/** @typedef {{on: boolean, src?: string | null, lang?: string | null, heard?: (phase: string) => void}} Shown */

/** How to render an app on a server, and how to take that over in a browser. @type {Record<string, [string, string]>} */
const APPS = {
  plain: [
    'export const html = `<main><live-blog src="${properties.src}"><a href="/">Our live blog</a></live-blog></main>`;',
    'import { follow } from "./plain.js"; follow(properties);',
  ],
  react: [
    `import { createElement } from "react"; import { renderToString } from "react-dom/server"; import { App } from "./react.jsx";
    export const html = renderToString(createElement(App, properties));`,
    `import { createElement, StrictMode } from "react"; import { hydrateRoot } from "react-dom/client"; import { App } from "./react.jsx";
    hydrateRoot(app, createElement(StrictMode, null, createElement(App, properties)));`,
  ],
  svelte: [
    `import { render } from "svelte/server"; import App from "./Svelte.svelte";
    export const html = render(App, { props: properties }).body;`,
    `import { hydrate } from "svelte"; import App from "./Svelte.svelte"; hydrate(App, { target: app, props: properties });`,
  ],
  vue: [
    `import { createSSRApp } from "vue"; import { renderToString } from "vue/server-renderer"; import App from "./vue.js";
    export const html = renderToString(createSSRApp(App, properties));`,
    `import { createSSRApp } from "vue/dist/vue.esm-bundler.js"; import App from "./vue.js"; createSSRApp(App, properties).mount(app);`,
  ],
};

/**
 * @param {string} contents
 * @param {"client" | "server"} side
 */
async function bundle(contents, side) {
  const isServer = side === "server";
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    write: false,
    format: isServer ? "cjs" : "esm",
    platform: isServer ? "node" : "browser",
    jsx: "automatic",
    charset: "ascii",
    logLevel: "silent",
    define: {
      "process.env.NODE_ENV": '"development"',
      __VUE_OPTIONS_API__: "true",
      __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "true",
    },
    plugins: [
      {
        name: "svelte",
        setup: ({ onLoad }) =>
          onLoad({ filter: /\.svelte$/ }, ({ path }) => ({
            contents: compile(readFileSync(path, "utf8"), { filename: path, generate: side }).js.code,
          })),
      },
    ],
  });
  return outputFiles[0].text;
}

/**
 * @param {string} name of the framework
 * @param {string} src
 */
export async function pageOf(name, src) {
  const properties = `const properties = ${JSON.stringify({ on: true, src })};`;
  const [server, client] = APPS[name];
  const module = new Module(name);
  // @ts-ignore: undocumented, but what bundlers use
  module._compile(await bundle(`${properties} ${server}`, "server"), fileURLToPath(import.meta.url));
  const script = `${properties} properties.heard = (phase) => (window.phases ??= []).push(phase);
    const app = document.getElementById("app"); ${client}`;
  // In a page, "<!--" and "<script" in the text of a script would hide its end
  const text = (await bundle(script, "client")).replaceAll(/<(?=!--|\/?script)/g, "\\x3c");
  return { html: await module.exports.html, script: text };
}

const [, called, name, src] = process.argv;
if (called === fileURLToPath(import.meta.url)) console.log(JSON.stringify(await pageOf(name, src)));
