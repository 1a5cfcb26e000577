import { LiveBlogElement } from "../../src/element.js";

/** @param {import("./bundle.js").Shown} properties */
export function follow({ src, heard }) {
  let element = document.querySelector("live-blog");
  const listen = () => element?.addEventListener("phase", ({ detail }) => heard?.(detail.phase));
  listen();
  /** @param {Partial<import("./bundle.js").Shown>} changes */
  const show = ({ on = true, ...changes }) => {
    if (on && !element) {
      document.querySelector("main")?.append((element = Object.assign(new LiveBlogElement(), { src })));
      listen();
    }
    if (!on) element?.remove();
    element = on && element ? Object.assign(element, changes) : null;
  };
  Object.assign(globalThis, { show });
}
