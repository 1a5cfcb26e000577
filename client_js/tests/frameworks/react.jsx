import { useState } from "react";
import "../../src/element.js";

/** @param {import("./bundle.js").Shown} properties */
export function App(properties) {
  const [{ on, src, lang, heard }, show] = useState(properties);
  Object.assign(globalThis, { show: (/** @type {object} */ changes) => show((old) => ({ ...old, ...changes })) });
  return (
    <main>
      {on && (
        <live-blog src={src} lang={lang} onphase={({ detail }) => heard?.(detail.phase)}>
          <a href="/">Our live blog</a>
        </live-blog>
      )}
    </main>
  );
}
