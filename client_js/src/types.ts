// Types that JSDoc cannot express: of events, and of the element in pages and in the templates of frameworks.
import type { PhaseDetail } from "./core/bare-live-blog.js";
import type { Applied } from "./core/state.js";
import type { LiveBlogElement } from "./element.js";

type Listen<Target, Events, Options> = <Name extends keyof Events>(
  name: Name,
  listener: ((this: Target, event: Events[Name]) => unknown) | { handleEvent(event: Events[Name]): unknown },
  options?: boolean | Options,
) => void;

/** An `EventTarget` whose listeners know the type of their event. */
export interface TypedTarget<Events> {
  addEventListener: Listen<this, Events, AddEventListenerOptions>;
  removeEventListener: Listen<this, Events, EventListenerOptions>;
}

/** The events of a client, which the element passes on. */
export interface LiveBlogEvents {
  change: CustomEvent<Applied>;
  phase: CustomEvent<PhaseDetail>;
}

/** The events of `<live-blog>`. */
export interface ElementEvents extends LiveBlogEvents {
  /** The page's address names an entry that is not loaded. `exists` is missing if the server did not answer. */
  missing: CustomEvent<{ id: string; exists?: boolean }>;
  unread: CustomEvent<{ count: number }>;
  /** A private blog needs a token, or a new one. Call `provide` with it, or with a promise of it, in the listener. */
  token: CustomEvent<TokenDetail>;
}

/** The `detail` of the `token` event. */
export interface TokenDetail {
  provide: (token: string | null | undefined | Promise<string | null | undefined>) => void;
}

type Attributes = { src?: string | URL | null; lang?: string | null } & {
  [Name in keyof ElementEvents as `on${Name}`]?: (event: ElementEvents[Name]) => void;
};
type Own<Others> = Attributes & Omit<Others, keyof Attributes>;

declare global {
  interface HTMLElementTagNameMap {
    "live-blog": LiveBlogElement;
  }
}

// @ts-ignore: for those who use React 19
declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      // @ts-ignore
      "live-blog": Own<import("react").DetailedHTMLProps<import("react").HTMLAttributes<LiveBlogElement>, LiveBlogElement>>;
    }
  }
}

// @ts-ignore: for those who use Vue 3
declare module "vue" {
  interface GlobalComponents {
    // @ts-ignore
    "live-blog": new () => { $props: Own<import("vue").HTMLAttributes> };
  }
}

// @ts-ignore: for those who use Svelte 5
declare module "svelte/elements" {
  interface SvelteHTMLElements {
    // @ts-ignore
    "live-blog": Own<import("svelte/elements").HTMLAttributes<LiveBlogElement>>;
  }
}
