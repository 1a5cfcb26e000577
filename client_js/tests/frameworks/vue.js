import "../../src/element.js";

export default {
  props: ["on", "src", "lang", "heard"],
  /** @param {import("./bundle.js").Shown} properties */
  data: ({ on, src, lang, heard }) => ({ shown: { on, src, lang, heard } }),
  /** @this {{shown: object}} */
  mounted() {
    Object.assign(globalThis, { show: (/** @type {object} */ changes) => Object.assign(this.shown, changes) });
  },
  template: `<main><live-blog v-if="shown.on" :src="shown.src" :lang="shown.lang"
    @phase="({ detail }) => shown.heard(detail.phase)"><a href="/">Our live blog</a></live-blog></main>`,
  compilerOptions: { isCustomElement: (/** @type {string} */ tag) => tag === "live-blog" },
};
